"""The run table: every question and every change. Nothing here commits."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from eduops.store.models import JobRun
from eduops.workflow.schedule.decision import AHEAD_FOR, Unrun

RUNNING, SUCCEEDED, FOUND, FAILED = "running", "succeeded", "found", "failed"
TIMED_OUT, INTERRUPTED, MISSED, SKIPPED = "timed_out", "interrupted", "missed", "skipped"
STATES = (RUNNING, SUCCEEDED, FOUND, FAILED, TIMED_OUT, INTERRUPTED, MISSED, SKIPPED)
_NOT_RUN = (MISSED, SKIPPED)


def find_marks(session: Session, *, now: datetime) -> dict[str, datetime]:
    """The last due instant of each job of which something became; one that a wrong clock left ahead does not count."""
    query = (
        select(col(JobRun.job), func.max(JobRun.due_at))
        .where(col(JobRun.due_at) <= now + AHEAD_FOR)
        .group_by(col(JobRun.job))
    )
    return {job: due_at for job, due_at in session.execute(query).all() if due_at is not None}


def find_last(session: Session, job: str) -> JobRun | None:
    """The run that began last."""
    query = (
        select(JobRun)
        .where(col(JobRun.job) == job, col(JobRun.started_at).is_not(None))
        .order_by(col(JobRun.started_at).desc(), col(JobRun.id).desc())
    )
    return session.execute(query.limit(1)).scalars().first()


def find_newest(session: Session) -> dict[str, JobRun]:
    """Each job's line that was written last."""
    newest = select(func.max(JobRun.id)).group_by(col(JobRun.job))
    runs = session.execute(select(JobRun).where(col(JobRun.id).in_(newest))).scalars()
    return {run.job: run for run in runs}


def list_runs(
    session: Session, *, job: str | None = None, state: str | None = None, limit: int = 50
) -> list[JobRun]:
    """Runs, newest first."""
    query = select(JobRun).order_by(
        func.coalesce(JobRun.started_at, JobRun.due_at).desc(), col(JobRun.id).desc()
    )
    if job:
        query = query.where(col(JobRun.job) == job)
    if state:
        query = query.where(col(JobRun.state) == state)
    return list(session.execute(query.limit(limit)).scalars())


def list_unrun(session: Session, *, since: datetime) -> list[JobRun]:
    """What was due since an instant and was missed, or broke off; earliest first."""
    at = func.coalesce(JobRun.due_at, JobRun.started_at)
    query = select(JobRun).where(col(JobRun.state).in_((MISSED, INTERRUPTED)), at >= since).order_by(at)
    return list(session.execute(query).scalars())


def list_running(session: Session) -> list[JobRun]:
    """The runs that have no end yet."""
    return list(session.execute(select(JobRun).where(col(JobRun.state) == RUNNING)).scalars())


def begin(session: Session, run: JobRun) -> JobRun | None:
    """The run, written down as begun; None where its due instant is somebody else's already.

    One that was noted as missed or skipped may still be made up for.
    """
    if run.due_at is not None and _take_over(session, run):
        return _get_due(session, run.job, run.due_at)
    if run.due_at is not None and _get_due(session, run.job, run.due_at) is not None:
        return None
    return _add(session, run)


def note_unrun(
    session: Session, job: str, unrun: Sequence[Unrun], *, machine: str, trigger: str, actor: str
) -> int:
    """Notes what did not run, each once; says how many are new."""
    added = 0
    for each in unrun:
        if _get_due(session, job, each.due_at) is None:
            row = JobRun(
                job=job, due_at=each.due_at, state=each.state, note=each.note,
                machine=machine, trigger=trigger, actor=actor,
            )  # fmt: skip
            added += _add(session, row) is not None
    return added


def end(session: Session, run_id: int, **values: Any) -> None:  # Any: the columns' own values
    """Writes how a run ended. A run that somebody else wrongly called broken off ended after all."""
    session.execute(update(JobRun).where(col(JobRun.id) == run_id).values(**values))


def break_off(session: Session, run_id: int, *, note: str, now: datetime) -> bool:
    """A run that still counts as going on was broken off."""
    statement = (
        update(JobRun)
        .where(col(JobRun.id) == run_id, col(JobRun.state) == RUNNING)
        .values(state=INTERRUPTED, note=note, finished_at=now)
    )
    return _count(session.execute(statement)) > 0


def count_ahead(session: Session, *, now: datetime) -> int:
    """How many due instants a wrong clock left too far ahead."""
    query = select(func.count()).where(col(JobRun.due_at) > now + AHEAD_FOR)
    return int(session.execute(query).scalar_one())


def forget_ahead(session: Session, *, now: datetime) -> None:
    """Takes due instants that lie too far ahead from their runs, or the job would be silent until then."""
    note = "当时机器的时钟快了，原定时刻作废"
    statement = update(JobRun).where(col(JobRun.due_at) > now + AHEAD_FOR)
    session.execute(statement.values(due_at=None, note=note))


def prune(session: Session, *, before: datetime, frequent: Collection[str], frequent_before: datetime) -> int:
    """Removes ended runs from before an instant; of frequent jobs, those that went well, from a later one on."""
    at = func.coalesce(JobRun.started_at, JobRun.due_at)
    is_dull = and_(col(JobRun.job).in_(frequent), col(JobRun.state) == SUCCEEDED, at < frequent_before)
    statement = delete(JobRun).where(col(JobRun.state) != RUNNING, or_(at < before, is_dull))
    return _count(session.execute(statement))


def _take_over(session: Session, run: JobRun) -> bool:
    statement = (
        update(JobRun)
        .where(
            col(JobRun.job) == run.job, col(JobRun.due_at) == run.due_at, col(JobRun.state).in_(_NOT_RUN)
        )
        .values(
            state=run.state, started_at=run.started_at, command=run.command, trigger=run.trigger,
            machine=run.machine, actor=run.actor, note=None,
        )
    )  # fmt: skip
    return _count(session.execute(statement)) > 0


def _get_due(session: Session, job: str, due_at: datetime) -> JobRun | None:
    query = select(JobRun).where(col(JobRun.job) == job, col(JobRun.due_at) == due_at)
    found: JobRun | None = session.execute(query.execution_options(populate_existing=True)).scalars().first()
    return found


def _add(session: Session, run: JobRun) -> JobRun | None:
    """The row, added; None where somebody else added the same due instant in between."""
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError:
        return None
    return run


def _count(result: Any) -> int:  # Any: SQLAlchemy's result of a statement
    count: int = result.rowcount
    return count
