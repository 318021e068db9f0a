"""What the ledger keeps: entries and closings that are never changed or deleted, each chained to the one before."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel

from eduops.store.column import ExactInstant, ExactJson


class LedgerEntry(SQLModel, table=True):
    """One entry of the breach ledger (违约台账)."""

    __tablename__ = "ledger_entry"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    """breach, obligation; revoke, amend, waive, discharge, which name the breach or obligation they are about."""
    refers_to: int | None = Field(default=None, foreign_key="ledger_entry.id")
    finding_key: str = Field(index=True)
    clause: str
    rule: str
    subject: str | None
    falls_on: date
    """The finding's day, by which it belongs to a period and a contract year."""
    counted: int
    # Any: the finding as `sla evaluate` printed it, JSON values only; of a correction, as it stands after it.
    finding: dict[str, Any] = Field(sa_type=ExactJson)
    # Any: what a correction rests on (customer, document, reason, figure), JSON values only.
    detail: dict[str, Any] = Field(sa_type=ExactJson)
    as_of: datetime | None = Field(default=None, sa_type=ExactInstant)
    """The instant whose facts were judged; none for waivers."""
    posted_at: datetime = Field(sa_type=ExactInstant)
    posted_by: str
    previous_hash: str
    hash: str


class LedgerClosing(SQLModel, table=True):
    """One closing (结账) of a month or quarter: what its facts, contract and calendar were, and what they came to."""

    __tablename__ = "ledger_closing"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    replaces: int | None = Field(default=None, foreign_key="ledger_closing.id")
    """The earlier closing of the same period, after which something changed."""
    contract: str
    period: str
    from_on: date
    to_on: date
    """The last day, included."""
    as_of: datetime = Field(sa_type=ExactInstant)
    facts_hash: str
    # Any: the hash of each ticket by its reference and of the other facts by their kind.
    facts: dict[str, Any] = Field(sa_type=ExactJson)
    contract_hash: str
    calendar: str
    # Any: for each finding its count and figure, by key.
    findings: dict[str, Any] = Field(sa_type=ExactJson)
    counted: int
    by_clause: dict[str, int] = Field(sa_type=ExactJson)
    entry_count: int
    """How many entries the ledger had, and the hash of the last: a closing vouches for the ledger before it."""
    entry_hash: str
    closed_at: datetime = Field(sa_type=ExactInstant)
    closed_by: str
    previous_hash: str
    hash: str
