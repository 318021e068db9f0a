"""People: attendance, hand-over, tenure, certificates, and what they hold every month."""

from collections.abc import Iterator
from datetime import date, timedelta

from eduops.contract.clause_rule import ClauseRule
from eduops.contract.fact import CertificateFact, Facts, StaffFact
from eduops.contract.finding import Finding, build_finding
from eduops.contract.period import Period, add_months, end_of, list_weeks, start_of
from eduops.contract.schema import add_years
from eduops.contract.scope import Scope

_DAY = timedelta(days=1)


def judge_staff(scope: Scope, facts: Facts) -> list[Finding]:
    """Attendance, hand-over, tenure and certificates, and the monthly trainings and reviews."""
    findings: list[Finding] = []
    if (rule := scope.find_rule("handover", "handover")) is not None:
        findings += _judge_handovers(scope, rule, facts.staff)
    if (rule := scope.find_rule("tenure", "tenure")) is not None:
        findings += _judge_tenures(scope, rule, facts.staff)
    if (rule := scope.find_rule("onsite_days", "onsite_days")) is not None and facts.attendance is not None:
        findings += _judge_weeks(scope, rule, {each.on for each in facts.attendance})
    rule = scope.find_rule("certificate", "yearly_certificate")
    if rule is not None and facts.certificates is not None:
        findings += _judge_certificates(scope, rule, facts.staff, facts.certificates)
    return findings + _judge_meetings(scope, facts)


def _judge_meetings(scope: Scope, facts: Facts) -> list[Finding]:
    findings: list[Finding] = []
    if (rule := scope.find_rule("training", "monthly_training")) is not None and facts.trainings is not None:
        findings += _judge_monthly(scope, rule, "系统维护培训", [each.on for each in facts.trainings])
    if (rule := scope.find_rule("review", "monthly_review")) is not None and facts.reviews is not None:
        findings += _judge_monthly(scope, rule, "绩效考核", [each.on for each in facts.reviews])
    return findings


def _judge_weeks(scope: Scope, rule: ClauseRule, attended: set[date]) -> Iterator[Finding]:
    """Weeks wholly inside the days asked for, the term and what has passed."""
    wanted = int(rule.figures["days_per_week"])
    first_on = max(day for day in (scope.from_on, scope.contract.term.start, rule.kept_from) if day)
    for week in list_weeks(first_on, min(scope.to_on, scope.last_on)):
        if end_of(week.last_on, scope.zone) > scope.cut_as_of:
            continue
        limit = min(wanted, scope.working_days.count_working_days(week.start_on, week.end_on))
        count = sum(week.has_day(day) for day in attended)
        if count < limit:
            yield build_finding(
                scope,
                rule,
                period=week.label,
                on=week.last_on,
                due_at=start_of(week.end_on, scope.zone),
                limit=float(limit),
                actual=float(count),
                unit="days",
                provisional=scope.working_days.has_guesses(week.start_on, week.end_on),
                text=f"{week.label} 周（{week.start_on} 至 {week.last_on}）现场出勤 {count} 天，"
                f"少于{rule.named}要求的 {limit} 天。",
            )


def _judge_handovers(scope: Scope, rule: ClauseRule, staff: tuple[StaffFact, ...]) -> Iterator[Finding]:
    months = int(rule.figures["months"])
    for each in staff:
        last_on = each.last_on
        if last_on is None or last_on > scope.last_on or not _is_judged(scope, rule, last_on):
            continue
        faults = _list_handover_faults(scope, each, last_on, months)
        if faults:
            noticed = (
                each.notice_on if each.notice_on is not None and each.notice_on <= scope.last_on else None
            )
            yield build_finding(
                scope,
                rule,
                subject=each.person,
                on=last_on,
                due_at=end_of(last_on, scope.zone),
                limit=float((add_months(noticed, months) - noticed).days) if noticed else 30.0 * months,
                actual=float((last_on - noticed).days) if noticed else 0.0,
                unit="days",
                text=f"{each.person} 于 {last_on} 离岗，{'，'.join(faults)}，未达到{rule.named}要求。",
            )


