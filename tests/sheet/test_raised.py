"""Raised and lowered letters of rich text keep their meaning: 10⁹ is not 109."""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from xlsxwriter import Workbook as NewBook

from eduops.sheet.annotate import write_annotated
from eduops.sheet.raised import spell
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Mark


def write_shared(path: Path) -> Path:
    """A workbook whose rich texts are shared strings, as Excel and WPS write them."""
    with NewBook(path) as book:
        sheet = book.add_worksheet("题库")
        up, down = book.add_format({"font_script": 1}), book.add_format({"font_script": 2})
        sheet.write_row(0, 0, ["题干", "选项A"])
        sheet.write_string(1, 0, "虚构")
        sheet.write_rich_string(1, 1, "白细胞 4×10", up, "9", "/L")
        sheet.write_rich_string(2, 0, "呼出 CO", down, "2", " 与 Ca", up, "2+")
        sheet.write_rich_string(3, 0, "第 5", up, "th", " 次")
        sheet.write_string(4, 0, "白细胞 4×109/L")
    return path


def write_inline(path: Path) -> Path:
    """The same with the texts in the cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "题库"
    sheet.append(["题干", "选项A"])
    sheet["B2"] = CellRichText("白细胞 4×10", TextBlock(InlineFont(vertAlign="superscript"), "9"), "/L")
    book.save(path)
    return path


def test_shared_strings_keep_their_raised_and_lowered_letters(tmp_path: Path) -> None:
    (sheet,) = read_workbook(write_shared(tmp_path / "题库.xlsx")).sheets
    assert sheet.cell(2, 1) == "白细胞 4×10⁹/L"
    assert sheet.cell(3, 0) == "呼出 CO₂ 与 Ca²⁺"
    assert sheet.cell(5, 0) == "白细胞 4×109/L"
    assert sheet.raised == {(2, 1), (3, 0)}


def test_letters_without_a_raised_form_stay_as_they_are(tmp_path: Path) -> None:
    (sheet,) = read_workbook(write_shared(tmp_path / "题库.xlsx")).sheets
    assert sheet.cell(4, 0) == "第 5th 次"


def test_texts_in_the_cells_keep_them_too(tmp_path: Path) -> None:
    (sheet,) = read_workbook(write_inline(tmp_path / "题库.xlsx")).sheets
    assert (sheet.cell(2, 1), sheet.raised) == ("白细胞 4×10⁹/L", {(2, 1)})


@pytest.mark.parametrize("write", [write_shared, write_inline])
def test_a_marked_copy_read_again_says_the_same(write: object, tmp_path: Path) -> None:
    assert callable(write)
    book = read_workbook(write(tmp_path / "题库.xlsx"))
    marks = [Mark("题库", 2, 1, "虚构的错误")]
    assert write_annotated(book, tmp_path / "题库.标注.xlsx", marks=marks, summary=["虚构"])
    again = read_workbook(tmp_path / "题库.标注.xlsx").sheets[0]
    assert again.rows[: len(book.sheets[0].rows)] == book.sheets[0].rows


@pytest.mark.parametrize(
    "item",
    [
        b"<t>10</t>",
        b"<r><t>10</t></r>",
        b'<r><rPr><vertAlign val="baseline"/></rPr><t>9</t></r>',
        b'<r><rPr><vertAlign val="superscript"/></rPr><t></t></r>',
        b'<r><rPr><vertAlign val="superscript"/><t>9</t></r>',
        b'<r><x:rPr><vertAlign val="superscript"/></x:rPr><t>9</t></r>',
        b'<r><rPr><vertAlign val="superscript"/></rPr><t>' + b"9" * 600_000 + b"</t></r>",
    ],
)
def test_what_is_not_raised_or_no_item_is_let_alone(item: bytes) -> None:
    assert spell(item) is None
