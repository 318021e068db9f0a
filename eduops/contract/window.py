"""The on-site window (甲方规定的现场服务时间): which instants lie in it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from eduops.contract.schema import WEEKDAYS, Contract, OnSiteWindow
from eduops.contract.working_day import WorkingDays

Minutes = tuple[int, int]


class OnSiteHours:
    """The window of one contract; remembers the days it was asked about."""

    def __init__(self, contract: Contract, working_days: WorkingDays) -> None:
        self._zone: ZoneInfo = contract.zone_info
        self._window: OnSiteWindow = contract.on_site_window
        self._working_days = working_days
        self._hours = [self._weekday_hours(weekday) for weekday in range(7)]
        self._off = {swap.off for swap in self._window.swaps}
        self._swapped_on = {swap.on: self._hours[swap.off.weekday()] for swap in self._window.swaps}
        self._ranges: dict[date, tuple[Minutes, ...]] = {}

    def list_ranges(self, day: date) -> tuple[Minutes, ...]:
        """The window of a day as [from, to) minutes of local time, in order."""
        ranges = self._ranges.get(day)
        if ranges is None:
            ranges = self._ranges[day] = tuple(sorted(self._usual(day) | set(self._swapped_on.get(day, ()))))
        return ranges

    def is_on_site(self, instant: datetime) -> bool:
        """Whether an aware instant lies in the window."""
        local = instant.astimezone(self._zone)
        ranges = self.list_ranges(local.date())
        return bool(ranges) and _within(local, ranges)

    def is_provisional(self, instant: datetime) -> bool:
        """Whether the answer rests on a working day of a year whose schedule is not out."""
        local = instant.astimezone(self._zone)
        day = local.date()
        if not self._window.working_days_only or not self._working_days.is_provisional(day):
            return False
        if day in self._off or _within(local, self._swapped_on.get(day, ())):
            return False
        return _within(local, self._hours[day.weekday()])

    def _usual(self, day: date) -> set[Minutes]:
        hours = self._hours[day.weekday()]
        if not hours or day in self._off:
            return set()
        if self._window.working_days_only and not self._working_days.is_working_day(day):
            return set()
        return set(hours)

    def _weekday_hours(self, weekday: int) -> tuple[Minutes, ...]:
        name = WEEKDAYS[weekday]
        return tuple((item.from_, item.to) for item in self._window.ranges if name in item.weekdays)


def _within(local: datetime, ranges: tuple[Minutes, ...]) -> bool:
    # Whole minutes are enough: every range starts and ends on one.
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in ranges)
