"""The look into a zipped workbook before a reader may open it: what would eat memory or time is refused here.

The regular expressions know the usual spelling of a cell only; one spelt otherwise meets the limits of the child
process in read.py.
"""

import re
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from eduops.core.errors import InputError
from eduops.sheet.number_format import find_altering_styles
from eduops.sheet.raised import SIGN, STRUCK_SIGN
from eduops.sheet.shown import find_struck_styles, note_hidden, note_struck
from eduops.sheet.workbook import MAX_CELLS, address, column_index

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
MAX_MEMBERS = 10_000
MAX_ERROR_CELLS = 100_000
MAX_SECONDS = 5.0
SAVE_AS = "用 Excel 或 WPS 打开，另存为 .xlsx 后再导入"
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, RuntimeError)

_CHUNK_BYTES = 1024 * 1024
_OVERLAP_BYTES = 16 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_ENCRYPTED_FLAG = 1

# A cell outside A1:Z99999, which is less than MAX_CELLS: few workbooks have one, and the search is quick.
_FAR_CELL = re.compile(rb"""r=["'](?:[A-Z]{2,3}|[A-Z]\d{5})\d{1,7}["']""")
# A cell with something in it; the tag and what follows fit into the overlap of two chunks, and the bounded lengths
# keep every input from making the search quadratic.
_FILLED_CELL = re.compile(
    rb"""<(?:c r|(?:\w{1,20}:)?c\s[^<>]{0,200}?\br)=["']([A-Z]{1,3})(\d{1,7})["']"""
    rb"""[^<>]{0,200}(?<!/)>(?=[^<]|<[^/])"""
)
_ERROR_CELL = re.compile(rb"""<(?:\w{1,20}:)?c\s([^<>]{0,200}\bt=["']e["'][^<>]{0,200})>""")
# A formula whose result nobody has computed; an empty text (t="str") is a result.
_UNCOMPUTED_CELL = re.compile(
    rb"""<(?:\w{1,20}:)?c\s([^<>]{0,200})>\s{0,20}<(?:\w{1,20}:)?f(?:\s[^<>]{0,200})?(?:/>|>[^<]{0,8192}</(?:\w{1,20}:)?f>)"""
    rb"""\s{0,20}(?:<(?:\w{1,20}:)?v\s?/>|<(?:\w{1,20}:)?v></(?:\w{1,20}:)?v>)?\s{0,20}</(?:\w{1,20}:)?c>"""
)
_IS_TEXT = re.compile(rb"""\bt=["']str["']""")
# A number (no type, or n) with a style, its value behind it at once or behind a formula.
_STYLED_CELL = re.compile(
    rb"""<(?:\w{1,20}:)?c\s([^<>]{0,200}\bs=["'](\d{1,5})["'][^<>]{0,200}?)>\s{0,20}"""
    rb"""(?:<(?:\w{1,20}:)?f(?:\s[^<>]{0,200})?(?:/>|>[^<]{0,8192}</(?:\w{1,20}:)?f>)\s{0,20})?<(?:\w{1,20}:)?v>"""
)
_IS_OTHER = re.compile(rb"""\bt=["'](?!n["'])""")
_STYLES_PART = "xl/styles.xml"
_MOST_STYLE_BYTES = 8 * 1024 * 1024
_PLACE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")


@dataclass(frozen=True, slots=True)
class Survey:
    """What a harmless package holds: its size unpacked, and the error cells (row 1-based, column 0-based) by part.

    A formula without a result counts as one: it reads as an empty cell.
    """

    unpacked_bytes: int
    errors: dict[str, frozenset[tuple[int, int]]]
    formatted: dict[str, frozenset[tuple[int, int]]] = field(default_factory=dict)
    """Numbers that their format shows as other text (21 % for 0.21), by part."""
    has_raised: bool = False
    """Whether some text may have raised or lowered letters, or a part that is struck out."""
    struck: dict[str, frozenset[tuple[int, int]]] = field(default_factory=dict)
    """Cells whose font is struck out, by part."""
    hidden: dict[str, tuple[frozenset[int], frozenset[int]]] = field(default_factory=dict)
    """Hidden rows (1-based) and columns (0-based), by part."""


