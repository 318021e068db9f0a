"""Deliveries: what is handed in on time, and how much work went into demands."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from eduops.contract.clause_rule import ClauseRule
from eduops.contract.fact import DeliverableFact, EffortFact, Facts
from eduops.contract.finding import Finding, build_finding, render_local, render_number
from eduops.contract.period import Period, day_of, end_of, start_of
from eduops.contract.scope import Scope

_DAY = timedelta(days=1)


def judge_delivery(scope: Scope, facts: Facts) -> list[Finding]:
    """Late documents, late vulnerabilities and efforts over their limits."""
    findings: list[Finding] = []
    if facts.deliverables is not None:
        findings += _judge_reports(scope, facts.deliverables)
        findings += _judge_documents(scope, facts.deliverables)
    if (rule := scope.find_rule("vulnerability", "vulnerability")) is not None:
        findings += _judge_vulnerabilities(scope, rule, facts)
    if (rule := scope.find_rule("effort", "effort_single")) is not None:
        findings += _judge_single_efforts(scope, rule, facts)
    if (rule := scope.find_rule("effort", "effort_total")) is not None:
        findings += _judge_total_efforts(scope, rule, facts)
    return findings


def report_due_on(scope: Scope, rule: ClauseRule, month: Period) -> date:
    """The day by whose end a month's patrol evaluation is due (rule `monthly_report`)."""
    return scope.working_days.get_nth(month.end_on, int(rule.figures["working_days"]))


def documents_due_on(scope: Scope, rule: ClauseRule, quarter: Period) -> date:
    """The day by whose end a quarter's documents are due (rule `quarter_documents`)."""
    return scope.working_days.get_nth_back(quarter.last_on, int(rule.figures["working_days"]))


def _judge_reports(scope: Scope, deliverables: tuple[DeliverableFact, ...]) -> Iterator[Finding]:
    rule = scope.find_rule("monthly_report", "monthly_report")
    if rule is None:
        return
    handed_in = _first_hand_ins(scope, rule, deliverables)
    for month in scope.months:
        if _is_asked(scope, rule, month):
            due_on = report_due_on(scope, rule, month)
            guessed = scope.working_days.has_guesses(month.end_on, due_on + _DAY)
            yield from _judge_hand_in(scope, rule, month, due_on, handed_in.get(month.label), guessed)


def _judge_documents(scope: Scope, deliverables: tuple[DeliverableFact, ...]) -> Iterator[Finding]:
    rule = scope.find_rule("quarter_documents", "quarter_documents")
    if rule is None:
        return
    handed_in = _first_hand_ins(scope, rule, deliverables)
    for quarter in scope.quarters:
        if rule.is_kept(quarter.start_on) and quarter.start_on <= scope.last_on:
            due_on = documents_due_on(scope, rule, quarter)
            guessed = scope.working_days.has_guesses(due_on, quarter.end_on)
            yield from _judge_hand_in(scope, rule, quarter, due_on, handed_in.get(quarter.label), guessed)


def _is_asked(scope: Scope, rule: ClauseRule, period: Period) -> bool:
    """Whether a period is in the answer, recorded and begun; what is not asked for need not be guessed."""
    is_begun = period.start_on <= scope.last_on
    return is_begun and scope.has_day(min(period.last_on, scope.last_on)) and rule.is_kept(period.start_on)


def _first_hand_ins(
    scope: Scope, rule: ClauseRule, deliverables: tuple[DeliverableFact, ...]
) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for each in deliverables:
        if each.rule == rule.name and each.handed_in_at <= scope.as_of:
            first[each.period] = min(each.handed_in_at, first.get(each.period, each.handed_in_at))
    return first


