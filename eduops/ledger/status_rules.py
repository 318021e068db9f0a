"""How things stand at an instant: which clocks run, what is left of the month's and the year's stoppages. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from eduops.contract.clause_rule import ClauseRule
from eduops.contract.fact import TicketFact
from eduops.contract.finding import to_minutes
from eduops.contract.interval import clip, total
from eduops.contract.period import Period, day_of, find_period, start_of
from eduops.contract.resolution import find_resolution
from eduops.contract.schema import Contract
from eduops.contract.scope import Scope
from eduops.contract.stoppage import Event, StoppageImpact, list_events
from eduops.contract.ticket_clock import (
    Clock,
    TicketLimits,
    find_agreed_deadline,
    is_exempt,
    list_clocks,
)

Level = Literal["missed", "soon", "fine", "paused"]

_SOON_FOR = timedelta(minutes=10)
_STOPPAGES: tuple[tuple[StoppageImpact, Literal["system_stoppages", "department_stoppages"]], ...] = (
    ("system", "system_stoppages"),
    ("department", "department_stoppages"),
)


@dataclass(frozen=True, slots=True)
class RunningClock:
    """One limit not met yet; `left` is negative once it is missed, and stands still while `level` is paused."""

    clause: str
    rule: str
    due_at: datetime
    left: timedelta
    limit_minutes: float
    level: Level


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket that is not resolved, with its clocks, the least time left first; none where nothing is due."""

    fact: TicketFact
    clocks: tuple[RunningClock, ...]
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a limit on stoppages leaves of a period: used and limit in `unit`, of which some rest on a guess."""

    clause: str
    rule: str
    impact: StoppageImpact
    period: str | None
    used: float
    limit: float
    unit: Literal["minutes", "count"]
    is_provisional: bool
    must_stay_below: bool = False
    """Whether the limit itself is too much already (setting `month_downtime`)."""

    @property
    def left(self) -> float:
        """How much may still happen; negative where more happened than may."""
        return self.limit - self.used

    @property
    def is_passed(self) -> bool:
        """Whether the contract's limit is passed."""
        return self.left <= 0 if self.must_stay_below else self.left < 0


@dataclass(frozen=True, slots=True)
class OpenStoppage:
    """A stoppage that is still going on: how long it has lasted and how long it may."""

    ref: str
    clause: str
    impact: StoppageImpact
    start_at: datetime
    lasted_minutes: float
    limit_minutes: float


def list_open_tickets(contract: Contract, tickets: Iterable[TicketFact], now: datetime) -> list[OpenTicket]:
    """The tickets open at an instant: running clocks first, by which runs out first; then paused, then the rest."""
    scope = _scope(contract, now)
    limits = TicketLimits.of(scope.rules, contract.policy)
    found = [
        _look_at(scope, limits, ticket)
        for ticket in tickets
        if ticket.reported_at <= now and find_resolution(ticket, now) is None and not _is_closed(ticket, now)
    ]
    return sorted(found, key=_urgency)


def _is_closed(ticket: TicketFact, now: datetime) -> bool:
    return ticket.closed_at is not None and ticket.closed_at <= now and not ticket.reopened


def _urgency(ticket: OpenTicket) -> tuple[bool, bool, datetime, str]:
    first = ticket.clocks[0] if ticket.clocks else None
    due_at = first.due_at if first else ticket.fact.reported_at
    return first is None, first is not None and first.level == "paused", due_at, ticket.fact.ref


def _look_at(scope: Scope, limits: TicketLimits, ticket: TicketFact) -> OpenTicket:
    now = scope.as_of
    wait = next((each for each in ticket.exclusions if _is_running(each.from_at, each.to_at, now)), None)
    clocks: list[RunningClock] = []
    if scope.term_from_at <= ticket.reported_at < scope.term_to_at and not is_exempt(ticket):
        is_on_site = scope.on_site_hours.is_on_site(ticket.reported_at)
        open_ = [
            each
            for each in list_clocks(limits, ticket, is_on_site=is_on_site, as_of=now)
            if each.met_at is None
        ]
        # A wait never moves a written plan's eight hours nor the deadline agreed in one.
        fixed = {"plan"} | ({"resolution"} if find_agreed_deadline(limits, ticket, now) else set())
        clocks = [_run(each, now, is_paused=wait is not None and each.rule not in fixed) for each in open_]
    clocks.sort(key=lambda clock: (clock.left, clock.rule, clock.clause))
    return OpenTicket(ticket, tuple(clocks), wait.from_at if wait else None)


