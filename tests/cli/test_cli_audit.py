"""What a command leaves behind: its audit entries under the actor's name, and nothing at all on a preview."""

import ast
import json
import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cli.conftest import ACTOR, Typed, quarter_commands, write_roster

import eduops
from eduops.cli import out
from eduops.cli.change_text import HEADS, render_change
from eduops.core.shipped import find_shipped

EXPECTED = {
    ("tenant", "sync"): ["tenant"],
    ("programme", "sync"): ["programme"],
    ("learner", "import"): ["名册.xlsx"],
    ("bank", "import"): ["IMP-2026-0001"],
    ("paper", "build"): ["PAP-2026-0001"],
    ("exam", "schedule"): ["EXM-2026-0001"],
    ("exam", "rehearse"): ["EXM-2026-0001"],
    ("exam", "grade"): ["EXM-2026-0001"],
    ("score", "export"): [],
    ("ticket", "open"): ["INC-2026-0001"],
    ("ticket", "respond"): ["INC-2026-0001"],
    ("ticket", "wait"): ["INC-2026-0001"],
    ("ticket", "go-on"): ["INC-2026-0001"],
    ("ticket", "resolve"): ["INC-2026-0001"],
    ("ticket", "record"): ["INC-2026-0001"],
    ("ticket", "close"): ["INC-2026-0001"],
    # A dump's beginning is committed before it begins.
    ("sla", "post"): ["ledger"],
    ("backup", "run"): ["BKP-2026-0001", "BKP-2026-0001"],
    ("backup", "drill"): ["DRL-2026-0001", "DRL-2026-0001"],
    ("report", "build"): ["DOC-2026-0001"],
}


def entries(home: Path) -> list[tuple[str, str, str]]:
    with sqlite3.connect(home / "eduops.db") as connection:
        return connection.execute("SELECT actor, command, subject FROM audit_entry ORDER BY id").fetchall()


def content(home: Path) -> list[str]:
    """Everything in the database as text."""
    with sqlite3.connect(home / "eduops.db") as connection:
        return list(connection.iterdump())


def test_every_changing_command_writes_its_own_entries_and_no_others(
    typed: Typed, home: Path, tmp_path: Path
) -> None:
    for words in quarter_commands(tmp_path):
        before = len(entries(home))
        assert typed(*words).code == 0
        command = (str(words[0]), str(words[1]))
        subjects = ["CON-2026-0001"] if "consult" in words else EXPECTED[command]
        written = entries(home)[before:]
        assert written == [(ACTOR, f"eduops {' '.join(command)}", subject) for subject in subjects]
    assert typed("audit", "verify").code == 0


def test_the_entry_says_what_changed(typed: Typed, quarter: Path) -> None:
    listed = typed("audit", "list", "--json").json()
    changes = {entry["command"]: entry["change"] for entry in listed}
    assert changes["eduops tenant sync"] == {"added": 31, "changed": 0}
    assert changes["eduops exam grade"] == {"graded": 3, "waiting": 0}
    assert changes["eduops learner import"] == {"added": 8, "changed": 0, "suspended": 0}
    assert "已评：3；待评：0" in typed("audit", "list").out


def test_people_read_the_log_in_chinese_and_in_the_contracts_zone(typed: Typed, home: Path) -> None:
    typed("tenant", "sync")
    typed("ticket", "open", "--title", "没有人响应（虚构）", "--at", "2026-03-04 09:00")
    typed("ticket", "wait", "INC-2026-0001", "--reason", "等机房开门", "--agreed-by", "张（虚构）")
    typed("ticket", "correct", "INC-2026-0001", "cause", "network", "--reason", "查明了")
    typed("sla", "post", "--from", "2026-03-04", "--to", "2026-03-04", "--yes")
    shown = typed("audit", "list").out
    for said in (
        "步骤：报修；时刻：2026-03-04 09:00",
        "理由：等机房开门",
        "更正：原因；原为：未查明",
        "违约台账",
        "机构",
    ):
        assert said in shown, said
    assert "T0" not in shown
    assert "=" not in shown
    assert typed("audit", "list", "--json").json()[1]["change"]["after"] == "network"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"step": "wait", "at": "2026-03-05T03:50Z", "reason": "门"}, "步骤：等待甲方；时刻：2026-03-05 11:50；理由：门"),
        ({"kind": "incident", "before": {"cause": "unknown"}}, "类别：故障；原为：（原因：未查明）"),
        ({"field": "cause", "before": "unknown", "after": "network"}, "更正：原因；原为：未查明；改为：网络"),
        ({"field": "exclusions[1].to", "before": None, "after": ""}, "更正：第 1 段等待甲方的结束；原为：空；改为：空"),
        ({"field": "reopened[2].resolved_at"}, "更正：第 2 次重开后的解决时间"),
        ({"kinds": {"breach": 3, "revoke": 1}, "counted": 3}, "其中：违约 3、撤销 1；计违约：3"),
        ({"tickets": ["INC-1", "INC-2"], "passed": True, "x": "y"}, "工单：INC-1、INC-2；通过：是；x：y"),
        ({"title": "", "reason": "\x1b[2J"}, "理由：\\x1b[2J"),
    ],
)  # fmt: skip
def test_change_is_told_in_words(change: dict[str, object], said: str) -> None:
    out.use_zone(lambda: ZoneInfo("Asia/Shanghai"))
    assert render_change(change) == said


