"""The readings that a contract's text leaves open: each a setting with two values, the strict one by default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from eduops.contract.clause_rule import ClauseRule, RuleKey, render_clause
from eduops.contract.finding import render_number

Rules = Mapping[RuleKey, ClauseRule]
Readings = dict[str, str]

_RESPONSE: RuleKey = ("ticket_limits", "response")
_RESOLUTION: RuleKey = ("ticket_limits", "resolution")
_SECOND: RuleKey = ("second_resolution", "resolution")
_YEAR_COUNT: RuleKey = ("system_stoppages", "year_count")
_TERM_COUNT: RuleKey = ("stoppages_of_term", "contract_count")
_MONTH_MINUTES: RuleKey = ("system_stoppages", "month_minutes")
_BY_YEAR: tuple[RuleKey, ...] = (
    _YEAR_COUNT,
    ("department_stoppages", "year_count"),
    ("certificate", "yearly_certificate"),
    ("effort", "effort_total"),
)
_BY_QUARTER: tuple[RuleKey, ...] = (
    ("satisfaction", "satisfaction"),
    ("rework", "rework"),
    ("quarter_documents", "quarter_documents"),
)


@dataclass(frozen=True, slots=True)
class OpenReading:
    """One open reading: its setting, what it is about, the rules concerned and a sentence for each value.

    With `needs_all` the rules contradict each other, so nothing is open where one of them is missing.
    """

    setting: str
    title: str
    concerns: tuple[RuleKey, ...]
    needs_all: bool
    describe: Callable[[Rules], Readings]

    def is_open(self, rules: Rules) -> bool:
        """Whether the contract has the rules that the reading is about."""
        return (all if self.needs_all else any)(key in rules for key in self.concerns)

    def list_clauses(self, rules: Rules) -> tuple[str, ...]:
        """The clauses concerned, in the order of `concerns`."""
        return tuple(dict.fromkeys(rules[key].clause for key in self.concerns if key in rules))


def _describe_counting(_: Rules) -> Readings:
    return {
        "one_per_ticket": "一张工单不论几项时限逾期，只计违约一次",
        "one_per_target": "响应、到场、解决、方案每逾期一项，各计违约一次",
    }


def _describe_year(_: Rules) -> Readings:
    return {
        "contract": "年度按合同年计，自合同开始日起每满一年为一年",
        "calendar": "年度按自然年计，自 1 月 1 日至 12 月 31 日",
    }


def _describe_quarter(_: Rules) -> Readings:
    return {
        "calendar": "季度按自然季度计，期限首尾不足一季的按实际起止",
        "contract": "季度按合同季度计，自合同开始日起每三个月为一季",
    }


def _describe_off_site(rules: Rules) -> Readings:
    own, other = rules[_RESOLUTION], rules[_SECOND]
    return {
        "ticket_limits": f"按{_limit(own)}计违约，{_limit(other)}只作提示",
        "second_resolution": f"{render_clause(own.clause)}的非现场解决时限放宽为{_limit(other)}，逾期计违约",
    }


def _describe_reopened(_: Rules) -> Readings:
    return {
        "last_resolution": "重开的工单从报修连续计时到最后一次解决",
        "open_time": "重开的工单只计未解决的时间，曾处于已解决状态的时段顺延",
    }


def _describe_downtime(rules: Rules) -> Readings:
    rule = rules[_MONTH_MINUTES]
    minutes, clause = _number(rule, "minutes"), render_clause(rule.clause)
    return {
        "at_most": f"{clause}：每月停机合计不超过 {minutes} 分钟，正好 {minutes} 分钟不算",
        "less_than": f"{clause}：每月停机合计须少于 {minutes} 分钟，正好 {minutes} 分钟也算",
    }


def _describe_stoppages(rules: Rules) -> Readings:
    yearly, whole = rules[_YEAR_COUNT], rules[_TERM_COUNT]
    allowed = f"{render_clause(yearly.clause)}的每年最多 {_number(yearly, 'count')} 次"
    strict = f"{render_clause(whole.clause)}的整个合同期最多 {_number(whole, 'count')} 次"
    return {
        "system_stoppages": f"停机次数按{allowed}计违约，{strict}只作提示",
        "stoppages_of_term": f"停机次数超过{strict}也计违约（同一次停机仍只计一次）",
    }


# Setting names are those of `policy` in the contract file; each first value is the default.
OPEN_READINGS = (
    OpenReading(
        "counting", "一张工单几次违约", (_RESPONSE, _RESOLUTION), needs_all=False, describe=_describe_counting
    ),
    OpenReading("year", "年度怎么算", _BY_YEAR, needs_all=False, describe=_describe_year),
    OpenReading("quarter", "季度怎么算", _BY_QUARTER, needs_all=False, describe=_describe_quarter),
    OpenReading(
        "off_site_resolution",
        "非现场解决时限",
        (_RESOLUTION, _SECOND),
        needs_all=True,
        describe=_describe_off_site,
    ),
    OpenReading(
        "reopened", "重开的工单怎么计时", (_RESOLUTION, _SECOND), needs_all=False, describe=_describe_reopened
    ),
    OpenReading(
        "month_downtime", "月停机正好到限值", (_MONTH_MINUTES,), needs_all=True, describe=_describe_downtime
    ),
    OpenReading(
        "stoppage_count", "停机次数", (_YEAR_COUNT, _TERM_COUNT), needs_all=True, describe=_describe_stoppages
    ),
)


def _limit(rule: ClauseRule) -> str:
    return f"{render_clause(rule.clause)}的 {_number(rule, 'off_site_minutes')} 分钟"


def _number(rule: ClauseRule, figure: str) -> str:
    return render_number(float(rule.figures.get(figure, Decimal())))
