"""What is asked of the desk: tickets and their story, the facts that the contract's rules judge, surveys, corrections."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func
from sqlmodel import Session, col, select

from eduops.contract.fact import Exclusion, Plan, Reopening, SurveyFact, TicketFact
from eduops.core.errors import NotFound
from eduops.desk.models.quality import DataCorrection, Survey
from eduops.desk.models.ticket import (
    MaintenanceRecord,
    RecurringProblem,
    Ticket,
    TicketAttachment,
    TicketEvent,
    TicketExclusion,
    TicketReopening,
)

_BEFORE_PLAN = (
    *("id", "ref", "reported_at", "kind", "title", "impact", "cause", "department", "channel", "reporter"),
    *("responded_at", "arrived_at", "resolved_at", "closed_at", "remote_agreed_by", "planned"),
    *("planned_approved_by", "planned_from", "planned_to", "outage_start", "outage_end"),
)
_PLAN = ("submitted_at", "department_approved_at", "management_approved_at", "deadline")
FACT_COLUMNS = tuple(getattr(Ticket, name) for name in (*_BEFORE_PLAN, *(f"plan_{name}" for name in _PLAN)))
"""What a fact is made of: the ticket's id, the fields of TicketFact in their order, the plan's."""
_MOST_REFS = 500
"""How many references one statement asks for."""


def get_ticket(session: Session, ref: str) -> Ticket:
    """The ticket of that reference. Raises NotFound."""
    ticket = session.exec(select(Ticket).where(Ticket.ref == ref)).first()
    if ticket is None:
        raise NotFound(f"没有工单 {ref}", hint="运行 eduops ticket list 查看编号")
    return ticket


def lock_ticket(session: Session, ref: str) -> Ticket:
    """The ticket, held until the unit of work ends: a second engineer's step waits, then sees the first's."""
    session.exec(select(Ticket.id).where(Ticket.ref == ref).with_for_update()).first()
    return get_ticket(session, ref)


def list_tickets(
    session: Session,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    open_only: bool = False,
) -> list[Ticket]:
    """Tickets reported within [from_at, to_at), oldest first; `open_only`: those that do not stand resolved."""
    statement = select(Ticket).order_by(col(Ticket.reported_at), col(Ticket.ref))
    statement = _within(statement, from_at, to_at)
    if open_only:
        reopened = select(TicketReopening.ticket_id).where(col(TicketReopening.resolved_at).is_(None))
        statement = statement.where(col(Ticket.resolved_at).is_(None) | col(Ticket.id).in_(reopened))
    return list(session.exec(statement))


def list_events(session: Session, ticket: Ticket) -> list[TicketEvent]:
    """A ticket's steps in the order in which they happened."""
    statement = select(TicketEvent).where(TicketEvent.ticket_id == ticket.id)
    return list(session.exec(statement.order_by(col(TicketEvent.happened_at), col(TicketEvent.id))))


def list_exclusions(session: Session, ticket: Ticket) -> list[TicketExclusion]:
    """A ticket's waits for the customer in the order in which they were written down."""
    statement = select(TicketExclusion).where(TicketExclusion.ticket_id == ticket.id)
    return list(session.exec(statement.order_by(col(TicketExclusion.id))))


def list_reopenings(session: Session, ticket: Ticket) -> list[TicketReopening]:
    """A ticket's reopenings in their order."""
    statement = select(TicketReopening).where(TicketReopening.ticket_id == ticket.id)
    return list(session.exec(statement.order_by(col(TicketReopening.id))))


def find_open_wait(session: Session, ticket: Ticket) -> TicketExclusion | None:
    """The wait for the customer that has not ended."""
    return next((each for each in list_exclusions(session, ticket) if each.to_at is None), None)