@dataclass(slots=True)
class _Budget:
    """How much may still be unpacked, and until which processor second: a busy machine is no sign of a bomb."""

    path: Path
    left_bytes: int = MAX_UNPACKED_BYTES
    ends_at: float = field(default_factory=lambda: time.thread_time() + MAX_SECONDS)

    def spend(self, size_bytes: int) -> None:
        """Counts so many more bytes; 0 only looks at the clock."""
        self.left_bytes -= size_bytes
        if self.left_bytes < 0 or time.thread_time() > self.ends_at:
            raise InputError(
                f"{self.path} 解压后太大（超过 {MAX_UNPACKED_BYTES // 1024 // 1024} MB），像是压缩炸弹，没有打开",
                hint="确认文件来源；确实要导入时，删去图片和空白区域，分成几个文件",
            )


def check_zip(stream: BinaryIO, path: Path) -> Survey:
    """Streams every part, once or twice, and says what there is.

    Raises InputError for a bomb, a DTD, an escaping name, a bad checksum, an encrypted part or a used range of more
    than MAX_CELLS cells. Needs a few MB of memory and at most MAX_SECONDS of processor time.
    """
    check_directory(stream, path)
    budget = _Budget(path)
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                _check_member(member, path)
            styles = _load_styles(archive, budget)
            found = {
                member.filename: _scan_part(archive, member, budget, styles) for member in archive.infolist()
            }
    except ZIP_ERRORS as error:
        raise broken_zip(path) from error
    return Survey(
        MAX_UNPACKED_BYTES - budget.left_bytes,
        errors={name: frozenset(part.errors) for name, part in found.items() if part.errors},
        formatted={name: frozenset(part.formatted) for name, part in found.items() if part.formatted},
        has_raised=any(part.has_raised for part in found.values()),
        struck={name: frozenset(part.struck) for name, part in found.items() if part.struck},
        hidden={
            name: (frozenset(part.hidden_rows), frozenset(part.hidden_columns))
            for name, part in found.items()
            if part.hidden_rows or part.hidden_columns
        },
    )


def _load_styles(archive: zipfile.ZipFile, budget: _Budget) -> "_Styles":
    if _STYLES_PART not in archive.namelist():
        return _Styles()
    content = bytearray()
    for chunk, _ in _stream_part(archive, archive.getinfo(_STYLES_PART), budget, is_again=True):
        content += chunk
        if len(content) > _MOST_STYLE_BYTES:
            return _Styles()
    return _Styles(find_altering_styles(bytes(content)), find_struck_styles(bytes(content)))


def check_directory(stream: BinaryIO, path: Path) -> None:
    """Refuses a zip with more members than any workbook has, before zipfile makes an object of each."""
    stream.seek(0)
    members = 0
    while chunk := stream.read(_CHUNK_BYTES):
        members += chunk.count(b"PK\x01\x02")
    stream.seek(0)
    if members > MAX_MEMBERS:
        raise InputError(f"{path} 有 {members} 个以上的部件，不是正常的工作簿", hint=SAVE_AS)


def broken_zip(path: Path) -> InputError:
    """The one sentence for a zip that ends early or fails its checksums."""
    return InputError(
        f"{path} 不完整或已损坏（压缩结构或校验和不对）",
        hint=f"多半是下载或复制中断：重新取一份；仍不行则{SAVE_AS}",
    )


def encrypted(path: Path) -> InputError:
    """The one sentence for a workbook that asks for a password."""
    return InputError(
        f"{path} 已加密（设了打开密码），不能读取",
        hint="在 Excel 或 WPS 中用密码打开，取消打开密码，另存后再导入",
    )


def is_packed_plainly(member: zipfile.ZipInfo) -> bool:
    """Whether the part is stored or deflated: other methods (LZMA) reserve memory at the file's word."""
    return member.compress_type in _METHODS


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or ".." in PurePosixPath(name).parts or ":" in name:
        raise InputError(f"{path} 含有指向目录之外的部件名「{member.filename[:80]}」，没有打开", hint=SAVE_AS)
    if member.flag_bits & _ENCRYPTED_FLAG:
        raise encrypted(path)
    if not is_packed_plainly(member):
        raise InputError(f"{path} 用了不常见的压缩方法，没有打开", hint=SAVE_AS)


