"""One ticket explained: its day, its clocks piece by piece, the stoppage it takes part in, what was found."""

from collections.abc import Sequence
from datetime import datetime

from eduops.contract.deadline import list_exclusions
from eduops.contract.explain_absence import describe_plan, describe_resolution, list_absences
from eduops.contract.explain_stoppage import describe_stoppage, find_event
from eduops.contract.explanation import (
    Absence,
    ClockStory,
    DayFacts,
    Segment,
    Standing,
    TicketExplanation,
)
from eduops.contract.fact import TicketFact
from eduops.contract.finding import Finding, sort_findings, to_minutes
from eduops.contract.interval import Interval, clip, total
from eduops.contract.resolution import list_resolved_stretches
from eduops.contract.schema import WEEKDAYS, Contract
from eduops.contract.scope import Scope
from eduops.contract.stoppage import Event, list_events
from eduops.contract.stoppage_rule import judge_stoppages
from eduops.contract.ticket_clock import (
    Clock,
    TicketLimits,
    add_resolved_time,
    find_agreed_deadline,
    is_exempt,
    list_clocks,
)
from eduops.contract.ticket_rule import judge_tickets
from eduops.contract.working_day import is_usual_working_day


def explain_ticket(
    contract: Contract, ticket: TicketFact, *, as_of: datetime, others: Sequence[TicketFact] = ()
) -> TicketExplanation:
    """Why a ticket is judged as it is as of an instant (aware).

    `others` are the contract's other tickets, whose windows cut and whose stoppages join; the ticket itself may be
    among them.
    """
    scope = Scope(contract, contract.term.start, contract.term.end_on, as_of)
    tickets = [ticket, *(each for each in others if each.ref != ticket.ref)]
    standing = _find_standing(scope, ticket)
    limits = TicketLimits.of(scope.rules, contract.policy)
    is_judged = standing == "judged"
    events = list_events(scope, tickets, ticket.impact) if ticket.impact != "limited" else []
    return TicketExplanation(
        ref=ticket.ref,
        reported_at=ticket.reported_at,
        as_of=as_of,
        standing=standing,
        planned_approved_by=ticket.planned_approved_by if is_exempt(ticket) else None,
        day=_describe_day(scope, ticket.reported_at),
        resolution=describe_resolution(ticket, as_of),
        plan=describe_plan(limits, ticket, as_of) if is_judged else None,
        clocks=_list_stories(scope, limits, ticket) if is_judged else (),
        absences=_list_absences(scope, limits, ticket) if is_judged else (),
        stoppage=describe_stoppage(scope, ticket, tickets, events),
        findings=_list_findings(scope, ticket, tickets, find_event(events, ticket.ref)),
    )


def _find_standing(scope: Scope, ticket: TicketFact) -> Standing:
    if ticket.reported_at > scope.as_of:
        return "not_yet"
    if not scope.term_from_at <= ticket.reported_at < scope.term_to_at:
        return "outside"
    return "exempt" if is_exempt(ticket) else "judged"


def _describe_day(scope: Scope, reported_at: datetime) -> DayFacts:
    day = reported_at.astimezone(scope.zone).date()
    changes = scope.contract.working_days
    is_working = scope.working_days.is_working_day(day)
    swap = next(
        (each for each in scope.contract.on_site_window.swaps if day in (each.on, each.off)),
        None,
    )
    return DayFacts(
        on=day,
        weekday=WEEKDAYS[day.weekday()],
        is_working_day=is_working,
        is_moved=is_working != is_usual_working_day(day),
        is_provisional=scope.working_days.is_provisional(day),
        changed_by=next((each.source for each in (*changes.add, *changes.remove) if each.on == day), None),
        schedule=next((each.source for each in changes.schedules if each.year == day.year), None),
        ranges=scope.on_site_hours.list_ranges(day),
        swapped_with=None if swap is None else swap.off if swap.on == day else swap.on,
        swapped_by=None if swap is None else swap.source,
        is_on_site=scope.on_site_hours.is_on_site(reported_at),
        is_regime_provisional=scope.on_site_hours.is_provisional(reported_at),
    )


def _list_absences(scope: Scope, limits: TicketLimits, ticket: TicketFact) -> tuple[Absence, ...]:
    is_on_site = scope.on_site_hours.is_on_site(ticket.reported_at)
    return list_absences(limits, ticket, is_on_site=is_on_site, as_of=scope.as_of)


