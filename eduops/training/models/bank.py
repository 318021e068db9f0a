"""Tables of the question banks: banks, import batches, groups, questions and their revisions."""

from datetime import datetime
from decimal import Decimal

from sqlmodel import Field, SQLModel

from eduops.store.column import Hundredths, Json, UtcDateTime

_OURS = {"autoincrement": False}
"""Ids come from `counter.allocate`, so that bulk inserts know them beforehand."""


class Bank(SQLModel, table=True):
    """A named collection of questions."""

    id: int = Field(primary_key=True, sa_column_kwargs=_OURS)
    name: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ImportBatch(SQLModel, table=True):
    """One file imported: what it was and what became of its rows. Undoing it retires its questions."""

    __tablename__ = "import_batch"

    id: int = Field(primary_key=True, sa_column_kwargs=_OURS)
    bank_id: int = Field(foreign_key="bank.id", index=True)
    ref: str = Field(unique=True)
    file_name: str
    file_hash: str
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    rows: int
    imported: int
    duplicates: int
    rejected: int
    repaired: int
    assumptions: list[str] = Field(sa_type=Json)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class QuestionGroup(SQLModel, table=True):
    """What several questions share: a stem (A3/A4) or the options (B1)."""

    __tablename__ = "question_group"

    id: int = Field(primary_key=True, sa_column_kwargs=_OURS)
    bank_id: int = Field(foreign_key="bank.id", index=True)
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)
    kind: str
    stem: str
    options: list[str] = Field(sa_type=Json)


class Question(SQLModel, table=True):
    """A question's identity; what it says stands in its revisions, of which `revision` is the current one."""

    id: int = Field(primary_key=True, sa_column_kwargs=_OURS)
    bank_id: int = Field(foreign_key="bank.id", index=True)
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)
    group_id: int | None = Field(default=None, foreign_key="question_group.id")
    position: int
    revision: int
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class QuestionRevision(SQLModel, table=True):
    """What a question said at one time. Never altered: a correction is the next revision, a paper pins one."""

    __tablename__ = "question_revision"

    question_id: int = Field(primary_key=True, foreign_key="question.id", sa_column_kwargs=_OURS)
    revision: int = Field(primary_key=True, sa_column_kwargs=_OURS)
    type: str
    stem: str
    options: list[str] = Field(sa_type=Json)
    key: list[list[str]] = Field(sa_type=Json)
    any_order: bool
    explanation: str
    difficulty: str | None
    score: Decimal | None = Field(default=None, sa_type=Hundredths)
    knowledge_path: list[str] = Field(sa_type=Json)
    source: str
    tags: list[str] = Field(sa_type=Json)
    fingerprint: str = Field(index=True)
    stem_fingerprint: str
    made_at: datetime = Field(sa_type=UtcDateTime)
