"""Clauses 2.8 and 5.1(8): satisfaction and rework by quarter, and the obligations they open and close."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from eduops.contract.fact import Facts
from eduops.contract.finding import Finding, build_finding, build_key, render_number
from eduops.contract.period import Period, start_of
from eduops.contract.schema import Consequence
from eduops.contract.scope import Scope

Figures = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Obligation:
    """整改义务: opened at the end of a quarter, closed by the first later quarter whose figure is good enough."""

    key: str
    clause: str
    rule: str
    period: str
    opened_at: datetime
    figure: Decimal
    closed_at: datetime | None = None
    closed_by: str | None = None
    closing_figure: Decimal | None = None


def judge_quality(scope: Scope, facts: Facts) -> tuple[list[Finding], list[Obligation]]:
    """Findings and obligations of the whole term, from the quarters that were over as of the scope's instant."""
    satisfaction, opened = _judge_satisfaction(scope, facts)
    rework, opened_too = _judge_rework(scope, facts)
    return satisfaction + rework, opened + opened_too


def _judge_satisfaction(scope: Scope, facts: Facts) -> tuple[list[Finding], list[Obligation]]:
    clause, rule = "2.8", "satisfaction"
    limit = scope.contract.figure(clause, rule, "score")
    figures: Figures = {}
    for quarter in _list_over(scope, clause, rule):
        scores = [survey.score for survey in facts.surveys if quarter.has_day(survey.on)]
        if scores:
            figures[quarter.label] = sum(scores, Decimal()) / len(scores)
    obligations = _list_obligations(
        scope, clause, rule, figures, lambda mean: mean < limit, lambda mean: mean >= limit
    )
    findings = []
    for each in obligations:
        text = (
            f"{each.period} 用户满意度平均 {_number(each.figure)} 分，低于合同第 2.8 条的 {_number(limit)} 分，"
            f"乙方须增派工程师{_render_closing(each)}。"
        )
        findings.append(_build(scope, clause, rule, each.period, each.figure, limit, "score", text, each))
    return findings, obligations


def _judge_rework(scope: Scope, facts: Facts) -> tuple[list[Finding], list[Obligation]]:
    clause, rule = "5.1(8)", "rework"
    opens = scope.contract.figure(clause, rule, "opens_over_percent")
    closes = scope.contract.figure(clause, rule, "closes_under_percent")
    rates = _list_rework_rates(scope, facts)
    obligations = _list_obligations(
        scope, clause, rule, rates, lambda rate: rate > opens, lambda rate: rate < closes
    )
    opened = {each.period: each for each in obligations}
    findings = []
    for label, rate in rates.items():
        begins = f"{label} 需求返修率 {_number(rate)}%，"
        if label in opened:
            duty = f"高于合同第 5.1(8) 条的 {_number(opens)}%，乙方须增派技术人员{_render_closing(opened[label])}。"
            findings.append(
                _build(scope, clause, rule, label, rate, opens, "percent", begins + duty, opened[label])
            )
        elif rate >= closes:
            notice = f"没有低于合同第 5.1(8) 条的 {_number(closes)}%。"
            findings.append(
                _build(scope, clause, rule, label, rate, closes, "percent", begins + notice, None)
            )
    return findings, obligations


def _list_rework_rates(scope: Scope, facts: Facts) -> Figures:
    rates: Figures = {}
    for quarter in _list_over(scope, "5.1(8)", "rework"):
        delivered = [
            each for each in facts.demands if each.delivered_on and quarter.has_day(each.delivered_on)
        ]
        if delivered:
            back = sum(
                each.reworked_on is not None and each.reworked_on <= scope.last_on for each in delivered
            )
            rates[quarter.label] = Decimal(100 * back) / len(delivered)
    return rates


def _list_obligations(
    scope: Scope,
    clause: str,
    rule: str,
    figures: Figures,
    opens: Callable[[Decimal], bool],
    closes: Callable[[Decimal], bool],
) -> list[Obligation]:
    """One at a time: while an obligation stands, a bad quarter opens no second one."""
    ends = {quarter.label: start_of(quarter.end_on, scope.zone) for quarter in scope.quarters}
    obligations: list[Obligation] = []
    for label, figure in figures.items():
        standing = obligations and obligations[-1].closed_at is None
        if standing and closes(figure):
            closed = replace(obligations[-1], closed_at=ends[label], closed_by=label, closing_figure=figure)
            obligations[-1] = closed
        elif not standing and opens(figure):
            key = build_key(scope.contract.contract, clause, rule, None, label)
            obligations.append(Obligation(key, clause, rule, label, ends[label], figure))
    return obligations


def _list_over(scope: Scope, clause: str, rule: str) -> list[Period]:
    """The quarters that are over and were recorded from their first day."""
    return [
        quarter
        for quarter in scope.quarters
        if start_of(quarter.end_on, scope.zone) <= scope.cut_as_of
        and scope.is_kept(clause, rule, quarter.start_on)
    ]


def _build(
    scope: Scope,
    clause: str,
    rule: str,
    label: str,
    figure: Decimal,
    limit: Decimal,
    unit: str,
    text: str,
    obligation: Obligation | None,
) -> Finding:
    quarter = next(each for each in scope.quarters if each.label == label)
    # Only the figure that opens an obligation has the rule's consequence; the milder one is told, no more.
    consequence: Consequence | None = None if obligation else "notice"
    return build_finding(
        scope,
        clause,
        rule,
        period=label,
        on=quarter.last_on,
        due_at=start_of(quarter.end_on, scope.zone),
        actual_at=obligation.closed_at if obligation else None,
        limit=float(limit),
        actual=float(figure),
        unit=unit,
        text=text,
        consequence=consequence,
    )


def _render_closing(obligation: Obligation) -> str:
    if obligation.closing_figure is None:
        return "，尚未销项"
    return f"，已由 {obligation.closed_by} 的 {_number(obligation.closing_figure)} 销项"


def _number(figure: Decimal) -> str:
    return render_number(float(figure))
