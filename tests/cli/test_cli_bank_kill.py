"""An import that is killed leaves all of its questions or none."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from eduops.sheet.export import Column, Table, write_table
from eduops.store import audit
from eduops.store.store import open_store
from eduops.training.models.bank import Bank, ImportBatch, Question, QuestionRevision

ROWS, RUNS = 8_000, 20
PROMISED = {(ROWS, ROWS, ROWS), (0, 0, 0)}


def write_bank(path: Path) -> Path:
    columns = [Column(name) for name in ("题型", "题干", "选项A", "选项B", "答案", "解析")]
    rows = [("单选题", f"虚构题{number}", "甲", "乙", "A", "虚构" * 40) for number in range(ROWS)]
    write_table(path, [Table("题库", "", "", columns, rows)])
    return path


def start_import(home: Path, file: Path, bank: str) -> "subprocess.Popen[bytes]":
    words = ["--home", home, "bank", "import", file, "--bank", bank]
    return subprocess.Popen(
        [sys.executable, "-m", "eduops", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"EDUOPS_ACTOR": "值班（虚构）"},
    )


def count_kept(session: Session, bank: str) -> tuple[int, int, int]:
    """How many questions, how many of them with words, and how many the batches say there are."""
    of_bank = select(Bank.id).where(Bank.name == bank)
    questions = select(col(Question.id)).where(col(Question.bank_id).in_(of_bank))
    said = select(func.count()).where(col(QuestionRevision.question_id).in_(questions))
    imported = select(func.coalesce(func.sum(ImportBatch.imported), 0)).where(
        col(ImportBatch.bank_id).in_(of_bank)
    )
    return len(session.exec(questions).all()), session.exec(said).one(), session.exec(imported).one()


def list_outcomes(home: Path, banks: Iterable[str]) -> list[tuple[int, int, int]]:
    store = open_store(f"sqlite:///{home / 'eduops.db'}")
    with store.reading() as session:
        assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        outcomes = [count_kept(session, bank) for bank in banks]
        assert audit.verify(session) == (outcomes.count((ROWS, ROWS, ROWS)), None)
    store.engine.dispose()
    return outcomes


@pytest.mark.slow
def test_an_import_killed_at_any_moment_leaves_all_or_nothing(migrated_file: Path, tmp_path: Path) -> None:
    home, file = tmp_path / "home", write_bank(tmp_path / "题库.xlsx")
    home.mkdir()
    (home / "eduops.db").write_bytes(migrated_file.read_bytes())
    begun = time.monotonic()
    assert start_import(home, file, "虚构").wait() == 0
    whole_seconds = time.monotonic() - begun
    chance = random.Random(20261123)
    banks = [f"虚构{number}" for number in range(RUNS)]
    # The first is killed before it can have written; when the others are, is chance.
    for bank, least, most in [(banks[0], 0.05, 0.1), *((bank, 0.3, 1.1) for bank in banks[1:])]:
        process = start_import(home, file, bank)
        time.sleep(chance.uniform(least, most) * whole_seconds)
        process.kill()
        process.wait()
    outcomes = list_outcomes(home, ["虚构", *banks])
    assert set(outcomes) == PROMISED
    assert start_import(home, file, "虚构之后").wait() == 0
    assert list_outcomes(home, ["虚构", *banks, "虚构之后"]) == [*outcomes, (ROWS, ROWS, ROWS)]
