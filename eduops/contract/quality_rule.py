"""Satisfaction and rework by quarter, and the obligations they open and close."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from eduops.contract.clause_rule import ClauseRule
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
    findings: list[Finding] = []
    obligations: list[Obligation] = []
    for rule, judge in (
        (scope.find_rule("satisfaction", "satisfaction"), _judge_satisfaction),
        (scope.find_rule("rework", "rework"), _judge_rework),
    ):
        if rule is not None:
            found, opened = judge(scope, rule, facts)
            findings += found
            obligations += opened
    return findings, obligations


def _judge_satisfaction(
    scope: Scope, rule: ClauseRule, facts: Facts
) -> tuple[list[Finding], list[Obligation]]:
    limit = rule.figures["score"]
    figures: Figures = {}
    for quarter in _list_over(scope, rule):
        scores = [survey.score for survey in facts.surveys if quarter.has_day(survey.on)]
        if scores:
            figures[quarter.label] = sum(scores, Decimal()) / len(scores)
    obligations = _list_obligations(
        scope, rule, figures, lambda mean: mean < limit, lambda mean: mean >= limit
    )
    findings = []
    for each in obligations:
        text = (
            f"{each.period} 用户满意度平均 {_number(each.figure)} 分，低于{rule.named}的 {_number(limit)} 分，"
            f"乙方须增派工程师{_render_closing(each)}。"
        )
        findings.append(_build(scope, rule, each.period, each.figure, limit, "score", text, each))
    return findings, obligations


def _judge_rework(scope: Scope, rule: ClauseRule, facts: Facts) -> tuple[list[Finding], list[Obligation]]:
    opens, closes = rule.figures["opens_over_percent"], rule.figures["closes_under_percent"]
    rates = _list_rework_rates(scope, rule, facts)
    obligations = _list_obligations(scope, rule, rates, lambda rate: rate > opens, lambda rate: rate < closes)
    opened = {each.period: each for each in obligations}
    findings = []
    for label, rate in rates.items():
        begins = f"{label} 需求返修率 {_number(rate)}%，"
        if label in opened:
            duty = (
                f"高于{rule.named}的 {_number(opens)}%，乙方须增派技术人员{_render_closing(opened[label])}。"
            )
            findings.append(_build(scope, rule, label, rate, opens, "percent", begins + duty, opened[label]))
        elif rate >= closes:
            notice = f"没有低于{rule.named}的 {_number(closes)}%。"
            findings.append(_build(scope, rule, label, rate, closes, "percent", begins + notice, None))
    return findings, obligations


def _list_rework_rates(scope: Scope, rule: ClauseRule, facts: Facts) -> Figures:
    rates: Figures = {}
    for quarter in _list_over(scope, rule):
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
    rule: ClauseRule,
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
            key = build_key(scope.contract.contract, rule.clause, rule.name, None, label)
            obligations.append(Obligation(key, rule.clause, rule.name, label, ends[label], figure))
    return obligations


def _list_over(scope: Scope, rule: ClauseRule) -> list[Period]:
    """The quarters that are over and were recorded from their first day."""
    return [
        quarter
        for quarter in scope.quarters
        if start_of(quarter.end_on, scope.zone) <= scope.cut_as_of and rule.is_kept(quarter.start_on)
    ]


def _build(
    scope: Scope,
    rule: ClauseRule,
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
    """The figure that was good enough, if any; whether somebody discharged it is for the ledger to say."""
    if obligation.closing_figure is None:
        return ""
    return f"，{obligation.closed_by} 的 {_number(obligation.closing_figure)} 已达标"


def _number(figure: Decimal) -> str:
    return render_number(float(figure))
