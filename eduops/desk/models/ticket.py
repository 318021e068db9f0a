"""Tickets, what stopped their clocks, how often they came back, and every step with when it was recorded."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from eduops.store.column import Json, UtcDateTime


class Ticket(SQLModel, table=True):
    """One ticket as it stands; the instants are those the contract's rules read."""

    # Ids come from the counter, so that an import can say which waits belong to which ticket.
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    ref: str = Field(unique=True, max_length=64)
    kind: str
    """incident, request or consult."""
    title: str
    impact: str = Field(default="limited", index=True)
    """system, department or limited."""
    cause: str = "unknown"
    """software, hardware, network, third_party, customer or unknown."""
    department: str = ""
    channel: str = ""
    """One of `rules.word.CHANNELS` (clause 2.4), or what an imported file says."""
    reporter: str = ""
    assignee: str = ""
    escalated_to: str = ""
    """Whom of the support team it was handed to (clause 2.2)."""
    reported_at: datetime = Field(sa_type=UtcDateTime, index=True)
    responded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    arrived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    """The first resolution; later ones stand in TicketReopening."""
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    confirmed_by: str = ""
    """Who of the customer confirmed the service (clause 5.3.3)."""
    confirmed_how: str = ""
    remote_agreed_by: str = ""
    planned: bool = False
    planned_approved_by: str = ""
    planned_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    planned_to: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outage_start: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outage_end: datetime | None = Field(default=None, sa_type=UtcDateTime)
    plan_submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    plan_department_approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    plan_department_approved_by: str = ""
    plan_management_approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    plan_management_approved_by: str = ""
    plan_deadline: datetime | None = Field(default=None, sa_type=UtcDateTime)
    solution: str = ""
    recurring_problem_id: int | None = Field(default=None, foreign_key="recurring_problem.id", index=True)
    is_invented: bool = False


class TicketExclusion(SQLModel, table=True):
    """等待甲方: a stretch that stops the clock of clause 2.3."""

    __tablename__ = "ticket_exclusion"

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    from_at: datetime = Field(sa_type=UtcDateTime)
    to_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str
    agreed_by: str


class TicketReopening(SQLModel, table=True):
    """A resolved ticket opened again, and resolved again or not yet."""

    __tablename__ = "ticket_reopening"

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    reopened_at: datetime = Field(sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TicketEvent(SQLModel, table=True):
    """One step of a ticket; never changed."""

    __tablename__ = "ticket_event"

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    step: str
    """One of `rules.word.STEPS`."""
    happened_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    # Any: what the step set, and what stood there before, by field name; JSON values only.
    values: dict[str, Any] = Field(sa_type=Json)


class MaintenanceRecord(SQLModel, table=True):
    """维护记录 of a ticket (clause 5.3.4): one each, written before an incident or planned work is closed."""

    __tablename__ = "maintenance_record"

    ticket_id: int = Field(
        primary_key=True, foreign_key="ticket.id", sa_column_kwargs={"autoincrement": False}
    )
    cause: str
    """故障原因."""
    engineer: str
    """实施工程师."""
    solution: str
    """解决办法."""
    process: str
    """实施过程."""
    result: str
    """维护结果."""
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    actor: str


class TicketAttachment(SQLModel, table=True):
    """A file that belongs to a ticket; its content lies in the home under its hash."""

    __tablename__ = "ticket_attachment"

    ticket_id: int = Field(
        primary_key=True, foreign_key="ticket.id", sa_column_kwargs={"autoincrement": False}
    )
    name: str = Field(primary_key=True, max_length=255)
    sha256: str = Field(max_length=64, index=True)
    size_bytes: int
    added_at: datetime = Field(sa_type=UtcDateTime)
    actor: str


class RecurringProblem(SQLModel, table=True):
    """重复问题: one known cause behind several tickets, with its workaround (clause 2.2)."""

    __tablename__ = "recurring_problem"

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=64)
    title: str
    cause: str = ""
    workaround: str = ""
    opened_at: datetime = Field(sa_type=UtcDateTime)
    solved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    actor: str
    is_invented: bool = False
