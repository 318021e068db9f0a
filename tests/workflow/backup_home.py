"""A home with a database of its own, and a desk to back it up from."""

from dataclasses import dataclass, field
from functools import partial

from eduops.backup import queries
from eduops.store.unit import unit_of_work
from eduops.workflow.backup_job import open_desk


@dataclass
class Place:
    """The home, its store, and what the desk said meanwhile."""

    home: object
    store: object
    now: object
    warned: list = field(default_factory=list)

    @property
    def open_unit(self):
        return partial(unit_of_work, self.store, now=self.now, actor="值班（虚构）", command="eduops backup")

    @property
    def desk(self):
        return open_desk(self.open_unit, self.home, warn=self.warned.append)

    def configure(self, text):
        (self.home.path / "backup.yaml").write_text(text, encoding="utf-8")

    def states(self):
        with self.store.reading() as session:
            return [(backup.ref, backup.state) for backup in queries.list_backups(session)]

    def drills(self):
        with self.store.reading() as session:
            return [drill for drill, _ in queries.list_drills(session)]

    def kept(self):
        """What lies in the store besides files whose names begin with a dot."""
        return sorted(path.name for path in self.home.folder("backups").iterdir() if path.name[0] != ".")
