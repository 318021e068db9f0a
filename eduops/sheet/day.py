"""A day as people and Excel write it."""

import re
import unicodedata
from datetime import date, datetime

from eduops.sheet.workbook import Cell, cell_text

_LOOSE_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 0?0:00(?::00)?)?", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


def find_day(value: Cell) -> date | None:
    """The day in a cell, or in its text: 2026-03-05, 2026/3/5, 2026年3月5日; None where it is none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    match = _LOOSE_DAY.fullmatch(unicodedata.normalize("NFKC", cell_text(value)).strip())
    try:
        day = date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
    return day if day is not None and _FIRST_YEAR <= day.year <= _LAST_YEAR else None
