"""Configuration files: YAML checked against a pydantic model, every problem at once with file, line and a sentence."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from eduops.core.errors import ConfigError, Problem
from eduops.core.yaml_tree import Path_, load_tree

Model = TypeVar("Model", bound=BaseModel)


def load_yaml(path: Path, model: type[Model]) -> Model:
    """The file's content as a checked `model`. Raises ConfigError that lists every problem."""
    value, problems = check_yaml(path, model)
    if value is None:
        raise ConfigError(
            f"配置文件 {path} 有 {len(problems)} 处问题", hint="逐条改正后再运行", problems=problems
        )
    return value


def check_yaml(path: Path, model: type[Model]) -> tuple[Model | None, tuple[Problem, ...]]:
    """The checked model and no problems, or None and every problem found; an empty file says nothing, not wrong."""
    tree = load_tree(path)
    value = None
    if tree.data is not None or not tree.problems:
        try:
            value = model.model_validate({} if tree.data is None else tree.data)
        except ValidationError as errors:
            for detail in errors.errors(include_url=False):
                tree.add(path_of(detail), sentence(detail, model))
    if tree.problems:
        return None, tuple(sorted(tree.problems, key=lambda problem: problem.line or 0))
    return value, ()


def list_keys(model: type[BaseModel], path: Path_) -> tuple[str, ...]:
    """The keys that may stand at a key path of a model, found by walking the models along it."""
    found: type[BaseModel] = model
    for part in path:
        if not isinstance(part, int):
            found = _models_of(found).get(part, found)
    return tuple(field.alias or name for name, field in found.model_fields.items())


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


def path_of(detail: ErrorDetails) -> Path_:
    """The key path in the file that an error is about."""
    # pydantic marks a bad dict key with "[key]"; the file has no such part.
    return tuple(part for part in detail["loc"] if part != "[key]")


def placed(problems: Sequence[tuple[Path_, str]]) -> ValidationError:
    """What a validator raises for things wrong below its own place, so that each is told with its own line."""
    return ValidationError.from_exception_data(
        "placed",
        [
            InitErrorDetails(
                type=PydanticCustomError("value_error", "{error}", {"error": said}), loc=path, input=None
            )
            for path, said in problems
        ],
    )


def sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """A pydantic error as a Chinese sentence."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "缺少这一项"
        case "extra_forbidden":
            return "没有这个键" + _did_you_mean(detail["loc"], model)
        case "literal_error" | "enum":
            return f"值{_shown(detail['input'])}不在可选范围：{context.get('expected', '')}".replace(
                " or ", " 或 "
            )
        case "too_short" | "string_too_short":
            return "不能为空"
        case "string_pattern_mismatch":
            return f"值{_shown(detail['input'])}的写法不对"
        case "value_error":
            return str(context.get("error", "值不正确"))
        case kind if kind.startswith(("greater_than", "less_than")):
            words = {
                "greater_than": "大于",
                "greater_than_equal": "不小于",
                "less_than": "小于",
                "less_than_equal": "不大于",
            }
            bound = next((context[key] for key in ("gt", "ge", "lt", "le") if key in context), "")
            limit = f"{bound:g}" if isinstance(bound, float) else bound
            return f"值{_shown(detail['input'])}应{words.get(kind, '符合')} {limit}"
        case kind:
            return f"值{_shown(detail['input'])}不是{_expected(kind)}"


def _shown(value: object) -> str:
    # A slip of indentation can make half a file the value.
    text = str(value)
    return "（空）" if value is None else f"「{text[:40]}…」" if len(text) > 40 else f"「{text}」"


def _expected(kind: str) -> str:
    words = {
        "string": "文字", "int": "整数", "float": "数字", "decimal": "数字", "bool": "是或否（true/false）", "list": "列表",
        "tuple": "列表", "dict": "键值表", "model": "键值表", "datetime": "时刻", "date": "日期（如 2026-03-05）",
        "time": "时间（如 08:00）", "set": "列表", "frozenset": "列表",
    }  # fmt: skip
    return next((word for start, word in words.items() if kind.startswith(start)), "允许的值")


def _did_you_mean(path: Path_, model: type[BaseModel]) -> str:
    close = get_close_matches(str(path[-1]), list_keys(model, path[:-1]), n=1)
    return f"，是否想写「{close[0]}」" if close else ""