def _is_running(from_at: datetime, to_at: datetime | None, now: datetime) -> bool:
    return from_at <= now and (to_at is None or to_at > now)


def _run(clock: Clock, now: datetime, *, is_paused: bool) -> RunningClock:
    left = clock.due_at - now
    level: Level = "fine"
    if left < timedelta():
        level = "missed"
    elif is_paused:
        level = "paused"
    elif left < max(_SOON_FOR, clock.limit / 2):
        level = "soon"
    return RunningClock(clock.clause, clock.rule, clock.due_at, left, clock.limit_minutes, level)


def list_budgets(contract: Contract, tickets: Sequence[TicketFact], now: datetime) -> list[Budget]:
    """What the contract's limits on stoppages leave of the present month, year and term; none outside the term."""
    scope = _scope(contract, now)
    day = day_of(now, scope.zone)
    month, year = find_period(scope.months, day), find_period(scope.years, day)
    if month is None or year is None:
        return []
    budgets: list[Budget] = []
    for impact, duty in _STOPPAGES:
        events = list_events(scope, tickets, impact)
        for name, period in (("year_count", year), ("month_count", month)):
            rule = scope.find_rule(duty, name)
            if rule:
                budgets.append(_count(scope, rule, impact, events, period))
        rule = scope.find_rule(duty, "month_minutes")
        if rule:
            budgets.append(_sum_minutes(scope, rule, impact, events, month))
        rule = scope.find_rule("stoppages_of_term", "contract_count")
        if impact == "system" and rule:
            budgets.append(_count(scope, rule, impact, events, None))
    return budgets


def _count(
    scope: Scope, rule: ClauseRule, impact: StoppageImpact, events: Iterable[Event], period: Period | None
) -> Budget:
    within = [
        event for event in events if period is None or period.has_day(day_of(event.start_at, scope.zone))
    ]
    return Budget(
        rule.clause,
        rule.name,
        impact,
        period.label if period else None,
        float(len(within)),
        float(rule.figures["count"]),
        "count",
        any(event.is_guess for event in within),
    )


def _sum_minutes(
    scope: Scope, rule: ClauseRule, impact: StoppageImpact, events: Iterable[Event], month: Period
) -> Budget:
    bounds = (start_of(month.start_on, scope.zone), start_of(month.end_on, scope.zone))
    within = [(event, clip(event.left, bounds)) for event in events]
    used = sum((total(left) for _, left in within), timedelta())
    return Budget(
        rule.clause,
        rule.name,
        impact,
        month.label,
        to_minutes(used),
        float(rule.figures["minutes"]),
        "minutes",
        any(event.is_guess for event, left in within if left),
        scope.contract.policy.month_downtime == "less_than",
    )


def list_open_stoppages(
    contract: Contract, tickets: Sequence[TicketFact], now: datetime
) -> Iterator[OpenStoppage]:
    """The stoppages that are going on at an instant, against how long one may last."""
    scope = _scope(contract, now)
    for impact, duty in _STOPPAGES:
        rule = scope.find_rule(duty, "recovery")
        for event in list_events(scope, tickets, impact) if rule else ():
            if rule and event.is_open:
                yield OpenStoppage(
                    event.ref,
                    rule.clause,
                    impact,
                    event.start_at,
                    to_minutes(event.lasted_for),
                    float(rule.figures["minutes"]),
                )


def _scope(contract: Contract, now: datetime) -> Scope:
    day: date = day_of(now, contract.zone_info)
    return Scope(contract, day, day, now)
