"""A ticket on one row of a table: flat columns and JSON cells, English or Chinese headers."""

import json
from collections.abc import Mapping
from contextlib import suppress

from eduops.contract.ticket_fact import FIELDS, PLAN_FIELDS

HEADERS: Mapping[str, str] = {
    "工单号": "ref",
    "工单编号": "ref",
    "编号": "ref",
    "类型": "kind",
    "标题": "title",
    "影响": "impact",
    "影响范围": "impact",
    "原因": "cause",
    "科室": "department",
    "渠道": "channel",
    "报修人": "reporter",
    "报修时间": "reported_at",
    "响应时间": "responded_at",
    "到场时间": "arrived_at",
    "解决时间": "resolved_at",
    "关闭时间": "closed_at",
    "同意远程人": "remote_agreed_by",
    "计划内": "planned",
    "计划批准人": "planned_approved_by",
    "计划开始": "planned_from",
    "计划结束": "planned_to",
    "停机开始": "outage_start",
    "停机结束": "outage_end",
    "方案提交时间": "plan_submitted_at",
    "科室审批时间": "plan_department_approved_at",
    "管理部门审批时间": "plan_management_approved_at",
    "方案期限": "plan_deadline",
    "等待甲方": "exclusions",
    "重开": "reopened",
}
COLUMNS = (
    *(name for name in FIELDS if name not in ("plan", "exclusions", "reopened")),
    *(f"plan_{name}" for name in PLAN_FIELDS),
    "exclusions",
    "reopened",
)


def build_record(row: Mapping[str, object]) -> dict[str, object]:
    """The object that parse_ticket takes; unknown headers stay as they are, for it to name."""
    record: dict[str, object] = {}
    plan: dict[str, object] = {}
    for header, value in row.items():
        name = HEADERS.get(header.strip(), header.strip())
        if name.startswith("plan_") and name[5:] in PLAN_FIELDS:
            plan[name[5:]] = value
        elif name in ("exclusions", "reopened") and isinstance(value, str):
            record[name] = _read_cell(value)
        else:
            record[name] = value
    if any(value not in (None, "") for value in plan.values()):
        record["plan"] = plan
    return record


def _read_cell(text: str) -> object:
    with suppress(ValueError, RecursionError):
        return json.loads(text) if text.strip() else None
    # Not JSON: left as it is, for parse_ticket to refuse with its row.
    return text