def load_facts(
    session: Session, *, from_at: datetime | None = None, to_at: datetime | None = None
) -> tuple[TicketFact, ...]:
    """Tickets reported within [from_at, to_at) as the contract's rules read them, oldest first.

    Columns, not objects: 200,000 tickets are asked for at once.
    """
    wanted = _within(select(*FACT_COLUMNS), from_at, to_at)
    ids = _within(select(Ticket.id), from_at, to_at) if from_at or to_at else None
    return _load(session, wanted.order_by(col(Ticket.reported_at), col(Ticket.ref)), ids)


def get_fact(session: Session, ticket: Ticket) -> TicketFact:
    """One ticket as the contract's rules read it."""
    (fact,) = load_facts_of(session, [ticket.ref]).values()
    return fact


def load_facts_of(session: Session, refs: Sequence[str]) -> dict[str, TicketFact]:
    """The facts of those of the references that are known."""
    found: dict[str, TicketFact] = {}
    for start in range(0, len(refs), _MOST_REFS):
        chosen = col(Ticket.ref).in_(refs[start : start + _MOST_REFS])
        facts = _load(session, select(*FACT_COLUMNS).where(chosen), select(Ticket.id).where(chosen))
        found |= {fact.ref: fact for fact in facts}
    return found


def _within(statement: Any, from_at: datetime | None, to_at: datetime | None) -> Any:
    """Any: a statement keeps its own type, which SQLModel and SQLAlchemy name differently."""
    if from_at:
        statement = statement.where(col(Ticket.reported_at) >= from_at)
    if to_at:
        statement = statement.where(col(Ticket.reported_at) < to_at)
    return statement


def _load(session: Session, wanted: Select[Any], ids: Any) -> tuple[TicketFact, ...]:  # Any: rows of columns
    waits: dict[int, tuple[Exclusion, ...]] = defaultdict(tuple)
    for owner, *wait in _children(session, TicketExclusion, ("from_at", "to_at", "reason", "agreed_by"), ids):
        waits[owner] += (Exclusion(*wait),)
    reopened: dict[int, tuple[Reopening, ...]] = defaultdict(tuple)
    for owner, *again in _children(session, TicketReopening, ("reopened_at", "resolved_at"), ids):
        reopened[owner] += (Reopening(*again),)
    end = len(_BEFORE_PLAN)
    return tuple(
        # The columns stand in the order of the fact's fields; a test compares them.
        TicketFact(  # type: ignore[call-arg]
            *row[1:end],
            Plan(*row[end:]) if any(row[end:]) else None,
            waits.get(row[0], ()),
            reopened.get(row[0], ()),
        )
        for row in session.execute(wanted)
    )


def _children(session: Session, table: Any, names: Sequence[str], ids: Any) -> Iterator[Any]:
    """Rows that belong to tickets, in the order in which they were written. Any: rows of columns."""
    statement = select(table.ticket_id, *(getattr(table, name) for name in names)).order_by(table.id)
    return iter(session.execute(statement if ids is None else statement.where(table.ticket_id.in_(ids))))


def find_record(session: Session, ticket: Ticket) -> MaintenanceRecord | None:
    """The ticket's maintenance record."""
    return session.get(MaintenanceRecord, ticket.id)


def list_attachments(session: Session, ticket: Ticket) -> list[TicketAttachment]:
    """The files that belong to a ticket, by name."""
    statement = select(TicketAttachment).where(TicketAttachment.ticket_id == ticket.id)
    return list(session.exec(statement.order_by(col(TicketAttachment.name))))


def get_attachment(session: Session, ticket: Ticket, name: str) -> TicketAttachment:
    """A ticket's file by its name. Raises NotFound."""
    found = session.get(TicketAttachment, (ticket.id, name))
    if found is None:
        known = "、".join(each.name for each in list_attachments(session, ticket)) or "没有附件"
        raise NotFound(f"工单 {ticket.ref} 没有附件「{name}」", hint=f"现有：{known}")
    return found


