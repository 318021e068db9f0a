"""Tables of the store itself: counters, the audit log, and which key its personal data are encrypted with."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from eduops.store.column import Json, UtcDateTime


class Counter(SQLModel, table=True):
    """The last number given out under a name, such as "INC-2026" or "learner"."""

    name: str = Field(primary_key=True, max_length=80)
    last: int


class AuditEntry(SQLModel, table=True):
    """One entry a command that changed data: who, when, which command, what changed. Never altered."""

    __tablename__ = "audit_entry"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: str
    command: str
    subject: str
    # Any: what changed differs by command; it holds JSON values only.
    change: dict[str, Any] = Field(sa_type=Json)
    previous_hash: str
    hash: str


class KeyCheck(SQLModel, table=True):
    """One row: tells the key that the personal data are encrypted with from any other, without giving it away."""

    __tablename__ = "key_check"

    id: int = Field(default=1, primary_key=True)
    digest: str
