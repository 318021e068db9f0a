"""The rules that eduops can compute: the duty each belongs to, its figures and how it is computed."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

# What a clause may be about. The contract file says which clause carries which duty; no code knows clause numbers.
Duty = Literal[
    "ticket_limits",
    "second_resolution",
    "system_stoppages",
    "department_stoppages",
    "stoppages_of_term",
    "onsite_days",
    "patrols",
    "satisfaction",
    "rework",
    "effort",
    "monthly_report",
    "quarter_documents",
    "handover",
    "tenure",
    "certificate",
    "vulnerability",
    "training",
    "review",
]
DUTIES: tuple[Duty, ...] = get_args(Duty)


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A rule of the product: figures the contract file must give, Chinese title, how it is computed."""

    figures: tuple[str, ...]
    title: str
    how: str


_RULES: dict[tuple[Duty, str], RuleKind] = {
    ("certificate", "yearly_certificate"): RuleKind(
        (), "每年培训考核", "合同年最后一天在岗的每名工程师，当年须有一次信息数据中心培训考核合格记录。"
    ),
    ("ticket_limits", "response"): RuleKind(
        ("on_site_minutes", "off_site_minutes"),
        "响应",
        "自报修起按自然时间连续计算，取响应、到场、首次解决三者最早一个；等待甲方的时段顺延；正好到时不算逾期。",
    ),
    ("ticket_limits", "arrival"): RuleKind(
        ("off_site_minutes",),
        "到达现场",
        "仅限非现场服务时间报修的故障；到时已经解决，或甲方同意远程处理的，不要求到场。",
    ),
    ("ticket_limits", "resolution"): RuleKind(
        ("on_site_minutes", "off_site_minutes"),
        "排除故障",
        "自报修起到最后一次解决；等待甲方的时段顺延；按时提交并经两级审批的书面方案以约定期限为准。",
    ),
    ("ticket_limits", "plan"): RuleKind(
        ("after_minutes",),
        "书面方案",
        "报修后到这个时限仍未解决的故障，须在时限内提交书面方案，此时限不顺延。",
    ),
    ("onsite_days", "onsite_days"): RuleKind(
        ("days_per_week",),
        "每周现场天数",
        "每个自然周现场出勤的不同天数，不少于约定天数与该周工作日数中较小者。",
    ),
    ("system_stoppages", "recovery"): RuleKind(
        ("minutes",),
        "停机恢复时间",
        "扣除经批准的计划窗口、合并重叠后的一次系统停机，剩余分钟数不得超过限值。",
    ),
    ("system_stoppages", "year_count"): RuleKind(
        ("count",), "年度停机次数", "按停机开始时间归年，同一年内第几次超过限值即为一次认定。"
    ),
    ("system_stoppages", "month_minutes"): RuleKind(
        ("minutes",), "月停机时间", "各次停机的分钟数按月末切开，一个月合计不得超过限值。"
    ),
    ("system_stoppages", "month_count"): RuleKind(
        ("count",), "月停机次数", "按停机开始时间归月，同一月内第几次超过限值即为一次认定。"
    ),
    ("department_stoppages", "recovery"): RuleKind(
        ("minutes",),
        "业务影响恢复时间",
        "扣除经批准的计划窗口、合并重叠后的一次部门级影响，剩余分钟数不得超过限值。",
    ),
    ("department_stoppages", "year_count"): RuleKind(
        ("count",), "年度业务影响次数", "按开始时间归年，同一年内第几次超过限值即为一次认定。"
    ),
    ("department_stoppages", "month_count"): RuleKind(
        ("count",), "月业务影响次数", "按开始时间归月，同一月内第几次超过限值即为一次认定。"
    ),
    ("department_stoppages", "month_minutes"): RuleKind(
        ("minutes",), "月业务影响时间", "各次业务影响的分钟数按月末切开，一个月合计不得超过限值。"
    ),
    ("vulnerability", "vulnerability"): RuleKind(
        (), "漏洞整改", "漏洞须在甲方要求的日期当天结束前修复并验证。"
    ),
    ("satisfaction", "satisfaction"): RuleKind(
        ("score",),
        "用户满意度",
        "季度内全部问卷的平均分低于限值即产生整改义务，此后首个达到限值的季度予以销项。",
    ),
    ("patrols", "daily_patrol"): RuleKind(
        (), "每日巡检", "每台生产服务器每个自然日须有一次完成的巡检，连续缺失的日子合为一次认定。"
    ),
    ("patrols", "big_patrol"): RuleKind(
        ("days",),
        "大巡检",
        "每台生产服务器相邻两次大巡检相隔的天数不得超过限值，合同开始日与截止时刻各算一端。",
    ),
    ("monthly_report", "monthly_report"): RuleKind(
        ("working_days",), "月度巡检评估报告", "次月第几个工作日结束前提交上月报告。"
    ),
    ("quarter_documents", "quarter_documents"): RuleKind(
        ("working_days",), "季度文档", "从季度最后一天往回数（该日是工作日则计入）第几个工作日结束前提交。"
    ),
    ("stoppages_of_term", "contract_count"): RuleKind(
        ("count",), "合同期停机次数", "整个合同期内系统停机第几次超过限值即为一次提示。"
    ),
    ("handover", "handover"): RuleKind(
        ("months",), "离职交接", "书面告知日到最后在岗日不少于约定月数，并须有交接记录。"
    ),
    ("tenure", "tenure"): RuleKind(
        ("engineer_years", "manager_years"), "任职年限", "派到本项目时，在乙方任职须满约定年数。"
    ),
    ("second_resolution", "resolution"): RuleKind(
        ("off_site_minutes",),
        "非现场排除故障",
        "非现场服务时间报修的故障，自报修起到最后一次解决；等待甲方的时段顺延。",
    ),
    ("review", "monthly_review"): RuleKind(("count",), "月度绩效考核", "每个月须有约定次数的绩效考核记录。"),
    ("rework", "rework"): RuleKind(
        ("opens_over_percent", "closes_under_percent"),
        "需求返修率",
        "季度内交付的需求中被返修的比例：高于上限产生整改义务，低于下限销项，其间为提示；没有交付则不计算。",
    ),
    ("effort", "effort_single"): RuleKind(
        ("person_days",), "单项工作量", "一项需求累计工作量超过限值需核算。"
    ),
    ("effort", "effort_total"): RuleKind(
        ("person_months",), "年度工作量", "一个合同年累计工作量超过约定人月（按每人月天数折算）另行收费。"
    ),
    ("training", "monthly_training"): RuleKind(
        ("count",), "月度维护培训", "每个月须举办约定次数的系统维护培训。"
    ),
}

RULES = MappingProxyType(_RULES)


def list_rules(duty: str) -> tuple[str, ...]:
    """The names of the rules that a duty may have."""
    return tuple(rule for owner, rule in RULES if owner == duty)
