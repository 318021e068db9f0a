"""The days of an evaluation plan: at intervals, on days of the month, or named; moved to working days where asked."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from eduops.contract.period import add_months
from eduops.core.errors import InputError

_DAY = timedelta(days=1)
_EVERY = re.compile(r"(\d{1,3})([dw])")
_LONGEST_EVERY_DAYS = 366
_LAST_OF_MONTH = 31


def parse_every(text: str) -> int:
    """`14d` or `2w` as days. Raises InputError."""
    match = _EVERY.fullmatch(text.strip().lower())
    days = int(match[1]) * (7 if match[2] == "w" else 1) if match else 0
    if not 1 <= days <= _LONGEST_EVERY_DAYS:
        raise InputError(
            f"间隔「{text}」不能用", hint=f"写成 14d（14 天）或 2w（2 周），不超过 {_LONGEST_EVERY_DAYS} 天"
        )
    return days


def parse_days(text: str) -> tuple[int, ...]:
    """`5,20` as days of each month; 31 means the last day of a shorter one. Raises InputError."""
    parts = [part.strip() for part in re.split("[,，、]", text)]
    numbers = [int(part) for part in parts if re.fullmatch(r"[0-9]{1,2}", part)]
    if len(numbers) < len(parts) or not all(1 <= day <= _LAST_OF_MONTH for day in numbers):
        raise InputError(f"每月几号「{text}」不能用", hint="写 1 到 31 的数，如 5,20；31 表示每月最后一天")
    return tuple(sorted(set(numbers)))


def list_every(start_on: date, last_on: date, every_days: int) -> list[date]:
    """The first day of a period and every so many days after it, to its last."""
    count = (last_on - start_on).days // every_days
    return [start_on + number * every_days * _DAY for number in range(count + 1)]


def list_monthly(start_on: date, last_on: date, days: Sequence[int]) -> list[date]:
    """These days of every month of [start_on, last_on]; in a shorter month its last."""
    return sorted({day for day in _iter_monthly(start_on, last_on, days) if start_on <= day <= last_on})


def _iter_monthly(start_on: date, last_on: date, days: Sequence[int]) -> Iterator[date]:
    first = start_on.replace(day=1)
    while first <= last_on:
        following = add_months(first, 1)
        for day in days:
            yield min(first + (day - 1) * _DAY, following - _DAY)
        first = following


def move_to_working_days(
    days: Sequence[date], *, start_on: date, last_on: date, is_working_day: Callable[[date], bool]
) -> list[date]:
    """Each day that is free moved to the next working day; where that lies behind the period, to the one before.

    A period without a working day leaves its days where they are. Two that fall together are one.
    """
    return sorted({_move(day, start_on, last_on, is_working_day) for day in days})


def _move(day: date, start_on: date, last_on: date, is_working_day: Callable[[date], bool]) -> date:
    later = (day + number * _DAY for number in range((last_on - day).days + 1))
    earlier = (day - number * _DAY for number in range((day - start_on).days + 1))
    return next((each for ways in (later, earlier) for each in ways if is_working_day(each)), day)
