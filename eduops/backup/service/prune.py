"""Removing by retention, as the catalogue has it: first that it is being removed, then that it is gone.

While something is `removing` nobody takes it for a backup, whether it still lies there whole, half or not at all.
"""

from datetime import datetime

from sqlmodel import Session

from eduops.backup.models import Backup, BackupCopy
from eduops.core.errors import Conflict

REMOVING, REMOVED = "removing", "removed"


def begin_removal(session: Session, row: Backup | BackupCopy, *, because: str) -> None:
    """Writes down that it goes, before anything of it does. Raises Conflict where it is not what was judged."""
    going = _fresh(session, row)
    if going.state != row.state:
        raise Conflict(
            f"备份 {row.path} 的状态刚刚变了（{row.state} → {going.state}），没有删除",
            hint="重新运行 eduops backup prune --dry-run 核对",
        )
    going.state = REMOVING
    if isinstance(going, Backup):
        going.removed_because = because
    session.add(going)
    session.flush()


def finish_removal(session: Session, row: Backup | BackupCopy, *, now: datetime) -> None:
    """Writes down that it is gone."""
    gone = _fresh(session, row)
    gone.state, gone.removed_at = REMOVED, now
    session.add(gone)
    session.flush()


def _fresh(session: Session, row: Backup | BackupCopy) -> Backup | BackupCopy:
    """The row as it is now, not as it was when it was judged."""
    if isinstance(row, Backup):
        return session.get_one(Backup, row.id)
    return session.get_one(BackupCopy, row.id)
