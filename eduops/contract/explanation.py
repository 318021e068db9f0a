"""What an explanation of a ticket says. Lengths are minutes, unrounded, so that every part goes into JSON as it is."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from eduops.contract.finding import Finding
from eduops.contract.schema import Weekday
from eduops.contract.stoppage import StoppageImpact
from eduops.contract.window import Minutes

Standing = Literal["judged", "exempt", "outside", "not_yet"]
AbsenceReason = Literal["kind", "on_site", "remote", "resolved", "agreed_deadline"]
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
    """One clock: what is elapsed less what of it was excluded is what counts against the limit."""

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
    excluded_minutes: float
    counted_minutes: float
    is_missed: bool


@dataclass(frozen=True, slots=True)
class Absence:
    """A limit that does not run on the ticket: `by` who agreed, `at` when it was resolved, `due_at` what it met."""

    clause: str
    rule: str
    reason: AbsenceReason
    by: str | None
    at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlanStory:
    """The written plan, and whether its deadline judges the resolution in the place of the limit."""

    submitted_at: datetime
    department_approved_at: datetime | None
    management_approved_at: datetime | None
    deadline: datetime | None
    moves_limit: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """One reopening, and when it was resolved again."""

    reopened_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class ResolutionStory:
    """The first resolution, the reopenings after it, and the resolution that stands."""

    first_at: datetime | None
    reopened: tuple[Turn, ...]
    stands_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time."""

    from_at: datetime
    to_at: datetime
    minutes: float


@dataclass(frozen=True, slots=True)
class StoppagePart:
    """One ticket's outage in an event: what approved windows cut out of it, and the minutes that are left."""

    ref: str
    from_at: datetime
    to_at: datetime
    is_open: bool
    cut: tuple[Stretch, ...]
    left_minutes: float


@dataclass(frozen=True, slots=True)
class EventBrief:
    """An event that was counted."""

    ref: str
    start_at: datetime
    end_at: datetime
    minutes: float


@dataclass(frozen=True, slots=True)
class CountStory:
    """The events of a year, month (`period`) or term up to this one, which is the last of them."""

    clause: str
    rule: str
    period: str | None
    limit: float
    events: tuple[EventBrief, ...]


@dataclass(frozen=True, slots=True)
class Addend:
    """What an event adds to a month: only a part of it where it reaches over the month's end."""

    ref: str
    stretches: tuple[Stretch, ...]
    minutes: float
    is_part: bool


@dataclass(frozen=True, slots=True)
class SumStory:
    """A month's minutes and what they are made of."""

    clause: str
    month: str
    limit_minutes: float
    minutes: float
    addends: tuple[Addend, ...]


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
    cut: tuple[Stretch, ...] = ()
    event: str | None = None
    joined_with: tuple[str, ...] = ()
    event_from_at: datetime | None = None
    event_to_at: datetime | None = None
    event_minutes: float | None = None
    parts: tuple[StoppagePart, ...] = ()
    counts: tuple[CountStory, ...] = ()
    sums: tuple[SumStory, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketExplanation:
    """Everything that led to a ticket's findings, as of an instant."""

    ref: str
    reported_at: datetime
    as_of: datetime
    standing: Standing
    planned_approved_by: str | None
    day: DayFacts
    resolution: ResolutionStory
    plan: PlanStory | None
    clocks: tuple[ClockStory, ...]
    absences: tuple[Absence, ...]
    stoppage: StoppageStory | None
    findings: tuple[Finding, ...]
