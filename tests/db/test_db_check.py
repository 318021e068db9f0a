"""A database is looked over from its pages to its chains, on both kinds; every kind of damage is named."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from db_home import Typed

from eduops.core.home import Home
from eduops.store import audit_head
from eduops.workflow import db_check
from eduops.workflow.table import all_tables


def parts(home: Path, url: str | None = None) -> set[str]:
    return {finding.part for finding in db_check.check(Home(home, url)).findings}


def change(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "eduops.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_whole_database_has_no_findings(busy: Path) -> None:
    report = db_check.check(Home(busy))
    assert report.findings == ()
    assert (report.is_current, report.tables) == (True, len(all_tables().tables))
    assert report.rows and report.rows > 3 * (report.tables - 5)


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        ("UPDATE paper_item SET paper_id = 99", "keys"),
        ("DROP INDEX ix_job_run_job", "schema"),
        ("ALTER TABLE host ADD COLUMN extra TEXT", "schema"),
        ("ALTER TABLE host DROP COLUMN owner", "schema"),
        ("CREATE TABLE stranger (id INTEGER)", "schema"),
        ("UPDATE host SET added_at = 'gestern' WHERE id = 2", "values"),
        ("UPDATE patrol_document SET content = x'00ff' WHERE run_id = 2", "values"),
        ("UPDATE message SET facts = '{' WHERE id = 2", "values"),
        ("UPDATE ticket SET title = x'ff00' WHERE id = 2", "values"),
        ("UPDATE counter SET last = 2 WHERE name = 'learner'", "counters"),
        ("DELETE FROM counter WHERE name = 'ticket'", "counters"),
        ("UPDATE ticket SET ref = 'INC-2026-0007' WHERE id = 2", "counters"),
        ("UPDATE audit_entry SET actor = '别人' WHERE id = 2", "chains"),
        ("DELETE FROM audit_entry WHERE id = 3", "chains"),
        ("UPDATE ledger_entry SET counted = 0", "chains"),
        ("UPDATE ticket_attachment SET size_bytes = 1 WHERE ticket_id = 2", "files"),
    ],
)
def test_damage_is_named_by_its_part(busy: Path, statement: str, part: str) -> None:
    change(busy, "PRAGMA foreign_keys = OFF", statement)
    assert part in parts(busy)


def test_the_row_with_the_unreadable_value_is_told(busy: Path) -> None:
    change(busy, "UPDATE job_run SET due_at = 'gestern' WHERE id = 20")
    (finding,) = db_check.check(Home(busy)).findings
    assert finding.where == "表 job_run"
    assert "读不出来" in finding.seen


def test_attachment_that_is_gone_and_file_that_nobody_names_are_told(busy: Path) -> None:
    first = next((busy / "attachments").glob("??/*"))
    first.rename(first.with_name("f" * 64))
    seen = [finding.seen for finding in db_check.check(Home(busy)).findings]
    assert len(seen) == 2
    assert "不在了" in seen[0]
    assert "没有登记" in seen[1]


def test_damaged_page_is_found(busy: Path) -> None:
    path = busy / "eduops.db"
    change(busy, "PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    for page in range(40, 60):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)
    assert "integrity" in parts(busy)


def test_head_outside_that_the_log_does_not_fit_is_found(busy: Path, typed: Typed) -> None:
    assert typed("db", "check").code == 0
    assert len(audit_head.load_heads(busy / audit_head.FILE)) == 1
    change(
        busy, "DELETE FROM audit_entry WHERE id = 3", "UPDATE counter SET last = 2 WHERE name = 'audit_entry'"
    )
    assert parts(busy) == {"chains"}


def test_command_says_all_is_well_or_leaves_with_one(busy: Path, typed: Typed) -> None:
    assert "数据库完好：SQLite" in typed("db", "check").out
    change(busy, "UPDATE counter SET last = 2 WHERE name = 'learner'")
    told = typed("db", "check", "--json")
    assert told.code == 1
    assert [finding["part"] for finding in told.json()["findings"]] == ["counters"]
    assert "计数器只到 2" in typed("db", "check").out


def test_home_without_database_is_told_and_none_is_made(home: Path, typed: Typed) -> None:
    (home / "eduops.db").unlink()
    told = typed("db", "check")
    assert (told.code, "eduops init" in told.err, (home / "eduops.db").exists()) == (3, True, False)
    shutil.rmtree(home)
    assert typed("db", "check").code == 3


def test_file_that_is_no_database_is_told(home: Path, typed: Typed) -> None:
    (home / "eduops.db").write_bytes(b"no database at all " * 1000)
    told = typed("db", "check")
    assert (told.code, "不是数据库" in told.err) == (3, True)


@pytest.mark.server
def test_postgresql_is_checked_in_its_own_terms(busy: Path, typed: Typed, empty_url: str) -> None:
    assert typed("db", "move", "--to", empty_url).code == 0
    assert parts(busy, empty_url) == set()
    for statement, part in (
        ("DROP INDEX ix_job_run_job", "schema"),
        ("UPDATE counter SET last = 2 WHERE name = 'learner'", "counters"),
        ("UPDATE audit_entry SET actor = '别人' WHERE id = 2", "chains"),
        (
            "SET session_replication_role = replica; UPDATE paper_item SET paper_id = 99 WHERE paper_id = 2",
            "keys",
        ),
        ("UPDATE patrol_document SET content = '\\x00ff' WHERE run_id = 2", "values"),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_audit_entry_at'::regclass",
            "integrity",
        ),
    ):
        with psycopg.connect(empty_url, autocommit=True) as connection:
            connection.execute(statement)
        assert part in parts(busy, empty_url), statement
