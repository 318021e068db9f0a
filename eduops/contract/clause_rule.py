"""The rules of one contract, each where the file has put it: found by duty, called by the clause's own name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from eduops.contract.rule_book import RULES, Duty
from eduops.contract.schema import Clause, Consequence, Contract

RuleKey = tuple[Duty, str]


@dataclass(frozen=True, slots=True)
class ClauseRule:
    """A rule in its clause: what it comes to, since when it was recorded, its figures by the rule book's names.

    `named` is the clause as a sentence names it.
    """

    duty: Duty
    clause: str
    name: str
    named: str
    consequence: Consequence
    kept_from: date | None
    figures: Mapping[str, Decimal]

    def is_kept(self, day: date) -> bool:
        """Whether the rule's records had begun by a day (setting `kept_from`)."""
        return self.kept_from is None or day >= self.kept_from


def build_rules(contract: Contract) -> dict[RuleKey, ClauseRule]:
    """Every rule that the contract has, by duty and name."""
    return {
        (duty, name): ClauseRule(
            duty=duty,
            clause=number,
            name=name,
            named=f"合同{render_clause(number)}",
            consequence=_settle(contract, duty, rule.consequence or clause.consequence),
            kept_from=rule.kept_from,
            figures=rule.figures,
        )
        for number, clause in contract.clauses.items()
        for name, rule in clause.rules.items()
        if (duty := find_duty(clause, name)) is not None
    }


def find_duty(clause: Clause, rule: str) -> Duty | None:
    """The duty of a clause that a rule belongs to."""
    return next((duty for duty in clause.duties if (duty, rule) in RULES), None)


def clause_order(clause: str) -> tuple[int, tuple[int, ...], str]:
    """What clauses are sorted by: 2.3 before 2.10 before 5.1(4), then names by letter, Part 2 before Part 10."""
    if re.match(r"\d", clause):
        return 0, tuple(int(number) for number in re.findall(r"\d+", clause)), clause
    return 1, (), re.sub(r"\d+", lambda number: number[0].zfill(9), clause.casefold())


def render_clause(clause: str) -> str:
    """A clause as Chinese sentences name it: 第 2.3 条, or by its name in quotes."""
    return f"第 {clause} 条" if re.fullmatch(r"[\d.()（）]+", clause) else f"「{clause}」条款"


def _settle(contract: Contract, duty: Duty, consequence: Consequence) -> Consequence:
    """Under `stoppage_count: stoppages_of_term` the number allowed in the whole term is the one that is breached."""
    is_moved = duty == "stoppages_of_term" and contract.policy.stoppage_count == "stoppages_of_term"
    return "breach" if is_moved else consequence
