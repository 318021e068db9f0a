"""What the backup room does. A backup is begun, committed, made, then finished: a crash in between stays visible."""

import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from eduops.backup import queries, rules, sqlite
from eduops.backup.models import Backup, Drill
from eduops.core.errors import NotAllowed
from eduops.core.files import hash_file, whole_file
from eduops.store import counter


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump as it lies on disk: size, SHA-256, and what its tables hold."""

    size_bytes: int
    sha256: str
    images: dict[str, rules.TableImage]


def begin_backup(session: Session, *, now: datetime, actor: str) -> Backup:
    """Writes down that a backup of the home's database begins."""
    ref = counter.next_reference(session, "BKP", now.year)
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    backup = Backup(ref=ref, source="home", path=f"{ref}-{stamp}.db", started_at=now, actor=actor)
    session.add(backup)
    session.flush()
    return backup


def make_dump(source: Path, target: Path) -> Dump:
    """Dumps a database and reads the dump back row by row; needs no session, so nobody waits for it.

    Raises OutsideError or InputError; then call `fail_backup`.
    """
    with whole_file(target, mode=0o600) as part:
        sqlite.dump(source, part)
        images = sqlite.read_images(part)
    return Dump(target.stat().st_size, hash_file(target), images)


def finish_backup(session: Session, ref: str, dump: Dump, *, now: datetime) -> Backup:
    """Keeps the figures of a dump that was made and read back."""
    backup = queries.get_backup(session, ref)
    backup.size_bytes, backup.sha256 = dump.size_bytes, dump.sha256
    backup.tables = {name: asdict(image) for name, image in dump.images.items()}
    backup.state, backup.finished_at = "verified", now
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


def drill(
    session: Session, ref: str | None, *, folder: Path, scratch: Path, now: datetime, actor: str
) -> Drill:
    """Restores a backup into a scratch file, compares every table with what was dumped, and keeps the outcome.

    `scratch` is an empty folder of the caller's that is emptied again. Raises NotFound, or NotAllowed for a
    folder that is not scratch.
    """
    backup = queries.get_backup(session, ref)
    if any(scratch.iterdir()):
        raise NotAllowed(f"演练目录 {scratch} 不是空的，拒绝写入", hint="换一个空目录")
    started = time.monotonic()
    differences, rows = _restore_and_compare(backup, folder / backup.path, scratch / "restored.db")
    made = Drill(
        ref=counter.next_reference(session, "DRL", now.year),
        backup_id=backup.id,
        started_at=now,
        passed=not differences,
        rows_compared=rows,
        tables_compared=len(backup.tables),
        differences=differences,
        restore_milliseconds=round((time.monotonic() - started) * 1000),
        actor=actor,
    )
    session.add(made)
    session.flush()
    return made


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A fresh folder for a drill, removed in any case."""
    return tempfile.TemporaryDirectory(prefix="eduops-drill-")


def _restore_and_compare(backup: Backup, stored: Path, restored: Path) -> tuple[list[str], int]:
    if not stored.exists():
        return [f"备份文件 {stored.name} 不在了"], 0
    if hash_file(stored) != backup.sha256:
        return [f"备份文件 {stored.name} 与备份时的校验值不符"], 0
    shutil.copyfile(stored, restored)
    found = sqlite.read_images(restored)
    expected = {name: rules.TableImage(**image) for name, image in backup.tables.items()}
    return rules.compare(expected, found), sum(image.rows for image in found.values())
