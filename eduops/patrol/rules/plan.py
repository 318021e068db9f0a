"""What became of an evaluation plan (clause 5.3.3): whether it was agreed in time, which visits were made. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from eduops.contract.period import day_of
from eduops.core.errors import InputError
from eduops.patrol.rules.coverage import CoverHost, CoverRun
from eduops.patrol.rules.run import Kind

KINDS = (Kind.DAILY, Kind.BIG, Kind.MONTHLY)
"""What can be planned."""
MOST_VISITS = 5000
_LONGEST_TEXT = 2000
_MADE_BY: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.DAILY: (Kind.DAILY, Kind.BIG, Kind.MONTHLY, Kind.ON_DEMAND),
    Kind.BIG: (Kind.BIG,),
    Kind.MONTHLY: (Kind.MONTHLY,),
}
"""The kinds that make a planned visit, the one that was planned first: a daily visit is made by any patrol."""


class VisitState(StrEnum):
    """What became of a visit."""

    DONE = "done"
    MISSED = "missed"
    TO_COME = "to_come"
    WITHDRAWN = "withdrawn"
    """The plan was withdrawn before or on its day."""
    RETIRED = "retired"
    """The host was no longer under care."""


VISIT_WORDS = {
    VisitState.DONE: "已做",
    VisitState.MISSED: "未做",
    VisitState.TO_COME: "待做",
    VisitState.WITHDRAWN: "已撤回",
    VisitState.RETIRED: "主机已停用",
}


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan as its verdicts need it."""

    kind: Kind
    agreed_on: date | None
    withdrawn_on: date | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A host on a day; `run` is the patrol that made it."""

    host: str
    day: date
    state: VisitState
    run: CoverRun | None = None


def build_visits(
    plan: PlanFacts,
    planned: Iterable[tuple[CoverHost, date]],
    runs: Iterable[CoverRun],
    *,
    today: date,
    zone: ZoneInfo,
) -> tuple[Visit, ...]:
    """Every planned visit with what became of it, by day and host. A patrol may make visits of several plans."""
    by_day: dict[tuple[str, date], list[CoverRun]] = {}
    for run in runs:
        if run.finished_at is not None:
            by_day.setdefault((run.host, day_of(run.finished_at, zone)), []).append(run)
    return tuple(
        _build_visit(plan, host, day, by_day.get((host.code, day), ()), today)
        for host, day in sorted(planned, key=lambda each: (each[1], each[0].code))
    )


def _build_visit(plan: PlanFacts, host: CoverHost, day: date, runs: Sequence[CoverRun], today: date) -> Visit:
    run = find_making(plan.kind, runs)
    if run is not None:
        return Visit(host.code, day, VisitState.DONE, run)
    if plan.withdrawn_on is not None and day >= plan.withdrawn_on:
        return Visit(host.code, day, VisitState.WITHDRAWN)
    if host.retired_on is not None and day >= host.retired_on:
        return Visit(host.code, day, VisitState.RETIRED)
    return Visit(host.code, day, VisitState.TO_COME if day >= today else VisitState.MISSED)


def find_making(kind: Kind, runs: Iterable[CoverRun]) -> CoverRun | None:
    """The finished patrol of a day that makes a visit of a kind: of the planned kind rather than of another."""
    makers = _MADE_BY[kind]
    fitting = [run for run in runs if run.kind in makers and (kind is not Kind.BIG or run.is_complete)]
    return min(fitting, key=lambda run: makers.index(run.kind), default=None)


def list_findings(plan: PlanFacts, visits: Sequence[Visit], *, today: date) -> Iterator[str]:
    """What is not as clause 5.3.3 wants it: agreed with the customer's administrator before the first visit."""
    standing = [visit.day for visit in visits if visit.state is not VisitState.WITHDRAWN]
    if standing:
        yield from _list_agreement(plan, min(standing), today)
    missed = sum(visit.state is VisitState.MISSED for visit in visits)
    if missed:
        yield f"有 {missed} 次计划内的检查未做"


def _list_agreement(plan: PlanFacts, first_on: date, today: date) -> Iterator[str]:
    if plan.agreed_on is None and first_on <= today:
        yield f"首次检查日 {first_on} 已到，计划还没有经甲方管理员同意"
    elif plan.agreed_on is not None and plan.agreed_on > first_on:
        yield f"事后同意：计划于 {plan.agreed_on} 同意，晚于首次检查日 {first_on}"


def check_title(title: str) -> str:
    """The title, trimmed. Raises InputError where it says nothing."""
    if not title.strip():
        raise InputError("评估计划没有写标题", hint="用 --title 写一句话说明")
    return check_text(title)


def check_text(text: str) -> str:
    """A text of a plan, trimmed. Raises InputError where it is too long."""
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"文字有 {len(text)} 个字，超过上限 {_LONGEST_TEXT}", hint="写短一些")
    return text.strip()


def check_period(start_on: date, last_on: date) -> None:
    """Raises InputError where a plan would end before it begins."""
    if last_on < start_on:
        raise InputError(f"计划的最后一天 {last_on} 早于第一天 {start_on}", hint="检查 --from 和 --to")


def check_days(days: Sequence[date], hosts: int, *, start_on: date, last_on: date) -> None:
    """Raises InputError where no day is planned, one lies outside the period, or there are too many visits."""
    outside = [day for day in days if not start_on <= day <= last_on]
    if outside:
        raise InputError(
            f"{outside[0]} 不在计划的 {start_on} 至 {last_on} 之内", hint="检查 --on、--from 和 --to"
        )
    if not days or not hosts:
        what = "日期" if hosts else "主机"
        raise InputError(f"评估计划里没有{what}", hint="用 --every、--days 或 --on 写日期，用 --host 写主机")
    if len(days) * hosts > MOST_VISITS:
        raise InputError(
            f"计划有 {len(days) * hosts} 次检查，超过上限 {MOST_VISITS}", hint="缩短期间，或分成几份计划"
        )


def first_day(instant: datetime | None, zone: ZoneInfo) -> date | None:
    """The local day of an instant that may not be there."""
    return day_of(instant, zone) if instant else None
