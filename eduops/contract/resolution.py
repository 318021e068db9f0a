"""When a ticket stood resolved, through its reopenings."""

from datetime import datetime

from eduops.contract.fact import TicketFact
from eduops.contract.interval import Interval


def find_resolution(ticket: TicketFact, as_of: datetime) -> datetime | None:
    """The resolution that stands as of an instant; None while the ticket is unresolved or open again."""
    resolved_at = ticket.resolved_at
    if resolved_at is None or resolved_at > as_of:
        return None
    for reopening in ticket.reopened:
        if reopening.reopened_at > as_of:
            break
        resolved_at = reopening.resolved_at
        if resolved_at is None or resolved_at > as_of:
            return None
    return resolved_at


def list_resolved_stretches(ticket: TicketFact, as_of: datetime) -> list[Interval]:
    """The stretches in which the ticket stood resolved before it was opened again, as known as of an instant."""
    stretches: list[Interval] = []
    resolved_at = ticket.resolved_at
    for reopening in ticket.reopened:
        if resolved_at is None or reopening.reopened_at > as_of:
            break
        stretches.append((resolved_at, reopening.reopened_at))
        resolved_at = reopening.resolved_at
    return stretches
