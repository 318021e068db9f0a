"""Working days, the on-site window and the periods of a contract."""

from datetime import UTC, date, datetime, timedelta

import pytest
from chinese_calendar import is_workday
from contract_case import at, with_policy
from hypothesis import given
from hypothesis import strategies as st

from eduops.contract.period import (
    Period,
    add_months,
    end_of,
    last_day_of,
    list_months,
    list_quarters,
    list_weeks,
    list_years,
)
from eduops.contract.schema import Contract, DayChange, OnSiteWindow, Swap, Term, WorkingDayChanges, add_years
from eduops.contract.window import OnSiteHours
from eduops.contract.working_day import WorkingDays, list_statutory_days

PLAIN = WorkingDays(WorkingDayChanges())


def _hours(contract: Contract, **changes: object) -> OnSiteHours:
    window = contract.on_site_window.model_copy(update=changes)
    changed = contract.model_copy(update={"on_site_window": window})
    return OnSiteHours(changed, WorkingDays(changed.working_days))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2026-03-05", True),  # Thursday
        ("2026-03-07", False),  # Saturday
        ("2026-10-01", False),  # Thursday, National Day
        ("2026-10-10", True),  # Saturday, moved
        ("2025-01-26", True),  # Sunday, moved
        ("2025-02-04", False),  # Tuesday, Spring Festival
    ],
)
def test_working_days_follow_the_state_councils_schedule(day: str, worked: bool) -> None:
    assert PLAIN.is_working_day(date.fromisoformat(day)) is worked
    assert not PLAIN.is_provisional(date.fromisoformat(day))


def test_the_contract_adds_and_removes_single_days() -> None:
    changes = WorkingDayChanges(
        add=(DayChange(on="2026-03-07", source="甲方通知（虚构）"),),
        remove=(
            DayChange(on="2026-03-05", source="甲方通知（虚构）"),
            DayChange(on="2027-03-04", source="虚构"),
        ),
    )
    days = WorkingDays(changes)
    assert days.is_working_day(date(2026, 3, 7)) and not days.is_working_day(date(2026, 3, 5))
    # What the customer has said is certain, whatever the schedule of that year will be.
    assert not days.is_working_day(date(2027, 3, 4)) and not days.is_provisional(date(2027, 3, 4))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2027-01-01", False),  # Friday, New Year
        ("2027-02-05", False),  # Friday, New Year's Eve of the moon
        ("2027-02-08", False),  # Monday, third day
        ("2027-02-09", True),  # Tuesday: leave days are not known yet
        ("2027-04-05", False),  # Monday, Qingming
        ("2027-05-01", False),  # Saturday
        ("2027-05-03", True),  # Monday
        ("2027-10-01", False),  # Friday
        ("2027-10-08", True),  # Friday
        ("2027-10-09", False),  # Saturday: moved days are not known yet
    ],
)
def test_unknown_years_have_weekends_and_statutory_days_and_say_so(day: str, worked: bool) -> None:
    assert PLAIN.is_working_day(date.fromisoformat(day)) is worked
    assert PLAIN.is_provisional(date.fromisoformat(day))


def test_known_until_is_the_last_day_whose_schedule_is_out() -> None:
    assert is_workday(PLAIN.known_until()) in (True, False)
    assert PLAIN.known_until().month == 12 and PLAIN.is_provisional(PLAIN.known_until() + timedelta(days=1))


def test_statutory_days_lie_inside_the_holidays_of_every_known_year() -> None:
    """What is computed for unknown years agrees with the schedule of years under the same decree."""
    for year in (2025, 2026):
        fixed = list_statutory_days(year)
        assert len(fixed) == 7
        assert not [day for day in fixed if PLAIN.is_working_day(day)]
    assert all(len(list_statutory_days(year)) == 13 for year in (2027, 2029, 2030))
    # Mid-Autumn 2028 is the third day of National Day.
    assert len(list_statutory_days(2028)) == 12


@pytest.mark.parametrize(
    ("instant", "inside"),
    [
        ("2026-03-05 07:59:59", False),
        ("2026-03-05 08:00", True),
        ("2026-03-05 11:59:59", True),
        ("2026-03-05 12:00", False),
        ("2026-03-05 13:59:59", False),
        ("2026-03-05 14:00", True),
        ("2026-03-05 17:29:59", True),
        ("2026-03-05 17:30", False),
        ("2026-03-03 09:00", True),  # Tuesday
        ("2026-03-04 09:00", False),  # Wednesday
        ("2026-10-01 09:00", False),  # Thursday, holiday
        ("2026-10-10 09:00", False),  # Saturday, worked
    ],
)
def test_on_site_window_is_half_open_and_on_working_days_only(
    contract: Contract, instant: str, inside: bool
) -> None:
    assert _hours(contract).is_on_site(at(instant)) is inside


def test_a_swap_moves_the_hours_of_one_day_to_another(contract: Contract) -> None:
    hours = _hours(contract, swaps=(Swap(off="2026-03-05", on="2026-03-07", source="甲方通知（虚构）"),))
    assert not hours.is_on_site(at("2026-03-05 09:00"))
    assert hours.is_on_site(at("2026-03-07 09:00")) and not hours.is_on_site(at("2026-03-07 12:00"))
    assert hours.list_ranges(date(2026, 3, 7)) == ((480, 720), (840, 1050))


