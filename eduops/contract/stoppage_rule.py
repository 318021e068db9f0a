"""Stoppages judged: how long each stoppage lasted, how many there were, how many minutes a month."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import itemgetter

from eduops.contract.clause_rule import ClauseRule
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
from eduops.contract.period import day_of, find_period
from eduops.contract.rule_book import Duty
from eduops.contract.scope import Scope
from eduops.contract.stoppage import Event, StoppageImpact, list_events

_COUNTS = {"year_count": "本年度", "month_count": "本月", "contract_count": "合同期内"}
_GUESS = "（停机原因待查，暂定）"
_NAMES: dict[Duty, str] = {
    "system_stoppages": "系统非计划停机",
    "department_stoppages": "部门级业务影响",
    "stoppages_of_term": "系统非计划停机",
}
# Of one event's own findings the first breach in this order carries 1.
_OWN_RULES = ("recovery", "year_count", "month_count")


@dataclass(frozen=True, slots=True)
class _Ordinal:
    """An event's number in a stretch, and whether it rests on a guess: its own or one counted before it."""

    number: int
    is_guess: bool


def judge_stoppages(scope: Scope, tickets: Sequence[TicketFact]) -> list[Finding]:
    """The findings of stoppages whose day lies in the days asked for."""
    findings = [
        *_judge_impact(scope, tickets, "system", "system_stoppages"),
        *_judge_impact(scope, tickets, "department", "department_stoppages"),
    ]
    return [finding for finding in findings if scope.has_day(finding.on)]


def _judge_impact(
    scope: Scope, tickets: Sequence[TicketFact], impact: StoppageImpact, duty: Duty
) -> list[Finding]:
    rules = [scope.find_rule(duty, name) for name in _OWN_RULES]
    if impact == "system":
        rules.append(scope.find_rule("stoppages_of_term", "contract_count"))
    by_month = scope.find_rule(duty, "month_minutes")
    known = [rule for rule in rules if rule is not None]
    if not known and by_month is None:
        return []
    events = list_events(scope, tickets, impact)
    own = _judge_events(scope, events, known)
    findings = [finding for each in own for finding in each]
    return findings + (_judge_months(scope, by_month, events, own) if by_month else [])


def _judge_events(scope: Scope, events: list[Event], rules: list[ClauseRule]) -> list[list[Finding]]:
    """For each event its own findings in the order of `rules`; the first that is a breach carries 1."""
    ordinals = {rule.name: _number(scope, rule.name, events) for rule in rules if rule.name in _COUNTS}
    judged = []
    for index, event in enumerate(events):
        findings = []
        for rule in rules:
            if not rule.is_kept(day_of(event.start_at, scope.zone)):
                continue
            if rule.name == "recovery":
                found = _judge_recovery(scope, rule, event)
            else:
                found = _judge_count(scope, rule, event, ordinals[rule.name][index])
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


def _judge_recovery(scope: Scope, rule: ClauseRule, event: Event) -> Finding | None:
    limit = float(rule.figures["minutes"])
    lasted = to_minutes(event.lasted_for)
    if lasted <= limit:
        return None
    due_at = event.reached_at(timedelta(minutes=limit))
    still = "，尚未恢复" if event.is_open else ""
    text = (
        f"{event.ref} {_NAMES[rule.duty]}自 {render_local(event.start_at, scope.zone)} 起共 "
        f"{render_length(event.lasted_for)}{still}，超过{rule.named}每次 {render_number(limit)} 分钟的恢复时限"
        f"{_GUESS if event.is_guess else ''}。"
    )
    return build_finding(
        scope,
        rule,
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


def _judge_count(scope: Scope, rule: ClauseRule, event: Event, ordinal: _Ordinal) -> Finding | None:
    limit = float(rule.figures["count"])
    if ordinal.number <= limit:
        return None
    text = (
        f"{event.ref} 自 {render_local(event.start_at, scope.zone)} 起的{_NAMES[rule.duty]}是{_COUNTS[rule.name]}第 "
        f"{ordinal.number} 次，超过{rule.named}最多 {render_number(limit)} 次的限值"
        f"{_GUESS if ordinal.is_guess else ''}。"
    )
    return build_finding(
        scope,
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


def _judge_months(
    scope: Scope, rule: ClauseRule, events: list[Event], own: list[list[Finding]]
) -> list[Finding]:
    """`month_minutes`: carries 1 only where no event with minutes in the month carries a breach."""
    months: dict[int, list[int]] = {}
    for index, event in enumerate(events):
        for number in list_months_of(scope, event):
            months.setdefault(number, []).append(index)
    findings = []
    for number, indexes in sorted(months.items()):
        carries = any(finding.counted for index in indexes for finding in own[index])
        found = _judge_month(scope, rule, number, [events[index] for index in indexes], carries)
        if found is not None and rule.is_kept(scope.months[number].start_on):
            findings.append(found)
    return findings


def list_months_of(scope: Scope, event: Event) -> list[int]:
    """The places of the months in which minutes of an event lie."""
    first = bisect_right(scope.month_bounds, event.start_at, key=itemgetter(1))
    after = bisect_left(scope.month_bounds, event.end_at, key=itemgetter(0))
    return [number for number in range(first, after) if clip(event.left, scope.month_bounds[number])]


def _judge_month(
    scope: Scope, rule: ClauseRule, number: int, events: list[Event], carries: bool
) -> Finding | None:
    month, bounds = scope.months[number], scope.month_bounds[number]
    lasted = sum((total(clip(event.left, bounds)) for event in events), timedelta())
    limit = timedelta(minutes=float(rule.figures["minutes"]))
    is_strict = scope.contract.policy.month_downtime == "less_than"
    if not (lasted >= limit if is_strict else lasted > limit):
        return None
    guess = any(each.is_guess and clip(each.left, bounds) for event in events for each in event.stoppages)
    is_breach = rule.consequence == "breach"
    text = (
        f"{month.label} {_NAMES[rule.duty]}合计 {render_length(lasted)}，{'没有少于' if is_strict else '超过'}"
        f"{rule.named}每月 {render_length(limit)}的限值{_GUESS if guess else ''}。"
    )
    return build_finding(
        scope,
        rule,
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
