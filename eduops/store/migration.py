"""Building and upgrading the schema with Alembic; the only door to that library."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from eduops.store.schema import find_revision

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Brings the database to the newest schema in one transaction; returns (revision before, revision after)."""
    before = find_revision(engine)
    with engine.begin() as connection:
        command.upgrade(config(connection=connection), "head")
    return before, list_revisions()[-1]


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
