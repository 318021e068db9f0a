"""How things stand: which clock runs out first, what stands still, what the limits on stoppages leave."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from ledger_store import add_good_ticket, add_ticket, add_wait

from eduops.contract.engine import evaluate
from eduops.contract.fact import Exclusion, Facts, Plan, Reopening, SurveyFact, TicketFact
from eduops.contract.loader import load_contract
from eduops.core.shipped import find_shipped
from eduops.ledger import service, status
from eduops.ledger.rules import NO_HEAD
from eduops.ledger.status_rules import list_budgets, list_open_stoppages, list_open_tickets

THURSDAY = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
"""Thursday 2026-03-05 11:50 in Shanghai: on site until 12:00, so a response in 30 and a resolution in 60 minutes."""


def minutes_ago(minutes, *, now=THURSDAY):
    return now - timedelta(minutes=minutes)


def open_ticket(number=1, *, reported=0, **values):
    return TicketFact(f"INC-2026-{number:04d}", minutes_ago(reported), **values)


def clocks_of(contract, ticket, *, now=THURSDAY):
    (found,) = list_open_tickets(contract, [ticket], now)
    return {clock.rule: (clock.left / timedelta(minutes=1), clock.level) for clock in found.clocks}


@pytest.mark.parametrize(
    ("reported", "left", "level"),
    [
        (0, 30, "fine"),
        (15, 15, "fine"),
        (16, 14, "soon"),
        (21, 9, "soon"),
        (30, 0, "soon"),
        (31, -1, "missed"),
    ],
)
def test_response_turns_yellow_under_half_and_red_once_it_is_missed(contract, reported, left, level):
    assert clocks_of(contract, open_ticket(reported=reported))["response"] == (left, level)


def test_met_limits_are_no_running_clocks(contract):
    ticket = open_ticket(reported=20, responded_at=minutes_ago(10))
    assert set(clocks_of(contract, ticket)) == {"resolution", "plan"}


def test_resolved_ticket_is_not_shown_and_a_reopened_one_is(contract):
    resolved = open_ticket(1, reported=50, responded_at=minutes_ago(45), resolved_at=minutes_ago(30))
    again = open_ticket(
        2,
        reported=50,
        responded_at=minutes_ago(45),
        resolved_at=minutes_ago(30),
        reopened=(Reopening(minutes_ago(10)),),
    )
    assert [each.fact.ref for each in list_open_tickets(contract, [resolved, again], THURSDAY)] == [again.ref]


def test_ticket_reported_later_than_now_is_not_shown(contract):
    assert list_open_tickets(contract, [open_ticket(reported=-1)], THURSDAY) == []


def test_clock_stands_still_while_waiting_for_the_customer(contract):
    wait = Exclusion(minutes_ago(10), None, "等机房开门", "张老师（虚构）")
    ticket = open_ticket(reported=40, responded_at=minutes_ago(35), exclusions=(wait,))
    found = clocks_of(contract, ticket)
    assert found["resolution"] == (30, "paused")
    # The eight hours of a written plan run on.
    assert found["plan"] == (440, "fine")
    later = clocks_of(contract, ticket, now=THURSDAY + timedelta(minutes=25))
    assert later["resolution"] == (30, "paused")


def test_wait_that_is_over_pauses_nothing(contract):
    wait = Exclusion(minutes_ago(20), minutes_ago(10), "等机房开门", "张老师（虚构）")
    ticket = open_ticket(reported=40, responded_at=minutes_ago(35), exclusions=(wait,))
    assert clocks_of(contract, ticket)["resolution"] == (30, "fine")


def test_agreed_deadline_runs_on_while_waiting(contract):
    plan = Plan(minutes_ago(300), minutes_ago(290), minutes_ago(280), THURSDAY + timedelta(hours=9))
    wait = Exclusion(minutes_ago(10), None, "等机房开门", "张老师（虚构）")
    ticket = open_ticket(reported=400, responded_at=minutes_ago(399), plan=plan, exclusions=(wait,))
    assert clocks_of(contract, ticket)["resolution"] == (540, "fine")


def test_what_runs_out_first_stands_first_and_what_waits_stands_last(contract):
    wait = Exclusion(minutes_ago(1), None, "等机房开门", "张老师（虚构）")
    tickets = [
        open_ticket(1, reported=5),
        open_ticket(2, reported=25),
        open_ticket(3, reported=300, responded_at=minutes_ago(299)),
        open_ticket(4, reported=58, responded_at=minutes_ago(57), exclusions=(wait,)),
        open_ticket(5, reported=300, kind="consult", responded_at=minutes_ago(299)),
    ]
    found = list_open_tickets(contract, tickets, THURSDAY)
    assert [each.fact.ref[-1] for each in found] == ["3", "2", "1", "4", "5"]
    assert [bool(each.clocks) for each in found] == [True, True, True, True, False]


def test_ticket_outside_the_term_and_approved_planned_work_have_no_clock(contract):
    early = TicketFact("INC-2024-0001", datetime(2024, 11, 20, tzinfo=UTC))
    planned = open_ticket(2, reported=90, planned=True, planned_approved_by="信息中心（虚构）")
    assert [each.clocks for each in list_open_tickets(contract, [early, planned], THURSDAY)] == [(), ()]


def stoppage(number, start, minutes, **values):
    end = start + timedelta(minutes=minutes)
    return TicketFact(
        f"INC-2026-{number:04d}",
        start,
        **{"impact": "system", "cause": "software", "resolved_at": end, **values},
    )


def budgets_of(contract, *tickets):
    return {
        (each.impact, each.rule): (each.used, each.limit, each.left, each.is_provisional)
        for each in list_budgets(contract, tickets, THURSDAY)
    }


def test_budgets_are_counted_by_contract_year_month_and_term(contract):
    found = budgets_of(
        contract,
        stoppage(1, datetime(2025, 3, 1, 2, tzinfo=UTC), 20),
        stoppage(2, datetime(2026, 1, 10, 2, tzinfo=UTC), 30),
        stoppage(3, datetime(2026, 3, 2, 2, tzinfo=UTC), 17),
        stoppage(4, datetime(2026, 3, 3, 2, tzinfo=UTC), 25, impact="department"),
        stoppage(5, datetime(2026, 3, 4, 2, tzinfo=UTC), 25, cause="network"),
    )
    assert found == {
        ("system", "year_count"): (2, 2, 0, False),
        ("system", "month_minutes"): (17, 60, 43, False),
        ("system", "contract_count"): (3, 1, -2, False),
        ("department", "year_count"): (1, 2, 1, False),
        ("department", "month_count"): (1, 1, 0, False),
    }


def test_budget_that_rests_on_an_unknown_cause_says_so(contract):
    found = budgets_of(contract, stoppage(1, datetime(2026, 3, 2, 2, tzinfo=UTC), 17, cause="unknown"))
    assert found["system", "month_minutes"] == (17, 60, 43, True)


def test_budgets_say_the_same_as_the_engine(contract):
    """A limit is passed by the budget where the engine finds it passed, and nowhere else."""
    tickets = tuple(
        stoppage(number, datetime(2026, 3, number, 2, tzinfo=UTC), minutes, impact=impact)
        for number, minutes, impact in (
            (1, 35, "system"),
            (2, 30, "system"),
            (3, 9, "department"),
            (4, 9, "department"),
        )
    )
    answer = evaluate(
        contract, Facts(tickets), from_on=date(2026, 3, 1), to_on=date(2026, 3, 31), as_of=THURSDAY
    )
    passed = {
        (each.clause, each.rule) for each in list_budgets(contract, tickets, THURSDAY) if each.is_passed
    }
    rules = {"year_count", "month_count", "month_minutes", "contract_count"}
    assert passed == {(each.clause, each.rule) for each in answer.findings if each.rule in rules}


def test_stoppage_that_goes_on_is_shown_with_what_it_may_still_last(contract):
    ticket = stoppage(1, minutes_ago(17), 0, resolved_at=None)
    over = stoppage(2, minutes_ago(500), 20)
    (found,) = list_open_stoppages(contract, [ticket, over], THURSDAY)
    assert (found.ref, found.lasted_minutes, found.limit_minutes) == (ticket.ref, 17, 60)


def test_status_of_a_store_has_only_what_is_open(store, contract):
    add_good_ticket(store, 1, minutes_ago(300))
    open_ref = add_ticket(store, 2, minutes_ago(20))
    waiting = add_ticket(store, 3, minutes_ago(20), responded_at=minutes_ago(19))
    add_wait(store, 3, minutes_ago(10))
    add_ticket(store, 4, minutes_ago(17), impact="system", cause="software", responded_at=minutes_ago(16))
    with store.reading() as session:
        found = status.load_status(session, contract, now=THURSDAY)
    assert [each.fact.ref for each in found.tickets] == [open_ref, "INC-2026-0004", waiting]
    assert [each.ref for each in found.stoppages] == ["INC-2026-0004"]
    assert {each.rule: each.used for each in found.budgets if each.impact == "system"} == {
        "year_count": 1,
        "month_minutes": 17,
        "contract_count": 1,
    }
    assert found.obligations == []


def test_obligation_is_shown_until_it_is_discharged(store, contract):
    surveys = Facts(surveys=(SurveyFact(date(2026, 1, 15), Decimal(80)),))
    now = datetime(2026, 4, 5, tzinfo=UTC)
    answer = evaluate(contract, surveys, from_on=date(2026, 1, 1), to_on=date(2026, 3, 31), as_of=now)
    who = {"kept": NO_HEAD, "now": now, "actor": "值班（虚构）"}
    with store.writing() as session:
        service.post(session, answer, with_provisional=False, **who)
        (found,) = status.load_status(session, contract, now=now).obligations
        assert (found.number, found.said.rule) == (1, "satisfaction")
        service.discharge(
            session, 1, obligations=(), figure=Decimal(90), document="纪要〔2026〕3号", as_of=now, **who
        )
        assert status.load_status(session, contract, now=now).obligations == []


def test_forecast_is_what_evaluate_says_then_if_nothing_happens(store, contract):
    add_ticket(store, 1, minutes_ago(20))
    late = add_ticket(store, 2, minutes_ago(45), resolved_at=minutes_ago(-400))
    until = THURSDAY + timedelta(minutes=30)
    with store.reading() as session:
        found = status.load_forecast(session, contract, now=THURSDAY, until=until)
    # The second's response is missed already, so only its resolution is to come; what is written for later is not.
    assert {(each.subject, each.rule) for each in found} == {
        ("INC-2026-0001", "response"),
        (late, "resolution"),
    }


def test_another_contract_has_its_own_limits_clauses_and_years():
    other = load_contract(find_shipped("configs", "contracts", "example-region-2026.yaml"))
    now = datetime(2026, 5, 6, 3, 0, tzinfo=UTC)
    tickets = [
        stoppage(1, now - timedelta(days=2), 20),
        stoppage(2, now - timedelta(days=1), 30, impact="department"),
    ]
    found = {
        (each.impact, each.rule): (each.period, each.used, each.limit)
        for each in list_budgets(other, tickets, now)
    }
    assert found == {
        ("system", "year_count"): ("2026", 1, 4),
        ("system", "month_count"): ("2026-05", 1, 1),
        ("system", "month_minutes"): ("2026-05", 20, 240),
        ("department", "month_count"): ("2026-05", 1, 2),
    }
    (open_,) = list_open_tickets(other, [TicketFact("INC-2026-0009", now)], now)
    first = open_.clocks[0]
    assert (first.rule, first.limit_minutes) == ("response", 15)


@pytest.mark.parametrize(
    ("reading", "minutes", "is_passed"),
    [
        ("at_most", 60, False),
        ("at_most", 61, True),
        ("less_than", 59, False),
        ("less_than", 60, True),
    ],
)
def test_month_is_passed_by_the_reading_that_the_contract_settles(contract, reading, minutes, is_passed):
    settled = contract.model_copy(
        update={"policy": contract.policy.model_copy(update={"month_downtime": reading})}
    )
    ticket = stoppage(1, datetime(2026, 3, 2, 2, tzinfo=UTC), minutes)
    found = {each.rule: each.is_passed for each in list_budgets(settled, [ticket], THURSDAY)}
    assert found["month_minutes"] == is_passed
