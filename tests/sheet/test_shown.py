"""What a sheet shows beside its values: hidden rows and columns, text that is struck out."""

from pathlib import Path

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from xlsxwriter import Workbook as NewBook

from eduops.sheet.annotate import write_annotated
from eduops.sheet.read import read_workbook
from eduops.sheet.shown import find_struck_styles, note_hidden
from eduops.sheet.workbook import Mark
from eduops.training.rules.bank_judge import judge_workbook

HEAD = ["题型", "题干", "选项A", "选项B", "答案"]


def write_shared(path: Path) -> Path:
    """Shared strings, as Excel and WPS write them: E2 struck in part, row 3 as a whole, row 4 hidden, E hidden."""
    with NewBook(path) as book:
        sheet = book.add_worksheet("题库")
        struck = book.add_format({"font_strikeout": True})
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["多选题", "虚构题一", "甲", "乙"])
        sheet.write_rich_string(1, 4, struck, "A", "B")
        sheet.write_row(2, 0, ["单选题", "虚构题二", "甲", "乙", "A"], struck)
        sheet.write_row(3, 0, ["单选题", "虚构题三", "甲", "乙", "A"])
        sheet.write_row(4, 0, ["单选题", "虚构题四", "甲", "乙", "A"])
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.set_column(4, 4, None, None, {"hidden": True})
    return path


def test_struck_out_text_and_hidden_rows_and_columns_are_known(tmp_path: Path) -> None:
    (sheet,) = read_workbook(write_shared(tmp_path / "题库.xlsx")).sheets
    assert sheet.struck == {(2, 4), *((3, column) for column in range(5))}
    assert (sheet.hidden_rows, sheet.hidden_columns) == ({4}, {4})


def test_struck_out_text_within_a_cell_is_known_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B2"] = CellRichText(TextBlock(InlineFont(strike=True), "旧"), "新")
    sheet["B3"] = CellRichText(TextBlock(InlineFont(strike=False, b=True), "粗"), "细")
    book.save(tmp_path / "a.xlsx")
    (found,) = read_workbook(tmp_path / "a.xlsx").sheets
    assert found.struck == {(2, 1)}


def test_a_question_with_struck_out_text_is_asked_about_and_what_is_hidden_is_told(tmp_path: Path) -> None:
    judged = judge_workbook(read_workbook(write_shared(tmp_path / "题库.xlsx")))
    assert [(error.row, error.column, error.code) for error in judged.errors] == [
        (2, "E", "cell_struck"),
        (3, "A", "cell_struck"),
    ]
    assert "整行都划掉了" in judged.errors[1].message
    assert "工作表「题库」隐藏的行（或被筛选掉的）也读了：第 4 行" in judged.assumptions
    assert "工作表「题库」隐藏的列也读了：E 答案" in judged.assumptions


def test_a_marked_copy_keeps_what_is_struck_out(tmp_path: Path) -> None:
    source = read_workbook(write_shared(tmp_path / "题库.xlsx"))
    target = tmp_path / "标注.xlsx"
    assert write_annotated(source, target, marks=[Mark("题库", 2, 4, "划掉的字")], summary=[])
    assert read_workbook(target).sheets[0].struck == source.sheets[0].struck


def test_hidden_is_read_in_every_usual_spelling() -> None:
    rows: set[int] = set()
    columns: set[int] = set()
    note_hidden(
        b'<cols><col min="2" max="3" width="9" hidden="true"/><col min="5" max="5" hidden="0"/></cols>'
        b'<row r=\'7\' spans=\'1:3\' hidden=\'1\'><row hidden="1" r="9"><x:row r="11" hidden="1"><row r="12" hidden="0">',
        rows,
        columns,
    )
    assert (rows, columns) == ({7, 9, 11}, {1, 2})


def test_a_font_that_says_it_is_not_struck_is_not() -> None:
    styles = (
        b'<fonts count="3"><font/><font><strike val="0"/></font><font><strike/><sz val="11"/></font></fonts>'
        b'<cellXfs count="3"><xf fontId="0"/><xf fontId="1"/><xf numFmtId="0" fontId="2"/></cellXfs>'
    )
    assert find_struck_styles(styles) == {2}
