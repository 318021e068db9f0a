"""How jobs, runs and what was missed are shown."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from eduops.cli import out
from eduops.cli.row import plain_row
from eduops.store.models import JobRun
from eduops.workflow.schedule.configuration import CatchUp
from eduops.workflow.schedule.overview import Line, Missed
from eduops.workflow.schedule.standing import Standing
from eduops.workflow.schedule.when import render_when

Row = dict[str, object]

STATE_WORDS = {
    "running": "运行中", "succeeded": "成功", "found": "有发现", "failed": "失败", "timed_out": "超时",
    "interrupted": "中断", "missed": "漏掉", "skipped": "略过", "open": "尚未运行",
}  # fmt: skip
_STYLES = {
    "succeeded": "green", "found": "yellow", "failed": "bold red", "timed_out": "bold red",
    "interrupted": "bold red", "missed": "bold red", "open": "bold red",
}  # fmt: skip
_TRIGGERS = {"cron": "cron", "systemd": "systemd", "daemon": "常驻", "catch_up": "补跑", "hand": "手工"}
_STANDINGS = {"fine": "正常", "warning": "注意", "fault": "有问题"}
_STANDING_STYLES = {"fine": "green", "warning": "yellow", "fault": "bold red"}
_CATCH_UPS = {CatchUp.ONCE: "补跑一次", CatchUp.SKIP: "不补"}

LINE_COLUMNS = (
    out.Column("name", "任务"),
    out.Column("title", "标题"),
    out.Column("when_text", "何时"),
    out.Column("next_at", "下次"),
    out.Column("last_at", "上次", spare=True),
    out.Column("last_state_text", "结果", style_key="style"),
    out.Column("enabled", "启用"),
)
RUN_COLUMNS = (
    out.Column("id", "序号", right=True, spare=True),
    out.Column("job", "任务"),
    out.Column("due_at", "到期"),
    out.Column("started_at", "开始"),
    out.Column("seconds", "秒", right=True),
    out.Column("state_text", "结果", style_key="style"),
    out.Column("trigger_text", "由谁", spare=True),
    out.Column("note", "说明", spare=True),
)
MISSED_COLUMNS = (
    out.Column("job", "任务"),
    out.Column("due_at", "到期"),
    out.Column("state_text", "情形", style_key="style"),
    out.Column("note", "说明"),
)
_HEADS = {
    "name": "任务", "title": "标题", "command": "命令", "when_text": "何时", "next_at": "下次",
    "limit_minutes": "时限（分钟）", "catch_up_text": "错过后", "told_text": "出错时通知", "enabled": "启用",
}  # fmt: skip


def build_line(line: Line) -> Row:
    """A job for people and programs."""
    job, last = line.job, line.last
    return {
        "name": line.name,
        "title": job.title,
        "command": " ".join(("eduops", *job.command)),
        "when": job.when.model_dump(mode="json", exclude_none=True),
        "when_text": render_when(job.when),
        "next_at": line.next_at,
        "last_at": last and (last.started_at or last.due_at),
        "last_state": last and last.state,
        "last_state_text": STATE_WORDS[last.state] if last else None,
        "limit_minutes": job.limit_minutes,
        "catch_up": job.catch_up.value,
        "catch_up_text": _CATCH_UPS[job.catch_up],
        "enabled": job.enabled,
        "style": _STYLES.get(last.state, "") if last else "",
    }


def build_run(run: JobRun) -> Row:
    """A run for people and programs."""
    seconds = (
        (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
    )
    return {
        **plain_row(run, but=()),
        "seconds": None if seconds is None else round(seconds, 1),
        "state_text": STATE_WORDS.get(run.state, run.state),
        "trigger_text": _TRIGGERS.get(run.trigger, run.trigger),
        "style": _STYLES.get(run.state, ""),
    }


def build_missed(missed: Missed) -> Row:
    """What did not run, for people and programs."""
    return {
        **asdict(missed),
        "state_text": STATE_WORDS[missed.state],
        "style": _STYLES[missed.state],
    }


def show(
    line: Line, coming: Sequence[datetime], runs: Sequence[JobRun], told: Sequence[str], *, as_json: bool
) -> None:
    """One job with its next instants and its last runs."""
    row = {key: value for key, value in build_line(line).items() if key != "style"}
    row |= {"told": told, "told_text": "、".join(told) or "没有人（见 alert.yaml 的 routes）"}
    rows = [build_run(run) for run in runs]
    if as_json:
        plain = [{key: value for key, value in each.items() if key != "style"} for each in rows]
        out.value({**row, "coming": coming, "runs": plain})
        return
    out.fields(row, _HEADS, as_json=False)
    out.say("接下来：" + ("、".join(out.text(instant) for instant in coming) or "不会到期"))
    out.rows(rows, RUN_COLUMNS, as_json=False, title="最近的运行", empty="还没有运行过。")


def show_standings(standings: Sequence[Standing], *, as_json: bool) -> None:
    """What was checked, with its remedy."""
    rows = [
        {
            **asdict(standing),
            "state_text": _STANDINGS[standing.state],
            "style": _STANDING_STYLES[standing.state],
        }
        for standing in standings
    ]
    columns = (
        out.Column("name", "项目"),
        out.Column("state_text", "状态", style_key="style"),
        out.Column("seen", "情况"),
        out.Column("remedy", "怎么办"),
    )
    out.rows(rows, columns, as_json=as_json, title="计划任务", empty="")
