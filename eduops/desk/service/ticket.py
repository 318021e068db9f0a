"""A ticket's life, one function a verb; each step records when it happened and when it was written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.contract.fact import TicketFact
from eduops.contract.finding import render_local
from eduops.contract.ticket_fact import parse_ticket
from eduops.core.errors import InputError, NotAllowed
from eduops.desk import queries
from eduops.desk.models.ticket import MaintenanceRecord, Ticket
from eduops.desk.rules import step as rules
from eduops.desk.rules import ticket_object
from eduops.desk.rules.step import Values
from eduops.desk.rules.word import PREFIXES
from eduops.desk.service.ticket_save import FACT_FIELDS, record_event, save_fact
from eduops.store import counter

_DESK_FIELDS = {
    "assign": ("assignee",),
    "escalate": ("escalated_to",),
    "resolve": ("solution",),
    "confirm": ("confirmed_by", "confirmed_how"),
}
"""What a step sets on the ticket beside the facts of the contract."""
_DESK_TEXTS = (
    *("assignee", "escalated_to", "solution", "confirmed_by", "confirmed_how"),
    *("plan_department_approved_by", "plan_management_approved_by"),
)
"""What may be corrected beside the facts of the contract."""


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What is known when a ticket is opened."""

    kind: str
    title: str
    impact: str = "limited"
    cause: str = "unknown"
    department: str = ""
    channel: str = ""
    reporter: str = ""
    is_invented: bool = False


@dataclass(frozen=True, slots=True)
class NewRecord:
    """维护记录: what was wrong, who worked on it, what was done and how it ended (clause 5.3.4)."""

    cause: str
    engineer: str
    solution: str
    process: str
    result: str


def open_ticket(
    session: Session, new: NewTicket, *, at: datetime, now: datetime, actor: str, zone: ZoneInfo
) -> Ticket:
    """Opens a ticket reported at `at`; its reference carries the year of that day in the contract's zone.

    Raises NotAllowed for an instant in the future, InputError for a ticket without a title.
    """
    if not new.title.strip():
        raise InputError("工单没有写内容", hint="写一句话说明")
    if at > now:
        raise NotAllowed(f"报修时刻 {at.astimezone(zone):%Y-%m-%d %H:%M} 还没有到", hint="检查 --at 写的时刻")
    ref = counter.next_reference(session, PREFIXES[new.kind], at.astimezone(zone).year)
    ticket = Ticket(
        id=counter.allocate(session, "ticket")[0],
        ref=ref,
        kind=new.kind,
        title=new.title.strip(),
        impact=new.impact,
        cause=new.cause,
        department=new.department.strip(),
        channel=new.channel,
        reporter=new.reporter.strip(),
        is_invented=new.is_invented,
        reported_at=at,
    )
    session.add(ticket)
    session.flush()
    values = {"title": ticket.title, "kind": new.kind}
    record_event(session, ticket, "open", at=at, now=now, actor=actor, values=values)
    return ticket


def log_consult(
    session: Session,
    new: NewTicket,
    *,
    for_: timedelta,
    answer: str,
    at: datetime,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
) -> Ticket:
    """A finished consult in one go: reported and answered at `at`, done and closed after `for_`.

    Raises NotAllowed where it would not have ended yet.
    """
    if at + for_ > now:
        # Before a number is given out: a refusal must not name a ticket that nobody will find.
        begun, ended = render_local(at, zone), render_local(at + for_, zone)
        raise NotAllowed(f"咨询从 {begun} 到 {ended}，还没有结束", hint="检查 --at 和 --minutes")
    ticket = open_ticket(session, new, at=at, now=now, actor=actor, zone=zone)
    ends: Sequence[tuple[str, datetime, Values]] = (
        ("respond", at, {}),
        ("resolve", at + for_, {"solution": answer} if answer.strip() else {}),
        ("close", at + for_, {}),
    )
    for step, instant, values in ends:
        take_step(session, ticket.ref, step, at=instant, now=now, actor=actor, zone=zone, values=values)
    return ticket


def take_step(
    session: Session,
    ref: str,
    step: str,
    *,
    at: datetime,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
    values: Values | None = None,
) -> Ticket:
    """Records one of the steps of `rules.word.STEPS`, with the fields that it sets.

    Resolving ends an open wait for the customer. Raises NotFound, or NotAllowed where the step cannot be.
    """
    given = values or {}
    ticket = queries.lock_ticket(session, ref)
    fact = queries.get_fact(session, ticket)
    after = rules.take(fact, step, at=at, now=now, zone=zone, values=given)
    if step == "close" and (fact.kind == "incident" or fact.planned):
        _require_record(session, ticket)
    before = _list_replaced(fact, after, ticket, step)
    _set_desk_fields(ticket, step, at, given)
    save_fact(session, ticket, after)
    kept = {name: _plain(value) for name, value in given.items() if value}
    if before:
        kept["before"] = before
    record_event(session, ticket, step, at=at, now=now, actor=actor, values=kept)
    return ticket


