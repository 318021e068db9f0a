"""`eduops patrol baseline` and `drift`: a host's configuration as it was approved, and what differs from it."""

from collections.abc import Sequence
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.cli.visible import visible
from eduops.patrol import configuration
from eduops.patrol.queries import baseline as queries
from eduops.patrol.rules.baseline import PART_WORDS, Baseline
from eduops.patrol.rules.check import State, judge_host
from eduops.patrol.rules.drift import Difference, PartDrift, judge_drift
from eduops.patrol.rules.threshold import Part, Thresholds
from eduops.patrol.service import baseline as service

verbs_of_baseline = Noun("基线：批准、查看主机的配置。")
verbs = Noun("配置漂移。")

HostArgument = Annotated[str, typer.Argument(help="主机代码。")]
RunOption = Annotated[
    str | None, typer.Option("--run", help="用哪次巡检；不写则为最近一次。", metavar="编号")
]
_COLUMNS = (
    out.Column("host", "主机"),
    out.Column("number", "基线", right=True),
    out.Column("run", "巡检"),
    out.Column("items", "条目", right=True),
    out.Column("approved_at", "批准时间"),
    out.Column("actor", "批准人"),
    out.Column("note", "说明", spare=True),
)
_MOST_ITEMS = 200


@verbs_of_baseline.verb("approve", example="eduops patrol baseline approve app-1 --note 上线验收")
def approve(
    ctx: typer.Context,
    host: HostArgument,
    run: RunOption = None,
    note: Annotated[str, typer.Option(help="为什么批准，如 上线验收。")] = "",
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把一次巡检读到的配置批准为主机的基线；以后的巡检与它比对，以前的基线保留。"""
    with door.work(ctx, dry_run=dry_run) as work:
        chosen = assets.get_host(work.session, host)
        made = service.approve(work.session, chosen, run_ref=run, note=note, actor=work.actor, now=work.now)
        kept = made.baseline
        work.changed(host, baseline=kept.number, document=made.run.ref, facts=kept.facts_hash, reason=note)
        row = _build_row(host, made.run.ref, kept.model_dump())
    unread = {part: found.reason for part, found in made.parts.items() if found.reason}
    if as_json:
        out.value({**row, "facts": kept.facts, "unread": unread, "differences": _plain(made.drifts)})
        return
    out.say(f"主机 {host} 的基线 {row['number']} 已批准，取自巡检 {row['run']}{out.preview(dry_run)}")
    for part, items in kept.facts.items():
        out.say(f"  {PART_WORDS[Part(part)]}：{len(items)} 条")
    for part, reason in unread.items():
        out.say(f"  {PART_WORDS[part]}：没有读到，不在基线内（{reason}）")
    if made.drifts:
        out.say("与上一份基线相比：")
        _print(made.drifts, None)


@verbs_of_baseline.verb("show", example="eduops patrol baseline show app-1")
def show(
    ctx: typer.Context,
    host: HostArgument,
    number: Annotated[int | None, typer.Option(min=1, help="第几份；不写则为在用的。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """查看主机的基线：每一部分的每一条。"""
    with door.look(ctx) as look:
        kept = queries.get_baseline(look.session, assets.get_host(look.session, host), number=number)
        listed = queries.list_baselines(look.session, host_code=host)
        ref = next(ref for each, _, ref in listed if each.id == kept.id)
        row = _build_row(host, ref, kept.model_dump())
    if as_json:
        out.value({**row, "facts": kept.facts})
        return
    heads = {column.key: column.head for column in _COLUMNS}
    out.fields(row, heads, as_json=False)
    for part, items in kept.facts.items():
        rows = [{"item": item, "value": value} for item, value in items.items()]
        columns = (out.Column("item", "条目"), out.Column("value", "值"))
        out.rows(
            rows[:_MOST_ITEMS], columns, as_json=False, title=PART_WORDS[Part(part)],
            empty=f"{PART_WORDS[Part(part)]}：没有", total=len(rows),
        )  # fmt: skip


@verbs_of_baseline.verb("list", example="eduops patrol baseline list")
def list_(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="只看这台主机。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """列出所有基线，各主机最新的在前。"""
    with door.look(ctx) as look:
        if host:
            assets.get_host(look.session, host)
        rows = [
            _build_row(of.code, ref, kept.model_dump())
            for kept, of, ref in queries.list_baselines(look.session, host_code=host)
        ]
    empty = "还没有批准过基线；运行 eduops patrol baseline approve 主机代码"
    out.rows(rows, _COLUMNS, as_json=as_json, title="基线", empty=empty)


@verbs.verb("drift", example="eduops patrol drift app-1")
def drift(
    ctx: typer.Context,
    host: HostArgument,
    run: RunOption = None,
    number: Annotated[
        int | None, typer.Option("--baseline", min=1, help="与第几份基线比；不写则为在用的。")
    ] = None,
    as_json: out.JsonOption = False,
) -> None:
    """比对一次巡检与基线：+ 新增，- 不见了，~ 改变。有应判为警告或严重的差别，或有没能比对的部分时，退出码为 1。"""
    config = configuration.load_config(configuration.find_config_path(door.state(ctx).home.path))
    with door.look(ctx) as look:
        chosen = assets.get_host(look.session, host)
        found = service.find_drift(look.session, chosen, run_ref=run, number=number)
        thresholds = config.for_host(chosen.code, chosen.role)
    kept = found.baseline
    checks = list(judge_drift(found.drifts, Baseline(kept.number, kept.facts), thresholds))
    state = judge_host(checks)
    if as_json:
        out.value(
            {
                "host": host,
                "run": found.run.ref,
                "measured_at": found.run.measured_at,
                "baseline": kept.number,
                "approved_at": kept.approved_at,
                "state": state,
                "parts": _plain(found.drifts, thresholds),
            }
        )
    else:
        when = f"{out.text(kept.approved_at)} 由 {kept.actor} 批准"
        out.say(
            f"巡检 {found.run.ref}（测量 {out.text(found.run.measured_at)}）与基线 {kept.number}（{when}）"
        )
        _print(found.drifts, thresholds)
    if state is not State.NORMAL:
        raise typer.Exit(1)


def _build_row(host: str, ref: str, kept: dict[str, object]) -> dict[str, object]:
    facts = kept["facts"]
    assert isinstance(facts, dict)  # noqa: S101 - the model says so
    names = ("number", "approved_at", "actor", "note", "facts_hash")
    items = sum(len(part) for part in facts.values())
    return {"host": host, "run": ref, **{name: kept[name] for name in names}, "items": items}


def _plain(drifts: Sequence[PartDrift], thresholds: Thresholds | None = None) -> list[dict[str, object]]:
    return [
        {
            "part": drift.part,
            "level": _level(drift, thresholds) if thresholds else None,
            "compared": not drift.reason,
            "reason": drift.reason or None,
            "differences": [
                {"item": each.item, "old": each.old, "new": each.new} for each in drift.differences
            ],
        }
        for drift in drifts
    ]


def _level(drift: PartDrift, thresholds: Thresholds) -> str:
    return thresholds.drift.get(drift.part, "warning")


_LEVELS = {"critical": "严重", "warning": "警告", "ignore": "不判"}


def _print(drifts: Sequence[PartDrift], thresholds: Thresholds | None) -> None:
    from rich.text import Text

    screen = out.console()
    same = [PART_WORDS[drift.part] for drift in drifts if not drift.reason and not drift.differences]
    for drift in drifts:
        title = PART_WORDS[drift.part]
        if drift.differences:
            level = f"，{_LEVELS[_level(drift, thresholds)]}" if thresholds else ""
            screen.print(Text(f"{title}（{len(drift.differences)} 处不同{level}）", style="bold"))
        for difference in drift.differences:
            for line, style in _lines(difference):
                screen.print(Text(visible(line), style=style), soft_wrap=True)
        if drift.reason and not drift.is_absent:
            screen.print(Text(visible(f"{title}：没有比对，{drift.reason}"), style="magenta"), soft_wrap=True)
    if same:
        screen.print(Text(f"一致：{'、'.join(same)}", style="green"), soft_wrap=True)
    absent = [PART_WORDS[drift.part] for drift in drifts if drift.is_absent]
    if absent:
        screen.print(Text(f"基线和这次巡检都没有：{'、'.join(absent)}", style="blue"), soft_wrap=True)


def _lines(difference: Difference) -> Sequence[tuple[str, str]]:
    if difference.old is None:
        return ((f"  + {difference.item}  {difference.new}", "green"),)
    if difference.new is None:
        return ((f"  - {difference.item}  {difference.old}", "red"),)
    return ((f"  ~ {difference.item}  {difference.old} → {difference.new}", "yellow"),)
