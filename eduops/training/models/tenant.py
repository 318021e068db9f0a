"""Who learns where: parent bodies, tenants and what was agreed with them, and the programmes that the contract names."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from eduops.store.column import Hundredths, Json, UtcDateTime


class ParentBody(SQLModel, table=True):
    """A body that signs for several tenants, such as a district's health bureau."""

    __tablename__ = "parent_body"

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str = Field(unique=True, max_length=200)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Tenant(SQLModel, table=True):
    """An organisation whose people learn: a campus, a department, an outside hospital."""

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str = Field(unique=True, max_length=200)
    kind: str
    """campus, department or outside_hospital."""
    parent_body_id: int | None = Field(default=None, foreign_key="parent_body.id", index=True)
    number: int | None = None
    """Its number in the contract's list."""
    contact: str = ""
    contact_phone_sealed: str | None = None
    """The contact's telephone, encrypted (`store.secret`)."""
    state: str = "active"
    """active, suspended or closed."""
    state_reason: str = ""
    state_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class TenantContract(SQLModel, table=True):
    """What was agreed with a tenant or a parent body, for a time. Never altered: a renewal is the next one."""

    __tablename__ = "tenant_contract"
    __table_args__ = (CheckConstraint("(tenant_id IS NULL) <> (parent_body_id IS NULL)", name="one_party"),)

    id: int = Field(default=None, primary_key=True)
    tenant_id: int | None = Field(default=None, foreign_key="tenant.id", index=True)
    parent_body_id: int | None = Field(default=None, foreign_key="parent_body.id", index=True)
    number: str = ""
    """The contract's number, as it is written on the paper."""
    fee: str = ""
    """Whether and how it is paid for, in words: 收费."""
    fee_yuan: Decimal | None = Field(default=None, sa_type=Hundredths)
    headcount_quota: int | None = None
    start_on: date | None = None
    last_on: date | None = None
    """The last day on which it holds."""
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    actor: str


class Programme(SQLModel, table=True):
    """One of the contract's in-house trainings; exams and courses hang off it."""

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str
    department: str | None = None
    """The commissioning department (委托科室)."""
    season: str
    audience: list[str] = Field(sa_type=Json)
