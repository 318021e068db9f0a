"""Drawing a paper from a bank by a blueprint: the same bank, blueprint and seed always give the same paper."""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from eduops.core.errors import NotAllowed, UsageError
from eduops.training.rules.question import MOST_POINTS, BankItem, GroupKind

KINDS = {
    "single": "单选题",
    "multiple": "多选题",
    "true_false": "判断题",
    "blank": "填空题",
    "shared_stem": "共用题干题",
    "shared_options": "共用选项题",
    "short_answer": "简答题",
    "case_analysis": "案例分析题",
}
"""What a part of a paper may consist of, in the order of a paper: question types, and groups drawn whole."""

_MOST_UNITS = 500


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a blueprint: how many units of a kind, and the points of each question.

    A unit is a question that stands alone, or a whole group (A3/A4, B1): a group is never split.
    """

    kind: str
    count: int
    points: Decimal


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """One question of a drawn paper: `number` from 1."""

    number: int
    kind: str
    item: BankItem
    points: Decimal


def parse_part(text: str) -> Part:
    """`single=20:1.5`: twenty single-choice questions of 1.5 points each. Raises UsageError."""
    match = re.fullmatch(r"(\w+)=(\d{1,9}):(\d{1,9}(?:\.\d{1,2})?)", text.strip())
    if match is None:
        raise UsageError(f"组卷要求「{text}」写法不对", hint="写成 类型=数量:每题分值，如 single=20:1.5")
    kind, count, points = match[1], int(match[2]), Decimal(match[3])
    if kind not in KINDS:
        choices = "、".join(f"{key}（{name}）" for key, name in KINDS.items())
        raise UsageError(f"组卷要求「{text}」里没有题型 {kind}", hint=f"可选：{choices}")
    if not 1 <= count <= _MOST_UNITS or not 0 < points <= MOST_POINTS:
        said = f"组卷要求「{text}」的数量应为 1 到 {_MOST_UNITS}，分值应大于 0、不超过 {MOST_POINTS}"
        raise UsageError(said, hint="改正后重试")
    return Part(kind, count, points)


def count_units(items: Iterable[BankItem]) -> dict[str, int]:
    """How many units of each kind a bank has."""
    return {kind: len(units) for kind, units in _pool(items).items()}


def draw(items: Iterable[BankItem], blueprint: Sequence[Part], *, seed: int) -> list[DrawnItem]:
    """Draws each part's units at random, in the order of KINDS.

    Raises NotAllowed that lists every kind of which the bank has too few, or that is asked for twice.
    """
    pool = _pool(items)
    _check(pool, blueprint)
    generator = random.Random(seed)  # noqa: S311 - a draw to be repeated, not a secret
    order = {kind: position for position, kind in enumerate(KINDS)}
    drawn: list[DrawnItem] = []
    for part in sorted(blueprint, key=lambda part: order[part.kind]):
        for unit in generator.sample(pool[part.kind], part.count):
            drawn += [
                DrawnItem(len(drawn) + n, part.kind, item, part.points) for n, item in enumerate(unit, 1)
            ]
    return drawn


def _pool(items: Iterable[BankItem]) -> dict[str, list[list[BankItem]]]:
    """The units of each kind, in the bank's order."""
    pool: dict[str, list[list[BankItem]]] = defaultdict(list)
    groups: dict[int, list[BankItem]] = {}
    for item in sorted(items, key=lambda item: (item.position, item.question_id)):
        if item.group_id is None:
            pool[item.question.type.value].append([item])
        elif item.group_id in groups:
            groups[item.group_id].append(item)
        else:
            groups[item.group_id] = [item]
            kind = item.group.kind if item.group else GroupKind.SHARED_STEM
            pool[kind.value].append(groups[item.group_id])
    return pool


def _check(pool: Mapping[str, Sequence[object]], blueprint: Sequence[Part]) -> None:
    kinds = [part.kind for part in blueprint]
    problems = [
        f"{KINDS[kind]}写了不止一次" for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1})
    ]
    problems += [
        f"{KINDS[part.kind]}要 {part.count}，题库只有 {len(pool.get(part.kind, ()))}"
        for part in blueprint
        if part.count > len(pool.get(part.kind, ()))
    ]
    if not blueprint:
        problems.append("没有写任何组卷要求")
    if problems:
        raise NotAllowed(
            "不能组卷：" + "；".join(problems), hint="用 eduops bank stats 查看各题型数量，再改组卷要求"
        )
