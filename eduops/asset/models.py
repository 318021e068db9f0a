"""What we keep of what is under care: servers, what runs on them, what connects them, and what was found wrong."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from eduops.store.column import Json, UtcDateTime


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
    """The connection in `remote.yaml` that it is reached through."""
    owner: str | None = None
    warranty_until: date | None = None
    is_invented: bool = False
    added_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Service(SQLModel, table=True):
    """A program that runs on a host for others: a database, middleware, an application."""

    __tablename__ = "service"

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str
    host_id: int = Field(foreign_key="host.id", index=True)
    kind: str
    """database, middleware, application or other."""
    product: str = ""
    version: str = ""
    port: int | None = None
    note: str = ""
    added_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ServiceNeed(SQLModel, table=True):
    """That a service cannot work without another one."""

    __tablename__ = "service_need"

    service_id: int = Field(foreign_key="service.id", primary_key=True)
    needed_id: int = Field(foreign_key="service.id", primary_key=True, index=True)


class Interface(SQLModel, table=True):
    """A connection between one of our services and another system."""

    __tablename__ = "interface"

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str
    service_id: int = Field(foreign_key="service.id", index=True)
    system: str
    """The other system, as the customer calls it."""
    direction: str
    """inbound, outbound or both, seen from our service."""
    protocol: str = ""
    port: int | None = None
    data: str = ""
    contact: str = ""
    note: str = ""
    added_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Licence(SQLModel, table=True):
    """A right to use a product, for a number of something and a time. Keys are never kept here."""

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    product: str
    kind: str = ""
    quantity: int | None = None
    unit: str = ""
    holder: str = ""
    host_id: int | None = Field(default=None, foreign_key="host.id", index=True)
    valid_from: date | None = None
    valid_until: date | None = None
    """The last day; None is without an end."""
    is_perpetual: bool = False
    note: str = ""
    added_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Dictionary(SQLModel, table=True):
    """One of the customer's dictionaries (甲方字典, clause 5.2(1)): departments, staff categories, charge items."""

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str
    owner: str = ""
    added_at: datetime = Field(sa_type=UtcDateTime)


class DictionaryVersion(SQLModel, table=True):
    """A dictionary as it stood. Never altered; the number counts within the dictionary."""

    __tablename__ = "dictionary_version"
    __table_args__ = (UniqueConstraint("dictionary_id", "number"),)

    id: int = Field(default=None, primary_key=True)
    dictionary_id: int = Field(foreign_key="dictionary.id", index=True)
    number: int
    label: str = ""
    """What the customer calls the version."""
    source: str = ""
    entry_count: int
    entries_hash: str = Field(max_length=64)
    imported_at: datetime = Field(sa_type=UtcDateTime)
    actor: str


class DictionaryEntry(SQLModel, table=True):
    """One entry of a version: its code, its name and whatever else the customer's file says of it."""

    __tablename__ = "dictionary_entry"

    version_id: int = Field(foreign_key="dictionary_version.id", primary_key=True)
    code: str = Field(primary_key=True, max_length=200)
    name: str
    parent_code: str = ""
    extra: dict[str, str] = Field(default_factory=dict, sa_type=Json)


class DictionarySync(SQLModel, table=True):
    """That a version was brought to a business system, or was not."""

    __tablename__ = "dictionary_sync"

    id: int = Field(default=None, primary_key=True)
    version_id: int = Field(foreign_key="dictionary_version.id", index=True)
    system: str
    synced_at: datetime = Field(sa_type=UtcDateTime)
    is_done: bool
    note: str = ""
    actor: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Vulnerability(SQLModel, table=True):
    """A weakness to be mended as the customer asks (clause 2.7). What stands empty has not happened yet."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=20)
    title: str
    host_id: int | None = Field(default=None, foreign_key="host.id", index=True)
    service_id: int | None = Field(default=None, foreign_key="service.id", index=True)
    identifier: str = ""
    """Its public number, such as CVE-2026-0001."""
    severity: str
    """critical, high, medium or low."""
    source: str = ""
    """Who or what found it: a scan, a notice, the customer."""
    found_on: date
    demanded_by: str = ""
    demanded_on: date | None = None
    due_on: date | None = None
    fixed_on: date | None = None
    fix: str = ""
    verified_on: date | None = None
    verified_by: str = ""
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Optimisation(SQLModel, table=True):
    """Something made faster or leaner (clause 5.2(5)), with its figure before and after."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=20)
    title: str
    host_id: int | None = Field(default=None, foreign_key="host.id", index=True)
    service_id: int | None = Field(default=None, foreign_key="service.id", index=True)
    done_on: date
    actor: str
    measure: str
    """What was measured: 首页打开时间."""
    unit: str = ""
    before: float
    after: float
    is_lower_better: bool = True
    action: str
    """What was done."""
    recorded_at: datetime = Field(sa_type=UtcDateTime)
