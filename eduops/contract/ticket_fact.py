"""Tickets as files bring them: one object read into a fact, or refused with every problem."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from eduops.contract.fact import Exclusion, Plan, Reopening, TicketFact
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
    **{"系统停机": "system", "部门级业务影响": "department", "局部影响": "limited", "有限影响": "limited"},
}
_CAUSES = {
    **{each: each for each in ("software", "hardware", "network", "third_party", "customer", "unknown")},
    **{"软件": "software", "硬件": "hardware", "网络": "network", "第三方": "third_party"},
    **{"甲方": "customer", "未知": "unknown", "未查明": "unknown"},
}
_NEVER = datetime.min.replace(tzinfo=UTC)


def parse_ticket(
    record: Record, zone: ZoneInfo, *, file: str = "", address: str = "", say: Callable[[str], str] = str
) -> TicketFact:
    """The fact in one object of the ticket format; times without an offset are of `zone`.

    `say` names fields in problems. Raises InputError with every problem of the object, each at `file` and `address`.
    """
    reader = FieldReader(zone, say)
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
    # Any: what a field holds is said by the table of readers.
    given: dict[str, Any] = {"ref": "", "reported_at": _NEVER}
    for name, value in record.items():
        if value is not None and value != "" and name in _READERS:
            given[name] = _READERS[name](reader, record, name)
    for name in ("ref", "reported_at"):
        if record.get(name) in (None, ""):
            reader.add(name, "不能为空")
    return TicketFact(**given)


def _read_ref(reader: FieldReader, record: Record, name: str) -> str:
    return reader.text(record, name, needed=True)


def _read_kind(reader: FieldReader, record: Record, name: str) -> str:
    return reader.word(record, name, _KINDS, "incident")


def _read_impact(reader: FieldReader, record: Record, name: str) -> str:
    return reader.word(record, name, _IMPACTS, "limited")


def _read_cause(reader: FieldReader, record: Record, name: str) -> str:
    return reader.word(record, name, _CAUSES, "unknown")


def _read_exclusions(reader: FieldReader, record: Record, name: str) -> tuple[Exclusion, ...]:
    return tuple(_read_exclusion(reader, each, n) for n, each in _numbered(reader, record, name))


def _read_reopened(reader: FieldReader, record: Record, name: str) -> tuple[Reopening, ...]:
    return tuple(_read_reopening(reader, each, n) for n, each in _numbered(reader, record, name))


def _numbered(reader: FieldReader, record: Record, name: str) -> list[tuple[int, Record]]:
    return list(enumerate(reader.records(record, name), 1))


def _read_plan(reader: FieldReader, record: Record, name: str) -> Plan | None:
    value = record[name]
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


# Only the fields that a ticket has are read: most have a third of them.
_READERS: Mapping[str, Callable[[FieldReader, Record, str], object]] = {
    **dict.fromkeys(
        ("title", "department", "channel", "reporter", "remote_agreed_by", "planned_approved_by"),
        FieldReader.text,
    ),
    **dict.fromkeys(
        (
            *("reported_at", "responded_at", "arrived_at", "resolved_at", "closed_at"),
            *("planned_from", "planned_to", "outage_start", "outage_end"),
        ),
        FieldReader.instant,
    ),
    "ref": _read_ref,
    "kind": _read_kind,
    "impact": _read_impact,
    "cause": _read_cause,
    "planned": FieldReader.truth,
    "plan": _read_plan,
    "exclusions": _read_exclusions,
    "reopened": _read_reopened,
}
