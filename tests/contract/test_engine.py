"""The answer as a whole: which findings are in it, their order, keys, settings and words."""

import json
from datetime import date, timedelta

import pytest
from contract_case import (
    OFF_SITE,
    ON_SITE,
    after,
    at,
    counted,
    findings,
    incident,
    judge,
    rules,
    stoppage,
    waiting,
    with_policy,
)

from eduops.contract.clause import explain_clause, list_clauses
from eduops.contract.clause_rule import clause_order
from eduops.contract.engine import deadlines
from eduops.contract.fact import Plan, Reopening, TicketFact
from eduops.contract.finding import build_key, render_length
from eduops.contract.schema import Contract
from eduops.core.errors import NotFound


def test_the_answer_is_exactly_the_agreed_json(contract: Contract) -> None:
    answer = judge(
        contract, incident(ref="INC-0042", resolved_at=201.5), days=("2026-03-02", "2026-03-02"), as_of=FIXED
    )
    assert json.loads(json.dumps(answer.to_json())) == {
        "contract": "remote-education-2024-2026",
        "from": "2026-03-02",
        "to": "2026-03-02",
        "as_of": "2026-03-02T16:00:00Z",
        "provisional": False,
        "findings": [
            {
                "key": "remote-education-2024-2026/2.3/resolution/INC-0042/",
                "clause": "2.3",
                "rule": "resolution",
                "consequence": "breach",
                "subject": "INC-0042",
                "period": None,
                "due_at": "2026-03-02T15:00:00Z",
                "actual_at": "2026-03-02T15:21:30Z",
                "limit": 180.0,
                "actual": 201.5,
                "actual_raw": 201.5,
                "unit": "minutes",
                "counted": 1,
                "provisional": False,
                "text": "INC-0042 应于 2026-03-02 23:00 前排除故障（限 180 分钟），实际 2026-03-02 23:21:30，"
                "迟 21 分钟 30 秒，未达到合同第 2.3 条要求，计违约一次。",
            }
        ],
        "counted": 1,
        "by_clause": {"2.3": 1, "2.5": 0, "2.6": 0},
    }


FIXED = "2026-03-03 00:00"


@pytest.mark.parametrize(
    ("as_of", "missed"),
    [(29, []), (30, []), (30 + 1 / 60, ["response"]), (120, ["response"]), (121, ["response", "arrival"])],
)
def test_an_open_ticket_past_a_deadline_is_a_finding_already(
    contract: Contract, as_of: float, missed: list[str]
) -> None:
    ticket = incident(responded_at=None, arrived_at=None)
    answer = findings(judge(contract, ticket, as_of=after(OFF_SITE, as_of)))
    assert [each.rule for each in answer] == missed
    assert all(each.actual_at is None for each in answer)
    assert [each.counted for each in answer] == [1, 0][: len(missed)]


def test_who_arrives_or_resolves_has_responded(contract: Contract) -> None:
    assert rules(judge(contract, incident(responded_at=None, arrived_at=30, resolved_at=100))) == []
    assert rules(judge(contract, incident(ON_SITE, responded_at=None, arrived_at=None, resolved_at=30))) == []


@pytest.mark.parametrize("kind", ["request", "consult"])
def test_requests_and_consults_have_the_response_limit_only(contract: Contract, kind: str) -> None:
    answer = judge(contract, incident(kind=kind, responded_at=31, arrived_at=None, resolved_at=5000))
    assert rules(answer) == [("2.3", "response")]
    assert counted(answer) == [("2.3", "response", "INC-0001")]


def test_exclusions_move_the_deadline_and_both_figures_are_told(contract: Contract) -> None:
    ticket = incident(resolved_at=250, exclusions=(waiting(OFF_SITE, 60, 100), waiting(OFF_SITE, 90, 120)))
    clause_2_3 = next(each for each in findings(judge(contract, ticket)) if each.clause == "2.3")
    assert clause_2_3.due_at == after(OFF_SITE, 240)
    assert (clause_2_3.actual, clause_2_3.actual_raw) == (190.0, 250.0)
    assert "另顺延 1 小时" in clause_2_3.text


