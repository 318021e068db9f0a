"""The contract file's shape: frozen values, nothing unknown let in."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Consequence = Literal["breach", "obligation", "notice", "none"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


def _refuse(message: str) -> PydanticCustomError:
    # Braces in the message would be read as placeholders.
    return PydanticCustomError("eduops", "{message}", {"message": message})


def _read_day(value: object) -> date:
    if isinstance(value, date):
        return value
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise _refuse(f"「{value}」不是日期，应写成 2024-12-01 的样子")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _refuse(f"「{value}」这一天不存在") from None


def _read_minute_of_day(value: object) -> int:
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", value) if isinstance(value, str) else None
    minute = int(match[1]) * 60 + int(match[2]) if match else -1
    if match is None or int(match[2]) > 59 or not 0 <= minute <= 24 * 60:
        raise _refuse(f"「{value}」不是一天中的时刻，应写成 08:00 的样子，最晚 24:00")
    return minute


def _read_figure(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidOperation
        figure = Decimal(str(value))
    except InvalidOperation:
        raise _refuse(f"「{value}」不是数字") from None
    if not figure.is_finite() or figure < 0:
        raise _refuse(f"「{value}」应是不小于 0 的数字")
    return figure


def _read_parameter(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _refuse("参数的值应是文字或数字")
    return str(value)


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _refuse(f"不认识的时区「{name}」，应写成 Asia/Shanghai 的样子") from None
    return name


def _unique(what: str, key: Callable[[BaseModel], object]) -> AfterValidator:
    def check(items: tuple[BaseModel, ...]) -> tuple[BaseModel, ...]:
        keys = [key(item) for item in items]
        doubles = sorted({str(each) for each in keys if keys.count(each) > 1})
        if doubles:
            raise _refuse(f"{what}重复：{'、'.join(doubles)}")
        return items

    return AfterValidator(check)


def _code_of(item: BaseModel) -> object:
    return getattr(item, "code", None)


Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Day = Annotated[date, BeforeValidator(_read_day)]
MinuteOfDay = Annotated[int, BeforeValidator(_read_minute_of_day)]
Figure = Annotated[Decimal, BeforeValidator(_read_figure)]
Whole = Annotated[int, Field(strict=True, ge=1)]
Yes = Annotated[bool, Field(strict=True)]


class Frozen(BaseModel):
    """A part of the file: cannot be changed, refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(Frozen):
    """From the start of `start`, for whole years."""

    start: Day
    years: Annotated[Whole, Field(le=50)]

    @cached_property
    def end_on(self) -> date:
        """The first day after the term."""
        return add_years(self.start, self.years)


class Party(Frozen):
    """甲方 or 乙方; names are filled in by whoever keeps the contract."""

    role: Text
    name: Text
    description: Text


class Parties(Frozen):
    """The customer (甲方) and the vendor (乙方)."""

    customer: Party
    vendor: Party


class WindowRange(Frozen):
    """A stretch [from, to) of local time on some weekdays, in minutes of the day."""

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    from_: MinuteOfDay = Field(alias="from")
    to: MinuteOfDay

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.from_ >= self.to:
            raise _refuse("时段的开始（from）应早于结束（to）")
        return self


class Swap(Frozen):
    """One on-site day moved: the day `off` gives its hours to the day `on`."""

    off: Day
    on: Day
    source: Text


