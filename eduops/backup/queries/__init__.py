"""What is asked of the backup room."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from eduops.backup.models import Backup, BackupCopy, Drill
from eduops.core.errors import NotFound


def list_backups(session: Session, *, limit: int | None = None) -> list[Backup]:
    """Backups, newest first."""
    return list(session.exec(select(Backup).order_by(col(Backup.id).desc()).limit(limit)))


def list_drills(session: Session, *, limit: int | None = None) -> list[tuple[Drill, Backup]]:
    """Drills with the backup that they restored, newest first."""
    statement = select(Drill, Backup).join(Backup, col(Backup.id) == Drill.backup_id)
    return list(session.exec(statement.order_by(col(Drill.id).desc()).limit(limit)))


def get_backup(session: Session, ref: str | None, *, source: str | None = None) -> Backup:
    """The backup of that reference, or the newest verified one (of the source, where one is named). Raises NotFound."""
    statement = select(Backup).order_by(col(Backup.id).desc())
    statement = statement.where(Backup.ref == ref) if ref else statement.where(Backup.state == "verified")
    backup = session.exec(statement.where(Backup.source == source) if source else statement).first()
    if backup is None:
        of = f"来源 {source} " if source else ""
        raise NotFound(
            f"{of}没有备份 {ref}" if ref else f"{of}还没有可用的备份",
            hint="运行 eduops backup list，或先 eduops backup run",
        )
    return backup


def find_newest(session: Session, source: str) -> Backup | None:
    """The source's newest verified backup: the one begun last, whatever the clock said."""
    statement = select(Backup).where(Backup.source == source, Backup.state == "verified")
    return session.exec(statement.order_by(col(Backup.id).desc())).first()


def get_drill(session: Session, ref: str) -> Drill:
    """The drill of that reference. Raises NotFound."""
    drill = session.exec(select(Drill).where(Drill.ref == ref)).first()
    if drill is None:
        raise NotFound(f"没有演练 {ref}", hint="运行 eduops backup list --kind drill")
    return drill


def list_unfinished(session: Session, source: str) -> list[Backup]:
    """The source's backups that were begun and not ended: by a run that lives, or by one that died."""
    statement = select(Backup).where(Backup.source == source, Backup.state == "started")
    return list(session.exec(statement.order_by(col(Backup.id))))


def list_unfinished_drills(session: Session, source: str) -> list[Drill]:
    """The drills of the source's backups that were begun and not ended, and whose end nobody wrote down."""
    statement = select(Drill).join(Backup, col(Backup.id) == Drill.backup_id)
    statement = statement.where(
        Backup.source == source, col(Drill.finished_at).is_(None), col(Drill.fault).is_(None)
    )
    return list(session.exec(statement.order_by(col(Drill.id))))


def find_copy(session: Session, backup: Backup, place: str) -> BackupCopy | None:
    """The backup's newest copy in a second place, also one that failed a verification."""
    statement = select(BackupCopy).where(
        BackupCopy.backup_id == backup.id,
        BackupCopy.place == place,
        col(BackupCopy.state).in_(["verified", "failed"]),
    )
    return session.exec(statement.order_by(col(BackupCopy.id).desc())).first()


def get_copy(session: Session, backup: Backup, place: str) -> BackupCopy:
    """The backup's newest verified copy in a second place. Raises NotFound."""
    statement = select(BackupCopy).where(
        BackupCopy.backup_id == backup.id, BackupCopy.place == place, BackupCopy.state == "verified"
    )
    copy = session.exec(statement.order_by(col(BackupCopy.id).desc())).first()
    if copy is None:
        raise NotFound(
            f"备份 {backup.ref} 在「{place}」没有可用的副本", hint="运行 eduops backup show 查看它有哪些副本"
        )
    return copy


@dataclass(frozen=True, slots=True)
class Run:
    """A backup or a drill as one line of a list; `result` is a Chinese sentence."""

    ref: str
    kind: str
    """backup or drill."""
    source: str
    at: datetime
    is_good: bool
    result: str
    size_bytes: int | None = None
    rows_compared: int | None = None
    seconds: float | None = None


def list_runs(
    session: Session, *, from_at: datetime | None = None, to_at: datetime | None = None
) -> list[Run]:
    """Backups and drills begun within [from_at, to_at), newest first."""
    runs = [_backup_run(backup) for backup in list_backups(session)]
    runs += [_drill_run(drill, backup) for drill, backup in list_drills(session)]
    within = [run for run in runs if (not from_at or run.at >= from_at) and (not to_at or run.at < to_at)]
    return sorted(within, key=lambda run: (run.at, run.ref), reverse=True)


def _backup_run(backup: Backup) -> Run:
    results = {
        "verified": _count(backup.tables),
        "failed": backup.fault or "失败",
        "started": "没有做完",
        "removing": f"{_count(backup.tables)}，正在删除",
        "removed": f"{_count(backup.tables)}，后来{backup.removed_because or '删除了'}",
    }
    # One that was removed later was good all the same.
    is_good = backup.state in ("verified", "removing", "removed")
    return Run(
        backup.ref, "backup", backup.source, backup.started_at, is_good,
        results.get(backup.state, backup.state),
        size_bytes=backup.size_bytes,
    )  # fmt: skip


def _count(tables: object) -> str:
    """What was read back; as it is stored where somebody wrote something else there."""
    try:
        rows = sum(table["rows"] for table in tables.values())  # type: ignore[attr-defined]
        return f"{len(tables)} 张表 {rows} 行，已读回核对"  # type: ignore[arg-type]
    except (AttributeError, TypeError, LookupError):
        return f"登记的内容不是逐表的行数：{tables}"


def _drill_run(drill: Drill, backup: Backup) -> Run:
    result = (
        f"{drill.tables_compared} 张表全部一致" if drill.passed else "；".join(map(str, drill.differences))
    )
    return Run(
        drill.ref, "drill", f"{backup.source}（{backup.ref}）", drill.started_at, drill.passed, result,
        rows_compared=drill.rows_compared, seconds=drill.restore_milliseconds / 1000,
    )  # fmt: skip
