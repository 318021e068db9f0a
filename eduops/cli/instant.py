"""Instants and days as people type them: read in the contract's zone."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from eduops.core.errors import NotAllowed, UsageError

FromOption = Annotated[str | None, typer.Option("--from", help="从哪天起（含），如 2026-07-01。")]
ToOption = Annotated[str | None, typer.Option("--to", help="到哪天止（含），如 2026-09-30。")]

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_ONLY_TIME = re.compile(r"\d{1,2}:\d{2}")
_ONLY_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")


def parse_instant(text: str | None, *, now: datetime, zone: ZoneInfo, option: str) -> datetime:
    """`2026-03-05 11:50`, `2026-03-05T11:50:30+08:00`, or `11:50` for today; nothing means now.

    Raises UsageError where the text is no instant, a bare day included, or lies centuries away.
    """
    if text is None:
        return now
    said = _plain(text)
    if _ONLY_TIME.fullmatch(said):
        said = f"{now.astimezone(zone):%Y-%m-%d} {said.zfill(5)}"
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        instant = None
    if _ONLY_DAY.fullmatch(said) and instant is not None:
        raise UsageError(
            f"{option} 的值「{text}」只有日期，没有写几点几分", hint=f"写成 '{text} 11:50' 的样子"
        )
    if instant is None:
        raise UsageError(f"{option} 的值「{text}」不是时刻", hint="写成 '2026-03-05 11:50'，或今天的 11:50")
    _check_year(instant, text, option)
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)


def parse_happened(text: str | None, *, now: datetime, zone: ZoneInfo, option: str = "--at") -> datetime:
    """The instant at which something has happened. Raises NotAllowed for one in the future too."""
    instant = parse_instant(text, now=now, zone=zone, option=option)
    if instant > now:
        # As it was understood: "9:00" of today is often meant to be yesterday's.
        said = f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"
        raise NotAllowed(f"时刻 {said} 还没有到，不能预先登记", hint=f"检查 {option} 写的时刻")
    return instant


def parse_as_of(text: str | None, *, now: datetime, zone: ZoneInfo, option: str) -> datetime:
    """Like `parse_instant`, but a bare day means its end, as the contract's arithmetic has it."""
    if text and _ONLY_DAY.fullmatch(_plain(text)):
        return day_start(parse_day(text, option=option) + timedelta(days=1), zone)
    return parse_instant(text, now=now, zone=zone, option=option)


def parse_day(text: str, *, option: str) -> date:
    """`2026-03-05`. Raises UsageError, also for a day centuries away."""
    try:
        day = date.fromisoformat(_plain(text))
    except ValueError:
        raise UsageError(f"{option} 的值「{text}」不是日期", hint="写成 2026-03-05 的样子") from None
    _check_year(day, text, option)
    return day


def parse_days(
    from_: str | None, to: str | None, *, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """The instants [from, to) of two days, both included, either of which may be left out. Raises UsageError."""
    from_on = parse_day(from_, option="--from") if from_ else None
    to_on = parse_day(to, option="--to") if to else None
    if from_on and to_on and to_on < from_on:
        raise UsageError(f"--to {to} 早于 --from {from_}", hint="检查两个日期")
    return (
        day_start(from_on, zone) if from_on else None,
        day_start(to_on + timedelta(days=1), zone) if to_on else None,
    )


def render_period(from_: str | None, to: str | None) -> str:
    """The days of `--from` and `--to` in words, either of which may be left out."""
    first = parse_day(from_, option="--from").isoformat() if from_ else ""
    last = parse_day(to, option="--to").isoformat() if to else ""
    if first and last:
        return f"{first} 至 {last}"
    return f"{first} 起" if first else f"到 {last} 止" if last else "全部时间"


def _plain(text: str) -> str:
    """What a Chinese keyboard makes of digits, colons and spaces, as ASCII."""
    return unicodedata.normalize("NFKC", text).strip()


def _check_year(day: date, text: str, option: str) -> None:
    # At the calendar's ends arithmetic with zones overflows; no contract reaches there.
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise UsageError(
            f"{option} 的值「{text}」的年份不在 {_FIRST_YEAR} 到 {_LAST_YEAR} 之间", hint="检查年份"
        )


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day begins in the zone."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
