"""Contracts that run out and headcounts over the quota, one row each side of every edge."""

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


_days = st.dates(date(2024, 1, 1), date(2028, 12, 31))


@given(st.lists(st.tuples(_days, st.integers(0, 400)), max_size=5), _days)
def test_the_last_day_agrees_with_a_walk_day_by_day(spans: list[tuple[date, int]], today: date) -> None:
    contracts = [Terms(start, start + length * DAY) for start, length in spans]

    def is_covered(day: date) -> bool:
        return any(each.start_on <= day <= each.last_on for each in contracts)  # type: ignore[operator]

    day = today
    while is_covered(day + DAY):
        day += DAY
    if is_covered(today):
        assert find_last_day(contracts, today) == day
    terms = find_terms(contracts, today)
    assert (terms is None) == (not contracts)
