"""Problems as they are kept: what the rules made of them written down."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, select

from eduops.asset.models import Host
from eduops.patrol.models import PatrolProblem, PatrolRun
from eduops.patrol.queries import problem as queries
from eduops.patrol.rules.check import State
from eduops.patrol.rules.problem import Key, Problem, SeenRun


def load_problems(session: Session, host_id: int) -> list[Problem]:
    """The newest problem of each check of a host, the host held until the unit of work ends.

    Two who follow one host at once wait for each other: the second finds the first's tickets.
    """
    session.exec(select(Host.id).where(Host.id == host_id).with_for_update()).first()
    rows = queries.list_newest(session, host_id)
    ends = _list_ends(session, rows)
    return [_build(row, ends[row.last_run_id]) for row in rows]


def load_pending(session: Session, host_id: int, problems: Sequence[Problem]) -> list[SeenRun]:
    """The patrols that have not been considered yet, the oldest first; with nothing open the last one is enough."""
    considered = [problem.last_run for problem in problems if problem.closed_at is None]
    runs = queries.list_pending(session, host_id, after=max(considered, default=None))
    return [queries.load_seen(session, run) for run in runs]


def save_problems(
    session: Session, host_id: int, problems: Sequence[Problem], tickets: Mapping[Key, str]
) -> None:
    """Writes problems as they stand; new ones with the ticket that was opened for each."""
    for problem in problems:
        row = session.get(PatrolProblem, problem.number) if problem.number else None
        if row is None:
            probe, metric, item = problem.key
            row = PatrolProblem(
                host_id=host_id,
                probe=probe,
                metric=metric,
                item=item,
                state=problem.state.value,
                text=problem.text,
                opened_at=problem.opened_at,
                opened_run_id=problem.last_run[1],
                last_seen_at=problem.last_seen_at,
                last_run_id=problem.last_run[1],
                ticket_ref=tickets.get(problem.key),
            )
        row.sqlmodel_update(
            {
                "state": problem.state.value,
                "text": problem.text,
                "last_seen_at": problem.last_seen_at,
                "last_run_id": problem.last_run[1],
                "seen_count": problem.seen_count,
                "clear_count": problem.clear_count,
                "reopened_count": problem.reopened_count,
                "closed_at": problem.closed_at,
            }
        )
        session.add(row)
    session.flush()


def _list_ends(session: Session, rows: Sequence[PatrolProblem]) -> dict[int, datetime]:
    ids = {row.last_run_id for row in rows}
    found = {number: session.get(PatrolRun, number) for number in ids}
    return {number: run.finished_at for number, run in found.items() if run and run.finished_at}


def _build(row: PatrolProblem, last_ended_at: datetime) -> Problem:
    return Problem(
        key=(row.probe, row.metric, row.item),
        state=State(row.state),
        text=row.text,
        opened_at=row.opened_at,
        last_seen_at=row.last_seen_at,
        last_run=(last_ended_at, row.last_run_id),
        number=row.id,
        ticket=row.ticket_ref or "",
        seen_count=row.seen_count,
        clear_count=row.clear_count,
        reopened_count=row.reopened_count,
        closed_at=row.closed_at,
    )
