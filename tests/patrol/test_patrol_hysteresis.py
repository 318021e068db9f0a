"""Levels that are held: an alarm begins at its limit, and ends only a margin past it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patrol.test_patrol_judgement import CONFIG

from eduops.patrol.rules.check import Check, State, judge_value
from eduops.patrol.rules.hysteresis import Seen, hold, list_seen
from eduops.patrol.rules.threshold import Ceiling, Floor

NORMAL, WARNING, CRITICAL = State.NORMAL, State.WARNING, State.CRITICAL
# Disks: 80 and 90, so that they end below 76 and 85.5. Days: 30 and 7, so that they end above 31.5 and 7.35.
DISK, DAYS = ("disk_percent", "/data"), ("disk_days", "/data")
THRESHOLDS = CONFIG.for_role("application")


def judged(value: float | None, *, key: tuple[str, str] = DISK) -> Check:
    limits = getattr(THRESHOLDS, key[0])
    return judge_value(*key, value, limits, title="空间使用率", unit="%")


def held(value: float | None, before: State, threshold: float, *, key: tuple[str, str] = DISK) -> Check:
    return hold(judged(value, key=key), THRESHOLDS, {key: Seen(before, threshold)})


@pytest.mark.parametrize(
    ("value", "before", "threshold", "state"),
    [
        (79.9, WARNING, 80, WARNING),
        (76.0, WARNING, 80, WARNING),
        (75.9, WARNING, 80, NORMAL),
        (90.0, WARNING, 80, CRITICAL),
        (89.9, CRITICAL, 90, CRITICAL),
        (85.5, CRITICAL, 90, CRITICAL),
        (85.4, CRITICAL, 90, WARNING),
        (76.0, CRITICAL, 90, WARNING),
        (75.9, CRITICAL, 90, NORMAL),
        (82.0, WARNING, 80, WARNING),
        (85.4, WARNING, 80, WARNING),
    ],
)
def test_level_of_a_ceiling_ends_a_margin_below_its_limit(value, before, threshold, state):
    assert held(value, before, threshold).state is state


@pytest.mark.parametrize(
    ("value", "before", "threshold", "state"),
    [
        (31.5, WARNING, 30, WARNING),
        (31.6, WARNING, 30, NORMAL),
        (7.35, CRITICAL, 7, CRITICAL),
        (7.36, CRITICAL, 7, WARNING),
        (31.5, CRITICAL, 7, WARNING),
        (31.6, CRITICAL, 7, NORMAL),
    ],
)
def test_level_of_a_floor_ends_a_margin_above_its_limit(value, before, threshold, state):
    assert held(value, before, threshold, key=DAYS).state is state


def test_held_level_says_so_and_at_which_figure_it_ends():
    check = held(78.0, WARNING, 80)
    assert check.text == "/data 空间使用率 78%，此前已达到警告限 80%，低于 76% 才解除"
    assert (check.threshold, check.value) == (80, 78.0)
    check = held(87.0, CRITICAL, 90)
    assert check.text == "/data 空间使用率 87%，此前已达到严重限 90%，低于 85.5% 才解除"
    assert "高于 31.5% 才解除" in held(31.0, WARNING, 30, key=DAYS).text


def test_without_a_patrol_before_a_figure_is_taken_as_it_is():
    assert hold(judged(78.0), THRESHOLDS, {}) == judged(78.0)
    assert hold(judged(78.0), THRESHOLDS, {("disk_percent", "/other"): Seen(WARNING, 80)}) == judged(78.0)


def test_limit_that_was_changed_since_holds_nothing():
    assert held(78.0, WARNING, 79).state is NORMAL
    assert held(87.0, CRITICAL, 95).state is WARNING


def test_what_cannot_be_told_stays_so():
    assert held(None, CRITICAL, 90).state is State.CANNOT_TELL


def test_own_margin_goes_before_the_general_one():
    limits = Ceiling(warning=80, critical=90, margin=1)
    thresholds = THRESHOLDS.model_copy(update={"disk_percent": limits})
    seen = {DISK: Seen(WARNING, 80)}
    assert hold(judged(79.0), thresholds, seen).state is WARNING
    assert hold(judged(78.9), thresholds, seen).state is NORMAL
    assert Floor(warning=30, critical=7, margin=0).clear_limit(30, 5) == 30


def test_only_figures_that_alarmed_are_remembered_and_of_two_the_worse():
    silent = Check("disk_percent", "/nfs", CRITICAL, "没有答复")
    seen = list_seen([judged(85.0), judged(95.0), judged(50.0, key=("disk_percent", "/")), silent])
    assert seen == {DISK: Seen(CRITICAL, 90)}


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_level_is_never_better_than_plain_and_never_held_past_the_margin(values):
    seen: dict[tuple[str, str], Seen] = {}
    for value in values:
        check = hold(judged(value), THRESHOLDS, seen)
        assert check.state.rank >= judged(value).state.rank
        assert check.state is not CRITICAL or value >= 85.5
        assert check.state is NORMAL or value >= 76
        seen = list_seen([check])


@given(st.lists(st.floats(76, 79.9), min_size=2, max_size=40))
def test_figure_that_wavers_below_its_limit_changes_its_level_never(values):
    seen = list_seen([judged(80.0)])
    for value in values:
        check = hold(judged(value), THRESHOLDS, seen)
        assert check.state is WARNING
        seen = list_seen([check])
