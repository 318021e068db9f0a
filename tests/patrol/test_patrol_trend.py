"""Trends: the robust slope against the slow and obvious way, worked examples, and what an interval lets one say."""

import itertools
import math
from datetime import UTC, datetime, timedelta
from statistics import median
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.patrol.rules import trend as rules
from eduops.patrol.rules.check import State
from eduops.patrol.rules.judgement import judge_days
from eduops.patrol.rules.threshold import Floor
from eduops.patrol.rules.trend import Point, Verdict, build_trend, can_fill, fit_line
from eduops.patrol.rules.trend_chart import render_chart

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Floor(warning=30, critical=7)


def points(values, *, step: timedelta = timedelta(days=1)) -> list[Point]:
    return [Point(FIRST + place * step, float(value)) for place, value in enumerate(values)]


def growing(count: int, *, start: float = 40.0, slope: float = 0.5, wave: float = 0.3) -> list[Point]:
    """A straight line with a small wave on it that has no direction of its own."""
    return points(start + slope * day + wave * (day * 7 % 5 - 2) for day in range(count))


def slow_slopes(found) -> list[float]:
    return sorted(
        (later.value - point.value) / ((later.at - point.at).total_seconds() / 86_400)
        for point, later in itertools.combinations(found, 2)
        if later.at != point.at
    )


histories = st.lists(
    st.tuples(st.integers(0, 5000), st.floats(0, 100, allow_subnormal=False)), min_size=2, max_size=25
).map(lambda rows: [Point(FIRST + timedelta(hours=hours), value) for hours, value in sorted(rows)])


@given(histories)
def test_slope_is_the_median_of_all_pairs(found):
    slopes, line = slow_slopes(found), fit_line(found)
    if not slopes:
        assert line is None
        return
    assert line is not None
    assert line.slope == pytest.approx(median(slopes))
    assert line.low is None or line.low in map(pytest.approx, slopes)
    assert line.low is None or line.low <= line.slope
    assert line.high is None or line.high >= line.slope


def test_rainfall_ratios_of_hollander_and_wolfe():
    # Nonparametric Statistical Methods, the cloud-seeding example: five years, ten pairs, worked by hand:
    # -.15 -.13 -.08 -.07 -.0575 | -.055 -.045 -.0333 .01 .04, so the median is (-.0575 - .055) / 2.
    line = fit_line(points([1.26, 1.27, 1.12, 1.16, 1.03]))
    assert line is not None
    assert line.slope == pytest.approx(-0.05625)
    # Var S = 5 * 4 * 15 / 18 = 16.67, C = 1.96 * 4.0825 = 8.0015: rank (10 - 8.0015) / 2 rounds outwards to none.
    assert (line.low, line.high) == (None, None)


def test_interval_takes_the_ranks_that_sen_names():
    # Ten points 0, 1, 3, 6, ... (triangular numbers): the slope of i and j is (i + j + 1) / 2. 45 pairs,
    # Var S = 10 * 9 * 25 / 18 = 125, C = 1.959964 * 11.1803 = 21.913: ranks 11 (11.54) and 35 (34.46 up to 35).
    values = [place * (place + 1) / 2 for place in range(10)]
    slopes = sorted((first + second + 1) / 2 for first, second in itertools.combinations(range(10), 2))
    line = fit_line(points(values))
    assert line is not None
    assert (line.low, line.slope, line.high) == (slopes[10], slopes[22], slopes[34])
    assert (line.low, line.slope, line.high) == (3.5, 5.0, 6.5)


def test_ties_make_the_interval_narrower():
    # Var S with four values twice each: (8 * 7 * 21 - 4 * 2 * 1 * 9) / 18 = 61.33 instead of 65.33.
    xs, tied = list(range(8)), [0, 0, 1, 1, 2, 2, 3, 3]
    assert rules._variance(xs, tied) == pytest.approx((8 * 7 * 21 - 4 * 2 * 9) / 18)
    assert rules._variance(xs, xs) == pytest.approx(8 * 7 * 21 / 18)


