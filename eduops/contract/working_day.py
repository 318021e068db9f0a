"""Which days are worked: the State Council's yearly schedules, installed or overlaid, with single days on top."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

import chinese_calendar
from chinese_calendar.constants import holidays

from eduops.contract.schema import WorkingDayChanges

_DAY = timedelta(days=1)
_FIRST_KNOWN_YEAR = min(holidays).year
_LAST_KNOWN_YEAR = max(holidays).year

# Lunar festivals of years whose schedule was not out when this was written: New Year, Dragon Boat, Mid-Autumn.
_LUNAR_DAYS = {
    2027: (date(2027, 2, 6), date(2027, 6, 9), date(2027, 9, 15)),
    2028: (date(2028, 1, 26), date(2028, 5, 28), date(2028, 10, 3)),
    2029: (date(2029, 2, 13), date(2029, 6, 16), date(2029, 9, 22)),
    2030: (date(2030, 2, 3), date(2030, 6, 5), date(2030, 9, 12)),
}


class WorkingDays:
    """Answers day by day, remembering what it was asked."""

    def __init__(self, changes: WorkingDayChanges) -> None:
        self._years = frozenset(schedule.year for schedule in changes.schedules)
        self._scheduled = {day: False for schedule in changes.schedules for day in schedule.free}
        self._scheduled |= {day: True for schedule in changes.schedules for day in schedule.worked}
        self._known = {change.on: True for change in changes.add}
        self._known |= {change.on: False for change in changes.remove}
        self._changed = frozenset(self._known)
        # Whether any count so far went over a day that may still change.
        self.has_guessed = False

    def is_working_day(self, day: date) -> bool:
        """Whether a day is worked; for unknown years weekends and statutory days are free."""
        found = self._known.get(day)
        if found is None:
            found = self._known[day] = self._is_scheduled(day)
        return found

    def is_known_year(self, year: int) -> bool:
        """Whether a year's schedule is out: in the installed calendar, or in the overlay."""
        return year in self._years or _FIRST_KNOWN_YEAR <= year <= _LAST_KNOWN_YEAR

    def known_until(self) -> date:
        """The last day of the last year up to which every year's schedule is known."""
        year = _LAST_KNOWN_YEAR
        while year + 1 in self._years:
            year += 1
        return date(year, 12, 31)

    def is_provisional(self, day: date) -> bool:
        """Whether the answer for a day may change when its year's schedule comes out."""
        return day not in self._changed and not self.is_known_year(day.year)

    def count_working_days(self, start_on: date, end_on: date) -> int:
        """How many days of [start_on, end_on) are worked."""
        return sum(self._count(day) for day in iter_days(start_on, end_on))

    def has_guesses(self, start_on: date, end_on: date) -> bool:
        """Whether any day of [start_on, end_on) is provisional."""
        return any(self.is_provisional(day) for day in iter_days(start_on, end_on))

    def get_nth(self, start_on: date, count: int) -> date:
        """The count-th working day from a day on, that day included if it is one."""
        return self._walk(start_on, count, _DAY)

    def get_nth_back(self, last_on: date, count: int) -> date:
        """The count-th working day counted back from a day, that day included if it is one."""
        return self._walk(last_on, count, -_DAY)

    def _walk(self, day: date, count: int, step: timedelta) -> date:
        found = self._count(day)
        while found < count:
            day += step
            found += self._count(day)
        return day

    def _is_scheduled(self, day: date) -> bool:
        # An overlay is somebody's reading of the decree itself: it stands above the installed calendar.
        if day.year in self._years:
            return self._scheduled.get(day, is_usual_working_day(day))
        return _is_scheduled(day)

    def _count(self, day: date) -> int:
        self.has_guessed = self.has_guessed or self.is_provisional(day)
        return int(self.is_working_day(day))


def iter_days(start_on: date, end_on: date) -> Iterator[date]:
    """Every day of [start_on, end_on)."""
    day = start_on
    while day < end_on:
        yield day
        day += _DAY


def list_statutory_days(year: int) -> frozenset[date]:
    """The free days of a year by law (State Council decree 795 of 2024), lunar ones as far as they are tabled."""
    days = {date(year, 1, 1), date(year, 5, 1), date(year, 5, 2)}
    days |= {date(year, 10, day) for day in (1, 2, 3)}
    april = (
        chinese_calendar.get_solar_terms(date(year, 4, 1), date(year, 4, 10)) if 1900 <= year <= 2100 else []
    )
    days |= {day for day, _ in april}
    if year in _LUNAR_DAYS:
        new_year, dragon_boat, mid_autumn = _LUNAR_DAYS[year]
        days |= {new_year + _DAY * offset for offset in (-1, 0, 1, 2)} | {dragon_boat, mid_autumn}
    return frozenset(days)


def is_usual_working_day(day: date) -> bool:
    """Whether a day is worked in a week without holidays: Monday to Friday."""
    return day.weekday() < 5


# The calendar looks through its whole table for each day it is asked.
@cache
def _is_scheduled(day: date) -> bool:
    if _FIRST_KNOWN_YEAR <= day.year <= _LAST_KNOWN_YEAR:
        return bool(chinese_calendar.is_workday(day))
    return is_usual_working_day(day) and day not in list_statutory_days(day.year)
