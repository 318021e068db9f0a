"""Recurring problems: one known cause behind several tickets, and what they cost (clause 2.2)."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.core.errors import InputError
from eduops.desk import queries
from eduops.desk.models.ticket import RecurringProblem
from eduops.desk.rules.recurring import Recurrence, analyse
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
    """A new recurring problem. Raises InputError where it says nothing."""
    if not title.strip():
        raise InputError("重复问题没有写内容", hint="写一句话说明")
    problem = RecurringProblem(
        ref=counter.next_reference(session, "PRB", now.astimezone(zone).year),
        title=title.strip(),
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
) -> RecurringProblem:
    """Puts tickets under a recurring problem; one that stood under another moves, and its story says so.

    Raises NotFound.
    """
    problem = queries.get_recurring_problem(session, ref)
    for each in tickets:
        ticket = queries.lock_ticket(session, each)
        if ticket.recurring_problem_id == problem.id:
            continue
        values: dict[str, object] = {"recurring_problem": ref}
        if ticket.recurring_problem_id is not None:
            before = session.get(RecurringProblem, ticket.recurring_problem_id)
            values["before"] = before.ref if before else None
        ticket.recurring_problem_id = problem.id
        session.add(ticket)
        record_event(session, ticket, "link", at=now, now=now, actor=actor, values=values)
    return problem


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
            found.append(analyse(problem.ref, problem.title, problem.workaround, chosen, as_of=as_of))
    return sorted(found, key=lambda each: (-each.tickets, -each.minutes_lost, each.ref))
