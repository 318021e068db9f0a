"""What a recurring problem costs, and how its analysis is printed: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eduops.contract.fact import TicketFact
from eduops.contract.finding import render_local
from eduops.sheet.export import Column, Table

_MINUTE = timedelta(minutes=1)
_COLUMNS = (
    Column("编号"),
    Column("内容", 30),
    Column("原因", 30),
    Column("工单数", kind="integer"),
    Column("未解决", kind="integer"),
    Column("科室", 24),
    Column("耗时（分）", kind="number"),
    Column("临时办法", 30),
    Column("根治"),
    Column("工单", 40),
)
_NOTE = "工单按报修日归入期间；耗时是各工单从报修到最后一次解决的分钟数之和，没有解决的算到 {}。"


@dataclass(frozen=True, slots=True)
class Problem:
    """One known cause behind several tickets, as it is known now."""

    ref: str
    title: str
    cause: str
    workaround: str
    solved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A recurring problem over a period: its tickets, whom it hit, and the minutes from report to resolution."""

    ref: str
    title: str
    cause: str
    workaround: str
    solved_at: datetime | None
    tickets: int
    departments: tuple[str, ...]
    minutes_lost: float
    open_tickets: int
    refs: tuple[str, ...]


def analyse(problem: Problem, tickets: Sequence[TicketFact], *, as_of: datetime) -> Recurrence:
    """The figures of a recurring problem's tickets; what is not resolved counts until `as_of`.

    A ticket that was reopened counts from its report to its last resolution.
    """
    ends = [_find_end(ticket) for ticket in tickets]
    lost = sum(
        (max((end or as_of) - ticket.reported_at, timedelta()) / _MINUTE)
        for ticket, end in zip(tickets, ends, strict=True)
    )
    return Recurrence(
        ref=problem.ref,
        title=problem.title,
        cause=problem.cause,
        workaround=problem.workaround,
        solved_at=problem.solved_at,
        tickets=len(tickets),
        departments=tuple(sorted({ticket.department for ticket in tickets if ticket.department})),
        minutes_lost=round(lost, 1),
        open_tickets=sum(end is None for end in ends),
        refs=tuple(ticket.ref for ticket in tickets),
    )


def _find_end(ticket: TicketFact) -> datetime | None:
    return ticket.reopened[-1].resolved_at if ticket.reopened else ticket.resolved_at


def build_table(found: Iterable[Recurrence], *, period: str, as_of: datetime, zone: ZoneInfo) -> Table:
    """The analysis of a period as one sheet to be printed; `period` in words."""
    rows = [
        (
            each.ref, each.title, each.cause, each.tickets, each.open_tickets, "、".join(each.departments),
            each.minutes_lost, each.workaround, render_local(each.solved_at, zone) if each.solved_at else "",
            "、".join(each.refs),
        )
        for each in found
    ]  # fmt: skip
    note = _NOTE.format(render_local(as_of, zone))
    return Table("重复问题分析", f"重复问题分析（{period}）", note, _COLUMNS, rows)
