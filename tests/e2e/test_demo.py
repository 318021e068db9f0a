"""The demo as a person runs it: every file there, every number on the screen what the commands say afterwards."""

import contextlib
import hashlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from closing_line import SHARED_DATA
from docx import Document
from filelock import FileLock

from eduops.cli.failure import guarded
from eduops.cli.main import app
from eduops.core.home import CONTRACT_NAME
from eduops.sheet.export import Column, Table, write_table
from eduops.sheet.read import read_workbook
from eduops.workflow.demo.run import MARK, SCRIPT

pytestmark = pytest.mark.slow

NOW = "2026-03-05T11:50:00+08:00"
REPORT = "运维工作季度报告.docx"
WRITTEN = {REPORT, "成绩.xlsx", "名册.xlsx", "题库.xlsx", CONTRACT_NAME, SCRIPT, "home"}
MEDICAL = SHARED_DATA / "questions" / "bank_medical_12k.xlsx"
MEDICAL_BAD_ROWS = [1880, 2295, 2437, 2553, 4208, 5358, 5534, 5591, 5598, 7483, 10026]
TICKET_LINES = 30


@dataclass(frozen=True)
class Demo:
    """A demo that ran: where, and what it showed."""

    folder: Path
    shown: str

    def ask(self, *words: str) -> Any:  # Any: what a command prints with --json
        return ask(self.folder / "home", *words)

    def find(self, pattern: str) -> list[int]:
        """The numbers in the one place of the screen that matches."""
        matches = re.findall(pattern, self.shown)
        assert len(matches) == 1, (pattern, self.shown)
        found = matches[0] if isinstance(matches[0], tuple) else (matches[0],)
        return [int(number) for number in found]


def ask(home: Path, *words: str) -> Any:  # Any: what a command prints with --json
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = call("--home", str(home), *words, "--json")
    assert code == 0, words
    return json.loads(said.getvalue())


def call(*words: str) -> int:
    return guarded(lambda: app(list(words), standalone_mode=False, prog_name="eduops"), debug=False)


def spawn(*words: str, **changes: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "eduops", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "EDUOPS_NOW": NOW, **changes},
    )


def interrupt_at(process: "subprocess.Popen[str]", words: str) -> tuple[str, str]:
    """What a demo showed until it was stopped by Ctrl-C, at the line that begins with `words`."""
    assert process.stdout is not None
    shown = ""
    for line in process.stdout:
        shown += line
        if line.startswith(words):
            process.send_signal(signal.SIGINT)
            break
    rest, complaint = process.communicate(timeout=30)
    return shown + rest, complaint


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDUOPS_NOW", NOW)
    monkeypatch.delenv("EDUOPS_DATABASE_URL", raising=False)


@pytest.fixture(scope="session")
def demos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demo, Demo]:
    """Two demos of the same present and seed; the workers of a test run share them."""
    root = tmp_path_factory.getbasetemp()
    # Each worker of xdist has a folder of its own inside the run's.
    root = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "demos"
    root.mkdir(exist_ok=True)
    with FileLock(root / "lock"):
        if not (root / "shown.json").exists():
            (root / "shown.json").write_text(json.dumps(run_demos(root)), encoding="utf-8")
    first, second = json.loads((root / "shown.json").read_text(encoding="utf-8"))
    return Demo(root / "first", first), Demo(root / "second", second)


def run_demos(root: Path) -> list[str]:
    """What both showed; the second ran over one that was stopped, and told its steps as JSON."""
    first, second = root / "first", root / "second"
    stopped = spawn("demo", "--into", str(second))
    _, complaint = interrupt_at(stopped, "[ 3/12]")
    assert (stopped.returncode, complaint) == (130, "已中止，没有做完的部分没有写入。\n")
    elsewhere = {
        "EDUOPS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
        "EDUOPS_HOME": str(root / "other"),
    }
    running = [
        spawn("demo", "--into", str(first), **elsewhere),
        spawn("demo", "--into", str(second), "--anew", "--json"),
    ]
    ended = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0, 0], ended
    assert not (root / "other").exists()
    return [shown for shown, _ in ended]


@pytest.fixture
def demo(demos: tuple[Demo, Demo]) -> Demo:
    return demos[0]


def test_every_step_is_told_and_everything_lies_there(demo: Demo) -> None:
    assert re.findall(r"^\[ ?(\d+)/12\]", demo.shown, re.MULTILINE) == [
        str(number) for number in range(1, 13)
    ]
    assert {path.name for path in demo.folder.iterdir()} == {*WRITTEN, MARK}
    for name in WRITTEN:
        assert str(demo.folder / name) in demo.shown
    assert "数据均为虚构" in demo.shown


