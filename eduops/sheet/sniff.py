"""What a file is, by its content: files that lie about their name are the rule, not the exception."""

import os
import struct
import zipfile
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from eduops.core.errors import InputError
from eduops.core.files import open_regular, unreadable
from eduops.sheet import text
from eduops.sheet.hostile import (
    SAVE_AS,
    ZIP_ERRORS,
    broken_zip,
    check_directory,
    encrypted,
    is_packed_plainly,
)

MAX_FILE_BYTES = 100 * 1024 * 1024
_HEAD_BYTES = 64 * 1024
_MAX_CONTENT_TYPES_BYTES = 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DIRECTORY_ENTRY_BYTES = 128
_OTHERS = (
    (b"%PDF", "PDF 文件"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"\x1f\x8b", "gzip 压缩包"),
    (b"{\\rtf", "RTF 文档"),
)


class Format(StrEnum):
    """What can be read."""

    XLSX = "xlsx"
    XLSM = "xlsm"
    XLSB = "xlsb"
    ODS = "ods"
    XLS = "xls"
    TEXT = "csv"


ZIPPED = frozenset({Format.XLSX, Format.XLSM, Format.XLSB, Format.ODS})
_CONTENT_TYPES = {
    b"spreadsheetml.sheet.main+xml": Format.XLSX,
    b"spreadsheetml.template.main+xml": Format.XLSX,
    b"sheet.macroEnabled.main+xml": Format.XLSM,
    b"template.macroEnabled.main+xml": Format.XLSM,
    b"sheet.binary.macroEnabled.main": Format.XLSB,
}


def sniff(path: Path) -> Format:
    """The format the content has. Raises InputError, each in its own words, for what is no readable workbook."""
    with open_source(path) as stream:
        return sniff_stream(stream, path)


def open_source(path: Path) -> BinaryIO:
    """The regular file opened for reading. Raises InputError where it is none, missing, unreadable, empty or too large."""
    try:
        stream = open_regular(path)
        size = os.fstat(stream.fileno()).st_size
    except FileNotFoundError as error:
        raise InputError(f"找不到文件 {path}", hint="检查路径和文件名") from error
    except OSError as error:
        raise unreadable(path, error) from error
    if 0 < size <= MAX_FILE_BYTES:
        return stream
    stream.close()
    if size == 0:
        raise InputError(f"{path} 是空文件（0 字节）", hint="重新导出或重新发送这个文件")
    raise InputError(
        f"{path} 有 {size / 1024 / 1024:.0f} MB，超过 {MAX_FILE_BYTES // 1024 // 1024} MB 的上限",
        hint="删去图片或分成几个文件",
    )


def sniff_stream(stream: BinaryIO, path: Path) -> Format:
    """The same for a stream at its start, which it leaves there; `path` is for the messages."""
    head = stream.read(_HEAD_BYTES)
    try:
        if head.startswith(b"PK"):
            return _sniff_zip(stream, path)
        if head.startswith(_OLE):
            return _sniff_ole(head + stream.read(), path)
        return _sniff_rest(head, path)
    finally:
        stream.seek(0)


def _sniff_zip(stream: BinaryIO, path: Path) -> Format:
    check_directory(stream, path)
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            declared = _read_start(archive, "[Content_Types].xml") + _read_start(archive, "mimetype")
    except ZIP_ERRORS as error:
        raise broken_zip(path) from error
    for content_type, found in _CONTENT_TYPES.items():
        if content_type in declared:
            return found
    if b"opendocument.spreadsheet" in declared:
        return Format.ODS
    if b"wordprocessingml" in declared or b"opendocument.text" in declared:
        raise InputError(f"{path} 是 Word 文档，不是表格", hint="把其中的表格复制到 Excel 里另存为 .xlsx")
    if any(name.lower().endswith((".xlsx", ".xls", ".csv")) for name in names):
        raise InputError(f"{path} 是压缩包，不是表格", hint="先解压，再导入里面的表格文件")
    raise InputError(f"{path} 是压缩包，里面没有工作簿", hint=SAVE_AS)


def _read_start(archive: zipfile.ZipFile, name: str) -> bytes:
    if name not in archive.NameToInfo or not is_packed_plainly(archive.getinfo(name)):
        return b""
    with archive.open(name) as member:
        return member.read(_MAX_CONTENT_TYPES_BYTES)


def _sniff_ole(data: bytes, path: Path) -> Format:
    if _has_stream(data, "EncryptedPackage"):
        raise encrypted(path)
    if _has_stream(data, "Workbook") or _has_stream(data, "Book"):
        return Format.XLS
    if _has_stream(data, "WordDocument"):
        raise InputError(f"{path} 是 Word 文档，不是表格", hint="把其中的表格复制到 Excel 里另存为 .xlsx")
    raise InputError(f"{path} 是旧式 Office 文件，但里面没有工作簿", hint=SAVE_AS)


def _has_stream(data: bytes, name: str) -> bool:
    """Whether the OLE directory names the stream: an entry begins with the name and holds its length at byte 64."""
    written = name.encode("utf-16-le") + b"\0\0"
    at = data.find(written)
    while at >= 0:
        length = data[at + 64 : at + 66]
        if at % _DIRECTORY_ENTRY_BYTES == 0 and length == struct.pack("<H", len(written)):
            return True
        at = data.find(written, at + 1)
    return False


def _sniff_rest(head: bytes, path: Path) -> Format:
    for start, kind in _OTHERS:
        if head.startswith(start):
            raise InputError(f"{path} 是{kind}，不是表格", hint="给出 Excel、WPS 或 CSV 文件")
    content = text.decode_start(head)
    if content is None:
        raise InputError(f"{path} 认不出是什么格式", hint=SAVE_AS)
    start_of_text = content.lstrip().lower()
    if start_of_text.startswith(("<?xml", "<!doctype", "<html", "<table", "<meta", "mime-version:")):
        raise InputError(f"{path} 是网页或 XML 形式的“假 Excel”", hint=SAVE_AS)
    if not text.is_tabular(content):
        raise InputError(
            f"{path} 的内容是普通文字，不是表格", hint="给出 Excel、WPS 或用逗号、制表符分列的 CSV 文件"
        )
    return Format.TEXT
