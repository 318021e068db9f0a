"""Patrols: every production host patrolled every day, thoroughly at least every two weeks."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from eduops.contract.clause_rule import ClauseRule
from eduops.contract.fact import Facts, HostFact
from eduops.contract.finding import Finding, build_finding
from eduops.contract.period import day_of, end_of
from eduops.contract.scope import Scope
from eduops.contract.working_day import iter_days

_DAY = timedelta(days=1)


def judge_patrols(scope: Scope, facts: Facts) -> list[Finding]:
    """One finding for each host and run of days without a patrol, one for each gap between big patrols."""
    if facts.patrols is None:
        return []
    days: dict[str, set[date]] = {}
    big_days: dict[str, set[date]] = {}
    for patrol in facts.patrols:
        if patrol.finished_at <= scope.as_of:
            day = day_of(patrol.finished_at, scope.zone)
            days.setdefault(patrol.host, set()).add(day)
            if patrol.is_big:
                big_days.setdefault(patrol.host, set()).add(day)
    daily, big = (scope.find_rule("patrols", name) for name in ("daily_patrol", "big_patrol"))
    findings: list[Finding] = []
    for host in facts.hosts:
        if daily is not None:
            findings += _judge_daily(scope, daily, host, days.get(host.name, set()))
        if big is not None:
            findings += _judge_big(scope, big, host, big_days.get(host.name, set()))
    return findings


def _judge_daily(scope: Scope, rule: ClauseRule, host: HostFact, days: set[date]) -> Iterator[Finding]:
    start_on, end_on = _stretch(scope, rule, host)
    # The day that as-of lies in is not over: its patrol may still come.
    if end_of(end_on - _DAY, scope.zone) > scope.cut_as_of:
        end_on -= _DAY
    for first_on, last_on in _list_runs([day for day in iter_days(start_on, end_on) if day not in days]):
        count = (last_on - first_on).days + 1
        span = f"{first_on} " if count == 1 else f"{first_on} 至 {last_on} 共 {count} 天"
        yield build_finding(
            scope,
            rule,
            subject=host.name,
            period=first_on.isoformat(),
            on=last_on,
            due_at=end_of(first_on, scope.zone),
            limit=0.0,
            actual=float(count),
            unit="days",
            text=f"服务器 {host.name} 在 {span}没有完成的巡检记录，未达到{rule.named}每日巡检的要求。",
        )


def _judge_big(scope: Scope, rule: ClauseRule, host: HostFact, days: set[date]) -> Iterator[Finding]:
    start_on, end_on = _stretch(scope, rule, host)
    limit = int(rule.figures["days"])
    inside = sorted(day for day in days if start_on <= day < end_on)
    for earlier_on, later_on in pairwise([start_on, *inside, max(end_on - _DAY, start_on)]):
        gap = (later_on - earlier_on).days
        if gap <= limit:
            continue
        found = later_on in days
        until = f"到 {later_on} 才再做" if found else f"到 {later_on} 仍没有再做"
        yield build_finding(
            scope,
            rule,
            subject=host.name,
            period=earlier_on.isoformat(),
            on=later_on,
            due_at=end_of(earlier_on + limit * _DAY, scope.zone),
            limit=float(limit),
            actual=float(gap),
            unit="days",
            text=f"服务器 {host.name} 自 {earlier_on} 起{until}大巡检，相隔 {gap} 天，"
            f"超过{rule.named}每 {limit} 天至少一次的要求。",
        )


def _stretch(scope: Scope, rule: ClauseRule, host: HostFact) -> tuple[date, date]:
    """The days [start, end) in which the host is looked after, recorded and inside the term."""
    term = scope.contract.term
    starts = (term.start, host.from_on, rule.kept_from)
    ends = (scope.last_on + _DAY, host.until_on)
    return max(day for day in starts if day), min(day for day in ends if day)


def _list_runs(days: list[date]) -> list[tuple[date, date]]:
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day - runs[-1][1] == _DAY:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs
