"""A contract that lacks a rule makes no finding of it, and all the others as before (facts all 虚构)."""

from datetime import date
from decimal import Decimal

from contract_case import OFF_SITE, at, incident, stoppage

from eduops.contract.clause_rule import RuleKey, build_rules
from eduops.contract.conflict import list_conflicts
from eduops.contract.engine import Evaluation, deadlines, evaluate
from eduops.contract.explain import explain_ticket
from eduops.contract.fact import (
    DemandFact,
    EffortFact,
    Facts,
    HostFact,
    StaffFact,
    SurveyFact,
    VulnerabilityFact,
)
from eduops.contract.forecast import forecast
from eduops.contract.schema import Contract

DAYS = {"from_on": date(2024, 12, 1), "to_on": date(2026, 11, 30)}
AS_OF = at("2026-11-30 12:00")
TICKETS = (
    incident(responded_at=None, arrived_at=None),
    *(
        stoppage(f"2026-01-0{day} 20:00", f"2026-01-0{day} 21:30", f"{impact}-{day}", impact=impact)
        for impact in ("system", "department")
        for day in (5, 6, 7)
    ),
)
EVERYTHING_WRONG = Facts(
    tickets=TICKETS,
    hosts=(HostFact("虚构-app"),),
    patrols=(),
    attendance=(),
    surveys=(SurveyFact(date(2025, 2, 1), Decimal(50)),),
    demands=(DemandFact("D1", date(2025, 2, 1), date(2025, 2, 2)),),
    efforts=(EffortFact("D1", date(2025, 2, 1), Decimal(30)),),
    deliverables=(),
    staff=(
        StaffFact("虚构甲", "engineer", date(2024, 11, 1), date(2024, 12, 1)),
        StaffFact("虚构乙", "manager", date(2024, 11, 1), date(2024, 12, 1), last_on=date(2025, 5, 1)),
    ),
    certificates=(),
    trainings=(),
    reviews=(),
    vulnerabilities=(VulnerabilityFact("VUL-1", date(2025, 3, 1)),),
)


def _without(contract: Contract, key: RuleKey) -> Contract:
    rule = build_rules(contract)[key]
    clause = contract.clauses[rule.clause]
    kept = {name: each for name, each in clause.rules.items() if name != rule.name}
    changed = clause.model_copy(update={"rules": kept})
    return contract.model_copy(update={"clauses": {**contract.clauses, rule.clause: changed}})


def _keys(answer: Evaluation, *, but: tuple[str, str] = ("", "")) -> set[str]:
    return {each.key for each in answer.findings if (each.clause, each.rule) != but}


def test_every_rule_of_the_contract_is_broken_by_these_facts(contract: Contract) -> None:
    answer = evaluate(contract, EVERYTHING_WRONG, **DAYS, as_of=AS_OF)
    assert {(each.clause, each.rule) for each in answer.findings} == {
        (rule.clause, rule.name) for rule in build_rules(contract).values()
    }


def test_any_rule_can_be_left_out_and_takes_only_its_own_findings_along(contract: Contract) -> None:
    whole = evaluate(contract, EVERYTHING_WRONG, **DAYS, as_of=AS_OF)
    for key, rule in build_rules(contract).items():
        left = _without(contract, key)
        answer = evaluate(left, EVERYTHING_WRONG, **DAYS, as_of=AS_OF)
        assert _keys(answer) == _keys(whole, but=(rule.clause, rule.name)), key
        told = {each.source.name for each in deadlines(left, TICKETS[0], AS_OF) if each.source.duty == key[0]}
        assert key[1] not in told
        for conflict in list_conflicts(left, Facts(tickets=TICKETS), **DAYS, as_of=AS_OF):
            assert [each.is_in_force for each in conflict.readings] == [True, False]


def test_a_contract_without_any_duty_finds_nothing(contract: Contract) -> None:
    bare = contract.model_copy(update={"clauses": {}})
    answer = evaluate(bare, EVERYTHING_WRONG, **DAYS, as_of=AS_OF)
    assert (answer.findings, answer.counted, answer.by_clause, answer.obligations) == ((), 0, {}, ())
    assert deadlines(bare, TICKETS[0], AS_OF) == ()
    assert explain_ticket(bare, TICKETS[1], as_of=AS_OF, others=TICKETS).clocks == ()
    assert forecast(bare, EVERYTHING_WRONG, **DAYS, as_of=at(OFF_SITE), until=AS_OF) == ()