def _list_handover_faults(scope: Scope, staff: StaffFact, last_on: date, months: int) -> list[str]:
    faults = []
    if staff.notice_on is None or staff.notice_on > scope.last_on:
        faults.append("没有提前书面告知甲方")
    elif add_months(staff.notice_on, months) > last_on:
        faults.append(f"{staff.notice_on} 才书面告知甲方，不足 {months} 个月")
    if staff.handover_on is None or staff.handover_on > scope.last_on:
        faults.append("没有交接记录")
    return faults


def _judge_tenures(scope: Scope, rule: ClauseRule, staff: tuple[StaffFact, ...]) -> Iterator[Finding]:
    for each in staff:
        if each.role == "support" or each.from_on > scope.last_on:
            continue
        years = int(rule.figures[f"{each.role}_years"])
        # People put on the contract before it began are judged by the day it began.
        on = max(each.from_on, scope.contract.term.start)
        if add_years(each.joined_vendor_on, years) <= each.from_on or not _is_judged(scope, rule, on):
            continue
        role = {"engineer": "维护工程师", "manager": "管理人员"}[each.role]
        yield build_finding(
            scope,
            rule,
            subject=each.person,
            on=on,
            due_at=start_of(on, scope.zone),
            limit=float((each.from_on - add_years(each.from_on, -years)).days),
            actual=float((each.from_on - each.joined_vendor_on).days),
            unit="days",
            text=f"{role} {each.person} 于 {each.from_on} 派到本项目，{each.joined_vendor_on} 才入职乙方，"
            f"任职不满{rule.named}要求的 {years} 年。",
        )


def _judge_certificates(
    scope: Scope, rule: ClauseRule, staff: tuple[StaffFact, ...], certificates: tuple[CertificateFact, ...]
) -> Iterator[Finding]:
    for year in _list_over(scope, rule, scope.years):
        passed = {each.person for each in certificates if year.has_day(each.passed_on)}
        serving = {
            each.person for each in staff if each.role == "engineer" and _is_serving(each, year.last_on)
        }
        for person in sorted(serving - passed):
            yield build_finding(
                scope,
                rule,
                subject=person,
                period=year.label,
                on=year.last_on,
                due_at=start_of(year.end_on, scope.zone),
                limit=1.0,
                actual=0.0,
                unit="count",
                text=f"{year.label}（至 {year.last_on}）工程师 {person} 没有信息数据中心培训考核的合格记录，"
                f"未达到{rule.named}要求。",
            )


def _judge_monthly(scope: Scope, rule: ClauseRule, name: str, days: list[date]) -> Iterator[Finding]:
    limit = int(rule.figures["count"])
    for month in _list_over(scope, rule, scope.months):
        count = sum(month.has_day(day) for day in days)
        if count < limit:
            yield build_finding(
                scope,
                rule,
                period=month.label,
                on=month.last_on,
                due_at=start_of(month.end_on, scope.zone),
                limit=float(limit),
                actual=float(count),
                unit="count",
                text=f"{month.label} 有 {count} 次{name}记录，少于{rule.named}要求的 {limit} 次。",
            )


def _list_over(scope: Scope, rule: ClauseRule, periods: tuple[Period, ...]) -> list[Period]:
    return [
        period
        for period in periods
        if start_of(period.end_on, scope.zone) <= scope.cut_as_of and rule.is_kept(period.start_on)
    ]


def _is_serving(staff: StaffFact, day: date) -> bool:
    return staff.from_on <= day and (staff.last_on is None or staff.last_on >= day)


def _is_judged(scope: Scope, rule: ClauseRule, day: date) -> bool:
    return scope.contract.term.start <= day < scope.contract.term.end_on and rule.is_kept(day)
