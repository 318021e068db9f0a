"""What would be found later if nothing happened from now on (all 虚构)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from contract_case import OFF_SITE, after, at, incident, stoppage, waiting
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.contract.engine import evaluate
from eduops.contract.fact import (
    DeliverableFact,
    Exclusion,
    Facts,
    Plan,
    Reopening,
    StaffFact,
    SurveyFact,
    TicketFact,
    VulnerabilityFact,
)
from eduops.contract.finding import Finding
from eduops.contract.forecast import cut_facts, forecast
from eduops.contract.period import last_day_of
from eduops.contract.schema import Contract

DAYS = {"from_on": date(2024, 12, 1), "to_on": date(2026, 11, 30)}


def _forecast(
    contract: Contract, *tickets: TicketFact, as_of: float, until: float, facts: Facts | None = None
) -> list[Finding]:
    return list(
        forecast(
            contract, facts or Facts(tickets=tickets), **DAYS, as_of=after(OFF_SITE, as_of), until=after(OFF_SITE, until)
        )
    )  # fmt: skip


def _rules(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.clause, each.rule) for each in found]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (180, []),
        (181, [("2.3", "resolution")]),
        (241, [("2.3", "resolution"), ("5.1(4)", "resolution")]),
        (481, [("2.3", "resolution"), ("2.3", "plan"), ("5.1(4)", "resolution")]),
    ],
)
def test_an_open_ticket_will_be_late(contract: Contract, until: int, expected: list[tuple[str, str]]) -> None:
    found = _forecast(contract, incident(), as_of=60, until=until)
    assert _rules(found) == expected
    assert all(each.actual_at is None for each in found)


def test_what_is_recorded_for_later_does_not_happen(contract: Contract) -> None:
    assert _rules(_forecast(contract, incident(resolved_at=100), as_of=60, until=181)) == [
        ("2.3", "resolution")
    ]
    assert _forecast(contract, incident(resolved_at=100), as_of=100, until=181) == []
    again = incident(resolved_at=50, reopened=(Reopening(after(OFF_SITE, 70), None),))
    assert _forecast(contract, again, as_of=60, until=500) == []


def test_what_is_late_already_is_no_forecast(contract: Contract) -> None:
    assert _rules(_forecast(contract, incident(), as_of=200, until=241)) == [("5.1(4)", "resolution")]


def test_a_wait_goes_on_unless_its_end_was_written(contract: Contract) -> None:
    still = incident(exclusions=(waiting(OFF_SITE, 50, None),))
    assert ("2.3", "resolution") not in _rules(_forecast(contract, still, as_of=60, until=400))
    until_100 = incident(exclusions=(waiting(OFF_SITE, 50, 100),))
    assert _rules(_forecast(contract, until_100, as_of=60, until=230)) == []
    assert _rules(_forecast(contract, until_100, as_of=60, until=231)) == [("2.3", "resolution")]
    later = incident(exclusions=(waiting(OFF_SITE, 70, 100),))
    assert _rules(_forecast(contract, later, as_of=60, until=181)) == [("2.3", "resolution")]


def test_an_agreed_deadline_stands_and_an_approval_to_come_does_not(contract: Contract) -> None:
    plan = Plan(after(OFF_SITE, 10), after(OFF_SITE, 20), after(OFF_SITE, 30), after(OFF_SITE, 600))
    assert _rules(_forecast(contract, incident(plan=plan), as_of=60, until=600)) == []
    assert _rules(_forecast(contract, incident(plan=plan), as_of=60, until=601)) == [("2.3", "resolution")]
    assert _rules(_forecast(contract, incident(plan=plan), as_of=25, until=181)) == [("2.3", "resolution")]


def test_an_outage_whose_end_is_written_for_later_goes_on(contract: Contract) -> None:
    ticket = stoppage(OFF_SITE, "2026-03-02 20:50", resolved_at=30)
    assert _rules(_forecast(contract, ticket, as_of=40, until=61)) == [
        ("2.5", "recovery"),
        ("2.5", "month_minutes"),
    ]
    assert _forecast(contract, ticket, as_of=50, until=61) == []


def test_planned_work_ends_as_planned(contract: Contract) -> None:
    work = stoppage(OFF_SITE, "2026-03-02 20:50", planned=True)
    assert "recovery" not in {each.rule for each in _forecast(contract, work, as_of=40, until=90)}


def test_months_and_documents_are_forecast_too(contract: Contract) -> None:
    facts = Facts(
        deliverables=(DeliverableFact("monthly_report", "2026-02", at("2026-03-05 09:00")),),
        trainings=(),
        surveys=(SurveyFact(date(2026, 3, 1), Decimal(80)), SurveyFact(date(2026, 3, 20), Decimal(100))),
        staff=(StaffFact("虚构甲", "engineer", date(2020, 1, 1), date(2024, 12, 1), last_on=date(2026, 3, 31),
                         notice_on=date(2026, 2, 1), handover_on=date(2026, 3, 30)),),
        vulnerabilities=(VulnerabilityFact("VUL-1", date(2026, 3, 10), at("2026-03-09 09:00"), at("2026-03-09 10:00")),),
    )  # fmt: skip
    found = forecast(contract, facts, **DAYS, as_of=at("2026-03-03 00:00"), until=at("2026-04-01 00:00"))
    assert {(each.rule, each.subject or each.period) for each in found} == {
        ("monthly_report", "2026-02"),
        ("quarter_documents", "2026Q1"),
        ("monthly_training", "2026-03"),
        ("satisfaction", "2026Q1"),
        ("handover", "虚构甲"),
        ("vulnerability", "VUL-1"),
    }


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_hiding_what_lies_ahead_changes_nothing_as_of_now(contract: Contract, data: st.DataObject) -> None:
    minutes = st.one_of(st.none(), st.integers(0, 600))
    turns = sorted(data.draw(st.lists(st.integers(1, 600), max_size=4)))
    instants = [after(OFF_SITE, turn) for turn in turns]
    start = data.draw(st.integers(0, 500))
    submitted = data.draw(st.integers(0, 500))
    ticket = incident(
        impact=data.draw(st.sampled_from(["system", "department", "limited"])),
        responded_at=data.draw(minutes),
        arrived_at=data.draw(minutes),
        resolved_at=instants[0] if instants else None,
        reopened=tuple(
            Reopening(instants[index], instants[index + 1] if index + 1 < len(instants) else None)
            for index in range(1, len(instants), 2)
        ),
        planned=data.draw(st.booleans()),
        planned_approved_by=data.draw(st.sampled_from(["", "虚构·周老师"])),
        outage_start=data.draw(minutes),
        outage_end=data.draw(st.one_of(st.none(), st.integers(600, 900))),
        exclusions=(Exclusion(after(OFF_SITE, start), after(OFF_SITE, start + 100), "虚构", "虚构"),),
        plan=Plan(after(OFF_SITE, submitted), *(after(OFF_SITE, submitted + n) for n in (10, 20, 300))),
    )
    other = stoppage("2026-03-02 21:00", "2026-03-02 22:00", "B")
    as_of = after(OFF_SITE, data.draw(st.integers(0, 1000)))
    facts = Facts(tickets=(ticket, other))
    hidden = cut_facts(facts, as_of=as_of, last_on=last_day_of(as_of, contract.zone_info))
    plain = evaluate(contract, facts, **DAYS, as_of=as_of)
    assert evaluate(contract, hidden, **DAYS, as_of=as_of).to_json() == plain.to_json()
    assert forecast(contract, facts, **DAYS, as_of=as_of, until=as_of) == ()
    later = as_of + timedelta(minutes=500)
    assert forecast(contract, facts, **DAYS, as_of=as_of, until=later) == forecast(
        contract, hidden, **DAYS, as_of=as_of, until=later
    )