def test_holidays_are_on_site_where_the_contract_says_every_day(contract: Contract) -> None:
    assert _hours(contract, working_days_only=False).is_on_site(at("2026-10-01 09:00"))


@pytest.mark.parametrize(
    ("instant", "provisional"),
    [
        ("2027-03-02 09:00", True),  # Tuesday
        ("2027-03-02 13:00", False),  # Tuesday at noon: outside whatever the schedule says
        ("2027-03-03 09:00", False),  # Wednesday
        ("2026-03-03 09:00", False),
    ],
)
def test_the_window_is_provisional_only_where_it_hangs_on_the_schedule(
    contract: Contract, instant: str, provisional: bool
) -> None:
    assert _hours(contract).is_provisional(at(instant)) is provisional


def test_every_minute_of_a_week_agrees_with_the_rangelist(contract: Contract) -> None:
    hours = _hours(contract)
    start = at("2026-03-02 00:00")
    inside = sum(hours.is_on_site(start + timedelta(minutes=minute)) for minute in range(7 * 1440))
    assert inside == 2 * (240 + 210)


def test_months_quarters_and_years_are_cut_by_the_term(contract: Contract) -> None:
    months = list_months(contract)
    assert (months[0].label, months[-1].label, len(months)) == ("2024-12", "2026-11", 24)
    quarters = list_quarters(contract)
    assert [each.label for each in quarters] == [
        *("2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3", "2026Q4")
    ]
    assert quarters[0] == Period("2024Q4", date(2024, 12, 1), date(2025, 1, 1))
    assert quarters[-1].last_on == date(2026, 11, 30)
    assert list_years(contract) == (
        Period("Y1", date(2024, 12, 1), date(2025, 12, 1)),
        Period("Y2", date(2025, 12, 1), date(2026, 12, 1)),
    )


def test_years_and_quarters_follow_their_settings(contract: Contract) -> None:
    other = with_policy(contract, year="calendar", quarter="contract")
    assert [each.label for each in list_years(other)] == ["2024", "2025", "2026"]
    assert list_years(other)[2].end_on == date(2026, 12, 1)
    assert [each.label for each in list_quarters(other)][:5] == ["Y1Q1", "Y1Q2", "Y1Q3", "Y1Q4", "Y2Q1"]
    assert list_quarters(other)[0].end_on == date(2025, 3, 1)


def test_weeks_lie_wholly_inside() -> None:
    weeks = list_weeks(date(2026, 1, 1), date(2026, 1, 18))
    assert [each.label for each in weeks] == ["2026-W02", "2026-W03"]
    assert list_weeks(date(2025, 12, 29), date(2026, 1, 4))[0].label == "2026-W01"
    assert list_weeks(date(2026, 1, 6), date(2026, 1, 12)) == ()


@pytest.mark.parametrize(
    ("last_on", "due_on"),
    [("2025-12-31", "2025-12-18"), ("2026-09-30", "2026-09-17"), ("2026-11-30", "2026-11-17")],
)
def test_tenth_working_day_is_counted_back_from_the_quarters_last_day(last_on: str, due_on: str) -> None:
    assert PLAIN.get_nth_back(date.fromisoformat(last_on), 10) == date.fromisoformat(due_on)


def test_fifth_working_day_after_a_holiday_month_begins() -> None:
    # 1–7 October 2026 are free, Saturday the 10th is worked.
    assert PLAIN.get_nth(date(2026, 10, 1), 5) == date(2026, 10, 13)


@given(st.dates(date(2024, 1, 1), date(2026, 12, 1)), st.integers(1, 15))
def test_nth_working_day_is_worked_and_has_so_many_up_to_it(day: date, count: int) -> None:
    found = PLAIN.get_nth(day, count)
    assert PLAIN.is_working_day(found)
    assert PLAIN.count_working_days(day, found + timedelta(days=1)) == count


def test_dates_at_the_edges_of_months_and_leap_years() -> None:
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2026, 12, 15), 1) == date(2027, 1, 15)
    assert add_years(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert Term(start="2024-12-01", years=2).end_on == date(2026, 12, 1)


def test_midnight_belongs_to_the_day_that_just_ended(contract: Contract) -> None:
    zone = contract.zone_info
    assert end_of(date(2026, 3, 5), zone) == datetime(2026, 3, 5, 16, tzinfo=UTC)
    assert last_day_of(end_of(date(2026, 3, 5), zone), zone) == date(2026, 3, 5)
    assert last_day_of(at("2026-03-06 00:00:01"), zone) == date(2026, 3, 6)


def test_a_window_of_several_weekdays_keeps_each_to_its_own_hours(contract: Contract) -> None:
    window = OnSiteWindow.model_validate(
        {
            "working_days_only": True,
            "ranges": [
                {"weekdays": ["monday"], "from": "22:00", "to": "24:00"},
                {"weekdays": ["friday"], "from": "00:00", "to": "06:00"},
            ],
        }
    )
    hours = OnSiteHours(contract.model_copy(update={"on_site_window": window}), PLAIN)
    assert hours.is_on_site(at("2026-03-02 23:59:59")) and not hours.is_on_site(at("2026-03-03 00:00"))
    assert hours.is_on_site(at("2026-03-06 00:00")) and not hours.is_on_site(at("2026-03-06 22:00"))
