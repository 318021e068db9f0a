"""What another database would not take, and values in a form in which equal ones look the same: pure."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, Table

from eduops.store.column import ExactInstant, ExactJson, Hundredths, Json, PackedText, UtcDateTime, dump_json

Values = tuple[Any, ...]  # Any: a row's values are whatever its columns hold
_Judge = Callable[[Any], str | None]
_plain_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_NOT_TEXT = "含有空字符（NUL），PostgreSQL 的文字里不能有"
_HALF = "含有半个字符（孤立的代理项），存不下"
OTHER_TYPE = "不是这一列该有的类型"


def build_check(table: Table, dialect: str) -> Callable[[Values], tuple[str, str] | None]:
    """What tells the first column of a row that a database of that kind would not take, and why."""
    if dialect != "postgresql":
        return lambda _values: None
    judges = [(place, column.name, _build_judge(column)) for place, column in enumerate(table.columns)]

    def check(values: Values) -> tuple[str, str] | None:
        for place, name, judge in judges:
            value = values[place]
            if value is not None and (wrong := judge(value)):
                return name, wrong
        return None

    return check


def build_plain(table: Table) -> Callable[[Values], Values]:
    """What makes JSON values, whose keys a database may order anew, comparable; all others are so already."""
    places = [
        place for place, column in enumerate(table.columns) if isinstance(column.type, Json | ExactJson)
    ]
    if not places:
        return lambda values: values

    def plain(values: Values) -> Values:
        changed = list(values)
        for place in places:
            changed[place] = _plain_json(values[place])
        return tuple(changed)

    return plain


def _build_judge(column: Column[Any]) -> _Judge:
    match column.type:
        case Json():
            return _judge_json
        case ExactJson():
            return _judge_exact_json
        case Hundredths():
            return _judge_hundredths
        case UtcDateTime() | ExactInstant():
            return lambda value: None if isinstance(value, datetime) else OTHER_TYPE
        case Date():
            return lambda value: None if isinstance(value, date) else OTHER_TYPE
        case PackedText():
            return lambda value: None if isinstance(value, str) else OTHER_TYPE
        case Boolean():
            return lambda value: None if isinstance(value, bool) else OTHER_TYPE
        case Integer() as kind:
            return _judge_integer(63 if isinstance(kind, BigInteger) else 31)
        case Float():
            return lambda value: None if isinstance(value, int | float) else OTHER_TYPE
        case kind:
            return _judge_text(getattr(kind, "length", None))


def _judge_text(length: int | None) -> _Judge:
    def judge(value: Any) -> str | None:
        if not isinstance(value, str):
            return OTHER_TYPE
        if length is not None and len(value) > length:
            return f"有 {len(value)} 个字，这一列最多 {length} 个"
        if "\0" in value:
            return _NOT_TEXT
        return None if value.isascii() or _is_whole(value) else _HALF

    return judge


def _judge_integer(bits: int) -> _Judge:
    def judge(value: Any) -> str | None:
        if not isinstance(value, int):
            return OTHER_TYPE
        return None if -(2**bits) <= value < 2**bits else f"数太大（{bits + 1} 位整数存不下）"

    return judge


def _judge_hundredths(value: Any) -> str | None:
    return None if abs(value * 100) < 2**31 else "数太大（32 位整数存不下）"


def _judge_json(value: Any) -> str | None:
    written = dump_json(value)
    if "\\u0000" in written and _holds(value, "\0"):
        return _NOT_TEXT
    if "\\ud" in written and not _is_whole(json.dumps(value, ensure_ascii=False)):
        return _HALF
    if "NaN" in written or "Infinity" in written:
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            return "含有不是数的数（NaN、Infinity），PostgreSQL 的 JSON 里不能有"
    return None


def _judge_exact_json(value: Any) -> str | None:
    return None if _is_whole(json.dumps(value, ensure_ascii=False)) else _HALF


def _holds(value: Any, character: str) -> bool:
    match value:
        case str():
            return character in value
        case dict():
            return any(character in key or _holds(part, character) for key, part in value.items())
        case list():
            return any(_holds(part, character) for part in value)
        case _:
            return False


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
