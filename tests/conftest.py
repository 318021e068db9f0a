"""What every test may ask for: a migrated store on SQLite and on a real PostgreSQL, a home, a fixed instant."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from servers import postgresql

from eduops.store.engine import open_engine
from eduops.store.migration import upgrade
from eduops.store.store import Store, open_store

# Says in the last line of every run what could not run here, and fails on it where CI is set.
pytest_plugins = ["closing_line"]

NOW = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
"""Thursday 2026-03-05 11:50 in Shanghai."""


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file brought to the newest schema by the migrations, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "eduops.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    copy = tmp_path / "eduops.db"
    shutil.copyfile(migrated_file, copy)
    store = open_store(f"sqlite:///{copy}")
    yield store
    store.engine.dispose()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server of this test run, in a temporary directory, with a migrated template database."""
    with postgresql.running() as server:
        engine = open_engine(server.create_database("migrated"))
        upgrade(engine)
        engine.dispose()
        yield server


@pytest.fixture
def postgresql_store(postgresql_server: postgresql.Server) -> Iterator[Store]:
    url = postgresql_server.create_database(template="migrated")
    store = open_store(url)
    yield store
    store.engine.dispose()
    postgresql_server.drop_database(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest) -> Store:
    """The same test on both databases."""
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found
