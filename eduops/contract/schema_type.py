"""The kinds of value a contract file may hold, each refused with a Chinese sentence."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

Fault = tuple[tuple[str | int, ...], str]
"""A place and what is wrong there."""
_Value = TypeVar("_Value", date, int)


def refuse(message: str) -> PydanticCustomError:
    """The error that pydantic carries to the loader with a Chinese sentence of ours."""
    # Braces in the message would be read as placeholders.
    return PydanticCustomError("eduops", "{message}", {"message": message})


def refuse_each(faults: Sequence[Fault]) -> PydanticCustomError:
    """The same for several sentences, each with its place below what is refused."""
    said = "；".join(message for _, message in faults)
    return PydanticCustomError("eduops", "{message}", {"message": said, "faults": tuple(faults)})


def list_seconds(
    items: Iterable[tuple[tuple[str | int, ...], _Value]],
) -> Iterator[tuple[tuple[str | int, ...], _Value]]:
    """The (place, value) pairs whose value an earlier one has too."""
    seen: set[_Value] = set()
    for place, value in items:
        if value in seen:
            yield place, value
        seen.add(value)


MOST = 10_000_000
"""No figure of a contract is larger; beyond it a limit leaves the calendar."""
_SHOWN = 30


def _read_day(value: object) -> date:
    if isinstance(value, date):
        return value
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise refuse(f"「{value}」不是日期，应写成 2024-12-01 的样子")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(f"「{value}」这一天不存在") from None


def _read_minute_of_day(value: object) -> int:
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", value) if isinstance(value, str) else None
    minute = int(match[1]) * 60 + int(match[2]) if match else -1
    if match is None or int(match[2]) > 59 or not 0 <= minute <= 24 * 60:
        raise refuse(f"「{value}」不是一天中的时刻，应写成 08:00 的样子，最晚 24:00")
    return minute


def _read_figure(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidOperation
        figure = Decimal(str(value))
    except InvalidOperation:
        raise refuse(f"「{value}」不是数字") from None
    if not figure.is_finite() or figure < 0:
        raise refuse(f"「{value}」应是不小于 0 的数字")
    if figure > MOST:
        raise refuse(f"「{_shorten(value)}」太大，应不大于 {MOST}")
    return figure


def _shorten(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _read_parameter(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise refuse("参数的值应是文字或数字")
    return str(value)


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse(f"不认识的时区「{name}」，应写成 Asia/Shanghai 的样子") from None
    return name


def unique_codes(what: str) -> AfterValidator:
    """Refuses a list in which two items have the same code."""

    def check(items: tuple[BaseModel, ...]) -> tuple[BaseModel, ...]:
        codes = [str(getattr(item, "code", "")) for item in items]
        doubles = sorted({code for code in codes if codes.count(code) > 1})
        if doubles:
            raise refuse(f"{what}重复：{'、'.join(doubles)}")
        return items

    return AfterValidator(check)


Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Day = Annotated[date, BeforeValidator(_read_day)]
MinuteOfDay = Annotated[int, BeforeValidator(_read_minute_of_day)]
Figure = Annotated[Decimal, BeforeValidator(_read_figure)]
Whole = Annotated[int, Field(strict=True, ge=1, le=MOST)]
Yes = Annotated[bool, Field(strict=True)]
Parameter = Annotated[str, BeforeValidator(_read_parameter)]
ZoneName = Annotated[Text, AfterValidator(_check_zone)]
