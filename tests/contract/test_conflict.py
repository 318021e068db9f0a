"""Open readings: every one is a setting, listed with what a period comes to under both values."""

import json
from datetime import date
from decimal import Decimal
from typing import get_args

import pytest
from contract_case import FAR, OFF_SITE, after, at, incident, stoppage, with_policy

from eduops.contract.clause_rule import build_rules
from eduops.contract.conflict import Conflict, list_conflicts
from eduops.contract.fact import EffortFact, Facts, Reopening, SurveyFact, TicketFact
from eduops.contract.policy import OPEN_READINGS
from eduops.contract.schema import Contract, Policy


def _conflicts(contract: Contract, *tickets: TicketFact, **facts: object) -> dict[str, Conflict]:
    found = list_conflicts(
        contract,
        Facts(tickets=tickets, **facts),  # type: ignore[arg-type]
        from_on=date(2025, 1, 1),
        to_on=date(2026, 11, 30),
        as_of=at(FAR),
    )
    return {each.setting: each for each in found}


def _counted(conflict: Conflict) -> dict[str, tuple[int, int]]:
    return {
        each.value: (each.evaluation.counted, len(each.evaluation.findings)) for each in conflict.readings
    }


def test_every_setting_with_two_values_is_an_open_reading_whose_first_is_the_default(
    contract: Contract,
) -> None:
    settings = {
        name: get_args(field.annotation)
        for name, field in Policy.model_fields.items()
        if get_args(field.annotation)
    }
    described = {each.setting: tuple(each.describe(build_rules(contract))) for each in OPEN_READINGS}
    assert described == settings
    assert {name: values[0] for name, values in settings.items()} == Policy().model_dump(
        exclude={"person_month_days"}
    )


def test_a_contract_leaves_open_only_what_its_duties_touch(contract: Contract, region: Contract) -> None:
    assert list(_conflicts(contract)) == [each.setting for each in OPEN_READINGS]
    assert list(_conflicts(region)) == ["counting", "year", "quarter", "reopened", "month_downtime"]
    bare = contract.model_copy(update={"clauses": {}})
    assert _conflicts(bare) == {}


def test_one_breach_a_ticket_or_one_a_target(contract: Contract) -> None:
    found = _conflicts(contract, incident(responded_at=31, arrived_at=40, resolved_at=200))["counting"]
    assert _counted(found) == {"one_per_ticket": (1, 2), "one_per_target": (2, 2)}
    assert [each.is_in_force for each in found.readings] == [True, False]
    assert [each.rule for each in found.list_own(found.readings[1])] == ["resolution"]
    assert found.clauses == ("2.3",)


def test_three_hours_or_four(contract: Contract) -> None:
    found = _conflicts(contract, incident(resolved_at=200))["off_site_resolution"]
    assert _counted(found) == {"ticket_limits": (1, 1), "second_resolution": (0, 0)}
    assert found.readings[0].text == "按第 2.3 条的 180 分钟计违约，第 5.1(4) 条的 240 分钟只作提示"
    assert found.clauses == ("2.3", "5.1(4)")
    # Under four hours a ticket of five is late by both clauses' words, and counts once.
    late = _conflicts(contract, incident(resolved_at=300))["off_site_resolution"]
    assert _counted(late) == {"ticket_limits": (1, 2), "second_resolution": (1, 2)}
    assert late.matters


def test_a_reopened_ticket_by_both_clocks(contract: Contract) -> None:
    again = (Reopening(after(OFF_SITE, 400), after(OFF_SITE, 430)),)
    found = _conflicts(contract, incident(resolved_at=100, reopened=again))["reopened"]
    assert _counted(found) == {"last_resolution": (1, 2), "open_time": (0, 0)}


def test_contract_year_or_calendar_year(contract: Contract) -> None:
    events = [
        stoppage(f"{day} 20:00", f"{day} 20:10", f"E-{day}")
        for day in ("2025-11-30", "2025-12-01", "2025-12-02")
    ]
    assert _counted(_conflicts(contract, *events)["year"]) == {"contract": (0, 2), "calendar": (1, 3)}


def test_calendar_quarter_or_contract_quarter(contract: Contract) -> None:
    surveys = (SurveyFact(date(2025, 2, 10), Decimal(80)), SurveyFact(date(2025, 3, 10), Decimal(95)))
    found = _conflicts(contract, surveys=surveys)["quarter"]
    # 2025Q1 averages 87.5; the first contract quarter ends with February, at 80.
    assert _counted(found) == {"calendar": (0, 0), "contract": (0, 1)}


@pytest.mark.parametrize(("end", "matters"), [("20:59", False), ("21:00", True), ("21:01", False)])
def test_an_hour_a_month_is_open_at_exactly_an_hour(contract: Contract, end: str, matters: bool) -> None:
    found = _conflicts(contract, stoppage("2026-01-07 20:00", f"2026-01-07 {end}"))["month_downtime"]
    assert found.matters is matters


def test_two_stoppages_a_year_or_fewer_than_two_in_all(contract: Contract) -> None:
    events = [
        stoppage(f"2026-0{month}-08 20:00", f"2026-0{month}-08 20:10", f"E{month}") for month in (1, 2, 3)
    ]
    found = _conflicts(contract, *events)["stoppage_count"]
    assert _counted(found) == {"system_stoppages": (1, 3), "stoppages_of_term": (2, 3)}
    assert found.readings[0].evaluation.by_clause == {"2.3": 0, "2.5": 1, "2.6": 0}
    # The third is one event: it counts under 2.5 already.
    assert found.readings[1].evaluation.by_clause == {"2.3": 0, "2.5": 1, "2.6": 0, "4.1": 1}
    assert "第 4.1 条的整个合同期最多 1 次" in found.readings[1].text


def test_the_month_adds_no_breach_to_a_stoppage_that_carries_one_by_either_reading(
    contract: Contract,
) -> None:
    events = [stoppage(f"2026-01-0{day} 20:00", f"2026-01-0{day} 20:40", f"E{day}") for day in (5, 6)]
    found = _conflicts(contract, *events)["stoppage_count"]
    assert {each.value: each.evaluation.by_clause["2.5"] for each in found.readings} == {
        "system_stoppages": 1,
        "stoppages_of_term": 0,
    }
    assert {each.evaluation.counted for each in found.readings} == {1}


def test_the_reading_in_force_is_the_files_and_others_are_changed_one_at_a_time(contract: Contract) -> None:
    other = with_policy(contract, counting="one_per_target", reopened="open_time")
    found = _conflicts(other, incident(responded_at=31, arrived_at=40, resolved_at=200))
    assert [each.value for setting in found.values() for each in setting.readings if each.is_in_force] == [
        getattr(other.policy, setting) for setting in found
    ]
    assert _counted(found["off_site_resolution"]) == {"ticket_limits": (2, 2), "second_resolution": (1, 1)}


def test_the_json_says_what_differs(contract: Contract) -> None:
    efforts = (EffortFact("D1", date(2026, 1, 5), Decimal(8)),)
    found = _conflicts(contract, incident(resolved_at=200), efforts=efforts)["off_site_resolution"]
    told = json.loads(json.dumps(found.to_json()))
    assert told["matters"] is True
    assert [(each["value"], each["in_force"], each["counted"]) for each in told["readings"]] == [
        ("ticket_limits", True, 1),
        ("second_resolution", False, 0),
    ]
    assert [each["rule"] for each in told["readings"][0]["only_here"]] == ["resolution"]
