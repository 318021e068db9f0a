"""What a recurring problem costs: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eduops.contract.fact import TicketFact

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A recurring problem over a period: its tickets, whom it hit, and the minutes from report to resolution."""

    ref: str
    title: str
    workaround: str
    tickets: int
    departments: tuple[str, ...]
    minutes_lost: float
    open_tickets: int
    refs: tuple[str, ...]


def analyse(
    ref: str, title: str, workaround: str, tickets: Sequence[TicketFact], *, as_of: datetime
) -> Recurrence:
    """The figures of a recurring problem's tickets; what is not resolved counts until `as_of`.

    A ticket that was reopened counts from its report to its last resolution.
    """
    ends = [_find_end(ticket) for ticket in tickets]
    lost = sum(
        (max((end or as_of) - ticket.reported_at, timedelta()) / _MINUTE)
        for ticket, end in zip(tickets, ends, strict=True)
    )
    return Recurrence(
        ref=ref,
        title=title,
        workaround=workaround,
        tickets=len(tickets),
        departments=tuple(sorted({ticket.department for ticket in tickets if ticket.department})),
        minutes_lost=round(lost, 1),
        open_tickets=sum(end is None for end in ends),
        refs=tuple(ticket.ref for ticket in tickets),
    )


def _find_end(ticket: TicketFact) -> datetime | None:
    return ticket.reopened[-1].resolved_at if ticket.reopened else ticket.resolved_at
