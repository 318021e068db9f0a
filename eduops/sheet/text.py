"""Tables in plain text: the encoding, the separator, the rows."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eduops.core.errors import InputError
from eduops.sheet.workbook import Cell, Sheet

# Read in this process, not in the child with limits: together they keep it below 300 MB.
MAX_TEXT_BYTES = 32 * 1024 * 1024
MAX_TEXT_ROWS = 200_000
MAX_TEXT_CELLS = 2_000_000
_SEPARATORS = "\t,;|"
_SAMPLE_LINES = 50
_SAMPLE_CHARACTERS = (
    100_000  # fewer than csv takes for one cell, so that no separator is lost over a long one
)
_PROSE = "。！？；，"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SLEEPING_FORMULA = re.compile(r"'+[=+\-@]")


def decode_start(head: bytes) -> str | None:
    """The text at the start of a file, or None where it is no text in UTF-8, UTF-16 or GB18030."""
    encoding = find_encoding(head, is_whole=False)
    return None if encoding is None else codecs.getincrementaldecoder(encoding)().decode(head)


def find_encoding(data: bytes, *, is_whole: bool = True) -> str | None:
    """The encoding in which all of `data` is printable text; a character cut at the end counts unless `is_whole`."""
    for encoding in _list_encodings(data):
        try:
            content = codecs.getincrementaldecoder(encoding)().decode(data, is_whole)
        except UnicodeDecodeError:
            continue
        if not _has_control(content):
            return encoding
    return None


def _list_encodings(data: bytes) -> tuple[str, ...]:
    """What to try. UTF-16 shows by its zero bytes (of commas and line ends): high bytes come second in LE."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return (encoding,)
    if b"\0" not in data:
        return ("utf-8", "gb18030")
    if b"\n\0" in data or b"\0\n" in data:
        return ("utf-16-le",) if data[1::2].count(0) > data[::2].count(0) else ("utf-16-be",)
    return ()


def _has_control(content: str) -> bool:
    return any(ord(letter) < 32 and letter not in "\t\n\r\f\v\x1a" for letter in set(content))


def is_tabular(content: str) -> bool:
    """Whether text has rows of cells: most lines have a separator, or it is a list of short lines, no prose."""
    lines = [line for line in content.splitlines()[:_SAMPLE_LINES] if line.strip()]
    if len(lines) < 2:
        return False
    separated = sum(any(separator in line for separator in _SEPARATORS) for line in lines)
    return separated * 2 >= len(lines) or not any(mark in line for line in lines for mark in _PROSE)


def read_text(data: bytes, path: Path) -> Sheet:
    """The one sheet of a text file; every cell is text (long ids stay whole), empty ones are None.

    Raises InputError for a byte that fits no encoding, a quote that is never closed or closed too early, too many
    bytes, rows or cells.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise _too_large(path, f"{MAX_TEXT_BYTES // 1024 // 1024} MB")
    encoding = find_encoding(data)
    if encoding is None:
        raise InputError(
            f"{path} 中有认不出的字符（不是 UTF-8、UTF-16 或 GB18030）",
            hint="用 Excel 打开，另存为“CSV UTF-8”或 .xlsx",
        )
    rows: list[list[Cell]] = []
    cells = 0
    # What DOS ended a file with; in UTF-16 the byte may be half of a character.
    content = data if encoding.startswith("utf-16") else data.rstrip(b"\x1a")
    for record in _list_records(content, encoding, path):
        cells += len(record)
        if len(rows) >= MAX_TEXT_ROWS:
            raise _too_large(path, f"{MAX_TEXT_ROWS} 行")
        if cells > MAX_TEXT_CELLS:
            raise _too_large(path, f"{MAX_TEXT_CELLS} 个单元格")
        rows.append([_parse_cell(value) for value in record])
    return Sheet(path.stem, rows)


def _too_large(path: Path, limit: str) -> InputError:
    return InputError(f"{path} 超过文字表格的上限 {limit}，没有读入", hint="分成几个文件，每个都带表头")


def _list_records(data: bytes, encoding: str, path: Path) -> Iterator[list[str]]:
    """The rows as the separator cuts them. Decoded piece by piece: all at once may take four bytes a letter."""
    begun = 1
    try:
        separator = find_separator(_open(data, encoding).read(_SAMPLE_CHARACTERS))
        # Strict: a quote that is never closed would swallow every row below it, and nobody would miss them.
        reader = csv.reader(_open(data, encoding), delimiter=separator, strict=True)
        for record in reader:
            yield record
            begun = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path} 第 {begun} 行读不下去：双引号没有收口，或收口后还有字；或有一格超过 {csv.field_size_limit()} 个字",
            hint="检查从这一行开始的双引号是否成对：以双引号开头的格，里面的双引号要写两个；或用 Excel 打开，另存为 .xlsx",
        ) from error


def _open(data: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")


def find_separator(content: str) -> str:
    """The separator by which most of the first rows fall into equally many cells, more than one."""
    lines = content.splitlines(keepends=True)[:_SAMPLE_LINES]
    best, best_score = ",", (0, 0)
    for separator in _SEPARATORS:
        widths = Counter(len(record) for record in csv.reader(lines, delimiter=separator) if len(record) > 1)
        if widths:
            width, rows = widths.most_common(1)[0]
            if (rows, width) > best_score:
                best, best_score = separator, (rows, width)
    return best


def _parse_cell(value: str) -> Cell:
    """The text without the apostrophe that keeps a formula asleep (write_csv puts it there)."""
    if _SLEEPING_FORMULA.match(value):
        return value[1:]
    return value or None
