"""What is asked of the backup room."""

from sqlmodel import Session, col, select

from eduops.backup.models import Backup, Drill
from eduops.core.errors import NotFound


def list_backups(session: Session, *, limit: int | None = None) -> list[Backup]:
    """Backups, newest first."""
    return list(session.exec(select(Backup).order_by(col(Backup.id).desc()).limit(limit)))


def list_drills(session: Session, *, limit: int | None = None) -> list[tuple[Drill, Backup]]:
    """Drills with the backup that they restored, newest first."""
    statement = select(Drill, Backup).join(Backup, col(Backup.id) == Drill.backup_id)
    return list(session.exec(statement.order_by(col(Drill.id).desc()).limit(limit)))


def get_backup(session: Session, ref: str | None) -> Backup:
    """The backup of that reference, or the newest verified one. Raises NotFound."""
    statement = select(Backup).order_by(col(Backup.id).desc())
    statement = statement.where(Backup.ref == ref) if ref else statement.where(Backup.state == "verified")
    backup = session.exec(statement).first()
    if backup is None:
        raise NotFound(
            f"没有备份 {ref}" if ref else "还没有可用的备份",
            hint="运行 eduops backup list，或先 eduops backup run",
        )
    return backup


def last_drill(session: Session, backup: Backup) -> Drill | None:
    """The newest drill of a backup: a failed one replaces an earlier success."""
    return session.exec(
        select(Drill).where(Drill.backup_id == backup.id).order_by(col(Drill.id).desc())
    ).first()
