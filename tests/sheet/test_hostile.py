"""Files made to harm the reader are refused, soon, in little memory, and eduops lives on."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made_files import make_ods, make_raw_xlsx, make_xls, make_xlsb, make_xlsx
from sheet.made_hostile import (
    CELL,
    make_backslash_slip,
    make_bad_checksum,
    make_bomb,
    make_crowd,
    make_encrypted_part,
    make_entity,
    make_entity_bomb,
    make_external_entity,
    make_far_cell,
    make_far_cell_in_one_row,
    make_far_cell_spelt_oddly,
    make_lzma,
    make_quadratic,
    make_shared_text_bomb,
    make_slip,
    make_utf16_part,
    make_wide_bomb,
)

from eduops.core.errors import InputError
from eduops.sheet import hostile, read
from eduops.sheet.hostile import check_zip
from eduops.sheet.read import read_workbook

READ_AND_TELL = """
import json, pathlib, resource, sys, time
from eduops.core.errors import InputError
from eduops.sheet.read import read_workbook
try:
    read_workbook(pathlib.Path(sys.argv[1]))
    message = ""
except InputError as error:
    message = error.message
own_kb = int(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
child = resource.getrusage(resource.RUSAGE_CHILDREN)
child_kb, seconds = child.ru_maxrss, time.process_time() + child.ru_utime + child.ru_stime
print(json.dumps({"message": message, "seconds": seconds, "peak_mb": max(own_kb, child_kb) / 1024}))
"""


HOSTILE: list[tuple[Callable[[Path], Path], str]] = [
    (make_bomb, "压缩炸弹"),
    (make_wide_bomb, "压缩炸弹"),
    (make_far_cell, "XFD1048576"),
    (make_far_cell_in_one_row, "XFD1048576"),
    (make_far_cell_spelt_oddly, "内存或时间上限"),
    (make_shared_text_bomb, "内存或时间上限"),
    (make_quadratic, "读不下去"),
    (make_entity, "DTD"),
    (make_entity_bomb, "DTD"),
    (make_external_entity, "DTD"),
    (make_utf16_part, "UTF-8"),
    (make_slip, "目录之外"),
    (make_backslash_slip, "目录之外"),
    (make_bad_checksum, "校验和"),
    (make_crowd, "部件"),
    (make_lzma, "压缩方法"),
    (make_encrypted_part, "加密"),
    (lambda path: make_xlsb(path, {(0, 0): "a", (1048575, 16383): 1.0}), "内存或时间上限"),
    (lambda path: make_xls(path, {(0, 0): "a", (65535, 65535): 1.0}), "内存或时间上限"),
    (lambda path: make_ods(path, [["a"] * 200], repeated=400_000), "内存或时间上限"),
]


def make_text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


HOSTILE += [
    (lambda path: make_text(path, "1,2,3,4,5\n" * 600_000), "200000 行"),
    (lambda path: make_text(path, f"1,2\n{'1,' * 16_000_000}"), "2000000 个单元格"),
    (lambda path: make_text(path, f"😀,2\n{'1,' * 16_000_000}"), "2000000 个单元格"),
    (lambda path: make_text(path, "1,2\n" * 9_000_000), "32 MB"),
]


@pytest.mark.parametrize(("make", "words"), HOSTILE, ids=lambda value: getattr(value, "__name__", None))
def test_hostile_files_are_refused_within_time_and_memory(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    path = make(tmp_path / "题库.xlsx")
    done = subprocess.run(
        [sys.executable, "-c", READ_AND_TELL, str(path)], capture_output=True, check=True, timeout=60
    )
    told = json.loads(done.stdout)
    assert words in told["message"]
    assert told["seconds"] < 5
    assert told["peak_mb"] < 300


def test_a_reader_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "child.py"
    child.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(read, "_CHILD", child)
    monkeypatch.setattr(read, "CHILD_SECONDS", 1)
    with pytest.raises(InputError, match="上限"):
        read_workbook(make_xlsx(tmp_path / "a.xlsx"))


def test_styled_cells_without_content_do_not_count(tmp_path: Path) -> None:
    styled = "".join(
        f'<row r="{row}"><c r="A{row}" s="0"/><c r="XFC{row}" s="0"></c></row>' for row in range(2, 3_000)
    )
    path = make_raw_xlsx(tmp_path / "a.xlsx", CELL + styled)
    assert read_workbook(path).sheets[0].rows == [[1.0]]


@pytest.mark.parametrize(("row", "is_refused"), [(5_000_000 // 27, False), (5_000_000 // 27 + 1, True)])
def test_the_used_range_may_have_five_million_cells(tmp_path: Path, row: int, is_refused: bool) -> None:
    path = make_raw_xlsx(tmp_path / "a.xlsx", f'{CELL}<row r="{row}"><c r="AA{row}"><v>1</v></c></row>')
    with path.open("rb") as stream:
        if is_refused:
            with pytest.raises(InputError, match=f"AA{row}"):
                check_zip(stream, path)
        else:
            assert check_zip(stream, path).errors == {}


def test_a_cell_cut_by_two_chunks_is_still_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_far_cell(tmp_path / "a.xlsx")
    for size in range(600, 760, 7):
        monkeypatch.setattr(hostile, "_CHUNK_BYTES", size)
        with path.open("rb") as stream, pytest.raises(InputError, match="XFD1048576"):
            check_zip(stream, path)


def test_error_cells_are_listed_by_part(tmp_path: Path) -> None:
    cells = '<c r="B2" t="e"><v>#N/A</v></c><c t="e" r="AA2"><v>#REF!</v></c><c r="C2" t="str"><v>e</v></c>'
    path = make_raw_xlsx(tmp_path / "a.xlsx", f'<row r="2">{cells}</row>')
    with path.open("rb") as stream:
        assert check_zip(stream, path).errors == {"xl/worksheets/sheet1.xml": {(2, 1), (2, 26)}}


def test_formulas_without_a_result_are_listed_with_the_error_cells(tmp_path: Path) -> None:
    long = f'<f>CONCATENATE("{"虚" * 2_000}")</f>'
    cells = (
        '<c r="A2"><f>1+1</f><v></v></c><c r="B2" s="1"><f>1+1</f></c><c r="C2"><f t="shared" si="0"/><v/></c>'
        '<c r="D2"><f>1+1</f><v>2</v></c><c r="E2" t="str"><f>""</f><v></v></c><c r="F2"><v></v></c>'
        f'<c r="G2">{long}<v></v></c>'
    )
    path = make_raw_xlsx(tmp_path / "a.xlsx", f'<row r="2">{cells}</row>')
    with path.open("rb") as stream:
        found = check_zip(stream, path).errors["xl/worksheets/sheet1.xml"]
    assert found == {(2, 0), (2, 1), (2, 2), (2, 6)}
