"""What a sound course is, and how its hours and its mode are written."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from eduops.training.rules import identity

MODES = {"online": "线上课程", "live": "直播", "onsite": "线下"}
STATES = {"open": "开设", "withdrawn": "已撤下"}
MOST_CHARACTERS = {"title": 200, "lecturer": 100, "department": 200}
"""The longest of each, in characters."""
_MODE_SPELLINGS = {said: mode for mode, said in MODES.items()} | {mode: mode for mode in MODES} | {
    "线上": "online", "在线": "online", "网络": "online", "网络课程": "online", "在线课程": "online", "录播": "online",
    "直播课程": "live", "直播课": "live", "线上直播": "live", "线下课程": "onsite", "线下培训": "onsite", "面授": "onsite",
    "现场": "onsite",
}  # fmt: skip
_NAMES = {"title": "课程名称", "lecturer": "讲师", "department": "授课科室"}
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_HUNDREDTH = Decimal("0.01")
_MOST_HOURS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class CourseTerms:
    """What is said of a course; None where nothing is. Both days are included; `hours` are class hours (学时)."""

    title: str
    mode: str | None = None
    hours: Decimal | None = None
    lecturer: str | None = None
    department: str | None = None
    start_on: date | None = None
    last_on: date | None = None


@dataclass(frozen=True, slots=True)
class Slip:
    """What keeps a course from being sound: the field, a code, a Chinese sentence."""

    field: str
    code: str
    message: str


def list_slips(terms: CourseTerms) -> Iterator[Slip]:
    """Everything that is wrong with a course."""
    if not terms.title:
        yield Slip("title", "missing", "缺少课程名称")
    if terms.mode not in MODES:
        said = f"「{terms.mode[:20]}」不是授课形式" if terms.mode else "没有写授课形式"
        yield Slip("mode", "unknown_mode", f"{said}；可用：{'、'.join(MODES.values())}")
    for field, most in MOST_CHARACTERS.items():
        if len(getattr(terms, field) or "") > most:
            yield Slip(field, "too_long", f"{_NAMES[field]}超过 {most} 个字")
    if terms.hours is not None and not is_hours(terms.hours):
        yield Slip("hours", "not_hours", "学时应大于 0、不超过 10000，最多两位小数")
    if identity.has_long_number(terms.lecturer or ""):
        yield Slip("lecturer", "number_in_lecturer", "讲师一栏里有电话或证件号；只写姓名")
    if terms.start_on and terms.last_on and terms.last_on < terms.start_on:
        yield Slip("last_on", "ends_before", f"结束日期 {terms.last_on} 早于开始日期 {terms.start_on}")


def is_hours(hours: Decimal) -> bool:
    """Whether a number can be a course's hours."""
    return hours.is_finite() and 0 < hours <= _MOST_HOURS and hours == hours.quantize(_HUNDREDTH)


def find_hours(text: str) -> Decimal | None:
    """The hours in a text: 2, 1.5, 2 学时; None where it is no number. Minutes are not turned into hours."""
    plain = unicodedata.normalize("NFKC", text).strip()
    for unit in ("个学时", "学时", "课时"):
        plain = plain.removesuffix(unit).strip()
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def find_mode(text: str) -> str | None:
    """The mode that a word means; None where nobody knows it."""
    return _MODE_SPELLINGS.get("".join(unicodedata.normalize("NFKC", text).casefold().split()))
