"""What a programme teaches besides its exams: courses."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from eduops.store.column import Hundredths, UtcDateTime


class Course(SQLModel, table=True):
    """A course of a programme; within one, its title tells it from the others. Withdrawn, never deleted."""

    __table_args__ = (UniqueConstraint("programme_id", "title"),)

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    programme_id: int = Field(foreign_key="programme.id")
    title: str = Field(max_length=200)
    mode: str
    """online, live or onsite."""
    hours: Decimal | None = Field(default=None, sa_type=Hundredths)
    """Class hours (学时) as the programme counts them, not hours of sixty minutes; halves and quarters occur."""
    lecturer: str | None = None
    department: str | None = None
    """The department that gives it."""
    start_on: date | None = None
    last_on: date | None = None
    """The last day on which it is given."""
    state: str = "open"
    """open or withdrawn."""
    state_reason: str = ""
    state_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    is_invented: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
