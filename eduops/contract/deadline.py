"""Limits and what moves them: wall-clock time, stopped only by exclusions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from eduops.contract.fact import TicketFact
from eduops.contract.interval import Interval, merge


def list_exclusions(ticket: TicketFact, as_of: datetime) -> list[Interval]:
    """The ticket's exclusions known as of an instant: merged, none before the report, open ones up to as-of."""
    if not ticket.exclusions:
        return []
    return merge(
        (
            max(item.from_at, ticket.reported_at),
            as_of if item.to_at is None or item.to_at > as_of else item.to_at,
        )
        for item in ticket.exclusions
        if item.from_at <= as_of
    )


def extend(due_at: datetime, stops: Sequence[Interval]) -> tuple[datetime, timedelta]:
    """A deadline moved by merged stops, and by how much; one that begins at or after it changes nothing."""
    added = timedelta()
    for start, end in stops:
        if start >= due_at + added:
            break
        added += end - start
    return due_at + added, added
