"""`eduops ticket recurring`: one known cause behind several tickets."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import FromOption, ToOption, parse_days, parse_happened, render_period
from eduops.cli.noun import Noun
from eduops.cli.row import plain_row
from eduops.cli.target import ForceOption, check_workbook
from eduops.cli.ticket_screen import plain_ref, plain_refs
from eduops.cli.usage import typed_here
from eduops.core.errors import UsageError
from eduops.desk import queries
from eduops.desk.rules.recurring import build_table
from eduops.desk.service import recurring as service
from eduops.sheet.export import write_table

verbs = Noun("重复问题：多张工单背后的同一个原因。")

ProblemArgument = Annotated[
    str, typer.Argument(help="重复问题的编号，如 PRB-2026-0001。", metavar="编号", callback=plain_ref)
]
TicketsArgument = Annotated[
    list[str], typer.Argument(help="工单编号，可以多个。", metavar="工单...", callback=plain_refs)
]


@verbs.verb(
    "add",
    example="eduops ticket recurring add 考试高峰时登录缓慢 --cause 会话表没有索引 --workaround 错峰登录",
)
def add(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="一句话说明。", metavar="内容")],
    cause: Annotated[str, typer.Option(help="已知的原因。")] = "",
    workaround: Annotated[str, typer.Option(help="在根治之前怎样绕开。")] = "",
    invented: out.InventedOption = False,
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
        row = plain_row(made)
        work.changed(made.ref, title=title)
    out.done(f"已登记重复问题 {row['ref']}：{title}" + out.preview(dry_run), row, as_json=as_json)


@verbs.verb("link", example="eduops ticket recurring link PRB-2026-0001 INC-2026-0001 INC-2026-0007")
def link(
    ctx: typer.Context,
    ref: ProblemArgument,
    tickets: TicketsArgument,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把工单归入一个重复问题；已归入别的重复问题的，移过来。"""
    with door.work(ctx, dry_run=dry_run) as work:
        problem = queries.get_recurring_problem(work.session, ref)
        linked = service.link(work.session, ref, tickets, now=work.now, actor=work.actor)
        moved = {ticket: before for ticket, before in linked.items() if before}
        row = {
            "ref": ref,
            "title": problem.title,
            "tickets": tickets,
            "linked": list(linked),
            "moved_from": moved,
        }
        if linked:
            work.changed(ref, step="link", tickets=list(linked), before=moved)
    said = f"{len(linked)} 张工单已归入 {ref}"
    said += f"，{len(tickets) - len(linked)} 张本来就在" if len(linked) < len(tickets) else ""
    said += "".join(f"；{ticket} 由 {before} 移来" for ticket, before in moved.items())
    out.done(said + out.preview(dry_run), row, as_json=as_json)


@verbs.verb("unlink", example="eduops ticket recurring unlink PRB-2026-0001 INC-2026-0007")
def unlink(
    ctx: typer.Context,
    ref: ProblemArgument,
    tickets: TicketsArgument,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把归错的工单从一个重复问题移出。"""
    with door.work(ctx, dry_run=dry_run) as work:
        service.unlink(work.session, ref, tickets, now=work.now, actor=work.actor)
        work.changed(ref, step="unlink", tickets=tickets)
    said = f"{len(tickets)} 张工单已从 {ref} 移出"
    out.done(said + out.preview(dry_run), {"ref": ref, "tickets": tickets}, as_json=as_json)


@verbs.verb(
    "change",
    example="eduops ticket recurring change PRB-2026-0001 --cause 会话表没有索引 --solved '2026-03-05 11:50'",
)
def change(
    ctx: typer.Context,
    ref: ProblemArgument,
    title: Annotated[str | None, typer.Option(help="改成怎样的一句话。")] = None,
    cause: Annotated[str | None, typer.Option(help="查明的原因；空的 '' 就是去掉。")] = None,
    workaround: Annotated[str | None, typer.Option(help="怎样绕开；空的 '' 就是去掉。")] = None,
    solved: Annotated[
        str | None, typer.Option(help="何时根治，如 '2026-03-05 11:50'；空的 '' 就是还没有根治。")
    ] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """改一个重复问题的说法、原因、临时办法，或记下它已经根治。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        changes: dict[str, object] = {"title": title, "cause": cause, "workaround": workaround}
        changes = {name: said for name, said in changes.items() if said is not None}
        if solved is not None:
            changes["solved_at"] = (
                parse_happened(solved, now=work.now, zone=zone, option="--solved") if solved.strip() else None
            )
        if not changes:
            raise UsageError("没有写要改什么", hint="写 --title、--cause、--workaround 或 --solved")
        before = service.change_problem(work.session, ref, changes)
        row = plain_row(queries.get_recurring_problem(work.session, ref))
        if before:
            after = {name: _plain(row[name]) for name in before}
            was = {name: _plain(value) for name, value in before.items()}
            work.changed(ref, step="change", **after, before=was)
    said = f"{ref} 已改动" if before else f"{ref} 本来就是这样，没有改动"
    out.done(said + out.preview(dry_run), row, as_json=as_json)


@verbs.verb("list", example="eduops ticket recurring list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出重复问题和各自的工单数。"""
    with door.look(ctx) as look:
        rows = [
            {**plain_row(problem), "tickets": count}
            for problem, count in queries.list_recurring_problems(look.session)
        ]
    columns = (
        out.Column("ref", "编号"),
        out.Column("title", "内容"),
        out.Column("cause", "原因", spare=True),
        out.Column("workaround", "临时办法"),
        out.Column("solved_at", "根治", spare=True),
        out.Column("tickets", "工单数", right=True),
    )
    empty = "没有重复问题。登记：eduops ticket recurring add 内容"
    out.rows(rows, columns, as_json=as_json, title="重复问题", empty=empty)


@verbs.verb(
    "analyse", example="eduops ticket recurring analyse --from 2026-01-01 --to 2026-03-31 --out 分析.xlsx"
)
def analyse(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="写成 Excel 文件（.xlsx），供打印。", metavar="文件")
    ] = None,
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """分析一段时间的重复问题（2.2）：原因、各有多少工单、涉及哪些科室、耗去多少时间。"""
    zone = door.contract(ctx).zone_info
    from_at, to_at = parse_days(from_, to, zone=zone)
    period = render_period(from_, to)
    if target:
        check_workbook(target, force=force)
    with door.look(ctx) as look:
        found = service.analyse_period(look.session, from_at=from_at, to_at=to_at, as_of=look.now)
    if target:
        write_table(target, [build_table(found, period=period, as_of=look.now, zone=zone)])
        item = {"file": str(target), "problems": len(found)}
        out.done(f"{len(found)} 个重复问题的分析（{period}）已写到 {target}", item, as_json=as_json)
        return
    columns = (
        out.Column("ref", "编号"),
        out.Column("title", "内容"),
        out.Column("cause", "原因"),
        out.Column("tickets", "工单数", right=True),
        out.Column("open_tickets", "未解决", right=True),
        out.Column("departments", "科室", spare=True),
        out.Column("minutes_lost", "耗时（分）", right=True),
        out.Column("workaround", "临时办法", spare=True),
    )
    empty = f"{period}：没有归入重复问题的工单。"
    rows = [asdict(each) for each in found]
    out.rows(rows, columns, as_json=as_json, title=f"重复问题分析，{period}", empty=empty)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