def _list_stories(scope: Scope, limits: TicketLimits, ticket: TicketFact) -> tuple[ClockStory, ...]:
    is_on_site = scope.on_site_hours.is_on_site(ticket.reported_at)
    clocks = list_clocks(limits, ticket, is_on_site=is_on_site, as_of=scope.as_of)
    agreed = find_agreed_deadline(limits, ticket, scope.as_of)
    stories = []
    for clock in sorted(clocks, key=lambda each: (each.due_at, each.clause, each.rule)):
        stops = list_exclusions(ticket, scope.as_of)
        is_agreed = agreed is not None and clock.rule == "resolution"
        if clock.rule == "plan" or is_agreed:
            stops = []
        elif clock.rule == "resolution":
            stops = add_resolved_time(limits, ticket, stops, scope.as_of)
        stories.append(_tell(scope, ticket, clock, stops, is_agreed))
    return tuple(stories)


def _tell(
    scope: Scope, ticket: TicketFact, clock: Clock, stops: list[Interval], is_agreed: bool
) -> ClockStory:
    ended_at = clock.met_at or scope.as_of
    elapsed = ended_at - ticket.reported_at
    counts_open_time = scope.contract.policy.reopened == "open_time"
    segments = tuple(_cut_up(ticket, clock, stops, scope.as_of, counts_open_time=counts_open_time))
    # A wait after the limit was met moved the deadline, but nothing of what was used.
    stopped = [(each.from_at, each.to_at) for each in segments if each.kind == "stopped"]
    excluded = total(clip(stopped, (ticket.reported_at, ended_at)))
    return ClockStory(
        clause=clock.clause,
        rule=clock.rule,
        is_agreed_deadline=is_agreed,
        started_at=ticket.reported_at,
        limit_minutes=clock.limit_minutes,
        segments=segments,
        added_minutes=to_minutes(clock.added),
        due_at=clock.due_at,
        met_at=clock.met_at,
        elapsed_minutes=to_minutes(elapsed),
        excluded_minutes=to_minutes(excluded),
        counted_minutes=to_minutes(elapsed - excluded),
        is_missed=clock.is_missed(scope.as_of),
    )


def _cut_up(
    ticket: TicketFact, clock: Clock, stops: list[Interval], as_of: datetime, *, counts_open_time: bool
) -> list[Segment]:
    """The clock from the report to its deadline; what it ran adds up to the limit, the stops to what was added."""
    segments: list[Segment] = []
    position = ticket.reported_at
    for start, end in stops:
        reasons = _list_reasons(ticket, clock, (start, end), as_of, counts_open_time=counts_open_time)
        minutes = to_minutes(end - start)
        if start >= clock.due_at:
            segments.append(Segment("too_late", start, end, minutes, 0.0, reasons))
            continue
        if start > position:
            segments.append(_run(position, start))
        segments.append(Segment("stopped", start, end, minutes, minutes, reasons))
        position = end
    if position < clock.due_at:
        segments.append(_run(position, clock.due_at))
    return sorted(segments, key=lambda each: each.from_at)


def _run(start: datetime, end: datetime) -> Segment:
    return Segment("running", start, end, to_minutes(end - start), 0.0)


def _list_reasons(
    ticket: TicketFact, clock: Clock, stop: Interval, as_of: datetime, *, counts_open_time: bool
) -> tuple[str, ...]:
    """Why a merged stop stopped: every 等待甲方 inside it, and the time that the ticket stood resolved."""
    start, end = stop
    reasons = [
        f"等待甲方：{each.reason}（{each.agreed_by}同意）"
        for each in ticket.exclusions
        if each.from_at < end and min(each.to_at or as_of, as_of) > start
    ]
    if counts_open_time and clock.rule == "resolution" and clip(list_resolved_stretches(ticket, as_of), stop):
        reasons.append("已解决，到重开为止")
    return tuple(dict.fromkeys(reasons))


def _list_findings(
    scope: Scope, ticket: TicketFact, tickets: Sequence[TicketFact], event: Event | None
) -> tuple[Finding, ...]:
    """The ticket's own findings, its event's, and those of the months in which the event has minutes."""
    found = judge_tickets(scope, (ticket,))
    if event is not None:
        months = {
            month.label
            for month, bounds in zip(scope.months, scope.month_bounds, strict=True)
            if clip(event.left, bounds)
        }
        duty = f"{ticket.impact}_stoppages"
        clauses = {rule.clause for rule in scope.rules.values() if rule.duty in (duty, "stoppages_of_term")}
        found += [
            each
            for each in judge_stoppages(scope, tickets)
            if each.clause in clauses and (each.subject == event.ref or each.period in months)
        ]
    return sort_findings(found)
