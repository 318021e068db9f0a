"""The contract file and the working days beside it, read and checked whole: every problem with its line."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from eduops.contract.rule_book import DUTIES, RULES, list_rules
from eduops.contract.schema import Contract, Frozen, WorkingDayChanges
from eduops.contract.schema_message import list_faults, render_unknown
from eduops.core.config import list_keys, path_of
from eduops.core.errors import ConfigError, Problem
from eduops.core.yaml_tree import Path_, Tree, load_tree

OVERLAY_NAME = "working-days.yaml"
"""The file of working days that belongs to every contract in its folder."""
_RULE_KEYS = ("consequence", "kept_from")
_Model = TypeVar("_Model", bound=Frozen)


def check_contract(path: Path) -> tuple[Problem, ...]:
    """Every problem of a contract file, by line; none where it can be used."""
    return _read(path)[1]


def load_contract(path: Path) -> Contract:
    """The contract in a file. Raises ConfigError with every problem."""
    contract, problems = _read(path)
    if contract is None or problems:
        files = "、".join(dict.fromkeys(each.file for each in problems)) or str(path)
        raise ConfigError(
            f"合同文件 {files} 有 {len(problems)} 处问题",
            hint="按列出的行号逐处修改后重试；随附的合同文件可作对照",
            problems=problems,
        )
    return contract


def _read(path: Path) -> tuple[Contract | None, tuple[Problem, ...]]:
    tree = load_tree(path)
    if tree.data is None and not tree.problems:
        tree.add((), "文件是空的")
    contract = None
    if tree.data is not None:
        contract = _validate(tree, Contract)
        _check_rules(tree)
    contract, beside = _overlay(contract, path.with_name(OVERLAY_NAME))
    problems = {*tree.problems, *beside}
    return contract, tuple(
        sorted(problems, key=lambda each: (each.file, each.line or 0, each.address, each.message))
    )


def _validate(tree: Tree, model: type[_Model]) -> _Model | None:
    try:
        return model.model_validate(tree.data)
    except ValidationError as errors:
        for error in errors.errors(include_url=False):
            known = list_keys(model, error["loc"][:-1]) if error["type"] == "extra_forbidden" else ()
            for place, message in list_faults(error, known):
                tree.add((*path_of(error), *place), message)
    return None


def _overlay(contract: Contract | None, path: Path) -> tuple[Contract | None, list[Problem]]:
    """The contract with the working days of the file beside it; what is wrong with that file."""
    if not path.exists():
        return contract, []
    tree = load_tree(path)
    changes = None if tree.data is None else _validate(tree, WorkingDayChanges)
    if contract is None or changes is None:
        return contract, tree.problems
    try:
        together = contract.working_days.joined(changes)
    except ValidationError as errors:
        for error in errors.errors(include_url=False):
            for place, message in list_faults(error):
                tree.add(_place_beside(contract, place), f"与合同文件的 working_days 重复：{message}")
        return contract, tree.problems
    return contract.model_copy(update={"working_days": together}), tree.problems


def _place_beside(contract: Contract, place: Path_) -> Path_:
    """A place in the file beside the contract, whose items stand behind the contract's own where both are joined."""
    name, number, *rest = place
    return name, int(number) - len(getattr(contract.working_days, str(name))), *rest


def _check_rules(tree: Tree) -> None:
    """Every rule belongs to a duty of its clause and has exactly its figures; every duty stands in one clause."""
    carriers: dict[str, str] = {}
    for number, clause in (_mapping(tree.data, "clauses") or {}).items():
        duties = _list_duties(clause)
        for duty in duties:
            path: Path_ = ("clauses", number, "duties")
            if duty in carriers:
                tree.add(path, f"职责「{duty}」已由条款「{carriers[duty]}」承担，一份合同只写一次")
            carriers.setdefault(duty, number)
        _check_clause(tree, number, duties, _mapping(clause, "rules") or {})
    for setting in ("off_site_resolution", "stoppage_count"):
        chosen = (_mapping(tree.data, "policy") or {}).get(setting)
        if chosen in ("second_resolution", "stoppages_of_term") and chosen not in carriers:
            tree.add(("policy", setting), f"选用了职责「{chosen}」的限值，但没有条款承担这项职责")


def _check_clause(tree: Tree, number: str, duties: list[str], rules: dict[str, object]) -> None:
    known = [name for duty in duties for name in list_rules(duty)]
    for name, given in rules.items():
        path: Path_ = ("clauses", number, "rules", name)
        if name not in known:
            owners = "、".join(duty for duty in DUTIES if name in list_rules(duty))
            hint = f"（它属于职责 {owners}，请写进本条的 duties）" if owners else ""
            tree.add(path, render_unknown(name, known) + hint)
        elif known.count(name) > 1:
            tree.add(path, f"规则「{name}」同属本条的两项职责，分不清是哪一项，请拆成两条")
        elif isinstance(given, dict):
            kind = next(kind for (duty, rule), kind in RULES.items() if rule == name and duty in duties)
            _check_figures(tree, path, set(given), kind.figures)
    for duty in duties:
        if not set(list_rules(duty)) & set(rules):
            wanted = "、".join(list_rules(duty))
            tree.add(("clauses", number, "duties"), f"职责「{duty}」没有任何规则，rules 里应有：{wanted}")


def _list_duties(clause: object) -> list[str]:
    found = clause.get("duties") if isinstance(clause, dict) else None
    return [duty for duty in found if duty in DUTIES] if isinstance(found, list) else []


def _check_figures(tree: Tree, path: Path_, given: set[str], wanted: tuple[str, ...]) -> None:
    for name in sorted(given - set(wanted) - set(_RULE_KEYS)):
        tree.add((*path, name), render_unknown(name, (*wanted, *_RULE_KEYS)))
    for name in wanted:
        if name not in given:
            tree.add((*path, name), "缺少这个数值")


def _mapping(value: object, key: str) -> dict[str, object] | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else None
