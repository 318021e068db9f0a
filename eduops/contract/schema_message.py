"""What pydantic finds wrong, said in Chinese."""

import difflib
from collections.abc import Iterable, Mapping

from pydantic_core import ErrorDetails

from eduops.contract.schema_type import Fault

_WORDS = {
    "missing": "缺少这一项",
    "string_type": "应是文字（数字请加引号）",
    "string_too_short": "不能为空",
    "string_pattern_mismatch": "只能用小写字母、数字和短横线，如 pan-yu-01",
    "int_type": "应是整数",
    "int_parsing": "应是整数",
    "int_from_float": "应是整数",
    "bool_type": "应是 true 或 false",
    "bool_parsing": "应是 true 或 false",
    "tuple_type": "应是列表（每项以「- 」开头）",
    "list_type": "应是列表（每项以「- 」开头）",
    "dict_type": "应是一组「键: 值」",
    "model_type": "应是一组「键: 值」",
    "model_attributes_type": "应是一组「键: 值」",
    "too_short": "至少要有一项",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "不能小于"),
    "greater_than": ("gt", "应大于"),
    "less_than_equal": ("le", "不能大于"),
    "less_than": ("lt", "应小于"),
}


def list_faults(error: ErrorDetails, known_keys: Iterable[str] = ()) -> tuple[Fault, ...]:
    """What one error says, each sentence with its place below the error's own."""
    context: Mapping[str, tuple[Fault, ...]] = error.get("ctx", {})
    return context.get("faults", (((), render_error(error, known_keys)),))


def render_error(error: ErrorDetails, known_keys: Iterable[str]) -> str:
    """One Chinese sentence for one error; `known_keys` are the keys that may stand where an unknown one does."""
    kind = error["type"]
    context: Mapping[str, object] = error.get("ctx", {})
    if kind == "eduops":
        return str(context["message"])
    if kind == "extra_forbidden":
        return render_unknown(str(error["loc"][-1]), known_keys)
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "").replace(" or ", "、").replace(", ", "、")
        return f"「{error['input']}」不在允许的值里：{expected}"
    if kind in _BOUNDS:
        name, word = _BOUNDS[kind]
        return f"「{error['input']}」{word} {context[name]}"
    return _WORDS.get(kind, "值不合要求，请对照随附的合同文件")


def render_unknown(key: str, known_keys: Iterable[str]) -> str:
    """The sentence for a key that nobody knows, with the likeliest known one."""
    close = difflib.get_close_matches(key, list(known_keys), n=1, cutoff=0.6)
    return f"不认识的键「{key}」" + (f"，是不是「{close[0]}」？" if close else "")
