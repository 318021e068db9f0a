"""What cannot be in a ticket: instants that contradict each other."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from eduops.contract.fact import TicketFact
from eduops.contract.finding import render_local

# The later one with its name, the earlier one with its name.
_Pair = tuple[str, datetime | None, str, datetime | None]


def list_contradictions(ticket: TicketFact, zone: ZoneInfo) -> list[str]:
    """One Chinese sentence, with both times, for each pair of instants that cannot be."""
    found = [
        f"{later_name} {render_local(later, zone)} 早于{earlier_name} {render_local(earlier, zone)}"
        for later_name, later, earlier_name, earlier in _iter_pairs(ticket)
        if later is not None and earlier is not None and later < earlier
    ]
    return found + _list_impossible_reopenings(ticket, zone) if ticket.reopened else found


def _iter_pairs(ticket: TicketFact) -> Iterator[_Pair]:
    """Pairs of which the first may not be before the second."""
    reported_at = ticket.reported_at
    yield "响应时间", ticket.responded_at, "报修时间", reported_at
    yield "到场时间", ticket.arrived_at, "报修时间", reported_at
    yield "解决时间", ticket.resolved_at, "报修时间", reported_at
    yield "关闭时间", ticket.closed_at, "报修时间", reported_at
    last = _find_last_resolution(ticket) if ticket.reopened else ticket.resolved_at
    yield "关闭时间", ticket.closed_at, "最后一次解决时间", last
    # An outage of a ticket that is open again has no end yet.
    yield from _iter_outage_pairs(ticket, ticket.reopened[-1].resolved_at if ticket.reopened else last)
    if ticket.plan is not None:
        submitted_at = ticket.plan.submitted_at
        yield "方案提交时间", submitted_at, "报修时间", reported_at
        yield "科室审批时间", ticket.plan.department_approved_at, "方案提交时间", submitted_at
        yield "管理部门审批时间", ticket.plan.management_approved_at, "方案提交时间", submitted_at
        yield "方案约定期限", ticket.plan.deadline, "方案提交时间", submitted_at
    for number, item in enumerate(ticket.exclusions, 1):
        yield f"第 {number} 段等待甲方的结束", item.to_at, "它的开始", item.from_at
    resolved_name, resolved_at = "解决时间", ticket.resolved_at
    for number, reopening in enumerate(ticket.reopened, 1):
        reopened_name = f"第 {number} 次重开时间"
        yield reopened_name, reopening.reopened_at, resolved_name, resolved_at
        resolved_name, resolved_at = f"第 {number} 次重开后的解决时间", reopening.resolved_at
        yield resolved_name, resolved_at, reopened_name, reopening.reopened_at


def _iter_outage_pairs(ticket: TicketFact, last: datetime | None) -> Iterator[_Pair]:
    planned_from = ticket.planned_from if ticket.planned else None
    planned_to = ticket.planned_to if ticket.planned else None
    start = ticket.outage_start or planned_from or ticket.reported_at
    end = ticket.outage_end or planned_to or last
    yield "停机结束", end, "停机开始", start
    if ticket.planned:
        yield "计划结束", planned_to or end, "计划开始", planned_from or start


def _find_last_resolution(ticket: TicketFact) -> datetime | None:
    instants = [ticket.resolved_at, *(each.resolved_at for each in ticket.reopened)]
    return next((at for at in reversed(instants) if at is not None), None)


def _list_impossible_reopenings(ticket: TicketFact, zone: ZoneInfo) -> list[str]:
    resolved_at, found = ticket.resolved_at, []
    for number, reopening in enumerate(ticket.reopened, 1):
        if resolved_at is None:
            found.append(
                f"第 {number} 次重开时间 {render_local(reopening.reopened_at, zone)} 之前没有解决时间"
            )
        resolved_at = reopening.resolved_at
    return found
