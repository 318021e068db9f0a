"""Building and upgrading the schema with Alembic; the only door to that library."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from eduops.store.schema import find_revision

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Brings the database to the newest schema in one transaction; returns (revision before, revision after)."""
    before = find_revision(engine)
    with engine.connect() as connection, _rebuilding(connection), connection.begin():
        command.upgrade(config(connection=connection), "head")
        _require_whole(connection)
    return before, list_revisions()[-1]


@contextmanager
def _rebuilding(connection: Connection) -> Iterator[None]:
    """SQLite alters a table by making it anew, which keys that point at it would not allow while it is gone."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # On the driver's connection: within a transaction the pragma does nothing.
    raw: Any = connection.connection.driver_connection  # Any: sqlite3's, of which SQLAlchemy says nothing
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")


def _require_whole(connection: Connection) -> None:
    """Raises RuntimeError, which undoes the migration, where a key points at nothing."""
    if connection.dialect.name == "sqlite":
        loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if loose:
            raise RuntimeError(f"rows that point at nothing after the migration: {loose[:5]}")


def list_revisions() -> list[str]:
    """All migrations, oldest first."""
    scripts = ScriptDirectory.from_config(config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def config(**attributes: object) -> Config:
    """An Alembic configuration for our scripts; `connection` and `metadata` travel as attributes."""
    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS))
    made.set_main_option("file_template", "%%(rev)s")
    made.attributes.update(attributes)
    return made