@pytest.mark.parametrize(("start", "due"), [(179, 240), (180, 180), (181, 180)])
def test_an_exclusion_that_begins_at_the_deadline_changes_nothing(
    contract: Contract, start: int, due: int
) -> None:
    ticket = incident(resolved_at=400, exclusions=(waiting(OFF_SITE, start, start + 60),))
    found = next(each for each in findings(judge(contract, ticket)) if each.clause == "2.3")
    assert found.due_at == after(OFF_SITE, due)
    assert found.actual == 400.0 - (due - 180)


def test_an_exclusion_added_earlier_lets_a_later_one_count(contract: Contract) -> None:
    ticket = incident(resolved_at=300, exclusions=(waiting(OFF_SITE, 100, 160), waiting(OFF_SITE, 200, 260)))
    assert rules(judge(contract, ticket)) == []


def test_a_reopened_ticket_is_unresolved_until_resolved_again(contract: Contract) -> None:
    again = (Reopening(after(OFF_SITE, 400), after(OFF_SITE, 430)),)
    ticket = incident(resolved_at=100, reopened=again)
    assert rules(judge(contract, ticket, as_of=after(OFF_SITE, 399))) == []
    assert rules(judge(contract, ticket, as_of=after(OFF_SITE, 400))) == [
        ("2.3", "resolution"),
        ("5.1(4)", "resolution"),
    ]
    assert findings(judge(contract, ticket))[0].actual == 430.0
    # Only the time it stood open counts: 100 + 30 minutes.
    assert rules(judge(with_policy(contract, reopened="open_time"), ticket)) == []


def test_a_ticket_reopened_at_its_arrival_deadline_needs_the_arrival(contract: Contract) -> None:
    again = (Reopening(after(OFF_SITE, 110), after(OFF_SITE, 130)),)
    ticket = incident(arrived_at=None, resolved_at=100, reopened=again)
    assert counted(judge(contract, ticket)) == [("2.3", "arrival", "INC-0001")]


def _planned(**changes: float | None) -> TicketFact:
    minutes = {"submitted": 300.0, "department": 700.0, "management": 800.0, "deadline": 2000.0, **changes}
    instants = [None if value is None else after(OFF_SITE, value) for value in minutes.values()]
    return incident(resolved_at=1500, plan=Plan(*instants))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"submitted": 480.0}, []),
        ({"submitted": 480.1}, [("2.3", "plan"), ("2.3", "resolution"), ("5.1(4)", "resolution")]),
        ({"management": None}, [("2.3", "resolution"), ("5.1(4)", "resolution")]),
        ({"department": None}, [("2.3", "resolution"), ("5.1(4)", "resolution")]),
        ({"deadline": None}, [("2.3", "resolution"), ("5.1(4)", "resolution")]),
        ({"management": 1900.0}, []),
        ({"deadline": 1500.0}, []),
        ({"deadline": 1499.0}, [("2.3", "resolution")]),
    ],
)
def test_what_a_plan_moves(
    contract: Contract, changes: dict[str, float | None], expected: list[tuple[str, str]]
) -> None:
    assert sorted(rules(judge(contract, _planned(**changes)))) == expected


def test_an_agreed_deadline_judges_even_what_was_resolved_at_once(contract: Contract) -> None:
    plan = Plan(after(OFF_SITE, 10), after(OFF_SITE, 20), after(OFF_SITE, 30), after(OFF_SITE, 40))
    answer = findings(judge(contract, incident(resolved_at=60, plan=plan)))
    assert [(each.rule, each.limit, each.actual) for each in answer] == [("resolution", 40.0, 60.0)]


