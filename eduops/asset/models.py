"""What we keep of the servers under care."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from eduops.store.column import UtcDateTime


class Host(SQLModel, table=True):
    """A server under care. Its code is what people type; a retired host keeps its history and its code."""

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str
    role: str
    environment: str
    address: str
    campus: str | None = None
    bastion: str | None = None
    owner: str | None = None
    warranty_until: date | None = None
    is_invented: bool = False
    added_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
