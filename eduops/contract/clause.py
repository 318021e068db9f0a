"""A clause explained: its words, its parameters, and how eduops computes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from eduops.contract.clause_rule import build_rules, clause_order, render_clause
from eduops.contract.rule_book import RULES
from eduops.contract.schema import Consequence, Contract
from eduops.core.errors import NotFound


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """One computed rule of a clause; `how` is a Chinese sentence."""

    rule: str
    title: str
    consequence: Consequence
    figures: Mapping[str, Decimal]
    kept_from: date | None
    how: str


@dataclass(frozen=True, slots=True)
class ClauseExplanation:
    """A clause as the contract words it and as eduops computes it."""

    number: str
    title: str
    quote: str
    consequence: Consequence
    parameters: Mapping[str, str]
    rules: tuple[RuleExplanation, ...]


def list_clauses(contract: Contract) -> tuple[str, ...]:
    """The numbers of all clauses, 2.3 before 2.10."""
    return tuple(sorted(contract.clauses, key=clause_order))


def explain_clause(contract: Contract, number: str) -> ClauseExplanation:
    """A clause with its rules. Raises NotFound where the contract has no such clause."""
    clause = contract.clauses.get(number)
    if clause is None:
        raise NotFound(
            f"合同文件里没有{render_clause(number)}", hint=f"可查的条款：{'、'.join(list_clauses(contract))}"
        )
    rules = (rule for rule in build_rules(contract).values() if rule.clause == number)
    return ClauseExplanation(
        number=number,
        title=clause.title,
        quote=clause.quote,
        consequence=clause.consequence,
        parameters=dict(clause.parameters),
        rules=tuple(
            RuleExplanation(
                rule=rule.name,
                title=RULES[rule.duty, rule.name].title,
                consequence=rule.consequence,
                figures=rule.figures,
                kept_from=rule.kept_from,
                how=RULES[rule.duty, rule.name].how,
            )
            for rule in rules
        ),
    )