def test_no_plan_and_no_solution_after_eight_hours_is_one_breach_with_three_targets(
    contract: Contract,
) -> None:
    answer = judge(contract, incident(), as_of=after(OFF_SITE, 481))
    assert rules(answer) == [("2.3", "resolution"), ("2.3", "plan"), ("5.1(4)", "resolution")]
    assert counted(answer) == [("2.3", "resolution", "INC-0001")]
    each_target = judge(
        with_policy(contract, counting="one_per_target"), incident(), as_of=after(OFF_SITE, 481)
    )
    assert each_target.counted == 2


def test_the_off_site_limit_can_be_read_from_the_other_clause(contract: Contract) -> None:
    other = with_policy(contract, off_site_resolution="second_resolution")
    assert rules(judge(other, incident(resolved_at=240))) == []
    assert rules(judge(contract, incident(resolved_at=240))) == [("2.3", "resolution")]


def test_planned_and_approved_work_is_not_judged_by_the_limits(contract: Contract) -> None:
    late = {"responded_at": None, "arrived_at": None, "resolved_at": 900, "planned": True}
    assert rules(judge(contract, incident(**late, planned_approved_by="虚构·周老师"))) == []
    assert counted(judge(contract, incident(**late))) == [("2.3", "response", "INC-0001")]


@pytest.mark.parametrize(
    ("reported", "inside"),
    [
        ("2024-11-30 23:59", False),
        ("2024-12-01 00:00", True),
        ("2026-11-30 23:59", True),
        ("2026-12-01 00:00", False),
    ],
)
def test_tickets_outside_the_term_are_listed_and_not_judged(
    contract: Contract, reported: str, inside: bool
) -> None:
    answer = judge(
        contract,
        incident(reported, resolved_at=900),
        as_of="2027-01-01 00:00",
        days=("2024-01-01", "2027-12-31"),
    )
    assert bool(rules(answer)) is inside
    assert [each.ref for each in answer.outside] == ([] if inside else ["INC-0001"])


def test_a_ticket_does_not_exist_before_its_report(contract: Contract) -> None:
    answer = judge(contract, incident("2027-01-01 09:00"), as_of="2026-12-31 00:00")
    assert (rules(answer), answer.outside) == ([], ())


def test_by_the_reported_day_a_ticket_is_in_the_answer(contract: Contract) -> None:
    ticket = incident("2026-03-31 23:30", resolved_at=900)
    assert rules(judge(contract, ticket, days=("2026-03-01", "2026-03-31")))
    assert not rules(judge(contract, ticket, days=("2026-04-01", "2026-04-30")))


def test_findings_are_sorted_by_clause_number_then_due_then_subject(contract: Contract) -> None:
    answer = judge(
        contract,
        stoppage("2026-01-07 20:00", "2026-01-07 23:30", "B"),
        stoppage("2026-01-09 20:00", "2026-01-09 23:30", "A"),
        incident(ref="C", resolved_at=900),
    )
    order = [
        (clause_order(each.clause), each.due_at, each.subject or "", each.rule) for each in answer.findings
    ]
    assert order == sorted(order)
    assert clause_order("2.3") < clause_order("2.10") < clause_order("5.1(4)") < clause_order("5.1(8)")


def test_keys_do_not_run_together() -> None:
    assert build_key("c", "2.3", "plan", "A/B", None) != build_key("c", "2.3", "plan", "A", "B")
    assert build_key("c", "2.3", "plan", "A%2FB", None) != build_key("c", "2.3", "plan", "A/B", None)


def test_third_event_of_a_year_counts_whatever_the_days_asked_for(contract: Contract) -> None:
    events = [
        stoppage(f"2026-0{month}-01 20:00", f"2026-0{month}-01 20:10", f"E{month}") for month in (1, 2, 3)
    ]
    answer = judge(contract, *events, days=("2026-03-01", "2026-03-31"))
    assert counted(answer) == [("2.5", "year_count", "E3")]
    assert [(each.clause, each.actual) for each in findings(answer)] == [("2.5", 3.0), ("4.1", 3.0)]


