"""Stoppages: outages less approved windows, joined into events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from eduops.contract.fact import TicketFact
from eduops.contract.interval import Interval, clip, merge, subtract, total
from eduops.contract.resolution import find_resolution
from eduops.contract.scope import Scope

StoppageImpact = Literal["system", "department"]
# Which windows cut which stoppages: the whole platform at rest rests every department.
_CUT_BY: dict[StoppageImpact, tuple[str, ...]] = {
    "system": ("system",),
    "department": ("system", "department"),
}


@dataclass(frozen=True, slots=True)
class Stoppage:
    """What is left of one ticket's outage; a guess where its cause is unknown, open where it has no end yet."""

    ref: str
    left: tuple[Interval, ...]
    is_guess: bool
    is_open: bool

    @property
    def span(self) -> Interval:
        """From the first to the last instant that is left."""
        return self.left[0][0], self.left[-1][1]


@dataclass(frozen=True, slots=True)
class Event:
    """Stoppages that overlap or touch, named after the first; `left` has overlaps once."""

    stoppages: tuple[Stoppage, ...]
    left: tuple[Interval, ...]

    @property
    def ref(self) -> str:
        """The reference of the stoppage that starts first; of several, the smaller."""
        return self.stoppages[0].ref

    @property
    def start_at(self) -> datetime:
        """The first instant that is left."""
        return self.left[0][0]

    @property
    def end_at(self) -> datetime:
        """The last instant that is left."""
        return self.left[-1][1]

    @property
    def lasted_for(self) -> timedelta:
        """All time that is left."""
        return total(self.left)

    @property
    def is_open(self) -> bool:
        """Whether it is still going on."""
        return any(each.is_open and each.span[1] == self.end_at for each in self.stoppages)

    @property
    def is_guess(self) -> bool:
        """Whether the cause of any part of it is unknown."""
        return any(each.is_guess for each in self.stoppages)

    def reached_at(self, length: timedelta) -> datetime:
        """The instant at which it had lasted so long, holes left out."""
        for start, end in self.left:
            if end - start >= length:
                return start + length
            length -= end - start
        return self.end_at


def list_events(scope: Scope, tickets: Sequence[TicketFact], impact: StoppageImpact) -> list[Event]:
    """The events of one impact over the whole term as of the scope's instant, in order."""
    windows = list_windows(tickets, impact, scope.as_of)
    stoppages = [
        stoppage
        for ticket in tickets
        if ticket.impact == impact and (stoppage := _find_stoppage(scope, ticket, windows)) is not None
    ]
    return _join(sorted(stoppages, key=lambda each: (each.span[0], each.ref)))


def find_outage(ticket: TicketFact, as_of: datetime) -> tuple[Interval, bool] | None:
    """A ticket's outage known as of an instant and whether it is still open; None before it begins."""
    start = ticket.outage_start or (ticket.planned_from if ticket.planned else None) or ticket.reported_at
    if start > as_of:
        return None
    # An end that is written but lies later is not replaced by a default: the outage is still open.
    end = (
        ticket.outage_end or (ticket.planned_to if ticket.planned else None) or find_resolution(ticket, as_of)
    )
    if end is None or end > as_of:
        return (start, as_of), True
    return (start, end), False


def _find_stoppage(scope: Scope, ticket: TicketFact, windows: list[Interval]) -> Stoppage | None:
    is_stoppage = ticket.cause in ("software", "unknown") and (ticket.kind == "incident" or ticket.planned)
    if not is_stoppage or not scope.term_from_at <= ticket.reported_at < scope.term_to_at:
        return None
    outage = find_outage(ticket, scope.as_of) if ticket.reported_at <= scope.as_of else None
    if outage is None:
        return None
    interval, is_open = outage
    left = [
        part
        for inside in clip([interval], (scope.term_from_at, scope.cut_as_of))
        for part in subtract(inside, windows)
    ]
    if not left:
        return None
    # A window over its last minutes ends what counts of it, whatever goes on behind.
    still_open = is_open and left[-1][1] == scope.cut_as_of
    return Stoppage(ticket.ref, tuple(left), ticket.cause == "unknown", still_open)


def list_windows(tickets: Sequence[TicketFact], impact: StoppageImpact, as_of: datetime) -> list[Interval]:
    """The approved windows that cut stoppages of an impact, wherever in time their tickets were reported."""
    windows = []
    for ticket in tickets:
        if ticket.planned and ticket.planned_approved_by and ticket.impact in _CUT_BY[impact]:
            window = _find_window(ticket, as_of)
            if window is not None:
                windows.append(window)
    return merge(windows)


def _find_window(ticket: TicketFact, as_of: datetime) -> Interval | None:
    if ticket.reported_at > as_of:
        return None
    start = ticket.planned_from or ticket.outage_start or ticket.reported_at
    end = ticket.planned_to or ticket.outage_end or find_resolution(ticket, as_of) or as_of
    return start, end


def _join(stoppages: list[Stoppage]) -> list[Event]:
    groups: list[list[Stoppage]] = []
    last_at: datetime | None = None
    for stoppage in stoppages:
        start, end = stoppage.span
        if last_at is None or start > last_at:
            groups.append([])
            last_at = end
        groups[-1].append(stoppage)
        last_at = max(last_at, end)
    return [
        Event(tuple(group), tuple(merge(part for each in group for part in each.left))) for group in groups
    ]
