"""`eduops ticket recurring`: one known cause behind several tickets."""

from dataclasses import asdict
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import FromOption, ToOption, parse_days
from eduops.cli.noun import Noun
from eduops.cli.ticket_screen import plain_ref, plain_refs, preview
from eduops.cli.usage import typed_here
from eduops.desk import queries
from eduops.desk.service import recurring as service

verbs = Noun("重复问题：多张工单背后的同一个原因。")


@verbs.verb(
    "add",
    example="eduops ticket recurring add 考试高峰时登录缓慢 --cause 会话表没有索引 --workaround 错峰登录",
)
def add(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="一句话说明。", metavar="内容")],
    cause: Annotated[str, typer.Option(help="已知的原因。")] = "",
    workaround: Annotated[str, typer.Option(help="在根治之前怎样绕开。")] = "",
    invented: Annotated[bool, typer.Option("--invented", help="标明是虚构的（演示用）。")] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一个重复问题。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        made = service.add_problem(
            work.session, title=title, cause=cause, workaround=workaround, now=work.now, actor=work.actor,
            zone=zone, is_invented=invented,
        )  # fmt: skip
        row = made.model_dump(exclude={"id"})
        work.changed(made.ref, title=title)
    out.done(f"已登记重复问题 {row['ref']}：{title}" + preview(dry_run), row, as_json=as_json)


@verbs.verb("link", example="eduops ticket recurring link PRB-2026-0001 INC-2026-0001 INC-2026-0007")
def link(
    ctx: typer.Context,
    ref: Annotated[
        str, typer.Argument(help="重复问题的编号，如 PRB-2026-0001。", metavar="编号", callback=plain_ref)
    ],
    tickets: Annotated[
        list[str], typer.Argument(help="归入的工单编号，可以多个。", metavar="工单...", callback=plain_refs)
    ],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把工单归入一个重复问题。"""
    with door.work(ctx, dry_run=dry_run) as work:
        problem = service.link(work.session, ref, tickets, now=work.now, actor=work.actor)
        row = {"ref": problem.ref, "title": problem.title, "tickets": tickets}
        work.changed(ref, step="link", tickets=tickets)
    out.done(f"{len(tickets)} 张工单已归入 {ref}" + preview(dry_run), row, as_json=as_json)


@verbs.verb("list", example="eduops ticket recurring list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出重复问题和各自的工单数。"""
    with door.look(ctx) as look:
        rows = [
            {**problem.model_dump(exclude={"id"}), "tickets": count}
            for problem, count in queries.list_recurring_problems(look.session)
        ]
    columns = (
        out.Column("ref", "编号"),
        out.Column("title", "内容"),
        out.Column("cause", "原因", spare=True),
        out.Column("workaround", "临时办法"),
        out.Column("tickets", "工单数", right=True),
    )
    empty = "没有重复问题。登记：eduops ticket recurring add 内容"
    out.rows(rows, columns, as_json=as_json, title="重复问题", empty=empty)


@verbs.verb("analyse", example="eduops ticket recurring analyse --from 2026-01-01 --to 2026-03-31 --json")
def analyse(
    ctx: typer.Context, from_: FromOption = None, to: ToOption = None, as_json: out.JsonOption = False
) -> None:
    """分析一段时间的重复问题（2.2）：各有多少工单、涉及哪些科室、耗去多少时间。"""
    from_at, to_at = parse_days(from_, to, zone=door.contract(ctx).zone_info)
    with door.look(ctx) as look:
        found = service.analyse_period(look.session, from_at=from_at, to_at=to_at, as_of=look.now)
    columns = (
        out.Column("ref", "编号"),
        out.Column("title", "内容"),
        out.Column("tickets", "工单数", right=True),
        out.Column("open_tickets", "未解决", right=True),
        out.Column("departments", "科室"),
        out.Column("minutes_lost", "耗时（分）", right=True),
        out.Column("workaround", "临时办法", spare=True),
    )
    empty = "这段时间没有归入重复问题的工单。"
    out.rows([asdict(each) for each in found], columns, as_json=as_json, title="重复问题分析", empty=empty)
