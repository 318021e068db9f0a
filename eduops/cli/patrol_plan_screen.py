"""Evaluation plans on the screen."""

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from eduops.cli import out
from eduops.patrol.models import PatrolPlan
from eduops.patrol.queries.plan import build_plan_facts
from eduops.patrol.rules.plan import VISIT_WORDS, Visit, VisitState, list_findings
from eduops.patrol.rules.run import KIND_WORDS, Kind

Row = Mapping[str, object]

LIST_COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("title", "标题"),
    out.Column("kind_text", "类别", spare=True),
    out.Column("start_on", "第一天"),
    out.Column("last_on", "最后一天", spare=True),
    out.Column("agreement", "甲方同意", spare=True),
    out.Column("done", "已做", right=True),
    out.Column("missed", "未做", right=True),
    out.Column("to_come", "待做", right=True),
)
_HEADS = {
    "ref": "编号",
    "title": "标题",
    "kind_text": "类别",
    "period": "期间",
    "scope": "评估范围",
    "content": "评估内容",
    "agreement": "甲方同意",
    "actor": "登记人",
    "recorded_at": "登记时间",
    "withdrawn_at": "撤回时间",
    "counts": "检查",
}
_VISIT_COLUMNS = (
    out.Column("day", "日期"),
    out.Column("host", "主机"),
    out.Column("state_text", "结果", style_key="colour"),
    out.Column("run", "巡检"),
    out.Column("run_text", "怎样做的"),
)
_COLOURS = {VisitState.DONE: "green", VisitState.MISSED: "bold red", VisitState.TO_COME: "blue"}


def build_row(plan: PatrolPlan, visits: Sequence[Visit], *, today: date, zone: ZoneInfo) -> Row:
    """All that is known of a plan, with what became of its visits in numbers."""
    names = [name for name in PatrolPlan.model_fields if name not in ("id", "ref")]
    counts = {state: sum(visit.state is state for visit in visits) for state in VisitState}
    return {
        "ref": plan.ref,
        **{name: getattr(plan, name) for name in names},
        "kind_text": KIND_WORDS[Kind(plan.kind)],
        "period": f"{plan.start_on} 至 {plan.last_on}",
        "agreement": f"{plan.agreed_on} {plan.agreed_with}" if plan.agreed_on else None,
        "visits": len(visits),
        **{state.value: count for state, count in counts.items()},
        "counts": "，".join(f"{VISIT_WORDS[state]} {count}" for state, count in counts.items() if count),
        "findings": list(list_findings(build_plan_facts(plan, zone), visits, today=today)),
    }


def findings_of(row: Row) -> list[str]:
    """What is not as it should be."""
    found = row["findings"]
    return [str(each) for each in found] if isinstance(found, list) else []


def show(row: Row, visits: Sequence[Visit], *, as_json: bool) -> None:
    """A plan with every visit."""
    rows = [_build_visit(visit) for visit in visits]
    if as_json:
        out.value(
            {**row, "visits": [{key: cell for key, cell in each.items() if key != "colour"} for each in rows]}
        )
        return
    out.fields(row, {key: head for key, head in _HEADS.items() if row[key] not in (None, "")}, as_json=False)
    out.rows(rows, _VISIT_COLUMNS, as_json=False, title="检查", empty="没有检查")
    for finding in findings_of(row):
        out.warn(finding)


def _build_visit(visit: Visit) -> Row:
    run = visit.run
    made = (
        [KIND_WORDS[run.kind]] + ["人工登记"] * run.is_manual + ["考试期间轻量"] * run.is_light if run else []
    )
    return {
        "day": visit.day,
        "host": visit.host,
        "state": visit.state.value,
        "state_text": VISIT_WORDS[visit.state],
        "colour": _COLOURS.get(visit.state, ""),
        "run": run.ref if run else None,
        "run_text": "，".join(made) or None,
        "is_manual": run.is_manual if run else None,
    }
