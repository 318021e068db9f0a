"""What is kept and why: never less than the last good one, whatever the rules, the zone and the clock do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from eduops.backup.configuration import Keep
from eduops.backup.rules import retention
from eduops.backup.rules.retention import Item

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NOTHING = Keep(last=0, daily=0, weekly=0, monthly=0, yearly=0)

instants = st.integers(0, 10 * 366 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
counts = st.integers(0, 5)
rules = st.builds(Keep, last=counts, daily=counts, weekly=counts, monthly=counts, yearly=counts)
zones = st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")])


@st.composite
def histories(draw: st.DrawFn) -> list[Item]:
    """Backups in the order they were made; the clock may say anything."""
    found = draw(st.lists(st.tuples(instants, st.booleans()), max_size=40))
    return [Item(f"BKP-{n}", n, at, is_good) for n, (at, is_good) in enumerate(found)]


@given(histories(), rules, zones)
def test_the_last_good_one_is_always_kept(items: list[Item], keep: Keep, zone: ZoneInfo) -> None:
    kept = {decision.item.number for decision in retention.decide(items, keep, zone=zone) if decision.is_kept}

    good = [item.number for item in items if item.is_good]
    assert not good or max(good) in kept
    assert good or kept == {item.number for item in items}


@given(histories(), rules, zones)
def test_damaged_ones_never_push_a_good_one_out(items: list[Item], keep: Keep, zone: ZoneInfo) -> None:
    alone = retention.decide([item for item in items if item.is_good], keep, zone=zone)
    among = retention.decide(items, keep, zone=zone)

    assert [each for each in among if each.item.is_good] == alone


@given(histories(), rules, zones)
def test_what_is_kept_is_what_a_slow_reading_of_the_rules_keeps(
    items: list[Item], keep: Keep, zone: ZoneInfo
) -> None:
    good = [item for item in items if item.is_good]
    expected = {item.number for item in good[::-1][: keep.last]}
    for most, of in (
        (keep.daily, lambda day: day),
        (keep.weekly, lambda day: day.isocalendar()[:2]),
        (keep.monthly, lambda day: (day.year, day.month)),
        (keep.yearly, lambda day: day.year),
    ):
        newest: dict[object, int] = {}
        for item in good:
            newest[of(item.at.astimezone(zone).date())] = item.number
        expected |= set(sorted(newest.values(), reverse=True)[:most])
    expected |= {good[-1].number} if good else set()

    decisions = retention.decide(items, keep, zone=zone)
    assert {each.item.number for each in decisions if each.is_kept and each.item.is_good} == expected


@given(histories(), rules, zones)
def test_pruning_again_removes_nothing_more(items: list[Item], keep: Keep, zone: ZoneInfo) -> None:
    first = [each.item for each in retention.decide(items, keep, zone=zone) if each.is_kept]
    again = [each.item for each in retention.decide(first, keep, zone=zone) if each.is_kept]

    assert {item.number for item in again if item.is_good} == {item.number for item in first if item.is_good}


@given(histories(), rules, zones, st.data())
def test_the_order_in_which_they_are_told_does_not_matter(
    items: list[Item], keep: Keep, zone: ZoneInfo, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(items))

    assert retention.decide(shuffled, keep, zone=zone) == retention.decide(items, keep, zone=zone)


def test_a_year_of_nightly_backups_shrinks_to_days_weeks_months_and_years() -> None:
    items = [_at(n, datetime(2026, 1, 1, 17, tzinfo=UTC) + timedelta(days=n)) for n in range(400)]

    kept = [each for each in retention.decide(items, Keep(), zone=SHANGHAI) if each.is_kept]

    assert kept[0].reasons == (
        retention.LAST_GOOD,
        "最近第 1 份",
        "每日（2027-02-05）",
        "每周（2027-W05）",
        "每月（2027-02）",
        "每年（2027）",
    )
    days = [each.item.at.astimezone(SHANGHAI).date() for each in kept]
    assert days[:7] == [date(2027, 2, 5) - timedelta(days=n) for n in range(7)]
    assert len(kept) == 20
    assert date(2026, 12, 31) in days


def test_a_backup_after_midnight_in_shanghai_belongs_to_the_new_day() -> None:
    before, after = datetime(2026, 3, 4, 15, 59, tzinfo=UTC), datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
    keep = NOTHING.model_copy(update={"daily": 2})

    reasons = [
        each.reasons[-1] for each in retention.decide([_at(1, before), _at(2, after)], keep, zone=SHANGHAI)
    ]

    assert reasons == ["每日（2026-03-05）", "每日（2026-03-04）"]


def test_the_hour_that_comes_twice_in_autumn_is_one_day() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert first.astimezone(BERLIN).time() == second.astimezone(BERLIN).time()
    keep = NOTHING.model_copy(update={"daily": 5})

    kept = [
        each.item.number
        for each in retention.decide([_at(1, first), _at(2, second)], keep, zone=BERLIN)
        if each.is_kept
    ]

    assert kept == [2]


def test_a_backup_from_a_clock_that_ran_ahead_does_not_stay_the_newest_for_ever() -> None:
    ahead = _at(1, datetime(2099, 1, 1, tzinfo=UTC))
    later = [_at(n, datetime(2026, 3, n, tzinfo=UTC)) for n in range(2, 6)]
    keep = NOTHING.model_copy(update={"last": 2})

    kept = [
        each.item.number for each in retention.decide([ahead, *later], keep, zone=SHANGHAI) if each.is_kept
    ]

    assert kept == [5, 4]


def test_no_rule_at_all_still_keeps_the_last_good_one_and_says_why() -> None:
    items = [
        _at(1, datetime(2026, 3, 1, tzinfo=UTC)),
        _at(2, datetime(2026, 3, 2, tzinfo=UTC), is_good=False),
    ]

    assert [each.reasons for each in retention.decide(items, NOTHING, zone=SHANGHAI)] == [
        (),
        (retention.LAST_GOOD,),
    ]


def _at(number: int, at: datetime, *, is_good: bool = True) -> Item:
    return Item(f"BKP-{number}", number, at, is_good)
