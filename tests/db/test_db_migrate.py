"""A database is saved first and upgraded whole, or it is as it was: whatever fails, whenever it is killed."""

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic import command
from db_home import Typed, spawn
from servers import postgresql
from sqlalchemy import inspect, text

from eduops.core.home import Home
from eduops.store.engine import open_engine
from eduops.store.migration import config
from eduops.store.schema import HEAD, KNOWN
from eduops.workflow import db_check

OLD = "20261124_patrol"
"""An older version: tables of backups and messages are missing, and `backup` and `drill` are rebuilt."""


def make_old(url: str, *, runs: int = 5) -> None:
    """A database of the version before with some backups and drills in it, all invented (虚构)."""
    engine = open_engine(url)
    with engine.begin() as connection:
        command.upgrade(config(connection=connection), OLD)
        names = [column["name"] for column in inspect(connection).get_columns("backup")]
        values = {name: f":{name}" for name in names}
        rows = [{name: _value(name, number) for name in names} for number in range(1, runs + 1)]
        connection.execute(
            text(f"INSERT INTO backup ({', '.join(names)}) VALUES ({', '.join(values.values())})"), rows
        )
    engine.dispose()


def _value(name: str, number: int) -> object:
    known: dict[str, object] = {
        "id": number, "ref": f"BKP-2026-{number:04d}", "state": "verified", "tables": "{}", "size_bytes": 4096,
        "started_at": "2026-03-05 03:50:00", "finished_at": "2026-03-05 03:50:01", "fault": None,
    }  # fmt: skip
    return known.get(name, f"虚构 {number}")


@pytest.fixture(scope="module")
def old_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("old") / "eduops.db"
    make_old(f"sqlite:///{path}", runs=6_000)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    return path


@pytest.fixture
def old(home: Path, old_file: Path) -> Path:
    """A home whose database is of the version before."""
    shutil.copyfile(old_file, home / "eduops.db")
    return home


@pytest.fixture
def old_url(postgresql_server: postgresql.Server) -> Iterator[str]:
    url = postgresql_server.create_database()
    make_old(url)
    yield url
    postgresql_server.drop_database(url)


def schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as database:
        return sorted(
            database.execute("SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master").fetchall()
        )


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT ref, state FROM backup ORDER BY id").fetchall()


def copies(home: Path) -> list[Path]:
    return sorted((home / "backups").glob("*.db"))


def test_database_of_the_version_before_is_saved_and_upgraded(
    old: Path, old_file: Path, typed: Typed
) -> None:
    told = typed("db", "migrate")
    assert told.code == 0, told.err
    for said in (f"从 {OLD} 升级到 {HEAD}", "job_run", "backups/migrate-"):
        assert said in told.out
    (copy,) = copies(old)
    assert (schema(copy), rows(copy)) == (schema(old_file), rows(old_file))
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rows(old / "eduops.db") == rows(old_file)
    report = db_check.check(Home(old))
    assert (report.is_current, {finding.part for finding in report.findings}) == (True, {"counters"})
    (entry,) = typed("audit", "list", "--json").json()
    assert (entry["command"], entry["change"]) == ("eduops db migrate", {"before": OLD, "after": HEAD})


def test_rehearsal_says_the_steps_and_an_up_to_date_database_is_left_alone(
    old: Path, typed: Typed, home: Path
) -> None:
    told = typed("db", "migrate", "--dry-run", "--json").json()
    assert [step[0] for step in told["steps"]] == list(KNOWN[KNOWN.index(OLD) + 1 :])
    assert typed("db", "check", "--json").json()["revision"] == OLD
    assert typed("db", "migrate").code == 0
    again = typed("db", "migrate")
    assert (again.code, "已是最新版本" in again.out, len(copies(old))) == (0, True, 1)


def test_init_upgrades_as_before(old: Path, typed: Typed) -> None:
    assert typed("init").code == 0
    assert db_check.check(Home(old)).is_current


def test_old_database_is_called_old_and_whole(old: Path, typed: Typed) -> None:
    told = typed("db", "check", "--json")
    assert told.code == 1
    assert [(each["part"], "db migrate" in each["remedy"]) for each in told.json()["findings"]] == [
        ("version", True)
    ]
    refused = typed("ticket", "list")
    assert (refused.code, "eduops db migrate" in refused.err) == (3, True)


@pytest.mark.parametrize("revision", ["20990101_future", None])
def test_newer_or_empty_database_is_refused(home: Path, typed: Typed, revision: str | None) -> None:
    with closing(sqlite3.connect(home / "eduops.db")) as database:
        if revision:
            database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        else:
            database.execute("DROP TABLE alembic_version")
        database.commit()
    told = typed("db", "migrate")
    assert (told.code, copies(home)) == (3, [])


def test_migration_that_fails_half_way_leaves_everything_as_it_was(
    old: Path, old_file: Path, typed: Typed
) -> None:
    """Somebody's table stands where the migration, after five tables of its own, builds `drill` anew."""
    with closing(sqlite3.connect(old / "eduops.db")) as database:
        database.execute("CREATE TABLE _alembic_tmp_drill (theirs INTEGER)")
        database.commit()
    before = schema(old / "eduops.db")
    told = typed("db", "migrate")
    assert told.code == 5
    assert "升级失败，已全部撤回" in told.err
    assert str(copies(old)[0]) in told.err
    assert (schema(old / "eduops.db"), rows(old / "eduops.db")) == (before, rows(old_file))
    report = db_check.check(Home(old))
    assert [finding.part for finding in report.findings] == ["version"]


