"""`eduops backup run|verify|drill` as they are typed, and each way they can refuse."""

import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from cli.conftest import Typed, environment, spawn


@pytest.fixture
def sources(home: Path, tmp_path: Path) -> Path:
    """A home with two more sources: an SQLite file and a folder."""
    with closing(sqlite3.connect(tmp_path / "exam.db")) as database, database:
        database.execute("CREATE TABLE answer (a)")
        database.executemany("INSERT INTO answer VALUES (?)", [(n,) for n in range(50)])
    (tmp_path / "courses").mkdir()
    (tmp_path / "courses" / "课件（虚构）.ppt").write_text("x")
    (home / "backup.yaml").write_text(
        f"sources:\n  home: {{engine: home}}\n  exam: {{engine: sqlite, path: {tmp_path / 'exam.db'}, sentinel: true}}\n"
        f"  courses: {{engine: directory, path: {tmp_path / 'courses'}}}\n",
        encoding="utf-8",
    )
    return tmp_path


def test_all_sources_are_backed_up_verified_and_drilled(typed: Typed, sources: Path) -> None:
    made = typed("backup", "run", "--all", "--json").json()
    assert [(each["source"], each["state"]) for each in made] == [
        ("home", "verified"), ("exam", "verified"), ("courses", "verified")
    ]  # fmt: skip
    checked = typed("backup", "verify", "--all", "--json").json()
    assert [each["passed"] for each in checked] == [True, True, True]
    for name in ("home", "exam", "courses"):
        drilled = typed("backup", "drill", "--source", name, "--json")
        assert (drilled.code, drilled.json()["passed"], drilled.json()["differences"]) == (0, True, [])


def test_one_source_is_one_object_and_one_sentence(typed: Typed, sources: Path) -> None:
    told = typed("backup", "run", "exam", "--json").json()
    assert (told["ref"], told["engine"]) == ("BKP-2026-0001", "sqlite")
    assert told["tables"]["answer"]["rows"] == 50
    said = typed("backup", "run", "exam").out
    assert said.startswith("BKP-2026-0002 已备份并校验：2 张表 52 行，存放处 main 的 BKP-2026-0002-")


def test_a_source_that_fails_holds_up_no_other(typed: Typed, sources: Path) -> None:
    (sources / "exam.db").unlink()
    told = typed("backup", "run", "--all")
    assert told.code == 5
    assert "exam.db 失败：文件不存在" in told.err
    assert "BKP-2026-0001 已备份" in told.out
    assert "BKP-2026-0003 已备份" in told.out


def test_preview_writes_nothing(typed: Typed, sources: Path, home: Path) -> None:
    before = sorted(home.rglob("*.db"))
    told = typed("backup", "run", "--all", "--dry-run", "--json").json()
    assert [each["source"] for each in told] == ["home", "exam", "courses"]
    assert sorted(home.rglob("*.db")) == before
    assert typed("audit", "list", "--json").json() == []


def test_drill_that_did_not_pass_ends_with_one_and_says_why(typed: Typed, sources: Path, home: Path) -> None:
    made = typed("backup", "run", "exam", "--json").json()
    stored = home / "backups" / made["path"] / "database.db"
    content = bytearray(stored.read_bytes())
    content[5000] ^= 1
    stored.write_bytes(content)
    told = typed("backup", "drill", "--source", "exam")
    assert (told.code, "没有通过" in told.out, "内容变了" in told.out) == (1, True, True)
    told = typed("backup", "verify", "--source", "exam")
    assert (told.code, "没有通过" in told.out) == (1, True)
    assert typed("backup", "drill", "--source", "exam").code == 4


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "nobody"], 4, "没有来源「nobody」"),
        (["run", "home", "--all"], 2, "只能写一样"),
        (["drill", "BKP-2026-0001", "--source", "home"], 2, "只能写一样"),
        (["verify", "BKP-2026-0001", "--all"], 2, "只能写一样"),
        (["verify"], 4, "还没有可用的备份"),
        (["drill"], 4, "还没有可用的备份"),
        (["drill", "--key", "/nonexistent/key"], 3, "不能读取文件"),
    ],
)
def test_wrong_words_are_a_sentence(
    typed: Typed, sources: Path, words: list[str], code: int, said: str
) -> None:
    told = typed("backup", *words)
    assert (told.code, said in told.err) == (code, True), told.err


def test_mistake_in_backup_yaml_has_its_line(typed: Typed, home: Path) -> None:
    (home / "backup.yaml").write_text(
        "sources:\n  home: {engine: home}\n  x: {engine: postgresql, adress: a}\n"
    )
    told = typed("backup", "run")
    assert (told.code, "第 3 行" in told.err, "是否想写「address」" in told.err) == (3, True, True)


def test_home_says_that_no_key_was_proved_unless_one_was(typed: Typed, sources: Path) -> None:
    typed("backup", "run")
    assert "没有证明密钥" in typed("backup", "drill").err


def test_interrupted_backup_is_kept_as_failed_and_leaves_nothing(
    typed: Typed, sources: Path, home: Path
) -> None:
    with closing(sqlite3.connect(sources / "exam.db")) as database, database:
        database.executemany("INSERT INTO answer VALUES (?)", [("x" * 1000,)] * 60_000)
    process = spawn("backup", "run", "exam", env=environment(), stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while not list((home / "backups").glob(".stage-*/database.db")) and time.monotonic() < until:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said.decode()
    assert "已中止" in said.decode()
    (row,) = typed("backup", "list", "--json").json()
    assert (row["is_good"], "中止" in row["result"]) == (False, True)
    assert list((home / "backups").iterdir()) == []


def test_backup_of_a_home_restores_by_hand_as_the_manual_says(
    typed: Typed, sources: Path, home: Path, tmp_path: Path
) -> None:
    typed("tenant", "sync")
    made = typed("backup", "run", "--json").json()
    folder, again = home / "backups" / made["path"], tmp_path / "again"
    again.mkdir()
    shutil.copy(folder / "database.db", again / "eduops.db")
    subprocess.run(["tar", "-xpf", folder / "files.tar", "-C", again], check=True)
    shutil.copy(home / "personal.key", again)
    told = typed("--home", again, "tenant", "list", "--json")
    assert (told.code, len(told.json())) == (0, 31)
