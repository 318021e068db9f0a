"""Backing up and drilling a home: what fails is seen, what passed was compared row by row."""

import multiprocessing
import os
import signal
import sqlite3
import tempfile
import time
from contextlib import closing

import pytest

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.backup import queries
from eduops.core.errors import InputError, NotAllowed, NotFound, OutsideError
from eduops.core.home import Home
from eduops.store import audit
from eduops.store.unit import unit_of_work
from eduops.workflow.backup_run import back_up, drill_backup
from eduops.workflow.table import all_tables


@pytest.fixture
def home(sqlite_store, tmp_path):
    home = Home(tmp_path)
    home.folder("backups").mkdir()
    return home


@pytest.fixture
def open_unit(sqlite_store, now):
    return lambda: unit_of_work(sqlite_store, now=now, actor="值班（虚构）", command="eduops backup")


@pytest.fixture(autouse=True)
def scratch_is_left_empty(tmp_path, monkeypatch):
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def list_states(store):
    with store.reading() as session:
        return [(backup.ref, backup.state) for backup in queries.list_backups(session)]


def _fill(store, *, rows):
    with store.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql("CREATE TABLE filling (a)")
        connection.exec_driver_sql("INSERT INTO filling VALUES (?)", [("x" * 1000,)] * rows)


def test_backup_holds_every_table_and_a_drill_passes(home, open_unit, sqlite_store, now):
    backup = back_up(open_unit, home)
    assert backup.state == "verified"
    assert backup.tables.keys() == {*all_tables().tables, "alembic_version"}
    drill, restored = drill_backup(open_unit, home, None)
    assert (drill.passed, drill.differences, restored.ref) == (True, [], backup.ref)
    assert drill.rows_compared == sum(table["rows"] for table in backup.tables.values()) > 0
    with sqlite_store.reading() as session:
        entries = audit.list_entries(session, limit=10)
        assert [entry.change.get("step") for entry in entries][::-1] == ["begin", "finish", None]
        assert entries[0].change == {"backup": backup.ref, "passed": True}
        assert audit.verify(session) == (3, None)


def test_backup_holds_the_rows_that_were_written(home, open_unit, sqlite_store, now):
    new = NewHost("app-1", "应用服务器（虚构）", Role.APPLICATION, Environment.PRODUCTION, "10.66.0.11")
    with sqlite_store.writing() as session:
        assets.add_host(session, new, now=now)
    backup = back_up(open_unit, home)
    with closing(sqlite3.connect(home.folder("backups") / backup.path)) as database:
        assert database.execute("SELECT code, name FROM host").fetchall() == [("app-1", new.name)]


def test_two_backups_are_two_files(home, open_unit):
    first, second = back_up(open_unit, home), back_up(open_unit, home)
    assert {path.name for path in home.folder("backups").iterdir()} == {first.path, second.path}
    assert drill_backup(open_unit, home, None)[1].ref == second.ref
    assert drill_backup(open_unit, home, first.ref)[1].ref == first.ref


def test_damaged_database_makes_a_failed_backup_that_is_never_offered(home, open_unit, sqlite_store):
    good = back_up(open_unit, home)
    # A table that no step of a backup touches is turned into noise.
    _fill(sqlite_store, rows=600)
    sqlite_store.engine.dispose()
    content = bytearray(home.database_path.read_bytes())
    for start in range(len(content) - 40 * 4096, len(content) - 20 * 4096, 4096):
        content[start : start + 4096] = os.urandom(4096)
    home.database_path.write_bytes(content)
    with pytest.raises(OutsideError):
        back_up(open_unit, home)
    assert list_states(sqlite_store) == [("BKP-2026-0002", "failed"), (good.ref, "verified")]
    assert [path.name for path in home.folder("backups").iterdir()] == [good.path]
    assert drill_backup(open_unit, home, None)[1].ref == good.ref
    with pytest.raises(NotAllowed, match="失败了"):
        drill_backup(open_unit, home, "BKP-2026-0002")


def test_folder_that_cannot_be_written_makes_a_failed_backup(home, open_unit, sqlite_store):
    home.folder("backups").rmdir()
    home.folder("backups").write_text("一个文件（虚构）")
    with pytest.raises(InputError, match="不能写入"):
        back_up(open_unit, home)
    assert list_states(sqlite_store) == [("BKP-2026-0001", "failed")]


def test_backup_that_was_killed_stays_visible_and_is_never_offered(home, open_unit, sqlite_store):
    _fill(sqlite_store, rows=20_000)
    process = multiprocessing.get_context("fork").Process(target=back_up, args=(open_unit, home))
    process.start()
    while not list_states(sqlite_store):
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert list_states(sqlite_store) == [("BKP-2026-0001", "started")]
    with pytest.raises(NotFound, match="还没有可用的备份"):
        drill_backup(open_unit, home, None)
    with pytest.raises(NotAllowed, match="没有做完"):
        drill_backup(open_unit, home, "BKP-2026-0001")


def test_drill_of_a_changed_file_is_kept_as_not_passed(home, open_unit, sqlite_store):
    backup = back_up(open_unit, home)
    with (home.folder("backups") / backup.path).open("r+b") as stream:
        stream.seek(9000)
        stream.write(b"\xff")
    drill, _ = drill_backup(open_unit, home, backup.ref)
    assert (drill.passed, len(drill.differences)) == (False, 1)
    with sqlite_store.reading() as session:
        ((kept, _),) = queries.list_drills(session)
        assert (kept.ref, kept.passed) == (drill.ref, False)


def test_set_sqlite_file_is_the_one_that_is_backed_up(tmp_path, sqlite_store, open_unit):
    home = Home(tmp_path / "home", f"sqlite:///{tmp_path / 'eduops.db'}")
    home.folder("backups").mkdir(parents=True)
    assert back_up(open_unit, home).state == "verified"


def test_postgresql_is_refused_before_anything_is_written(tmp_path, open_unit, sqlite_store):
    with pytest.raises(NotAllowed, match="只备份 SQLite"):
        back_up(open_unit, Home(tmp_path, "postgresql://u@h/d"))
    assert list_states(sqlite_store) == []


def test_what_a_killed_backup_left_is_removed_once_it_is_old(home, open_unit):
    old, young = (home.folder("backups") / f".BKP-2026-000{n}.db.x.part" for n in (8, 9))
    for part in (old, young):
        part.write_bytes(b"half a dump")
    os.utime(old, (0, 0))
    back_up(open_unit, home)
    assert (old.exists(), young.exists()) == (False, True)
