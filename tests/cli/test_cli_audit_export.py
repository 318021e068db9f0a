"""The audit log is filtered, verified against what was kept outside, and handed out; nothing takes an entry away."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import get_args

import openpyxl
import pytest
from conftest import ACTOR, Typed

from eduops.cli import audit as door
from eduops.cli.noun import load_noun
from eduops.store import audit_head
from eduops.store.chain import GENESIS, link_hash


@pytest.fixture
def busy(typed: Typed, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which two people did a few things on two days."""
    assert typed("tenant", "sync").code == 0
    assert typed("programme", "sync").code == 0
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-06T11:50:00+08:00")
    monkeypatch.setenv("EDUOPS_ACTOR", "工程师乙（虚构）")
    assert typed("ticket", "open", "--title", "=1+1（虚构）", "--at", "11:00").code == 0
    assert typed("ticket", "respond", "INC-2026-0001", "--at", "11:10").code == 0
    return home


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ([], [4, 3, 2, 1]),
        (["--limit", "1"], [4]),
        (["--actor", ACTOR], [2, 1]),
        (["--command", "ticket"], [4, 3]),
        (["--command", "eduops ticket open"], [3]),
        (["--command", "tick"], []),
        (["--subject", "tenant"], [1]),
        (["--from", "2026-03-06"], [4, 3]),
        (["--to", "2026-03-05"], [2, 1]),
        (["--from", "2026-03-06", "--command", "ticket respond"], [4]),
    ],
)
def test_entries_are_found_by_day_person_command_and_subject(
    typed: Typed, busy: Path, words: list[str], numbers: list[int]
) -> None:
    assert [entry["id"] for entry in typed("audit", "list", "--json", *words).json()] == numbers


def test_title_says_how_many_fit(typed: Typed, busy: Path) -> None:
    assert "前 1，共 2" in typed("audit", "list", "--command", "ticket", "--limit", "1").out
    assert "没有这样的记录" in typed("audit", "list", "--actor", "无人").out


def test_verifying_keeps_the_head_outside_the_database(typed: Typed, busy: Path) -> None:
    told = typed("audit", "verify", "--json").json()
    kept = audit_head.load_heads(busy / audit_head.FILE)
    assert [(head.count, head.hash) for head in kept] == [(4, told["hash"])]
    with sqlite3.connect(busy / "eduops.db") as database:
        database.execute("DELETE FROM audit_entry WHERE id = 4")
        database.execute("UPDATE counter SET last = 3 WHERE name = 'audit_entry'")
    told = typed("audit", "verify", "--json")
    assert (told.code, told.json()["reason"], told.json()["broken"]) == (1, "head", 4)
    assert "2026-03-06 11:50 时有 4 条，现在 3 条" in typed("audit", "verify").out
    assert len(audit_head.load_heads(busy / audit_head.FILE)) == 1
    check = next(each for each in typed("doctor", "--json").json() if each["name"] == "操作日志")
    assert check["state"] == "fault"


def test_head_that_cannot_be_kept_is_a_warning(
    typed: Typed, busy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_head, "FILE", "none/audit.head")
    told = typed("audit", "verify")
    assert (told.code, "没有留在数据库外" in told.err) == (0, True)


def test_doctor_tells_the_age_of_the_head(typed: Typed, busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> dict[str, str]:
        return next(each for each in typed("doctor", "--json").json() if each["name"] == "操作日志")

    assert (look()["state"], "audit verify" in look()["remedy"]) == ("warning", True)
    typed("audit", "verify")
    assert (look()["state"], "0 天前留下（4 条）" in look()["seen"]) == ("fine", True)
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-10T11:50:00+08:00")
    assert look()["state"] == "fine", "nothing was written since"
    typed("tenant", "sync")
    assert (look()["state"], "4 天前" in look()["seen"]) == ("warning", True)


def test_exported_lines_prove_themselves(typed: Typed, busy: Path, tmp_path: Path) -> None:
    told = typed("audit", "export", tmp_path / "日志.jsonl", "--json").json()
    *entries, last = map(json.loads, (tmp_path / "日志.jsonl").read_text(encoding="utf-8").splitlines())
    previous = GENESIS
    for entry in entries:
        found, before = entry.pop("hash"), entry.pop("previous_hash")
        assert (before, found) == (previous, link_hash(previous, entry))
        previous = found
    assert last == {"head": {"count": 4, "hash": previous}}
    assert (told["written"], told["count"], told["hash"]) == (4, 4, previous)
    assert (tmp_path / "日志.jsonl").stat().st_mode & 0o777 == 0o600


def test_exported_tables_hold_the_entries_and_the_head(typed: Typed, busy: Path, tmp_path: Path) -> None:
    head = typed("audit", "verify", "--json").json()["hash"]
    for name in ("日志.csv", "日志.xlsx"):
        assert typed("audit", "export", tmp_path / name, "--command", "ticket").code == 0
    with (tmp_path / "日志.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert [row[0] for row in rows] == ["序号", "3", "4", ""]
    assert rows[2][7] == head
    assert rows[3][5] == f"日志共 4 条，末条校验值 {head}"
    sheet = openpyxl.load_workbook(tmp_path / "日志.xlsx").active
    texts = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert any(head in str(cell) for row in texts[:3] for cell in row)
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_log_that_was_tampered_with_is_not_handed_out_as_whole(
    typed: Typed, busy: Path, tmp_path: Path
) -> None:
    with sqlite3.connect(busy / "eduops.db") as database:
        database.execute("UPDATE audit_entry SET actor = '别人' WHERE id = 2")
    told = typed("audit", "export", tmp_path / "日志.csv")
    assert (told.code, "第 2 条" in told.err, list(tmp_path.glob("日志*"))) == (1, True, [])


def test_export_refuses_formats_it_does_not_know(typed: Typed, busy: Path, tmp_path: Path) -> None:
    assert typed("audit", "export", tmp_path / "日志.pdf").code == 2


def test_no_command_takes_entries_of_the_log_away() -> None:
    assert set(load_noun("audit").commands) == {"list", "verify", "export", "log"}


def test_runs_are_listed_with_their_errors(typed: Typed, home: Path) -> None:
    from eduops.core import log

    (home / "logs").mkdir()
    for number, level in enumerate(("info", "error", "info")):
        log.write(
            home / "logs",
            {"at": f"2026-03-0{number + 1}T00:00:00+00:00", "actor": "甲（虚构）", "level": level,
             "command": "eduops x", "exit_code": number, "message": "虚构的错误"},
        )  # fmt: skip
    assert [run["exit_code"] for run in typed("audit", "log", "--json").json()] == [2, 1, 0]
    assert [run["exit_code"] for run in typed("audit", "log", "--level", "error", "--json").json()] == [1]
    assert [run["exit_code"] for run in typed("audit", "log", "--from", "2026-03-03", "--json").json()] == [2]
    assert "出错" in typed("audit", "log").out
    assert typed("audit", "log", "--level", "debug").code == 2


def test_every_option_of_a_list_is_one_of_an_export() -> None:
    listed, exported = (
        {parameter.name for parameter in load_noun("audit").commands[name].params}
        for name in ("list", "export")
    )
    assert listed - {"limit"} <= exported
    assert get_args(door.ActorOption)
