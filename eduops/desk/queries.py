"""What is asked of the desk: tickets, their events, and the facts that the contract's rules judge."""

from collections import defaultdict
from datetime import datetime
from typing import cast

from sqlmodel import Session, col, select

from eduops.contract.fact import Cause, Exclusion, Impact, Kind, TicketFact
from eduops.core.errors import NotFound
from eduops.desk.models import Ticket, TicketEvent, TicketExclusion


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
    """Tickets reported within [from_at, to_at), oldest first."""
    statement = select(Ticket).order_by(col(Ticket.reported_at), col(Ticket.ref))
    if from_at:
        statement = statement.where(Ticket.reported_at >= from_at)
    if to_at:
        statement = statement.where(Ticket.reported_at < to_at)
    if open_only:
        statement = statement.where(col(Ticket.resolved_at).is_(None))
    return list(session.exec(statement))


def list_events(session: Session, ticket: Ticket) -> list[TicketEvent]:
    """A ticket's steps in the order in which they happened."""
    statement = select(TicketEvent).where(TicketEvent.ticket_id == ticket.id)
    return list(session.exec(statement.order_by(col(TicketEvent.happened_at), col(TicketEvent.id))))


def find_open_wait(session: Session, ticket: Ticket) -> TicketExclusion | None:
    """The wait for the customer that has not ended."""
    statement = select(TicketExclusion).where(
        TicketExclusion.ticket_id == ticket.id, col(TicketExclusion.to_at).is_(None)
    )
    return session.exec(statement).first()


def load_facts(
    session: Session, *, from_at: datetime | None = None, to_at: datetime | None = None
) -> tuple[TicketFact, ...]:
    """Tickets reported within [from_at, to_at) as the contract's rules read them."""
    tickets = list_tickets(session, from_at=from_at, to_at=to_at)
    waits: dict[int, list[Exclusion]] = defaultdict(list)
    for wait in session.exec(select(TicketExclusion).order_by(col(TicketExclusion.from_at))):
        waits[wait.ticket_id].append(Exclusion(wait.from_at, wait.to_at, wait.reason, wait.agreed_by))
    return tuple(_fact(ticket, tuple(waits[ticket.id])) for ticket in tickets)


def _fact(ticket: Ticket, exclusions: tuple[Exclusion, ...]) -> TicketFact:
    return TicketFact(
        ref=ticket.ref,
        reported_at=ticket.reported_at,
        kind=cast(Kind, ticket.kind),
        title=ticket.title,
        impact=cast(Impact, ticket.impact),
        cause=cast(Cause, ticket.cause),
        department=ticket.department,
        channel=ticket.channel,
        reporter=ticket.reporter,
        responded_at=ticket.responded_at,
        arrived_at=ticket.arrived_at,
        resolved_at=ticket.resolved_at,
        closed_at=ticket.closed_at,
        remote_agreed_by=ticket.remote_agreed_by,
        exclusions=exclusions,
    )
