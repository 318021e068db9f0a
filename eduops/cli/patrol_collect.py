"""`eduops patrol run`: this machine, or many others at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.asset.models import Host
from eduops.cli import door, failure, out
from eduops.cli import patrol_collect_screen as many_screen
from eduops.cli import patrol_screen as screen
from eduops.cli.noun import Noun
from eduops.cli.patrol_collect_option import KindOption, build_round, get_hosts
from eduops.cli.patrol_problem import build_outcomes, show_outcomes
from eduops.core.errors import NotFound, UsageError
from eduops.patrol import queries
from eduops.patrol.rules.check import State
from eduops.patrol.rules.run import Kind
from eduops.workflow.patrol_collect import Outcome, Round, patrol_hosts
from eduops.workflow.patrol_collect_target import prepare
from eduops.workflow.patrol_exam import spare_exams
from eduops.workflow.patrol_ticket import follow_hosts

Told = Mapping[object, Mapping[str, object]]
"""What was done about problems, by host code."""

verbs = Noun("测量：本机和远程主机。")

HostsArgument = Annotated[
    list[str] | None,
    typer.Argument(help="主机代码，可以多个；不写则为登记为本机的那一台。", metavar="主机..."),
]


@verbs.verb("run", example="eduops patrol run app-1 app-2 --kind big")
def run(
    ctx: typer.Context,
    hosts: HostsArgument = None,
    everyone: Annotated[bool, typer.Option("--all", help="所有在用的主机。")] = False,
    at_once: Annotated[
        int | None, typer.Option(min=1, max=100, help="同时测量多少台；默认取 remote.yaml 的 at_once。")
    ] = None,
    kind: KindOption = Kind.DAILY,
    full: Annotated[bool, typer.Option("--full", help="考试进行中也做重负载检查。")] = False,
    open_tickets: Annotated[
        bool, typer.Option("--open-tickets", help="为新的严重问题开工单，给还在的补记，建议了结已消失的。")
    ] = False,
    as_json: out.JsonOption = False,
) -> None:
    """测量本机或远程主机并按阈值判定；有主机测不到时退出码为 5，否则有主机不是「正常」时为 1。"""
    shared, chosen = build_round(ctx, kind), _choose(ctx, hosts or [], everyone=everyone)
    if not full:
        shared = _spare_exams(ctx, shared, chosen)
    field = prepare(door.state(ctx).home, chosen, shared.config, at_once=at_once)
    try:
        with many_screen.watching([host.code for host in chosen]) as watch:
            outcomes = patrol_hosts(
                field.targets, shared, at_once=field.at_once, watch=watch, abort=field.gateway.close
            )
    finally:
        field.gateway.close()
    followed = follow_hosts(shared.open_unit, chosen, zone=shared.zone) if open_tickets else None
    if followed is not None and not as_json:
        show_outcomes(followed)
    told = {each["host"]: each for each in build_outcomes(followed)} if followed is not None else None
    if len(outcomes) == 1 and not everyone:
        _show_one(ctx, outcomes[0], told, as_json=as_json)
    else:
        _show_all(ctx, outcomes, told, as_json=as_json)


def _spare_exams(ctx: typer.Context, shared: Round, chosen: Sequence[Host]) -> Round:
    """The round without what is heavy, where an exam is open; says so."""
    with door.look(ctx) as look:
        spared, exams = spare_exams(look.session, shared, chosen, now=look.now)
    if exams:
        titles = "、".join(exams[:3]) + (" 等" if exams[3:] else "")
        out.warn(f"考试进行中（{titles}），这次巡检不做重负载检查；确需完整检查时加 --full")
    return spared


def _with_tickets(row: screen.Row, told: Told | None) -> screen.Row:
    """A run's row with what was done about its host's problems, where that was asked for."""
    return row if told is None else {**row, "tickets": told.get(str(row["host"]))}


def _choose(ctx: typer.Context, codes: list[str], *, everyone: bool) -> list[Host]:
    if everyone and codes:
        raise UsageError("--all 和主机代码只能写一种", hint="去掉其中一种")
    if codes:
        return get_hosts(ctx, codes)
    with door.look(ctx) as look:
        hosts = assets.list_hosts(look.session) if everyone else assets.list_local_hosts(look.session)[:1]
    if not hosts:
        what, hint = (
            ("还没有登记主机", "先运行 eduops host add 代码 --name 名称 --address 地址")
            if everyone
            else (
                "本机还没有登记为主机",
                "先运行 eduops host add 代码 --name 名称（地址默认为本机 local），或写明主机代码",
            )
        )
        raise NotFound(what, hint=hint)
    return hosts


def _show_one(ctx: typer.Context, outcome: Outcome, told: Told | None, *, as_json: bool) -> None:
    if outcome.error is not None:
        raise outcome.error
    with door.look(ctx) as look:
        results = queries.list_results(look.session, screen.run_id(outcome.run))
    shown = screen.build_shown(outcome.run, outcome.host, results)
    shown = replace(shown, run=_with_tickets(shown.run, told))
    screen.show(shown, as_json=as_json, everything=False)
    leave(shown)


def _show_all(ctx: typer.Context, outcomes: Sequence[Outcome], told: Told | None, *, as_json: bool) -> None:
    with door.look(ctx) as look:
        problems = queries.count_problems(
            look.session, [screen.run_id(outcome.run) for outcome in outcomes if outcome.error is None]
        )
    rows = [
        {
            **_with_tickets(screen.build_row(outcome.run, outcome.host), told),
            "problems": problems.get(screen.run_id(outcome.run), 0) if outcome.run.state else None,
        }
        for outcome in outcomes
    ]
    many_screen.show(rows, as_json=as_json)
    # A host that was not seen at all weighs more than a problem that was.
    if any(outcome.error is not None for outcome in outcomes):
        raise typer.Exit(failure.OUTSIDE)
    if any(outcome.run.state != State.NORMAL.value for outcome in outcomes):
        raise typer.Exit(failure.FOUND)


def leave(shown: screen.Shown) -> None:
    """Ends the command with 1 where the host is not normal."""
    # Not only for alarms: a host that could not be looked at is not fine either.
    if shown.state is not State.NORMAL:
        raise typer.Exit(failure.FOUND)
