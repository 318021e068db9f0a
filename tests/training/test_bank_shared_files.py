"""Real workbooks, where they lie beside the checkout: each gives what `docs/question-workbooks.md` says."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from closing_line import SHARED_DATA

from eduops.core.errors import InputError
from eduops.sheet.read import read_workbook
from eduops.store.store import Store
from eduops.training.queries import bank as queries
from eduops.training.rules.bank_judge import judge_workbook
from eduops.training.rules.bank_layout import Role
from eduops.training.service import bank as service

pytestmark = pytest.mark.needs("../shared/data")
FOLDER = SHARED_DATA / "questions"
PAGE = Path(__file__).parents[2] / "docs" / "question-workbooks.md"
MEDICAL_ERRORS = {
    (1880, "options_equal"), (2295, "options_equal"), (2437, "options_equal"), (2553, "options_equal"),
    (4208, "options_equal"), (5358, "key_missing"), (5534, "options_equal"), (5591, "option_missing"),
    (5598, "option_missing"), (7483, "options_equal"), (10026, "options_equal"),
}  # fmt: skip


REFUSED = "refused: "


@dataclass(frozen=True)
class Promise:
    """What the page says of one workbook."""

    file: str
    headers: str
    rows: int
    questions: int
    imported: int
    groups: int
    duplicates: int
    rejected: int
    codes: str


def read_page() -> list[Promise]:
    """The first table of the page."""
    lines = PAGE.read_text(encoding="utf-8").partition("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if ".xlsx |" in line]
    return [Promise(file, headers, *map(int, counts), codes) for file, headers, *counts, codes in cells]


PROMISES = [
    pytest.param(promise, id=promise.file, marks=[pytest.mark.slow] if promise.rows > 10_000 else [])
    for promise in read_page()
]


def test_the_page_leaves_no_workbook_out() -> None:
    there = {str(path.relative_to(FOLDER)) for path in [*FOLDER.glob("*.xlsx"), *FOLDER.glob("templates/*")]}
    assert {promise.file for promise in read_page()} == there


@pytest.mark.parametrize("promise", PROMISES)
def test_every_workbook_gives_what_the_page_says(
    sqlite_store: Store, now: datetime, promise: Promise
) -> None:
    workbook = read_workbook(FOLDER / promise.file)
    with sqlite_store.writing() as session:
        if promise.headers.startswith(REFUSED):
            with pytest.raises(InputError, match=promise.headers.removeprefix(REFUSED)):
                service.import_bank(session, workbook, bank_name="题库", now=now, actor="虚构", skip_bad=True)
            return
        result = service.import_bank(
            session, workbook, bank_name="题库", now=now, actor="虚构", skip_bad=True
        )
    with sqlite_store.reading() as session:
        kept = queries.bank_stats(session, queries.get_bank(session, "题库").id)
        batch = queries.find_batch(session, str(result.batch))
    data = [layout for layout in result.layouts if layout.role is Role.DATA]
    codes = Counter(error.code for error in result.errors)
    assert promise == Promise(
        promise.file,
        ", ".join(f"{layout.sheet.name}: {layout.header_row}" for layout in data),
        sum(layout.rows for layout in data),
        result.rows,
        kept.questions,
        kept.groups,
        result.duplicates,
        result.rejected,
        ", ".join(f"{code} {count}" for code, count in sorted(codes.items())),
    )
    assert kept.by_type == result.by_type
    assert batch is not None
    assert (batch.rows, batch.imported, batch.duplicates) == (result.rows, kept.questions, result.duplicates)
    assert result.rows == result.imported + result.duplicates + result.rejected


@pytest.mark.slow
def test_the_large_bank_has_the_errors_of_the_medical_one() -> None:
    judged = judge_workbook(read_workbook(FOLDER / "bank_large_36k.xlsx"))
    assert {(error.row, error.code) for error in judged.errors} == MEDICAL_ERRORS


def test_the_known_bad_rows_are_named() -> None:
    judged = judge_workbook(read_workbook(FOLDER / "bank_medical_12k.xlsx"))
    assert {(error.row, error.code) for error in judged.errors} == MEDICAL_ERRORS


def test_both_layouts_of_the_cases_give_the_same_groups() -> None:
    merged, stem_rows = (
        judge_workbook(read_workbook(FOLDER / name))
        for name in ("case_a3a4_merged_stem.xlsx", "case_a3a4_stem_row.xlsx")
    )
    assert len({id(draft.group) for draft in merged.good}) == 14
    assert [draft.fingerprint for draft in merged.good] == [draft.fingerprint for draft in stem_rows.good]
