"""What the backup room keeps: the catalogue of backups, their copies elsewhere, each verification and each drill."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from eduops.store.column import Json, UtcDateTime


class Backup(SQLModel, table=True):
    """One backup of a source, written down before it begins, so that a crash leaves a trace."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    source: str = Field(index=True)
    """The source's name in `backup.yaml`; `home` is eduops's own database, settings, attachments and templates."""
    engine: str = "home"
    """home, sqlite, postgresql, mariadb or directory."""
    origin: str = ""
    """Where the source lay, as people say it, without any secret: a path, or server and database."""
    store: str = "main"
    """The store's name in `backup.yaml`."""
    encryption: str = "none"
    """none, age or restic."""
    path: str
    """Where in the store: a path relative to it, or a restic snapshot."""
    state: str = "started"
    """started, verified, failed, removing or removed."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The last verification that passed."""
    milliseconds: int | None = None
    """How long the whole backup took."""
    size_bytes: int | None = Field(default=None, sa_type=BigInteger)
    """What it takes in the store."""
    source_bytes: int | None = Field(default=None, sa_type=BigInteger)
    """What was dumped, before compression and encryption."""
    sha256: str | None = None
    """Of the stored file, or of the manifest of its files."""
    # Any: {table: {"rows": n, "checksum": hex}} as the dump itself was read; JSON values only.
    tables: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    # Any: what was written into the source just before the dump, {"id": …, "at": …, "token": …}; JSON values only.
    sentinel: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    actor: str
    fault: str | None = None
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_because: str | None = None


class BackupCopy(SQLModel, table=True):
    """A backup's copy in a second place, with a verification of its own."""

    __tablename__ = "backup_copy"

    id: int = Field(default=None, primary_key=True)
    backup_id: int = Field(foreign_key="backup.id", index=True)
    place: str
    """The place's name in `backup.yaml`."""
    path: str
    """Where in the place."""
    state: str = "started"
    """started, verified, failed, removing or removed."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    size_bytes: int | None = Field(default=None, sa_type=BigInteger)
    fault: str | None = None
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BackupCheck(SQLModel, table=True):
    """One verification of a backup or of its copy; all of them are kept, also those that failed."""

    __tablename__ = "backup_check"

    id: int = Field(default=None, primary_key=True)
    backup_id: int = Field(foreign_key="backup.id", index=True)
    copy_id: int | None = Field(default=None, foreign_key="backup_copy.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    passed: bool
    milliseconds: int = 0
    fault: str | None = None
    actor: str


class Drill(SQLModel, table=True):
    """One restore of a backup into a scratch place, compared table by table; written down before it begins."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    backup_id: int = Field(foreign_key="backup.id", index=True)
    copy_id: int | None = Field(default=None, foreign_key="backup_copy.id", index=True)
    """The copy that was restored; None for the store's own."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """None while it runs, and for ever where it was killed: such a drill did not pass."""
    passed: bool = False
    scratch: str = ""
    """The scratch place that was restored into, as people say it."""
    rows_compared: int = 0
    tables_compared: int = 0
    differences: list[str] = Field(default_factory=list, sa_type=Json)
    restore_milliseconds: int = 0
    limit_milliseconds: int | None = None
    """How long a restore may take; None where no limit is set."""
    # Any: the evidence: steps with instants, files with hashes, tables with counts; JSON values only.
    evidence: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    actor: str
    fault: str | None = None
