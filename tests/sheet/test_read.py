"""Every format gives the same cells at their true places."""

import time as stopwatch
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import make_ods, make_ole, make_raw_xlsx, make_xls, make_xlsb

from eduops.core.errors import InputError
from eduops.sheet import text
from eduops.sheet.export import Column, Table, write_csv, write_table
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Cell, Range, cell_text

QUESTIONS = Path(__file__).parents[3] / "shared" / "data" / "questions"
# Sheets and rows (header and title rows included) by the README of the folder.
SHARED = {
    "bank_medical_12k.xlsx": {"题库": 11_966},
    "bank_large_36k.xlsx": {"题库": 36_007},
    "bank_mixed_200.xlsx": {"题库": 201},
    "bank_by_type_sheets.xlsx": {"判断题": 81, "简答题": 601, "案例分析题": 31, "多选题": 114},
    "case_a3a4_stem_row.xlsx": {"案例题": 66},
    "case_a3a4_merged_stem.xlsx": {"A3A4型题": 52},
    "b1_shared_options.xlsx": {"B1型题": 528},
    "nursing_papers_no_answers.xlsx": {"护理试卷": 104},
    "templates/tpl_title_row_empty_styled_rows.xlsx": {"Sheet1": 2},
    "templates/tpl_two_sheets_with_instructions.xlsx": {"题目导入模板": 51, "使用说明": 23},
}
PLACED: dict[tuple[int, int], str | float] = {
    (3, 1): "题干",
    (3, 2): "答案",
    (5, 1): "虚构题干䓬",
    (5, 2): 3.5,
}


def write_with_xlsxwriter(path: Path) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("值")
    for row, (value, number_format) in enumerate(
        [
            ("文字", ""),
            (12, ""),
            (True, ""),
            (datetime(2026, 1, 2), "yyyy-mm-dd"),  # noqa: DTZ001 -- a cell has no zone
            (datetime(2026, 1, 2, 3, 4, 5), "yyyy-mm-dd hh:mm:ss"),  # noqa: DTZ001
            (time(3, 4, 5), "hh:mm:ss"),
            (1.5, "[h]:mm:ss"),
        ],
        2,
    ):
        sheet.write(row, 3, value, book.add_format({"num_format": number_format}))
    sheet.merge_range("A20:B22", "合并")
    sheet.write_formula("F20", "=1/0", None, "#DIV/0!")
    book.add_worksheet("隐藏").hide()
    book.add_chartsheet("图")
    book.close()
    return path


def test_values_of_every_kind_are_read(tmp_path: Path) -> None:
    sheet = read_workbook(write_with_xlsxwriter(tmp_path / "a.xlsx")).sheets[0]
    assert [sheet.cell(row, 3) for row in range(3, 10)] == [
        "文字",
        12.0,
        True,
        date(2026, 1, 2),
        datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
        time(3, 4, 5),
        "36:00:00",
    ]
    assert sheet.merged == (Range(20, 0, 22, 1),)
    assert sheet.merged_anchors()[20, 1] == (20, 0)


def test_hidden_sheets_are_read_and_said_to_be_hidden_and_chart_sheets_are_none(tmp_path: Path) -> None:
    book = read_workbook(write_with_xlsxwriter(tmp_path / "a.xlsx"))
    assert [(sheet.name, sheet.visible, len(sheet.rows)) for sheet in book.sheets] == [
        ("值", True, 18),
        ("隐藏", False, 0),
    ]


def test_error_cells_are_told_from_empty_ones(tmp_path: Path) -> None:
    sheet = read_workbook(write_with_xlsxwriter(tmp_path / "a.xlsx")).sheets[0]
    assert sheet.errors == {(20, 5)}
    assert sheet.cell(20, 5) is None


@pytest.mark.parametrize("form", ["xlsx", "xlsb", "xls"])
def test_rows_and_columns_keep_their_true_numbers(tmp_path: Path, form: str) -> None:
    path = tmp_path / "题库.dat"
    if form == "xlsx":
        book = openpyxl.Workbook()
        for (row, column), value in PLACED.items():
            book.active.cell(row + 1, column + 1, value)
        book.save(path)
    else:
        (make_xlsb if form == "xlsb" else make_xls)(path, PLACED)
    book_read = read_workbook(path)
    sheet = book_read.sheets[0]
    assert book_read.format == form
    assert [sheet.cell(4, 1), sheet.cell(4, 2), sheet.cell(6, 1), sheet.cell(6, 2)] == [
        "题干",
        "答案",
        "虚构题干䓬",
        3.5,
    ]
    assert (sheet.cell(1, 0), sheet.cell(5, 1), sheet.last_row) == (None, None, 6)


