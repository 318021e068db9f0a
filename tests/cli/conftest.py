"""A home to type commands in, and one that a whole quarter has passed through."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eduops.cli.failure import guarded
from eduops.cli.main import app
from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped
from eduops.sheet.export import Column, Table, write_table
from eduops.store.secret import make_key

ACTOR = "工程师甲（虚构）"
NOW = "2026-03-05T11:50:00+08:00"
"""A Thursday."""


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # Any: whatever the command promises
        assert self.out, self.err
        return json.loads(self.out)


Typed = Callable[..., Said]


@pytest.fixture
def home(migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home as `init` leaves it, with nothing in its database."""
    return lay_out(tmp_path / "home", migrated_file, monkeypatch)


@pytest.fixture
def typed(home: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Types a command line in the home, in this process."""

    def call(*words: object, debug: bool = False) -> Said:
        code = run(*words, debug=debug)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def quarter_home(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home through which the main job has run with a few invented people; to be copied."""
    folder = tmp_path_factory.mktemp("quarter")
    with pytest.MonkeyPatch.context() as patch:
        lay_out(folder / "home", migrated_file, patch)
        for words in quarter_commands(folder):
            assert run(*words) == 0, words
    yield folder / "home"


@pytest.fixture
def quarter(quarter_home: Path, home: Path) -> Path:
    """The test's home, with a copy of that quarter in it."""
    shutil.rmtree(home)
    shutil.copytree(quarter_home, home)
    return home


def lay_out(home: Path, migrated_file: Path, patch: pytest.MonkeyPatch) -> Path:
    (home / "contracts").mkdir(parents=True)
    shutil.copyfile(migrated_file, home / "eduops.db")
    shutil.copy(find_shipped("configs", "contracts", CONTRACT_NAME), home / "contracts")
    make_key(home / "personal.key")
    patch.setenv("EDUOPS_HOME", str(home))
    patch.setenv("EDUOPS_NOW", NOW)
    patch.setenv("EDUOPS_ACTOR", ACTOR)
    patch.delenv("EDUOPS_DATABASE_URL", raising=False)
    patch.delenv("EDUOPS_DEBUG", raising=False)
    return home


def run(*words: object, debug: bool = False) -> int:
    arguments = [str(word) for word in words]
    return guarded(lambda: app(arguments, standalone_mode=False, prog_name="eduops"), debug=debug)


def spawn(*words: str, **options: Any) -> "subprocess.Popen[bytes]":  # Any: Popen's own options
    """A command as a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "eduops", *words], **options)


def environment(**changes: str) -> dict[str, str]:
    return {**os.environ, **changes}


def write_roster(path: Path, *rows: tuple[str, ...], head: tuple[str, ...] = ("工号", "姓名")) -> Path:
    write_table(path, [Table("名册", "", "", [Column(name) for name in head], rows)])
    return path


def quarter_commands(folder: Path) -> Iterator[tuple[object, ...]]:
    """The main job as it is typed, on a few invented people and two tickets, one of them late."""
    people = [(f"XN{number}", f"虚构{number}") for number in range(1, 9)]
    yield "tenant", "sync"
    yield "programme", "sync"
    yield "learner", "import", write_roster(folder / "名册.xlsx", *people), "--tenant", "main", "--invented"
    yield "bank", "import", find_shipped("configs", "demo", "questions.csv"), "--bank", "虚构题库"
    yield "paper", "build", "--bank", "虚构题库", "--title", "虚构卷", "--take", "single=4:2.5"
    yield "exam", "schedule", "--paper", "PAP-2026-0001", "--programme", "basic-skills", "--title", "虚构考试", \
        "--opens", "2026-03-05 09:00", "--invented"  # fmt: skip
    yield "exam", "rehearse", "EXM-2026-0001", "--learners", "3"
    yield "exam", "grade", "EXM-2026-0001"
    yield "score", "export", "EXM-2026-0001", "--out", folder / "成绩.xlsx"
    yield (
        "ticket",
        "open",
        "--title",
        "考试页面打不开（虚构）",
        "--department",
        "虚构科",
        "--at",
        "2026-03-04 09:00",
    )
    yield "ticket", "respond", "INC-2026-0001", "--at", "2026-03-04 09:45"
    yield "ticket", "wait", "INC-2026-0001", "--reason", "等机房开门", "--agreed-by", "张老师（虚构）", \
        "--at", "2026-03-04 09:50"  # fmt: skip
    yield "ticket", "go-on", "INC-2026-0001", "--at", "2026-03-04 10:00"
    yield (
        "ticket",
        "resolve",
        "INC-2026-0001",
        "--cause",
        "software",
        "--solution",
        "重启",
        "--at",
        "2026-03-04 10:05",
    )
    yield "ticket", "record", "INC-2026-0001", "--cause", "连接池耗尽", "--engineer", "王工（虚构）", \
        "--solution", "重启", "--process", "改配置后重启", "--result", "已恢复"  # fmt: skip
    yield "ticket", "close", "INC-2026-0001", "--at", "2026-03-04 17:00"
    yield "ticket", "open", "--kind", "consult", "--title", "怎样导入题库（虚构）", "--at", "11:30"
    yield "sla", "post", "--from", "2026-03-02", "--to", "2026-03-05", "--yes"
    yield "backup", "run"
    yield "backup", "drill"
    yield "report", "build", "quarterly", "--period", "2026Q1", "--out", folder / "报告.docx"