def test_every_name_in_the_log_has_a_chinese_word() -> None:
    named = {
        keyword.arg
        for path in Path(eduops.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "changed"
        for keyword in node.keywords
        if keyword.arg
    }
    assert {"step", "at", "added"} < named
    assert named - HEADS.keys() == set()


def test_a_changed_entry_is_found(typed: Typed, quarter: Path) -> None:
    with sqlite3.connect(quarter / "eduops.db") as connection:
        connection.execute("UPDATE audit_entry SET actor = '别人' WHERE id = 3")
    told = typed("audit", "verify", "--json")
    assert told.code == 1
    assert told.json()["broken"] == 3
    assert "操作日志第 3 条与校验值不符" in typed("audit", "verify").out


@pytest.mark.parametrize(
    "words",
    [
        ["tenant", "sync", "--dry-run"],
        ["programme", "sync", "--dry-run"],
        [
            "bank",
            "import",
            find_shipped("configs", "demo", "questions.csv"),
            "--bank",
            "虚构题库",
            "--dry-run",
        ],
        ["host", "add", "here", "--name", "虚构", "--dry-run"],
    ],
)
def test_a_preview_of_the_beginning_writes_nothing(typed: Typed, home: Path, words: list[object]) -> None:
    before = content(home)
    told = typed(*words)
    assert told.code == 0
    assert "预演" in told.out
    assert content(home) == before


@pytest.mark.parametrize(
    "words",
    [
        ["paper", "build", "--bank", "虚构题库", "--title", "虚构", "--take", "single=4:1", "--dry-run"],
        ["sla", "post", "--from", "2026-03-05", "--to", "2026-03-05", "--dry-run"],
    ],
)
def test_a_preview_of_the_quarter_writes_nothing(typed: Typed, quarter: Path, words: list[str]) -> None:
    assert typed("ticket", "open", "--title", "无人理会（虚构）", "--at", "09:00").code == 0
    before = content(quarter)
    head = (quarter / "ledger.head").read_bytes()
    told = typed(*words)
    assert told.code == 0
    assert "预演，未写入" in told.out
    assert content(quarter) == before
    assert (quarter / "ledger.head").read_bytes() == head


def test_a_preview_of_a_roster_writes_nothing_and_says_what_would_be(
    typed: Typed, quarter: Path, tmp_path: Path
) -> None:
    roster = write_roster(tmp_path / "新.xlsx", ("XN1", "虚构改名"), ("XN99", "虚构新人"))
    before = content(quarter)
    told = typed("learner", "import", roster, "--tenant", "main", "--invented", "--dry-run")
    assert "新增 1，更新 1，未变 0（预演，未写入）" in told.out
    assert content(quarter) == before


@pytest.mark.parametrize(
    "words",
    [
        ["ticket", "respond", "INC-2026-0001"],
        ["ticket", "open", "--title", "虚构", "--at", "23:00"],
        ["exam", "rehearse", "EXM-2026-0001", "--learners", "9"],
        ["paper", "build", "--bank", "虚构题库", "--title", "虚构", "--take", "single=500:1"],
        ["report", "build", "quarterly", "--period", "2026Q1", "--out", "/"],
        ["exam", "schedule", "--paper", "PAP-2026-0001", "--programme", "basic-skills", "--title", "虚构",
         "--opens", "2026-03-06 09:00", "--minutes", "60", "--open-for", "59"],
    ],
)  # fmt: skip
def test_a_refused_command_writes_nothing(typed: Typed, quarter: Path, words: list[str]) -> None:
    before = content(quarter)
    assert typed(*words).code in (2, 3, 4)
    assert content(quarter) == before


def test_posting_twice_adds_nothing_to_the_ledger(typed: Typed, quarter: Path) -> None:
    again = typed("sla", "post", "--from", "2026-03-02", "--to", "2026-03-05", "--yes", "--json").json()
    assert again["posted"] == []
    assert again["count"] == 1
    assert typed("sla", "verify").code == 0


def test_a_changed_ledger_is_found(typed: Typed, quarter: Path) -> None:
    with sqlite3.connect(quarter / "eduops.db") as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        finding = json.loads(connection.execute("SELECT finding FROM ledger_entry").fetchone()[0])
        finding["counted"] = 0
        connection.execute("UPDATE ledger_entry SET finding = ?", (json.dumps(finding, ensure_ascii=False),))
    told = typed("sla", "verify", "--json")
    assert told.code == 1
    assert told.json()["fault"]


@pytest.mark.parametrize("change", ["change = 'not json'", "at = 'garbage'", "actor = x'ff00'"])
def test_an_entry_that_no_longer_reads_is_named(typed: Typed, quarter: Path, change: str) -> None:
    with sqlite3.connect(quarter / "eduops.db") as connection:
        connection.execute(f"UPDATE audit_entry SET {change} WHERE id = 3")
    told = typed("audit", "verify", "--json")
    assert (told.code, told.json()["broken"]) == (1, 3)
    told = typed("audit", "list")
    assert (told.code, "已读不出来" in told.err) == (4, True)
    assert typed("doctor").code == 1


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("backup SET state = 'weird'", "weird"),
        ("backup SET tables = '{\"x\":1}'", "不是逐表的行数"),
        ("backup SET tables = '[]'", "不是逐表的行数"),
        ("drill SET passed = 0, differences = '[1]'", "BKP-2026-0001"),
    ],
)
def test_backup_word_that_nobody_knows_is_shown_as_it_is(
    typed: Typed, quarter: Path, change: str, shown: str
) -> None:
    with sqlite3.connect(quarter / "eduops.db") as connection:
        connection.execute(f"UPDATE {change}")
    told = typed("backup", "list", "--json")
    assert told.code == 0, told.err
    assert shown in told.out
