"""How a ticket's facts and steps are written: facts over what stood there, steps for good."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, SQLModel

from eduops.contract.fact import Plan, TicketFact
from eduops.contract.ticket_fact import PLAN_FIELDS
from eduops.desk import queries
from eduops.desk.models.ticket import Ticket, TicketEvent, TicketExclusion, TicketReopening

FACT_FIELDS = (
    *("kind", "title", "impact", "cause", "department", "channel", "reporter", "reported_at"),
    *("responded_at", "arrived_at", "resolved_at", "closed_at", "remote_agreed_by", "planned"),
    *("planned_approved_by", "planned_from", "planned_to", "outage_start", "outage_end"),
)
"""The fields of a ticket's facts that are columns of the same name; its reference never changes."""


def save_fact(session: Session, ticket: Ticket, fact: TicketFact) -> None:
    """Writes a ticket's facts over what stood there; waits and reopenings are matched by their place."""
    plan = fact.plan or Plan()
    ticket.sqlmodel_update(
        {name: getattr(fact, name) for name in FACT_FIELDS}
        | {f"plan_{name}": getattr(plan, name) for name in PLAN_FIELDS}
    )
    session.add(ticket)
    waits = [
        {"from_at": each.from_at, "to_at": each.to_at, "reason": each.reason, "agreed_by": each.agreed_by}
        for each in fact.exclusions
    ]
    again = [{"reopened_at": each.reopened_at, "resolved_at": each.resolved_at} for each in fact.reopened]
    _save_children(session, ticket, TicketExclusion, queries.list_exclusions(session, ticket), waits)
    _save_children(session, ticket, TicketReopening, queries.list_reopenings(session, ticket), again)
    session.flush()


def record_event(
    session: Session,
    ticket: Ticket,
    step: str,
    *,
    at: datetime,
    now: datetime,
    actor: str,
    values: Mapping[str, object],
) -> None:
    """Adds a step to the ticket's story, for good."""
    session.add(
        TicketEvent(
            ticket_id=ticket.id, step=step, happened_at=at, recorded_at=now, actor=actor, values=dict(values)
        )
    )
    session.flush()


def _save_children(
    session: Session,
    ticket: Ticket,
    table: type[SQLModel],
    rows: Sequence[SQLModel],
    wanted: Sequence[Mapping[str, object]],
) -> None:
    """Makes the ticket's rows of a table say what is wanted, place by place; rows are only ever added."""
    for row, fields in zip(rows, wanted, strict=False):
        row.sqlmodel_update(dict(fields))
        session.add(row)
    for fields in wanted[len(rows) :]:
        session.add(table(ticket_id=ticket.id, **fields))
