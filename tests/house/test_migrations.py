"""The migrations build what the models say, on both databases, and every one of them can be taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from servers import postgresql
from sqlalchemy import Engine, inspect

import eduops
from eduops.store.engine import open_engine
from eduops.store.migration import config, list_revisions, upgrade
from eduops.workflow.table import MODULES, all_tables


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    else:
        server: postgresql.Server = request.getfixturevalue("postgresql_server")
        engine = open_engine(server.create_database())
    yield engine
    engine.dispose()


def differences(engine: Engine) -> list[object]:
    """What autogenerate would still change."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, all_tables()))


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def step(engine: Engine, verb: str, revision: str) -> None:
    with engine.begin() as connection:
        getattr(command, verb)(config(connection=connection), revision)


def test_models_and_migrations_agree(empty: Engine) -> None:
    upgrade(empty)
    assert differences(empty) == []
    assert tables(empty) == set(all_tables().tables)


def test_every_migration_goes_up_and_down_and_up_again(empty: Engine) -> None:
    for revision in list_revisions():
        before = tables(empty)
        step(empty, "upgrade", revision)
        step(empty, "downgrade", "-1")
        assert tables(empty) == before
        step(empty, "upgrade", revision)
    assert differences(empty) == []


def test_upgrading_twice_changes_nothing(empty: Engine) -> None:
    upgrade(empty)
    before, after = upgrade(empty)
    assert before == after


def test_the_chain_has_one_head_and_one_beginning() -> None:
    scripts = ScriptDirectory.from_config(config())
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1


def test_migrations_are_named_after_their_day_and_what_they_do() -> None:
    for revision in list_revisions():
        day, _, words = revision.partition("_")
        assert len(day) == 8
        assert day.isdigit()
        assert words


def test_every_file_of_tables_is_known() -> None:
    package = Path(eduops.__file__).parent
    files = {
        ".".join(("eduops", *path.relative_to(package).with_suffix("").parts))
        for path in package.rglob("*.py")
        if "table=True" in path.read_text(encoding="utf-8")
    }
    assert files == set(MODULES)
