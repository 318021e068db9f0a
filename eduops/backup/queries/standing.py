"""What is asked of what is kept: by source and place, with everything that looked at it later."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlmodel import Session, col, select

from eduops.backup.models import Backup, BackupCheck, BackupCopy, Drill
from eduops.core.errors import NotFound

Row = TypeVar("Row", BackupCopy, BackupCheck, Drill)


@dataclass(frozen=True, slots=True)
class Record:
    """A backup with its copies, verifications and drills, each oldest first."""

    backup: Backup
    copies: Sequence[BackupCopy]
    checks: Sequence[BackupCheck]
    drills: Sequence[Drill]

    @property
    def last_check(self) -> BackupCheck | None:
        """The last verification of the backup itself."""
        return next((check for check in reversed(self.checks) if check.copy_id is None), None)

    @property
    def last_drill(self) -> Drill | None:
        """The last drill, whatever it restored from."""
        return self.drills[-1] if self.drills else None


def list_records(session: Session, *, source: str | None = None, ref: str | None = None) -> list[Record]:
    """Every backup with what belongs to it, newest first."""
    statement = select(Backup).order_by(col(Backup.id).desc())
    if source:
        statement = statement.where(Backup.source == source)
    if ref:
        statement = statement.where(Backup.ref == ref)
    backups = session.exec(statement).all()
    copies = _group(session.exec(select(BackupCopy).order_by(col(BackupCopy.id))).all())
    checks = _group(session.exec(select(BackupCheck).order_by(col(BackupCheck.id))).all())
    drills = _group(session.exec(select(Drill).order_by(col(Drill.id))).all())
    return [
        Record(each, copies.get(each.id, ()), checks.get(each.id, ()), drills.get(each.id, ()))
        for each in backups
    ]


def get_record(session: Session, ref: str) -> Record:
    """The backup of that reference with what belongs to it. Raises NotFound."""
    found = list_records(session, ref=ref)
    if not found:
        raise NotFound(f"没有备份 {ref}", hint="运行 eduops backup list")
    return found[0]


def list_unfinished_copies(session: Session, place: str) -> list[BackupCopy]:
    """The copies to a place that were begun and not ended."""
    statement = select(BackupCopy).where(BackupCopy.place == place, BackupCopy.state == "started")
    return list(session.exec(statement.order_by(col(BackupCopy.id))))


def _group(rows: Sequence[Row]) -> Mapping[int, list[Row]]:
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.backup_id].append(row)
    return grouped
