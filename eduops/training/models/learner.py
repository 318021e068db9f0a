"""The people who learn, and what their hospital calls its departments."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from eduops.store.column import UtcDateTime


class Learner(SQLModel, table=True):
    """A person of a tenant. Leavers are suspended, never deleted; who moved or was merged points at what came after."""

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(
            ["successor_tenant_id", "successor_id"],
            ["learner.tenant_id", "learner.id"],
            name="fk_learner_successor",
        ),
        UniqueConstraint("tenant_id", "staff_number"),
    )

    tenant_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    staff_number: str = Field(max_length=64)
    name: str = Field(max_length=100)
    category: str | None = None
    """One of `rules.category.CATEGORIES`."""
    department: str | None = None
    title: str | None = None
    level: str | None = None
    """A nurse's level: N0 to N4."""
    phone_sealed: str | None = None
    """Encrypted (`store.secret`); the hash beside it finds it again."""
    phone_hash: str | None = Field(default=None, index=True)
    id_number_sealed: str | None = None
    id_number_hash: str | None = Field(default=None, index=True)
    state: str = "active"
    """active, suspended, moved (to another tenant) or merged (into another learner)."""
    state_reason: str = ""
    state_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    successor_tenant_id: int | None = None
    successor_id: int | None = None
    is_invented: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)


class Department(SQLModel, table=True):
    """A department as the customer's dictionary (甲方字典) names it."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=200)
    added_at: datetime = Field(sa_type=UtcDateTime)


class DepartmentAlias(SQLModel, table=True):
    """Another spelling of a department that a person has confirmed."""

    __tablename__ = "department_alias"

    alias: str = Field(primary_key=True, max_length=200)
    department_id: int = Field(foreign_key="department.id", index=True)
    confirmed_at: datetime = Field(sa_type=UtcDateTime)
    actor: str
