"""Tickets judged: response, arrival, resolution, plan."""

from collections.abc import Iterable
from datetime import date, datetime

from eduops.contract.fact import TicketFact
from eduops.contract.finding import (
    Finding,
    build_finding,
    render_length,
    render_local,
    render_number,
    to_minutes,
)
from eduops.contract.period import day_of
from eduops.contract.resolution import find_resolution
from eduops.contract.scope import Scope
from eduops.contract.ticket_clock import Clock, TicketLimits, is_exempt, list_clocks

VERBS = {"response": "响应", "arrival": "到达现场", "resolution": "排除故障", "plan": "提交书面方案"}


def judge_tickets(scope: Scope, tickets: Iterable[TicketFact]) -> list[Finding]:
    """The findings of the tickets reported on the days asked for."""
    limits = TicketLimits.of(scope.rules, scope.contract.policy)
    low, high = max(scope.from_at, scope.term_from_at), min(scope.to_at, scope.term_to_at)
    findings: list[Finding] = []
    as_of, hours = scope.as_of, scope.on_site_hours
    for ticket in tickets:
        if low <= ticket.reported_at < high and ticket.reported_at <= as_of and not is_exempt(ticket):
            is_on_site = hours.is_on_site(ticket.reported_at)
            clocks = list_clocks(limits, ticket, is_on_site=is_on_site, as_of=as_of)
            missed = [clock for clock in clocks if clock.is_missed(as_of)]
            if missed:
                findings += _build_findings(scope, ticket, missed)
    return findings


def has_provisional_regime(scope: Scope, tickets: Iterable[TicketFact]) -> bool:
    """Whether the regime of any ticket in the answer rests on a year whose schedule is not out."""
    if not scope.has_unknown_years:
        return False
    low, high = max(scope.from_at, scope.term_from_at), min(scope.to_at, scope.term_to_at)
    return any(
        low <= ticket.reported_at < high
        and ticket.reported_at <= scope.as_of
        and not is_exempt(ticket)
        and scope.on_site_hours.is_provisional(ticket.reported_at)
        for ticket in tickets
    )


def _build_findings(scope: Scope, ticket: TicketFact, missed: list[Clock]) -> list[Finding]:
    day = day_of(ticket.reported_at, scope.zone)
    kept = [clock for clock in missed if clock.source.is_kept(day)]
    kept.sort(key=lambda clock: (clock.due_at, clock.rule))
    provisional = scope.has_unknown_years and scope.on_site_hours.is_provisional(ticket.reported_at)
    findings = []
    carried = False
    for clock in kept:
        is_breach = clock.source.consequence == "breach"
        counted = int(is_breach and not (carried and scope.contract.policy.counting == "one_per_ticket"))
        carried = carried or is_breach
        findings.append(_build_finding(scope, ticket, clock, counted, day, provisional))
    return findings


def _build_finding(
    scope: Scope, ticket: TicketFact, clock: Clock, counted: int, day: date, provisional: bool
) -> Finding:
    raw = (clock.met_at or scope.as_of) - ticket.reported_at
    return build_finding(
        scope,
        clock.source,
        on=day,
        subject=ticket.ref,
        due_at=clock.due_at,
        actual_at=clock.met_at,
        limit=clock.limit_minutes,
        actual=to_minutes(raw - clock.added),
        actual_raw=to_minutes(raw),
        unit="minutes",
        counted=counted,
        provisional=provisional,
        text=_render(scope, ticket, clock, counted),
    )


def _render(scope: Scope, ticket: TicketFact, clock: Clock, counted: int) -> str:
    moved = f"，另顺延 {render_length(clock.added)}" if clock.added else ""
    due = f"{_local(scope, clock.due_at)} 前{VERBS[clock.rule]}"
    return (
        f"{ticket.ref} 应于 {due}（限 {render_number(clock.limit_minutes)} 分钟{moved}），"
        f"{_render_outcome(scope, ticket, clock)}，未达到{clock.source.named}要求"
        + ("，计违约一次。" if counted else "。")
    )


def _render_outcome(scope: Scope, ticket: TicketFact, clock: Clock) -> str:
    """What happened instead; a ticket that was solved without it is not told as if somebody were still awaited."""
    verb = VERBS[clock.rule]
    if clock.met_at:
        return f"实际 {_local(scope, clock.met_at)}，迟 {render_length(clock.met_at - clock.due_at)}"
    solved_at = find_resolution(ticket, scope.as_of)
    if solved_at:
        return f"至 {_local(scope, solved_at)} 解决时没有{verb}"
    return f"截至 {_local(scope, scope.as_of)} 仍未{verb}，已超 {render_length(scope.as_of - clock.due_at)}"


def _local(scope: Scope, instant: datetime) -> str:
    return render_local(instant, scope.zone)
