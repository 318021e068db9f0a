"""Backing up and drilling: the intent is committed first, so that a run that dies stays visible."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from eduops.backup import service
from eduops.backup.models import Backup, Drill
from eduops.core import clock
from eduops.core.errors import EduopsError, NotAllowed
from eduops.core.home import Home
from eduops.store.unit import Unit

_LONGEST_RUN_SECONDS = 6 * 3600
OpenUnit = Callable[[], AbstractContextManager[Unit]]


def back_up(open_unit: OpenUnit, home: Home) -> Backup:
    """Dumps the home's database and reads the dump back. Raises NotAllowed on PostgreSQL, OutsideError, InputError."""
    if not home.uses_sqlite:
        raise NotAllowed("当前版本只备份 SQLite 数据库", hint="PostgreSQL 请先用 pg_dump -Fc 备份")
    _remove_leftovers(home.folder("backups"))
    with open_unit() as unit:
        begun = service.begin_backup(unit.session, now=unit.now, actor=unit.actor)
        unit.changed(begun.ref, step="begin")
    try:
        dump = service.make_dump(home.database_path, home.folder("backups") / begun.path)
    except EduopsError as error:
        with open_unit() as unit:
            service.fail_backup(unit.session, begun.ref, fault=error.message, now=clock.now())
            unit.changed(begun.ref, step="fail", fault=error.message)
        raise
    with open_unit() as unit:
        backup = service.finish_backup(unit.session, begun.ref, dump, now=clock.now())
        unit.changed(backup.ref, step="finish", sha256=backup.sha256)
    return backup


def _remove_leftovers(folder: Path) -> None:
    """Half-written dumps of runs that were killed, once they are too old to belong to one that still runs."""
    oldest = clock.now().timestamp() - _LONGEST_RUN_SECONDS
    for part in folder.glob(".BKP-*.part*"):
        with suppress(FileNotFoundError):
            if part.stat().st_mtime < oldest:
                part.unlink()


def drill_backup(open_unit: OpenUnit, home: Home, ref: str | None) -> tuple[Drill, Backup]:
    """Restores a backup (the newest one where `ref` is None) into a scratch file and compares every table.

    The database is free for others while that goes on. Raises NotFound, NotAllowed, OutsideError.
    """
    with open_unit() as unit:
        backup = service.get_restorable(unit.session, ref)
    with service.scratch_folder() as scratch:
        restored = service.restore(backup, folder=home.folder("backups"), scratch=Path(scratch))
    with open_unit() as unit:
        made = service.record_drill(unit.session, backup, restored, now=unit.now, actor=unit.actor)
        unit.changed(made.ref, backup=backup.ref, passed=made.passed)
    return made, backup
