"""What the backup room keeps: each backup and each drill, with what was compared."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from eduops.store.column import Json, UtcDateTime


class Backup(SQLModel, table=True):
    """One backup of a source, written down before it begins, so that a crash leaves a trace."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    source: str
    """What was backed up: `home` is eduops's own database."""
    path: str
    """Relative to the home's `backups/`."""
    state: str = "started"
    """started, verified or failed."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    size_bytes: int | None = None
    sha256: str | None = None
    # Any: {table: {"rows": n, "checksum": hex}} as the dump itself was read; JSON values only.
    tables: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    actor: str
    fault: str | None = None


class Drill(SQLModel, table=True):
    """One restore of a backup into a scratch file, compared table by table."""

    id: int = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, max_length=40)
    backup_id: int = Field(foreign_key="backup.id", index=True)
    started_at: datetime = Field(sa_type=UtcDateTime)
    passed: bool = False
    rows_compared: int = 0
    tables_compared: int = 0
    differences: list[str] = Field(default_factory=list, sa_type=Json)
    restore_milliseconds: int = 0
    actor: str
