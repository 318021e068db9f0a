"""Who learns: tenants, their learners, and the programmes that the contract names."""

from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from eduops.store.column import Json, UtcDateTime


class Tenant(SQLModel, table=True):
    """An organisation whose people learn: a campus, a department, an outside hospital."""

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str = Field(unique=True, max_length=200)
    kind: str
    """campus, department or outside_hospital."""
    parent_body: str | None = None
    """The body it belongs to, such as a district's health bureau."""
    number: int | None = None
    """Its number in the contract's list."""
    fee: str | None = None
    headcount_quota: int | None = None
    contract_until: date | None = None
    state: str = "active"
    """active, suspended or closed."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class Learner(SQLModel, table=True):
    """A person of a tenant. Leavers are suspended, never deleted."""

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "staff_number"),
    )

    tenant_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    staff_number: str = Field(max_length=64)
    name: str = Field(max_length=100)
    category: str | None = None
    """One of `rules.roster.CATEGORIES`."""
    department: str | None = None
    title: str | None = None
    state: str = "active"
    is_invented: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)


class Programme(SQLModel, table=True):
    """One of the contract's in-house trainings; exams and courses hang off it."""

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str
    department: str | None = None
    """The commissioning department (委托科室)."""
    season: str
    audience: list[str] = Field(sa_type=Json)