def test_schema_that_is_not_the_models_after_the_migration_is_undone(old: Path, typed: Typed) -> None:
    with closing(sqlite3.connect(old / "eduops.db")) as database:
        database.execute("ALTER TABLE host ADD COLUMN theirs TEXT")
        database.commit()
    told = typed("db", "migrate")
    assert (told.code, "theirs" in told.err) == (5, True)
    assert db_check.check(Home(old)).revision == OLD


def test_copy_that_finds_no_room_stops_the_upgrade_before_it_begins(old: Path, old_file: Path) -> None:
    process = spawn(old, "db", "migrate", through=("sh", "-c", 'ulimit -f 200; exec "$0" "$@"'))
    _, err = process.communicate(timeout=120)
    assert (process.returncode, "没有升级" in err.decode()) == (5, True), err.decode()
    assert (list((old / "backups").iterdir()), schema(old / "eduops.db")) == ([], schema(old_file))
    assert db_check.check(Home(old)).revision == OLD


def test_somebody_who_writes_holds_the_migration_up_and_loses_nothing(old: Path, typed: Typed) -> None:
    with closing(sqlite3.connect(old / "eduops.db", isolation_level=None)) as database:
        # As every home's database is: a change of the journal would wait for nobody.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE backup SET state = 'failed' WHERE id = 1")
        process = spawn(old, "db", "migrate")
        time.sleep(2)
        database.execute("COMMIT")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    for path in (old / "eduops.db", *copies(old)):
        assert rows(path)[0] == ("BKP-2026-0001", "failed")


def test_killed_at_ten_points_it_is_old_and_whole_or_new_and_whole(
    old: Path, old_file: Path, typed: Typed
) -> None:
    began = time.monotonic()
    assert spawn(old, "db", "migrate", "--dry-run").wait() == 0
    start = time.monotonic() - began
    seen = set()
    dice = random.Random(6)
    for attempt in range(10):
        for ending in ("", "-wal", "-shm"):
            (old / f"eduops.db{ending}").unlink(missing_ok=True)
        shutil.copyfile(old_file, old / "eduops.db")
        process = spawn(old, "db", "migrate")
        time.sleep(start * 0.7 + dice.random() * (0.4 + attempt * 0.15))
        process.kill()
        process.communicate()
        report = db_check.check(Home(old))
        assert {finding.part for finding in report.findings} <= {"version", "counters"}
        assert report.revision in (OLD, HEAD)
        seen.add(report.revision)
        assert rows(old / "eduops.db") == rows(old_file)
        if report.revision == OLD:
            assert schema(old / "eduops.db") == schema(old_file)
        for copy in copies(old):
            assert schema(copy) == schema(old_file), "no half-written file has a backup's name"
    assert OLD in seen
    shutil.copyfile(old_file, old / "eduops.db")
    assert typed("db", "migrate").code == 0
    assert not list((old / "backups").glob(".migrate-*"))


@pytest.mark.server
def test_postgresql_is_dumped_and_upgraded(home: Path, typed: Typed, old_url: str, tmp_path: Path) -> None:
    told = typed("db", "migrate", "--json", EDUOPS_DATABASE_URL=old_url)
    assert told.code == 0, told.err
    dump = Path(told.json()["backup"])
    assert dump.read_bytes().startswith(b"PGDMP")
    assert dump.stat().st_mode & 0o777 == 0o600
    assert db_check.check(Home(home, old_url)).is_current


@pytest.mark.server
def test_postgresql_migration_that_fails_half_way_is_undone(home: Path, typed: Typed, old_url: str) -> None:
    with psycopg.connect(old_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE drill ADD COLUMN scratch text")
    told = typed("db", "migrate", EDUOPS_DATABASE_URL=old_url)
    assert (told.code, "已全部撤回" in told.err) == (5, True)
    report = db_check.check(Home(home, old_url))
    assert (report.revision, [finding.part for finding in report.findings]) == (OLD, ["version"])
    with psycopg.connect(old_url) as connection:
        assert connection.execute("SELECT to_regclass('job_run'), count(*) FROM backup").fetchone() == (
            None,
            5,
        )


@pytest.mark.server
def test_without_pg_dump_nothing_is_upgraded_unless_asked_for(
    home: Path, typed: Typed, old_url: str, tmp_path: Path
) -> None:
    told = typed("db", "migrate", EDUOPS_DATABASE_URL=old_url, PATH=str(tmp_path))
    assert (told.code, "没有 pg_dump" in told.err, "--no-backup" in told.err) == (4, True, True)
    assert db_check.check(Home(home, old_url)).revision == OLD
    told = typed("db", "migrate", "--no-backup", EDUOPS_DATABASE_URL=old_url, PATH=str(tmp_path))
    assert (told.code, "升级前没有备份" in told.out) == (0, True)


@pytest.mark.server
def test_password_is_in_no_argument_of_pg_dump(
    home: Path, typed: Typed, old_url: str, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {told}\necho "$PGPASSWORD" >> {told}\nexit 1\n')
    program.chmod(0o755)
    url = old_url.replace("postgres@", "postgres:geheim@")
    refused = typed("db", "migrate", EDUOPS_DATABASE_URL=url, PATH=f"{tmp_path}:{os.environ['PATH']}")
    arguments, password = told.read_text().splitlines()
    assert (refused.code, password, "geheim" in arguments, "geheim" in refused.err) == (
        5,
        "geheim",
        False,
        False,
    )
