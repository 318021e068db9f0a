"""What we ask about runs, their checks and their documents."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped
from sqlmodel import Session, and_, col, func, or_, select
from sqlmodel.sql.expression import Select

from eduops.asset.models import Host
from eduops.core.errors import NotFound
from eduops.patrol.models import PatrolDocument, PatrolResult, PatrolRun
from eduops.patrol.rules.check import State


def get_run(session: Session, ref: str) -> tuple[PatrolRun, Host]:
    """The run and its host. Raises NotFound."""
    found = session.exec(_runs_with_hosts().where(PatrolRun.ref == ref)).first()
    if found is None:
        raise NotFound(f"没有编号为 {ref} 的巡检", hint="运行 eduops patrol list 查看")
    return found


def list_runs(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    host_code: str | None = None,
) -> list[tuple[PatrolRun, Host]]:
    """The runs of [since, until), with their hosts, the newest first: by when they ended, unfinished ones began."""
    ended_at = func.coalesce(col(PatrolRun.finished_at), col(PatrolRun.started_at))
    query = _runs_with_hosts().order_by(ended_at.desc(), col(PatrolRun.id).desc())
    if since is not None or until is not None:
        query = query.where(is_within(since=since, until=until))
    if host_code is not None:
        query = query.where(Host.code == host_code)
    return list(session.exec(query))


def is_within(*, since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    """Whether a run belongs to [since, until): to the instant at which it ended, or began where it never did.

    The one rule of lists, coverage, plans, the report and the contract's facts for a patrol that goes past midnight.
    """
    # Two conditions on columns with an index, rather than one on either.
    finished, started = col(PatrolRun.finished_at), col(PatrolRun.started_at)
    return or_(
        and_(finished.is_not(None), *_bound(finished, since, until)),
        and_(finished.is_(None), *_bound(started, since, until)),
    )


def _bound(
    # Any: one column holds None where the other does not.
    column: Mapped[Any],
    since: datetime | None,
    until: datetime | None,
) -> Iterator[ColumnElement[bool]]:
    if since is not None:
        yield column >= since
    if until is not None:
        yield column < until


def list_results(session: Session, run_id: int) -> list[PatrolResult]:
    """Every check of a run, in the order of the probes."""
    query = select(PatrolResult).where(PatrolResult.run_id == run_id).order_by(col(PatrolResult.id))
    return list(session.exec(query))


def count_problems(session: Session, run_ids: Sequence[int]) -> dict[int, int]:
    """How many checks keep each of these runs' hosts from being normal; runs without any are left out."""
    # As State.is_problem has it.
    is_problem = and_(
        col(PatrolResult.state) != State.NORMAL.value,
        or_(col(PatrolResult.is_mandatory), col(PatrolResult.state) != State.NOT_CHECKED.value),
    )
    query = (
        select(PatrolResult.run_id, func.count())
        .where(col(PatrolResult.run_id).in_(run_ids), is_problem)
        .group_by(col(PatrolResult.run_id))
    )
    return dict(session.exec(query).all())


def find_document(session: Session, run_id: int) -> str | None:
    """The raw document of a run, as it came; None for a run that never finished."""
    found = session.get(PatrolDocument, run_id)
    return found.content if found else None


def find_run_by_document(session: Session, document_hash: str) -> PatrolRun | None:
    """The run that was judged from the document with this checksum."""
    return session.exec(select(PatrolRun).where(PatrolRun.document_hash == document_hash)).first()


def find_last_machine(session: Session, host_id: int) -> str | None:
    """The machine that the host's latest finished patrol came from, where it was known."""
    query = (
        select(PatrolRun.machine_id_hash)
        .where(
            PatrolRun.host_id == host_id,
            col(PatrolRun.finished_at).is_not(None),
            col(PatrolRun.machine_id_hash).is_not(None),
        )
        .order_by(col(PatrolRun.finished_at).desc(), col(PatrolRun.id).desc())
    )
    return session.exec(query.limit(1)).first()


def _runs_with_hosts() -> Select[PatrolRun, Host]:
    return select(PatrolRun, Host).join(Host, col(Host.id) == col(PatrolRun.host_id))
