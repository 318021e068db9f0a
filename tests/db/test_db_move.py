"""Everything moves between SQLite and PostgreSQL and comes out the same, or nothing is left at the new place."""

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from db_home import Typed, fill, spawn

pytestmark = pytest.mark.server


def dump(path: Path) -> list[str]:
    """Everything in an SQLite file as text, but for what the move itself records."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM audit_entry WHERE command = 'eduops db move'")
        database.execute("DELETE FROM counter WHERE name = 'audit_entry'")
        return sorted(line for line in database.iterdump() if line.startswith("INSERT"))


def content(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def tables_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert found
        return int(found[0])


def test_every_row_of_every_table_goes_there_and_comes_back_the_same(
    busy: Path, typed: Typed, empty_url: str, tmp_path: Path
) -> None:
    there = typed("db", "move", "--to", empty_url, "--json").json()
    assert min(there["tables"][name] for name in there["tables"] if name != "ledger_closing") >= 1
    back = tmp_path / "back.db"
    assert typed("db", "move", "--to", f"sqlite:///{back}", EDUOPS_DATABASE_URL=empty_url).code == 0
    assert back.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("*back*")] == ["back.db"]
    original = tmp_path / "original.db"
    original.write_bytes(content(busy / "eduops.db"))
    assert dump(back) == dump(original)
    checked = typed("db", "check", EDUOPS_DATABASE_URL=f"sqlite:///{back}")
    assert checked.code == 0, checked.out


def test_what_is_written_after_the_move_gets_the_next_number(
    busy: Path, typed: Typed, empty_url: str
) -> None:
    moved = typed("db", "move", "--to", empty_url)
    assert "EDUOPS_DATABASE_URL=" in moved.out
    added = typed("host", "add", "xu-new", "--name", "虚构", EDUOPS_DATABASE_URL=empty_url)
    assert added.code == 0, added.err
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT max(id) FROM host").fetchone() == (4,)
        assert connection.execute("SELECT nextval('job_run_id_seq')").fetchone() == (54,)
    listed = typed("audit", "list", "--json", EDUOPS_DATABASE_URL=empty_url).json()
    assert [entry["command"] for entry in listed[:2]] == ["eduops host add", "eduops db move"]
    assert typed("audit", "verify", EDUOPS_DATABASE_URL=empty_url).code == 0


def test_rehearsal_writes_nothing(busy: Path, typed: Typed, empty_url: str) -> None:
    before = content(busy / "eduops.db")
    told = typed("db", "move", "--to", empty_url, "--dry-run")
    assert (told.code, "预演，未写入" in told.out) == (0, True)
    assert tables_of(empty_url) == 0
    assert content(busy / "eduops.db") == before


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_what_postgresql_does_not_take_is_told_by_table_and_row_and_nothing_is_left(
    busy: Path, typed: Typed, empty_url: str, more: list[str]
) -> None:
    with closing(sqlite3.connect(busy / "eduops.db")) as database:
        database.execute("UPDATE host SET name = 'a' || char(0) || 'b' WHERE id = 2")
        database.execute("UPDATE ticket SET ref = ? WHERE id = 3", ("长" * 65,))
        database.execute('UPDATE message SET facts = \'{"a": ["x\\u0000"]}\' WHERE id = 1')
        database.execute("UPDATE backup_copy SET size_bytes = 9000000000 WHERE id = 1")
        database.execute("UPDATE job_run SET process = 3000000000 WHERE id = 1")
        database.commit()
    told = typed("db", "move", "--to", empty_url, *more)
    said = told.out + told.err
    assert told.code == (1 if more else 4)
    for place in (
        "表 host 编号 2 的 name：含有空字符",
        "表 ticket 编号 3 的 ref：有 65 个字",
        "表 message 编号 1 的 facts：含有空字符",
        "表 job_run 编号 1 的 process：数太大",
    ):
        assert place in said
    assert "backup_copy" not in said, "that column is wide enough"
    assert tables_of(empty_url) == 0


def test_value_that_does_not_read_stops_the_move(busy: Path, typed: Typed, empty_url: str) -> None:
    with closing(sqlite3.connect(busy / "eduops.db")) as database:
        database.execute("UPDATE host SET added_at = 'gestern' WHERE id = 2")
        database.commit()
    told = typed("db", "move", "--to", empty_url)
    assert (told.code, "表 host" in told.err, tables_of(empty_url)) == (4, True, 0)


def test_broken_chain_is_not_carried_on(busy: Path, typed: Typed, empty_url: str) -> None:
    with closing(sqlite3.connect(busy / "eduops.db")) as database:
        database.execute("UPDATE audit_entry SET actor = '别人' WHERE id = 2")
        database.commit()
    told = typed("db", "move", "--to", empty_url)
    assert (told.code, "第 2 条与校验值不符" in told.err, tables_of(empty_url)) == (4, True, 0)


def test_target_must_be_empty(busy: Path, typed: Typed, empty_url: str, tmp_path: Path) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE theirs (id integer)")
    told = typed("db", "move", "--to", empty_url)
    assert (told.code, "不是空的" in told.err, tables_of(empty_url)) == (4, True, 1)
    (tmp_path / "theirs.db").write_text("theirs")
    assert typed("db", "move", "--to", f"sqlite:///{tmp_path}/theirs.db").code == 4
    assert (tmp_path / "theirs.db").read_text() == "theirs"
    assert typed("db", "move", "--to", f"sqlite:///{busy}/eduops.db").code == 4


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("postgresql://u:geheim@127.0.0.1/x", "不要写口令"),
        ("mysql://u@h/x", "不是可用的数据库地址"),
        ("sqlite://", "不是可用的数据库地址"),
        ("eduops", "不是可用的数据库地址"),
    ],
)
def test_address_that_is_none_or_holds_a_password_is_refused(
    home: Path, typed: Typed, to: str, said: str
) -> None:
    told = typed("db", "move", "--to", to)
    assert (told.code, said in told.err, "geheim" in told.err) == (2, True, False)


def wait_for_tables(url: str) -> None:
    """Until somebody holds the target in an open transaction."""
    question = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(600):
            found = connection.execute(f"{question} AND pid <> pg_backend_pid()").fetchone()
            if found and found[0]:
                return
            time.sleep(0.02)
    raise AssertionError("the move never began")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_move_leaves_nothing_there_and_the_source_untouched(
    home: Path, empty_url: str, number: signal.Signals
) -> None:
    fill(home, runs=20_000)
    before = content(home / "eduops.db")
    process = spawn(home, "db", "move", "--to", empty_url)
    wait_for_tables(empty_url)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode != 0, out
    if number != signal.SIGKILL:
        assert "中止" in err.decode()
    for _ in range(200):
        with psycopg.connect(empty_url, autocommit=True) as connection:
            others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            if connection.execute(others).fetchone() == (0,):
                break
        time.sleep(0.05)
    assert tables_of(empty_url) == 0
    assert content(home / "eduops.db") == before


def test_writers_wait_while_it_moves_and_readers_do_not(home: Path, typed: Typed, empty_url: str) -> None:
    fill(home, runs=20_000)
    process = spawn(home, "db", "move", "--to", empty_url)
    wait_for_tables(empty_url)
    with closing(sqlite3.connect(home / "eduops.db", timeout=0)) as database:
        assert database.execute("SELECT count(*) FROM host").fetchone() == (3,)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            database.execute("UPDATE host SET name = 'x'")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def test_killed_move_into_a_file_leaves_a_part_that_the_next_one_removes(
    busy: Path, typed: Typed, tmp_path: Path
) -> None:
    part = tmp_path / ".new.db.move.part"
    part.write_bytes(b"half")
    part.with_name(part.name + "-wal").write_bytes(b"half")
    assert typed("db", "move", "--to", f"sqlite:///{tmp_path}/new.db").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "new.db"]
    assert typed("db", "check", EDUOPS_DATABASE_URL=f"sqlite:///{tmp_path}/new.db").code == 0
