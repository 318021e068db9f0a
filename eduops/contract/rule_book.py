"""The rules that eduops can compute: the clause each belongs to, its figures and how it is computed."""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A rule of the product: figures the contract file must give, Chinese title, how it is computed."""

    figures: tuple[str, ...]
    title: str
    how: str


_RULES = {
    ("2.2", "yearly_certificate"): RuleKind(
        (), "每年培训考核", "合同年最后一天在岗的每名工程师，当年须有一次信息数据中心培训考核合格记录。"
    ),
    ("2.3", "response"): RuleKind(
        ("on_site_minutes", "off_site_minutes"),
        "响应",
        "自报修起按自然时间连续计算，取响应、到场、首次解决三者最早一个；等待甲方的时段顺延；正好到时不算逾期。",
    ),
    ("2.3", "arrival"): RuleKind(
        ("off_site_minutes",),
        "到达现场",
        "仅限非现场服务时间报修的故障；到时已经解决，或甲方同意远程处理的，不要求到场。",
    ),
    ("2.3", "resolution"): RuleKind(
        ("on_site_minutes", "off_site_minutes"),
        "排除故障",
        "自报修起到最后一次解决；等待甲方的时段顺延；按时提交并经两级审批的书面方案以约定期限为准。",
    ),
    ("2.3", "plan"): RuleKind(
        ("after_minutes",),
        "书面方案",
        "报修后到这个时限仍未解决的故障，须在时限内提交书面方案，此时限不顺延。",
    ),
    ("2.3", "onsite_days"): RuleKind(
        ("days_per_week",),
        "每周现场天数",
        "每个自然周现场出勤的不同天数，不少于约定天数与该周工作日数中较小者。",
    ),
    ("2.5", "recovery"): RuleKind(
        ("minutes",),
        "停机恢复时间",
        "扣除经批准的计划窗口、合并重叠后的一次系统停机，剩余分钟数不得超过限值。",
    ),
    ("2.5", "year_count"): RuleKind(
        ("count",), "年度停机次数", "按停机开始时间归年，同一年内第几次超过限值即为一次认定。"
    ),
    ("2.5", "month_minutes"): RuleKind(
        ("minutes",), "月停机时间", "各次停机的分钟数按月末切开，一个月合计不得超过限值。"
    ),
    ("2.6", "recovery"): RuleKind(
        ("minutes",),
        "业务影响恢复时间",
        "扣除经批准的计划窗口、合并重叠后的一次部门级影响，剩余分钟数不得超过限值。",
    ),
    ("2.6", "year_count"): RuleKind(
        ("count",), "年度业务影响次数", "按开始时间归年，同一年内第几次超过限值即为一次认定。"
    ),
    ("2.6", "month_count"): RuleKind(
        ("count",), "月业务影响次数", "按开始时间归月，同一月内第几次超过限值即为一次认定。"
    ),
    ("2.7", "vulnerability"): RuleKind((), "漏洞整改", "漏洞须在甲方要求的日期当天结束前修复并验证。"),
    ("2.8", "satisfaction"): RuleKind(
        ("score",),
        "用户满意度",
        "季度内全部问卷的平均分低于限值即产生整改义务，此后首个达到限值的季度予以销项。",
    ),
    ("2.10", "daily_patrol"): RuleKind(
        (), "每日巡检", "每台生产服务器每个自然日须有一次完成的巡检，连续缺失的日子合为一次认定。"
    ),
    ("2.10", "big_patrol"): RuleKind(
        ("days",),
        "大巡检",
        "每台生产服务器相邻两次大巡检相隔的天数不得超过限值，合同开始日与截止时刻各算一端。",
    ),
    ("3.2(4)", "monthly_report"): RuleKind(
        ("working_days",), "月度巡检评估报告", "次月第几个工作日结束前提交上月报告。"
    ),
    ("3.3(3)", "quarter_documents"): RuleKind(
        ("working_days",), "季度文档", "从季度最后一天往回数（该日是工作日则计入）第几个工作日结束前提交。"
    ),
    ("4.1", "contract_count"): RuleKind(
        ("count",), "合同期停机次数", "整个合同期内系统停机第几次超过限值即为一次提示。"
    ),
    ("5.1(1)", "handover"): RuleKind(
        ("months",), "离职交接", "书面告知日到最后在岗日不少于约定月数，并须有交接记录。"
    ),
    ("5.1(2)", "tenure"): RuleKind(
        ("engineer_years", "manager_years"), "任职年限", "派到本项目时，在乙方任职须满约定年数。"
    ),
    ("5.1(4)", "resolution"): RuleKind(
        ("off_site_minutes",),
        "非现场排除故障",
        "非现场服务时间报修的故障，自报修起到最后一次解决；等待甲方的时段顺延。",
    ),
    ("5.1(5)", "monthly_review"): RuleKind(("count",), "月度绩效考核", "每个月须有约定次数的绩效考核记录。"),
    ("5.1(8)", "rework"): RuleKind(
        ("opens_over_percent", "closes_under_percent"),
        "需求返修率",
        "季度内交付的需求中被返修的比例：高于上限产生整改义务，低于下限销项，其间为提示；没有交付则不计算。",
    ),
    ("5.2(6)", "effort_single"): RuleKind(
        ("person_days",), "单项工作量", "一项需求累计工作量超过限值需核算。"
    ),
    ("5.2(6)", "effort_total"): RuleKind(
        ("person_months",), "年度工作量", "一个合同年累计工作量超过约定人月（按每人月天数折算）另行收费。"
    ),
    ("5.4", "monthly_training"): RuleKind(("count",), "月度维护培训", "每个月须举办约定次数的系统维护培训。"),
}

RULES = MappingProxyType(_RULES)


def list_rules(clause: str) -> tuple[str, ...]:
    """The names of the rules that belong to a clause."""
    return tuple(rule for number, rule in RULES if number == clause)
