"""`eduops ticket`: incidents, requests and consults through their life."""

from datetime import timedelta
from typing import Annotated

import typer

from eduops.cli import door, out, ticket_file, ticket_paper, ticket_recurring, ticket_show, ticket_step
from eduops.cli.instant import FromOption, ToOption, parse_days, parse_instant
from eduops.cli.noun import Noun
from eduops.cli.ticket_screen import AtOption, check_word, ticket_row
from eduops.cli.usage import typed_here
from eduops.desk import queries
from eduops.desk.rules import word
from eduops.desk.service import ticket as service

app = Noun("工单：故障、服务请求、咨询。")

KindOption = Annotated[str, typer.Option(help="类别：incident 故障、request 服务请求、consult 咨询。")]
DepartmentOption = Annotated[str, typer.Option(help="报修科室。")]
ChannelOption = Annotated[str, typer.Option(help="渠道：onsite 现场、phone 电话、online 在线、remote 远程。")]
ReporterOption = Annotated[str, typer.Option(help="报修人。")]
_MOST_MINUTES = 24 * 60


@app.verb("open", example="eduops ticket open --title 考试页面打不开 --department 继续教育科 --channel phone")
def open_(
    ctx: typer.Context,
    title: Annotated[str, typer.Option(help="一句话说明。")],
    kind: KindOption = "incident",
    impact: Annotated[
        str, typer.Option(help="影响：system 系统停机、department 部门级、limited 有限。")
    ] = "limited",
    cause: Annotated[
        str, typer.Option(help="原因：software、hardware、network、third_party、customer、unknown。")
    ] = "unknown",
    department: DepartmentOption = "",
    channel: ChannelOption = "",
    reporter: ReporterOption = "",
    at: AtOption = None,
    invented: out.InventedOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一张工单，从报修时刻起计时。"""
    check_word("--kind", kind, word.KINDS)
    check_word("--impact", impact, word.IMPACTS)
    check_word("--cause", cause, word.CAUSES)
    if channel:
        check_word("--channel", channel, word.CHANNELS)
    zone = door.contract(ctx).zone_info
    new = service.NewTicket(kind, title, impact, cause, department, channel, reporter, invented)
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        instant = parse_instant(at, now=work.now, zone=zone, option="--at")
        ticket = service.open_ticket(work.session, new, at=instant, now=work.now, actor=work.actor, zone=zone)
        row = ticket_row(ticket)
        work.changed(ticket.ref, step="open", at=instant.isoformat())
    out.done(f"已登记 {row['ref']}：{title}" + out.preview(dry_run), row, as_json=as_json)


@app.verb("log", example="eduops ticket log 怎样导入题库 --department 继续教育科 --channel phone --minutes 5")
def log(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="问了什么。", metavar="内容")],
    department: DepartmentOption = "",
    channel: ChannelOption = "phone",
    reporter: ReporterOption = "",
    minutes: Annotated[int, typer.Option(help="用了多少分钟。", min=0, max=_MOST_MINUTES)] = 5,
    answer: Annotated[str, typer.Option(help="怎样答复的。")] = "",
    at: Annotated[str | None, typer.Option("--at", help="何时开始，如 11:30；不写就是刚刚结束。")] = None,
    invented: out.InventedOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """一行登记一次已经答复完的咨询：报修、响应、解决、关闭一起记下。"""
    check_word("--channel", channel, word.CHANNELS)
    zone, length = door.contract(ctx).zone_info, timedelta(minutes=minutes)
    new = service.NewTicket(
        "consult", title, department=department, channel=channel, reporter=reporter, is_invented=invented
    )
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        begun = parse_instant(at, now=work.now, zone=zone, option="--at") if at else work.now - length
        ticket = service.log_consult(
            work.session, new, for_=length, answer=answer, at=begun, now=work.now, actor=work.actor, zone=zone
        )
        row = ticket_row(ticket)
        work.changed(ticket.ref, step="log", at=begun.isoformat(), minutes=minutes)
    out.done(
        f"已登记并关闭 {row['ref']}：{title}（{minutes} 分钟）" + out.preview(dry_run), row, as_json=as_json
    )


@app.verb("list", example="eduops ticket list --from 2026-07-01 --to 2026-09-30 --json")
def list_(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    kind: Annotated[str | None, typer.Option(help="只列这一类：incident、request、consult。")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="只列未解决的，重开后未再解决的也算。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出工单，按报修的先后。"""
    if kind:
        check_word("--kind", kind, word.KINDS)
    from_at, to_at = parse_days(from_, to, zone=door.contract(ctx).zone_info)
    with door.look(ctx) as look:
        tickets = queries.list_tickets(look.session, from_at=from_at, to_at=to_at, open_only=open_only)
        rows = [ticket_row(ticket) for ticket in tickets if kind in (None, ticket.kind)]
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


for _part in (ticket_show, ticket_step, ticket_paper, ticket_file):
    app.registered_commands += _part.verbs.registered_commands
app.add_typer(ticket_recurring.verbs, name="recurring")
