"""When a job is due, as `schedule.yaml` says it: checked values, and the same in Chinese."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Every(StrEnum):
    """The kinds of rule."""

    MINUTES = "minutes"
    DAY = "day"
    WEEK = "week"
    WEEKS = "weeks"
    MONTH = "month"
    QUARTER = "quarter"


class Weekday(StrEnum):
    """The days of a week in the calendar's order."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS = tuple(Weekday)
_WEEKDAY_WORDS = dict(zip(WEEKDAYS, "一二三四五六日", strict=True))
_KEYS: dict[Every, tuple[str, ...]] = {
    Every.MINUTES: ("minutes",),
    Every.DAY: ("at",),
    Every.WEEK: ("at", "weekdays"),
    Every.WEEKS: ("at", "weeks", "anchor"),
    Every.MONTH: ("at",),
    Every.QUARTER: ("at", "working_days_before_end"),
}
"""What each kind of rule must say; a month says `day` or `working_day` too."""
_ALL_KEYS = ("minutes", "at", "weekdays", "weeks", "anchor", "day", "working_day", "working_days_before_end")
_COUNTED = ("working_day", "working_days_before_end")
"""Rules that count working days themselves."""


class When(BaseModel):
    """One rule. Days and times of day are the contract's zone's, working days are its calendar's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: Every
    at: time | None = None
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    """Counted from the start of each day."""
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] | None = None
    weeks: Annotated[int, Field(ge=1, le=52)] | None = None
    anchor: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))] | None = None
    """The first day; the others lie whole numbers of `weeks` after it."""
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    """Day of the month; in a shorter month its last."""
    working_day: Annotated[int, Field(ge=1, le=15)] | None = None
    """Which working day of the month."""
    working_days_before_end: Annotated[int, Field(ge=1, le=40)] | None = None
    """1 is the last working day of a calendar quarter."""
    working_days: Literal["any", "only", "skip"] = "any"
    """On every day, on working days only, or on rest days only."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        said = [key for key in _ALL_KEYS if getattr(self, key) is not None]
        needed = _KEYS[self.every]
        missing = [key for key in needed if key not in said]
        allowed = (*needed, "day", "working_day") if self.every is Every.MONTH else needed
        spare = [key for key in said if key not in allowed]
        if missing:
            raise ValueError(f"every: {self.every} 还要写 {'、'.join(missing)}")
        if spare:
            raise ValueError(f"every: {self.every} 不用 {'、'.join(spare)}")
        if self.every is Every.MONTH and (self.day is None) == (self.working_day is None):
            raise ValueError("every: month 要写 day（几号）或 working_day（第几个工作日）之一")
        if self.working_days != "any" and any(key in said for key in _COUNTED):
            raise ValueError("已经按工作日数的，不要再写 working_days")
        if self.at is not None and (self.at.tzinfo or self.at.second or self.at.microsecond):
            raise ValueError("at 写成 07:30 的样子：只有时和分")
        return self


def render_when(when: When) -> str:
    """The rule as people say it: 每天 07:30，仅工作日."""
    match when.every:
        case Every.MINUTES:
            said = f"每 {when.minutes} 分钟"
        case Every.DAY:
            said = "每天"
        case Every.WEEK:
            said = "每周" + "、".join(_WEEKDAY_WORDS[day] for day in when.weekdays or ())
        case Every.WEEKS:
            said = f"自 {when.anchor} 起每 {when.weeks} 周的周{_weekday_of(when.anchor)}"
        case Every.MONTH:
            said = f"每月第 {when.working_day} 个工作日" if when.working_day else f"每月 {when.day} 日"
        case Every.QUARTER:
            said = f"每季度倒数第 {when.working_days_before_end} 个工作日"
    clock = f" {when.at:%H:%M}" if when.at else ""
    return said + clock + {"any": "", "only": "，仅工作日", "skip": "，仅休息日"}[when.working_days]


def _weekday_of(day: date | None) -> str:
    return _WEEKDAY_WORDS[WEEKDAYS[day.weekday()]] if day else ""
