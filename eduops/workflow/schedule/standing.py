"""What `schedule check` and `doctor` say of the schedule: each thing, how it stands, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session

from eduops.core.errors import EduopsError
from eduops.core.home import Home
from eduops.workflow.schedule import heartbeat, overview, record
from eduops.workflow.schedule.configuration import ScheduleConfig, find_config_path
from eduops.workflow.schedule.install_systemd import is_outdated
from eduops.workflow.schedule.rules import Calendar, find_next

_BAD = (record.FAILED, record.TIMED_OUT)
_MISSED_FOR = timedelta(days=7)
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing looked at."""

    name: str
    state: Literal["fine", "warning", "fault"]
    seen: str
    remedy: str = ""


def list_standings(
    session: Session, home: Home, config: ScheduleConfig, calendar: Calendar, *, now: datetime
) -> list[Standing]:
    """Everything that can be said of the schedule."""
    return [
        _judge_file(home, config, calendar, now=now),
        judge_pulse(home, now=now),
        *_judge_units(home, config, calendar),
        *_judge_ping(home, config),
        _judge_missed(session, home, config, calendar, now=now),
        _judge_last(session, config),
    ]


def judge_pulse(home: Home, *, now: datetime) -> Standing:
    """Whether a scheduler is alive."""
    pulse = overview.find_pulse(home, now=now)
    if not pulse.is_silent:
        return Standing("调度器", "fine", pulse.text)
    if pulse.last is None:
        return Standing(
            "调度器", "warning", pulse.text, "运行 eduops schedule install --cron（或 --systemd）安装"
        )
    return Standing(
        "调度器",
        "fault",
        pulse.text,
        "检查 cron、systemd 单元或 eduops schedule run；再看 eduops schedule missed",
    )


def _judge_file(home: Home, config: ScheduleConfig, calendar: Calendar, *, now: datetime) -> Standing:
    never = [name for name, job in config.enabled.items() if find_next(job.when, calendar, after=now) is None]
    if never:
        return Standing(
            "任务文件",
            "warning",
            f"两年内不会到期：{'、'.join(never)}",
            "核对这些任务的 when，或写 enabled: false",
        )
    seen = f"{find_config_path(home.path)}，{len(config.jobs)} 项任务，启用 {len(config.enabled)} 项"
    return Standing("任务文件", "fine", seen)


def _judge_units(home: Home, config: ScheduleConfig, calendar: Calendar) -> Iterator[Standing]:
    if is_outdated(str(home.path), config, calendar.zone.key):
        seen = "systemd 的定时器和 schedule.yaml 不一致"
        yield Standing("定时器", "warning", seen, "再运行一次 eduops schedule install --systemd")


def _judge_ping(home: Home, config: ScheduleConfig) -> Iterator[Standing]:
    try:
        if heartbeat.load_url(config.ping, home=home) is not None:
            yield Standing("心跳网址", "fine", "已设置")
    except EduopsError as error:
        yield Standing("心跳网址", "warning", error.message, error.hint)


def _judge_missed(
    session: Session, home: Home, config: ScheduleConfig, calendar: Calendar, *, now: datetime
) -> Standing:
    found = overview.list_missed(session, home, config, calendar, since=now - _MISSED_FOR, now=now)
    if not found:
        return Standing("漏掉的运行", "fine", f"最近 {_MISSED_FOR.days} 天没有")
    names = list(dict.fromkeys(each.job for each in found))
    seen = f"最近 {_MISSED_FOR.days} 天 {len(found)} 条：{_name(names)}"
    return Standing(
        "漏掉的运行", "warning", seen, "运行 eduops schedule missed 查看，需要的用 run-job --due 补跑"
    )


def _judge_last(session: Session, config: ScheduleConfig) -> Standing:
    newest = record.find_newest(session)
    bad = [name for name in config.enabled if name in newest and newest[name].state in _BAD]
    if not bad:
        return Standing("上次结果", "fine", "没有失败的")
    return Standing(
        "上次结果", "warning", f"上次没有成功：{_name(bad)}", f"运行 eduops schedule show {bad[0]} 查看"
    )


def _name(names: list[str]) -> str:
    more = f" 等 {len(names)} 项" if len(names) > _MOST_NAMED else ""
    return "、".join(names[:_MOST_NAMED]) + more
