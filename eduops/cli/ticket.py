"""`eduops ticket`: incidents, requests and consults through their life."""

from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import FromOption, ToOption, parse_days, parse_instant
from eduops.cli.noun import Noun
from eduops.core.errors import UsageError
from eduops.desk import queries, rules, service
from eduops.desk.models import Ticket

app = Noun("工单：故障、服务请求、咨询。")

RefArgument = Annotated[str, typer.Argument(help="工单编号，如 INC-2026-0001。")]
AtOption = Annotated[
    str | None, typer.Option("--at", help="何时发生，如 '2026-03-05 11:50' 或今天的 11:50；不写就是现在。")
]


@app.verb("open", example="eduops ticket open --title 考试页面打不开 --department 继续教育科 --channel phone")
def open_(
    ctx: typer.Context,
    title: Annotated[str, typer.Option(help="一句话说明。")],
    kind: Annotated[
        str, typer.Option(help="类别：incident 故障、request 服务请求、consult 咨询。")
    ] = "incident",
    impact: Annotated[
        str, typer.Option(help="影响：system 系统停机、department 部门级、limited 有限。")
    ] = "limited",
    cause: Annotated[
        str, typer.Option(help="原因：software、hardware、network、third_party、customer、unknown。")
    ] = "unknown",
    department: Annotated[str, typer.Option(help="报修科室。")] = "",
    channel: Annotated[
        str, typer.Option(help="渠道：onsite 现场、phone 电话、online 在线、remote 远程。")
    ] = "",
    reporter: Annotated[str, typer.Option(help="报修人。")] = "",
    at: AtOption = None,
    invented: Annotated[bool, typer.Option("--invented", help="标明是虚构的（演示用）。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一张工单，从报修时刻起计时。"""
    _check_word("--kind", kind, rules.KINDS)
    _check_word("--impact", impact, rules.IMPACTS)
    _check_word("--cause", cause, rules.CAUSES)
    if channel:
        _check_word("--channel", channel, rules.CHANNELS)
    zone = door.contract(ctx).zone_info
    new = service.NewTicket(kind, title, impact, cause, department, channel, reporter, invented)
    with door.work(ctx) as work:
        instant = parse_instant(at, now=work.now, zone=zone, option="--at")
        ticket = service.open_ticket(work.session, new, at=instant, now=work.now, actor=work.actor, zone=zone)
        work.changed(ticket.ref, step="open", at=instant.isoformat())
    out.done(f"已登记 {ticket.ref}：{title}", _row(ticket), as_json=as_json)


@app.verb("respond", example="eduops ticket respond INC-2026-0001 --at 12:05")
def respond(
    ctx: typer.Context, ref: RefArgument, at: AtOption = None, as_json: out.JsonOption = False
) -> None:
    """登记响应。"""
    _step(ctx, ref, "respond", "响应", at, as_json, {})


@app.verb("arrive", example="eduops ticket arrive INC-2026-0001 --at 13:20")
def arrive(
    ctx: typer.Context, ref: RefArgument, at: AtOption = None, as_json: out.JsonOption = False
) -> None:
    """登记到达现场。"""
    _step(ctx, ref, "arrive", "到场", at, as_json, {})


@app.verb("resolve", example="eduops ticket resolve INC-2026-0001 --cause software --solution 重启应用服务")
def resolve(
    ctx: typer.Context,
    ref: RefArgument,
    cause: Annotated[
        str | None, typer.Option(help="查明的原因：software、hardware、network、third_party、customer。")
    ] = None,
    solution: Annotated[str | None, typer.Option(help="解决办法。")] = None,
    remote_agreed_by: Annotated[
        str | None, typer.Option(help="甲方谁同意远程解决（2.4），免于到场。")
    ] = None,
    at: AtOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """登记解决。"""
    if cause:
        _check_word("--cause", cause, rules.CAUSES)
    values = {"cause": cause, "solution": solution, "remote_agreed_by": remote_agreed_by}
    _step(ctx, ref, "resolve", "解决", at, as_json, {key: value for key, value in values.items() if value})


@app.verb("close", example="eduops ticket close INC-2026-0001")
def close(ctx: typer.Context, ref: RefArgument, at: AtOption = None, as_json: out.JsonOption = False) -> None:
    """关闭已解决的工单。"""
    _step(ctx, ref, "close", "关闭", at, as_json, {})


@app.verb("wait", example="eduops ticket wait INC-2026-0001 --reason 等机房开门 --agreed-by 张老师（虚构）")
def wait(
    ctx: typer.Context,
    ref: RefArgument,
    reason: Annotated[str, typer.Option(help="等待甲方的原因。")],
    agreed_by: Annotated[str, typer.Option(help="甲方谁同意。")],
    at: AtOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """登记等待甲方：2.3 的时限从此刻起暂停。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx) as work:
        instant = parse_instant(at, now=work.now, zone=zone, option="--at")
        ticket = service.wait_for_customer(
            work.session, ref, at=instant, now=work.now, actor=work.actor, zone=zone, reason=reason, agreed_by=agreed_by
        )  # fmt: skip
        work.changed(ref, step="wait", at=instant.isoformat())
    out.done(f"{ref} 自 {out.text(instant)} 起等待甲方", _row(ticket), as_json=as_json)


@app.verb("go-on", example="eduops ticket go-on INC-2026-0001")
def go_on(ctx: typer.Context, ref: RefArgument, at: AtOption = None, as_json: out.JsonOption = False) -> None:
    """登记等待结束：时限继续走。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx) as work:
        instant = parse_instant(at, now=work.now, zone=zone, option="--at")
        ticket = service.go_on(work.session, ref, at=instant, now=work.now, actor=work.actor, zone=zone)
        work.changed(ref, step="go_on", at=instant.isoformat())
    out.done(f"{ref} 自 {out.text(instant)} 起继续计时", _row(ticket), as_json=as_json)


@app.verb("list", example="eduops ticket list --from 2026-07-01 --to 2026-09-30 --json")
def list_(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    kind: Annotated[str | None, typer.Option(help="只列这一类：incident、request、consult。")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="只列未解决的。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出工单，按报修的先后。"""
    if kind:
        _check_word("--kind", kind, rules.KINDS)
    from_at, to_at = parse_days(from_, to, zone=door.contract(ctx).zone_info)
    with door.look(ctx) as look:
        tickets = queries.list_tickets(look.session, from_at=from_at, to_at=to_at, open_only=open_only)
        rows = [_row(ticket) for ticket in tickets if kind in (None, ticket.kind)]
    columns = (
        out.Column("ref", "编号"),
        out.Column("kind_text", "类别"),
        out.Column("title", "内容"),
        out.Column("department", "科室", spare=True),
        out.Column("reported_at", "报修"),
        out.Column("responded_at", "响应", spare=True),
        out.Column("resolved_at", "解决"),
    )
    out.rows(
        rows, columns, as_json=as_json, title="工单", empty="没有工单。登记：eduops ticket open --title …"
    )


@app.verb("show", example="eduops ticket show INC-2026-0001 --json")
def show(ctx: typer.Context, ref: RefArgument, as_json: out.JsonOption = False) -> None:
    """查看一张工单的经过：每一步何时发生、何时登记。"""
    zone = door.contract(ctx).zone_info
    with door.look(ctx) as look:
        ticket = queries.get_ticket(look.session, ref)
        state = service.state_of(look.session, ticket, zone=zone)
        events = [
            event.model_dump(exclude={"id", "ticket_id"})
            for event in queries.list_events(look.session, ticket)
        ]
    if as_json:
        out.value({**_row(ticket), "state": state, "events": events})
        return
    heads = {
        "ref": "编号", "kind_text": "类别", "title": "内容", "state_text": "状态", "department": "科室",
        "reporter": "报修人", "channel_text": "渠道", "impact_text": "影响", "cause_text": "原因", "solution": "解决办法",
    }  # fmt: skip
    out.fields({**_row(ticket), "state_text": rules.STATES[state]}, heads, as_json=False)
    columns = (
        out.Column("step_text", "步骤"),
        out.Column("happened_at", "发生"),
        out.Column("recorded_at", "登记"),
        out.Column("late", "补录"),
        out.Column("actor", "登记人"),
    )
    shown = [
        {
            **event,
            "step_text": STEPS[event["step"]],
            "late": event["recorded_at"] - event["happened_at"] > rules.LATE_AFTER,
        }
        for event in events
    ]
    out.rows(shown, columns, as_json=False, title="经过", empty="没有记录")


STEPS = {
    "open": "报修", "respond": "响应", "arrive": "到场", "wait": "等待甲方", "go_on": "继续", "resolve": "解决",
    "close": "关闭",
}  # fmt: skip


def _step(
    ctx: typer.Context, ref: str, step: str, word: str, at: str | None, as_json: bool, values: dict[str, str]
) -> None:
    zone = door.contract(ctx).zone_info
    with door.work(ctx) as work:
        instant = parse_instant(at, now=work.now, zone=zone, option="--at")
        ticket = service.take_step(
            work.session, ref, step, at=instant, now=work.now, actor=work.actor, zone=zone, values=values
        )
        work.changed(ref, step=step, at=instant.isoformat(), **values)
    out.done(f"{ref} 已登记{word}：{out.text(instant)}", _row(ticket), as_json=as_json)


def _row(ticket: Ticket) -> dict[str, object]:
    return {
        **ticket.model_dump(exclude={"id"}),
        "kind_text": rules.KINDS[ticket.kind],
        "impact_text": rules.IMPACTS[ticket.impact],
        "cause_text": rules.CAUSES[ticket.cause],
        "channel_text": rules.CHANNELS.get(ticket.channel, ticket.channel),
    }


def _check_word(option: str, word: str, known: dict[str, str]) -> None:
    if word not in known:
        choices = "、".join(f"{key}（{text}）" for key, text in known.items())
        raise UsageError(f"{option} 的值「{word}」不在可选范围", hint=f"可选：{choices}")
