"""When a job is due: worked cases with the weekday in sight, and every rule against a walk minute by minute."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eduops.contract.schema import WorkingDayChanges
from eduops.contract.working_day import WorkingDays
from eduops.workflow.schedule.rules import Calendar, find_next, instant_at, list_due
from eduops.workflow.schedule.when import WEEKDAYS, When, render_when

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WORKING = WorkingDays(WorkingDayChanges()).is_working_day
CALENDAR = Calendar(SHANGHAI, WORKING)
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # changed at 00:01 until 2011
    "America/Sao_Paulo",  # midnight was left out until 2018
    "America/Havana",
    "Australia/Lord_Howe",  # half an hour
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",  # 2011-12-30 was left out
)


def at(text: str, zone: tzinfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def days_of(when: When, first: str, last: str) -> list[str]:
    found = list_due(when, CALENDAR, after=at(first), until=at(last))
    return [f"{instant.astimezone(SHANGHAI):%a %m-%d}" for instant in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"every": "day", "at": "07:30"}, ["Thu 02-12", "Fri 02-13", "Sat 02-14", "Sun 02-15", "Mon 02-16"]),
        # Saturday the 14th is worked for the Spring Festival that begins on Sunday the 15th of 2026.
        ({"every": "day", "at": "07:30", "working_days": "only"}, ["Thu 02-12", "Fri 02-13", "Sat 02-14"]),
        ({"every": "day", "at": "07:30", "working_days": "skip"}, ["Sun 02-15", "Mon 02-16"]),
        ({"every": "week", "at": "07:30", "weekdays": ["monday", "friday"]}, ["Fri 02-13", "Mon 02-16"]),
    ],
)
def test_days_and_working_days(rule, expected):
    assert days_of(When.model_validate(rule), "2026-02-12 00:00", "2026-02-16 23:00") == expected


def test_every_second_monday_is_counted_from_its_anchor_and_not_before_it():
    when = When.model_validate({"every": "weeks", "weeks": 2, "anchor": "2026-01-05", "at": "09:00"})
    assert days_of(when, "2025-11-01 00:00", "2026-02-10 00:00") == ["Mon 01-05", "Mon 01-19", "Mon 02-02"]
    far = When.model_validate({"every": "weeks", "weeks": 2, "anchor": "2040-01-02", "at": "09:00"})
    assert find_next(far, CALENDAR, after=at("2026-01-01 00:00")) == at("2040-01-02 09:00")


def test_the_31st_is_a_shorter_months_last_day_leap_years_included():
    when = When.model_validate({"every": "month", "day": 31, "at": "09:00"})
    assert days_of(when, "2028-01-01 00:00", "2028-05-01 00:00") == [
        "Mon 01-31", "Tue 02-29", "Fri 03-31", "Sun 04-30",
    ]  # fmt: skip
    assert days_of(when, "2027-02-01 00:00", "2027-03-01 00:00") == ["Sun 02-28"]


def test_working_days_of_a_month_and_before_the_end_of_a_quarter_are_the_contracts():
    third = When.model_validate({"every": "month", "working_day": 3, "at": "09:00"})
    # 1 January 2026 and the two days after it are free, Sunday the 4th is worked.
    assert days_of(third, "2026-01-01 00:00", "2026-01-31 00:00") == ["Tue 01-06"]
    last = When.model_validate({"every": "quarter", "working_days_before_end": 1, "at": "09:00"})
    fifth = When.model_validate({"every": "quarter", "working_days_before_end": 5, "at": "09:00"})
    assert days_of(last, "2026-01-01 00:00", "2026-06-30 23:00") == ["Tue 03-31", "Tue 06-30"]
    assert days_of(fifth, "2026-01-01 00:00", "2026-06-30 23:00") == ["Wed 03-25", "Wed 06-24"]


def test_the_first_end_is_left_out_and_the_last_is_in():
    when = When.model_validate({"every": "day", "at": "07:30"})
    due = at("2026-03-05 07:30")
    assert list_due(when, CALENDAR, after=due, until=due) == []
    assert list_due(when, CALENDAR, after=due - MINUTE, until=due) == [due]
    assert find_next(when, CALENDAR, after=due) == due + DAY
    assert find_next(when, CALENDAR, after=due - timedelta.resolution) == due


def test_a_time_that_does_not_exist_counts_at_the_first_instant_after_it_and_one_that_comes_twice_once():
    berlin = ZoneInfo("Europe/Berlin")
    when, calendar = When.model_validate({"every": "day", "at": "02:30"}), Calendar(berlin, WORKING)
    spring = list_due(
        when, calendar, after=at("2026-03-28 12:00", berlin), until=at("2026-03-30 12:00", berlin)
    )
    assert [f"{instant.astimezone(berlin):%d %H:%M}" for instant in spring] == ["29 03:00", "30 02:30"]
    autumn = list_due(
        when, calendar, after=at("2026-10-24 12:00", berlin), until=at("2026-10-25 23:00", berlin)
    )
    assert autumn == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_minutes_are_counted_from_the_start_of_each_day_and_go_on_through_a_change_of_the_clock():
    berlin = ZoneInfo("Europe/Berlin")
    when, calendar = When.model_validate({"every": "minutes", "minutes": 60}), Calendar(berlin, WORKING)
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)):
        first = at(f"{day} 00:00", berlin)
        due = list_due(when, calendar, after=first - MINUTE, until=first + 26 * timedelta(hours=1))
        assert (
            len([instant for instant in due if instant.astimezone(berlin).date() == date.fromisoformat(day)])
            == hours
        )


def test_a_rule_that_is_never_due_says_so():
    # 2026-01-10 is a Saturday; no Saturday in two-week steps from it is worked in 2026 and 2027.
    when = When.model_validate(
        {"every": "weeks", "weeks": 52, "anchor": "2026-01-10", "at": "09:00", "working_days": "only"}
    )
    assert find_next(when, CALENDAR, after=at("2026-01-01 00:00")) is None


def walk(when: When, zone: ZoneInfo, after: datetime, until: datetime) -> list[datetime]:
    """The slow way: looks at the clock on the wall every minute, and waits for it to pass a time of day."""
    found, seen, day_began = [], None, None
    minute = (after - 3 * DAY).replace(second=0, microsecond=0)
    while minute <= until:
        wall = minute.astimezone(zone).replace(tzinfo=None)
        if seen is not None and wall > seen:
            if wall.date() > seen.date():
                day_began = minute
            if when.minutes:
                # A day's rule holds from the minute at which it first began.
                passed = day_began is not None and (minute - day_began) // MINUTE % when.minutes == 0
                due = passed and named(when, seen_day(seen, wall))
            else:
                days = [seen.date() + number * DAY for number in range((wall.date() - seen.date()).days + 1)]
                due = any(seen < datetime.combine(day, when.at) <= wall and named(when, day) for day in days)
        elif when.minutes and day_began is not None:
            due = (minute - day_began) // MINUTE % when.minutes == 0 and named(when, seen.date())
        else:
            due = False
        if due and after < minute <= until:
            found.append(minute)
        seen = wall if seen is None else max(seen, wall)
        minute += MINUTE
    return found


def seen_day(seen: datetime, wall: datetime) -> date:
    return max(seen, wall).date()


def named(when: When, day: date) -> bool:
    """Whether the rule names a day, by counting days one by one."""
    if when.working_days == "only" and not WORKING(day):
        return False
    if when.working_days == "skip" and WORKING(day):
        return False
    month = [
        date(day.year, day.month, number) for number in range(1, 32) if exists(day.year, day.month, number)
    ]
    first = (day.month - 1) // 3 * 3 + 1
    quarter = [
        date(day.year, each, number)
        for each in range(first, first + 3)
        for number in range(1, 32)
        if exists(day.year, each, number)
    ]
    match when.every:
        case "week":
            return WEEKDAYS[day.weekday()] in when.weekdays
        case "weeks":
            steps = {when.anchor + number * timedelta(weeks=when.weeks) for number in range(1600)}
            return day in steps
        case "month" if when.day:
            return day == month[min(when.day, len(month)) - 1]
        case "month":
            return [each for each in month if WORKING(each)][when.working_day - 1 : when.working_day] == [day]
        case "quarter":
            return [each for each in quarter if WORKING(each)][-when.working_days_before_end] == day
    return True


def exists(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


clocks = st.times(time(0), time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0, tzinfo=None))
working = st.sampled_from(["any", "only", "skip"])
rules = st.one_of(
    st.fixed_dictionaries(
        {"every": st.just("minutes"), "minutes": st.integers(1, 1440), "working_days": working}
    ),
    st.fixed_dictionaries({"every": st.just("day"), "at": clocks, "working_days": working}),
    st.fixed_dictionaries(
        {"every": st.just("week"), "at": clocks, "weekdays": st.lists(st.sampled_from(WEEKDAYS), min_size=1)}
    ),
    st.fixed_dictionaries(
        {
            "every": st.just("weeks"),
            "weeks": st.integers(1, 3),
            "anchor": st.dates(date(2000, 1, 1), date(2027, 1, 1)),
            "at": clocks,
        }
    ),
    st.fixed_dictionaries({"every": st.just("month"), "day": st.integers(1, 31), "at": clocks}),
    st.fixed_dictionaries({"every": st.just("month"), "working_day": st.integers(1, 15), "at": clocks}),
    st.fixed_dictionaries(
        {"every": st.just("quarter"), "working_days_before_end": st.integers(1, 40), "at": clocks}
    ),
).map(When.model_validate)
# Around changes of a clock, ends of months and any other day.
starts = st.one_of(
    st.integers(0, 20 * 365 * 1440).map(lambda minutes: at("2006-01-01", UTC) + minutes * MINUTE),
    st.sampled_from(
        ["2026-03-28T20", "2026-10-24T20", "2026-03-08", "2026-11-01", "2010-11-06T20", "2017-10-14T20",
         "2018-02-17T20", "2026-10-03T08", "2026-04-04T08", "2011-12-29T20", "2024-02-28T10", "2026-03-30",
         "2026-12-24", "2026-02-27"]
    ).map(lambda text: at(text, UTC)),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(rules, st.sampled_from(ZONES), starts, st.integers(0, 3 * 1440))
@example(When.model_validate({"every": "day", "at": "07:30"}), "Pacific/Apia", at("2011-12-29T20", UTC), 3000)
@example(
    When.model_validate({"every": "minutes", "minutes": 7}),
    "America/St_Johns",
    at("2010-11-06T00", UTC),
    3000,
)
@example(
    When.model_validate({"every": "day", "at": "00:00"}), "America/Sao_Paulo", at("2017-10-14T00", UTC), 3000
)
def test_due_instants_are_those_of_a_walk_minute_by_minute(when, zone_name, after, minutes):
    zone = ZoneInfo(zone_name)
    until = after + minutes * MINUTE
    calendar = Calendar(zone, WORKING)
    expected = walk(when, zone, after, until)
    assert list_due(when, calendar, after=after, until=until) == expected
    following = find_next(when, calendar, after=after)
    assert following == expected[0] if expected else following is None or following > until


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2027, 1, 1)), clocks)
def test_instants_are_in_the_order_of_days_and_times(zone_name, day, clock):
    zone = ZoneInfo(zone_name)
    instant = instant_at(day, clock, zone)
    assert instant <= instant_at(day + DAY, clock, zone)
    assert instant.astimezone(zone).replace(tzinfo=None) >= datetime.combine(day, clock)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"every": "minutes", "minutes": 5}, "每 5 分钟"),
        ({"every": "day", "at": "07:30", "working_days": "only"}, "每天 07:30，仅工作日"),
        ({"every": "day", "at": "07:30", "working_days": "skip"}, "每天 07:30，仅休息日"),
        ({"every": "week", "at": "08:00", "weekdays": ["monday", "thursday"]}, "每周一、四 08:00"),
        ({"every": "weeks", "weeks": 2, "anchor": "2026-01-05", "at": "09:00"}, "自 2026-01-05 起每 2 周的周一 09:00"),
        ({"every": "month", "day": 31, "at": "09:00"}, "每月 31 日 09:00"),
        ({"every": "month", "working_day": 3, "at": "09:00"}, "每月第 3 个工作日 09:00"),
        ({"every": "quarter", "working_days_before_end": 5, "at": "09:00"}, "每季度倒数第 5 个工作日 09:00"),
    ],
)  # fmt: skip
def test_rules_are_said_in_plain_words(rule, said):
    assert render_when(When.model_validate(rule)) == said
