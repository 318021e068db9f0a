"""What we keep of patrols: each run, the document it was judged from, every check."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from eduops.store.column import UtcDateTime


class PatrolRun(SQLModel, table=True):
    """A patrol of one host. Committed before anything is measured: one without `finished_at` never counts.

    `kind` is daily, big or on_demand. `state` (of the five) and all that comes from the document stand empty until
    the run has finished; `failure` says why it could not.
    """

    __tablename__ = "patrol_run"

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=20)
    host_id: int = Field(foreign_key="host.id", index=True)
    kind: str
    actor: str
    is_ingested: bool = False
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
    content: str


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
