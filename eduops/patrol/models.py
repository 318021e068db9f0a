"""What we keep of patrols: each run, the document it was judged from, every check; problems, baselines, plans."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from eduops.store.column import Json, PackedText, UtcDateTime


class PatrolRun(SQLModel, table=True):
    """A patrol of one host. Committed before anything is measured: one without `finished_at` never counts.

    `kind` is daily, big, monthly or on_demand. `state` (of the five) and all that comes from the document stand empty until
    the run has finished; `failure` says why it could not.
    """

    __tablename__ = "patrol_run"

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=20)
    host_id: int = Field(foreign_key="host.id", index=True)
    kind: str
    actor: str
    is_ingested: bool = False
    is_manual: bool = False
    """Made by hand and told: no document stands behind it, `note` says what was looked at."""
    note: str = ""
    is_light: bool = False
    """Heavy probes were left out, because an exam was open; `note` says which."""
    plan_id: int | None = Field(default=None, foreign_key="patrol_plan.id", index=True)
    planned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    started_at: datetime = Field(sa_type=UtcDateTime, index=True)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    recorded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str | None = None
    state: str | None = None
    measured_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    hostname: str | None = None
    machine_id_hash: str | None = None
    agent_version: str | None = None
    document_schema: int | None = None
    document_hash: str | None = Field(default=None, unique=True, max_length=64)
    thresholds_hash: str | None = None


class PatrolDocument(SQLModel, table=True):
    """The raw document of a run, as it came; apart from the run so that lists stay light."""

    __tablename__ = "patrol_document"

    run_id: int = Field(primary_key=True, foreign_key="patrol_run.id")
    content: str = Field(sa_type=PackedText)


class PatrolResult(SQLModel, table=True):
    """One check of a run; `metric` and `item` name the same thing from run to run."""

    __tablename__ = "patrol_result"

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="patrol_run.id", index=True)
    probe: str
    metric: str
    item: str
    state: str
    value: float | None = None
    unit: str
    threshold: float | None = None
    text: str
    is_mandatory: bool


class PatrolProblem(SQLModel, table=True):
    """A critical problem from when it was first seen until it was gone; at most one of a host's check is open.

    `clear_count` counts the patrols in a row that saw it gone; `closed_at` is set once that is believed.
    """

    __tablename__ = "patrol_problem"

    id: int = Field(default=None, primary_key=True)
    host_id: int = Field(foreign_key="host.id", index=True)
    probe: str
    metric: str
    item: str
    state: str
    text: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    opened_run_id: int = Field(foreign_key="patrol_run.id")
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    last_run_id: int = Field(foreign_key="patrol_run.id")
    seen_count: int = 1
    clear_count: int = 0
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reopened_count: int = 0
    """How often it came back within the time in which that counts as the same problem."""
    ticket_ref: str | None = Field(default=None, max_length=20)


class PatrolBaseline(SQLModel, table=True):
    """A host's configuration as somebody approved it. The newest one holds; older ones stay."""

    __tablename__ = "patrol_baseline"

    id: int = Field(default=None, primary_key=True)
    host_id: int = Field(foreign_key="host.id", index=True)
    number: int
    run_id: int = Field(foreign_key="patrol_run.id")
    facts: dict[str, dict[str, str]] = Field(sa_type=Json)
    """Section -> item -> value."""
    facts_hash: str = Field(max_length=64)
    note: str = ""
    actor: str
    approved_at: datetime = Field(sa_type=UtcDateTime)


class PatrolPlan(SQLModel, table=True):
    """An evaluation plan (clause 5.3.3): what will be looked at and when, agreed beforehand with the customer."""

    __tablename__ = "patrol_plan"

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=20)
    title: str
    kind: str
    """daily, big or monthly."""
    start_on: date
    last_on: date
    scope: str = ""
    content: str = ""
    agreed_with: str = ""
    """The customer's administrator."""
    agreed_on: date | None = None
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    actor: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class PatrolPlanVisit(SQLModel, table=True):
    """A host to be looked at on a day, by a plan."""

    __tablename__ = "patrol_plan_visit"
    __table_args__ = (UniqueConstraint("plan_id", "host_id", "day"),)

    id: int = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="patrol_plan.id", index=True)
    host_id: int = Field(foreign_key="host.id", index=True)
    day: date
