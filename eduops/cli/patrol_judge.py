"""`eduops patrol judge`: stored documents judged again, with the thresholds in force or others."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.asset.models import Host
from eduops.cli import door, out
from eduops.cli.instant import FromOption, ToOption, day_start, parse_day
from eduops.cli.noun import Noun
from eduops.patrol import configuration
from eduops.patrol.queries import history
from eduops.patrol.rules.check import STATE_WORDS, State
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.patrol.service.judge import Rejudged, Shift
from eduops.workflow.patrol_rejudge import HostRejudged, preview_hosts, rejudge_hosts

verbs = Noun("重新判定。")

_COLUMNS = (
    out.Column("host", "主机"),
    out.Column("ref", "巡检"),
    out.Column("measured_at", "测量", spare=True),
    out.Column("old_text", "原结论"),
    out.Column("new_text", "新结论"),
    out.Column("said", "有变化的检查项"),
)
_MOST_SHIFTS = 4
_MOST_ROWS = 50


@verbs.verb("judge", example="eduops patrol judge --host app-1 --thresholds 新阈值.yaml")
def judge(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="只判这台主机；不写则为所有主机。")] = None,
    from_: FromOption = None,
    to: ToOption = None,
    thresholds: Annotated[
        Path | None, typer.Option(help="按这个阈值文件判定；不写则用在用的。", metavar="文件")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="用新结果取代原来的；不写则只看会变什么。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """把存下的巡检文档按测量先后重新判定，看结论有何变化；原始文档不变。有文档已损坏时退出码为 1。"""
    path = thresholds or configuration.find_config_path(door.state(ctx).home.path)
    config = _load(ctx, path)
    zone = door.contract(ctx).zone_info
    since = day_start(parse_day(from_, option="--from"), zone) if from_ else None
    until = day_start(parse_day(to, option="--to") + timedelta(days=1), zone) if to else None
    hosts, total = _find_hosts(ctx, host, since=since, until=until)
    bounds = {"since": since, "until": until}
    with out.progress("正在重新判定", total) as step:
        if write:
            done = list(rejudge_hosts(lambda: door.unit(ctx), hosts, config, **bounds, step=step))
        else:
            with door.look(ctx) as look:
                done = list(preview_hosts(look.session, hosts, config, **bounds, step=step))
    _show(done, path=path, write=write, as_json=as_json)
    if any(run.failure for each in done for run in each.runs):
        raise typer.Exit(1)


def _load(ctx: typer.Context, path: Path) -> PatrolConfig:
    """The limits of the file; what is demanded by name stays the home's own."""
    in_force = configuration.find_config_path(door.state(ctx).home.path)
    config = configuration.load_config(path)
    if path == in_force:
        return config
    return config.model_copy(update={"agents": configuration.load_config(in_force).agents})


def _find_hosts(
    ctx: typer.Context, code: str | None, *, since: datetime | None, until: datetime | None
) -> tuple[list[Host], int]:
    """The hosts asked for, retired ones too, and how many documents they have."""
    with door.look(ctx) as look:
        hosts = (
            [assets.get_host(look.session, code)]
            if code
            else assets.list_hosts(look.session, with_retired=True)
        )
        total = sum(
            len(history.list_stored_ids(look.session, each.id, since=since, until=until))
            for each in hosts
            if each.id is not None
        )
    return hosts, total


def _show(done: Sequence[HostRejudged], *, path: Path, write: bool, as_json: bool) -> None:
    rows = [_build_row(each.host, run) for each in done for run in each.runs if _is_told(run)]
    judged = sum(len(each.runs) for each in done)
    others = sum(run.is_other for each in done for run in each.runs)
    broken = sum(bool(run.failure) for each in done for run in each.runs)
    if as_json:
        figures = {"documents": judged, "changed": others, "untrusted": broken, "is_written": write}
        out.value({"thresholds": path, **figures, "runs": rows})
        return
    shown = rows[:_MOST_ROWS]
    if rows:
        out.rows(shown, _COLUMNS, as_json=False, title="结论有变化的巡检", empty="")
    if len(rows) > len(shown):
        out.say(f"另有 {len(rows) - len(shown)} 次没有列出；加 --host 或 --from 缩小范围，或用 --json 看全部")
    wrote = "已写入" if write else "没有写入；加 --write 写入"
    out.say(
        f"重新判定 {judged} 份文档，{len(rows) - broken} 次的检查项有变化，"
        f"内容不同的共 {others} 次（{wrote}）。阈值文件：{path}"
    )
    if broken:
        out.warn(f"{broken} 份文档已不可信，没有判定，原来的结果未动")


def _is_told(run: Rejudged) -> bool:
    return bool(run.shifts or run.failure or (run.new is not None and run.new is not run.old))


def _build_row(host: str, run: Rejudged) -> dict[str, object]:
    return {
        "host": host,
        "ref": run.ref,
        "measured_at": run.measured_at,
        "old_state": run.old,
        "new_state": run.new,
        "old_text": _word(run.old),
        "new_text": "不可信" if run.failure else _word(run.new),
        "failure": run.failure or None,
        "said": run.failure or _say_shifts(run.shifts),
        "checks": [
            {
                "probe": shift.probe,
                "metric": shift.metric,
                "item": shift.item,
                "old_state": shift.old,
                "new_state": shift.new,
                "text": shift.text,
            }
            for shift in run.shifts
        ],
    }


def _say_shifts(shifts: Sequence[Shift]) -> str:
    said = [f"{_word(shift.old)}→{_word(shift.new)} {shift.text}" for shift in shifts[:_MOST_SHIFTS]]
    more = len(shifts) - _MOST_SHIFTS
    return "；".join([*said, *([f"另 {more} 项"] if more > 0 else [])])


def _word(state: State | None) -> str:
    return STATE_WORDS[state] if state else "无"
