"""Invented people: names put together at random from common characters; whoever bears one by chance is not meant."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eduops.contract.schema import Contract
from eduops.sheet.export import Column, Table
from eduops.training.rules.category import CATEGORIES
from eduops.training.rules.onboarding import share_headcount

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭"
_GIVEN = "安博晨丹恩芳涵佳静凯岚敏宁琪然珊桐婉欣雅泽卓逸溪朗若明远清和"
_DEPARTMENTS = (
    "内科",
    "外科",
    "妇产科",
    "儿科",
    "急诊科",
    "护理部",
    "药剂科",
    "检验科",
    "放射科",
    "公共卫生科",
)
_TITLES = ("初级", "中级", "副高", "高级")
_WEIGHTS = {"doctor": 30, "nurse": 45, "pharmacist": 8, "technician": 10, "resident": 7}


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many people of one tenant are invented."""

    tenant: str
    people: int


def list_headcounts(contract: Contract) -> list[Headcount]:
    """The headcount that the contract states for a body, shared over its units (clause 1.1 gives only the sum)."""
    found: list[Headcount] = []
    for body in contract.outside_bodies:
        names = [member.name for member in body.members] or [body.name]
        shares = share_headcount(body.learners or 0, len(names))
        found += [Headcount(name, people) for name, people in zip(names, shares, strict=True) if people]
    return found


def build_roster(headcounts: Sequence[Headcount], *, seed: int) -> Table:
    """A roster workbook of invented people, such as a health bureau would send."""
    columns = ("机构", "工号", "姓名", "人员类别", "科室", "职称")
    note = "演示数据：本名册中的人员均为虚构，姓名由常用字随机组合，如有雷同纯属巧合。"
    return Table(
        "名册", "学员名册（虚构）", note, [Column(name) for name in columns], _rows(headcounts, seed)
    )


def _rows(headcounts: Sequence[Headcount], seed: int) -> Iterator[tuple[str, ...]]:
    generator = random.Random(f"people/{seed}")  # noqa: S311 - invented people
    kinds, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    number = 0
    for headcount in headcounts:
        for _ in range(headcount.people):
            number += 1
            name = generator.choice(_SURNAMES) + "".join(
                generator.choices(_GIVEN, k=generator.choice((1, 2, 2)))
            )
            category = generator.choices(kinds, weights)[0]
            department = "护理部" if category == "nurse" else generator.choice(_DEPARTMENTS)
            title = generator.choice(_TITLES)
            yield headcount.tenant, f"XN{number:05d}", name, CATEGORIES[category], department, title
