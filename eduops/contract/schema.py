"""The contract file's shape: frozen values, nothing unknown let in."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eduops.contract.rule_book import Duty
from eduops.contract.schema_type import (
    Code,
    Day,
    Fault,
    Figure,
    MinuteOfDay,
    Parameter,
    Text,
    Whole,
    Yes,
    ZoneName,
    list_seconds,
    refuse,
    refuse_each,
    unique_codes,
)

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Consequence = Literal["breach", "obligation", "notice", "none"]
CONSEQUENCES: dict[str, str] = {
    "breach": "违约",
    "obligation": "整改义务",
    "notice": "提示",
    "none": "—",
}
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


class Frozen(BaseModel):
    """A part of the file: cannot be changed, refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_SATURDAY = 5
_EARLIEST_START, _LATEST_START = date(1990, 1, 1), date(2100, 1, 1)


def _check_start(day: date) -> date:
    # Rules look a year and more to either side of the term, which a day at the calendar's end does not have.
    if not _EARLIEST_START <= day <= _LATEST_START:
        raise refuse(f"「{day}」应在 {_EARLIEST_START} 到 {_LATEST_START} 之间")
    return day


class Term(Frozen):
    """From the start of `start`, for whole years."""

    start: Annotated[Day, AfterValidator(_check_start)]
    years: Annotated[Whole, Field(le=50)]

    @property
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
            raise refuse("时段的开始（from）应早于结束（to）")
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
            raise refuse("；".join(faults))
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


class YearSchedule(Frozen):
    """A year's schedule as the State Council published it: days off, and weekend days that are worked."""

    year: Annotated[Whole, Field(ge=1990, le=2200)]
    source: Text
    free: Annotated[tuple[Day, ...], Field(min_length=1)]
    worked: tuple[Day, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        days = [(("free", place), day) for place, day in enumerate(self.free)]
        days += [(("worked", place), day) for place, day in enumerate(self.worked)]
        faults: list[Fault] = [
            (place, f"{day} 不在 {self.year} 年") for place, day in days if day.year != self.year
        ]
        faults += [(place, f"{day} 写了不止一次") for place, day in list_seconds(days)]
        faults += [
            (("worked", place), f"调休上班的 {day} 本来就是周一到周五")
            for place, day in enumerate(self.worked)
            if day.weekday() < _SATURDAY
        ]
        if faults:
            raise refuse_each(faults)
        return self


class WorkingDayChanges(Frozen):
    """What stands on top of the calendar that is installed: whole years, and single days above those."""

    add: tuple[DayChange, ...] = ()
    remove: tuple[DayChange, ...] = ()
    schedules: tuple[YearSchedule, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        days = [(("add", place, "on"), change.on) for place, change in enumerate(self.add)]
        days += [(("remove", place, "on"), change.on) for place, change in enumerate(self.remove)]
        years = [(("schedules", place, "year"), each.year) for place, each in enumerate(self.schedules)]
        faults: list[Fault] = [(place, f"同一天写了不止一次：{day}") for place, day in list_seconds(days)]
        faults += [(place, f"同一年写了不止一次：{year} 年") for place, year in list_seconds(years)]
        if faults:
            raise refuse_each(faults)
        return self

    def joined(self, other: "WorkingDayChanges") -> "WorkingDayChanges":
        """Both together. Raises pydantic's ValidationError where they name the same day or year."""
        return WorkingDayChanges(
            add=self.add + other.add,
            remove=self.remove + other.remove,
            schedules=self.schedules + other.schedules,
        )


class Policy(Frozen):
    """How readings that the text leaves open are settled."""

    year: Literal["contract", "calendar"] = "contract"
    quarter: Literal["calendar", "contract"] = "calendar"
    reopened: Literal["last_resolution", "open_time"] = "last_resolution"
    counting: Literal["one_per_ticket", "one_per_target"] = "one_per_ticket"
    off_site_resolution: Literal["ticket_limits", "second_resolution"] = "ticket_limits"
    month_downtime: Literal["at_most", "less_than"] = "at_most"
    stoppage_count: Literal["system_stoppages", "stoppages_of_term"] = "system_stoppages"
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
    members: Annotated[tuple[Member, ...], unique_codes("单位代码")] = ()


_LONGEST = {"days": 36_500, "months": 1_200, "years": 100}


class Rule(BaseModel):
    """One computed rule: its figures stand beside the two fields, by the names of the rule book."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Figure] = Field(init=False)

    consequence: Consequence | None = None
    kept_from: Day | None = None

    @model_validator(mode="after")
    def _check_spans(self) -> Self:
        # A deadline so many days after the term must still have a date.
        for name, figure in self.figures.items():
            most = next((most for unit, most in _LONGEST.items() if name.endswith(unit)), figure)
            if figure > most:
                raise refuse(f"{name} 的「{figure}」太大，应不大于 {most}")
        return self

    @property
    def figures(self) -> dict[str, Decimal]:
        """Every figure of the rule by its name."""
        return dict(self.__pydantic_extra__)


class Clause(Frozen):
    """One clause: its words as they stand, what they come to, the duties it carries and the rules that compute them."""

    title: Text
    quote: Text
    consequence: Consequence
    parameters: dict[str, Parameter] = {}
    duties: tuple[Duty, ...] = ()
    rules: dict[str, Rule] = {}


class Contract(Frozen):
    """The whole contract file."""

    contract: Code
    title: Text
    zone: ZoneName
    term: Term
    parties: Parties
    on_site_window: OnSiteWindow
    working_days: WorkingDayChanges = WorkingDayChanges()
    policy: Policy = Policy()
    campuses: Annotated[tuple[Campus, ...], unique_codes("院区代码")]
    programmes: Annotated[tuple[Programme, ...], unique_codes("培训项目代码")]
    outside_bodies: Annotated[tuple[OutsideBody, ...], unique_codes("院外机构代码")]
    clauses: dict[Text, Clause]

    @model_validator(mode="after")
    def _check_codes(self) -> Self:
        campuses = {campus.code for campus in self.campuses}
        members = [member.code for body in self.outside_bodies for member in body.members]
        codes = [*campuses, *(body.code for body in self.outside_bodies), *members]
        faults = [
            f"机构代码重复：{code}" for code in sorted({each for each in codes if codes.count(each) > 1})
        ]
        faults += [
            f"培训项目 {programme.code} 的院区 {code} 不存在"
            for programme in self.programmes
            for code in programme.campuses
            if code not in campuses
        ]
        if faults:
            raise refuse("；".join(faults))
        return self

    @property
    def zone_info(self) -> ZoneInfo:
        """The time zone in which days, months and years are cut."""
        return ZoneInfo(self.zone)

    def figure(self, clause: str, rule: str, name: str) -> Decimal:
        """One figure of a rule; the loader has made sure that it is there."""
        return self.clauses[clause].rules[rule].figures[name]


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
