"""Building and upgrading the schema with Alembic; the only door to that library."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData

from eduops.store.engine import WRITING
from eduops.store.schema import find_revision

_SCRIPTS = Path(__file__).parent / "migrations"


_Step = Callable[[Connection], None]


def upgrade(
    engine: Engine, *, prepare: _Step | None = None, approve: _Step | None = None
) -> tuple[str | None, str]:
    """Brings the database to the newest schema in one transaction; returns (revision before, revision after).

    `prepare` runs in that transaction before the first migration, `approve` after the last one: what they raise, or
    what a migration raises, undoes everything.
    """
    before = find_revision(engine)
    # A writer takes its lock at once: two upgrades would otherwise both begin as readers, and one fail half-way.
    with (
        engine.connect().execution_options(**{WRITING: True}) as connection,
        _rebuilding(connection),
        connection.begin(),
    ):
        if prepare:
            prepare(connection)
        upgrade_within(connection)
        _require_whole(connection)
        if approve:
            approve(connection)
    return before, list_revisions()[-1]


def upgrade_within(connection: Connection) -> None:
    """Brings the database to the newest schema within the transaction that the caller has begun."""
    command.upgrade(config(connection=connection), "head")


def find_differences(connection: Connection, metadata: MetaData) -> list[str]:
    """Where the schema differs from the models, each in a few words; the database must be at the newest revision."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found: list[str] = []
    for difference in compare_metadata(context, metadata):
        # What changes a column comes as a list of its changes.
        parts = difference if isinstance(difference, list) else [difference]
        found += [_render(part) for part in parts]
    return found


def describe_since(revision: str | None) -> list[tuple[str, str]]:
    """The migrations that come after a revision, oldest first, each with its first line."""
    scripts = ScriptDirectory.from_config(config())
    newest_first = scripts.iterate_revisions("head", revision or "base")
    return [(script.revision, (script.doc or "").splitlines()[0]) for script in newest_first][::-1]


def _render(part: Any) -> str:  # Any: Alembic's tuples, of a kind's own shape
    verb, named = str(part[0]), part[1] if len(part) > 1 else ""
    if verb.startswith("modify_"):
        return f"表 {part[2]} 的列 {part[3]}：{verb.removeprefix('modify_')} 不符"
    word = "缺少" if verb.startswith("add_") else "多出"
    if verb.endswith("_column"):
        return f"{word}表 {part[2]} 的列 {part[3].name}"
    kinds = {"table": "表", "index": "索引", "constraint": "约束", "fk": "外键"}
    kind = kinds.get(verb.partition("_")[2], verb)
    table = getattr(getattr(named, "table", None), "name", "")
    return f"{word}{kind} {getattr(named, 'name', named)}" + (
        f"（表 {table}）" if kind != "表" and table else ""
    )


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
