"""A unit of work: one transaction with its audit entries, undone as a whole when it fails or is only rehearsed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from eduops.store import audit
from eduops.store.store import Store


@dataclass
class Unit:
    """An open unit of work; what `changed` is told goes to the audit log in the same transaction."""

    session: Session
    now: datetime
    actor: str
    _changes: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    def changed(self, subject: str, **change: object) -> None:
        """Says what was changed: the subject's reference and plain JSON values, never a secret or an ID number."""
        self._changes.append((subject, change))


@contextmanager
def unit_of_work(
    store: Store, *, now: datetime, actor: str, command: str, dry_run: bool = False
) -> Iterator[Unit]:
    """Commits with the audit entries when the block ends well; leaves nothing on an error or a `dry_run`."""
    with store.writing() as session:
        unit = Unit(session, now, actor)
        yield unit
        if dry_run:
            session.rollback()
            return
        for subject, change in unit._changes:
            audit.record(session, at=now, actor=actor, command=command, subject=subject, change=change)
