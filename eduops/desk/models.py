"""What the desk keeps: tickets, what stopped their clocks, and every step with when it happened and was recorded."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from eduops.store.column import Json, UtcDateTime


class Ticket(SQLModel, table=True):
    """One ticket as it stands; the instants are those the contract's rules read."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=64)
    kind: str
    """incident, request or consult."""
    title: str
    impact: str = "limited"
    """system, department or limited."""
    cause: str = "unknown"
    """software, hardware, network, third_party, customer or unknown."""
    department: str = ""
    channel: str = ""
    """One of `rules.CHANNELS` (clause 2.4)."""
    reporter: str = ""
    assignee: str = ""
    reported_at: datetime = Field(sa_type=UtcDateTime, index=True)
    responded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    arrived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    remote_agreed_by: str = ""
    solution: str = ""
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


class TicketEvent(SQLModel, table=True):
    """One step of a ticket; never changed."""

    __tablename__ = "ticket_event"

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    step: str
    """open, respond, arrive, wait, go_on, resolve or close."""
    happened_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    # Any: what the step set, by field name; JSON values only.
    values: dict[str, Any] = Field(sa_type=Json)