def test_every_step_shows_its_commands(demo: Demo) -> None:
    commands = re.findall(r"^ {8}eduops (\w+)", demo.shown, re.MULTILINE)
    assert set(commands) == {
        "init", "tenant", "programme", "learner", "bank", "paper", "exam", "score", "host", "patrol", "ticket", "sla",
        "backup", "report",
    }  # fmt: skip


def test_people_and_questions_on_the_screen_are_those_in_the_database(demo: Demo) -> None:
    assert demo.find(r"合同里的 (\d+) 家机构、(\d+) 个培训项目") == [
        len(demo.ask("tenant", "list")),
        len(demo.ask("programme", "list")),
    ]
    assert demo.find(r"名册.xlsx 的 (\d+) 名虚构学员") == [7683]
    assert demo.ask("learner", "count") == {"learners": 7683, "invented_apart": 0}
    rows, imported, duplicates, rejected = demo.find(
        r"题库.xlsx 共 (\d+) 题：导入 (\d+)，重复 (\d+)，有错 (\d+)"
    )
    assert imported >= 150
    assert rows == imported + duplicates + rejected
    [bank] = demo.ask("bank", "list")
    assert bank["questions"] == imported


def test_every_learner_is_marked_as_invented(demo: Demo) -> None:
    learners = demo.ask("learner", "list", "--limit", "10000")
    assert len(learners) == 7683
    assert all(learner["is_invented"] for learner in learners)


def test_the_exam_on_the_screen_is_the_exam_in_the_database_and_in_excel(demo: Demo) -> None:
    [paper], [exam] = demo.ask("paper", "list"), demo.ask("exam", "list")
    items, points = demo.find(r"PAP-2026-0001 共 (\d+) 题、满分 (\d+) 分")
    assert (items, points) == (paper["items"], paper["points"])
    people, saved, found, lost = demo.find(
        r"(\d+) 名虚构学员作答，(\d+) 个答案逐个落盘，读回 (\d+) 个，丢失 (\d+) 个"
    )
    assert (people, saved, found, lost) == (200, 200 * items, 200 * items, 0)
    scores = demo.ask("score", "list", exam["ref"])
    assert len(scores) == 200
    stats = demo.ask("score", "stats", exam["ref"])
    told = f"阅卷 200 份，平均 {stats['average']:.2f} 分，及格率 {stats['pass_percent']:.2f}%"
    assert told in demo.shown
    [sheet, *_] = read_workbook(demo.folder / "成绩.xlsx").sheets
    numbers = {score["staff_number"] for score in scores}
    written = [set(map(str, row)) & numbers for row in sheet.rows]
    assert sum(map(len, written)) == 200


def test_tickets_and_breaches_on_the_screen_are_those_in_the_database(demo: Demo) -> None:
    tickets = demo.ask("ticket", "list")
    [entered] = demo.find(r"(\d+) 张虚构工单逐步登记")
    assert entered == len(tickets) == 72
    assert all(ticket["is_invented"] for ticket in tickets)
    incidents, requests, consults = demo.find(r"故障 (\d+)，服务请求 (\d+)，咨询 (\d+)")
    kinds = [ticket["kind"] for ticket in tickets]
    assert [incidents, requests, consults] == [kinds.count(k) for k in ("incident", "request", "consult")]
    found, counted, posted = demo.find(r"认定 (\d+) 项，计违约 (\d+) 次（.*）；记入台账 (\d+) 条")
    ledger = demo.ask("sla", "ledger")
    assert counted > 0
    assert (counted, posted) == (sum(entry["counted"] for entry in ledger), len(ledger))
    from_on, to_on = re.findall(r"sla post --from (\S+) --to (\S+)", demo.shown)[0]
    evaluated = demo.ask("sla", "evaluate", "--from", from_on, "--to", to_on)
    assert (evaluated["counted"], len(evaluated["findings"])) == (counted, found)
    assert demo.ask("sla", "verify")["count"] == posted
    assert demo.ask("audit", "verify")["broken"] is None


