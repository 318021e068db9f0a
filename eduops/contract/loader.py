"""The contract file, read and checked whole: every problem with its line."""

from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from eduops.contract.rule_book import RULES
from eduops.contract.schema import Contract
from eduops.contract.schema_message import render_error, render_unknown
from eduops.contract.yaml_tree import Path_, Tree, load_tree
from eduops.core.errors import ConfigError, Problem

_RULE_KEYS = ("consequence", "kept_from")


def check_contract(path: Path) -> tuple[Problem, ...]:
    """Every problem of a contract file, by line; none where it can be used."""
    return _read(path)[1]


def load_contract(path: Path) -> Contract:
    """The contract in a file. Raises ConfigError with every problem."""
    contract, problems = _read(path)
    if contract is None or problems:
        raise ConfigError(
            f"合同文件 {path} 有 {len(problems)} 处问题",
            hint="按列出的行号逐处修改后重试；随附的合同文件可作对照",
            problems=problems,
        )
    return contract


def _read(path: Path) -> tuple[Contract | None, tuple[Problem, ...]]:
    tree = load_tree(path)
    contract = None
    if tree.data is not None:
        contract = _validate(tree)
        _check_rules(tree)
    return contract, tuple(
        sorted(set(tree.problems), key=lambda each: (each.line or 0, each.address, each.message))
    )


def _validate(tree: Tree) -> Contract | None:
    try:
        return Contract.model_validate(tree.data)
    except ValidationError as errors:
        for error in errors.errors(include_url=False):
            known = _known_keys(tuple(error["loc"][:-1])) if error["type"] == "extra_forbidden" else ()
            tree.add(_path_of(error), render_error(error, known))
    return None


def _path_of(error: ErrorDetails) -> Path_:
    # pydantic marks a bad dict key with "[key]"; the file has no such part.
    return tuple(part for part in error["loc"] if part != "[key]")


def _known_keys(path: Path_) -> tuple[str, ...]:
    """The keys of the model at a path, found by walking the models along it."""
    model: type[BaseModel] | None = Contract
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        model = _models_of(model).get(part, model)
    if model is None:
        return ()
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _models_of(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    return {
        field.alias or name: found
        for name, field in model.model_fields.items()
        if (found := _find_model(field.annotation)) is not None
    }


def _find_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _find_model(argument)
        if found is not None:
            return found
    return None


def _check_rules(tree: Tree) -> None:
    """Every rule of the rule book stands in its clause with exactly its figures."""
    clauses = _mapping(tree.data, "clauses")
    if clauses is None:
        return
    for number, clause in clauses.items():
        for name in _mapping(clause, "rules") or {}:
            if (number, name) not in RULES:
                known = [rule for owner, rule in RULES if owner == number]
                path: Path_ = ("clauses", number, "rules", name)
                tree.add(path, render_unknown(name, known) + f"（第 {number} 条没有这条规则）")
    for (number, name), kind in RULES.items():
        rules = _mapping(clauses.get(number), "rules") or {}
        if name not in rules:
            where = f"第 {number} 条" + ("" if number in clauses else "整条没有写，")
            tree.add(("clauses", number, "rules"), f"{where}缺少规则「{name}」（{kind.title}）")
        elif (given := _mapping(rules, name)) is not None:
            _check_figures(tree, ("clauses", number, "rules", name), set(given), kind.figures)


def _check_figures(tree: Tree, path: Path_, given: set[str], wanted: tuple[str, ...]) -> None:
    for name in sorted(given - set(wanted) - set(_RULE_KEYS)):
        tree.add((*path, name), render_unknown(name, (*wanted, *_RULE_KEYS)))
    for name in wanted:
        if name not in given:
            tree.add((*path, name), "缺少这个数值")


def _mapping(value: object, key: str) -> dict[str, object] | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else None
