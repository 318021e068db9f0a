"""`eduops schedule`: which commands run by themselves, when, and whether they did."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from eduops.alert import configuration as alert_configuration
from eduops.alert.rules import list_channels
from eduops.cli import chinese, door, out, schedule_install, schedule_run
from eduops.cli import schedule_screen as screen
from eduops.cli.noun import Noun
from eduops.cli.schedule_door import find_calendar, get_job, load_checked
from eduops.workflow.schedule import configuration, overview, record
from eduops.workflow.schedule.rules import list_due
from eduops.workflow.schedule.standing import list_standings

if TYPE_CHECKING:
    from eduops.workflow.schedule.rules import Calendar

app = Noun("计划任务：定时运行的命令、运行情况、漏掉的运行。")
app.add_typer(schedule_run.verbs)
app.add_typer(schedule_install.verbs)

_AHEAD_FOR = timedelta(days=800)
_SHOWN_INSTANTS = 5
_SHOWN_RUNS = 10


class State(StrEnum):
    """The states of a run."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FOUND = "found"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    INTERRUPTED = "interrupted"
    MISSED = "missed"
    SKIPPED = "skipped"


chinese.name_choices({state: screen.STATE_WORDS[state.value] for state in State})
JobArgument = Annotated[str, typer.Argument(help="任务名，如 daily-patrol。")]


@app.verb("list", example="eduops schedule list")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出计划任务：各自何时运行、下次什么时候、上次结果如何。"""
    calendar = find_calendar(ctx)
    with door.look(ctx) as look:
        config = configuration.load_config(look.home.path)
        lines = overview.list_lines(look.session, config, calendar, now=look.now)
        pulse = overview.find_pulse(look.home, now=look.now)
    rows = [screen.build_line(line) for line in lines]
    out.rows(rows, screen.LINE_COLUMNS, as_json=as_json, title="计划任务", empty="schedule.yaml 里没有任务。")
    if pulse.is_silent and not as_json:
        out.warn(f"{pulse.text}。安装：eduops schedule install --cron")


@app.verb("show", example="eduops schedule show daily-patrol")
def show(ctx: typer.Context, job: JobArgument, as_json: out.JsonOption = False) -> None:
    """查看一项任务：命令、规则、接下来几次的时刻、最近几次运行。"""
    calendar = find_calendar(ctx)
    with door.look(ctx) as look:
        config = configuration.load_config(look.home.path)
        found = get_job(config, job)
        lines = overview.list_lines(look.session, config, calendar, now=look.now)
        runs = record.list_runs(look.session, job=job, limit=_SHOWN_RUNS)
    alerts = alert_configuration.load_config(look.home.path)
    told = list_channels(alerts, kind="schedule", severity="warning")
    (line,) = [line for line in lines if line.name == job]
    coming = _list_coming(found, calendar, now=look.now)
    screen.show(line, coming, runs, told, as_json=as_json)


@app.verb("check", example="eduops schedule check")
def check(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """核对计划任务：文件和其中的命令对不对、调度器在不在、有没有漏掉和失败的；有问题则退出码为 1。"""
    run = door.state(ctx)
    run.home.require()
    calendar = find_calendar(ctx)
    config = load_checked(ctx)
    with door.look(ctx) as look:
        standings = list_standings(look.session, run.home, config, calendar, now=look.now)
    screen.show_standings(standings, as_json=as_json)
    if any(standing.state != "fine" for standing in standings):
        raise typer.Exit(1)


@app.verb("runs", example="eduops schedule runs --job daily-patrol --state failed")
def runs(
    ctx: typer.Context,
    job: Annotated[str | None, typer.Option(help="只看这项任务。")] = None,
    state: Annotated[State | None, typer.Option(help="只看这种结果。")] = None,
    limit: Annotated[int, typer.Option(help="最多列出多少次，最新的在前。", min=1, max=out.MOST_ROWS)] = 50,
    as_json: out.JsonOption = False,
) -> None:
    """列出运行记录，最新的在前；漏掉的也列出。"""
    with door.look(ctx) as look:
        found = record.list_runs(look.session, job=job, state=state and state.value, limit=limit)
    rows = [screen.build_run(run) for run in found]
    out.rows(rows, screen.RUN_COLUMNS, as_json=as_json, title="运行记录", empty="没有运行记录。")


@app.verb("missed", example="eduops schedule missed --days 7")
def missed(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(help="看最近多少天。", min=1, max=3660)] = 7,
    as_json: out.JsonOption = False,
) -> None:
    """列出到点没有运行、或运行中断的；有则退出码为 1，调度器没有运行也是。"""
    calendar = find_calendar(ctx)
    with door.look(ctx) as look:
        config = configuration.load_config(look.home.path)
        found = overview.list_missed(
            look.session, look.home, config, calendar, since=look.now - timedelta(days=days), now=look.now
        )
        pulse = overview.find_pulse(look.home, now=look.now)
    rows = [screen.build_missed(each) for each in found]
    out.rows(
        rows,
        screen.MISSED_COLUMNS,
        as_json=as_json,
        title="没有运行的",
        empty=f"最近 {days} 天没有漏掉的运行。",
    )
    if pulse.is_silent:
        out.warn(f"{pulse.text}，此后到期的都不会运行。安装：eduops schedule install --cron")
    if found or pulse.is_silent:
        raise typer.Exit(1)


def _list_coming(job: configuration.Job, calendar: "Calendar", *, now: datetime) -> list[datetime]:
    """The next few instants; none for a job that is switched off."""
    if not job.enabled:
        return []
    for reach in (timedelta(days=1), timedelta(days=40), _AHEAD_FOR):
        coming = list_due(job.when, calendar, after=now, until=now + reach)
        if len(coming) >= _SHOWN_INSTANTS:
            break
    return coming[:_SHOWN_INSTANTS]
