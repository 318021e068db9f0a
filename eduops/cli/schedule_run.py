"""`eduops schedule run-job`, `tick`, `run`, `prune`: running jobs, by hand and by clock."""

import os
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli import schedule_screen as screen
from eduops.cli.instant import parse_instant
from eduops.cli.noun import Noun
from eduops.cli.schedule_command import find_fault
from eduops.cli.schedule_door import find_trigger, get_job, load_checked, open_station
from eduops.cli.stream import ScreenError
from eduops.core import clock
from eduops.core.errors import ConfigError, EduopsError, OutsideError
from eduops.store.models import JobRun
from eduops.workflow.schedule import configuration, heartbeat, record
from eduops.workflow.schedule import prune as pruning
from eduops.workflow.schedule.active import Station, list_words, wait
from eduops.workflow.schedule.daemon import render_failure, run_daemon
from eduops.workflow.schedule.run import begin_by_hand, begin_due, recover

verbs = Noun("运行计划任务。")
_GOOD = (record.SUCCEEDED, record.FOUND)


@verbs.verb("run-job", example="eduops schedule run-job daily-patrol")
def run_job(
    ctx: typer.Context,
    job: Annotated[str, typer.Argument(help="任务名，如 daily-patrol。")],
    due: Annotated[
        str | None, typer.Option(help="算作这个到期时刻的运行，如 '2026-03-05 07:30'；用来补上漏掉的。")
    ] = None,
    if_due: Annotated[
        bool, typer.Option("--if-due", help="到期才运行，否则什么也不做；供 systemd 定时器调用。")
    ] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """立即运行一项任务，等它结束；退出码是 0（成功）、1（有发现）或 5（没有成功）。"""
    run = door.state(ctx)
    run.home.require()
    found = get_job(configuration.load_config(run.home.path), job)
    if if_due:
        _run_due(ctx, only=job, as_json=as_json)
        return
    station = open_station(ctx, trigger="hand")
    due_at = parse_instant(due, now=run.now, zone=station.calendar.zone, option="--due") if due else None
    words = list_words(found, due_at or run.now, station.calendar)
    fault = find_fault(words)
    if fault:
        raise ConfigError(f"任务 {job} 的命令不能运行：{fault}", hint="改正 schedule.yaml 里的 command")
    command = shlex.join(("eduops", *words))
    if dry_run:
        out.done(f"将运行：{command}（预演，未运行）", {"job": job, "command": command}, as_json=as_json)
        return
    active = begin_by_hand(station, job, found, due_at=due_at, now=run.now)
    (ended,) = wait(station, [active])
    _show(ended, as_json=as_json)


@verbs.verb("tick", example="eduops schedule tick")
def tick(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """运行现在到期的任务，等它们结束；供 cron 每分钟调用，一切正常时什么也不显示。"""
    _run_due(ctx, only=None, as_json=as_json)


@verbs.verb("run", example="eduops schedule run")
def run(ctx: typer.Context) -> None:
    """常驻运行：一直看着时间，到点就运行；收到终止信号后停下任务再退出。"""
    state = door.state(ctx)
    state.home.require()
    station = open_station(ctx, trigger="daemon")

    run_daemon(station, lambda: load_checked(ctx), read_now=_clock(state.now), say=_say)


@verbs.verb("prune", example="eduops schedule prune --dry-run")
def prune(ctx: typer.Context, dry_run: out.DryRunOption = False, as_json: out.JsonOption = False) -> None:
    """清理过了保留期的运行记录和输出；保留多少天由 schedule.yaml 的 keep_days 定，不少于 180。"""
    home = door.state(ctx).home
    home.require()
    config = configuration.load_config(home.path)
    with door.work(ctx, dry_run=dry_run) as work:
        removed = pruning.prune_rows(work.session, config, now=work.now)
        if removed:
            work.changed("schedule", removed_runs=removed)
    files = pruning.prune_outputs(home, config, now=work.now, dry_run=dry_run)
    said = f"清理运行记录 {removed} 条，输出 {files} 份"
    out.done(said + out.preview(dry_run), {"runs": removed, "outputs": files}, as_json=as_json)


@verbs.verb("beat", example="eduops schedule beat")
def beat(ctx: typer.Context) -> None:
    """报平安：写心跳、呼叫心跳网址、认出中断的运行；供 systemd 定时器每分钟调用，平时什么也不显示。"""
    run = door.state(ctx)
    run.home.require()
    config = configuration.load_config(run.home.path)
    station = open_station(ctx, trigger=find_trigger())
    heartbeat.beat(run.home, by=station.trigger, now=run.now)
    pinger = _ping(station, config)
    recover(station, now=run.now)
    pinger.wait()


def _run_due(ctx: typer.Context, *, only: str | None, as_json: bool) -> None:
    """Begins what is due and waits for it; says on stderr what did not go well."""
    run = door.state(ctx)
    run.home.require()
    config = configuration.load_config(run.home.path)
    station = open_station(ctx, trigger=find_trigger())
    heartbeat.beat(run.home, by=station.trigger, now=run.now)
    pinger = _ping(station, config)
    jobs = {name: job for name, job in config.enabled.items() if only in (None, name)}
    begun, faults = begin_due(station, jobs, now=run.now)
    ended = wait(station, begun)
    pinger.wait()
    if as_json:
        out.value(
            [
                {key: value for key, value in screen.build_run(each).items() if key != "style"}
                for each in ended
            ]
        )
    faults += [render_failure(each) for each in ended if each.state not in _GOOD]
    if faults:
        raise OutsideError("；".join(faults), hint="eduops schedule runs 可以看到各次运行", source="schedule")


def _ping(station: Station, config: configuration.ScheduleConfig) -> heartbeat.Pinger:
    pinger = heartbeat.Pinger()
    try:
        url = heartbeat.load_url(config.ping, home=station.home)
    except EduopsError as error:
        out.warn(error.message)
        return pinger
    if url:
        pinger.call(url)
    return pinger


def _show(ended: JobRun, *, as_json: bool) -> None:
    row = screen.build_run(ended)
    where = f"；输出在 logs/{ended.output}" if ended.output else ""
    note = f"（{ended.note}）" if ended.note else ""
    said = f"任务 {ended.job}：{row['state_text']}{note}，用时 {row['seconds']} 秒{where}"
    out.done(said, {key: value for key, value in row.items() if key != "style"}, as_json=as_json)
    if ended.state == record.FOUND:
        raise typer.Exit(1)
    if ended.state != record.SUCCEEDED:
        raise typer.Exit(5)


def _say(sentence: str) -> None:
    """A log that cannot be written (its disk is full) stops no daemon."""
    with suppress(ScreenError, OSError):
        out.say(sentence)


def _clock(start: datetime) -> Callable[[], datetime]:
    """The clock; where EDUOPS_NOW sets it, for a rehearsal, it goes on from there."""
    if not os.environ.get("EDUOPS_NOW"):
        return clock.now
    began = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began)
