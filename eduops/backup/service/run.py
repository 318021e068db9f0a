"""A backup in the catalogue: begun, then finished or failed; and each verification of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from eduops.backup import queries
from eduops.backup.keep import Kept
from eduops.backup.models import Backup, BackupCheck, BackupCopy
from eduops.backup.rules import TableImage
from eduops.core.errors import Conflict
from eduops.store import counter

INTERRUPTED = "做到一半时程序中断了（被终止、断电或重启），没有留下可用的备份"


@dataclass(frozen=True, slots=True)
class Place:
    """What is backed up to where, as the catalogue names it."""

    source: str
    engine: str
    origin: str
    store: str = "main"
    encryption: str = "none"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made, read back and kept."""

    kept: Kept
    source_bytes: int
    images: Mapping[str, TableImage]
    sentinel: Mapping[str, object]
    milliseconds: int


def begin_backup(session: Session, place: Place, *, now: datetime, actor: str) -> Backup:
    """Writes down that a backup begins."""
    ref = counter.next_reference(session, "BKP", now.year)
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    backup = Backup(
        ref=ref,
        source=place.source,
        engine=place.engine,
        origin=place.origin,
        store=place.store,
        encryption=place.encryption,
        path=f"{ref}-{stamp}",
        started_at=now,
        actor=actor,
    )
    session.add(backup)
    session.flush()
    return backup


def finish_backup(session: Session, ref: str, made: Made, *, now: datetime) -> Backup:
    """Keeps the figures of a backup that was made and read back.

    Raises Conflict where somebody else has ended it meanwhile.
    """
    backup = queries.get_backup(session, ref)
    if backup.state != "started":
        raise Conflict(
            f"备份 {ref} 已被另一个进程记为「{backup.fault or backup.state}」，这一份不登记",
            hint="确认没有两台机器同时备份同一个数据目录，然后重新运行",
        )
    backup.path, backup.size_bytes, backup.sha256 = made.kept.path, made.kept.size_bytes, made.kept.sha256
    backup.source_bytes, backup.milliseconds = made.source_bytes, made.milliseconds
    backup.tables = {name: asdict(image) for name, image in made.images.items()}
    backup.sentinel = dict(made.sentinel)
    backup.state, backup.finished_at, backup.verified_at = "verified", now, now
    session.add(backup)
    session.flush()
    return backup


def fail_backup(session: Session, ref: str, *, fault: str, now: datetime) -> Backup:
    """Writes down why a backup failed; it is never offered for a restore."""
    backup = queries.get_backup(session, ref)
    backup.state, backup.fault, backup.finished_at = "failed", fault, now
    session.add(backup)
    session.flush()
    return backup


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of reading a backup back: `is_damaged` where it was read and is not what was kept."""

    faults: tuple[str, ...]
    is_damaged: bool
    milliseconds: int


def record_check(
    session: Session,
    backup: Backup,
    verified: Verified,
    *,
    now: datetime,
    actor: str,
    copy: BackupCopy | None = None,
) -> BackupCheck:
    """Keeps a verification, whatever came of it. What was read and differs is not offered for a restore any more.

    What only could not be read, such as a folder that is not mounted, stays what it was.
    """
    check = BackupCheck(
        backup_id=backup.id,
        copy_id=copy.id if copy else None,
        at=now,
        passed=not verified.faults,
        milliseconds=verified.milliseconds,
        fault="；".join(verified.faults) or None,
        actor=actor,
    )
    # Objects of an earlier session come back into this one.
    checked: Backup | BackupCopy = session.merge(copy) if copy else session.merge(backup)
    if not verified.faults:
        checked.state, checked.verified_at, checked.fault = "verified", now, None
    elif verified.is_damaged:
        checked.state, checked.fault = "failed", "校验没有通过：" + "；".join(verified.faults)
    session.add_all([check, checked])
    session.flush()
    return check
