"""Writes a migration from the difference between the models and the migrations: NAME, or --first anew.

`--first` rewrites the very first migration; only before a release, while no home exists that stands at it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from eduops.store.engine import open_engine
from eduops.store.migration import config
from eduops.store.schema import HEAD
from eduops.workflow.table import all_tables

VERSIONS = Path(__file__).parent.parent / "eduops/store/migrations/versions"


def main(name: str) -> None:
    """Generates against a fresh SQLite database brought to the present head."""
    first = name == "--first"
    revision = HEAD if first else name
    if first:
        for old in VERSIONS.glob("*.py"):
            old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/new.db")
        with engine.begin() as connection:
            made = config(connection=connection, metadata=all_tables())
            if not first:
                command.upgrade(made, "head")
            command.revision(made, message="the house" if first else name, rev_id=revision, autogenerate=True)
    subprocess.run(
        ["ruff", "format", "--quiet", "--no-force-exclude", VERSIONS / f"{revision}.py"], check=True
    )


main(sys.argv[1])
