"""The content decides what a file is; what is no table is told so in its own words."""

import os
from pathlib import Path

import pytest
from made_files import make_ods, make_ole, make_raw_xlsx, make_xls, make_xlsb, make_xlsx, zip_bytes

from eduops.core.errors import InputError
from eduops.sheet.sniff import Format, sniff

MACRO = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
TABLE = "题干,答案\n虚构题干䓬,A\n"


@pytest.mark.parametrize("name", ["名单.xls", "名单.csv", "名单.doc", "名单"])
def test_a_workbook_is_known_under_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for made, expected in [
        (make_xlsx(path).read_bytes(), Format.XLSX),
        (make_raw_xlsx(path, "", content_type=MACRO).read_bytes(), Format.XLSM),
        (make_xlsb(path, {(0, 0): "题干"}).read_bytes(), Format.XLSB),
        (make_ods(path).read_bytes(), Format.ODS),
        (make_xls(path, {(0, 0): "题干"}).read_bytes(), Format.XLS),
        (TABLE.encode("gb18030"), Format.TEXT),
    ]:
        path.write_bytes(made)
        assert sniff(path) is expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_tables_are_known_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(TABLE.encode(encoding))
    assert sniff(path) is Format.TEXT


def test_a_character_cut_at_the_end_of_the_sample_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for shift in range(4):
        path.write_bytes(("a," * shift + "题干䓬,答案\n" * 12_000).encode("gb18030"))
        assert sniff(path) is Format.TEXT


SENTENCES = [
    (b"", "空文件"),
    ("请把题库发给我，谢谢。".encode(), "普通文字"),
    ("请把题库发给我，谢谢。\n虚构科室".encode("gb18030"), "普通文字"),
    (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
    (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "网页"),
    (b"%PDF-1.7 ...", "PDF"),
    (b"\x89PNG\r\n", "图片"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x00\x01\x02\x03" * 50, "认不出"),
    (make_ole({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}), "加密"),
    (make_ole({"WordDocument": b"x"}), "Word"),
    (make_ole({"Contents": b"x"}), "没有工作簿"),
    (zip_bytes({"题库.xlsx": b"x"}), "先解压"),
    (zip_bytes({"readme": b"x"}), "压缩包"),
    (zip_bytes({"[Content_Types].xml": b"wordprocessingml.document.main+xml"}), "Word"),
]


@pytest.mark.parametrize(("content", "words"), SENTENCES)
def test_what_is_no_table_gets_its_own_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "题库.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        sniff(path)
    assert words in caught.value.message + caught.value.hint
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_truncated_workbook_is_said_to_be_incomplete(tmp_path: Path) -> None:
    path = make_xlsx(tmp_path / "a.xlsx")
    data = path.read_bytes()
    for length in (4, 30, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match="不完整或已损坏"):
            sniff(path)


def test_missing_files_and_folders_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="找不到"):
        sniff(tmp_path / "没有.xlsx")
    with pytest.raises(InputError, match=r"不能读取.*是一个目录"):
        sniff(tmp_path)


def test_devices_pipes_and_names_past_all_measure_are_input_errors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "名单.csv")
    with pytest.raises(InputError, match="设备或管道"):
        sniff(tmp_path / "名单.csv")
    with pytest.raises(InputError, match="设备或管道"):
        sniff(Path("/dev/random"))
    with pytest.raises(InputError, match="名称太长"):
        sniff(tmp_path / ("长" * 5_000))


def test_a_file_past_the_size_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with path.open("wb") as stream:
        stream.truncate(100 * 1024 * 1024 + 1)
    with pytest.raises(InputError, match="超过 100 MB"):
        sniff(path)


def test_the_words_of_a_cell_do_not_make_an_old_workbook_encrypted(tmp_path: Path) -> None:
    path = make_xls(tmp_path / "a.xls", {(0, 0): "EncryptedPackage"})
    assert sniff(path) is Format.XLS