@dataclass(frozen=True, slots=True)
class _Styles:
    """The numbers of the cell styles that matter: those that show a number as other text, those struck out."""

    altering: frozenset[int] = frozenset()
    struck: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Part:
    """What a part that is found harmless holds."""

    errors: set[tuple[int, int]] = field(default_factory=set)
    formatted: set[tuple[int, int]] = field(default_factory=set)
    struck: set[tuple[int, int]] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    has_raised: bool = False


def _scan_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget, styles: _Styles) -> _Part:
    place = f"{budget.path} 的 {member.filename}"
    found = _Part()
    is_xml, has_far_cell = None, False
    for chunk, tail in _stream_part(archive, member, budget):
        if is_xml is None:
            is_xml = _is_xml(chunk, place)
        if is_xml:
            content = tail + chunk
            _check_entities(content, place)
            _note_errors(content, found.errors, place)
            if styles.altering:
                _note_formatted(content, styles.altering, found.formatted)
            if styles.struck:
                note_struck(content, styles.struck, found.struck)
            note_hidden(content, found.hidden_rows, found.hidden_columns)
            found.has_raised = found.has_raised or SIGN in content or STRUCK_SIGN in content
            has_far_cell = has_far_cell or bool(_FAR_CELL.search(content))
    if has_far_cell:
        _check_used_range(_stream_part(archive, member, budget, is_again=True), place)
    return found


def _note_formatted(content: bytes, styles: frozenset[int], formatted: set[tuple[int, int]]) -> None:
    for attributes, style in _STYLED_CELL.findall(content):
        if int(style) in styles and not _IS_OTHER.search(attributes) and (found := _PLACE.search(attributes)):
            formatted.add((int(found[2]), column_index(found[1].decode())))


def _stream_part(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget, *, is_again: bool = False
) -> Iterator[tuple[bytes, bytes]]:
    """Chunks, each with the end of the one before; the last checks the checksum. Again, it costs time only."""
    tail = b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            budget.spend(0 if is_again else len(chunk))
            yield chunk, tail
            tail = chunk[-_OVERLAP_BYTES:]


def _is_xml(start: bytes, place: str) -> bool:
    if start.startswith(_UTF16_STARTS):
        raise InputError(f"{place} 的编码不是 UTF-8，没有打开", hint=SAVE_AS)
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _check_entities(content: bytes, place: str) -> None:
    """Refuses a DTD, without which there are no entities to expand or fetch."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise InputError(f"{place} 含有 DTD 或外部实体，可能有害，没有打开", hint=SAVE_AS)


def _note_errors(content: bytes, errors: set[tuple[int, int]], place: str) -> None:
    cells = _ERROR_CELL.findall(content) if b'"e"' in content or b"'e'" in content else []
    if _has_formula(content):
        cells += [each for each in _UNCOMPUTED_CELL.findall(content) if not _IS_TEXT.search(each)]
    for attributes in cells:
        found = _PLACE.search(attributes)
        if found:
            errors.add((int(found[2]), column_index(found[1].decode())))
    if len(errors) > MAX_ERROR_CELLS:
        raise InputError(f"{place} 有 {MAX_ERROR_CELLS} 个以上的错误值（如 #N/A）", hint="先改正公式再导入")


def _has_formula(content: bytes) -> bool:
    return b"</f>" in content or b":f>" in content


def _check_used_range(chunks: Iterator[tuple[bytes, bytes]], place: str) -> None:
    """Refuses a part whose last row and column with something in them span more than MAX_CELLS."""
    last_row = last_column = 0
    for chunk, tail in chunks:
        cells = _FILLED_CELL.findall(tail + chunk)
        last_row = max([last_row, *map(int, {row for _, row in cells})])
        last_column = max(
            [last_column, *(column_index(name.decode()) for name in {name for name, _ in cells})]
        )
        if last_row * (last_column + 1) > MAX_CELLS:
            raise InputError(
                f"{place} 用到了 {address(last_row, last_column)}，范围超过 {MAX_CELLS} 个单元格，没有打开",
                hint="按 Ctrl+End 跳到最后一格，删去远处多余的行列后另存，或分成几个文件",
            )
