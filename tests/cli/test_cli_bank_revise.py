"""`eduops bank revise|history` as they are typed: out to Excel, corrected there, back as revisions."""

from pathlib import Path

import openpyxl
import pytest
from cli.conftest import Typed

from eduops.core.shipped import find_shipped


@pytest.fixture
def exported(typed: Typed, tmp_path: Path) -> Path:
    """The shipped questions, imported and exported again."""
    bank = find_shipped("configs", "demo", "questions.csv")
    assert typed("bank", "import", bank, "--bank", "虚构题库").code == 0
    file = tmp_path / "题库.改.xlsx"
    assert typed("bank", "export", "虚构题库", file).code == 0
    return file


def correct(file: Path, heading: str, text: str, *, row: int = 2) -> None:
    book = openpyxl.load_workbook(file)
    sheet = book["题库"]
    column = next(cell.column for cell in sheet[1] if cell.value == heading)
    sheet.cell(row, column).value = text
    book.save(file)


def test_a_corrected_question_is_a_revision_and_its_history_is_told(typed: Typed, exported: Path) -> None:
    assert "改动 0，未变" in typed("bank", "revise", exported, "--bank", "虚构题库").out
    correct(exported, "解析", "改正（虚构）")
    assert "改动 1（解析 1）" in typed("bank", "revise", exported, "--bank", "虚构题库", "--dry-run").out
    said = typed("bank", "revise", exported, "--bank", "虚构题库", "--json").json()
    assert (said["revised"], said["by_part"], said["numbers"]) == (1, {"explanation": 1}, [1])
    history = typed("bank", "history", "虚构题库", "1", "--json").json()
    assert [(each["revision"], each["explanation"] == "改正（虚构）") for each in history] == [
        (1, False),
        (2, True),
    ]
    newest = typed("audit", "list", "--json").json()[0]
    assert (newest["command"], newest["change"]["revised"]) == ("eduops bank revise", 1)
    again = typed("bank", "revise", exported, "--bank", "虚构题库")
    assert (again.code, "导出以后这道题又修订过" in again.err) == (3, True)


def test_a_wrong_cell_is_named_and_nothing_is_changed(typed: Typed, exported: Path) -> None:
    correct(exported, "题库题号", "九百")
    said = typed("bank", "revise", exported, "--bank", "虚构题库")
    assert said.code == 3
    assert "题库!A2" in said.err and "没有题号 九百" in said.err and "一道题都没有改" in said.err
    assert len(typed("bank", "history", "虚构题库", "1", "--json").json()) == 1


def test_other_files_banks_and_numbers_are_refused(typed: Typed, exported: Path) -> None:
    shipped = find_shipped("configs", "demo", "questions.csv")
    refused = typed("bank", "revise", shipped, "--bank", "虚构题库")
    assert (refused.code, "没有「题库题号」一列" in refused.err) == (3, True)
    assert typed("bank", "revise", exported, "--bank", "没有").code == 4
    assert typed("bank", "history", "虚构题库", "9999").code == 4
    assert typed("bank", "history", "虚构题库", "0").code == 2
