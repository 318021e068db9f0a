"""`eduops ticket show`: everything about one ticket."""

from collections.abc import Mapping, Sequence

import typer

from eduops.cli import door, out
from eduops.cli.change_text import HEADS, render_change
from eduops.cli.noun import Noun
from eduops.cli.row import plain_row
from eduops.cli.ticket_screen import RefArgument, ticket_row
from eduops.desk import queries
from eduops.desk.models.ticket import Ticket, TicketEvent, TicketReopening
from eduops.desk.rules import word
from eduops.desk.rules.step import LATE_AFTER
from eduops.desk.rules.story import Told, list_valid_instants
from eduops.desk.service import ticket as service

verbs = Noun("一张工单的全部。")

_OWNED = ("id", "ticket_id")
_HEADS = {
    "ref": "编号", "kind_text": "类别", "title": "内容", "state_text": "状态", "department": "科室",
    "reporter": "报修人", "channel_text": "渠道", "impact_text": "影响", "cause_text": "原因", "solution": "解决办法",
    "reported_at": "报修", "responded_at": "响应", "arrived_at": "到场", "resolved_at": "解决", "closed_at": "关闭",
}  # fmt: skip
_HEADS_IF_SAID = {
    "assignee": "指派给", "escalated_to": "升级给", "confirmed_by": "确认人", "confirmed_how": "确认方式",
    "confirmed_at": "确认时间", "remote_agreed_by": "同意远程人", "outage_start": "停机开始", "outage_end": "停机结束",
    "planned": "计划内作业", "planned_from": "计划开始", "planned_to": "计划结束", "planned_approved_by": "计划批准人",
    "plan_submitted_at": "方案提交", "plan_deadline": "方案期限", "plan_department_approved_at": "科室批准",
    "plan_department_approved_by": "科室批准人", "plan_management_approved_at": "管理部门批准",
    "plan_management_approved_by": "管理部门批准人", "recurring_problem": "重复问题",
}  # fmt: skip
_RECORD_HEADS = {
    "cause": "故障原因", "engineer": "实施工程师", "solution": "解决办法", "process": "实施过程", "result": "维护结果"
}  # fmt: skip
_WAIT_COLUMNS = (
    out.Column("from_at", "从"),
    out.Column("to_at", "到"),
    out.Column("reason", "原因"),
    out.Column("agreed_by", "甲方同意人"),
)
_REOPENING_COLUMNS = (out.Column("reopened_at", "重开"), out.Column("resolved_at", "再次解决"))
_STORY_COLUMNS = (
    out.Column("step_text", "步骤"),
    out.Column("happened_text", "发生"),
    out.Column("told", "内容"),
    out.Column("actor", "登记人"),
    out.Column("late", "补录", spare=True),
    out.Column("recorded_at", "登记", spare=True),
)
_FILE_COLUMNS = (out.Column("name", "附件"), out.Column("size_bytes", "字节", right=True))
# In this step the names of departments stand where elsewhere the department that reported does.
_APPROVAL_HEADS = HEADS | {"department": "使用科室批准人", "management": "管理部门批准人"}


@verbs.verb("show", example="eduops ticket show INC-2026-0001 --json")
def show(ctx: typer.Context, ref: RefArgument, as_json: out.JsonOption = False) -> None:
    """查看一张工单的全部：各项事实和时刻、等待、重开、经过、维护记录、附件。"""
    zone = door.contract(ctx).zone_info
    with door.look(ctx) as look:
        ticket = queries.get_ticket(look.session, ref)
        problem = queries.find_problem_of(look.session, ticket)
        record = queries.find_record(look.session, ticket)
        reopened = queries.list_reopenings(look.session, ticket)
        events = queries.list_events(look.session, ticket)
        item: dict[str, object] = {
            **ticket_row(ticket),
            "state": service.state_of(look.session, ticket, zone=zone),
            "recurring_problem": problem.ref if problem else None,
            "exclusions": [
                plain_row(each, but=_OWNED) for each in queries.list_exclusions(look.session, ticket)
            ],
            "reopened": [plain_row(each, but=_OWNED) for each in reopened],
            "record": plain_row(record, but=_OWNED) if record else None,
            "attachments": [
                plain_row(each, but=_OWNED) for each in queries.list_attachments(look.session, ticket)
            ],
            "events": [plain_row(each, but=_OWNED) for each in events],
        }
    if as_json:
        out.value(item)
    else:
        _draw(ticket, item, reopened, events)


def _draw(
    ticket: Ticket,
    item: Mapping[str, object],
    reopened: Sequence[TicketReopening],
    events: Sequence[TicketEvent],
) -> None:
    said = {key: head for key, head in _HEADS_IF_SAID.items() if item.get(key)}
    facts = {**item, "state_text": word.STATES[str(item["state"])]}
    if reopened:
        facts["resolved_at"] = f"{out.text(ticket.resolved_at)}（第一次；重开后的见下）"
    out.fields(facts, {**_HEADS, **said}, as_json=False)
    _draw_list("等待甲方", item["exclusions"], _WAIT_COLUMNS)
    _draw_list("重开", item["reopened"], _REOPENING_COLUMNS)
    if isinstance(item["record"], Mapping):
        typer.echo("维护记录")
        out.fields(item["record"], _RECORD_HEADS, as_json=False)
    out.rows(_build_story(events), _STORY_COLUMNS, as_json=False, title="经过", empty="没有记录")
    _draw_list("附件", item["attachments"], _FILE_COLUMNS)


def _draw_list(title: str, items: object, columns: Sequence[out.Column]) -> None:
    if isinstance(items, list) and items:
        out.rows(items, columns, as_json=False, title=title, empty="")


def _build_story(events: Sequence[TicketEvent]) -> list[dict[str, object]]:
    """Each step in words; one whose instant was put right says what holds now."""
    valid = list_valid_instants([Told(each.step, each.happened_at, each.values) for each in events])
    rows = []
    for event, valid_at in zip(events, valid, strict=True):
        happened = out.text(event.happened_at)
        if valid_at != event.happened_at:
            happened += f"（已更正为 {out.text(valid_at)}）" if valid_at else "（已更正：去掉）"
        heads = _APPROVAL_HEADS if event.step == "approve_plan" else HEADS
        rows.append(
            {
                "step_text": word.STEPS.get(event.step, event.step),
                "happened_text": happened,
                "told": render_change(event.values, heads=heads),
                "actor": event.actor,
                "late": event.recorded_at - event.happened_at > LATE_AFTER,
                "recorded_at": event.recorded_at,
            }
        )
    return rows
