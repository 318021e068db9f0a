"""The worked cases by which the contract's figures were agreed."""

import pytest
from contract_case import after, at, counted, findings, incident, judge, rules, stoppage

from eduops.contract.engine import deadlines
from eduops.contract.fact import Plan
from eduops.contract.schema import Contract


def _due(contract: Contract, reported: str) -> dict[str, str]:
    clocks = deadlines(contract, incident(reported), at(reported))
    return {
        f"{clock.clause} {clock.rule}": f"{clock.due_at.astimezone(contract.zone_info):%H:%M}"
        for clock in clocks
    }


def test_thursday_1150_lies_in_the_window_and_is_due_at_1220_and_1250(contract: Contract) -> None:
    due = _due(contract, "2026-03-05 11:50")
    assert due == {"2.3 response": "12:20", "2.3 resolution": "12:50", "2.3 plan": "19:50"}


@pytest.mark.parametrize(
    ("resolved", "late"),
    [("12:49", None), ("12:50", None), ("12:50:01", "1 秒"), ("12:51", "1 分钟")],
)
def test_on_site_incident_resolved_around_its_hour(
    contract: Contract, resolved: str, late: str | None
) -> None:
    ticket = incident(
        "2026-03-05 11:50",
        responded_at="2026-03-05 12:15",
        arrived_at=None,
        resolved_at=f"2026-03-05 {resolved}",
    )
    answer = judge(contract, ticket)
    assert counted(answer) == ([("2.3", "resolution", "INC-0001")] if late else [])
    assert not late or f"迟 {late}" in findings(answer)[0].text


@pytest.mark.parametrize("reported", ["2026-10-01 09:00", "2026-10-10 09:00"])
def test_holiday_thursday_and_moved_working_saturday_are_off_site(contract: Contract, reported: str) -> None:
    due = _due(contract, reported)
    assert (due["2.3 response"], due["2.3 arrival"], due["2.3 resolution"]) == ("09:30", "11:00", "12:00")


def test_remote_solution_without_agreement_misses_arrival(contract: Contract) -> None:
    ticket = incident(responded_at=20, arrived_at=None, resolved_at=150)
    assert counted(judge(contract, ticket)) == [("2.3", "arrival", "INC-0001")]


def test_remote_solution_with_agreement_misses_nothing(contract: Contract) -> None:
    ticket = incident(responded_at=20, arrived_at=None, resolved_at=150, remote_agreed_by="虚构·周老师")
    assert rules(judge(contract, ticket)) == []


def test_plan_with_both_approvals_moves_the_limit_from_the_second_approval_on(contract: Contract) -> None:
    start = "2026-03-02 20:00"
    plan = Plan(after(start, 300), after(start, 420), after(start, 600), after(start, 36 * 60))
    ticket = incident(start, resolved_at=30 * 60, plan=plan)
    assert rules(judge(contract, ticket, as_of=after(start, 40 * 60))) == []
    assert counted(judge(contract, ticket, as_of=after(start, 9 * 60))) == [("2.3", "resolution", "INC-0001")]


def _events(answer_rules: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [rule for rule in answer_rules if rule[0] in ("2.5", "2.6")]


def test_two_stoppages_of_forty_minutes_exceed_the_month_only(contract: Contract) -> None:
    answer = judge(
        contract,
        stoppage("2026-01-08 09:00", "2026-01-08 09:40", "A"),
        stoppage("2026-01-08 14:00", "2026-01-08 14:40", "B"),
    )
    assert _events(rules(answer)) == [("2.5", "month_minutes")]
    assert counted(answer) == [("2.5", "month_minutes", "2026-01")]
    assert [each.actual for each in findings(answer) if each.clause == "2.5"] == [80.0]


def test_one_stoppage_of_ninety_minutes_is_one_breach(contract: Contract) -> None:
    answer = judge(contract, stoppage("2026-01-07 20:00", "2026-01-07 21:30"))
    assert _events(rules(answer)) == [("2.5", "recovery"), ("2.5", "month_minutes")]
    assert counted(answer) == [("2.5", "recovery", "INC-0001")]


def test_stoppage_over_the_month_end_is_one_event_of_its_first_month(contract: Contract) -> None:
    answer = judge(contract, stoppage("2026-01-31 23:30", "2026-02-01 00:50"))
    assert _events(rules(answer)) == [("2.5", "recovery")]
    assert findings(answer)[0].actual == 80.0
    in_february = judge(
        contract, stoppage("2026-01-31 23:30", "2026-02-01 00:50"), days=("2026-02-01", "2026-02-28")
    )
    assert rules(in_february) == []


def test_overlapping_stoppages_are_one_event_named_after_the_first(contract: Contract) -> None:
    answer = judge(
        contract,
        stoppage("2026-01-07 20:00", "2026-01-07 20:30", "A"),
        stoppage("2026-01-07 20:20", "2026-01-07 21:10", "B"),
    )
    assert counted(answer) == [("2.5", "recovery", "A")]
    assert findings(answer)[0].actual == 70.0
