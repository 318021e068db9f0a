"""How a source stands: whether its newest good backup is new enough, and what the last look at it found. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

_SLACK: Final = timedelta(minutes=5)
"""Two machines' clocks may differ by so much."""


class State(StrEnum):
    """The answers; what nobody can tell is never fine."""

    FINE = "fine"
    BAD = "bad"
    CANNOT_TELL = "cannot_tell"


WORDS: Final = {State.FINE: "正常", State.BAD: "异常", State.CANNOT_TELL: "无法判断"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a source."""

    newest_good_at: datetime | None
    max_age_hours: float | None
    last_check_passed: bool | None = None
    """Of the newest good backup; None where nobody read it back after it was made."""
    last_drill_passed: bool | None = None
    """False also for one that was killed; None where none was ever made or one is running."""
    last_drill_fault: str = ""
    missing_places: Sequence[str] = ()
    """Second places without a verified copy of the newest good backup."""
    newest_failed: str = ""
    """Why the newest attempt failed, where that is newer than the newest good one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdict with its reasons, Chinese sentences."""

    state: State
    reasons: tuple[str, ...]


def judge(seen: Seen, *, now: datetime) -> Standing:
    """How the source stands: bad for any one reason, fine only where the age could be judged and nothing failed."""
    bad = list(_list_faults(seen, now))
    unknown = _list_doubts(seen, now)
    if bad:
        return Standing(State.BAD, (*bad, *unknown))
    return Standing(State.CANNOT_TELL if unknown else State.FINE, tuple(unknown))


def age_hours(at: datetime, now: datetime) -> float:
    """Hours since, to a tenth; negative where it lies in the future."""
    return round((now - at).total_seconds() / 3600, 1)


def _list_faults(seen: Seen, now: datetime) -> list[str]:
    faults = []
    if seen.newest_good_at is None:
        faults.append("没有可用的备份")
    elif seen.max_age_hours is not None and now - seen.newest_good_at > timedelta(hours=seen.max_age_hours):
        age = age_hours(seen.newest_good_at, now)
        faults.append(f"最近一份好的备份是 {age:g} 小时前的，超过 {seen.max_age_hours:g} 小时")
    if seen.newest_failed:
        faults.append(f"最近一次备份失败：{seen.newest_failed}")
    if seen.last_check_passed is False:
        faults.append("最近一次校验没有通过")
    if seen.last_drill_passed is False:
        faults.append(f"最近一次恢复演练没有通过：{seen.last_drill_fault}".removesuffix("："))
    faults += [f"异地存放处 {place} 没有最新备份的副本" for place in seen.missing_places]
    return faults


def _list_doubts(seen: Seen, now: datetime) -> list[str]:
    doubts = []
    if seen.max_age_hours is None:
        doubts.append("没有写 max_age_hours，无法判断新旧")
    if seen.newest_good_at is not None and seen.newest_good_at > now + _SLACK:
        doubts.append("最近一份备份的时间在将来（时钟被拨过），无法判断新旧")
    return doubts
