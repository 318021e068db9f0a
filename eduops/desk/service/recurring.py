"""Recurring problems: one known cause behind several tickets, and what they cost (clause 2.2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.core.errors import Conflict, InputError
from eduops.desk import queries
from eduops.desk.models.ticket import RecurringProblem
from eduops.desk.rules.recurring import Problem, Recurrence, analyse
from eduops.desk.service.ticket_save import record_event
from eduops.store import counter


def add_problem(
    session: Session,
    *,
    title: str,
    cause: str,
    workaround: str,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
    is_invented: bool = False,
) -> RecurringProblem:
    """A new recurring problem. Raises InputError where it says nothing, Conflict where there is one of that title."""
    # The number first: a second command waits for it here, and then sees what the first one wrote.
    ref = counter.next_reference(session, "PRB", now.astimezone(zone).year)
    problem = RecurringProblem(
        ref=ref,
        title=_require_title(session, title),
        cause=cause.strip(),
        workaround=workaround.strip(),
        opened_at=now,
        actor=actor,
        is_invented=is_invented,
    )
    session.add(problem)
    session.flush()
    return problem


def link(
    session: Session, ref: str, tickets: Sequence[str], *, now: datetime, actor: str
) -> dict[str, str | None]:
    """Puts tickets under a recurring problem: those that were not there, and the one that each stood under before.

    One that moves says so in its story. Raises NotFound.
    """
    problem = queries.get_recurring_problem(session, ref)
    linked: dict[str, str | None] = {}
    for each in tickets:
        ticket = queries.lock_ticket(session, each)
        if ticket.recurring_problem_id == problem.id:
            continue
        before = queries.find_problem_of(session, ticket)
        linked[each] = before.ref if before else None
        values: dict[str, object] = {"recurring_problem": ref}
        if before:
            values["before"] = before.ref
        ticket.recurring_problem_id = problem.id
        session.add(ticket)
        record_event(session, ticket, "link", at=now, now=now, actor=actor, values=values)
    return linked


def change_problem(session: Session, ref: str, changes: Mapping[str, object]) -> dict[str, object]:
    """Puts `title`, `cause`, `workaround` or `solved_at` right; what stood there where something changed.

    Raises NotFound, InputError for an empty title, Conflict for that of another problem.
    """
    problem = queries.get_recurring_problem(session, ref)
    said = {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
    if said.get("title", problem.title) != problem.title:
        _require_title(session, str(said["title"]))
    before = {name: getattr(problem, name) for name, value in said.items() if getattr(problem, name) != value}
    problem.sqlmodel_update(said)
    session.add(problem)
    session.flush()
    return before


def unlink(session: Session, ref: str, tickets: Sequence[str], *, now: datetime, actor: str) -> None:
    """Takes tickets out from under a recurring problem; their stories say so. Raises NotFound, Conflict."""
    problem = queries.get_recurring_problem(session, ref)
    for each in tickets:
        ticket = queries.lock_ticket(session, each)
        if ticket.recurring_problem_id != problem.id:
            raise Conflict(f"工单 {each} 没有归入 {ref}", hint=f"运行 eduops ticket show {each} 查看")
        ticket.recurring_problem_id = None
        session.add(ticket)
        values = {"recurring_problem": ref}
        record_event(session, ticket, "unlink", at=now, now=now, actor=actor, values=values)


def _require_title(session: Session, title: str) -> str:
    if not title.strip():
        raise InputError("重复问题没有写内容", hint="写一句话说明")
    known = queries.find_problem_titled(session, title.strip())
    if known:
        raise Conflict(
            f"重复问题「{known.title}」已登记为 {known.ref}",
            hint=f"用 eduops ticket recurring link {known.ref} 工单编号 归入，或换一个说法",
        )
    return title.strip()


def analyse_period(
    session: Session, *, from_at: datetime | None, to_at: datetime | None, as_of: datetime
) -> list[Recurrence]:
    """What each recurring problem cost among the tickets reported within [from_at, to_at), the costliest first."""
    facts = {fact.ref: fact for fact in queries.load_facts(session, from_at=from_at, to_at=to_at)}
    linked = queries.list_linked_refs(session)
    found = []
    for problem, _ in queries.list_recurring_problems(session):
        chosen = [facts[ref] for ref in linked.get(problem.ref, ()) if ref in facts]
        if chosen:
            said = Problem(problem.ref, problem.title, problem.cause, problem.workaround, problem.solved_at)
            found.append(analyse(said, chosen, as_of=as_of))
    return sorted(found, key=lambda each: (-each.tickets, -each.minutes_lost, each.ref))
