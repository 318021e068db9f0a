"""Where a figure is going: a line that outliers cannot bend, how sure it is, and when a disk will be full by it.

The slope is the median of the slopes of all pairs of points (H. Theil, "A rank-invariant method of linear and polynomial
regression analysis", Nederl. Akad. Wetensch. Proc. 53, 1950; P. K. Sen, "Estimates of the regression coefficient based on
Kendall's tau", J. Amer. Statist. Assoc. 63, 1968). It holds while fewer than 29 of a hundred points are wild. Its
interval is Sen's, by the normal approximation of Kendall's S, with ties, rounded outwards to whole ranks.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import chain, pairwise
from operator import attrgetter, sub, truediv
from statistics import median
from typing import NamedTuple

WINDOW_DAYS = 90
CONFIDENCE_PERCENT = 95
LONGEST_DAYS = 3650.0
"""Further than this nobody can see."""
_QUANTILE = 1.959964
_FEWEST_POINTS = 7
_SHORTEST_DAYS = 7.0
# More points within the window would say little more, and pairs grow with the square.
_MOST_POINTS = 24
_CLEAN_UP_SHARE = 0.05
_CLEAN_UP_STEPS = 4.0
_NEIGHBOURS = 3
_DAY_SECONDS = 86_400


class Point(NamedTuple):
    """A figure and when it was measured; a tuple, because thousands of them are taken apart at once."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """Slopes in units a day; None for an end of the interval that these points do not bound. `level` is at the end."""

    slope: float
    low: float | None
    high: float | None
    level: float


class Verdict(StrEnum):
    """What the points say."""

    GROWING = "growing"
    UNCLEAR = "unclear"
    """It seems to grow, but the interval holds standing still."""
    NOT_GROWING = "not_growing"
    CANNOT_TELL = "cannot_tell"


VERDICT_WORDS = {
    Verdict.GROWING: "在增长",
    Verdict.UNCLEAR: "增长不明显",
    Verdict.NOT_GROWING: "没有增长",
    Verdict.CANNOT_TELL: "无法判断",
}


FALL_WORDS = {True: "清理", False: "大幅下降"}
"""What a big fall is, by whether the figure has a value at which there is no more room: nobody cleans a processor up."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The line through the points since the last clean-up, and days from the last of them until `full`.

    `days_high` None: with 95 % confidence it may also never come. Everything is None where `verdict` cannot tell.
    """

    verdict: Verdict
    reason: str
    points: tuple[Point, ...]
    cleaned_at: datetime | None = None
    line: Line | None = None
    days: float | None = None
    days_low: float | None = None
    days_high: float | None = None


def build_trend(points: Iterable[Point], *, full: float | None = None) -> Trend:
    """The trend of one figure; `full` is the value at which there is no more room, where there is one."""
    kept, cleaned_at = choose_points(sorted(points, key=attrgetter("at")), full=full)
    return draw_trend(kept, cleaned_at, full=full)


def draw_trend(kept: tuple[Point, ...], cleaned_at: datetime | None, *, full: float | None = None) -> Trend:
    """The trend through points that were chosen already."""
    reason = explain_few(kept, cleaned_at, full=full)
    line = None if reason else fit_line(kept)
    if line is None:
        return Trend(Verdict.CANNOT_TELL, reason or "没有两次不同时刻的测量", kept, cleaned_at)
    verdict = _judge_line(line)
    if full is None or verdict is Verdict.NOT_GROWING:
        return Trend(verdict, "", kept, cleaned_at, line)
    room = max(0.0, full - line.level)
    ends = (_divide(room, slope) for slope in (line.slope, line.high, line.low))
    days, days_low, days_high = ends
    return Trend(verdict, "", kept, cleaned_at, line, days, days_low or 0.0, days_high)


def choose_points(
    ordered: Sequence[Point], *, full: float | None = None
) -> tuple[tuple[Point, ...], datetime | None]:
    """Of points in order those that a trend is drawn through, and when a clean-up came before them, if one did."""
    start = _find_clean_up(ordered, full)
    return tuple(_thin(ordered[start:])), ordered[start].at if start else None


def can_fill(trend_points: Sequence[Point], *, full: float, days: float) -> bool:
    """Whether the line through points in order can be full within so many days after the last of them.

    No is certain, and far cheaper than the line: half of all pairs would have to rise as steeply as that, and those
    too far apart for the whole range to be so steep do not.
    """
    instants, values = zip(*trend_points, strict=True)
    highest: float = max(values)
    rise, room = highest - min(values), full - highest
    if rise <= 0 or room <= 0:
        return room <= 0
    # The line's level at the end is no higher than the highest point carried on from the middle of the time.
    count = len(instants)
    end, middle = instants[-1], instants[(count - 1) // 2]
    farthest = (end - middle + timedelta(days=days)) * min(rise / room, 1e3)
    if end - instants[0] <= farthest:
        return True
    # Where all that many places from each other are too far apart, more than half of all pairs are.
    if min(map(sub, instants[_far_places(count) :], instants)) > farthest:
        return False
    apart, start, most = 0, 0, count * (count - 1) // 4
    for at in instants:
        earliest = at - farthest
        while instants[start] < earliest:
            start += 1
        apart += start
        if apart > most:
            return False
    return True


@cache
def _far_places(count: int) -> int:
    """How many places apart points may stand, at most, so that more than half of all pairs stand so or further."""
    return max(
        places
        for places in range(1, count)
        if (count - places) * (count - places + 1) * 2 > count * (count - 1)
    )


def fit_line(points: Sequence[Point]) -> Line | None:
    """The Theil-Sen line with Sen's interval; None where no two points differ in time."""
    if not points:
        return None
    end = points[-1].at
    xs = [(point.at - end).total_seconds() / _DAY_SECONDS for point in points]
    ys = [point.value for point in points]
    slopes = sorted(_list_slopes(xs, ys))
    if not slopes:
        return None
    slope = _middle(slopes)
    low, high = _bound(slopes, _QUANTILE * math.sqrt(_variance(xs, ys)))
    return Line(slope, low, high, median([y - slope * x for x, y in zip(xs, ys, strict=True)]))


