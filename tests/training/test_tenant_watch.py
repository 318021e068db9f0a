"""Contracts that run out and headcounts over the quota, one row each side of every edge."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.training.rules.tenant_watch import Party, Terms, find_last_day, find_terms, judge_parties

LAST = date(2026, 11, 30)
DAY = timedelta(days=1)


def party(*contracts: Terms, learners: int = 0, needs_contract: bool = True) -> Party:
    return Party("xu", "虚构医院", learners, needs_contract, contracts)


def term(last_on: date | None = LAST, start_on: date | None = None, quota: int | None = None) -> Terms:
    return Terms(start_on, last_on, quota)


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [
        (91, []),
        (90, [("expires", 90, 90)]),
        (31, [("expires", 31, 90)]),
        (30, [("expires", 30, 30)]),
        (8, [("expires", 8, 30)]),
        (7, [("expires", 7, 7)]),
        (0, [("expires", 0, 7)]),
        (-1, [("expired", -1, None)]),
    ],
)
def test_an_end_is_told_at_ninety_thirty_and_seven_days(days_left: int, expected: list[object]) -> None:
    found = judge_parties([party(term())], LAST - days_left * DAY)
    assert [(each.code, each.days_left, each.within) for each in found] == expected


@pytest.mark.parametrize(
    ("learners", "quota", "is_over"),
    [(0, 0, False), (1, 0, True), (120, 120, False), (121, 120, True), (999, None, False)],
)
def test_a_quota_is_met_at_exactly_its_number(learners: int, quota: int | None, is_over: bool) -> None:
    found = judge_parties([party(term(quota=quota), learners=learners)], LAST - 200 * DAY)
    assert [(each.code, each.learners, each.quota) for each in found] == (
        [("over_quota", learners, quota)] if is_over else []
    )


def test_a_renewal_without_a_gap_carries_on() -> None:
    first, second = term(LAST), term(LAST + 365 * DAY, start_on=LAST + DAY)
    assert judge_parties([party(first, second)], LAST) == []
    assert find_last_day((second, first), LAST) == LAST + 365 * DAY


def test_a_gap_of_one_day_is_an_end() -> None:
    first, second = term(LAST), term(LAST + 365 * DAY, start_on=LAST + 2 * DAY)
    assert [each.days_left for each in judge_parties([party(first, second)], LAST)] == [0]
    assert [each.code for each in judge_parties([party(first, second)], LAST + DAY)] == ["expired"]
    assert judge_parties([party(first, second)], LAST + 2 * DAY) == []


def test_the_quota_is_that_of_the_contract_that_holds() -> None:
    first = term(LAST, quota=100)
    second = term(LAST + 365 * DAY, start_on=LAST + DAY, quota=200)
    both = party(first, second, learners=150)
    assert [each.code for each in judge_parties([both], LAST)] == ["over_quota"]
    assert judge_parties([both], LAST + DAY) == []


def test_an_end_that_nobody_wrote_down_is_said_not_taken_for_fine() -> None:
    for contracts in ((), (term(None),), (term(LAST), term(None, start_on=LAST + DAY))):
        found = judge_parties([party(*contracts)], LAST + DAY)
        assert [each.code for each in found] == ["no_end"]


def test_a_contract_whose_end_was_not_known_is_completed_by_the_next() -> None:
    found = judge_parties([party(term(None, quota=7683), term(LAST, quota=7683))], LAST - 26 * DAY)
    assert [(each.code, each.within) for each in found] == [("expires", 30)]


def test_one_that_has_not_begun_is_told() -> None:
    found = judge_parties([party(term(LAST, start_on=LAST - 10 * DAY))], LAST - 11 * DAY)
    assert [each.code for each in found] == ["not_begun"]


def test_own_campuses_need_no_contract_but_may_have_a_quota() -> None:
    assert judge_parties([party(needs_contract=False)], LAST) == []
    own = party(term(None, quota=1), learners=2, needs_contract=False)
    assert [each.code for each in judge_parties([own], LAST)] == ["over_quota"]


def test_the_most_urgent_stands_first() -> None:
    days = {"a": 80, "b": -3, "c": 5, "d": 200}
    parties = [Party(code, code, 0, True, (term(LAST + left * DAY),)) for code, left in days.items()]
    assert [each.party for each in judge_parties(parties, LAST)] == ["b", "c", "a"]


def test_the_newest_record_puts_an_older_one_right() -> None:
    slip = term(date(2036, 12, 31), start_on=LAST + DAY)
    right = term(date(2027, 12, 31), start_on=LAST + DAY, quota=2)
    assert find_last_day((term(LAST), slip, right), LAST) == date(2027, 12, 31)
    later = term(date(2027, 12, 31), start_on=date(2027, 1, 1))
    assert find_last_day((term(LAST), slip, later), LAST) == date(2027, 12, 31)
    own = party(term(LAST), replace(right, headcount_quota=200), right, learners=3)
    assert [each.quota for each in judge_parties([own], LAST + DAY)] == [2]


def test_what_was_agreed_long_ago_may_be_entered_afterwards() -> None:
    old = term(date(2025, 11, 30), start_on=date(2023, 12, 1))
    now_on = term(LAST, start_on=date(2025, 12, 1), quota=5)
    assert find_last_day((now_on, old), date(2025, 6, 1)) == LAST
    assert find_terms((now_on, old), date(2026, 6, 1)) == now_on


_days = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def _days_of(contracts: list[Terms]) -> list[set[date]]:
    """Which days each contract governs in the end, worked out a day at a time."""
    governed: list[set[date]] = []
    for each in contracts:
        assert each.start_on is not None and each.last_on is not None
        own = {each.start_on + number * DAY for number in range((each.last_on - each.start_on).days + 1)}
        for days in governed:
            if days and min(days) in own:
                days.clear()
            elif days and min(days) < each.start_on:
                days.difference_update({day for day in days if day >= each.start_on})
        governed.append(own)
    return governed


@given(st.lists(st.tuples(_days, st.integers(0, 400)), max_size=6), _days)
def test_the_terms_and_the_last_day_agree_with_a_walk_day_by_day(
    spans: list[tuple[date, int]], today: date
) -> None:
    contracts = [Terms(start, start + length * DAY, number) for number, (start, length) in enumerate(spans)]
    governed = _days_of(contracts)
    terms = find_terms(contracts, today)
    assert (terms is None) == (not contracts)
    owners = [number for number, days in enumerate(governed) if today in days]
    assert len(owners) <= 1
    if not owners:
        return
    assert terms is not None
    assert terms.headcount_quota == owners[0]
    day = today
    while any(day + DAY in days for days in governed):
        day += DAY
    assert find_last_day(contracts, today) == day
