"""`eduops patrol problem`: critical problems over time, and the tickets that they have."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.asset.models import Host
from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.patrol.models import PatrolProblem
from eduops.patrol.queries import problem as queries
from eduops.patrol.rules.check import STATE_WORDS, State
from eduops.patrol.rules.threshold import PROBES
from eduops.workflow.patrol_ticket import HostOutcome, follow_hosts

verbs = Noun("问题：巡检发现的严重问题，从发现到消失，和它的工单。")

_COLUMNS = (
    out.Column("number", "编号", right=True),
    out.Column("host", "主机"),
    out.Column("stand", "现状", style_key="colour"),
    out.Column("text", "问题"),
    out.Column("opened_at", "首次发现", spare=True),
    out.Column("last_seen_at", "最近发现", spare=True),
    out.Column("ticket_ref", "工单"),
)
_HEADS = {
    "number": "编号",
    "host": "主机",
    "probe_text": "检查项",
    "text": "问题",
    "stand": "现状",
    "opened_at": "首次发现",
    "last_seen_at": "最近发现",
    "seen_count": "发现次数",
    "clear_count": "连续未发现",
    "reopened_count": "又出现次数",
    "closed_at": "消失",
    "ticket_ref": "工单",
    "first_run": "首次巡检",
    "last_run": "最近巡检",
}


@verbs.verb("list", example="eduops patrol problem list --host app-1")
def list_(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="只看这台主机。")] = None,
    with_closed: Annotated[bool, typer.Option("--all", help="连同已消失的。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出还在的严重问题和各自的工单。"""
    with door.look(ctx) as look:
        if host:
            assets.get_host(look.session, host)
        found = queries.list_problems(look.session, host_code=host, with_closed=with_closed)
    rows = [_build_row(problem, of) for problem, of in found]
    out.rows(
        rows, _COLUMNS, as_json=as_json, title="严重问题",
        empty="没有登记过的严重问题；运行 eduops patrol problem open-tickets 按最近的巡检登记",
    )  # fmt: skip


@verbs.verb("show", example="eduops patrol problem show 1")
def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(help="问题编号，见 eduops patrol problem list。")],
    as_json: out.JsonOption = False,
) -> None:
    """查看一个严重问题：何时发现、发现几次、有没有消失、哪张工单。"""
    with door.look(ctx) as look:
        problem, of = queries.get_problem(look.session, number)
        runs = queries.list_refs(look.session, [problem.opened_run_id, problem.last_run_id])
    row = {
        **_build_row(problem, of),
        "first_run": runs[problem.opened_run_id],
        "last_run": runs[problem.last_run_id],
    }
    if as_json:
        out.value({key: cell for key, cell in row.items() if key != "colour"})
    else:
        out.fields(row, _HEADS, as_json=False)


@verbs.verb("open-tickets", example="eduops patrol problem open-tickets")
def open_tickets(
    ctx: typer.Context,
    host: Annotated[list[str] | None, typer.Option(help="只看这台主机，可写多次。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """按各生产主机最近的巡检，为新的严重问题开工单，给还在的补记，建议了结已消失的；可反复运行。"""
    zone = door.contract(ctx).zone_info
    with door.look(ctx) as look:
        hosts = (
            [assets.get_host(look.session, code) for code in host]
            if host
            else assets.list_hosts(look.session)
        )
    outcomes = follow_hosts(lambda: door.unit(ctx, dry_run=dry_run), hosts, zone=zone)
    if as_json:
        out.value(build_outcomes(outcomes))
        return
    show_outcomes(outcomes)
    if dry_run:
        out.warn("预演：没有写入")


def build_outcomes(outcomes: Sequence[HostOutcome]) -> list[Mapping[str, object]]:
    """What was done for each host, for programs."""
    return [
        {
            "host": each.host,
            "opened": [{"ticket": opened.ticket, "title": opened.title} for opened in each.opened],
            "notes": [{"ticket": note.ticket, "sort": note.sort, "text": note.text} for note in each.notes],
            "open_problems": each.open_problems,
        }
        for each in outcomes
    ]


def show_outcomes(outcomes: Sequence[HostOutcome]) -> None:
    """A line a ticket that was opened or told of something."""
    for each in outcomes:
        for opened in each.opened:
            out.say(f"新工单 {opened.ticket}：{opened.title}")
        for note in each.notes:
            out.say(f"工单 {note.ticket}：{note.text}")
    if not any(each.opened or each.notes for each in outcomes):
        still = sum(each.open_problems for each in outcomes)
        out.say(f"没有新的严重问题；还在的 {still} 个已有工单" if still else "没有严重问题")


def _build_row(problem: PatrolProblem, of: Host) -> Mapping[str, object]:
    names = [name for name in PatrolProblem.model_fields if name not in ("id", "host_id")]
    state = State(problem.state)
    stand = "已消失" if problem.closed_at else STATE_WORDS[state]
    if not problem.closed_at and problem.clear_count:
        stand = f"{problem.clear_count} 次未发现"
    if not problem.closed_at and of.retired_at:
        # Nobody looks at it any more: it will neither be seen nor be found gone.
        stand = "主机已停用"
    return {
        "number": problem.id,
        "host": of.code,
        **{name: getattr(problem, name) for name in names},
        "probe_text": PROBES.get(problem.probe, problem.probe),
        "stand": stand,
        "colour": "green" if problem.closed_at else "bold red" if state is State.CRITICAL else "yellow",
    }
