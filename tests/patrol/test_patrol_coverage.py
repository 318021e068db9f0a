"""Coverage of days by patrols: it counts as the contract's rules do, and says each day what it was."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.contract.engine import evaluate
from eduops.contract.fact import Facts, HostFact, PatrolFact
from eduops.contract.loader import load_contract
from eduops.contract.schema import Contract
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.coverage import CoverHost, CoverRun, HostCoverage, Mark, build_coverage
from eduops.patrol.rules.run import Kind

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def load(name: str) -> Contract:
    return load_contract(find_shipped("configs", "contracts", f"{name}.yaml"))


CONTRACT, REGION = load("remote-education-2024-2026"), load("example-region-2026")
START = CONTRACT.term.start


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def host(added_on: date = START, retired_on: date | None = None, *, is_production: bool = True) -> CoverHost:
    return CoverHost("app-1", "应用（虚构）", is_production, added_on, retired_on)


def run(day: date, kind: Kind = Kind.DAILY, **changes: object) -> CoverRun:
    fields = {"host": "app-1", "ref": "PAT-1", "kind": kind, "started_at": at(day), "finished_at": at(day)}
    return CoverRun(**{**fields, **changes})  # type: ignore[arg-type]


def cover(
    runs: list[CoverRun],
    *,
    of: CoverHost | None = None,
    from_on: date = START,
    to_on: date = START + 30 * DAY,
    as_of: datetime | None = None,
    contract: Contract = CONTRACT,
) -> HostCoverage:
    (found,) = build_coverage(
        contract, [of or host()], runs, from_on=from_on, to_on=to_on, as_of=as_of or at(to_on + DAY, 0)
    )
    return found


def marks(found: HostCoverage) -> list[Mark]:
    return [each.mark for each in found.days]


def test_a_day_with_a_finished_patrol_of_any_kind_is_done_and_named_after_the_most_thorough_one():
    found = cover(
        [
            run(START, Kind.DAILY),
            run(START, Kind.BIG),
            run(START + DAY, Kind.MONTHLY),
            run(START + 2 * DAY, Kind.ON_DEMAND),
            run(START + 3 * DAY, Kind.BIG, is_complete=False),
        ],
        to_on=START + 4 * DAY,
    )
    assert marks(found) == [Mark.BIG, Mark.MONTHLY, Mark.ON_DEMAND, Mark.INCOMPLETE_BIG, Mark.MISSING]
    assert (found.done, found.due, str(found.percent)) == (4, 5, "80")
    assert [(gap.first_on, gap.days) for gap in found.gaps] == [(START + 4 * DAY, 1)]


def test_a_day_belongs_to_the_zone_and_to_the_instant_at_which_the_patrol_ended():
    before_midnight = run(START, started_at=at(START, 23, 50), finished_at=at(START, 23, 59))
    after_midnight = run(START, started_at=at(START + DAY, 23, 59), finished_at=at(START + 2 * DAY, 0, 1))
    found = cover([before_midnight, after_midnight], to_on=START + 2 * DAY)
    assert marks(found) == [Mark.DAILY, Mark.MISSING, Mark.DAILY]


def test_a_day_whose_patrols_only_failed_is_a_gap_and_says_that_somebody_tried():
    found = cover([run(START, finished_at=None)], to_on=START)
    assert marks(found) == [Mark.FAILED]
    assert found.gaps and found.has_gap


def test_by_hand_is_said_only_where_no_other_patrol_of_the_day_has_a_document():
    found = cover([run(START, is_manual=True), run(START + DAY, is_manual=True), run(START + DAY)])
    assert [each.is_manual for each in found.days[:2]] == [True, False]


@pytest.mark.parametrize(
    ("instant", "mark"),
    [
        (at(START + DAY, 0), Mark.MISSING),
        (at(START, 23, 59), Mark.TO_COME),
    ],
)
def test_a_day_that_is_not_over_is_no_gap_yet(instant, mark):
    assert marks(cover([], to_on=START, as_of=instant)) == [mark]


def test_before_it_was_added_and_from_the_day_of_its_retirement_a_host_is_not_under_care():
    found = cover([], of=host(START + DAY, START + 3 * DAY), to_on=START + 3 * DAY)
    assert marks(found) == [Mark.BEFORE, Mark.MISSING, Mark.MISSING, Mark.RETIRED]


def test_a_test_host_is_shown_and_misses_nothing():
    found = cover([], of=host(is_production=False))
    assert found.gaps and not found.has_gap


def test_a_contract_without_daily_patrols_finds_no_days_missing_but_counts_its_own_days_between_big_ones():
    start = REGION.term.start
    last_on = start + 31 * DAY
    found = cover([], of=host(start), from_on=start, to_on=last_on, as_of=at(last_on, 22), contract=REGION)
    marks_before = marks(found)[:-1]
    assert set(marks_before) == {Mark.NOT_DUE} and found.percent is None and not found.gaps
    assert found.big is not None and found.big.limit_days == 30
    assert [gap.days for gap in found.big.gaps] == [31]


@pytest.mark.parametrize(("days", "gaps"), [(14, 0), (15, 1)])
def test_two_big_patrols_may_be_fourteen_days_apart_and_no_more(days, gaps):
    runs = [run(START, Kind.BIG), run(START + days * DAY, Kind.BIG)]
    found = cover(runs, to_on=START + days * DAY)
    assert found.big is not None
    assert len(found.big.gaps) == gaps
    assert found.big.due_on == START + (days + 14) * DAY
    assert (found.big.last_on, found.big.days_since) == (START + days * DAY, 0)


def test_a_big_patrol_that_left_something_out_does_not_begin_the_fourteen_days_anew():
    found = cover([run(START + 10 * DAY, Kind.BIG, is_complete=False)], to_on=START + 15 * DAY)
    assert found.big is not None and found.big.is_overdue and found.big.last_on is None
    assert [(gap.days, gap.is_open) for gap in found.big.gaps] == [(15, True)]


def test_a_hundred_percent_means_that_nothing_is_missing():
    days = 1999
    begun = CONTRACT.model_copy(update={"term": CONTRACT.term.model_copy(update={"years": 6})})
    runs = [run(START + number * DAY) for number in range(days)]
    found = cover(runs, to_on=START + days * DAY, contract=begun)
    assert (found.done, found.due, str(found.percent)) == (days, days + 1, "99.9")


offsets = st.integers(-5, 70)
kinds = st.sampled_from(Kind)
runs_of_a_host = st.lists(
    st.builds(
        lambda offset, hour, kind, is_complete, is_finished: run(
            START,
            kind,
            started_at=at(START + offset * DAY, hour),
            finished_at=at(START + offset * DAY, hour) + timedelta(minutes=90) if is_finished else None,
            is_complete=is_complete,
        ),
        offsets,
        st.integers(0, 23),
        kinds,
        st.booleans(),
        st.booleans(),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(
    runs=runs_of_a_host,
    added=offsets,
    retired=st.none() | offsets,
    kept=st.none() | offsets,
    as_of=st.builds(lambda days, hour: at(START + days * DAY, hour), st.integers(0, 70), st.integers(0, 23)),
)
def test_gaps_are_the_findings_of_the_contracts_rules(runs, added, retired, kept, as_of):
    contract = with_kept_from(CONTRACT, START + kept * DAY if kept is not None else None)
    retired_on = START + retired * DAY if retired is not None else None
    to_on = START + 80 * DAY
    found = cover(
        runs,
        of=host(START + added * DAY, retired_on),
        from_on=START - 10 * DAY,
        to_on=to_on,
        as_of=as_of,
        contract=contract,
    )
    facts = Facts(
        hosts=(HostFact("app-1", START + added * DAY, retired_on),),
        patrols=tuple(
            PatrolFact("app-1", each.finished_at, each.kind is Kind.BIG and each.is_complete)
            for each in runs
            if each.finished_at
        ),
    )
    findings = evaluate(contract, facts, from_on=START, to_on=to_on, as_of=as_of).findings
    daily = [(each.period, each.actual) for each in findings if each.rule == "daily_patrol"]
    big = [(each.period, each.actual) for each in findings if each.rule == "big_patrol"]
    assert [(str(gap.first_on), float(gap.days)) for gap in found.gaps] == sorted(daily)
    gaps = found.big.gaps if found.big else ()
    assert [(str(gap.from_on), float(gap.days)) for gap in gaps] == sorted(big)


def with_kept_from(contract: Contract, day: date | None) -> Contract:
    """The contract with its patrols recorded from a day on only."""
    number, clause = next(found for found in contract.clauses.items() if "daily_patrol" in found[1].rules)
    rules = {name: rule.model_copy(update={"kept_from": day}) for name, rule in clause.rules.items()}
    clauses = {**contract.clauses, number: clause.model_copy(update={"rules": rules})}
    return contract.model_copy(update={"clauses": clauses})
