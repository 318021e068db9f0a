"""Satisfaction surveys and data corrections."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Field, SQLModel

from eduops.store.column import Hundredths, Json, UtcDateTime


class Survey(SQLModel, table=True):
    """One answer to a satisfaction survey (clause 2.8), 0 to 100, or one 科室使用情况反馈表."""

    id: int = Field(default=None, primary_key=True)
    answered_on: date = Field(index=True)
    department: str = ""
    respondent: str = ""
    score: Decimal = Field(sa_type=Hundredths)
    # Any: the feedback form's items, text to a number; empty where only a score was given.
    items: dict[str, Any] = Field(sa_type=Json)
    comment: str = ""
    source_sha256: str = Field(default="", max_length=64, index=True)
    """The file it was imported from; empty where it was typed."""
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    is_invented: bool = False


class DataCorrection(SQLModel, table=True):
    """数据修正 (clause 2.10-2): why wrong data were put right, who allowed it, what stood there, and the way back."""

    __tablename__ = "data_correction"

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=64)
    target: str
    """Which system and which data."""
    reason: str
    statement: str
    """What is changed, as it will be carried out."""
    ticket_ref: str = ""
    requested_at: datetime = Field(sa_type=UtcDateTime, index=True)
    requested_by: str
    """Who asked for it on the customer's side."""
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    approved_by: str = ""
    approval_document: str = ""
    applied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    applied_by: str = ""
    # Any: the values before and after, as JSON or as the text that was typed.
    before: Any = Field(default=None, sa_type=Json)
    after: Any = Field(default=None, sa_type=Json)
    undo: str = ""
    """How it is taken back."""
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: str = ""
    undo_reason: str = ""
    actor: str
    is_invented: bool = False
