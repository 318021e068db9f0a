"""A scheduler's place: a home with a contract, on SQLite and on PostgreSQL, and jobs of real commands."""

import shutil
from pathlib import Path

import pytest
from workflow_schedule import CALENDAR

from eduops.core.home import CONTRACT_NAME, Home
from eduops.core.shipped import find_shipped
from eduops.store.secret import make_key
from eduops.store.store import Store
from eduops.workflow.schedule.active import Station


@pytest.fixture
def station(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Station:
    """The place of a scheduler; the commands that it starts find the same home and database."""
    home = Home(tmp_path)
    url = store.engine.url
    monkeypatch.setenv("EDUOPS_ACTOR", "值班（虚构）")
    monkeypatch.delenv("EDUOPS_NOW", raising=False)
    monkeypatch.delenv("EDUOPS_DATABASE_URL", raising=False)
    if url.get_backend_name() == "postgresql":
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        home = Home(tmp_path, address)
        monkeypatch.setenv("EDUOPS_DATABASE_URL", address)
    lay_out(tmp_path)
    return Station(home, store, CALENDAR, "cron", "值班（虚构）")


def lay_out(home: Path) -> None:
    """What `init` leaves, but for the database."""
    for folder in ("contracts", "logs", "backups"):
        (home / folder).mkdir(parents=True)
    shutil.copy(find_shipped("configs", "contracts", CONTRACT_NAME), home / "contracts")
    make_key(home / "personal.key")