def test_patrol_backup_and_documents_are_there(demo: Demo) -> None:
    [patrol] = demo.ask("patrol", "list")
    assert patrol["ref"] == "PAT-2026-0001"
    tables, rows = demo.find(r"比对 (\d+) 张表 (\d+) 行，全部一致")
    drill, backup = demo.ask("backup", "list")
    assert (drill["kind"], drill["is_good"], drill["rows_compared"]) == ("drill", True, rows)
    assert f"{tables} 张表" in drill["result"]
    assert (backup["kind"], backup["is_good"]) == ("backup", True)
    [document] = demo.ask("report", "list")
    assert document["is_invented"]
    assert document["sha256"] == hashlib.sha256((demo.folder / REPORT).read_bytes()).hexdigest()


def test_the_contract_is_a_copy_whose_term_contains_today(demo: Demo) -> None:
    term = demo.ask("contract", "show")["term"]
    assert (term["start"], term["years"]) == ("2025-04-01", 2)
    assert "期限改为自 2025-04-01 起 2 年（今天在内）" in demo.shown
    assert "演示用的副本" in (demo.folder / CONTRACT_NAME).read_text(encoding="utf-8").splitlines()[0]


def test_the_report_says_that_its_data_are_invented_and_holds_the_numbers(demo: Demo) -> None:
    document = Document(str(demo.folder / REPORT))
    cover = "\n".join(paragraph.text for paragraph in document.paragraphs[:20])
    assert "虚构" in cover
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    text = "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    for entry in demo.ask("sla", "ledger"):
        assert entry["subject"] in text
    assert any(part.partname.startswith("/word/charts/") for part in document.part.package.iter_parts())


@pytest.mark.needs("soffice", "pdftoppm")
def test_the_report_opens_in_libreoffice(demo: Demo, tmp_path: Path) -> None:
    convert = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        "pdf",
    ]
    subprocess.run(
        [*convert, "--outdir", str(tmp_path), str(demo.folder / REPORT)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    pdf = (tmp_path / REPORT).with_suffix(".pdf")
    told = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True)
    pages = told.stdout.split("\f")
    assert "虚构" in pages[0]
    assert "{{" not in told.stdout
    assert "违约" in told.stdout


def test_the_same_present_and_seed_give_the_same_data(demos: tuple[Demo, Demo]) -> None:
    first, second = demos
    for words in (["score", "list", "EXM-2026-0001"], ["ticket", "list"], ["paper", "show", "PAP-2026-0001"]):
        assert first.ask(*words) == second.ask(*words)

    def breaches(demo: Demo) -> list[Any]:  # Any: findings as JSON
        return [(entry["finding_key"], entry["counted"]) for entry in demo.ask("sla", "ledger")]

    assert breaches(first) == breaches(second)


def test_a_demo_told_as_json_says_the_same(demos: tuple[Demo, Demo]) -> None:
    told = json.loads(demos[1].shown)
    assert [step["number"] for step in told["steps"]] == list(range(1, 13))
    for step in told["steps"]:
        if step["title"] not in ("巡检本机", "备份并恢复演练"):
            assert step["outcome"]["said"] in demos[0].shown
    assert set(told["results"].values()) == {str(demos[1].folder / name) for name in WRITTEN}


def test_a_second_demo_into_the_same_folder_is_refused(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (demo.folder / "home" / "eduops.db").read_bytes()
    assert call("demo", "--into", str(demo.folder)) == 4
    assert "--anew" in capsys.readouterr().err
    assert (demo.folder / "home" / "eduops.db").read_bytes() == before


@pytest.mark.parametrize("anew", [[], ["--anew"]])
def test_a_folder_that_is_no_demos_is_never_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], anew: list[str]
) -> None:
    (tmp_path / "重要.txt").write_text("虚构", encoding="utf-8")
    assert call("demo", "--into", str(tmp_path), *anew) == 4
    assert "不是空目录" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["重要.txt"]


@pytest.mark.parametrize("kind", ["missing", "broken", "text", "folder", "all wrong"])
def test_a_wrong_bank_is_told_before_anything_is_made_or_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    bank = tmp_path / "题库.xlsx"
    match kind:
        case "broken":
            bank.write_bytes(b"PK\x03\x04 broken")
        case "text":
            bank.write_text("这不是题库，只是一封信。\n", encoding="utf-8")
        case "folder":
            bank.mkdir()
        case "all wrong":
            head = [Column(name) for name in ("题型", "题干", "选项A", "选项B", "答案")]
            write_table(bank, [Table("题库", "", "", head, [("单选题", "虚构题", "甲", "乙", "F")])])
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir()
    for name in (MARK, "kept"):
        (old / name).write_text("虚构", encoding="utf-8")
    assert call("demo", "--into", str(new), "--bank", str(bank)) == 3
    said = capsys.readouterr().err
    assert "题库.xlsx" in said
    assert "怎么办：" in said
    assert not new.exists()
    assert call("demo", "--into", str(old), "--bank", str(bank), "--anew") == 3
    assert (old / "kept").exists()


