"""What else people must hear of, read from the tables of the rooms: breaches, problems, backups, drills, jobs.

Each source compares what is there with what was told, by a key of the row itself and never by the clock: a clock that
is set back repeats nothing, a tick that comes late misses nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from eduops.alert import queries
from eduops.alert.service import Notice
from eduops.asset.models import Host
from eduops.backup.configuration import load_config
from eduops.backup.models import Backup, Drill
from eduops.ledger.models import LedgerEntry
from eduops.patrol.models import PatrolProblem
from eduops.patrol.queries.problem import list_problems
from eduops.store.models import JobRun

_MOST_LINES = 10
_UNFINISHED_AFTER = timedelta(hours=12)
"""A drill that began so long ago and has not ended was broken off."""
_BAD_JOBS = {"failed": "失败", "timed_out": "超时被中止", "interrupted": "中断", "missed": "到点没有运行"}
_GOOD_JOBS = ("succeeded", "found")
_MOST_RUNS = 200


def list_breaches(session: Session) -> Iterator[Notice]:
    """The entries that the ledger has got since the last message about it, as one message."""
    told = queries.find_newest(session, "breach")
    last = int(told.facts["last"]) if told else 0
    statement = select(LedgerEntry).where(
        col(LedgerEntry.id) > last, col(LedgerEntry.kind).in_(("breach", "obligation"))
    )
    entries = session.exec(statement.order_by(col(LedgerEntry.id))).all()
    if not entries:
        return
    facts: dict[str, Any] = {  # Any: JSON values
        "count": len(entries),
        "counted": sum(entry.counted for entry in entries if entry.kind == "breach"),
        "last": entries[-1].id,
        "entries": [
            {
                "number": entry.id,
                "clause": entry.clause,
                "subject": entry.subject,
                "text": str(entry.finding.get("text", "")),
            }
            for entry in entries[:_MOST_LINES]
        ],
    }
    key = f"breach:{entries[0].id}-{entries[-1].id}"
    yield Notice("breach", "warning", "违约台账", key, facts)


def list_patrol_problems(session: Session) -> Iterator[Notice]:
    """The critical problems that are open: those that one patrol of a host found are one message."""
    groups: dict[str, list[tuple[PatrolProblem, Host]]] = defaultdict(list)
    for problem, host in list_problems(session):
        if problem.state == "critical":
            groups[_problem_key(problem)].append((problem, host))
    for key, found in groups.items():
        problems, host = [problem for problem, _ in found], found[0][1]
        facts: dict[str, Any] = {  # Any: JSON values
            "host": host.code,
            "is_back": any(problem.reopened_count for problem in problems),
            "count": len(problems),
            "problems": [
                {
                    "text": problem.text,
                    "opened_at": problem.opened_at.isoformat(),
                    "ticket": problem.ticket_ref,
                }
                for problem in problems[:_MOST_LINES]
            ],
        }
        yield Notice("patrol", "critical", host.code, key, facts)


def _problem_key(problem: PatrolProblem) -> str:
    if problem.reopened_count:
        return f"patrol:back:{problem.id}:{problem.reopened_count}"
    return f"patrol:{problem.host_id}:{problem.opened_run_id}"


def list_failed_backups(session: Session) -> Iterator[Notice]:
    """The sources whose newest backup failed."""
    newest = select(func.max(Backup.id)).where(Backup.state != "started").group_by(Backup.source)
    for backup in session.exec(select(Backup).where(col(Backup.id).in_(newest), Backup.state == "failed")):
        good = _find_good(session, backup.source)
        facts: dict[str, Any] = {  # Any: JSON values
            "source": backup.source,
            "is_old": False,
            "ref": backup.ref,
            "started_at": backup.started_at.isoformat(),
            "fault": backup.fault or "没有记下原因",
            "last_good": good.ref if good else None,
            "last_good_at": good.started_at.isoformat() if good else None,
        }
        yield Notice("backup", "critical", backup.source, f"backup:{backup.ref}", facts)


def list_old_backups(session: Session, home: Path, now: datetime) -> Iterator[Notice]:
    """The sources of backup.yaml whose newest good backup is older than they allow, or that have none at all."""
    for name, source in load_config(home).sources.items():
        limit = source.max_age_hours
        good = _find_good(session, name)
        if limit is None or (good and now - good.started_at <= timedelta(hours=limit)):
            continue
        facts: dict[str, Any] = {  # Any: JSON values
            "source": name,
            "is_old": True,
            "limit_hours": f"{limit:g}",
            "last_good": good.ref if good else None,
            "last_good_at": good.started_at.isoformat() if good else None,
        }
        yield Notice("backup", "critical", name, f"backup-age:{name}:{good.ref if good else 'none'}", facts)


def _find_good(session: Session, source: str) -> Backup | None:
    """The newest backup of a source that was read back."""
    statement = select(Backup).where(Backup.source == source, Backup.state == "verified")
    return session.exec(statement.order_by(col(Backup.id).desc())).first()


def list_failed_drills(session: Session, now: datetime) -> Iterator[Notice]:
    """The sources whose newest drill did not pass, or was broken off."""
    newest: dict[str, tuple[Drill, Backup]] = {}
    statement = select(Drill, Backup).join(Backup, col(Backup.id) == Drill.backup_id)
    for drill, backup in session.exec(statement.order_by(col(Drill.id))):
        if drill.finished_at or now - drill.started_at > _UNFINISHED_AFTER:
            newest[backup.source] = drill, backup
    for drill, backup in newest.values():
        if not drill.passed or drill.finished_at is None:
            facts = {
                "source": backup.source,
                "ref": drill.ref,
                "backup": backup.ref,
                "started_at": drill.started_at.isoformat(),
                "fault": _explain_drill(drill),
            }
            yield Notice("drill", "critical", backup.source, f"drill:{drill.ref}", facts)


def _explain_drill(drill: Drill) -> str:
    if drill.finished_at is None:
        return "没有做完就中断了"
    differences = "；".join(map(str, drill.differences[:3]))
    return drill.fault or differences or "没有记下原因"


def list_broken_jobs(session: Session) -> Iterator[Notice]:
    """The jobs whose last run went wrong or was missed: one message for as long as it goes wrong."""
    for job in session.exec(select(JobRun.job).distinct()).all():
        # Of what does not arrive the outbox tells; an alert about it would be the next that does not arrive.
        runs = session.exec(
            select(JobRun)
            .where(JobRun.job == job, col(JobRun.state).in_((*_BAD_JOBS, *_GOOD_JOBS)))
            .order_by(col(JobRun.id).desc())
            .limit(_MOST_RUNS)
        ).all()
        streak = _list_streak(runs)
        if streak and not _is_sender(streak[0]):
            # A tick that sees the second failure after the first was told says nothing more: the key is the first's.
            yield _tell_job(streak)


def _is_sender(run: JobRun) -> bool:
    words = run.command.split()
    return "alert" in words and ("send" in words or "--send" in words)


def _list_streak(runs: Sequence[JobRun]) -> list[JobRun]:
    """The runs since the last good one, newest first."""
    good = next((place for place, run in enumerate(runs) if run.state in _GOOD_JOBS), len(runs))
    return list(runs[:good])


def _tell_job(streak: Sequence[JobRun]) -> Notice:
    run = streak[0]
    facts: dict[str, Any] = {  # Any: JSON values
        "job": run.job,
        "state_text": _BAD_JOBS[run.state],
        "times": len(streak),
        "due_at": run.due_at.isoformat() if run.due_at else None,
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "exit_code": run.exit_code,
        "note": run.note,
        "output": run.output,
        "command": run.command,
    }
    return Notice("schedule", "warning", run.job, f"schedule:{run.job[:80]}:{streak[-1].id}", facts)
