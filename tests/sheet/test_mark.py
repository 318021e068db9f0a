"""The user's own workbook comes back with what is wrong shown where it is wrong."""

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
from made_files import make_raw_xlsx, make_xls
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation

from eduops.core.errors import Conflict, InputError
from eduops.sheet import mark as marking
from eduops.sheet.extract import SUMMARY_SHEET, write_extract
from eduops.sheet.mark import write_marked_copy
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Mark

WRONG = "FFFFC7CE"
SUMMARY = ("共 2 行（虚构），1 行有问题",)


def make_source(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "题库"
    for row in (["题干", "答案", "分值"], ["虚构题干", "E", 1], ["=1+1", "A", "=SUM(C2:C2)"]):
        sheet.append(row)
    sheet["A3"].data_type = "s"
    sheet["A1"].font = Font(bold=True)
    sheet["B3"].comment = Comment("老师留言", "张三")
    sheet.column_dimensions["A"].width = 44
    sheet.merge_cells("E2:E3")
    sheet["E2"] = "共用题干"
    sheet.add_data_validation(DataValidation("list", formula1='"A,B,C"', sqref="B2:B9"))
    book.save(path)
    return path


MARKS = (
    Mark("题库", 2, 1, "答案 E 不在选项之中"),
    Mark("题库", 2, 1, "答案应是 A 到 D"),
    Mark("题库", 3, 1, "与上题重复"),
    Mark("题库", 3, None, "整行缺少选项"),
    Mark("题库", 3, 4, "=共用题干为空"),
)


def test_wrong_cells_are_coloured_and_explained_and_the_rest_is_kept(tmp_path: Path) -> None:
    source = read_workbook(make_source(tmp_path / "a.xlsx"))
    kind = write_marked_copy(source, tmp_path / "b.xlsx", marks=MARKS, summary=SUMMARY)
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")["题库"]
    assert kind == "copy"
    assert sheet["B2"].fill.fgColor.rgb == WRONG
    assert sheet["B2"].comment.text == "答案 E 不在选项之中\n答案应是 A 到 D"
    assert sheet["B3"].comment.text == "与上题重复\n（原批注）老师留言"
    assert sheet["A3"].comment.text == "整行缺少选项"
    assert sheet["E2"].comment.text == "=共用题干为空"
    assert sheet["A2"].fill.fill_type is None
    assert (sheet["A1"].font.bold, sheet.column_dimensions["A"].width) == (True, 44)
    assert sheet.data_validations.dataValidation[0].formula1 == '"A,B,C"'


def test_formulas_stay_formulas_and_text_stays_text(tmp_path: Path) -> None:
    source = read_workbook(make_source(tmp_path / "a.xlsx"))
    write_marked_copy(source, tmp_path / "b.xlsx", marks=MARKS, summary=SUMMARY)
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")["题库"]
    assert (sheet["C3"].value, sheet["C3"].data_type) == ("=SUM(C2:C2)", "f")
    assert (sheet["A3"].value, sheet["A3"].data_type) == ("=1+1", "s")


def test_the_summary_lists_every_problem_with_a_link_and_alone_is_selected(tmp_path: Path) -> None:
    source = read_workbook(make_source(tmp_path / "a.xlsx"))
    write_marked_copy(source, tmp_path / "b.xlsx", marks=MARKS, summary=SUMMARY)
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    sheet = book[SUMMARY_SHEET]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == SUMMARY[0]
    assert rows[1] == ["工作表", "位置", "问题"]
    assert rows[2] == ["题库", "B2", "答案 E 不在选项之中"]
    assert rows[5] == ["题库", "第 3 行", "整行缺少选项"]
    assert (sheet["C7"].value, sheet["C7"].data_type) == ("=共用题干为空", "s")
    assert sheet["B3"].hyperlink.location == "'题库'!B2"
    assert book.sheetnames == ["题库", SUMMARY_SHEET]
    assert [other.sheet_view.tabSelected for other in book.worksheets] == [False, True]


def test_a_corrected_copy_loses_the_marks_of_the_time_before(tmp_path: Path) -> None:
    first, second = tmp_path / "b.xlsx", tmp_path / "c.xlsx"
    write_marked_copy(read_workbook(make_source(tmp_path / "a.xlsx")), first, marks=MARKS, summary=SUMMARY)
    write_marked_copy(read_workbook(first), second, marks=[Mark("题库", 2, 0, "题干太短")], summary=SUMMARY)
    book = openpyxl.load_workbook(second)
    assert book.sheetnames == ["题库", SUMMARY_SHEET]
    assert (book["题库"]["B2"].comment, book["题库"]["B2"].fill.fill_type) == (None, None)
    assert book["题库"]["B3"].comment.text == "老师留言"
    assert book["题库"]["A2"].comment.text == "题干太短"
    assert book[SUMMARY_SHEET].max_row == 3


def test_old_binary_workbooks_get_their_wrong_rows_in_a_new_one(tmp_path: Path) -> None:
    cells = {
        (0, 0): "题干",
        (0, 1): "手机号",
        (1, 0): "好题",
        (2, 0): "=cmd()",
        (2, 1): 13800138000000.0,
        (2, 2): 7.0,
    }
    source = read_workbook(make_xls(tmp_path / "a.xls", cells))
    marks = [Mark("题库", 3, 0, "题干像公式"), Mark("题库", 3, 3, "缺少答案")]
    kind = write_marked_copy(
        source, tmp_path / "b.xlsx", marks=marks, summary=SUMMARY, header_rows={"题库": 1}
    )
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    assert kind == "extract"
    assert book.sheetnames == [SUMMARY_SHEET, "题库"]
    assert [cell.value for cell in book[SUMMARY_SHEET][3]] == ["题库", "A3", "题干像公式"]
    rows = [[cell.value for cell in row] for row in book["题库"].iter_rows()]
    assert rows == [
        ["原行号", "问题", "题干", "手机号", None, None],
        [3, "题干像公式\n缺少答案", "=cmd()", "13800138000000", 7, None],
    ]
    marked = book["题库"]["C2"]
    assert (marked.data_type, marked.comment.text, marked.fill.fgColor.rgb) == ("s", "题干像公式", WRONG)
    assert book["题库"]["F2"].comment.text == "缺少答案"


@pytest.mark.parametrize(("limit", "kind"), [(3, "copy"), (2, "extract")])
def test_long_workbooks_are_extracted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, kind: str
) -> None:
    monkeypatch.setattr(marking, "MAX_COPY_ROWS", limit)
    source = read_workbook(make_source(tmp_path / "a.xlsx"))
    assert write_marked_copy(source, tmp_path / "b.xlsx", marks=MARKS, summary=SUMMARY) == kind


