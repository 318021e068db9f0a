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
from eduops.core.errors import NotAllowed, OutsideError
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


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of restoring a backup: every difference, and what was compared."""

    differences: list[str]
    rows_compared: int
    milliseconds: int


def get_restorable(session: Session, ref: str | None) -> Backup:
    """The backup of that reference, or the newest verified one.

    Raises NotFound, or NotAllowed for one that failed or was never finished.
    """
    backup = queries.get_backup(session, ref)
    if backup.state != "verified":
        why = f"失败了（{backup.fault}）" if backup.state == "failed" else "没有做完"
        raise NotAllowed(f"备份 {backup.ref} {why}，不能恢复", hint="运行 eduops backup list 另选一份")
    return backup


def restore(backup: Backup, *, folder: Path, scratch: Path) -> Restored:
    """Restores a backup into `scratch`, an empty folder that is left empty, and compares every table with the dump.

    Needs no session, so nobody waits for it. Raises NotAllowed for a folder that is not empty, OutsideError
    where it cannot be written.
    """
    if any(scratch.iterdir()):
        raise NotAllowed(f"演练目录 {scratch} 不是空的，拒绝写入", hint="换一个空目录")
    started = time.monotonic()
    copy = scratch / "restored.db"
    try:
        differences, rows = _restore_and_compare(backup, folder / backup.path, copy)
    finally:
        copy.unlink(missing_ok=True)
    return Restored(differences, rows, round((time.monotonic() - started) * 1000))


def record_drill(session: Session, backup: Backup, restored: Restored, *, now: datetime, actor: str) -> Drill:
    """Keeps the outcome of a restore drill; it passed only where nothing differed."""
    made = Drill(
        ref=counter.next_reference(session, "DRL", now.year),
        backup_id=backup.id,
        started_at=now,
        passed=not restored.differences,
        rows_compared=restored.rows_compared,
        tables_compared=len(backup.tables),
        differences=restored.differences,
        restore_milliseconds=restored.milliseconds,
        actor=actor,
    )
    session.add(made)
    session.flush()
    return made


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A fresh folder for a drill, removed in any case."""
    return tempfile.TemporaryDirectory(prefix="eduops-drill-")


def _restore_and_compare(backup: Backup, stored: Path, copy: Path) -> tuple[list[str], int]:
    try:
        if hash_file(stored) != backup.sha256:
            return [f"备份文件 {stored.name} 与备份时的校验值不符"], 0
    except FileNotFoundError:
        return [f"备份文件 {stored.name} 不在了"], 0
    except OSError as error:
        return [f"备份文件 {stored.name} 读不了：{error.strerror}"], 0
    try:
        shutil.copyfile(stored, copy)
    except OSError as error:
        raise OutsideError(
            f"不能恢复到 {copy}：{error.strerror}",
            hint="检查临时目录的空间和权限，或用环境变量 TMPDIR 换一个位置",
            source=str(copy.parent),
            detail=str(error),
        ) from error
    found = sqlite.read_images(copy)
    expected = {name: rules.TableImage(**image) for name, image in backup.tables.items()}
    return rules.compare(expected, found), sum(image.rows for image in found.values())