class OnSiteWindow(Frozen):
    """甲方规定的现场服务时间."""

    working_days_only: Yes
    ranges: Annotated[tuple[WindowRange, ...], Field(min_length=1)]
    swaps: tuple[Swap, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = [*_overlaps(self.ranges), *self._odd_swaps()]
        if faults:
            raise _refuse("；".join(faults))
        return self

    def _odd_swaps(self) -> list[str]:
        kept = {weekday for item in self.ranges for weekday in item.weekdays}
        days = [day for swap in self.swaps for day in (swap.off, swap.on)]
        odd = [f"调换的 {day} 出现不止一次" for day in sorted({day for day in days if days.count(day) > 1})]
        return odd + [
            f"调换的 {swap.off}（off）本来就不是现场服务日"
            for swap in self.swaps
            if WEEKDAYS[swap.off.weekday()] not in kept
        ]


class DayChange(Frozen):
    """One day that the customer works, or does not, whatever the public schedule says."""

    on: Day
    source: Text


class WorkingDayChanges(Frozen):
    """Single days added to or taken from the State Council's schedule."""

    add: tuple[DayChange, ...] = ()
    remove: tuple[DayChange, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        days = [change.on for change in (*self.add, *self.remove)]
        doubles = sorted({str(day) for day in days if days.count(day) > 1})
        if doubles:
            raise _refuse(f"同一天写了不止一次：{'、'.join(doubles)}")
        return self


class Policy(Frozen):
    """How readings that the text leaves open are settled."""

    year: Literal["contract", "calendar"] = "contract"
    quarter: Literal["calendar", "contract"] = "calendar"
    reopened: Literal["last_resolution", "open_time"] = "last_resolution"
    counting: Literal["one_per_ticket", "one_per_target"] = "one_per_ticket"
    off_site_resolution: Literal["clause_2_3", "clause_5_1_4"] = "clause_2_3"
    month_downtime: Literal["at_most", "less_than"] = "at_most"
    person_month_days: Figure = Decimal("21.75")


class Programme(Frozen):
    """One in-house training (院内培训) as the text lists it."""

    code: Code
    name: Text
    department: Text | None
    organiser_quote: Text | None
    season: Text
    audience: tuple[Text, ...]
    audience_quote: Text
    campuses: tuple[Code, ...] = ()


class Campus(Frozen):
    """One of the hospital's own sites."""

    code: Code
    name: Text


class Member(Frozen):
    """One outside unit; `quote` where the text writes the name otherwise, `note` says why."""

    number: Whole
    code: Code
    name: Text
    quote: Text | None = None
    note: Text | None = None


class OutsideBody(Frozen):
    """An outside contract (院外): one hospital, or a parent body with its units."""

    number: Whole
    code: Code
    name: Text
    learners: Whole | None = None
    fee: Text
    signed_years: Whole | None = None
    remark: Text | None = None
    members: Annotated[tuple[Member, ...], _unique("单位代码", _code_of)] = ()


class Rule(BaseModel):
    """One computed rule: its figures stand beside the two fields, by the names of the rule book."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Figure] = Field(init=False)

    consequence: Consequence | None = None
    kept_from: Day | None = None

    @property
    def figures(self) -> dict[str, Decimal]:
        """Every figure of the rule by its name."""
        return dict(self.__pydantic_extra__)


class Clause(Frozen):
    """One clause: its words as they stand, what they come to, and the rules that compute it."""

    title: Text
    quote: Text
    consequence: Consequence
    parameters: dict[str, Annotated[str, BeforeValidator(_read_parameter)]] = {}
    rules: dict[str, Rule] = {}


class Contract(Frozen):
    """The whole contract file."""

    contract: Code
    title: Text
    zone: Annotated[Text, AfterValidator(_check_zone)]
    term: Term
    parties: Parties
    on_site_window: OnSiteWindow
    working_days: WorkingDayChanges = WorkingDayChanges()
    policy: Policy = Policy()
    campuses: Annotated[tuple[Campus, ...], _unique("院区代码", _code_of)]
    programmes: Annotated[tuple[Programme, ...], _unique("培训项目代码", _code_of)]
    outside_bodies: Annotated[tuple[OutsideBody, ...], _unique("院外机构代码", _code_of)]
    clauses: dict[str, Clause]

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """The time zone in which days, months and years are cut."""
        return ZoneInfo(self.zone)

    def figure(self, clause: str, rule: str, name: str) -> Decimal:
        """One figure of a rule; the loader has made sure that it is there."""
        return self.clauses[clause].rules[rule].figures[name]

    def consequence(self, clause: str, rule: str) -> Consequence:
        """What a finding of this rule comes to: the rule's own word, else the clause's."""
        found = self.clauses[clause]
        return found.rules[rule].consequence or found.consequence

    def kept_from(self, clause: str, rule: str) -> date | None:
        """The first day that was recorded for this rule, where the records begin inside the term."""
        return self.clauses[clause].rules[rule].kept_from


def add_years(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _overlaps(ranges: tuple[WindowRange, ...]) -> list[str]:
    faults = []
    for weekday in WEEKDAYS:
        hours = sorted((item.from_, item.to) for item in ranges if weekday in item.weekdays)
        for (_, end), (start, _) in pairwise(hours):
            if start < end:
                faults.append(
                    f"{weekday} 的现场服务时段互相重叠（{render_minute(start)} 早于 {render_minute(end)}）"
                )
    return faults


def render_minute(minute: int) -> str:
    """A minute of the day as "08:00"."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
