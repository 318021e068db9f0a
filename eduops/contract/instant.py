"""Times as people and files write them, read in the contract's zone."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from eduops.contract.period import end_of
from eduops.core.errors import InputError

_HINT = "写成 2026-03-05 11:50 或 2026-03-05T11:50:00+08:00 的样子；不带时区的按合同时区理解"
# As spreadsheets write it: 2026/3/5 9:05.
_LOOSE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def parse_instant(value: object, zone: ZoneInfo, *, day_end: bool = False) -> datetime:
    """The instant in UTC; a time without an offset is one of `zone`.

    A bare day is the end of that day (the instant the next one begins) where `day_end`, else refused.
    Raises InputError.
    """
    if isinstance(value, str) and len(value) > 10:
        # The common case at once: 200,000 tickets bring a million of these. What is odd is read below.
        try:
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    return _parse_slowly(value, zone, day_end)


def _parse_slowly(value: object, zone: ZoneInfo, day_end: bool) -> datetime:
    found = _read(value)
    if isinstance(found, datetime):
        try:
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        except (OverflowError, ValueError):
            raise InputError(f"「{value}」超出可用的年份", hint=_HINT) from None
    if found is None:
        raise InputError(f"「{value}」不是可识别的时间", hint=_HINT)
    if not day_end:
        raise InputError(f"「{value}」只有日期没有时间", hint=_HINT)
    try:
        return end_of(found, zone)
    except OverflowError:
        raise InputError(f"「{value}」超出可用的年份", hint=_HINT) from None


def _read(value: object) -> datetime | date | None:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        # Ten characters and less hold no time of day: "2026-03-05", "20260305", "2026-W10-4".
        return datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
    except ValueError:
        return _read_loose(text)


def _read_loose(text: str) -> datetime | date | None:
    match = _LOOSE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else 0 for part in match.groups())
    try:
        on = date(year, month, day)
        if match[4] is None:
            return on
        # Naive on purpose: the caller puts it into its zone.
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