def _list_slopes(xs: Sequence[float], ys: Sequence[float]) -> list[float]:
    """Of every pair of points that differ in time."""
    across, upward = list(_list_differences(xs)), list(_list_differences(ys))
    if len(set(xs)) == len(xs):
        return list(map(truediv, upward, across))
    return [up / far for up, far in zip(upward, across, strict=True) if far]


def _list_differences(values: Sequence[float]) -> Iterator[float]:
    return chain.from_iterable(map(sub, values[apart:], values) for apart in range(1, len(values)))


def _middle(ordered: Sequence[float]) -> float:
    half, odd = divmod(len(ordered), 2)
    return ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2


def _bound(slopes: Sequence[float], spread: float) -> tuple[float | None, float | None]:
    """The slopes of the ranks (N - C) / 2 and (N + C) / 2 + 1, counted from one, rounded outwards."""
    count = len(slopes)
    low = math.floor((count - spread) / 2)
    high = math.ceil((count + spread) / 2) + 1
    return slopes[low - 1] if low >= 1 else None, slopes[high - 1] if high <= count else None


def _variance(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Of Kendall's S, less what ties take away (M. G. Kendall, "Rank Correlation Methods")."""
    count = len(xs)
    whole = count * (count - 1) * (2 * count + 5)
    tied = sum(
        size * (size - 1) * (2 * size + 5)
        for values in (xs, ys)
        if len(set(values)) < count
        for size in Counter(values).values()
        if size > 1
    )
    return max(0, whole - tied) / 18


def _judge_line(line: Line) -> Verdict:
    if line.slope <= 0:
        return Verdict.NOT_GROWING
    return Verdict.GROWING if line.low is not None and line.low > 0 else Verdict.UNCLEAR


def _divide(room: float, slope: float | None) -> float | None:
    if slope is None or slope <= 0:
        return None
    # Multiplied first: a slope next to nothing must not divide its way to infinity.
    return LONGEST_DAYS if room >= LONGEST_DAYS * slope else room / slope


def _find_clean_up(points: Sequence[Point], full: float | None) -> int:
    """The place of the first point after the last big fall that stayed; 0 where there was none.

    Big is a twentieth of what there is, and four times the step that the figure usually takes. One low point among high
    ones is an outlier and no clean-up, which its neighbours' medians tell.
    """
    if not points:
        return 0
    _, values = zip(*points, strict=True)
    big = _CLEAN_UP_SHARE * (min(values) if full is None else full)
    # The differences in one go: nearly always there is no fall among them.
    differences = list(map(sub, values, values[1:]))
    if max(differences, default=0.0) <= big:
        return 0
    falls = [place for place, difference in enumerate(differences, start=1) if difference > big]
    usual = _CLEAN_UP_STEPS * median(abs(after - before) for before, after in pairwise(values))
    for place in reversed(falls):
        before = median(values[max(0, place - _NEIGHBOURS) : place])
        after = median(values[place : place + _NEIGHBOURS])
        if before - after > max(usual, _CLEAN_UP_SHARE * (before if full is None else full)):
            return place
    return 0


def _thin(points: Sequence[Point]) -> Sequence[Point]:
    """At most thirty points over the whole stretch, counted back from the last."""
    step = math.ceil(len(points) / _MOST_POINTS)
    return points[(len(points) - 1) % step :: step] if step > 1 else points


def explain_few(points: Sequence[Point], cleaned_at: datetime | None, *, full: float | None = None) -> str:
    """Why there are too few points, or too short a time, to tell anything; "" where there are enough."""
    since = f"最近一次{FALL_WORDS[full is not None]}之后" if cleaned_at else ""
    if len(points) < _FEWEST_POINTS:
        return f"{since}只有 {len(points)} 次测量，至少要 {_FEWEST_POINTS} 次"
    days = (points[-1].at - points[0].at).total_seconds() / _DAY_SECONDS
    if days < _SHORTEST_DAYS:
        return f"{since}测量只跨 {days:.1f} 天，至少要 {_SHORTEST_DAYS:g} 天"
    return ""


def render_days(trend: Trend) -> str:
    """ "约 23 天后写满（95% 区间 15～41 天）", an open end said in words."""
    if trend.days is None:
        return VERDICT_WORDS[trend.verdict]
    high = "可能不会写满" if trend.days_high is None else f"{_render(trend.days_high)} 天"
    return f"约 {_render(trend.days)} 天后写满（{CONFIDENCE_PERCENT}% 区间 {_render(trend.days_low or 0)} 天 ～ {high}）"


def _render(days: float) -> str:
    if days >= LONGEST_DAYS:
        return f"{LONGEST_DAYS:g} 以上"
    return f"{days:.0f}" if days >= 10 else f"{days:.1f}"
