"""Configuration files: YAML checked against a pydantic model, every problem at once with file, line and a sentence."""

from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from eduops.core.errors import ConfigError, Problem

Model = TypeVar("Model", bound=BaseModel)
_Address = tuple[str | int, ...]
_LARGEST_BYTES = 4_000_000
_TAGS = {"null": "空值", "bool": "布尔值", "int": "整数", "float": "小数", "str": "文字", "timestamp": "日期"}


def load_yaml(path: Path, model: type[Model]) -> Model:
    """The file's content as a checked `model`. Raises ConfigError that lists every problem."""
    value, problems = check_yaml(path, model)
    if value is None:
        raise ConfigError(
            f"配置文件 {path} 有 {len(problems)} 处问题", hint="逐条改正后再运行", problems=problems
        )
    return value


def check_yaml(path: Path, model: type[Model]) -> tuple[Model | None, tuple[Problem, ...]]:
    """The checked model and no problems, or None and every problem found."""
    try:
        text = _read_text(path)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        return None, (Problem(str(path), "整个文件", _unreadable(error)),)
    except yaml.YAMLError as error:
        return None, (_syntax_problem(path, error),)
    lines: dict[_Address, int] = {(): 1}
    problems: list[Problem] = []
    data = {} if root is None else _build(root, (), lines, problems, path)
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        problems += [_model_problem(path, detail, lines, model) for detail in error.errors()]
    if problems:
        return None, tuple(sorted(problems, key=lambda problem: problem.line or 0))
    return value, ()


def _read_text(path: Path) -> str:
    if path.stat().st_size > _LARGEST_BYTES:
        raise ValueError("文件超过 4 MB，不像配置文件")
    return path.read_text(encoding="utf-8-sig")


def _build(
    node: yaml.Node, address: _Address, lines: dict[_Address, int], problems: list[Problem], path: Path
) -> object:
    """Plain data from a node tree, remembering each address's line; duplicate keys and aliases are problems."""
    if address in lines and address:
        problems.append(
            Problem(str(path), f"第 {_line(node)} 行", f"键「{_dotted(address)}」重复", _line(node))
        )
    lines[address] = _line(node)
    match node:
        case yaml.MappingNode():
            made: dict[object, object] = {}
            for key_node, value_node in node.value:
                key = str(key_node.value)
                made[key] = _build(value_node, (*address, key), lines, problems, path)
                lines[(*address, key)] = _line(key_node)
            return made
        case yaml.SequenceNode():
            return [_build(item, (*address, i), lines, problems, path) for i, item in enumerate(node.value)]
        case _:
            return _scalar(node, problems, path)


def _scalar(node: yaml.Node, problems: list[Problem], path: Path) -> object:
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):
        problems.append(
            Problem(str(path), f"第 {_line(node)} 行", f"值「{node.value}」无法识别", _line(node))
        )
        return None


def _model_problem(
    path: Path, detail: ErrorDetails, lines: dict[_Address, int], model: type[BaseModel]
) -> Problem:
    address: _Address = detail["loc"]
    known = address
    while known not in lines:
        known = known[:-1]
    line = lines[known]
    where = f"第 {line} 行 {_dotted(address)}".rstrip()
    return Problem(str(path), where, sentence(detail, model), line)


def sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """A pydantic error as a Chinese sentence."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "缺少这一项"
        case "extra_forbidden":
            return "没有这个键" + _did_you_mean(str(detail["loc"][-1]), detail["loc"], model)
        case "literal_error" | "enum":
            return f"值「{detail['input']}」不在可选范围：{context.get('expected', '')}".replace(
                " or ", " 或 "
            )
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
            return f"值 {detail['input']} 应{words.get(kind, '符合')} {bound}"
        case kind:
            return f"值「{detail['input']}」不是{_expected(kind)}"


def _expected(kind: str) -> str:
    words = {
        "string": "文字", "int": "整数", "float": "数字", "decimal": "数字", "bool": "是或否（true/false）", "list": "列表",
        "tuple": "列表", "dict": "键值表", "model": "键值表", "date": "日期（如 2026-03-05）", "datetime": "时刻",
        "time": "时间（如 08:00）", "set": "列表", "frozenset": "列表",
    }  # fmt: skip
    return next((word for start, word in words.items() if kind.startswith(start)), "允许的值")


def _did_you_mean(key: str, address: _Address, model: type[BaseModel]) -> str:
    names = list(model.model_fields) if len(address) == 1 else []
    close = get_close_matches(key, names, n=1)
    return f"，是否想写「{close[0]}」" if close else ""


def _syntax_problem(path: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    return Problem(str(path), f"第 {line} 行", "YAML 写法有误，多为缩进、冒号或引号", line)


def _unreadable(error: OSError | UnicodeDecodeError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "文件不存在"
        case UnicodeDecodeError():
            return "不是 UTF-8 编码的文本"
        case OSError():
            return f"读不了：{error.strerror}"
        case _:
            return str(error)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _dotted(address: _Address) -> str:
    return ".".join(str(part) for part in address)
