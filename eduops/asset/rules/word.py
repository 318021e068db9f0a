"""The words for roles, environments, kinds, directions and severities: what we keep, and how people write it."""

import unicodedata
from collections.abc import Mapping

ROLES = {
    "application": "应用服务器",
    "database": "数据库服务器",
    "web": "网页服务器",
    "all_in_one": "合一服务器",
}
ENVIRONMENTS = {"production": "生产", "test": "测试"}
KINDS = {"database": "数据库", "middleware": "中间件", "application": "应用", "other": "其他"}
DIRECTIONS = {"inbound": "接收", "outbound": "发送", "both": "双向"}
"""Seen from our service: 接收 is that the other system sends to us."""
SEVERITIES = {"critical": "严重", "high": "高危", "medium": "中危", "low": "低危"}
_YES = {"是": True, "有": True, "true": True, "yes": True, "y": True, "1": True, "√": True, "永久": True}
_NO = {"否": False, "无": False, "false": False, "no": False, "n": False, "0": False, "×": False}
_SPELLINGS: dict[str, dict[str, str]] = {
    "role": {
        "应用": "application", "数据库": "database", "web": "web", "web服务器": "web", "网页": "web",
        "前端": "web", "合一": "all_in_one", "一体": "all_in_one", "单机": "all_in_one", "应用服务": "application",
    },
    "environment": {
        "生产环境": "production", "正式": "production", "正式环境": "production", "测试环境": "test",
        "prod": "production",
    },
    "kind": {"应用程序": "application", "应用系统": "application", "db": "database", "其它": "other"},
    "direction": {
        "流入": "inbound", "入": "inbound", "in": "inbound", "输入": "inbound", "流出": "outbound", "出": "outbound",
        "out": "outbound", "输出": "outbound", "推送": "outbound", "交互": "both", "双向交互": "both",
    },
    "severity": {
        "危急": "critical", "超危": "critical", "紧急": "critical", "高": "high", "中": "medium", "低": "low",
        "高风险": "high", "中风险": "medium", "低风险": "low",
    },
}  # fmt: skip
_CHOICES: dict[str, Mapping[str, str]] = {
    "role": ROLES,
    "environment": ENVIRONMENTS,
    "kind": KINDS,
    "direction": DIRECTIONS,
    "severity": SEVERITIES,
}


def find_choice(field: str, text: str) -> str | None:
    """What a word stands for in a field of `_CHOICES`: ours, its Chinese word or a usual spelling; None if unknown."""
    plain = _plain(text)
    choices = _CHOICES[field]
    if plain in choices:
        return plain
    ours = {_plain(said): value for value, said in choices.items()} | _SPELLINGS[field]
    return ours.get(plain)


def said_choices(field: str) -> str:
    """What may be written in a field: 生产（production）、测试（test）."""
    return "、".join(f"{said}（{value}）" for value, said in _CHOICES[field].items())


def say(field: str, value: str) -> str:
    """The Chinese word of a kept value; the value itself where it has none."""
    return _CHOICES[field].get(value, value)


def find_yes(text: str) -> bool | None:
    """Yes or no as people write it; None where it is neither."""
    plain = _plain(text)
    return _YES.get(plain, _NO.get(plain))


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