@given(histories, st.floats(-50, 50), st.integers(0, 400))
def test_shifting_value_or_time_does_not_move_the_slope(found, up, later_days):
    line = fit_line(found)
    moved = fit_line([Point(point.at + timedelta(days=later_days), point.value + up) for point in found])
    assert (line is None) == (moved is None)
    if line and moved:
        assert moved.slope == pytest.approx(line.slope, abs=1e-6)
        assert moved.level == pytest.approx(line.level + up, abs=1e-6)


@given(histories, st.sampled_from([0.25, 2.0, 8.0]))
def test_scaling_scales_the_slope(found, factor):
    line = fit_line(found)
    scaled = fit_line([Point(point.at, point.value * factor) for point in found])
    if line and scaled:
        assert scaled.slope == pytest.approx(line.slope * factor)
        assert (scaled.low is None) == (line.low is None)


@given(
    st.integers(8, 40),
    st.floats(-2, 2),
    st.lists(st.tuples(st.integers(0, 39), st.floats(-1000, 1000)), max_size=11),
)
def test_line_stands_while_the_good_pairs_are_more_than_half(count, slope, wild):
    found = points(50 + slope * day for day in range(count))
    spoiled = {place % count: value for place, value in wild}
    good = count - len(spoiled)
    if good * (good - 1) <= count * (count - 1) / 2:
        return
    for place, value in spoiled.items():
        found[place] = Point(found[place].at, value)
    line = fit_line(found)
    assert line is not None
    assert line.slope == pytest.approx(slope, abs=1e-9)


def test_twenty_eight_of_a_hundred_wild_points_change_nothing():
    found = points(20 + 0.25 * day for day in range(100))
    for place in range(0, 84, 3):
        found[place] = Point(found[place].at, 99.0)
    line = fit_line(found)
    assert line is not None
    assert line.slope == pytest.approx(0.25)


def test_days_until_full_follow_from_level_and_slope():
    found = build_trend(points(40 + 0.5 * day for day in range(21)), full=100)
    assert found.verdict is Verdict.GROWING
    assert found.line is not None
    assert (found.line.level, found.line.slope) == (50, 0.5)
    assert (found.days, found.days_low, found.days_high) == (100, 100, 100)


def test_interval_of_the_days_is_that_of_the_slope():
    found = build_trend(growing(28), full=100)
    line = found.line
    assert line is not None and line.low and line.high
    assert found.days == pytest.approx((100 - line.level) / line.slope)
    assert found.days_low == pytest.approx((100 - line.level) / line.high)
    assert found.days_high == pytest.approx((100 - line.level) / line.low)
    assert found.days_low < found.days < found.days_high


def test_growth_that_may_be_none_has_an_open_end():
    values = [50, 52, 49, 53, 50, 51, 52, 50, 53, 51]
    found = build_trend(points(values), full=100)
    assert found.verdict is Verdict.UNCLEAR
    assert found.days is not None and found.days_high is None
    assert "可能不会写满" in rules.render_days(found)


@pytest.mark.parametrize("values", [[50] * 12, [60 - 0.1 * day for day in range(12)]])
def test_what_does_not_grow_is_never_full(values):
    found = build_trend(points(values), full=100)
    assert (found.verdict, found.days) == (Verdict.NOT_GROWING, None)


def test_full_disk_is_full_now():
    found = build_trend(points([94, 95, 96, 97, 98, 99, 100, 100, 100]), full=100)
    assert found.days == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], "只有 0 次测量"),
        (growing(6), "只有 6 次测量，至少要 7 次"),
        (points(range(7), step=timedelta(hours=24)), "只跨 6.0 天，至少要 7 天"),
        (points(range(200), step=timedelta(minutes=30)), "只跨"),
    ],
)
def test_too_few_points_or_too_short_a_time_cannot_tell(found, reason):
    trend = build_trend(found, full=100)
    assert (trend.verdict, trend.line, trend.days) == (Verdict.CANNOT_TELL, None, None)
    assert reason in trend.reason


