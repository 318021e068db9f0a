"""Instants and days as people type them: read in the contract's zone."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from eduops.core.errors import UsageError

_ONLY_TIME = re.compile(r"\d{1,2}:\d{2}")


def parse_instant(text: str | None, *, now: datetime, zone: ZoneInfo, option: str) -> datetime:
    """`2026-03-05 11:50`, `2026-03-05T11:50:30+08:00`, or `11:50` for today; nothing means now.

    Raises UsageError where the text is no instant, a bare day included.
    """
    if text is None:
        return now
    said = text.strip()
    if _ONLY_TIME.fullmatch(said):
        said = f"{now.astimezone(zone):%Y-%m-%d} {said.zfill(5)}"
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        instant = None
    if instant is None or re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", said):
        raise UsageError(f"{option} 的值「{text}」不是时刻", hint="写成 '2026-03-05 11:50'，或今天的 11:50")
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)


def parse_day(text: str, *, option: str) -> date:
    """`2026-03-05`. Raises UsageError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{option} 的值「{text}」不是日期", hint="写成 2026-03-05 的样子") from None


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day begins in the zone."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
