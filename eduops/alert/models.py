"""What the alert room keeps: messages, and each delivery over each channel until it arrived."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from eduops.store.column import Json, UtcDateTime


class Message(SQLModel, table=True):
    """Something that people must hear of, written down before anything is sent; never altered afterwards."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    kind: str = Field(index=True)
    """What it is about: deadline, breach, patrol, backup, drill, schedule, duty, tenant or test."""
    severity: str
    """info, warning or critical."""
    subject: str
    """What it is about: a ticket, a host, a source, a job."""
    dedup_key: str = Field(unique=True, max_length=200)
    """A message of the same key is the same message: it is written once."""
    title: str
    text: str
    """As it is sent, rendered from its template; holds no secret."""
    # Any: what the template was filled with; JSON values only.
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: str


class Delivery(SQLModel, table=True):
    """A message on its way over one channel: pending until it arrived."""

    __table_args__ = (UniqueConstraint("message_id", "channel"),)

    id: int = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    channel: str
    """The channel's name in `alert.yaml`."""
    state: str = Field(default="pending", index=True)
    """pending, delivered or withdrawn."""
    attempts: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Not before this instant: quiet hours, or the pause after a fault; None once it arrived."""
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """While one sender holds it, no other sends it."""
    last_fault: str | None = None
    """Why the last attempt failed, without any secret."""
    withdrawn_because: str | None = None
