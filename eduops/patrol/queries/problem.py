"""What we ask about problems: as they stand, and the patrols that say so."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from eduops.asset.models import Host
from eduops.core.errors import NotFound
from eduops.patrol.models import PatrolProblem, PatrolRun
from eduops.patrol.queries import history
from eduops.patrol.rules.problem import SAME_PATROLS, SeenRun, index_checks

_MOST_RUNS = 500


def list_newest(session: Session, host_id: int) -> list[PatrolProblem]:
    """The newest problem of each check of a host, open or closed."""
    newest = select(func.max(PatrolProblem.id)).where(PatrolProblem.host_id == host_id)
    newest = newest.group_by(col(PatrolProblem.probe), col(PatrolProblem.metric), col(PatrolProblem.item))
    query = select(PatrolProblem).where(col(PatrolProblem.id).in_(newest))
    return list(session.exec(query.order_by(col(PatrolProblem.id))))


def list_problems(
    session: Session, *, host_code: str | None = None, with_closed: bool = False
) -> list[tuple[PatrolProblem, Host]]:
    """Problems with their hosts, the newest first; those that are open only, unless asked otherwise."""
    query = (
        select(PatrolProblem, Host)
        .join(Host, col(Host.id) == col(PatrolProblem.host_id))
        .order_by(col(PatrolProblem.id).desc())
    )
    if host_code is not None:
        query = query.where(Host.code == host_code)
    if not with_closed:
        query = query.where(col(PatrolProblem.closed_at).is_(None))
    return list(session.exec(query))


def get_problem(session: Session, number: int) -> tuple[PatrolProblem, Host]:
    """A problem with its host. Raises NotFound."""
    query = select(PatrolProblem, Host).join(Host, col(Host.id) == col(PatrolProblem.host_id))
    found = session.exec(query.where(PatrolProblem.id == number)).first()
    if found is None:
        raise NotFound(f"没有编号为 {number} 的问题", hint="运行 eduops patrol problem list --all 查看")
    return found


def list_pending(session: Session, host_id: int, *, after: tuple[datetime, int] | None) -> list[PatrolRun]:
    """The host's judged patrols after one, the oldest first; the last one alone where `after` names none."""
    query = select(PatrolRun).where(*_judged(host_id))
    newest = query.order_by(col(PatrolRun.finished_at).desc(), col(PatrolRun.id).desc())
    if after is None:
        return list(session.exec(newest.limit(1)))
    at, number = after
    later = or_(
        col(PatrolRun.finished_at) > at, and_(col(PatrolRun.finished_at) == at, col(PatrolRun.id) > number)
    )
    return list(session.exec(newest.where(later).limit(_MOST_RUNS)))[::-1]


def load_seen(session: Session, run: PatrolRun) -> SeenRun:
    """A judged patrol as the rules of problems look at it."""
    assert run.id is not None and run.finished_at is not None  # noqa: S101 - it was judged
    earlier = (
        select(PatrolRun.finished_at)
        .where(*_judged(run.host_id), col(PatrolRun.finished_at) < run.finished_at)
        .order_by(col(PatrolRun.finished_at).desc())
        .limit(SAME_PATROLS)
    )
    ends = tuple(at for at in session.exec(earlier) if at is not None)
    return SeenRun(run.id, run.ref, run.finished_at, index_checks(history.list_checks(session, run.id)), ends)


def _judged(host_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        col(PatrolRun.host_id) == host_id,
        col(PatrolRun.finished_at).is_not(None),
        # By hand there are no checks that could say what is gone.
        col(PatrolRun.document_hash).is_not(None),
    )


def list_refs(session: Session, run_ids: Sequence[int]) -> dict[int, str]:
    """The references of these patrols by their number."""
    query = select(PatrolRun.id, PatrolRun.ref).where(col(PatrolRun.id).in_(run_ids))
    return {number: ref for number, ref in session.exec(query) if number is not None}
