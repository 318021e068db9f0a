"""Tables of the store itself: counters, the audit log, which key its personal data are encrypted with, runs of jobs."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

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


class JobRun(SQLModel, table=True):
    """One run of a job of `schedule.yaml`, or the note that a due one was missed."""

    __tablename__ = "job_run"
    # Two schedulers at once: only one of them gets the run that was due. A run by hand has no due instant.
    __table_args__ = (UniqueConstraint("job", "due_at"),)

    id: int = Field(default=None, primary_key=True)
    job: str = Field(index=True)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """None for a missed run."""
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: str = "running"
    """running, succeeded, found (exit code 1), failed, timed_out, interrupted, missed or skipped."""
    exit_code: int | None = None
    command: str = ""
    """The command line as it ran; it holds no secret."""
    trigger: str = ""
    """cron, systemd, daemon, catch_up or hand."""
    machine: str = ""
    process: int | None = None
    output: str | None = None
    """The file that keeps what it printed, relative to the home's `logs/`."""
    note: str | None = None
    """Why it was missed, skipped or broken off."""
    actor: str