def get_recurring_problem(session: Session, ref: str) -> RecurringProblem:
    """The recurring problem of that reference. Raises NotFound."""
    found = session.exec(select(RecurringProblem).where(RecurringProblem.ref == ref)).first()
    if found is None:
        raise NotFound(f"没有重复问题 {ref}", hint="运行 eduops ticket recurring list 查看编号")
    return found


def find_problem_titled(session: Session, title: str) -> RecurringProblem | None:
    """The recurring problem of exactly that title."""
    return session.exec(select(RecurringProblem).where(RecurringProblem.title == title)).first()


def find_problem_of(session: Session, ticket: Ticket) -> RecurringProblem | None:
    """The recurring problem that the ticket was put under."""
    if ticket.recurring_problem_id is None:
        return None
    return session.get(RecurringProblem, ticket.recurring_problem_id)


def list_recurring_problems(session: Session) -> list[tuple[RecurringProblem, int]]:
    """Every recurring problem with how many tickets it is behind."""
    count = func.count(col(Ticket.id))
    statement = (
        select(RecurringProblem, count)
        .outerjoin(Ticket, col(Ticket.recurring_problem_id) == col(RecurringProblem.id))
        .group_by(*RecurringProblem.__table__.columns)  # type: ignore[attr-defined]  # SQLModel hides the table
        .order_by(col(RecurringProblem.ref))
    )
    return [(problem, number) for problem, number in session.exec(statement)]


def list_linked_refs(session: Session) -> dict[str, list[str]]:
    """The references of the tickets under each recurring problem, by the problem's, oldest first."""
    statement = (
        select(RecurringProblem.ref, Ticket.ref)
        .join(Ticket, col(Ticket.recurring_problem_id) == col(RecurringProblem.id))
        .order_by(col(Ticket.reported_at), col(Ticket.ref))
    )
    linked: dict[str, list[str]] = defaultdict(list)
    for problem, ticket in session.exec(statement):
        linked[problem].append(ticket)
    return linked


def list_surveys(session: Session, *, from_on: date | None = None, to_on: date | None = None) -> list[Survey]:
    """Answers of the days [from_on, to_on), oldest first."""
    statement = select(Survey).order_by(col(Survey.answered_on), col(Survey.id))
    if from_on:
        statement = statement.where(Survey.answered_on >= from_on)
    if to_on:
        statement = statement.where(Survey.answered_on < to_on)
    return list(session.exec(statement))


def load_surveys(
    session: Session, *, from_on: date | None = None, to_on: date | None = None
) -> tuple[SurveyFact, ...]:
    """Answers of the days [from_on, to_on) as the contract's rules read them."""
    return tuple(
        SurveyFact(survey.answered_on, survey.score)
        for survey in list_surveys(session, from_on=from_on, to_on=to_on)
    )


def has_survey_file(session: Session, sha256: str) -> bool:
    """Whether surveys were imported from a file of that content."""
    return session.exec(select(Survey.id).where(Survey.source_sha256 == sha256)).first() is not None


def list_survey_batches(session: Session) -> list[list[Survey]]:
    """The answers that each earlier import wrote, oldest import first."""
    batches: dict[str, list[Survey]] = defaultdict(list)
    for survey in session.exec(select(Survey).where(Survey.source_sha256 != "").order_by(col(Survey.id))):
        batches[survey.source_sha256].append(survey)
    return list(batches.values())


def get_correction(session: Session, ref: str) -> DataCorrection:
    """The data correction of that reference. Raises NotFound."""
    statement = select(DataCorrection).where(DataCorrection.ref == ref).with_for_update()
    found = session.exec(statement).first()
    if found is None:
        raise NotFound(f"没有数据修正 {ref}", hint="运行 eduops correction list 查看编号")
    return found


def list_corrections(session: Session) -> list[DataCorrection]:
    """Every data correction, oldest first."""
    return list(session.exec(select(DataCorrection).order_by(col(DataCorrection.id))))
