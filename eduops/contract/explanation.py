"""What an explanation of a ticket says. Lengths are minutes, unrounded, so that every part goes into JSON as it is."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from eduops.contract.finding import Finding
from eduops.contract.schema import Weekday
from eduops.contract.stoppage import StoppageImpact
from eduops.contract.window import Minutes

Standing = Literal["judged", "exempt", "outside", "not_yet"]
SegmentKind = Literal["running", "stopped", "too_late"]


@dataclass(frozen=True, slots=True)
class DayFacts:
    """The day of the report as the contract sees it; `ranges` are the window in minutes of the local day."""

    on: date
    weekday: Weekday
    is_working_day: bool
    is_moved: bool
    is_provisional: bool
    changed_by: str | None
    schedule: str | None
    ranges: tuple[Minutes, ...]
    swapped_with: date | None
    swapped_by: str | None
    is_on_site: bool
    is_regime_provisional: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a clock: it ran, it was stopped and moved the deadline, or was to stop after the deadline."""

    kind: SegmentKind
    from_at: datetime
    to_at: datetime
    minutes: float
    added_minutes: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockStory:
    """One clock: what is elapsed less what was added is what counts against the limit."""

    clause: str
    rule: str
    is_agreed_deadline: bool
    started_at: datetime
    limit_minutes: float
    segments: tuple[Segment, ...]
    added_minutes: float
    due_at: datetime
    met_at: datetime | None
    elapsed_minutes: float
    counted_minutes: float
    is_missed: bool


@dataclass(frozen=True, slots=True)
class StoppageStory:
    """The ticket's outage inside the term, what approved windows cut from it, and the event that the rest is part of.

    `event` and what follows are None where nothing is left or the ticket is no stoppage.
    """

    impact: StoppageImpact
    from_at: datetime
    to_at: datetime
    is_open: bool
    minutes: float
    cut_minutes: float
    cause_counts: bool
    event: str | None = None
    joined_with: tuple[str, ...] = ()
    event_from_at: datetime | None = None
    event_to_at: datetime | None = None
    event_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class TicketExplanation:
    """Everything that led to a ticket's findings, as of an instant."""

    ref: str
    reported_at: datetime
    as_of: datetime
    standing: Standing
    day: DayFacts
    clocks: tuple[ClockStory, ...]
    stoppage: StoppageStory | None
    findings: tuple[Finding, ...]
