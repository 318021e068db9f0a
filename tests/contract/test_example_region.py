"""A second contract, quite unlike the first, under the same engine: worked cases of its own (all 虚构)."""

from datetime import date, timedelta

import pytest
from contract_case import after, counted, findings, incident, judge, rules, stoppage

from eduops.contract.clause import explain_clause, list_clauses
from eduops.contract.clause_rule import clause_order, render_clause
from eduops.contract.engine import Evaluation, deadlines, evaluate
from eduops.contract.fact import AttendanceFact, Facts, HostFact, Plan, SurveyFact, TrainingFact
from eduops.contract.period import list_years
from eduops.contract.schema import Contract

# Local times are Beijing's, two hours ahead of the hospital's.
DAYS = ("2026-04-01", "2027-03-31")
LATER = "2026-12-20 12:00"
TICKETS, SYSTEM = "Response and resolution", "Availability"


def _judge(region: Contract, *tickets: object, as_of: str = LATER) -> Evaluation:
    return judge(region, *tickets, as_of=as_of, days=DAYS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reported", "resolution"),
    [
        ("2026-05-06 10:29:59", 1440),  # Wednesday 08:29:59 there
        ("2026-05-06 10:30", 240),
        ("2026-05-06 14:00", 240),  # noon: no break
        ("2026-05-06 19:29:59", 240),
        ("2026-05-06 19:30", 1440),
        ("2026-05-07 11:00", 1440),  # Thursday, taken out by the contract
        ("2026-05-16 11:00", 1440),  # Saturday, worked by the contract, and not in the window all the same
        ("2026-05-01 11:00", 1440),  # Friday, Labour Day
    ],
)
def test_the_window_is_five_days_of_nine_hours_in_the_hospitals_zone(
    region: Contract, reported: str, resolution: int
) -> None:
    clocks = deadlines(region, incident(reported), after(reported, 1))
    assert [(each.rule, each.limit_minutes) for each in clocks] == [
        ("response", 15.0),
        ("resolution", float(resolution)),
        ("plan", 2880.0),
    ]
    assert {each.clause for each in clocks} == {TICKETS}


@pytest.mark.parametrize(("minutes", "missed"), [(240, []), (241, [(TICKETS, "resolution", "INC-0001")])])
def test_on_site_a_fault_is_resolved_within_four_hours(
    region: Contract, minutes: int, missed: list[tuple[str, str, str]]
) -> None:
    answer = _judge(region, incident("2026-05-06 11:00", arrived_at=None, resolved_at=minutes))
    assert counted(answer) == missed


def test_every_target_counts_and_the_plan_is_a_notice(region: Contract) -> None:
    answer = _judge(region, incident("2026-05-06 20:00", responded_at=None, arrived_at=None))
    assert rules(answer) == [(TICKETS, "response"), (TICKETS, "resolution"), (TICKETS, "plan")]
    assert [each.counted for each in findings(answer)] == [1, 1, 0]
    assert "未达到合同「Response and resolution」条款要求，计违约一次。" in findings(answer)[0].text


def test_a_plan_of_two_days_moves_the_limit(region: Contract) -> None:
    start = "2026-05-06 20:00"
    plan = Plan(after(start, 2880), after(start, 2900), after(start, 2900), after(start, 9000))
    assert rules(_judge(region, incident(start, resolved_at=9000, plan=plan))) == []


def test_stoppages_are_counted_by_calendar_year_and_month(region: Contract) -> None:
    months = ("2026-05", "2026-07", "2026-09", "2026-10", "2026-11")
    events = [stoppage(f"{month}-08 20:00", f"{month}-08 20:30", f"E{month}") for month in months]
    assert counted(_judge(region, *events)) == [(SYSTEM, "year_count", "E2026-11")]
    twice = stoppage("2026-05-20 20:00", "2026-05-20 20:30", "F")
    assert counted(_judge(region, events[0], twice)) == [(SYSTEM, "month_count", "F")]


