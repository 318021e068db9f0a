"""Papers, exams, attempts and their answers. What belongs to a learner is keyed by the tenant first."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from eduops.store.column import Hundredths, Json, UtcDateTime


class Paper(SQLModel, table=True):
    """A paper drawn from a bank: the blueprint and the seed are kept, so that the draw can be repeated."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    title: str
    bank_id: int = Field(foreign_key="bank.id")
    # Any: the blueprint as it was given, JSON values only.
    blueprint: list[dict[str, Any]] = Field(sa_type=Json)
    seed: int
    points: Decimal = Field(sa_type=Hundredths)
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: str


class PaperItem(SQLModel, table=True):
    """One question of a paper, pinned to the revision it had when it was drawn."""

    __tablename__ = "paper_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["question_id", "revision"], ["question_revision.question_id", "question_revision.revision"]
        ),
    )

    paper_id: int = Field(primary_key=True, foreign_key="paper.id")
    number: int = Field(primary_key=True)
    question_id: int
    revision: int
    points: Decimal = Field(sa_type=Hundredths)


class Exam(SQLModel, table=True):
    """A paper given at a time: attempts begin and answers arrive within [opens_at, closes_at)."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    title: str
    programme_id: int = Field(foreign_key="programme.id")
    paper_id: int = Field(foreign_key="paper.id")
    opens_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    minutes_allowed: int
    pass_percent: Decimal = Field(sa_type=Hundredths)
    is_invented: bool = False
    scheduled_at: datetime = Field(sa_type=UtcDateTime)


class Attempt(SQLModel, table=True):
    """One learner's answers in one exam."""

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "learner_id"], ["learner.tenant_id", "learner.id"]),
        UniqueConstraint("tenant_id", "exam_id", "learner_id"),
    )

    tenant_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    exam_id: int = Field(foreign_key="exam.id", index=True)
    learner_id: int
    state: str = "open"
    """open, submitted or graded."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    graded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    points: Decimal | None = Field(default=None, sa_type=Hundredths)


class Answer(SQLModel, table=True):
    """The newest answer to one item of an attempt; `saves` counts how often it was given."""

    __table_args__ = (ForeignKeyConstraint(["tenant_id", "attempt_id"], ["attempt.tenant_id", "attempt.id"]),)

    tenant_id: int = Field(primary_key=True)
    attempt_id: int = Field(primary_key=True)
    item_number: int = Field(primary_key=True)
    response: list[str] = Field(sa_type=Json)
    answered_at: datetime = Field(sa_type=UtcDateTime)
    saves: int = 1
    points: Decimal | None = Field(default=None, sa_type=Hundredths)
    """None until it is graded, and for what a person has to grade."""
