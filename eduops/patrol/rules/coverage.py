"""Which hosts were patrolled on which days, and what is missing: pure, day by day, as `contract.patrol_rule` counts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from eduops.contract.clause_rule import build_rules
from eduops.contract.period import day_of, end_of, last_day_of
from eduops.contract.schema import Contract
from eduops.contract.working_day import iter_days
from eduops.patrol.rules.run import Kind

_DAY = timedelta(days=1)


class Mark(StrEnum):
    """What a day of a host came to."""

    BIG = "big"
    INCOMPLETE_BIG = "incomplete_big"
    """A big patrol in which a mandatory probe was not made: it counts as a daily one."""
    MONTHLY = "monthly"
    DAILY = "daily"
    ON_DEMAND = "on_demand"
    FAILED = "failed"
    """Only patrols that failed or never ended."""
    MISSING = "missing"
    TO_COME = "to_come"
    """Its patrol may still come: today, and the days after it."""
    NOT_DUE = "not_due"
    """Under care, but no rule of the contract wants a patrol of it."""
    BEFORE = "before"
    """Not yet under care: before it was added, before the term, before records are kept."""
    RETIRED = "retired"
    """No longer under care: retired, or after the term."""

    @property
    def is_done(self) -> bool:
        """Whether a finished patrol stands behind it."""
        return self in _DONE

    @property
    def is_gap(self) -> bool:
        """Whether the day was due and has no finished patrol."""
        return self in (Mark.FAILED, Mark.MISSING)


_DONE = (Mark.BIG, Mark.MONTHLY, Mark.INCOMPLETE_BIG, Mark.DAILY, Mark.ON_DEMAND)
"""The kinds that count, the one that a day is named after first."""
_MARKS = {
    Kind.BIG: Mark.BIG,
    Kind.MONTHLY: Mark.MONTHLY,
    Kind.DAILY: Mark.DAILY,
    Kind.ON_DEMAND: Mark.ON_DEMAND,
}


@dataclass(frozen=True, slots=True)
class CoverHost:
    """A host as coverage needs it; it is counted where the contract's duty holds for it."""

    code: str
    name: str
    is_production: bool
    added_on: date
    retired_on: date | None = None


@dataclass(frozen=True, slots=True)
class CoverRun:
    """A patrol; `finished_at` is None for one that failed or never ended."""

    host: str
    ref: str
    kind: Kind
    started_at: datetime
    finished_at: datetime | None
    is_manual: bool = False
    is_complete: bool = True
    """Whether every mandatory probe was made."""
    is_light: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a host. By hand: no patrol of that day has a document."""

    day: date
    mark: Mark
    is_manual: bool = False
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of days [first_on, last_on] without a finished patrol."""

    first_on: date
    last_on: date

    @property
    def days(self) -> int:
        """How many days it is long."""
        return (self.last_on - self.first_on).days + 1


@dataclass(frozen=True, slots=True)
class BigGap:
    """More days than allowed between two big patrols; `is_open` where the second has not come yet."""

    from_on: date
    to_on: date
    days: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class BigStand:
    """How a host stands with big patrols. `limit_days` is the contract's."""

    limit_days: int
    last_on: date | None
    due_on: date
    """The last day on which the next one is in time."""
    days_since: int
    """Since the last one, or since care began."""
    is_overdue: bool
    gaps: tuple[BigGap, ...]


@dataclass(frozen=True, slots=True)
class HostCoverage:
    """One host over the days asked for. `percent` counts its due days that are over; None where there are none."""

    host: CoverHost
    days: tuple[Day, ...]
    gaps: tuple[Gap, ...]
    due: int
    done: int
    percent: Decimal | None
    big: BigStand | None

    @property
    def has_gap(self) -> bool:
        """Whether a duty of the contract was missed on the days asked for."""
        return self.host.is_production and bool(self.gaps or (self.big and self.big.gaps))


@dataclass(frozen=True, slots=True)
class Care:
    """The days [start_on, end_on) on which a duty holds for a host."""

    start_on: date
    end_on: date


def build_coverage(
    contract: Contract,
    hosts: Iterable[CoverHost],
    runs: Iterable[CoverRun],
    *,
    from_on: date,
    to_on: date,
    as_of: datetime,
) -> list[HostCoverage]:
    """Every host over the days [from_on, to_on], as known at an instant.

    `runs` hold the patrols of these days, and every big one since the term began: gaps between big patrols are
    measured over the whole of it, and told where they touch the days asked for.
    """
    of_host: dict[str, list[CoverRun]] = defaultdict(list)
    for run in runs:
        of_host[run.host].append(run)
    return [
        _cover(contract, host, of_host[host.code], from_on=from_on, to_on=to_on, as_of=as_of)
        for host in hosts
    ]


