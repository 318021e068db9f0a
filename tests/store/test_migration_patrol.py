"""Patrol documents that were kept as plain text are packed by the migration, and plain again after going back."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic import command
from patrol.healthy_document import GOLDEN
from sqlalchemy import Engine, text
from sqlmodel import Session

from eduops.patrol.models import PatrolDocument, PatrolRun
from eduops.store.engine import open_engine
from eduops.store.migration import config, upgrade

BEFORE = "20261124_course"
CONTENT = GOLDEN.read_text(encoding="utf-8") + "虚构：不是 JSON 也一字不差 \u0007 'quoted' \\ \U0001f600"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def engine(request: pytest.FixtureRequest, tmp_path) -> Iterator[Engine]:
    """An empty database of either kind at the revision before documents were packed."""
    if request.param == "sqlite":
        url, drop = f"sqlite:///{tmp_path / 'old.db'}", None
    else:
        server = request.getfixturevalue("postgresql_server")
        url = server.create_database()
        drop = server.drop_database
    opened = open_engine(url)
    migrate(opened, BEFORE)
    yield opened
    opened.dispose()
    if drop:
        drop(url)


def migrate(engine: Engine, revision: str, *, down: bool = False) -> None:
    move = command.downgrade if down else command.upgrade
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            move(config(connection=connection), revision)


def fill(engine: Engine) -> None:
    at = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
    with engine.connect() as connection, connection.begin():
        connection.execute(
            text(
                "INSERT INTO host (id, code, name, role, environment, address, is_invented, added_at)"
                " VALUES (1, 'app-1', '虚构', 'application', 'production', 'local', :yes, :at)"
            ),
            {"yes": True, "at": at},
        )
        for number in (1, 2):
            connection.execute(
                text(
                    "INSERT INTO patrol_run (id, ref, host_id, kind, actor, is_ingested, started_at)"
                    " VALUES (:id, :ref, 1, 'daily', '虚构', :no, :at)"
                ),
                {"id": number, "ref": f"PAT-2026-000{number}", "no": False, "at": at},
            )
            connection.execute(
                text("INSERT INTO patrol_document (run_id, content) VALUES (:id, :content)"),
                {"id": number, "content": CONTENT * number},
            )


def contents(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT content FROM patrol_document ORDER BY run_id")).scalars())


def test_plain_documents_are_packed_read_back_equal_and_made_plain_again(engine):
    fill(engine)
    assert contents(engine) == [CONTENT, CONTENT * 2]
    upgrade(engine)
    packed = [bytes(content) for content in contents(engine)]
    assert [zlib.decompress(content).decode() for content in packed] == [CONTENT, CONTENT * 2]
    assert len(packed[0]) * 3 < len(CONTENT.encode())
    with Session(engine) as session:
        assert session.get(PatrolDocument, 1).content == CONTENT
        run = session.get(PatrolRun, 2)
        assert (run.ref, run.is_manual, run.note, run.is_light) == ("PAT-2026-0002", False, "", False)
    migrate(engine, BEFORE, down=True)
    assert contents(engine) == [CONTENT, CONTENT * 2]