def test_the_contract_year_begins_in_december_unless_the_contract_says_otherwise(contract: Contract) -> None:
    events = [
        stoppage(f"{day} 20:00", f"{day} 20:10", f"E-{day}")
        for day in ("2025-11-30", "2025-12-01", "2025-12-02")
    ]
    assert counted(judge(contract, *events)) == []
    calendar = judge(with_policy(contract, year="calendar"), *events)
    assert counted(calendar) == [("2.5", "year_count", "E-2025-12-02")]


@pytest.mark.parametrize(("setting", "over"), [("at_most", False), ("less_than", True)])
def test_an_hour_a_month_is_read_both_ways(contract: Contract, setting: str, over: bool) -> None:
    answer = judge(
        with_policy(contract, month_downtime=setting),
        stoppage("2026-01-07 20:00", "2026-01-07 21:00"),
        as_of=FIXED,
    )
    assert (("2.5", "month_minutes") in rules(answer)) is over


def test_a_department_window_cuts_only_department_stoppages(contract: Contract) -> None:
    window = {
        "planned": True,
        "planned_approved_by": "虚构·周老师",
        "planned_from": at("2026-01-07 19:00"),
        "planned_to": at("2026-01-07 21:30"),
    }
    long = ("2026-01-07 20:00", "2026-01-07 21:30")
    for impact, left in (("department", ["2.5"]), ("system", [])):
        approved = incident(
            "2026-01-05 09:00", "W", kind="request", impact=impact, cause="hardware", resolved_at=10, **window
        )
        answer = judge(contract, approved, stoppage(*long, "S"), stoppage(*long, "D", impact="department"))
        assert [each.clause for each in findings(answer) if each.rule == "recovery"] == left


def test_what_planned_work_overran_is_a_stoppage_named_after_what_remains(contract: Contract) -> None:
    work = stoppage(
        "2026-01-07 20:00", "2026-01-08 01:30", planned=True, planned_approved_by="虚构·周老师",
        planned_from=at("2026-01-07 22:00"), planned_to=at("2026-01-08 00:00"), outage_start=at("2026-01-07 22:00"),
    )  # fmt: skip
    answer = findings(judge(contract, work))
    assert [(each.rule, each.actual, each.due_at) for each in answer] == [
        ("recovery", 90.0, at("2026-01-08 01:00")),
        ("month_minutes", 90.0, at("2026-02-01 00:00")),
    ]


def test_an_open_stoppage_runs_to_as_of_and_has_no_end(contract: Contract) -> None:
    ticket = stoppage("2026-01-07 20:00", "2026-01-07 23:00")
    found = next(
        each
        for each in findings(judge(contract, ticket, as_of="2026-01-07 21:30"))
        if each.rule == "recovery"
    )
    assert (found.actual, found.actual_at) == (90.0, None)
    assert "尚未恢复" in found.text


def test_a_month_that_is_not_over_is_found_by_the_day_of_as_of(contract: Contract) -> None:
    ticket = stoppage("2026-01-07 20:00", "2026-01-07 21:30")
    answer = judge(contract, ticket, as_of="2026-01-20 12:00", days=("2026-01-20", "2026-01-20"))
    assert [(each.rule, str(each.on)) for each in findings(answer)] == [("month_minutes", "2026-01-20")]
    assert judge(contract, ticket, as_of="2026-01-20 12:00", days=("2026-01-21", "2026-01-31")).counted == 0


def test_an_event_over_the_month_end_takes_the_next_months_count_too(contract: Contract) -> None:
    """February's minutes belong partly to an event that carries a breach already, though it lies outside the days."""
    answer = judge(
        contract,
        stoppage("2026-01-31 23:30", "2026-02-01 01:10", "A"),
        days=("2026-02-01", "2026-02-28"),
    )
    assert [(each.rule, each.counted) for each in findings(answer)] == [("month_minutes", 0)]


