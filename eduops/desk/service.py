"""What the desk does: one function a step; each records when it happened and when it was written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.core.errors import InputError, NotAllowed
from eduops.desk import queries, rules
from eduops.desk.models import Ticket, TicketEvent, TicketExclusion
from eduops.store import counter

_INSTANTS = {
    "respond": "responded_at",
    "arrive": "arrived_at",
    "resolve": "resolved_at",
    "close": "closed_at",
}


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


def open_ticket(
    session: Session, new: NewTicket, *, at: datetime, now: datetime, actor: str, zone: ZoneInfo
) -> Ticket:
    """Opens a ticket reported at `at`; its reference carries the year of that day in the contract's zone.

    Raises NotAllowed for an instant in the future, InputError for a ticket without a title.
    """
    if not new.title.strip():
        raise InputError("工单没有写内容", hint="用 --title 写一句话说明")
    if at > now:
        raise NotAllowed(f"报修时刻 {at.astimezone(zone):%Y-%m-%d %H:%M} 还没有到", hint="检查 --at 写的时刻")
    ref = counter.next_reference(session, rules.PREFIXES[new.kind], at.astimezone(zone).year)
    ticket = Ticket(
        ref=ref,
        kind=new.kind,
        title=new.title,
        impact=new.impact,
        cause=new.cause,
        department=new.department,
        channel=new.channel,
        reporter=new.reporter,
        is_invented=new.is_invented,
        reported_at=at,
    )
    session.add(ticket)
    session.flush()
    _record(
        session, ticket, "open", at=at, now=now, actor=actor, values={"title": new.title, "kind": new.kind}
    )
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
    values: Mapping[str, str] | None = None,
) -> Ticket:
    """Records respond, arrive, resolve or close, with the fields that the step sets (cause, solution …).

    Resolving ends an open wait for the customer. Raises NotFound, or NotAllowed where the step cannot be.
    """
    ticket = queries.lock_ticket(session, ref)
    wait = queries.find_open_wait(session, ticket)
    rules.check_step(_life(ticket, wait, zone), step, at=at, now=now)
    ticket.sqlmodel_update({_INSTANTS[step]: at, **(values or {})})
    # A wait entered late, after the ticket was resolved, still ended when it was resolved.
    if step in ("resolve", "close") and wait:
        wait.to_at = ticket.resolved_at
        session.add(wait)
    session.add(ticket)
    _record(session, ticket, step, at=at, now=now, actor=actor, values=values or {})
    return ticket


def wait_for_customer(
    session: Session,
    ref: str,
    *,
    at: datetime,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
    reason: str,
    agreed_by: str,
) -> Ticket:
    """Stops the clock from `at`: needs a reason and who agreed on the customer's side (clause 2.3)."""
    ticket = queries.lock_ticket(session, ref)
    wait = queries.find_open_wait(session, ticket)
    rules.check_step(_life(ticket, wait, zone), "wait", at=at, now=now)
    if not reason.strip() or not agreed_by.strip():
        raise NotAllowed(f"工单 {ref}：等待甲方要写原因和甲方同意人", hint="补上 --reason 和 --agreed-by")
    session.add(TicketExclusion(ticket_id=ticket.id, from_at=at, reason=reason, agreed_by=agreed_by))
    values = {"reason": reason, "agreed_by": agreed_by}
    _record(session, ticket, "wait", at=at, now=now, actor=actor, values=values)
    return ticket


def go_on(session: Session, ref: str, *, at: datetime, now: datetime, actor: str, zone: ZoneInfo) -> Ticket:
    """Ends the wait for the customer: the clock runs again from `at`."""
    ticket = queries.lock_ticket(session, ref)
    wait = queries.find_open_wait(session, ticket)
    rules.check_step(_life(ticket, wait, zone), "go_on", at=at, now=now)
    assert wait is not None  # noqa: S101 - check_step refuses to go on without a wait
    wait.to_at = at
    session.add(wait)
    _record(session, ticket, "go_on", at=at, now=now, actor=actor, values={})
    return ticket


def state_of(session: Session, ticket: Ticket, *, zone: ZoneInfo) -> str:
    """The ticket's present state, one of `rules.STATES`."""
    return _life(ticket, queries.find_open_wait(session, ticket), zone).state


def _life(ticket: Ticket, wait: TicketExclusion | None, zone: ZoneInfo) -> rules.Life:
    return rules.Life(
        ref=ticket.ref,
        zone=zone,
        reported_at=ticket.reported_at,
        responded_at=ticket.responded_at,
        arrived_at=ticket.arrived_at,
        resolved_at=ticket.resolved_at,
        closed_at=ticket.closed_at,
        waiting_since=wait.from_at if wait else None,
    )


def _record(
    session: Session,
    ticket: Ticket,
    step: str,
    *,
    at: datetime,
    now: datetime,
    actor: str,
    values: Mapping[str, str],
) -> None:
    session.add(
        TicketEvent(
            ticket_id=ticket.id, step=step, happened_at=at, recorded_at=now, actor=actor, values=dict(values)
        )
    )
    session.flush()