def test_seven_points_over_seven_days_can_tell():
    trend = build_trend(points(range(7), step=timedelta(hours=28)), full=100)
    assert trend.verdict is Verdict.GROWING


def test_only_what_came_after_a_clean_up_counts():
    filled = [60 + day for day in range(30)]
    cleaned = [35 + 0.5 * day for day in range(20)]
    trend = build_trend(points([*filled, *cleaned]), full=100)
    assert trend.cleaned_at == FIRST + timedelta(days=30)
    assert len(trend.points) == 20
    assert trend.line is not None
    assert trend.line.slope == pytest.approx(0.5)


def test_fresh_clean_up_cannot_tell_yet():
    trend = build_trend(points([*(60 + day for day in range(30)), 20, 21]), full=100)
    assert trend.verdict is Verdict.CANNOT_TELL
    assert "最近一次清理之后只有 2 次测量" in trend.reason


@pytest.mark.parametrize("wild", [5.0, 99.0])
def test_one_wild_point_is_no_clean_up(wild):
    values = [40 + 0.5 * day for day in range(30)]
    values[15] = wild
    trend = build_trend(points(values), full=100)
    assert trend.cleaned_at is None
    assert trend.line is not None
    assert trend.line.slope == pytest.approx(0.5)


def test_figure_that_always_jumps_is_not_taken_for_clean_ups():
    trend = build_trend(points(50 + 10 * (day % 2) for day in range(30)), full=100)
    assert trend.cleaned_at is None


def test_many_points_are_thinned_to_two_dozen_and_the_last_stays():
    found = growing(900)
    trend = build_trend(found, full=1000)
    assert len(trend.points) == 24
    assert trend.points[-1] == found[-1]


@given(histories, st.floats(1, 200))
def test_disk_that_cannot_fill_in_time_by_the_quick_look_does_not_by_the_line(found, days):
    if can_fill(found, full=100, days=days):
        return
    line = fit_line(found)
    assert line is None or line.slope <= 0 or (100 - line.level) / line.slope > days


def judged(found: list[Point]):
    return list(judge_days("/data", found, LIMITS, margin_percent=5))


@pytest.mark.parametrize(
    ("level", "state"),
    [(100 - 31 * 0.5, "normal"), (100 - 30 * 0.5, "warning"), (100 - 7 * 0.5, "critical")],
)
def test_days_left_are_judged_at_their_limits(level, state):
    (check,) = judged(points(level - 0.5 * (20 - day) for day in range(21)))
    assert (check.metric, check.item, check.state) == ("disk_days", "/data", State(state))
    assert check.value == pytest.approx((100 - level) / 0.5)
    assert "区间" in check.text


def test_no_check_without_history_and_no_figure_where_it_cannot_fill_soon():
    assert judged(growing(6)) == []
    (check,) = judged([Point(point.at, 50 + (point.value - 40) / 1000) for point in growing(30)])
    assert (check.state, check.value) == (State.NORMAL, None)
    assert "31.5 天内不会写满" in check.text


def test_doubtful_growth_does_not_alarm():
    (check,) = judged(points([95, 97, 94, 98, 95, 96, 97, 95, 98, 96]))
    assert (check.state, check.value) == (State.NORMAL, None)


@pytest.mark.parametrize(
    ("found", "full"),
    [(growing(40), 100.0), (growing(3), 100.0), (points([7.0]), None), (points([0.0] * 9), None)],
)
def test_picture_is_whole_and_says_what_the_trend_says(found, full):
    trend = build_trend(found, full=full)
    title = "host <&> \x1b[31m 虚构"
    picture = render_chart(found, trend, title=title, full=full, zone=ZoneInfo("Asia/Shanghai"))
    root = ElementTree.fromstring(picture)
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "host <&> \ufffd[31m 虚构"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == len(found)
    assert ("写满" in "".join(texts)) == (trend.days is not None)
    numbers = [
        float(each.get(name, "0"))
        for each in root.iter()
        for name in ("x", "y", "cx", "cy", "x1", "y1")
        if each.get(name)
    ]
    assert all(math.isfinite(number) for number in numbers)