def record_maintenance(
    session: Session, ref: str, new: NewRecord, *, now: datetime, actor: str
) -> MaintenanceRecord:
    """Writes or rewrites the ticket's maintenance record; what stood there is kept in the ticket's story.

    Raises NotFound, or InputError where a part is empty.
    """
    parts = {
        "cause": "故障原因",
        "engineer": "实施工程师",
        "solution": "解决办法",
        "process": "实施过程",
        "result": "维护结果",
    }
    said = {name: getattr(new, name).strip() for name in parts}
    empty = [word for name, word in parts.items() if not said[name]]
    if empty:
        raise InputError(f"工单 {ref} 的维护记录没有写{'、'.join(empty)}", hint="五项都要写")
    ticket = queries.lock_ticket(session, ref)
    record = queries.find_record(session, ticket)
    values: dict[str, object] = dict(said)
    if record:
        values["before"] = {name: getattr(record, name) for name in parts}
    else:
        record = MaintenanceRecord(ticket_id=ticket.id, recorded_at=now, actor=actor, **said)
    record.sqlmodel_update({**said, "recorded_at": now, "actor": actor})
    session.add(record)
    record_event(session, ticket, "record", at=now, now=now, actor=actor, values=values)
    return record


def correct(
    session: Session,
    ref: str,
    field: str,
    value: str,
    *,
    reason: str,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
) -> tuple[object, object]:
    """Puts one field of a ticket right; the old value stays in its story. Gives what stood there and stands there now.

    `field` and `value` are those of the ticket format, checked as an import is. Raises NotFound, InputError for
    what an import would refuse too, NotAllowed without a reason or for what has not happened yet.
    """
    if not reason.strip():
        raise NotAllowed(f"更正工单 {ref} 要写原因", hint="补上 --reason")
    ticket = queries.lock_ticket(session, ref)
    fact = queries.get_fact(session, ticket)
    if field in _DESK_TEXTS:
        before: object = getattr(ticket, field)
        after: object = value.strip()
        changed = None
    else:
        changed = _read_changed(fact, field, value, zone)
        rules.check_happened(changed, now)
        before, after = ticket_object.find_change(fact, changed, field, zone)
    if (before or None) == (after or None):
        raise InputError(
            f"工单 {ref} 的 {field} 本来就是这样，没有要更正的", hint=f"运行 eduops ticket show {ref} 查看"
        )
    if changed is None:
        setattr(ticket, field, after)
        session.add(ticket)
    else:
        save_fact(session, ticket, changed)
    values = {"field": field, "before": before, "after": after, "reason": reason.strip()}
    record_event(session, ticket, "correct", at=now, now=now, actor=actor, values=values)
    return before, after


def _read_changed(fact: TicketFact, field: str, value: str, zone: ZoneInfo) -> TicketFact:
    made = ticket_object.change_object(fact, field, value, zone)
    try:
        return parse_ticket(made, zone)
    except InputError as error:
        said = "；".join(problem.message for problem in error.problems)
        raise InputError(
            f"工单 {fact.ref} 的 {field} 不能更正为「{value}」：{said}",
            hint=f"检查字段和值；运行 eduops ticket show {fact.ref} 对照其他时刻",
        ) from error


def state_of(session: Session, ticket: Ticket, *, zone: ZoneInfo) -> str:
    """The ticket's present state, one of `rules.word.STATES`."""
    return rules.build_life(queries.get_fact(session, ticket), zone).state


def _require_record(session: Session, ticket: Ticket) -> None:
    if queries.find_record(session, ticket) is None:
        raise NotAllowed(
            f"工单 {ticket.ref}：还没有维护记录，不能关闭",
            hint=f"先写维护记录：eduops ticket record {ticket.ref} --cause … --engineer … --solution … "
            "--process … --result …",
        )


def _set_desk_fields(ticket: Ticket, step: str, at: datetime, values: Values) -> None:
    for name in _DESK_FIELDS.get(step, ()):
        if values.get(name):
            setattr(ticket, name, str(values[name]).strip())
    if step == "confirm":
        ticket.confirmed_at = at
    if step == "reopen":
        # The customer confirmed a service that did not last; the story keeps who and when.
        ticket.confirmed_at, ticket.confirmed_by, ticket.confirmed_how = None, "", ""
    if step == "approve_plan":
        for side in ("department", "management"):
            if values.get(side):
                setattr(ticket, f"plan_{side}_approved_by", str(values[side]).strip())


def _list_replaced(fact: TicketFact, after: TicketFact, ticket: Ticket, step: str) -> dict[str, object]:
    """What stood in the fields that the step overwrites, where something stood there."""
    before = {
        name: _plain(getattr(fact, name))
        for name in FACT_FIELDS
        if getattr(fact, name) != getattr(after, name) and getattr(fact, name) not in (None, "", "unknown")
    }
    desk = (
        ("confirmed_at", "confirmed_by", "confirmed_how") if step == "reopen" else _DESK_FIELDS.get(step, ())
    )
    return before | {name: _plain(getattr(ticket, name)) for name in desk if getattr(ticket, name)}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