def _judge_hand_in(
    scope: Scope,
    rule: ClauseRule,
    period: Period,
    due_on: date,
    handed_in_at: datetime | None,
    guessed: bool,
) -> Iterator[Finding]:
    due_at = end_of(due_on, scope.zone)
    # Handed in during the due day is in time; the instant the next day begins is late.
    if due_at > scope.cut_as_of or (handed_in_at is not None and handed_in_at < due_at):
        return
    name = {"monthly_report": "月度巡检评估报告", "quarter_documents": "季度文档"}[rule.name]
    late_days = (day_of(handed_in_at, scope.zone) if handed_in_at else scope.last_on) - due_on
    actual = f"实际 {render_local(handed_in_at, scope.zone)} 提交" if handed_in_at else "至今没有提交"
    yield build_finding(
        scope,
        rule,
        period=period.label,
        on=min(period.last_on, scope.last_on),
        due_at=due_at,
        actual_at=handed_in_at,
        limit=0.0,
        actual=float(late_days.days),
        unit="days",
        provisional=guessed,
        text=f"{period.label} {name}应于 {due_on} 前（含当日）提交，{actual}，未达到{rule.named}要求。",
    )


def _judge_vulnerabilities(scope: Scope, rule: ClauseRule, facts: Facts) -> Iterator[Finding]:
    for each in facts.vulnerabilities:
        due_at = end_of(each.demanded_on, scope.zone)
        if due_at > scope.as_of or not rule.is_kept(each.demanded_on):
            continue
        done = [at for at in (each.fixed_at, each.verified_at) if at is not None and at <= scope.as_of]
        done_at = max(done) if len(done) == 2 else None
        if (done_at is not None and done_at < due_at) or not _is_inside(scope, each.demanded_on):
            continue
        state = f"实际 {render_local(done_at, scope.zone)} 完成" if done_at else "尚未完成"
        late_days = ((done_at or scope.as_of) - due_at) / _DAY
        yield build_finding(
            scope,
            rule,
            subject=each.ref,
            on=each.demanded_on,
            due_at=due_at,
            actual_at=done_at,
            limit=0.0,
            actual=late_days,
            unit="days",
            text=f"漏洞 {each.ref} 应于 {each.demanded_on} 前（含当日）修复并验证，{state}，未达到{rule.named}要求。",
        )


def _judge_single_efforts(scope: Scope, rule: ClauseRule, facts: Facts) -> Iterator[Finding]:
    limit = rule.figures["person_days"]
    known = sorted(_list_known_efforts(scope, facts), key=lambda each: (each.demand, each.on))
    for demand, efforts in groupby(known, key=lambda each: each.demand):
        crossed_on, spent = _find_crossing(list(efforts), limit)
        if crossed_on is not None and rule.is_kept(crossed_on):
            yield build_finding(
                scope,
                rule,
                subject=demand,
                on=crossed_on,
                due_at=start_of(crossed_on, scope.zone),
                limit=float(limit),
                actual=float(spent),
                unit="person_days",
                text=f"需求 {demand} 累计工作量 {_number(spent)} 人日，"
                f"超过{rule.named}的 {_number(limit)} 人日，需核算。",
            )


def _judge_total_efforts(scope: Scope, rule: ClauseRule, facts: Facts) -> Iterator[Finding]:
    limit = rule.figures["person_months"] * scope.contract.policy.person_month_days
    for year in scope.years:
        efforts = [each for each in _list_known_efforts(scope, facts) if year.has_day(each.on)]
        spent = sum((each.person_days for each in efforts), Decimal())
        if spent > limit and rule.is_kept(year.last_on):
            yield build_finding(
                scope,
                rule,
                period=year.label,
                on=min(year.last_on, scope.last_on),
                due_at=start_of(year.end_on, scope.zone),
                limit=float(limit),
                actual=float(spent),
                unit="person_days",
                text=f"{year.label} 累计开发工作量 {_number(spent)} 人日，超过{rule.named}的 {_number(limit)} 人日，"
                "超出部分另行收费。",
            )


def _list_known_efforts(scope: Scope, facts: Facts) -> list[EffortFact]:
    return [each for each in facts.efforts if each.on <= scope.last_on and _is_inside(scope, each.on)]


def _find_crossing(efforts: list[EffortFact], limit: Decimal) -> tuple[date | None, Decimal]:
    """The day on which the sum first exceeded the limit, and the whole sum."""
    spent, crossed_on = Decimal(), None
    for each in efforts:
        spent += each.person_days
        if spent > limit and crossed_on is None:
            crossed_on = each.on
    return crossed_on, spent


def _is_inside(scope: Scope, day: date) -> bool:
    return scope.contract.term.start <= day < scope.contract.term.end_on


def _number(figure: Decimal) -> str:
    return render_number(float(figure))
