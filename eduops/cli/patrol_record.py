"""`eduops patrol record`: a patrol that was made by hand."""

from enum import StrEnum
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.cli import chinese, door, out
from eduops.cli import patrol_screen as screen
from eduops.cli.actor import require_actor
from eduops.cli.instant import parse_happened
from eduops.cli.noun import Noun
from eduops.cli.usage import typed_here
from eduops.patrol.rules.check import STATE_WORDS, State
from eduops.patrol.rules.run import KIND_WORDS, Kind
from eduops.patrol.service import manual
from eduops.patrol.service import plan as plans

verbs = Noun("巡检：人工巡检。")


class MadeKind(StrEnum):
    """The kinds that are made by hand."""

    DAILY = "daily"
    BIG = "big"
    MONTHLY = "monthly"


class FoundState(StrEnum):
    """What a person can have found."""

    NORMAL = "normal"
    WARNING = "warning"
    CRITICAL = "critical"


chinese.name_choices({kind: KIND_WORDS[Kind(kind)] for kind in MadeKind})
chinese.name_choices({state: STATE_WORDS[State(state)] for state in FoundState})


@verbs.verb(
    "record",
    example="eduops patrol record app-1 --kind big --at '2026-03-05 09:30' --state normal --note 逐项核对配置、备份、日志",
)
def record(
    ctx: typer.Context,
    host: Annotated[str, typer.Argument(help="主机代码。")],
    state: Annotated[FoundState, typer.Option(help="结论：normal 正常、warning 警告、critical 严重。")],
    note: Annotated[str, typer.Option(help="看了哪些内容，结果怎样。")],
    kind: Annotated[
        MadeKind, typer.Option(help="类别：daily 日常巡检、big 大巡检、monthly 月度评估。")
    ] = MadeKind.DAILY,
    at: Annotated[
        str | None, typer.Option("--at", help="何时做完的，如 '2026-03-05 09:30'；不写就是现在。")
    ] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一次人工巡检：按做完的日期计入巡检，各处都标明是人工。"""
    require_actor("登记人工巡检")
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        instant = parse_happened(at, now=work.now, zone=zone)
        chosen = assets.get_host(work.session, host)
        run = manual.record_run(
            work.session, chosen, kind=Kind(kind), state=State(state), note=note, at=instant,
            now=work.now, actor=work.actor, zone=zone,
        )  # fmt: skip
        plan = plans.link_run(work.session, run, zone=zone)
        work.changed(
            run.ref,
            step="record_patrol",
            host=host,
            kind=kind.value,
            state=state.value,
            at=instant.isoformat(),
        )
        row = {**screen.build_row(run, chosen), "plan": plan.ref if plan else None}
    planned = f"，属于评估计划 {plan.ref}" if plan else ""
    said = f"已登记人工巡检 {run.ref}：{host} {out.text(instant)} {row['kind_text']}，{row['state_text']}{planned}"
    out.done(said + out.preview(dry_run), row, as_json=as_json)