def test_workbooks_with_charts_or_immense_merged_ranges_are_extracted(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(make_source(tmp_path / "a.xlsx"))
    chart = BarChart()
    chart.add_data(Reference(book.active, min_col=3, min_row=1, max_row=3))
    book.active.add_chart(chart, "H1")
    book.save(tmp_path / "chart.xlsx")
    merged = make_raw_xlsx(tmp_path / "merged.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    data = merged.read_bytes()
    for path, row in ((tmp_path / "chart.xlsx", 2), (merge_whole_sheet(merged, data), 1)):
        kind = write_marked_copy(
            read_workbook(path), tmp_path / "b.xlsx", marks=[Mark("题库", row, 0, "错")], summary=SUMMARY
        )
        assert kind == "extract"


def merge_whole_sheet(path: Path, data: bytes) -> Path:
    """Rewrites the sheet with everything merged, of which openpyxl would make an object a cell."""
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(
                b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
            )
            new.writestr(name, content)
    return path


def test_a_styled_cell_far_away_does_not_make_a_cell_for_every_place_between(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="0"/></row>'
    source = read_workbook(make_raw_xlsx(tmp_path / "a.xlsx", rows))
    marks = [Mark("题库", 1, 0, "不能\x00是数字")]
    assert write_marked_copy(source, tmp_path / "b.xlsx", marks=marks, summary=SUMMARY) == "copy"
    assert read_workbook(tmp_path / "b.xlsx").sheets[0].rows == [[1.0]]


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    path = make_source(tmp_path / "a.xlsx")
    before = path.read_bytes()
    with pytest.raises(Conflict, match="不能覆盖"):
        write_marked_copy(read_workbook(path), path, marks=MARKS, summary=SUMMARY)
    assert path.read_bytes() == before


def test_an_unwritable_target_is_an_input_error(tmp_path: Path) -> None:
    source = read_workbook(make_source(tmp_path / "a.xlsx"))
    with pytest.raises(InputError, match="不能写入"):
        write_marked_copy(source, tmp_path / "a.xlsx" / "b.xlsx", marks=MARKS, summary=SUMMARY)


ENDLESS = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2">{}</row>'


@pytest.mark.parametrize(
    ("number", "kind", "shown"),
    [
        ("NaN", "extract", "NaN"),
        ("inf", "extract", "Infinity"),
        ("1e999", "copy", "Infinity"),
        ("-1e999", "copy", "-Infinity"),
    ],
)
def test_numbers_that_are_none_become_text(tmp_path: Path, number: str, kind: str, shown: str) -> None:
    rows = ENDLESS.format(f'<c r="A2"><v>{number}</v></c>')
    source = read_workbook(make_raw_xlsx(tmp_path / "a.xlsx", rows))
    name = source.sheets[0].name
    made = write_marked_copy(source, tmp_path / "b.xlsx", marks=[Mark(name, 2, 0, "错")], summary=SUMMARY)
    cell = openpyxl.load_workbook(tmp_path / "b.xlsx")[name]["A2" if kind == "copy" else "C2"]
    assert (made, cell.value, cell.data_type) == (kind, shown, "s")


def test_an_immense_number_is_marked_like_any(tmp_path: Path) -> None:
    rows = ENDLESS.format('<c r="A2"><v>1e308</v></c>')
    source = read_workbook(make_raw_xlsx(tmp_path / "a.xlsx", rows))
    marks = [Mark(source.sheets[0].name, 2, 0, "错")]
    assert write_marked_copy(source, tmp_path / "b.xlsx", marks=marks, summary=SUMMARY) == "copy"
    write_extract(source, tmp_path / "c.xlsx", marks=marks, summary=SUMMARY, header_rows={})
    assert openpyxl.load_workbook(tmp_path / "c.xlsx").worksheets[1]["C2"].value.startswith("1" + "0" * 300)


WRITE_ON_A_FULL_DISK = """
import pathlib, resource, signal, sys
from eduops.core.errors import InputError
from eduops.sheet.mark import write_marked_copy
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Mark
folder = pathlib.Path(sys.argv[1])
source = read_workbook(folder / "a.xlsx")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
marks = [Mark(sheet.name, row, 0, f"虚构 {row * 7919}") for sheet in source.sheets for row in range(1, 4)]
try:
    write_marked_copy(source, folder / "b.xlsx", marks=marks, summary=[])
except InputError as error:
    print(error.message.partition("b.xlsx")[2])
"""


@pytest.mark.parametrize(
    ("form", "limit_bytes"), [("xlsx", 4_000), ("xlsx", 100), ("xls", 100), ("xls", 2_000)]
)
def test_a_disk_that_takes_no_more_is_told_in_one_sentence(
    tmp_path: Path, form: str, limit_bytes: int
) -> None:
    (make_source if form == "xlsx" else lambda path: make_xls(path, {(0, 0): "题干"}))(tmp_path / "a.xlsx")
    done = subprocess.run(
        [sys.executable, "-c", WRITE_ON_A_FULL_DISK, str(tmp_path), str(limit_bytes)],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.decode() == "：文件太大\n"
    # Below that openpyxl's temporary file is the one that does not fit, and lxml mutters on its way out.
    assert done.stderr == b"" or (form, limit_bytes) == ("xlsx", 100)
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


def test_rows_and_comments_of_an_extract_are_high_enough_for_what_they_say(tmp_path: Path) -> None:
    source = read_workbook(make_source(tmp_path / "a.xlsx"))
    long = "题型认不出；" + "可写单选题、" * 10
    marks = [
        Mark("题库", 2, 0, "一"),
        *(Mark("题库", 3, column, long) for column in (0, 0, 1)),
        Mark("题库", 3, 2, "二"),
    ]
    write_extract(source, tmp_path / "b.xlsx", marks=marks, summary=SUMMARY, header_rows={"题库": 1})
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    low, high = (book["题库"].row_dimensions[row].height for row in (2, 3))
    assert (low, high) == pytest.approx((17, 17 * 4), abs=1)
    with zipfile.ZipFile(tmp_path / "b.xlsx") as parts:
        drawing = parts.read("xl/drawings/vmlDrawing1.vml").decode()
    boxes = [float(found) for found in re.findall(r";height:([\d.]+)pt", drawing)]
    assert boxes == pytest.approx([40.5, 67.5, 67.5, 40.5], abs=1)
    listed = [book[SUMMARY_SHEET].row_dimensions[row].height for row in (3, 4)]
    assert listed == pytest.approx([17, 34], abs=1)


def test_an_extract_loads_no_library_for_copies(tmp_path: Path) -> None:
    source = "from eduops.sheet import mark, extract; import sys; sys.exit('openpyxl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0
