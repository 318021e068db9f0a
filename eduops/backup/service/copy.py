"""A backup's copy in a second place, as the catalogue has it: begun, then verified or failed."""

from datetime import datetime

from sqlmodel import Session

from eduops.backup.keep import Kept
from eduops.backup.models import Backup, BackupCopy

INTERRUPTED = "复制到一半时程序中断了（被终止、断电或重启），没有留下副本"


def begin_copy(session: Session, backup: Backup, place: str, *, now: datetime) -> BackupCopy:
    """Writes down that a copy begins."""
    begun = BackupCopy(backup_id=backup.id, place=place, path=backup.path, started_at=now)
    session.add(begun)
    session.flush()
    return begun


def place_copy(session: Session, copy: BackupCopy, kept: Kept) -> BackupCopy:
    """Keeps where the copy lies and what it takes; it counts once it was verified."""
    copied = session.get_one(BackupCopy, copy.id)
    copied.path, copied.size_bytes = kept.path, kept.size_bytes
    session.add(copied)
    session.flush()
    return copied


def fail_copy(session: Session, copy: BackupCopy, *, fault: str) -> BackupCopy:
    """Writes down why there is no copy."""
    failed = session.get_one(BackupCopy, copy.id)
    failed.state, failed.fault = "failed", fault
    session.add(failed)
    session.flush()
    return failed
