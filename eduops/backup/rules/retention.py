"""Which backups are kept, and by which rule: pure.

A rule keeps the newest backup of each of the last so many days, weeks (ISO), months or years that have one, as the
contract's zone counts them. What is newest is told by the order in which they were made, not by the clock, which may
have jumped. Damaged ones never take the place of a good one; they go when they would have gone anyway.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from eduops.backup.configuration import Keep

LAST_GOOD: Final = "最后一份校验过的备份，任何规则都不删"
NONE_GOOD: Final = "这个来源没有一份好的备份，先都留着"


@dataclass(frozen=True, slots=True)
class Item:
    """A backup, or a copy in one place, as the rules see it."""

    ref: str
    number: int
    """Grows in the order in which they were made."""
    at: datetime
    is_good: bool
    """Whether it was verified, and nothing that looked at it later failed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Why one is kept; nothing says that it goes."""

    item: Item
    reasons: tuple[str, ...]

    @property
    def is_kept(self) -> bool:
        """Whether any rule keeps it."""
        return bool(self.reasons)


def decide(items: Sequence[Item], keep: Keep, *, zone: ZoneInfo) -> list[Decision]:
    """For every backup of one source in one place whether it stays and why, newest first.

    The last good one stays whatever the rules say, and all of them where none is good.
    """
    newest_first = sorted(items, key=lambda item: item.number, reverse=True)
    good = [item for item in newest_first if item.is_good]
    if not good:
        return [Decision(item, (NONE_GOOD,)) for item in newest_first]
    of_good = _apply(good, keep, zone)
    of_good.setdefault(good[0].number, []).insert(0, LAST_GOOD)
    of_all = _apply(newest_first, keep, zone)
    return [
        Decision(item, tuple((of_good if item.is_good else of_all).get(item.number, ())))
        for item in newest_first
    ]


def _apply(newest_first: Sequence[Item], keep: Keep, zone: ZoneInfo) -> dict[int, list[str]]:
    """By number the rules that keep it."""
    reasons: dict[int, list[str]] = {}
    for place, item in enumerate(newest_first[: keep.last], start=1):
        reasons.setdefault(item.number, []).append(f"最近第 {place} 份")
    for name, most, render in (
        ("每日", keep.daily, date.isoformat),
        ("每周", keep.weekly, _week),
        ("每月", keep.monthly, lambda day: f"{day:%Y-%m}"),
        ("每年", keep.yearly, lambda day: f"{day:%Y}"),
    ):
        for item, period in _first_of_each(newest_first, most, render, zone):
            reasons.setdefault(item.number, []).append(f"{name}（{period}）")
    return reasons


def _first_of_each(
    newest_first: Sequence[Item], most: int, render: Callable[[date], str], zone: ZoneInfo
) -> Iterator[tuple[Item, str]]:
    seen: set[str] = set()
    for item in newest_first:
        if len(seen) >= most:
            return
        period = render(item.at.astimezone(zone).date())
        if period not in seen:
            seen.add(period)
            yield item, period


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"