def _cover(
    contract: Contract,
    host: CoverHost,
    runs: Sequence[CoverRun],
    *,
    from_on: date,
    to_on: date,
    as_of: datetime,
) -> HostCoverage:
    zone, rules = contract.zone_info, build_rules(contract)
    daily, big = rules.get(("patrols", "daily_patrol")), rules.get(("patrols", "big_patrol"))
    known = [run for run in runs if (run.finished_at or run.started_at) <= as_of]
    by_day = _group(known, zone)
    care = find_care(contract, host, kept_from=daily.kept_from if daily else None)
    days = tuple(
        _mark(day, by_day.get(day, ()), care, is_due=daily is not None, as_of=as_of, zone=zone)
        for day in iter_days(from_on, to_on + _DAY)
    )
    gaps = tuple(_list_gaps(days))
    inside = [each for each in days if care.start_on <= each.day < care.end_on]
    done = sum(each.mark.is_done for each in inside)
    due = done + sum(each.mark.is_gap for each in inside)
    stand = None
    if big is not None:
        cared = find_care(contract, host, kept_from=big.kept_from)
        stand = _stand_big(
            cared, _list_big(known, zone), int(big.figures["days"]), from_on, to_on, as_of, zone
        )
    # Cut, not rounded: a hundred means that nothing is missing.
    percent = Decimal(1000 * done // due) / 10 if due and daily is not None else None
    return HostCoverage(host, days, gaps, due, done, percent, stand)


def find_care(contract: Contract, host: CoverHost, *, kept_from: date | None) -> Care:
    """The days on which a duty holds for a host: added, not retired, inside the term, and records kept."""
    term = contract.term
    start_on = max(day for day in (term.start, host.added_on, kept_from) if day)
    end_on = min(day for day in (term.end_on, host.retired_on) if day)
    return Care(start_on, max(start_on, end_on))


def _group(runs: Iterable[CoverRun], zone: ZoneInfo) -> dict[date, list[CoverRun]]:
    """By the local day on which they ended; those that never did by the day on which they began."""
    found: dict[date, list[CoverRun]] = defaultdict(list)
    for run in runs:
        found[day_of(run.finished_at or run.started_at, zone)].append(run)
    return found


def _mark(
    day: date, runs: Sequence[CoverRun], care: Care, *, is_due: bool, as_of: datetime, zone: ZoneInfo
) -> Day:
    finished = [run for run in runs if run.finished_at is not None]
    refs = tuple(run.ref for run in runs)
    if finished:
        mark = min((_name(run) for run in finished), key=_DONE.index)
        return Day(day, mark, all(run.is_manual for run in finished), refs)
    if day < care.start_on:
        return Day(day, Mark.BEFORE, refs=refs)
    if day >= care.end_on:
        return Day(day, Mark.RETIRED, refs=refs)
    if end_of(day, zone) > as_of:
        return Day(day, Mark.TO_COME, refs=refs)
    if not is_due:
        return Day(day, Mark.NOT_DUE, refs=refs)
    return Day(day, Mark.FAILED if runs else Mark.MISSING, refs=refs)


def _name(run: CoverRun) -> Mark:
    if run.kind is Kind.BIG and not run.is_complete:
        return Mark.INCOMPLETE_BIG
    return _MARKS[run.kind]


def _list_gaps(days: Iterable[Day]) -> Iterator[Gap]:
    found: list[Gap] = []
    for each in days:
        if not each.mark.is_gap:
            continue
        if found and each.day - found[-1].last_on == _DAY:
            found[-1] = Gap(found[-1].first_on, each.day)
        else:
            found.append(Gap(each.day, each.day))
    yield from found


def _list_big(runs: Iterable[CoverRun], zone: ZoneInfo) -> list[date]:
    """The days with a big patrol that counts, in order."""
    return sorted(
        {day_of(run.finished_at, zone) for run in runs if run.finished_at and _name(run) is Mark.BIG}
    )


def _stand_big(
    care: Care, days: Sequence[date], limit: int, from_on: date, to_on: date, as_of: datetime, zone: ZoneInfo
) -> BigStand | None:
    """None where the duty has not begun by the instant, or never holds."""
    end_on = min(care.end_on, last_day_of(as_of, zone) + _DAY)
    if care.start_on >= end_on:
        return None
    inside = [day for day in days if care.start_on <= day < end_on]
    ends = [care.start_on, *inside, end_on - _DAY]
    gaps = tuple(
        BigGap(earlier, later, (later - earlier).days, is_open=later not in inside)
        for earlier, later in pairwise(ends)
        if (later - earlier).days > limit and earlier <= to_on and later >= from_on
    )
    last_on = inside[-1] if inside else None
    since = (end_on - _DAY - (last_on or care.start_on)).days
    due_on = (last_on or care.start_on) + limit * _DAY
    return BigStand(limit, last_on, due_on, since, since > limit, gaps)