def test_a_bank_inside_the_folder_to_be_deleted_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (MARK, "题库.xlsx"):
        (tmp_path / name).write_text("虚构", encoding="utf-8")
    assert call("demo", "--into", str(tmp_path), "--bank", str(tmp_path / "题库.xlsx"), "--anew") == 4
    assert "先把它移到别处" in capsys.readouterr().err
    assert (tmp_path / "题库.xlsx").exists()


def test_the_commands_repeat_the_demo_by_hand(demo: Demo, tmp_path: Path) -> None:
    report = (demo.folder / REPORT).read_bytes()
    script, home = shorten(demo.folder / SCRIPT, tmp_path), tmp_path / "again"
    path = f"{write_command(tmp_path / 'bin')}{os.pathsep}{os.environ['PATH']}"
    elsewhere = {"EDUOPS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}
    done = subprocess.run(
        ["sh", str(script), str(home)],
        capture_output=True,
        text=True,
        env={**os.environ, **elsewhere, "PATH": path},
    )
    assert done.returncode == 0, done.stderr
    for words in (["tenant", "list"], ["learner", "count"], ["programme", "list"], ["bank", "stats", "演示题库"],
                  ["paper", "show", "PAP-2026-0001"]):  # fmt: skip
        assert ask(home, *words) == demo.ask(*words)
    [exam], [again] = demo.ask("exam", "list"), ask(home, "exam", "list")
    assert {
        key: exam[key] for key in ("ref", "opens_at", "closes_at", "is_invented")
    }.items() <= again.items()
    assert ask(home, "score", "stats", exam["ref"])["graded"] == 20
    tickets = ask(home, "ticket", "list")
    kept = ("ref", "title", "department", "channel", "reporter", "reported_at", "is_invented")
    of_demo = {ticket["ref"]: {key: ticket[key] for key in kept} for ticket in demo.ask("ticket", "list")}
    assert len(tickets) >= 5
    assert all({key: ticket[key] for key in kept} == of_demo[ticket["ref"]] for ticket in tickets)
    assert ask(home, "report", "list")[0]["is_invented"]
    assert {"成绩.xlsx", REPORT} <= {path.name for path in home.iterdir()}
    assert (demo.folder / REPORT).read_bytes() == report, "what the demo made stays"


def shorten(script: Path, folder: Path) -> Path:
    """The script with fewer people at the exam, the first tickets only, and without patrol, ledger and backup."""
    kept, tickets = [], 0
    for line in script.read_text(encoding="utf-8").splitlines():
        noun = shlex.split(line)[1] if line.startswith("eduops ") else ""
        tickets += noun == "ticket"
        if noun not in ("host", "patrol", "sla", "backup") and (noun != "ticket" or tickets <= TICKET_LINES):
            kept.append(line.replace("--learners 200", "--learners 20"))
    shortened = folder / "short.sh"
    shortened.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return shortened


def write_command(folder: Path) -> Path:
    """A folder for PATH in which `eduops` is the one under test."""
    folder.mkdir()
    command = folder / "eduops"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m eduops "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


def test_the_script_says_what_it_lacks(demo: Demo, tmp_path: Path) -> None:
    def start(*words: str) -> "subprocess.CompletedProcess[str]":
        command = ["/bin/sh", str(demo.folder / SCRIPT), *words]
        return subprocess.run(
            command, capture_output=True, text=True, env={"PATH": str(tmp_path)}, check=False
        )

    assert "新的数据目录" in start().stderr
    without = start(str(tmp_path / "home"))
    assert without.returncode == 127
    assert "找不到命令 eduops" in without.stderr


@pytest.mark.needs("../shared/data")
def test_the_real_bank_is_imported_less_its_bad_rows_which_are_named(tmp_path: Path) -> None:
    process = spawn("demo", "--into", str(tmp_path / "demo"), "--bank", str(MEDICAL))
    shown, _ = interrupt_at(process, "[ 5/12]")
    assert process.returncode == 130
    assert "共 11965 题：导入 11941，重复 13，有错 11" in shown
    assert [int(row) for row in re.findall(r"· .*?![A-Z]+(\d+)：", shown)] == MEDICAL_BAD_ROWS
    [bank] = ask(tmp_path / "demo" / "home", "bank", "list")
    assert bank["questions"] == 11941
