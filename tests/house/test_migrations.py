"""The migrations build what the models say, on both databases, and every one of them can be taken back."""

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from servers import postgresql
from sqlalchemy import Engine, inspect, text
from sqlmodel import Session, col, select

import eduops
from eduops.store.engine import open_engine
from eduops.store.migration import config, list_revisions, upgrade
from eduops.store.schema import find_revision
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import TenantContract
from eduops.training.queries import tenant as queries
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


def test_what_stood_in_the_tenants_columns_is_carried_over(empty: Engine) -> None:
    """A home of 20261123 with three tenants, all invented (虚构)."""
    step(empty, "upgrade", "20261123_house")
    insert = (
        "INSERT INTO tenant (code, name, kind, parent_body, fee, headcount_quota, contract_until, state, created_at) "
        "VALUES (:code, :code, 'outside_hospital', :body, :fee, :quota, :until, 'active', '2026-11-23 00:00:00')"
    )
    rows = [
        {"code": "xu-yi", "body": "虚构区卫健局", "fee": "收费", "quota": None, "until": None},
        {"code": "xu-er", "body": "虚构区卫健局", "fee": None, "quota": None, "until": None},
        {"code": "xu-san", "body": None, "fee": "收费", "quota": 120, "until": "2027-12-01"},
    ]
    with empty.begin() as connection:
        connection.execute(text(insert), rows)
        connection.execute(
            text(
                "INSERT INTO learner (tenant_id, id, staff_number, name, state, is_invented, created_at) "
                "VALUES (1, 1, '1', '虚构', 'active', true, '2026-11-23 00:00:00')"
            )
        )
    upgrade(empty)
    with Session(empty) as session:
        assert [row.body for row in queries.list_tenants(session)] == ["虚构区卫健局", "虚构区卫健局", None]
        kept = [
            (each.tenant_id, each.fee, each.headcount_quota, each.last_on)
            for each in session.exec(select(TenantContract).order_by(col(TenantContract.id)))
        ]
        assert kept == [(1, "收费", None, None), (3, "收费", 120, date(2027, 11, 30))]
        assert session.get(Learner, (1, 1)) is not None


def test_a_migration_that_leaves_a_key_pointing_at_nothing_is_undone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'old.db'}")
    step(engine, "upgrade", "20261123_house")
    with sqlite3.connect(tmp_path / "old.db") as raw:
        raw.execute(
            "INSERT INTO learner (tenant_id, id, staff_number, name, state, is_invented, created_at) "
            "VALUES (99, 1, '1', '虚构', 'active', 1, '2026-11-23 00:00:00')"
        )
    raw.close()
    with pytest.raises(RuntimeError, match="point at nothing"):
        upgrade(engine)
    assert find_revision(engine) == "20261123_house"
    engine.dispose()


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
