"""How values read in a Chinese document: instants, days, percentages, and text without unprintable characters."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

ABSENT = "—"

# What XML 1.0 cannot hold: control characters but tab and line feed, lone surrogates, two non-characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NUMERALS = "〇一二三四五六七八九"


def clean_text(text: str) -> str:
    """The text with line ends as line feeds and without the characters that no Word file can hold."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def day_text(day: date) -> str:
    """2026年7月1日."""
    return f"{day.year}年{day.month}月{day.day}日"


def instant_text(instant: datetime | None, zone: ZoneInfo) -> str:
    """2026-07-01 09:30 in the zone; a dash where there is none."""
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M") if instant else ABSENT


def instant_argument(instant: datetime) -> str:
    """The instant as a command takes it: 2026-07-01T01:30:00Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decimal_text(value: Decimal | None, places: int = 1) -> str:
    """The number rounded half up to so many places; a dash where there is none."""
    if value is None:
        return ABSENT
    return f"{value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP):f}"


def percent_text(part: int, whole: int) -> str:
    """`part` of `whole` with one decimal: 97.3%; a dash where there is no whole."""
    return f"{decimal_text(Decimal(part) * 100 / Decimal(whole))}%" if whole else ABSENT


def quarter_text(day: date) -> str:
    """2026年第三季度."""
    return f"{day.year}年第{_NUMERALS[(day.month + 2) // 3]}季度"


def ordinal_text(number: int) -> str:
    """1 to 99 as Chinese numerals: 一, 十, 十二, 二十."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _NUMERALS[ones]
    return (_NUMERALS[tens] if tens > 1 else "") + "十" + (_NUMERALS[ones] if ones else "")
