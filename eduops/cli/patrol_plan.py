"""`eduops patrol plan`: evaluation plans agreed beforehand with the customer (clause 5.3.3)."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer
from sqlmodel import Session

from eduops.asset import queries as assets
from eduops.asset.models import Host
from eduops.asset.rules import Environment
from eduops.cli import chinese, door, out
from eduops.cli import patrol_plan_screen as screen
from eduops.cli.instant import parse_day
from eduops.cli.noun import Noun
from eduops.cli.usage import typed_here
from eduops.contract.period import day_of
from eduops.contract.schema import Contract
from eduops.contract.working_day import WorkingDays
from eduops.core.errors import UsageError
from eduops.patrol.queries import plan as queries
from eduops.patrol.rules import calendar
from eduops.patrol.rules.run import KIND_WORDS, Kind
from eduops.patrol.service import plan as service

verbs = Noun("评估计划：事先与甲方管理员约定看什么、哪天看（5.3.3）。")


class PlannedKind(StrEnum):
    """The kinds that can be planned."""

    DAILY = "daily"
    BIG = "big"
    MONTHLY = "monthly"


chinese.name_choices({kind: KIND_WORDS[Kind(kind)] for kind in PlannedKind})
Ref = Annotated[str, typer.Argument(help="计划编号，如 PLN-2026-0001。")]
ScopeOption = Annotated[str | None, typer.Option(help="评估范围。")]
ContentOption = Annotated[str | None, typer.Option(help="评估内容。")]
HostsOption = Annotated[
    list[str] | None, typer.Option("--host", help="主机代码，可写多次；不写则为全部在用的生产主机。")
]


@verbs.verb(
    "add",
    example="eduops patrol plan add --title 三季度大巡检 --kind big --from 2026-07-01 --to 2026-09-30 --every 14d",
)
def add(
    ctx: typer.Context,
    title: Annotated[str, typer.Option(help="标题。")],
    from_: Annotated[str, typer.Option("--from", help="计划的第一天。")],
    to: Annotated[str, typer.Option(help="计划的最后一天（含）。")],
    kind: Annotated[
        PlannedKind, typer.Option(help="类别：daily 日常巡检、big 大巡检、monthly 月度评估。")
    ] = PlannedKind.MONTHLY,
    host: HostsOption = None,
    every: Annotated[str | None, typer.Option(help="从第一天起每隔多久，如 14d、2w。")] = None,
    days: Annotated[str | None, typer.Option(help="每月几号，如 5,20；31 为每月最后一天。")] = None,
    on: Annotated[list[str] | None, typer.Option(help="某一天，可写多次。")] = None,
    working_days: Annotated[
        bool, typer.Option("--working-days", help="遇休息日顺延到下一个工作日。")
    ] = False,
    scope: ScopeOption = None,
    content: ContentOption = None,
    agreed_with: Annotated[str | None, typer.Option("--with", help="甲方哪位管理员同意的。")] = None,
    agreed_on: Annotated[str | None, typer.Option(help="哪天同意的；不写就是今天。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """写一份评估计划：哪些主机、哪些天、看什么。"""
    contract = door.contract(ctx)
    zone = contract.zone_info
    start_on, last_on = parse_day(from_, option="--from"), parse_day(to, option="--to")
    if agreed_on and not agreed_with:
        raise UsageError("写了 --agreed-on，没有写谁同意", hint="用 --with 写甲方管理员的姓名")
    with typed_here():
        planned = _list_days(every, days, on, start_on, last_on)
        if working_days:
            planned = _move(contract, planned, start_on, last_on)
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        new = service.NewPlan(
            title, Kind(kind), start_on, last_on, _get_hosts(work.session, host), planned,
            scope or "", content or "", agreed_with or "",
            parse_day(agreed_on, option="--agreed-on") if agreed_on else None,
        )  # fmt: skip
        plan = service.add_plan(work.session, new, now=work.now, actor=work.actor, zone=zone)
        visits = queries.list_visits(work.session, [plan], today=day_of(work.now, zone), zone=zone)[plan.id]
        work.changed(
            plan.ref, step="plan", title=plan.title, kind=plan.kind, start_on=start_on.isoformat(),
            last_on=last_on.isoformat(), visits=len(visits), agreed_with=plan.agreed_with,
        )  # fmt: skip
        row = screen.build_row(plan, visits, today=day_of(work.now, zone), zone=zone)
    said = f"已登记评估计划 {plan.ref}：{plan.title}，{len(visits)} 次检查"
    out.done(said + out.preview(dry_run), row, as_json=as_json)
    _warn(row, as_json=as_json)


@verbs.verb("list", example="eduops patrol plan list")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出评估计划，以及各做了几次。"""
    zone = door.contract(ctx).zone_info
    with door.look(ctx) as look:
        today = day_of(look.now, zone)
        plans = queries.list_plans(look.session)
        visits = queries.list_visits(look.session, plans, today=today, zone=zone)
    rows = [screen.build_row(plan, visits[plan.id], today=today, zone=zone) for plan in plans]
    out.rows(
        rows, screen.LIST_COLUMNS, as_json=as_json, title="评估计划",
        empty="没有评估计划。登记：eduops patrol plan add --title …",
    )  # fmt: skip


@verbs.verb("show", example="eduops patrol plan show PLN-2026-0001")
def show(ctx: typer.Context, ref: Ref, as_json: out.JsonOption = False) -> None:
    """查看一份评估计划：约定了什么，每次检查做了没有。"""
    zone = door.contract(ctx).zone_info
    with door.look(ctx) as look:
        today = day_of(look.now, zone)
        plan = queries.get_plan(look.session, ref)
        visits = queries.list_visits(look.session, [plan], today=today, zone=zone)[plan.id]
    row = screen.build_row(plan, visits, today=today, zone=zone)
    screen.show(row, visits, as_json=as_json)