def test_calendar_years_are_cut_by_the_term(region: Contract) -> None:
    assert [(each.label, each.start_on, each.end_on) for each in list_years(region)] == [
        ("2026", date(2026, 4, 1), date(2027, 1, 1)),
        ("2027", date(2027, 1, 1), date(2027, 4, 1)),
    ]


@pytest.mark.parametrize(("end", "found"), [("23:59", 0), ("00:00", 1)])
def test_a_month_of_exactly_four_hours_is_not_less_than_four(region: Contract, end: str, found: int) -> None:
    day = "2026-05-08" if end == "23:59" else "2026-05-09"
    answer = _judge(region, stoppage("2026-05-08 20:00", f"{day} {end}"))
    assert [each.rule for each in findings(answer) if each.clause == SYSTEM].count("month_minutes") == found


def test_departments_have_limits_of_their_own_that_are_notices(region: Contract) -> None:
    events = [
        stoppage(f"2026-05-0{day} 20:00", f"2026-05-0{day} 20:30", f"D{day}", impact="department")
        for day in (4, 5, 6)
    ]
    answer = _judge(region, *events)
    assert rules(answer) == [("Departmental availability", "month_count")]
    assert (answer.counted, answer.by_clause) == (0, {SYSTEM: 0, TICKETS: 0})


def test_duties_that_the_contract_does_not_know_are_not_judged(region: Contract) -> None:
    """Nothing is recorded of anything, and only what the contract asks for is missing."""
    facts = Facts(
        hosts=(HostFact("虚构-app"),), patrols=(), attendance=(), deliverables=(), certificates=(),
        trainings=(TrainingFact(date(2026, 5, 1)),), reviews=(), surveys=(SurveyFact(date(2026, 5, 8), 89),),
    )  # fmt: skip
    answer = evaluate(
        region, facts, from_on=date(2026, 4, 1), to_on=date(2026, 12, 31), as_of=after(LATER, 0)
    )
    assert {(each.clause, each.rule) for each in answer.findings} == {
        ("Attendance", "onsite_days"),
        ("Health checks", "big_patrol"),
        ("Monthly report", "monthly_report"),
        ("Satisfaction", "satisfaction"),
    }
    assert answer.obligations[0].clause == "Satisfaction"
    assert any("低于合同「Satisfaction」条款的 90 分" in each.text for each in answer.findings)


def test_a_full_week_on_site_is_five_days(region: Contract) -> None:
    monday = date(2026, 6, 8)
    present = [AttendanceFact("虚构甲", monday + timedelta(days=day)) for day in range(4)]

    def weeks(*days: AttendanceFact) -> list[str]:
        facts = Facts(attendance=days)
        answer = evaluate(
            region, facts, from_on=monday, to_on=monday + timedelta(days=6), as_of=after(LATER, 0)
        )
        return [each.text for each in answer.findings]

    assert len(weeks(*present)) == 1 and "少于合同「Attendance」条款要求的 5 天" in weeks(*present)[0]
    assert weeks(*present, AttendanceFact("虚构乙", monday + timedelta(days=4))) == []


def test_clauses_with_names_are_sorted_and_explained(region: Contract) -> None:
    assert list_clauses(region)[:3] == ("Attendance", "Availability", "Departmental availability")
    clause = explain_clause(region, TICKETS)
    assert [each.rule for each in clause.rules] == ["response", "resolution", "plan"]


def test_numbers_come_before_names_and_both_in_their_natural_order() -> None:
    ordered = ["2.3", "2.10", "2.10(2)", "5.1(4)", "5.1(10)", "10", "annex", "Part 2", "Part 10", "第三条"]
    by_code_point = sorted(ordered)
    assert by_code_point != ordered == sorted(by_code_point, key=clause_order)
    assert [render_clause(each) for each in ("5.1(4)", "Part 2")] == ["第 5.1(4) 条", "「Part 2」条款"]
