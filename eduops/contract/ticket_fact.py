"""Tickets as files bring them: one object read into a fact, or refused with every problem."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from eduops.contract.fact import Cause, Exclusion, Impact, Kind, Plan, Reopening, TicketFact
from eduops.contract.field_reader import FieldReader, Record
from eduops.contract.ticket_check import list_contradictions
from eduops.core.errors import InputError, Problem

PLAN_FIELDS = ("submitted_at", "department_approved_at", "management_approved_at", "deadline")
FIELDS = (
    *("ref", "kind", "title", "impact", "cause", "department", "channel", "reporter"),
    *("reported_at", "responded_at", "arrived_at", "resolved_at", "closed_at"),
    *("remote_agreed_by", "planned", "planned_approved_by", "planned_from", "planned_to"),
    *("outage_start", "outage_end", "plan", "exclusions", "reopened"),
)
_KNOWN = frozenset(FIELDS)
_PLAN_KNOWN = frozenset(PLAN_FIELDS)
_EXCLUSION_FIELDS = frozenset({"from", "to", "reason", "agreed_by"})
_REOPENING_FIELDS = frozenset({"reopened_at", "resolved_at"})
_KINDS = {
    **{each: each for each in ("incident", "request", "consult")},
    **{"故障": "incident", "服务请求": "request", "咨询": "consult"},
}
_IMPACTS = {
    **{each: each for each in ("system", "department", "limited")},
    **{"系统停机": "system", "部门级业务影响": "department", "局部影响": "limited"},
}
_CAUSES = {
    **{each: each for each in ("software", "hardware", "network", "third_party", "customer", "unknown")},
    **{"软件": "software", "硬件": "hardware", "网络": "network", "第三方": "third_party"},
    **{"甲方": "customer", "未知": "unknown"},
}
_NEVER = datetime.min.replace(tzinfo=UTC)


def parse_ticket(record: Record, zone: ZoneInfo, *, file: str = "", address: str = "") -> TicketFact:
    """The fact in one object of the ticket format; times without an offset are of `zone`.

    Raises InputError with every problem of the object, each at `file` and `address`.
    """
    reader = FieldReader(zone)
    ticket = _read_ticket(reader, record)
    problems = reader.problems or list_contradictions(ticket, zone)
    if not problems:
        return ticket
    raise InputError(
        f"{address or '工单'} {ticket.ref} 有 {len(problems)} 处问题：{'；'.join(problems)}",
        hint="按所列字段改正后重新导入；整个文件没有写入任何一行",
        problems=[Problem(file, address, message) for message in problems],
    )


def _read_ticket(reader: FieldReader, record: Record) -> TicketFact:
    """Reads on after a problem, so that all of them are named; the fact is of use only without any."""
    reader.refuse_unknown(record, _KNOWN)
    return TicketFact(
        ref=reader.text(record, "ref", needed=True),
        kind=cast(Kind, reader.word(record, "kind", _KINDS, "incident")),
        title=reader.text(record, "title"),
        impact=cast(Impact, reader.word(record, "impact", _IMPACTS, "limited")),
        cause=cast(Cause, reader.word(record, "cause", _CAUSES, "unknown")),
        department=reader.text(record, "department"),
        channel=reader.text(record, "channel"),
        reporter=reader.text(record, "reporter"),
        reported_at=reader.instant(record, "reported_at", needed=True) or _NEVER,
        responded_at=reader.instant(record, "responded_at"),
        arrived_at=reader.instant(record, "arrived_at"),
        resolved_at=reader.instant(record, "resolved_at"),
        closed_at=reader.instant(record, "closed_at"),
        remote_agreed_by=reader.text(record, "remote_agreed_by"),
        planned=reader.truth(record, "planned"),
        planned_approved_by=reader.text(record, "planned_approved_by"),
        planned_from=reader.instant(record, "planned_from"),
        planned_to=reader.instant(record, "planned_to"),
        outage_start=reader.instant(record, "outage_start"),
        outage_end=reader.instant(record, "outage_end"),
        plan=_read_plan(reader, record),
        exclusions=tuple(
            _read_exclusion(reader, each, n) for n, each in _numbered(reader, record, "exclusions")
        ),
        reopened=tuple(_read_reopening(reader, each, n) for n, each in _numbered(reader, record, "reopened")),
    )


def _numbered(reader: FieldReader, record: Record, name: str) -> list[tuple[int, Record]]:
    return list(enumerate(reader.records(record, name), 1))


def _read_plan(reader: FieldReader, record: Record) -> Plan | None:
    value = record.get("plan")
    if value is None or value == "":
        return None
    if not isinstance(value, Mapping):
        reader.add("plan", "应是一个对象")
        return None
    reader.refuse_unknown(value, _PLAN_KNOWN, "plan.")
    plan = Plan(
        reader.instant(value, "submitted_at", "plan."),
        reader.instant(value, "department_approved_at", "plan."),
        reader.instant(value, "management_approved_at", "plan."),
        reader.instant(value, "deadline", "plan.", day_end=True),
    )
    return None if plan == Plan() else plan


def _read_exclusion(reader: FieldReader, record: Record, number: int) -> Exclusion:
    within = f"exclusions[{number}]."
    reader.refuse_unknown(record, _EXCLUSION_FIELDS, within)
    return Exclusion(
        reader.instant(record, "from", within, needed=True) or _NEVER,
        reader.instant(record, "to", within),
        reader.text(record, "reason", within, needed=True),
        reader.text(record, "agreed_by", within, needed=True),
    )


def _read_reopening(reader: FieldReader, record: Record, number: int) -> Reopening:
    within = f"reopened[{number}]."
    reader.refuse_unknown(record, _REOPENING_FIELDS, within)
    return Reopening(
        reader.instant(record, "reopened_at", within, needed=True) or _NEVER,
        reader.instant(record, "resolved_at", within),
    )
