"""The other rules: patrols, quality, documents, people, and what is held every month."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from contract_case import at

from eduops.contract.engine import Evaluation, evaluate
from eduops.contract.fact import (
    AttendanceFact,
    CertificateFact,
    DeliverableFact,
    DemandFact,
    EffortFact,
    Facts,
    HostFact,
    PatrolFact,
    ReviewFact,
    StaffFact,
    SurveyFact,
    TrainingFact,
    VulnerabilityFact,
)
from eduops.contract.finding import Finding
from eduops.contract.schema import Contract, DayChange, WorkingDayChanges

HOST = HostFact("edu-app-01")
RECORDED = ("patrols", "attendance", "deliverables", "certificates", "trainings", "reviews")
"""What is recorded here, with nothing in it unless a test says otherwise."""


def _judge(
    contract: Contract, rule: str, first: str, last: str, *, as_of: str | None = None, **facts: Any
) -> list[Finding]:
    return [
        each for each in _evaluate(contract, first, last, as_of=as_of, **facts).findings if each.rule == rule
    ]


def _evaluate(
    contract: Contract, first: str, last: str, *, as_of: str | None = None, **facts: Any
) -> Evaluation:
    instant = at(as_of) if as_of else at(last) + timedelta(days=1)
    from_on, to_on = date.fromisoformat(first), date.fromisoformat(last)
    recorded = {**dict.fromkeys(RECORDED, ()), **facts}
    return evaluate(contract, Facts(**recorded), from_on=from_on, to_on=to_on, as_of=instant)


def _keep(contract: Contract, clause: str, rule: str, day: str) -> Contract:
    """The contract with records of a rule that begin on a day."""
    found = contract.clauses[clause]
    kept = found.rules[rule].model_copy(update={"kept_from": date.fromisoformat(day)})
    changed = found.model_copy(update={"rules": {**found.rules, rule: kept}})
    return contract.model_copy(update={"clauses": {**contract.clauses, clause: changed}})


def _patrols(*days: str, is_big: bool = False) -> tuple[PatrolFact, ...]:
    return tuple(PatrolFact(HOST.name, at(f"{day} 02:00"), is_big) for day in days)


@pytest.mark.parametrize("unrecorded", RECORDED)
def test_what_nobody_records_is_not_missed(contract: Contract, unrecorded: str) -> None:
    staff = (StaffFact("虚构甲", "engineer", date(2020, 1, 1), date(2024, 12, 1)),)
    given = {"hosts": (HOST,), "staff": staff, unrecorded: None}
    rules = {
        "patrols": {"daily_patrol", "big_patrol"},
        "attendance": {"onsite_days"},
        "deliverables": {"monthly_report", "quarter_documents"},
        "certificates": {"yearly_certificate"},
        "trainings": {"monthly_training"},
        "reviews": {"monthly_review"},
    }
    found = {each.rule for each in _evaluate(contract, "2025-01-01", "2026-01-31", **given).findings}
    assert found.isdisjoint(rules[unrecorded])
    assert found == set().union(*(named for key, named in rules.items() if key != unrecorded))


def test_runs_of_days_without_patrol_are_one_finding_each(contract: Contract) -> None:
    kept = _keep(contract, "2.10", "daily_patrol", "2026-03-01")
    patrols = _patrols("2026-03-01", "2026-03-04", "2026-03-06")
    found = _judge(kept, "daily_patrol", "2026-03-01", "2026-03-07", hosts=(HOST,), patrols=patrols)
    assert [(each.period, each.actual, str(each.on)) for each in found] == [
        ("2026-03-02", 2.0, "2026-03-03"),
        ("2026-03-05", 1.0, "2026-03-05"),
        ("2026-03-07", 1.0, "2026-03-07"),
    ]
    assert found[0].subject == HOST.name and found[0].due_at == at("2026-03-03 00:00")
    assert "2026-03-02 至 2026-03-03 共 2 天" in found[0].text


@pytest.mark.parametrize(("as_of", "missed"), [("2026-03-02 23:59", 0), ("2026-03-03 00:00", 1)])
def test_a_day_is_missed_only_when_it_is_over(contract: Contract, as_of: str, missed: int) -> None:
    kept = _keep(contract, "2.10", "daily_patrol", "2026-03-01")
    found = _judge(
        kept,
        "daily_patrol",
        "2026-03-01",
        "2026-03-31",
        as_of=as_of,
        hosts=(HOST,),
        patrols=_patrols("2026-03-01"),
    )
    assert len(found) == missed


def test_a_host_is_patrolled_only_while_it_is_looked_after(contract: Contract) -> None:
    host = HostFact("edu-db-01", date(2026, 3, 3), date(2026, 3, 5))
    found = _judge(contract, "daily_patrol", "2026-03-01", "2026-03-31", hosts=(host,))
    assert [(each.period, each.actual) for each in found] == [("2026-03-03", 2.0)]
    later = HostFact("edu-db-02", date(2027, 1, 1))
    assert _judge(contract, "daily_patrol", "2026-03-01", "2026-03-31", hosts=(later,)) == []


@pytest.mark.parametrize(("second", "late"), [("2026-03-15", False), ("2026-03-16", True)])
def test_big_patrols_are_never_more_than_fourteen_days_apart(
    contract: Contract, second: str, late: bool
) -> None:
    kept = _keep(contract, "2.10", "big_patrol", "2026-03-01")
    patrols = _patrols("2026-03-01", second, is_big=True)
    found = _judge(kept, "big_patrol", "2026-03-01", "2026-03-20", hosts=(HOST,), patrols=patrols)
    assert [(each.period, each.actual, each.limit) for each in found] == (
        [("2026-03-01", 15.0, 14.0)] if late else []
    )


def test_contract_start_and_as_of_are_ends_of_big_patrol_gaps(contract: Contract) -> None:
    found = _judge(contract, "big_patrol", "2024-12-01", "2024-12-31", hosts=(HOST,))
    assert [(each.period, str(each.on)) for each in found] == [("2024-12-01", "2024-12-31")]
    assert "仍没有再做大巡检" in found[0].text
    # A small patrol is no big one.
    small = _judge(
        contract, "big_patrol", "2024-12-01", "2024-12-31", hosts=(HOST,), patrols=_patrols("2024-12-10")
    )
    assert len(small) == 1


def _surveys(**scores: int) -> tuple[SurveyFact, ...]:
    days = {"q1": date(2025, 2, 1), "q2": date(2025, 5, 1), "q3": date(2025, 8, 1), "q4": date(2025, 11, 1)}
    return tuple(SurveyFact(days[quarter], Decimal(score)) for quarter, score in scores.items())


def test_satisfaction_opens_one_obligation_until_a_quarter_is_good(contract: Contract) -> None:
    answer = _evaluate(contract, "2025-01-01", "2025-12-31", surveys=_surveys(q1=84, q2=80, q3=85, q4=84))
    found = [each for each in answer.findings if each.rule == "satisfaction"]
    assert [(each.period, each.actual, each.consequence) for each in found] == [
        ("2025Q1", 84.0, "obligation"),
        ("2025Q4", 84.0, "obligation"),
    ]
    first, second = answer.obligations
    assert (first.closed_by, first.closing_figure, first.closed_at) == (
        "2025Q3",
        Decimal(85),
        at("2025-10-01 00:00"),
    )
    assert (second.closed_at, second.opened_at) == (None, at("2026-01-01 00:00"))
    assert found[0].key == first.key and found[0].actual_at == first.closed_at
    assert answer.counted == 0


def test_an_obligation_is_opened_at_the_quarters_end_and_not_before(contract: Contract) -> None:
    surveys = _surveys(q1=84)
    early = _judge(
        contract, "satisfaction", "2025-01-01", "2025-12-31", as_of="2025-03-31 23:59", surveys=surveys
    )
    late = _judge(
        contract, "satisfaction", "2025-01-01", "2025-12-31", as_of="2025-04-01 00:00", surveys=surveys
    )
    assert (len(early), len(late)) == (0, 1)


def _demands(quarter: str, delivered: int, back: int) -> tuple[DemandFact, ...]:
    month = {"q1": 2, "q2": 5, "q3": 8}[quarter]
    on = date(2025, month, 1)
    return tuple(
        DemandFact(f"{quarter}-{n}", on, on + timedelta(days=9) if n < back else None)
        for n in range(delivered)
    )


@pytest.mark.parametrize(
    ("delivered", "back", "consequence"),
    [(100, 7, None), (100, 8, "notice"), (100, 12, "notice"), (100, 13, "obligation"), (0, 0, None)],
)
def test_rework_rate_of_a_quarter(
    contract: Contract, delivered: int, back: int, consequence: str | None
) -> None:
    found = _judge(contract, "rework", "2025-01-01", "2025-03-31", demands=_demands("q1", delivered, back))
    assert [each.consequence for each in found] == ([consequence] if consequence else [])


def test_rework_obligation_stands_until_the_rate_is_under_eight(contract: Contract) -> None:
    demands = _demands("q1", 100, 20) + _demands("q2", 100, 13) + _demands("q3", 100, 7)
    answer = _evaluate(contract, "2025-01-01", "2025-12-31", demands=demands)
    found = [(each.period, each.consequence) for each in answer.findings if each.rule == "rework"]
    assert found == [("2025Q1", "obligation"), ("2025Q2", "notice")]
    assert [each.closed_by for each in answer.obligations if each.rule == "rework"] == ["2025Q3"]


def _handed_in(rule: str, period: str, when: str) -> dict[str, Any]:
    return {"deliverables": (DeliverableFact(rule, period, at(when)),)}  # type: ignore[arg-type]


@pytest.mark.parametrize(("when", "late"), [("2026-03-06 23:59:59", False), ("2026-03-07 00:00", True)])
def test_monthly_report_is_due_on_the_fifth_working_day(contract: Contract, when: str, late: bool) -> None:
    facts = _handed_in("monthly_report", "2026-02", when)
    found = _judge(contract, "monthly_report", "2026-02-01", "2026-02-28", as_of="2026-03-20 00:00", **facts)
    assert [(each.period, each.due_at) for each in found] == (
        [("2026-02", at("2026-03-07 00:00"))] if late else []
    )


@pytest.mark.parametrize(("as_of", "missing"), [("2026-03-06 23:59", 0), ("2026-03-07 00:00", 1)])
def test_monthly_report_is_missing_only_once_it_is_due(contract: Contract, as_of: str, missing: int) -> None:
    found = _judge(contract, "monthly_report", "2026-02-01", "2026-02-28", as_of=as_of)
    assert len(found) == missing
    assert not missing or (found[0].actual_at is None and "至今没有提交" in found[0].text)


@pytest.mark.parametrize(("when", "late"), [("2025-12-18 18:00", False), ("2025-12-19 08:00", True)])
def test_quarter_documents_are_due_ten_working_days_before_the_end(
    contract: Contract, when: str, late: bool
) -> None:
    facts = _handed_in("quarter_documents", "2025Q4", when)
    found = _judge(contract, "quarter_documents", "2025-10-01", "2025-12-31", **facts)
    assert [each.period for each in found] == (["2025Q4"] if late else [])


@pytest.mark.parametrize(
    ("fixed", "verified", "late"),
    [
        ("2026-03-04 09:00", "2026-03-05 23:59", False),
        ("2026-03-04 09:00", "2026-03-06 00:00", True),
        ("2026-03-04 09:00", None, True),
        (None, None, True),
    ],
)
def test_vulnerability_is_fixed_and_verified_by_the_day_demanded(
    contract: Contract, fixed: str | None, verified: str | None, late: bool
) -> None:
    fact = VulnerabilityFact(
        "VUL-1", date(2026, 3, 5), at(fixed) if fixed else None, at(verified) if verified else None
    )
    found = _judge(contract, "vulnerability", "2026-03-01", "2026-03-31", vulnerabilities=(fact,))
    assert len(found) == int(late)


def _efforts(*efforts: tuple[str, str, str]) -> tuple[EffortFact, ...]:
    return tuple(EffortFact(demand, date.fromisoformat(on), Decimal(days)) for demand, on, days in efforts)


def test_a_demand_over_seven_days_is_told_on_the_day_it_crosses(contract: Contract) -> None:
    efforts = _efforts(("D1", "2026-03-02", "7"), ("D2", "2026-03-02", "4"), ("D2", "2026-03-09", "3.5"))
    found = _judge(contract, "effort_single", "2026-03-01", "2026-03-31", efforts=efforts)
    assert [(each.subject, each.actual, str(each.on)) for each in found] == [("D2", 7.5, "2026-03-09")]


@pytest.mark.parametrize(("last", "over"), [("1.75", False), ("1.76", True)])
def test_the_years_total_is_told_over_a_person_month(contract: Contract, last: str, over: bool) -> None:
    efforts = _efforts(*((f"D{n}", "2026-01-05", "5") for n in range(4)), ("D9", "2026-02-05", last))
    found = _judge(
        contract, "effort_total", "2026-01-01", "2026-03-31", as_of="2026-03-01 00:00", efforts=efforts
    )
    assert [(each.period, each.limit, str(each.on)) for each in found] == (
        [("Y2", 21.75, "2026-02-28")] if over else []
    )
    # The year before is another year.
    earlier = (*efforts, *_efforts(("D0", "2025-11-30", "20")))
    answer = _judge(
        contract, "effort_total", "2026-01-01", "2026-03-31", as_of="2026-03-01 00:00", efforts=earlier
    )
    assert len(answer) == int(over)


def _staff(**fields: Any) -> StaffFact:
    given = {"role": "engineer", "joined_vendor_on": date(2020, 1, 1), "from_on": date(2024, 12, 1), **fields}
    return StaffFact("虚构·陈工", **given)


@pytest.mark.parametrize(
    ("notice", "handover", "faults"),
    [
        (date(2026, 2, 15), date(2026, 3, 10), 0),
        (date(2026, 2, 16), date(2026, 3, 10), 1),
        (date(2026, 2, 15), None, 1),
        (None, date(2026, 3, 10), 1),
    ],
)
def test_leaving_staff_give_a_months_notice_and_hand_over(
    contract: Contract, notice: date | None, handover: date | None, faults: int
) -> None:
    staff = (_staff(last_on=date(2026, 3, 15), notice_on=notice, handover_on=handover),)
    found = _judge(contract, "handover", "2026-03-01", "2026-03-31", staff=staff)
    assert len(found) == faults


@pytest.mark.parametrize(
    ("role", "joined", "short"),
    [
        ("engineer", date(2025, 3, 2), False),
        ("engineer", date(2025, 3, 3), True),
        ("manager", date(2023, 3, 2), False),
        ("manager", date(2023, 3, 3), True),
        ("support", date(2026, 3, 1), False),
    ],
)
def test_tenure_when_put_on_the_contract(contract: Contract, role: str, joined: date, short: bool) -> None:
    staff = (_staff(role=role, joined_vendor_on=joined, from_on=date(2026, 3, 2)),)
    assert len(_judge(contract, "tenure", "2026-03-01", "2026-03-31", staff=staff)) == int(short)


def test_every_engineer_passes_the_yearly_test(contract: Contract) -> None:
    facts = {
        "staff": (
            _staff(),
            _staff(role="manager"),
            StaffFact("虚构·李工", "engineer", date(2020, 1, 1), date(2025, 6, 1)),
        ),
        "certificates": (
            CertificateFact("虚构·李工", date(2025, 11, 30)),
            CertificateFact("虚构·陈工", date(2025, 12, 1)),
        ),
    }
    found = _judge(contract, "yearly_certificate", "2025-11-01", "2025-12-31", **facts)
    assert [(each.subject, each.period, each.clause) for each in found] == [("虚构·陈工", "Y1", "2.2")]
    early = _judge(
        contract, "yearly_certificate", "2025-11-01", "2025-12-31", as_of="2025-11-30 23:59", **facts
    )
    assert early == []


def test_on_site_days_are_asked_of_whole_weeks_with_their_working_days(contract: Contract) -> None:
    attendance = tuple(
        AttendanceFact(person, date.fromisoformat(day))
        for person, day in (
            ("甲", "2026-03-03"),
            ("甲", "2026-03-05"),
            ("甲", "2026-03-10"),
            ("乙", "2026-03-10"),
        )
    )
    found = _judge(contract, "onsite_days", "2026-03-01", "2026-03-17", attendance=attendance)
    # The week of the 2nd is kept, that of the 9th has one day, that of the 16th is not over.
    assert [(each.period, each.limit, each.actual, each.consequence) for each in found] == [
        ("2026-W11", 2.0, 1.0, "notice")
    ]


def test_a_week_with_one_working_day_asks_for_one(contract: Contract) -> None:
    changes = WorkingDayChanges(
        remove=tuple(DayChange(on=f"2026-03-{day:02d}", source="虚构") for day in range(10, 14))
    )
    other = contract.model_copy(update={"working_days": changes})
    found = _judge(other, "onsite_days", "2026-03-09", "2026-03-15")
    assert [(each.limit, each.actual) for each in found] == [(1.0, 0.0)]
    # National Day week of 2025: the 28th of September is a worked Sunday of the week before.
    assert [each.limit for each in _judge(contract, "onsite_days", "2025-09-29", "2025-10-05")] == [2.0]


@pytest.mark.parametrize("rule", ["monthly_training", "monthly_review"])
def test_one_training_and_one_review_each_month(contract: Contract, rule: str) -> None:
    facts: dict[str, Any] = {
        "trainings": (TrainingFact(date(2026, 3, 31)),),
        "reviews": (ReviewFact(date(2026, 3, 1)),),
    }
    found = _judge(contract, rule, "2026-02-01", "2026-04-30", as_of="2026-04-30 23:00", **facts)
    assert [each.period for each in found] == ["2026-02"]


def test_months_before_the_records_began_are_not_told(contract: Contract) -> None:
    kept = _keep(contract, "5.4", "monthly_training", "2026-02-15")
    found = _judge(kept, "monthly_training", "2025-01-01", "2026-04-30")
    # February was only half recorded.
    assert [each.period for each in found] == ["2026-03", "2026-04"]


def test_an_as_of_after_the_term_is_cut_to_it(contract: Contract) -> None:
    found = _judge(
        contract, "daily_patrol", "2026-11-01", "2027-02-28", as_of="2027-02-28 00:00", hosts=(HOST,)
    )
    assert [(str(each.on), each.actual) for each in found] == [("2026-11-30", 730.0)]


def test_all_other_duties_are_notices_or_obligations_and_count_nothing(contract: Contract) -> None:
    answer = _evaluate(
        contract, "2024-12-01", "2026-11-30", hosts=(HOST,), staff=(_staff(),), surveys=_surveys(q1=10)
    )
    assert {each.consequence for each in answer.findings} == {"notice", "obligation"}
    assert answer.counted == 0 and answer.by_clause == {"2.3": 0, "2.5": 0, "2.6": 0}
    assert len({each.key for each in answer.findings}) == len(answer.findings)


def test_an_answer_that_counted_days_of_an_unknown_year_says_so(contract: Contract) -> None:
    longer = contract.model_copy(update={"term": contract.term.model_copy(update={"years": 3})})
    days = tuple(AttendanceFact("甲", date(2027, 3, day)) for day in (2, 4))
    week = _evaluate(longer, "2027-03-01", "2027-03-07", attendance=days)
    assert week.provisional and not [each for each in week.findings if each.rule == "onsite_days"]
    assert not _evaluate(longer, "2026-11-02", "2026-11-08", attendance=days).provisional
    late = _judge(longer, "quarter_documents", "2027-03-31", "2027-03-31")
    assert [each.provisional for each in late] == [True]
    # December's report is due in January: the answer for 2026 rests on 2027 as well.
    due = _judge(longer, "monthly_report", "2026-12-31", "2026-12-31", as_of="2027-01-20 00:00")
    assert [each.provisional for each in due] == [True]