@verbs.verb("agree", example="eduops patrol plan agree PLN-2026-0001 --with 张老师（虚构） --on 2026-06-28")
def agree(
    ctx: typer.Context,
    ref: Ref,
    agreed_with: Annotated[str, typer.Option("--with", help="甲方哪位管理员同意的。")],
    on: Annotated[str | None, typer.Option(help="哪天同意的；不写就是今天。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记甲方管理员对评估计划的同意；晚于首次检查日的会标明是事后同意。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        today = day_of(work.now, zone)
        agreed_on = parse_day(on, option="--on") if on else today
        plan = service.agree(
            work.session, ref, agreed_with=agreed_with, agreed_on=agreed_on, now=work.now, zone=zone
        )
        visits = queries.list_visits(work.session, [plan], today=today, zone=zone)[plan.id]
        work.changed(ref, step="agree_plan", agreed_with=plan.agreed_with, agreed_on=agreed_on.isoformat())
        row = screen.build_row(plan, visits, today=today, zone=zone)
    said = f"已登记：{plan.agreed_with} 于 {agreed_on} 同意评估计划 {ref}"
    out.done(said + out.preview(dry_run), row, as_json=as_json)
    _warn(row, as_json=as_json)


@verbs.verb(
    "change", example="eduops patrol plan change PLN-2026-0001 --drop-on 2026-08-05 --add-on 2026-08-07"
)
def change(
    ctx: typer.Context,
    ref: Ref,
    title: Annotated[str | None, typer.Option(help="改标题。")] = None,
    scope: ScopeOption = None,
    content: ContentOption = None,
    add_on: Annotated[list[str] | None, typer.Option(help="加一天，可写多次。")] = None,
    drop_on: Annotated[list[str] | None, typer.Option(help="去掉一天，可写多次。")] = None,
    add_host: Annotated[
        list[str] | None, typer.Option(help="加一台主机，今天起计划内的各天都看，可写多次。")
    ] = None,
    drop_host: Annotated[list[str] | None, typer.Option(help="今天起不再看这台主机，可写多次。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """改评估计划；除标题外，改动后要请甲方重新同意。过去的日子不能改。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        changes = service.Changes(
            title, scope, content,
            add_days=_parse_days(add_on, "--add-on"), drop_days=_parse_days(drop_on, "--drop-on"),
            add_hosts=[assets.get_host(work.session, code) for code in add_host or ()],
            drop_hosts=[assets.get_host(work.session, code) for code in drop_host or ()],
        )  # fmt: skip
        plan, before = service.change(work.session, ref, changes, now=work.now, zone=zone)
        today = day_of(work.now, zone)
        visits = queries.list_visits(work.session, [plan], today=today, zone=zone)[plan.id]
        work.changed(ref, step="change", before=before)
        row = {**screen.build_row(plan, visits, today=today, zone=zone), "before": before}
    again = "；原来的同意不再有效，请甲方重新同意" if "agreed_on" in before else ""
    out.done(f"已改评估计划 {ref}{again}" + out.preview(dry_run), row, as_json=as_json)


@verbs.verb("withdraw", example="eduops patrol plan withdraw PLN-2026-0001 --yes")
def withdraw(
    ctx: typer.Context,
    ref: Ref,
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """撤回评估计划：今天起的检查不再算；此前的保留。"""
    zone = door.contract(ctx).zone_info
    if not dry_run:
        out.confirm(f"撤回评估计划 {ref}？", yes=yes)
    with door.work(ctx, dry_run=dry_run) as work:
        plan = service.withdraw(work.session, ref, now=work.now)
        today = day_of(work.now, zone)
        visits = queries.list_visits(work.session, [plan], today=today, zone=zone)[plan.id]
        work.changed(ref, step="withdraw", title=plan.title)
        row = screen.build_row(plan, visits, today=today, zone=zone)
    out.done(f"已撤回评估计划 {ref}" + out.preview(dry_run), row, as_json=as_json)


def _list_days(
    every: str | None, days: str | None, on: Sequence[str] | None, start_on: date, last_on: date
) -> list[date]:
    """The days that the options name, together. Raises UsageError where none does, InputError where one cannot be."""
    if not (every or days or on):
        raise UsageError("没有写哪些天检查", hint="用 --every 14d、--days 5,20 或 --on 日期，可以一起用")
    found = _parse_days(on, "--on")
    if every:
        found += calendar.list_every(start_on, last_on, calendar.parse_every(every))
    if days:
        found += calendar.list_monthly(start_on, last_on, calendar.parse_days(days))
    return sorted(set(found))


def _parse_days(texts: Sequence[str] | None, option: str) -> list[date]:
    return [parse_day(text, option=option) for text in texts or ()]


def _move(contract: Contract, days: Sequence[date], start_on: date, last_on: date) -> list[date]:
    working = WorkingDays(contract.working_days)
    guessed = sorted({day.year for day in days if working.is_provisional(day)})
    if guessed:
        years = "、".join(map(str, guessed))
        out.warn(f"{years} 年的节假日安排还没有公布，工作日按周一至周五和法定节日推算；公布后请核对计划")
    return calendar.move_to_working_days(
        days, start_on=start_on, last_on=last_on, is_working_day=working.is_working_day
    )


def _get_hosts(session: Session, codes: Sequence[str] | None) -> list[Host]:
    if codes:
        return [assets.get_host(session, code) for code in codes]
    return [host for host in assets.list_hosts(session) if host.environment == Environment.PRODUCTION.value]


def _warn(row: screen.Row, *, as_json: bool) -> None:
    if not as_json:
        for finding in screen.findings_of(row):
            out.warn(finding)
