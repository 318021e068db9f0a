"""Open readings side by side: what a period comes to under the one in force, and under the other."""

from dataclasses import dataclass
from datetime import date, datetime

from eduops.contract.clause_rule import build_rules
from eduops.contract.engine import Evaluation, evaluate
from eduops.contract.fact import Facts
from eduops.contract.finding import Finding
from eduops.contract.policy import OPEN_READINGS
from eduops.contract.schema import Contract


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a setting, in a Chinese sentence, and the period under it."""

    value: str
    text: str
    is_in_force: bool
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Conflict:
    """A reading that the contract leaves open: the setting's two values, the default first."""

    setting: str
    title: str
    clauses: tuple[str, ...]
    readings: tuple[Reading, ...]

    @property
    def matters(self) -> bool:
        """Whether the period comes to something else under the other reading."""
        return any(self.list_own(reading) for reading in self.readings)

    def list_own(self, reading: Reading) -> tuple[Finding, ...]:
        """The findings that only this reading makes, or makes with another count, limit or period."""
        others = {
            _essence(finding)
            for other in self.readings
            if other is not reading
            for finding in other.evaluation.findings
        }
        return tuple(each for each in reading.evaluation.findings if _essence(each) not in others)

    def to_json(self) -> dict[str, object]:
        """The conflict as `contract conflicts --json` prints it."""
        return {
            "setting": self.setting,
            "title": self.title,
            "clauses": list(self.clauses),
            "matters": self.matters,
            "readings": [
                {
                    "value": each.value,
                    "text": each.text,
                    "in_force": each.is_in_force,
                    "counted": each.evaluation.counted,
                    "by_clause": each.evaluation.by_clause,
                    "findings": len(each.evaluation.findings),
                    "only_here": [finding.to_json() for finding in self.list_own(each)],
                }
                for each in self.readings
            ],
        }


def list_conflicts(
    contract: Contract, facts: Facts, *, from_on: date, to_on: date, as_of: datetime
) -> tuple[Conflict, ...]:
    """Every open reading that the contract's duties leave, with the findings of [from_on, to_on] under each value.

    Each reading is changed alone; the other settings stay as the contract file has them.
    """
    rules = build_rules(contract)
    in_force = evaluate(contract, facts, from_on=from_on, to_on=to_on, as_of=as_of)

    def read(setting: str, value: str, text: str) -> Reading:
        if getattr(contract.policy, setting) == value:
            return Reading(value, text, True, in_force)
        policy = contract.policy.model_copy(update={setting: value})
        other = contract.model_copy(update={"policy": policy})
        answer = evaluate(other, facts, from_on=from_on, to_on=to_on, as_of=as_of)
        return Reading(value, text, False, answer)

    return tuple(
        Conflict(
            setting=each.setting,
            title=each.title,
            clauses=each.list_clauses(rules),
            readings=tuple(read(each.setting, value, text) for value, text in each.describe(rules).items()),
        )
        for each in OPEN_READINGS
        if each.is_open(rules)
    )


def _essence(finding: Finding) -> tuple[object, ...]:
    return finding.key, finding.counted, finding.consequence, finding.limit, finding.due_at
