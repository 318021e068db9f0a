"""Clauses 2.5, 2.6 and 4.1: how long each stoppage lasted, how many there were, how many minutes a month."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from eduops.contract.fact import TicketFact
from eduops.contract.finding import (
    Finding,
    build_finding,
    render_length,
    render_local,
    render_number,
    to_minutes,
)
from eduops.contract.interval import clip, total
from eduops.contract.period import Period, day_of, find_period, start_of
from eduops.contract.scope import Scope
from eduops.contract.stoppage import Event, list_events

_COUNTS = {"year_count": "本年度", "month_count": "本月", "contract_count": "合同期内"}
_NAMES = {"2.5": "系统非计划停机", "2.6": "部门级业务影响", "4.1": "系统非计划停机"}


@dataclass(frozen=True, slots=True)
class _Ordinal:
    """An event's number in a stretch, and whether it rests on a guess: its own or one counted before it."""

    number: int
    is_guess: bool


def judge_stoppages(scope: Scope, tickets: Sequence[TicketFact]) -> list[Finding]:
    """The findings of 2.5, 2.6 and 4.1 whose day lies in the days asked for."""
    system = list_events(scope, tickets, "system")
    own = _judge_events(scope, "2.5", system, ("recovery", "year_count"))
    findings = [finding for each in own for finding in each]
    findings += _judge_months(scope, system, own)
    findings += [
        finding for each in _judge_events(scope, "4.1", system, ("contract_count",)) for finding in each
    ]
    department = list_events(scope, tickets, "department")
    for each in _judge_events(scope, "2.6", department, ("recovery", "year_count", "month_count")):
        findings += each
    return [finding for finding in findings if scope.has_day(finding.on)]


def _judge_events(
    scope: Scope, clause: str, events: list[Event], rules: tuple[str, ...]
) -> list[list[Finding]]:
    """For each event its own findings in the order of `rules`; the first that is a breach carries 1."""
    ordinals = {rule: _number(scope, rule, events) for rule in rules if rule in _COUNTS}
    judged = []
    for index, event in enumerate(events):
        findings = []
        for rule in rules:
            if not scope.is_kept(clause, rule, day_of(event.start_at, scope.zone)):
                continue
            if rule == "recovery":
                found = _judge_recovery(scope, clause, event)
            else:
                found = _judge_count(scope, clause, rule, event, ordinals[rule][index])
            if found is not None:
                findings.append(found)
        judged.append(_count_once(findings))
    return judged


def _count_once(findings: list[Finding]) -> list[Finding]:
    first = next((index for index, each in enumerate(findings) if each.consequence == "breach"), None)
    return [replace(each, counted=int(index == first)) for index, each in enumerate(findings)]


def _number(scope: Scope, rule: str, events: list[Event]) -> list[_Ordinal]:
    periods = {"year_count": scope.years, "month_count": scope.months}.get(rule, ())
    numbers: Counter[str] = Counter()
    guesses: set[str] = set()
    ordinals = []
    for event in events:
        period = find_period(periods, day_of(event.start_at, scope.zone))
        label = period.label if period else ""
        numbers[label] += 1
        if event.is_guess:
            guesses.add(label)
        ordinals.append(_Ordinal(numbers[label], label in guesses))
    return ordinals


def _judge_recovery(scope: Scope, clause: str, event: Event) -> Finding | None:
    limit = float(scope.contract.figure(clause, "recovery", "minutes"))
    lasted = to_minutes(event.lasted_for)
    if lasted <= limit:
        return None
    due_at = event.reached_at(timedelta(minutes=limit))
    still = "，尚未恢复" if event.is_open else ""
    text = (
        f"{event.ref} {_NAMES[clause]}自 {render_local(event.start_at, scope.zone)} 起共 "
        f"{render_length(event.lasted_for)}{still}，超过合同第 {clause} 条每次 {render_number(limit)} 分钟的恢复时限。"
    )
    return build_finding(
        scope,
        clause,
        "recovery",
        subject=event.ref,
        on=day_of(event.start_at, scope.zone),
        due_at=due_at,
        actual_at=None if event.is_open else event.end_at,
        limit=limit,
        actual=lasted,
        unit="minutes",
        provisional=event.is_guess,
        text=text,
    )


def _judge_count(scope: Scope, clause: str, rule: str, event: Event, ordinal: _Ordinal) -> Finding | None:
    limit = float(scope.contract.figure(clause, rule, "count"))
    if ordinal.number <= limit:
        return None
    text = (
        f"{event.ref} 自 {render_local(event.start_at, scope.zone)} 起的{_NAMES[clause]}是{_COUNTS[rule]}第 "
        f"{ordinal.number} 次，超过合同第 {clause} 条最多 {render_number(limit)} 次的限值。"
    )
    return build_finding(
        scope,
        clause,
        rule,
        subject=event.ref,
        on=day_of(event.start_at, scope.zone),
        due_at=event.start_at,
        actual_at=event.start_at,
        limit=limit,
        actual=float(ordinal.number),
        unit="count",
        provisional=ordinal.is_guess,
        text=text,
    )


def _judge_months(scope: Scope, events: list[Event], own: list[list[Finding]]) -> list[Finding]:
    """`month_minutes`: carries 1 only where no event with minutes in the month carries a breach."""
    months: dict[str, list[int]] = {}
    for index, event in enumerate(events):
        for month in _list_months_of(scope, event):
            months.setdefault(month.label, []).append(index)
    findings = []
    for month in scope.months:
        indexes = months.get(month.label, [])
        carries = any(finding.counted for index in indexes for finding in own[index])
        found = _judge_month(scope, month, [events[index] for index in indexes], carries)
        if found is not None and scope.is_kept("2.5", "month_minutes", month.start_on):
            findings.append(found)
    return findings


def _list_months_of(scope: Scope, event: Event) -> list[Period]:
    return [month for month in scope.months if total(clip(event.left, _bounds(scope, month)))]


def _judge_month(scope: Scope, month: Period, events: list[Event], carries: bool) -> Finding | None:
    bounds = _bounds(scope, month)
    lasted = sum((total(clip(event.left, bounds)) for event in events), timedelta())
    limit = timedelta(minutes=float(scope.contract.figure("2.5", "month_minutes", "minutes")))
    is_over = lasted >= limit if scope.contract.policy.month_downtime == "less_than" else lasted > limit
    if not events or not is_over:
        return None
    guess = any(each.is_guess and clip(each.left, bounds) for event in events for each in event.stoppages)
    is_breach = scope.contract.consequence("2.5", "month_minutes") == "breach"
    text = (
        f"{month.label} 系统非计划停机合计 {render_length(lasted)}，"
        f"超过合同第 2.5 条每月 {render_length(limit)}的限值。"
    )
    return build_finding(
        scope,
        "2.5",
        "month_minutes",
        period=month.label,
        on=min(month.last_on, scope.last_on),
        due_at=bounds[1],
        limit=to_minutes(limit),
        actual=to_minutes(lasted),
        unit="minutes",
        provisional=guess,
        text=text,
        counted=int(is_breach and not carries),
    )


def _bounds(scope: Scope, month: Period) -> tuple[datetime, datetime]:
    return start_of(month.start_on, scope.zone), start_of(month.end_on, scope.zone)
