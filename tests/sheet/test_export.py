"""What is written can be read back as it was, by other people's programs."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from eduops.core.errors import InputError
from eduops.sheet import export
from eduops.sheet.export import Column, Table, Value, display_width, write_csv, write_table

COLUMNS = (
    Column("学号"),
    Column("姓名", width=12),
    Column("得分", kind="number"),
    Column("次数", kind="integer"),
    Column("正确率", kind="percent"),
    Column("入学日期", kind="date"),
    Column("交卷时刻", kind="datetime"),
)
ROW: tuple[Value, ...] = (
    "001234",
    "张三（虚构）",
    Decimal("87.5"),
    3,
    0.9525,
    date(2026, 3, 1),
    datetime(2026, 3, 1, 9, 30),  # noqa: DTZ001 -- a cell has no zone
)


def make_table(
    rows: list[tuple[Value, ...]], *, name: str = "成绩", columns: tuple[Column, ...] = COLUMNS
) -> Table:
    return Table(name, "2026 年成绩单（虚构）", "说明：缺考者不列", columns, rows)


def one_text_column(*texts: Value) -> Table:
    return Table("文字", "", "", (Column("内容"),), [(text,) for text in texts])


def test_values_keep_their_kinds(tmp_path: Path) -> None:
    write_table(tmp_path / "a.xlsx", [make_table([ROW])])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["成绩"]
    assert sheet["A1"].value == "2026 年成绩单（虚构）"
    assert sheet["A2"].value == "说明：缺考者不列"
    assert [cell.value for cell in sheet[3]] == [column.name for column in COLUMNS]
    *values, on, at = [cell.value for cell in sheet[4]]
    assert values == ["001234", "张三（虚构）", 87.5, 3, 0.9525]
    assert (on.date(), at) == (date(2026, 3, 1), ROW[6])
    assert [cell.number_format for cell in sheet[4]][4:6] == ["0.00%", "yyyy-mm-dd"]


def test_header_is_frozen_filtered_and_repeated_on_print(tmp_path: Path) -> None:
    write_table(tmp_path / "a.xlsx", [make_table([ROW, ROW])])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["成绩"]
    assert sheet.freeze_panes == "A4"
    assert sheet.auto_filter.ref == "A3:G5"
    assert sheet.print_title_rows == "$1:$3"


def test_an_empty_table_has_its_header_only(tmp_path: Path) -> None:
    write_table(tmp_path / "a.xlsx", [make_table([])])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["成绩"]
    assert (sheet.max_row, sheet.auto_filter.ref) == (3, "A3:G3")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("http://x")',
        "+86",
        "-5",
        "@SUM(A1)",
        "{=A1}",
        "http://example.invalid/a",
        "1e5",
        "007",
    ],
)
def test_text_is_never_a_formula_a_link_or_a_number(tmp_path: Path, text: str) -> None:
    write_table(tmp_path / "a.xlsx", [one_text_column(text)])
    cell = openpyxl.load_workbook(tmp_path / "a.xlsx")["文字"]["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_numbers_in_a_text_column_become_text_without_exponent(tmp_path: Path) -> None:
    write_table(tmp_path / "a.xlsx", [one_text_column(13800138000.0, 440000000000000000, True, None)])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["文字"]
    assert [sheet.cell(row, 1).value for row in range(2, 6)] == [
        "13800138000",
        "440000000000000000",
        "是",
        None,
    ]


def test_a_number_too_long_for_a_spreadsheet_becomes_text(tmp_path: Path) -> None:
    table = Table("号", "", "", (Column("号", kind="integer"),), [(999_999_999_999_999,), (10**15 + 1,)])
    write_table(tmp_path / "a.xlsx", [table])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["号"]
    assert [sheet["A2"].value, sheet["A3"].value] == [999_999_999_999_999, "1000000000000001"]


def test_control_characters_and_lone_surrogates_do_not_break_the_file(tmp_path: Path) -> None:
    texts = ["a\x00\x0b\x1fb", "题\ud800\uffff干", "_x0041_", "第一行\n第二行", "地尔硫䓬"]
    write_table(tmp_path / "a.xlsx", [one_text_column(*texts)])
    rows = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()[1:]
    assert [row[0] for row in rows] == ["a\x00\x0b\x1fb", "题??干", "_x0041_", "第一行\n第二行", "地尔硫䓬"]


@pytest.mark.parametrize(("length", "is_cut"), [(32_767, False), (32_768, True)])
def test_text_too_long_for_a_cell_is_cut_and_says_so(tmp_path: Path, length: int, is_cut: bool) -> None:
    write_table(tmp_path / "a.xlsx", [one_text_column("长" * length)])
    value = openpyxl.load_workbook(tmp_path / "a.xlsx")["文字"]["A2"].value
    assert len(value) == 32_767
    assert ("后略" in value) is is_cut


def test_sheet_names_are_made_legal_and_unique(tmp_path: Path) -> None:
    names = ["2026/3[一]", "2026/3[一]", "长" * 40, "长" * 40, "", "ABC", "abc"]
    write_table(tmp_path / "a.xlsx", [make_table([], name=name) for name in names])
    written = openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames
    assert written == ["2026_3_一_", "2026_3_一_(2)", "长" * 31, "长" * 28 + "(2)", "Sheet", "ABC", "abc(2)"]


def test_a_table_longer_than_a_sheet_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_ROWS", 5)
    with pytest.raises(InputError, match="超过一张工作表的 5 行"):
        write_table(tmp_path / "a.xlsx", [one_text_column(*"abcde")])
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_rows_are_made_leaves_the_old_file(tmp_path: Path) -> None:
    def make_rows() -> Iterator[tuple[Value, ...]]:
        yield ("a",)
        raise LookupError

    target = tmp_path / "a.xlsx"
    target.write_bytes(b"old")
    with pytest.raises(LookupError):
        write_table(target, [Table("x", "", "", (Column("a"),), make_rows())])
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_columns_are_wide_enough_for_chinese_and_never_too_wide(tmp_path: Path) -> None:
    columns = (Column("题干"), Column("很长"), Column("定", width=33))
    write_table(tmp_path / "a.xlsx", [make_table([("心电图机的使用", "长" * 300, "x")], columns=columns)])
    widths = openpyxl.load_workbook(tmp_path / "a.xlsx")["成绩"].column_dimensions
    assert [int(widths[letter].width) for letter in "ABC"] == [16, 60, 33]
    assert display_width("心电图 A") == 8


def test_csv_has_a_bom_and_disarms_formulas_but_not_numbers(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", one_text_column("=1+1", "-5", "+3.2%", "@x", "-a", 'a"b\n,c', None))
    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(data.decode("utf-8-sig").splitlines(keepends=True)))
    assert [row[0] for row in rows if row] == ["内容", "'=1+1", "-5", "+3.2%", "'@x", "'-a", 'a"b\n,c', ""]


def test_csv_for_machines_is_left_as_it_is(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", one_text_column("=1+1"), is_for_people=False)
    assert (tmp_path / "a.csv").read_text("utf-8-sig").splitlines() == ["内容", "=1+1"]


@pytest.mark.parametrize("number", [float("nan"), float("-inf"), Decimal("NaN"), Decimal("Infinity"), 1e308])
def test_numbers_that_no_cell_holds_become_text(tmp_path: Path, number: Value) -> None:
    table = Table("数", "", "", (Column("值", kind="number"),), [(number,)])
    write_table(tmp_path / "a.xlsx", [table])
    assert openpyxl.load_workbook(tmp_path / "a.xlsx")["数"]["A2"].data_type == "s"
