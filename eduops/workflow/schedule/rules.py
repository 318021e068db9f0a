"""When a job is due: pure arithmetic over days, zones and working days.

A time of day that a zone leaves out counts at the first instant after the gap; one that comes twice counts once,
the first time. So every day of the calendar has its instant exactly once, and instants are in the order of their days.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from eduops.contract.period import add_months
from eduops.contract.working_day import iter_days
from eduops.workflow.schedule.when import WEEKDAYS, Every, When

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_FARTHEST = timedelta(days=800)
"""How far ahead the next instant is looked for: past two rounds of the longest rule."""


PLACE = re.compile(r"\{([a-z_]*)\}")
PLACES: dict[str, Callable[[date], date]] = {
    "today": lambda day: day,
    "yesterday": lambda day: day - _DAY,
    "month_start": lambda day: day.replace(day=1),
    "quarter_start": lambda day: date(day.year, (day.month - 1) // 3 * 3 + 1, 1),
    "year_start": lambda day: date(day.year, 1, 1),
}
"""What may stand for a day in a command, and which day that is."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The zone in which days are cut, and which of them are worked."""

    zone: ZoneInfo
    is_working_day: Callable[[date], bool]


def find_next(when: When, calendar: Calendar, *, after: datetime) -> datetime | None:
    """The first instant after `after` at which the rule is due, in UTC; None where there is none in two years."""
    start_on = max(_day_before(after, calendar), when.anchor or date.min)
    for day in iter_days(start_on, start_on + _FARTHEST):
        for instant in _iter_instants(when, day, calendar):
            if instant > after:
                return instant
    return None


def list_due(when: When, calendar: Calendar, *, after: datetime, until: datetime) -> list[datetime]:
    """Every instant of (after, until] at which the rule is due, in UTC, earliest first, none twice."""
    end_on = until.astimezone(calendar.zone).date() + _DAY
    found = {
        instant
        for day in iter_days(_day_before(after, calendar), end_on)
        for instant in _iter_instants(when, day, calendar)
        if after < instant <= until
    }
    return sorted(found)


def fill_words(words: Sequence[str], on: date) -> tuple[str, ...]:
    """A command's words with `{today}` and the like as days, counted from a day."""
    days = {name: find(on).isoformat() for name, find in PLACES.items()}
    return tuple(PLACE.sub(lambda found: days[found[1]], word) for word in words)


def is_due_day(when: When, day: date, is_working_day: Callable[[date], bool]) -> bool:
    """Whether the rule names a day."""
    if when.working_days != "any" and is_working_day(day) != (when.working_days == "only"):
        return False
    match when.every:
        case Every.WEEK:
            return WEEKDAYS[day.weekday()] in (when.weekdays or ())
        case Every.WEEKS:
            passed = (day - (when.anchor or day)).days
            return passed >= 0 and passed % (7 * (when.weeks or 1)) == 0
        case Every.MONTH if when.day:
            return day == min(day.replace(day=1) + (when.day - 1) * _DAY, _end_of_month(day) - _DAY)
        case Every.MONTH:
            return _is_nth(day.replace(day=1), day + _DAY, day, when.working_day, is_working_day)
        case Every.QUARTER:
            count = when.working_days_before_end
            return _is_nth(day, _end_of_quarter(day), day, count, is_working_day)
        case _:
            return True


def instant_at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant at which the zone's clock first shows a time of day or, where it leaves that out, is past it."""
    wall = datetime.combine(day, at)
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    # In a gap the earlier offset, which fold 0 stands for, gives the later instant.
    return _end_of_gap(second, first, zone) if second < first else first


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of (before, after] with the new offset."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def _iter_instants(when: When, day: date, calendar: Calendar) -> Iterator[datetime]:
    if not is_due_day(when, day, calendar.is_working_day):
        return
    if when.at is not None:
        yield instant_at(day, when.at, calendar.zone)
    if when.minutes is not None:
        instant, end = (instant_at(each, time(), calendar.zone) for each in (day, day + _DAY))
        while instant < end:
            yield instant
            instant += timedelta(minutes=when.minutes)


def _is_nth(
    start_on: date, end_on: date, day: date, count: int | None, is_working_day: Callable[[date], bool]
) -> bool:
    """Whether a day is worked and [start_on, end_on), which it begins or ends, has so many working days."""
    return is_working_day(day) and sum(map(is_working_day, iter_days(start_on, end_on))) == count


def _end_of_month(day: date) -> date:
    return add_months(day.replace(day=1), 1)


def _end_of_quarter(day: date) -> date:
    return add_months(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3)


def _day_before(instant: datetime, calendar: Calendar) -> date:
    # A zone that leaves a whole day out moves that day's instants into the next.
    return instant.astimezone(calendar.zone).date() - 2 * _DAY
