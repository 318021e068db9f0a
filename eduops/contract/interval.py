"""Half-open stretches of time: merged, cut and added up."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import itemgetter

Interval = tuple[datetime, datetime]


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in order, without overlaps; touching stretches become one, empty ones vanish."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def subtract(interval: Interval, cuts: Sequence[Interval]) -> list[Interval]:
    """What is left of an interval when `cuts` (merged) are taken out."""
    left: list[Interval] = []
    start, end = interval
    # Years of cuts lie before most intervals: begin with the first that ends inside or after it.
    for index in range(bisect_right(cuts, start, key=itemgetter(1)), len(cuts)):
        cut_start, cut_end = cuts[index]
        if cut_start >= end:
            break
        if cut_start > start:
            left.append((start, cut_start))
        start = max(start, cut_end)
    if start < end:
        left.append((start, end))
    return left


def clip(intervals: Iterable[Interval], within: Interval) -> list[Interval]:
    """The parts of the intervals that lie inside another one."""
    low, high = within
    clipped = ((max(start, low), min(end, high)) for start, end in intervals)
    return [(start, end) for start, end in clipped if start < end]


def total(intervals: Iterable[Interval]) -> timedelta:
    """The time of all intervals together."""
    return sum((end - start for start, end in intervals), timedelta())
