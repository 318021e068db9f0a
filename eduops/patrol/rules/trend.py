"""Where a figure is going: a line that outliers cannot bend, how sure it is, and when a disk will be full by it.

The slope is the median of the slopes of all pairs of points (H. Theil, "A rank-invariant method of linear and polynomial
regression analysis", Nederl. Akad. Wetensch. Proc. 53, 1950; P. K. Sen, "Estimates of the regression coefficient based on
Kendall's tau", J. Amer. Statist. Assoc. 63, 1968). It holds while fewer than 29 of a hundred points are wild. Its
interval is Sen's, by the normal approximation of Kendall's S, with ties, rounded outwards to whole ranks.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from statistics import median

WINDOW_DAYS = 90
CONFIDENCE_PERCENT = 95
LONGEST_DAYS = 3650.0
"""Further than this nobody can see."""
_QUANTILE = 1.959964
_FEWEST_POINTS = 7
_SHORTEST_DAYS = 7.0
# More points within the window would say little more, and pairs grow with the square.
_MOST_POINTS = 30
_CLEAN_UP_SHARE = 0.05
_CLEAN_UP_STEPS = 4.0
_NEIGHBOURS = 3
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Point:
    """A figure and when it was measured."""

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
    ordered = sorted(points, key=lambda point: point.at)
    start = _find_clean_up(ordered, full)
    cleaned_at = ordered[start].at if start else None
    kept = tuple(_thin(ordered[start:]))
    reason = _explain_few(kept, cleaned_at)
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


def fit_line(points: Sequence[Point]) -> Line | None:
    """The Theil-Sen line with Sen's interval; None where no two points differ in time."""
    if not points:
        return None
    end = points[-1].at
    xs = [(point.at - end).total_seconds() / _DAY_SECONDS for point in points]
    ys = [point.value for point in points]
    slopes = sorted(
        (ys[later] - y) / (xs[later] - x)
        for first, (x, y) in enumerate(zip(xs, ys, strict=True))
        for later in range(first + 1, len(xs))
        if xs[later] != x
    )
    if not slopes:
        return None
    slope = _middle(slopes)
    low, high = _bound(slopes, _QUANTILE * math.sqrt(_variance(xs, ys)))
    return Line(slope, low, high, median(y - slope * x for x, y in zip(xs, ys, strict=True)))


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
    values = [point.value for point in points]
    falls = [
        place
        for place, (before, after) in enumerate(pairwise(values), start=1)
        if before - after > _CLEAN_UP_SHARE * (before if full is None else full)
    ]
    if not falls:
        return 0
    usual = _CLEAN_UP_STEPS * median(abs(after - before) for before, after in pairwise(values))
    for place in reversed(falls):
        before = median(values[max(0, place - _NEIGHBOURS) : place])
        after = median(values[place : place + _NEIGHBOURS])
        if before - after > max(usual, _CLEAN_UP_SHARE * (before if full is None else full)):
            return place
    return 0


def _thin(points: Sequence[Point]) -> Sequence[Point]:
    """At most thirty points or so over the whole stretch: the last of each part of it."""
    if len(points) <= _MOST_POINTS:
        return points
    first = points[0].at
    width = (points[-1].at - first).total_seconds() / _MOST_POINTS
    if not width:
        return points[-1:]
    return list({int((point.at - first).total_seconds() / width): point for point in points}.values())


def _explain_few(points: Sequence[Point], cleaned_at: datetime | None) -> str:
    since = "最近一次清理之后" if cleaned_at else ""
    if len(points) < _FEWEST_POINTS:
        return f"{since}只有 {len(points)} 次测量，至少要 {_FEWEST_POINTS} 次"
    days = (points[-1].at - points[0].at).total_seconds() / _DAY_SECONDS
    if days < _SHORTEST_DAYS:
        return f"{since}的测量只跨 {days:.1f} 天，至少要 {_SHORTEST_DAYS:g} 天"
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
