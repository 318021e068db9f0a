"""Homes, databases, settings and rosters that are not as they should be: a sentence with the place, nothing left behind."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from cli.conftest import Typed, run, write_roster

from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped
from eduops.store.schema import HEAD

SHIPPED = find_shipped("configs", "contracts", CONTRACT_NAME)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_init_lays_out_a_home_once(typed: Typed, tmp_path: Path) -> None:
    new = tmp_path / "new"
    told = typed("--home", new, "init", "--customer", "某医院（虚构）", "--json").json()
    assert set(told["made"]) == {
        "eduops.yaml",
        f"contracts/{CONTRACT_NAME}",
        "contracts/working-days.yaml",
        "personal.key",
        "patrol.yaml",
        "remote.yaml",
        "alert.yaml",
        "backup.yaml",
        "schedule.yaml",
        "eduops.db",
    }
    assert new.stat().st_mode & 0o077 == 0
    assert (new / "eduops.db").stat().st_mode & 0o077 == 0
    (new / "patrol.yaml").write_text("# 我改过\n", encoding="utf-8")
    again = typed("--home", new, "init", "--json").json()
    assert again["made"] == []
    assert (new / "patrol.yaml").read_text(encoding="utf-8") == "# 我改过\n"
    assert "某医院（虚构）" in (new / "eduops.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", [["init"], ["tenant", "list"], ["tenant", "sync"], ["ticket", "list"]])
def test_a_home_that_cannot_be_is_refused_and_nothing_is_made(
    typed: Typed, tmp_path: Path, verb: list[str]
) -> None:
    blocking = tmp_path / "a-file"
    blocking.write_text("虚构", encoding="utf-8")
    told = typed("--home", blocking / "home", *verb)
    assert told.code == 3
    assert str(blocking) in told.err
    assert blocking.read_text(encoding="utf-8") == "虚构"


def test_a_home_that_may_not_be_written_is_refused(typed: Typed, tmp_path: Path) -> None:
    # To root every folder is open; the kernel's own is not.
    closed = Path("/proc/eduops") if os.geteuid() == 0 else tmp_path / "closed" / "home"
    if os.geteuid():
        closed.parent.mkdir(mode=0o500)
    told = typed("--home", closed, "init")
    assert told.code == 3
    assert f"不能写入 {closed}" in told.err
    assert "检查目录权限" in told.err


def test_an_empty_folder_is_no_home_and_stays_empty(typed: Typed, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for words in (["tenant", "list"], ["ticket", "list"], ["audit", "verify"], ["backup", "run"], ["doctor"]):
        told = typed("--home", empty, *words)
        assert told.code == (1 if words == ["doctor"] else 3)
        assert "eduops init" in told.out + told.err
        assert files(empty) == set()


def test_a_database_from_a_newer_version_is_not_touched(typed: Typed, home: Path) -> None:
    with sqlite3.connect(home / "eduops.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '20990101_future'")
    before = (home / "eduops.db").read_bytes()
    for words in (["ticket", "list"], ["tenant", "sync"], ["init"], ["backup", "run"]):
        told = typed(*words)
        assert told.code == 3
        assert "20990101_future" in told.err
        assert HEAD in told.err
        assert "安装新版 eduops" in told.err
    assert typed("doctor").code == 1
    assert (home / "eduops.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be looked at " * 40])
def test_a_file_that_is_no_database_is_said_to_be_none(typed: Typed, home: Path, content: bytes) -> None:
    (home / "eduops.db").write_bytes(content)
    told = typed("ticket", "list")
    assert told.code in (3, 5)
    assert told.err.startswith("错误：数据库")
    assert "eduops" in told.err.splitlines()[-1]


def test_every_wrong_setting_is_told_with_its_line(typed: Typed, home: Path) -> None:
    (home / "eduops.yaml").write_text("customer: 某医院\ncustmer: 某医院\ninvented: 也许\n", encoding="utf-8")
    told = typed("ticket", "list")
    assert told.code == 3
    assert "eduops.yaml 第 2 行 custmer：没有这个键，是否想写「customer」" in told.err
    assert "eduops.yaml 第 3 行 invented：值「也许」不是是或否" in told.err


@pytest.fixture
def wrong_contract(tmp_path: Path) -> Path:
    """The shipped contract with three slips, far from each other."""
    text = SHIPPED.read_text(encoding="utf-8")
    for right, wrong in (("zone: Asia/Shanghai", "zone: Asia/Nowhere"), ("years: 2", "years: 两年")):
        assert right in text
        text = text.replace(right, wrong, 1)
    path = tmp_path / "错.yaml"
    path.write_text(text + "unknown_key: 1\n", encoding="utf-8")
    return path


def test_contract_check_lists_all_problems_with_their_lines(typed: Typed, wrong_contract: Path) -> None:
    lines = wrong_contract.read_text(encoding="utf-8").splitlines()
    told = typed("contract", "check", wrong_contract)
    assert told.code == 3
    listed = typed("contract", "check", wrong_contract, "--json")
    assert listed.code == 3
    problems = listed.json()
    assert len(problems) == len(told.out.splitlines()) - 1 == 3
    assert told.out.endswith(f"再运行 eduops contract check {wrong_contract}\n")
    for problem, words in zip(problems, ("Asia/Nowhere", "years: 两年", "unknown_key"), strict=True):
        assert words in lines[problem["line"] - 1]
        assert f"{wrong_contract} 第 {problem['line']} 行" in told.out


def test_a_wrong_contract_stops_init_before_anything_is_made(
    typed: Typed, wrong_contract: Path, tmp_path: Path
) -> None:
    told = typed("--home", tmp_path / "new", "init", "--contract", wrong_contract)
    assert told.code == 3
    assert "有 3 处问题" in told.err
    assert told.err.count("第 ") >= 3
    assert not (tmp_path / "new").exists()


def test_a_wrong_contract_in_the_home_stops_the_commands_that_need_it(
    typed: Typed, home: Path, wrong_contract: Path
) -> None:
    shutil.copy(wrong_contract, home / "contracts" / CONTRACT_NAME)
    for words in (["tenant", "sync"], ["ticket", "open", "--title", "虚构"], ["contract", "show"]):
        told = typed(*words)
        assert told.code == 3
        assert "有 3 处问题" in told.err
    assert typed("learner", "count", "--json").json()["learners"] == 0
    assert typed("audit", "list", "--json").json() == []


def test_the_shipped_contract_has_no_problem_and_every_clause_explains_itself(typed: Typed) -> None:
    assert typed("contract", "check", SHIPPED).out.startswith(f"{SHIPPED}：没有问题。\n下一步：")
    shown = typed("contract", "show", "--json").json()
    table = typed("contract", "show").out
    assert len(shown["clauses"]) >= 40
    for number, clause in shown["clauses"].items():
        assert f"│ {number} " in table
        told = typed("contract", "explain", number)
        assert told.code == 0
        assert told.out.startswith(f"第 {number} 条　{clause['title']}")
        assert clause["quote"].strip() in told.out
    assert typed("contract", "explain", "2.3", "--json").json()["number"] == "2.3"


@pytest.mark.parametrize(
    ("head", "row", "place"),
    [
        (("编码", "全名"), ("XN1", "虚构"), "没有同时含姓名和工号"),
        (("工号", "姓名"), ("XN1", ""), "名册!B2"),
        (("工号", "姓名", "人员类别"), ("XN1", "虚构", "外星人"), "名册!C2"),
        (("工号", "姓名", "机构"), ("XN1", "虚构", "没有这个机构"), "名册!C2"),
    ],
)
def test_a_wrong_roster_is_told_by_its_cells_and_nobody_is_added(
    typed: Typed, home: Path, tmp_path: Path, head: tuple[str, ...], row: tuple[str, ...], place: str
) -> None:
    run("tenant", "sync")
    file = write_roster(tmp_path / "名册.xlsx", row, head=head)
    told = typed("learner", "import", file, "--tenant", "main")
    assert told.code == 3
    assert "名册.xlsx" in told.err
    assert place in told.err
    assert typed("learner", "count", "--json").json()["learners"] == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x00\x01\x02" * 100])
def test_a_broken_workbook_is_a_sentence(typed: Typed, home: Path, tmp_path: Path, content: bytes) -> None:
    run("tenant", "sync")
    file = tmp_path / "坏.xlsx"
    file.write_bytes(content)
    told = typed("learner", "import", file, "--tenant", "main")
    assert told.code == 3
    assert "坏.xlsx" in told.err


def test_a_database_server_that_does_not_answer_is_something_outside(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDUOPS_DATABASE_URL", "postgresql://nobody:secret-word@127.0.0.1:1/nowhere")
    told = typed("ticket", "list")
    assert told.code == 5
    assert "EDUOPS_DATABASE_URL" in told.err
    assert "secret-word" not in told.err
    monkeypatch.setenv("EDUOPS_DATABASE_URL", "mysql://虚构")
    assert typed("ticket", "list").code == 3
