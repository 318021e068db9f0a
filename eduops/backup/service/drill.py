"""A drill in the catalogue: begun before anything is restored, ended with its evidence."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from eduops.backup import queries
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import PREFIX, Scratch
from eduops.backup.models import Backup, BackupCopy, Drill
from eduops.core.errors import NotAllowed
from eduops.store import counter

INTERRUPTED = "演练中途程序中断了（被终止、断电或重启），不算通过"


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a drill. `evidence`: any JSON: steps with instants, files with hashes, tables with counts."""

    differences: Sequence[str]
    milliseconds: int
    rows_compared: int = 0
    tables_compared: int = 0
    fault: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


def get_restorable(session: Session, ref: str | None, *, source: str | None = None) -> Backup:
    """The backup of that reference, or the newest verified one.

    Raises NotFound, or NotAllowed for one that failed, was never finished or has been removed.
    """
    backup = queries.get_backup(session, ref, source=source)
    if backup.state == "verified":
        return backup
    why = {"failed": f"失败了（{backup.fault}）", "removed": "已经按保留规则删除"}.get(
        backup.state, "没有做完"
    )
    raise NotAllowed(f"备份 {backup.ref} {why}，不能恢复", hint="运行 eduops backup list 另选一份")


def begin_drill(
    session: Session,
    backup: Backup,
    *,
    parent: Path,
    limit_minutes: float | None,
    now: datetime,
    actor: str,
    into: str | None = None,
    copy: BackupCopy | None = None,
) -> tuple[Drill, Scratch]:
    """Writes down that a drill begins, and where: what is left of one that was killed is found by it.

    Raises NotAllowed for a name that no scratch place may have.
    """
    ref = counter.next_reference(session, "DRL", now.year)
    # Nobody can have made a place of this name before: part of it was drawn just now.
    name = into or f"{PREFIX}{ref.lower().replace('-', '_')}_{secrets.token_hex(3)}"
    guard.require_scratch_name(name)
    scratch = Scratch(name, secrets.token_hex(16), parent / name)
    drill = Drill(
        ref=ref,
        backup_id=backup.id,
        copy_id=copy.id if copy else None,
        started_at=now,
        scratch=str(scratch.folder),
        limit_milliseconds=round(limit_minutes * 60_000) if limit_minutes else None,
        evidence={"scratch": {"name": name, "token": scratch.token, "folder": str(scratch.folder)}},
        actor=actor,
    )
    session.add(drill)
    session.flush()
    return drill, scratch


def find_scratch(drill: Drill) -> Scratch | None:
    """The scratch place that a drill wrote down before it began; None where it did not."""
    said = drill.evidence.get("scratch") or {}
    try:
        return Scratch(str(said["name"]), str(said["token"]), Path(str(said["folder"])))
    except (TypeError, KeyError):
        return None


def finish_drill(session: Session, ref: str, came: Came, *, now: datetime) -> Drill:
    """Keeps the outcome of a drill; it passed only where nothing differed, in time."""
    drill = queries.get_drill(session, ref)
    differences = list(came.differences)
    limit = drill.limit_milliseconds
    if limit is not None and came.milliseconds > limit:
        differences.append(
            f"恢复用了 {came.milliseconds / 60_000:.1f} 分钟，超过限时 {limit / 60_000:g} 分钟"
        )
    drill.finished_at, drill.passed = now, not differences and came.fault is None
    drill.differences, drill.fault = differences, came.fault
    drill.restore_milliseconds = came.milliseconds
    drill.rows_compared, drill.tables_compared = came.rows_compared, came.tables_compared
    drill.evidence = {**drill.evidence, **came.evidence}
    session.add(drill)
    session.flush()
    return drill


def fail_drill(session: Session, ref: str, *, fault: str) -> Drill:
    """Writes down that a drill was cut off; it never ended, so it has no end."""
    drill = queries.get_drill(session, ref)
    drill.passed, drill.fault, drill.differences = False, fault, [fault]
    session.add(drill)
    session.flush()
    return drill
