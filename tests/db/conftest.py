"""Homes whose database holds a little of everything."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from db_home import Said, Typed, fill, spawn
from servers import postgresql

from eduops.core.home import Home
from eduops.workflow.layout import lay_out


@pytest.fixture(scope="session")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as `init` leaves it."""
    home = Home(tmp_path_factory.mktemp("laid") / "home")
    lay_out(home)
    return home.path


@pytest.fixture
def home(laid: Path, tmp_path: Path) -> Path:
    shutil.copytree(laid, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def busy(home: Path) -> Path:
    """A home whose database holds every type of column there is."""
    fill(home)
    return home


@pytest.fixture
def empty_url(postgresql_server: postgresql.Server) -> Iterator[str]:
    """A PostgreSQL database without a table."""
    url = postgresql_server.create_database()
    yield url
    postgresql_server.drop_database(url)


@pytest.fixture
def typed(home: Path) -> Typed:
    """Types a command in the home, as a process of its own."""

    def call(*words: object, **changes: str) -> Said:
        process = spawn(home, *words, **changes)
        out, err = process.communicate(timeout=120)
        return Said(process.returncode, out.decode(), err.decode())

    return call
