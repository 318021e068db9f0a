"""The days of evaluation plans."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.core.errors import InputError
from eduops.patrol.rules.calendar import (
    list_every,
    list_monthly,
    move_to_working_days,
    parse_days,
    parse_every,
)

DAY = timedelta(days=1)


@pytest.mark.parametrize(("text", "days"), [("14d", 14), ("2w", 14), (" 1D ", 1), ("366d", 366)])
def test_an_interval_is_days_or_weeks(text, days):
    assert parse_every(text) == days


@pytest.mark.parametrize("text", ["", "0d", "367d", "53w", "14", "d", "-1d", "1.5d", "１４d天"])
def test_an_interval_that_is_none_is_refused(text):
    with pytest.raises(InputError):
        parse_every(text)


@pytest.mark.parametrize(("text", "days"), [("5,20", (5, 20)), ("20，5、5", (5, 20)), ("31", (31,))])
def test_days_of_a_month_are_read_as_they_are_typed(text, days):
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "0", "32", "5,", "five", "5 6"])
def test_days_that_no_month_has_are_refused(text):
    with pytest.raises(InputError):
        parse_days(text)


def test_an_interval_begins_with_the_first_day_and_ends_within_the_period():
    assert list_every(date(2026, 3, 1), date(2026, 3, 29), 14) == [
        date(2026, 3, 1),
        date(2026, 3, 15),
        date(2026, 3, 29),
    ]
    assert list_every(date(2026, 3, 1), date(2026, 3, 28), 14)[-1] == date(2026, 3, 15)


def test_the_thirty_first_is_the_last_day_of_every_month_and_nothing_lies_outside_the_period():
    assert list_monthly(date(2026, 1, 6), date(2026, 4, 29), (5, 31)) == [
        date(2026, 1, 31),
        date(2026, 2, 5),
        date(2026, 2, 28),
        date(2026, 3, 5),
        date(2026, 3, 31),
        date(2026, 4, 5),
    ]


@given(
    start_on=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 60),
    chosen=st.lists(st.integers(0, 60), max_size=10),
    working=st.sets(st.integers(0, 60)),
)
def test_moved_days_stay_in_the_period_and_are_worked_where_any_day_is(start_on, length, chosen, working):
    last_on = start_on + length * DAY
    days = [start_on + offset * DAY for offset in chosen if offset <= length]
    worked = {start_on + offset * DAY for offset in working if offset <= length}
    moved = move_to_working_days(days, start_on=start_on, last_on=last_on, is_working_day=worked.__contains__)
    assert all(start_on <= day <= last_on for day in moved)
    assert all(day in worked for day in moved) or not worked
    for day in days:
        later = min((each for each in worked if each >= day), default=None)
        earlier = max((each for each in worked if each < day), default=None)
        assert (later or earlier or day) in moved
