"""What the delivery room keeps: every document that was made, with its hash."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from eduops.store.column import UtcDateTime


class Document(SQLModel, table=True):
    """A document as it was made; a new version is a new row."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    kind: str
    """quarterly, …"""
    period: str
    """As the command names it: 2026Q3."""
    version: str
    file_name: str
    sha256: str
    size_bytes: int
    cut_off_at: datetime = Field(sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: str
    is_invented: bool = False
