"""Weeks, months, quarters and years of a contract, cut in its zone and by its term."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from eduops.contract.schema import Contract, add_years

_DAY = timedelta(days=1)
_INSTANT = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Period:
    """The days [start_on, end_on) under the label that findings carry."""

    label: str
    start_on: date
    end_on: date

    @property
    def last_on(self) -> date:
        """The period's last day."""
        return self.end_on - _DAY

    def has_day(self, day: date) -> bool:
        """Whether a day lies in the period."""
        return self.start_on <= day < self.end_on


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant a day begins in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant the next day begins."""
    return start_of(day + _DAY, zone)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The local day of an instant."""
    return instant.astimezone(zone).date()


def last_day_of(as_of: datetime, zone: ZoneInfo) -> date:
    """The last day of which something lies before an instant: at midnight it is the day that just ended."""
    return day_of(as_of - _INSTANT, zone)


def list_months(contract: Contract) -> tuple[Period, ...]:
    """Every calendar month of the term; the first and last may be cut."""
    return tuple(_cut(contract, _iter_calendar(contract.term.start, contract.term.end_on, 1)))


def list_quarters(contract: Contract) -> tuple[Period, ...]:
    """Every quarter of the term: calendar quarters, or three months counted from the start (setting `quarter`)."""
    if contract.policy.quarter == "calendar":
        return tuple(_cut(contract, _iter_calendar(contract.term.start, contract.term.end_on, 3)))
    return tuple(
        Period(
            f"Y{year + 1}Q{quarter + 1}", _shift(contract, year, quarter), _shift(contract, year, quarter + 1)
        )
        for year in range(contract.term.years)
        for quarter in range(4)
    )


def list_years(contract: Contract) -> tuple[Period, ...]:
    """Every year of the term: Y1, Y2 … from the start, or calendar years (setting `year`)."""
    start = contract.term.start
    if contract.policy.year == "calendar":
        years = range(start.year, contract.term.end_on.year + 1)
        return tuple(_cut(contract, (Period(str(y), date(y, 1, 1), date(y + 1, 1, 1)) for y in years)))
    return tuple(
        Period(f"Y{number + 1}", add_years(start, number), add_years(start, number + 1))
        for number in range(contract.term.years)
    )


def list_weeks(from_on: date, to_on: date) -> tuple[Period, ...]:
    """Every ISO week that lies wholly inside [from_on, to_on]."""
    monday = from_on + _DAY * (-from_on.weekday() % 7)
    weeks = []
    while monday + 6 * _DAY <= to_on:
        year, week, _ = monday.isocalendar()
        weeks.append(Period(f"{year}-W{week:02d}", monday, monday + 7 * _DAY))
        monday += 7 * _DAY
    return tuple(weeks)


def find_period(periods: tuple[Period, ...], day: date) -> Period | None:
    """The period that a day lies in."""
    return next((period for period in periods if period.has_day(day)), None)


def add_months(day: date, months: int) -> date:
    """The same day some months later, or that month's last day where it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    following = date((index + 1) // 12, (index + 1) % 12 + 1, 1)
    return min(first + _DAY * (day.day - 1), following - _DAY)


def _iter_calendar(start_on: date, end_on: date, months: int) -> Iterator[Period]:
    first = date(start_on.year, (start_on.month - 1) // months * months + 1, 1)
    while first < end_on:
        following = add_months(first, months)
        label = f"{first:%Y-%m}" if months == 1 else f"{first.year}Q{(first.month + 2) // 3}"
        yield Period(label, first, following)
        first = following


def _cut(contract: Contract, periods: Iterator[Period]) -> Iterator[Period]:
    for period in periods:
        start_on = max(period.start_on, contract.term.start)
        end_on = min(period.end_on, contract.term.end_on)
        if start_on < end_on:
            yield Period(period.label, start_on, end_on)


def _shift(contract: Contract, year: int, quarter: int) -> date:
    return add_months(contract.term.start, year * 12 + quarter * 3)