def test_ods_is_read(tmp_path: Path) -> None:
    sheet = read_workbook(make_ods(tmp_path / "a.xlsx")).sheets[0]
    assert sheet.rows == [["题干", "答案"], ["虚构题干䓬", "A"], ["第二题", 3.5]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_text_tables_are_read_in_every_encoding(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "题库.xlsx"
    lines = [("题干", "学号", "备注"), ("虚构题干䓬", "001234", ""), ('"两\n行"', "440000199001011234", "x")]
    path.write_bytes("\r\n".join(separator.join(line) for line in lines).encode(encoding))
    book = read_workbook(path)
    assert (book.format, book.sheets[0].name) == ("csv", "题库")
    assert book.sheets[0].rows[1:] == [["虚构题干䓬", "001234", None], ["两\n行", "440000199001011234", "x"]]


def test_a_list_of_numbers_without_any_separator_is_one_column(tmp_path: Path) -> None:
    path = tmp_path / "工号.txt"
    path.write_text("工号\n001\n002\n")
    assert read_workbook(path).sheets[0].rows == [["工号"], ["001"], ["002"]]


@pytest.mark.parametrize("cell", ['"没有收口,A\n' + "很长的一行,B\n" * 20_000, "长" * 131_073 + ",A\n"])
def test_a_cell_without_end_names_the_line_where_it_begins(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("题干,答案\n虚构,A\n" + cell + "虚构,B\n")
    with pytest.raises(InputError, match="第 3 行读不下去"):
        read_workbook(path)


@pytest.mark.parametrize("cell", ['"虚构的解析', '"虚构"的解析', '"虚构" '])
def test_a_quote_that_does_not_pair_swallows_no_rows_and_names_its_line(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"题干,答案,解析\n虚构一,A,\n虚构二,B,{cell}\n虚构三,A,\n虚构四,A,\n")
    with pytest.raises(InputError, match="第 3 行读不下去：双引号没有收口"):
        read_workbook(path)


def test_a_quote_within_a_cell_that_does_not_begin_with_one_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('题干,答案\n"说""是""的",A\n5" 针头,B\n')
    assert read_workbook(path).sheets[0].rows[1:] == [['说"是"的', "A"], ['5" 针头', "B"]]


def test_a_cell_of_the_longest_length_is_read_and_loses_no_separator(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("题干;答案\n" + "长" * 131_072 + ";A\n虚构;B\n")
    assert [len(row) for row in read_workbook(path).sheets[0].rows] == [2, 2, 2]


def test_bytes_in_no_encoding_past_the_sample_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("题干,答案\n".encode() * 10_000 + b"\xff\xff\xff,A\n")
    with pytest.raises(InputError, match="认不出的字符"):
        read_workbook(path)


def test_a_password_is_named_as_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(make_ole({"EncryptedPackage": b"x"}))
    with pytest.raises(InputError, match="加密"):
        read_workbook(path)


def test_a_workbook_with_broken_xml_is_unreadable_and_nothing_worse(tmp_path: Path) -> None:
    path = make_raw_xlsx(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>1</v></row>')
    with pytest.raises(InputError, match="读不下去"):
        read_workbook(path)


@given(
    st.lists(
        st.lists(
            st.one_of(
                st.none(),
                st.text(
                    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"),
                    min_size=1,
                    max_size=20,
                ),
            ),
            min_size=2,
            max_size=2,
        ),
        max_size=6,
    )
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text_written_by_us_comes_back_letter_by_letter(tmp_path: Path, rows: list[list[str | None]]) -> None:
    path = tmp_path / "a.xlsx"
    write_table(path, [Table("表", "", "", (Column("甲"), Column("乙")), rows)])
    sheet = read_workbook(path).sheets[0]
    got = [[sheet.cell(row, column) for column in (0, 1)] for row in range(2, len(rows) + 2)]
    assert got == rows


def test_csv_written_for_people_comes_back_without_its_apostrophes(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["=1+1", "-5"], ["'x", "@b"], ["'=1", "''-5"]]
    write_csv(tmp_path / "a.csv", Table("表", "", "", (Column("甲"), Column("乙")), rows))
    assert read_workbook(tmp_path / "a.csv").sheets[0].rows[1:] == rows


@pytest.mark.slow
def test_sixty_thousand_rows_are_read_soon_and_whole(tmp_path: Path) -> None:
    lines = (
        f'<row r="{row}">'
        + "".join(
            f'<c r="{letter}{row}" t="inlineStr"><is><t>虚构 {row}{letter}</t></is></c>'
            for letter in "ABCDEFGHIJKL"
        )
        + "</row>"
        for row in range(1, 60_001)
    )
    path = make_raw_xlsx(tmp_path / "a.xlsx", "".join(lines))
    began = stopwatch.process_time()
    sheet = read_workbook(path).sheets[0]
    taken = stopwatch.process_time() - began
    assert (sheet.last_row, sheet.cell(60_000, 11)) == (60_000, "虚构 60000L")
    assert taken < 3, "processor seconds outside the child; the figure itself is a benchmark's"


@pytest.mark.skipif(not QUESTIONS.is_dir(), reason="the shared workbooks are not here")
@pytest.mark.parametrize("name", SHARED)
def test_shared_workbooks_have_the_rows_their_readme_counts(name: str) -> None:
    book = read_workbook(QUESTIONS / name)
    assert {sheet.name: len(sheet.rows) for sheet in book.sheets} == SHARED[name]


@pytest.mark.skipif(not QUESTIONS.is_dir(), reason="the shared workbooks are not here")
def test_merged_stems_cover_every_question_of_their_group() -> None:
    sheet = read_workbook(QUESTIONS / "case_a3a4_merged_stem.xlsx").sheets[0]
    anchors = sheet.merged_anchors()
    assert len(sheet.merged) == 14
    assert all(cell_text(sheet.cell(*anchor)) for anchor in anchors.values())


@pytest.mark.parametrize(
    ("limit", "most", "words"),
    [("MAX_TEXT_ROWS", 3, "3 行"), ("MAX_TEXT_CELLS", 6, "6 个单元格"), ("MAX_TEXT_BYTES", 18, "0 MB")],
)
def test_text_past_the_limits_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, words: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("aa,bb\n" * 3)
    monkeypatch.setattr(text, limit, most)
    assert len(read_workbook(path).sheets[0].rows) == 3
    path.write_text("aa,bb\n" * 4)
    with pytest.raises(InputError, match=words) as caught:
        read_workbook(path)
    assert "分成几个文件" in caught.value.hint
