"""The stoppage that a ticket takes part in: what was cut and joined, its number, what its months add up to."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from eduops.contract.clause_rule import ClauseRule
from eduops.contract.explanation import (
    Addend,
    CountStory,
    EventBrief,
    StoppagePart,
    StoppageStory,
    Stretch,
    SumStory,
)
from eduops.contract.fact import TicketFact
from eduops.contract.finding import to_minutes
from eduops.contract.interval import Interval, clip, total
from eduops.contract.period import Period, day_of, find_period
from eduops.contract.rule_book import Duty
from eduops.contract.scope import Scope
from eduops.contract.stoppage import Event, StoppageImpact, find_outage, list_windows
from eduops.contract.stoppage_rule import list_months_of

_DUTIES: dict[StoppageImpact, Duty] = {"system": "system_stoppages", "department": "department_stoppages"}


def describe_stoppage(
    scope: Scope, ticket: TicketFact, tickets: Sequence[TicketFact], events: Sequence[Event]
) -> StoppageStory | None:
    """What a ticket's outage comes to among the events of its impact; None where it has no outage inside the term."""
    if ticket.impact == "limited" or not (ticket.kind == "incident" or ticket.planned):
        return None
    inside, is_open = _find_inside(scope, ticket)
    if inside is None:
        return None
    windows = list_windows(tickets, ticket.impact, scope.as_of)
    cut = clip(windows, inside)
    story = StoppageStory(
        impact=ticket.impact,
        from_at=inside[0],
        to_at=inside[1],
        is_open=is_open,
        minutes=to_minutes(inside[1] - inside[0]),
        cut_minutes=to_minutes(total(cut)),
        cause_counts=ticket.cause in ("software", "unknown"),
        cut=_stretches(cut),
    )
    event = find_event(events, ticket.ref)
    if event is None:
        return story
    by_ref = {each.ref: each for each in tickets}
    parts = (_describe_part(scope, by_ref[each.ref], windows) for each in event.stoppages)
    return replace(
        story,
        event=event.ref,
        joined_with=tuple(each.ref for each in event.stoppages if each.ref != ticket.ref),
        event_from_at=event.start_at,
        event_to_at=event.end_at,
        event_minutes=to_minutes(event.lasted_for),
        parts=tuple(part for part in parts if part),
        counts=tuple(_list_counts(scope, ticket.impact, events, event)),
        sums=tuple(_list_sums(scope, ticket.impact, events, event)),
    )


def find_event(events: Iterable[Event], ref: str) -> Event | None:
    """The event that a ticket's stoppage is part of."""
    return next((each for each in events if any(part.ref == ref for part in each.stoppages)), None)


def _find_inside(scope: Scope, ticket: TicketFact) -> tuple[Interval | None, bool]:
    """A ticket's outage inside the term, and whether it goes on."""
    outage = find_outage(ticket, scope.as_of) if ticket.reported_at <= scope.as_of else None
    inside = clip([outage[0]], (scope.term_from_at, scope.cut_as_of)) if outage else []
    return (inside[0] if inside else None), bool(outage and outage[1])


def _describe_part(scope: Scope, ticket: TicketFact, windows: Sequence[Interval]) -> StoppagePart | None:
    inside, is_open = _find_inside(scope, ticket)
    if inside is None:
        return None
    cut = clip(windows, inside)
    left = to_minutes(inside[1] - inside[0] - total(cut))
    return StoppagePart(ticket.ref, *inside, is_open, _stretches(cut), left)


def _list_counts(
    scope: Scope, impact: StoppageImpact, events: Sequence[Event], event: Event
) -> Iterable[CountStory]:
    """Which one of its year, month and term the event is, with those that came before it."""
    counted: list[tuple[Duty, str, tuple[Period, ...]]] = [
        (_DUTIES[impact], "year_count", scope.years),
        (_DUTIES[impact], "month_count", scope.months),
    ]
    if impact == "system":
        counted.append(("stoppages_of_term", "contract_count", ()))
    so_far = events[: events.index(event) + 1]
    for duty, name, periods in counted:
        rule = scope.find_rule(duty, name)
        if rule is not None:
            period = find_period(periods, day_of(event.start_at, scope.zone))
            within = [
                each for each in so_far if period is None or period.has_day(day_of(each.start_at, scope.zone))
            ]
            yield _count(rule, period, within)


def _count(rule: ClauseRule, period: Period | None, events: Iterable[Event]) -> CountStory:
    return CountStory(
        clause=rule.clause,
        rule=rule.name,
        period=period.label if period else None,
        limit=float(rule.figures["count"]),
        events=tuple(
            EventBrief(each.ref, each.start_at, each.end_at, to_minutes(each.lasted_for)) for each in events
        ),
    )


def _list_sums(
    scope: Scope, impact: StoppageImpact, events: Sequence[Event], event: Event
) -> Iterable[SumStory]:
    """The sum of each month in which the event has minutes, with what every event adds to it."""
    rule = scope.find_rule(_DUTIES[impact], "month_minutes")
    for number in list_months_of(scope, event) if rule else ():
        bounds = scope.month_bounds[number]
        inside = [(each, clip(each.left, bounds)) for each in events]
        assert rule is not None  # noqa: S101 - else there is nothing to walk
        yield SumStory(
            clause=rule.clause,
            month=scope.months[number].label,
            limit_minutes=float(rule.figures["minutes"]),
            minutes=to_minutes(sum((total(left) for _, left in inside), timedelta())),
            addends=tuple(
                Addend(each.ref, _stretches(left), to_minutes(total(left)), total(left) != each.lasted_for)
                for each, left in inside
                if left
            ),
        )


def _stretches(intervals: Iterable[Interval]) -> tuple[Stretch, ...]:
    return tuple(Stretch(start, end, to_minutes(end - start)) for start, end in intervals)
