"""What the ledger keeps: entries that are never changed or deleted, each chained to the one before."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from eduops.store.column import Json, UtcDateTime


class LedgerEntry(SQLModel, table=True):
    """One entry of the breach ledger (违约台账)."""

    __tablename__ = "ledger_entry"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    """breach or obligation; later also revoke, amend, waive and discharge, which name an older entry."""
    finding_key: str = Field(unique=True, max_length=200)
    clause: str
    rule: str
    subject: str | None
    counted: int
    # Any: the finding as `sla evaluate` printed it, JSON values only.
    finding: dict[str, Any] = Field(sa_type=Json)
    posted_at: datetime = Field(sa_type=UtcDateTime)
    posted_by: str
    previous_hash: str
    hash: str