def test_unknown_cause_is_judged_and_provisional(contract: Contract) -> None:
    answer = judge(contract, stoppage("2026-01-07 20:00", "2026-01-07 21:30", cause="unknown"))
    assert answer.provisional and {each.provisional for each in findings(answer)} == {True}
    assert answer.counted == 1


def test_a_regime_that_hangs_on_an_unknown_schedule_is_provisional(contract: Contract) -> None:
    longer = contract.model_copy(update={"term": contract.term.model_copy(update={"years": 3})})
    days = ("2027-03-02", "2027-03-02")
    late = judge(longer, incident("2027-03-02 09:00", resolved_at=61), days=days, as_of="2027-03-03 00:00")
    assert late.provisional and findings(late)[0].provisional
    fine = judge(longer, incident("2027-03-02 09:00", resolved_at=30), days=days, as_of="2027-03-02 20:00")
    assert fine.provisional and not findings(fine)
    # At noon it is off site whatever the schedule will say.
    noon = judge(longer, incident("2027-03-02 13:00", resolved_at=181), days=days, as_of="2027-03-03 00:00")
    assert [each.provisional for each in findings(noon)] == [False]


def test_open_clocks_of_a_ticket(contract: Contract) -> None:
    ticket = incident(arrived_at=None, exclusions=(waiting(OFF_SITE, 20, None),))
    clocks = {(each.clause, each.rule): each for each in deadlines(contract, ticket, after(OFF_SITE, 50))}
    assert clocks["2.3", "response"].met_at == after(OFF_SITE, 10)
    assert clocks["2.3", "arrival"].due_at == after(OFF_SITE, 150)
    assert clocks["2.3", "resolution"].added == timedelta(minutes=30)
    assert clocks["2.3", "plan"].due_at == after(OFF_SITE, 480)
    assert set(clocks) == {
        *(("2.3", rule) for rule in ("response", "arrival", "resolution", "plan")),
        ("5.1(4)", "resolution"),
    }
    assert deadlines(contract, incident("2027-01-05 09:00"), at("2027-01-05 10:00")) == ()
    assert deadlines(contract, ticket, after(OFF_SITE, -1)) == ()


def test_findings_before_the_records_began_are_left_out(contract: Contract) -> None:
    found = contract.clauses["2.3"]
    kept = {
        name: rule.model_copy(update={"kept_from": date(2026, 3, 3)}) for name, rule in found.rules.items()
    }
    clauses = {**contract.clauses, "2.3": found.model_copy(update={"rules": kept})}
    other = contract.model_copy(update={"clauses": clauses})
    assert rules(judge(other, incident("2026-03-02 20:00", resolved_at=900))) == [("5.1(4)", "resolution")]
    assert counted(judge(other, incident("2026-03-03 20:00", resolved_at=900)))


def test_a_clause_is_explained_in_its_own_words(contract: Contract) -> None:
    clause = explain_clause(contract, "2.3")
    assert "视为乙方违约一次" in clause.quote and clause.consequence == "breach"
    resolution = next(rule for rule in clause.rules if rule.rule == "resolution")
    assert (resolution.figures["off_site_minutes"], resolution.consequence) == (180, "breach")
    assert next(rule for rule in clause.rules if rule.rule == "onsite_days").consequence == "notice"
    assert list_clauses(contract)[0] == "1.1"
    with pytest.raises(NotFound, match=r"没有第 9\.9 条"):
        explain_clause(contract, "9.9")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 秒"), (60, "1 分钟"), (3661, "1 小时 1 分钟 1 秒"), (86400, "1 天"), (0.2, "1 秒")],
)
def test_lengths_are_written_as_people_say_them(seconds: float, text: str) -> None:
    assert render_length(timedelta(seconds=seconds)) == text


def test_what_was_never_done_on_a_solved_ticket_is_not_told_as_awaited(contract: Contract) -> None:
    (arrival,) = findings(judge(contract, incident(arrived_at=None, resolved_at=150)))
    assert "至 2026-03-02 22:30 解决时没有到达现场" in arrival.text
    assert arrival.actual_at is None
