"""Tables in plain text: the encoding, the separator, the rows."""

import codecs
import csv
import io
from collections import Counter
from pathlib import Path

from eduops.core.errors import InputError
from eduops.sheet.workbook import MAX_CELLS, Cell, Sheet

_SEPARATORS = "\t,;|"
_SAMPLE_LINES = 50
_PROSE = "。！？；，"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FORMULA_STARTS = ("'=", "'+", "'-", "'@")


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

    Raises InputError for a byte that fits no encoding, a quote that is never closed, too many cells.
    """
    encoding = find_encoding(data)
    if encoding is None:
        raise InputError(
            f"{path} 中有认不出的字符（不是 UTF-8、UTF-16 或 GB18030）",
            hint="用 Excel 打开，另存为“CSV UTF-8”或 .xlsx",
        )
    content = data.decode(encoding).rstrip("\x1a")
    rows: list[list[Cell]] = []
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=find_separator(content))
    widest = 0
    try:
        for record in reader:
            rows.append([_parse_cell(value) for value in record])
            widest = max(widest, len(record))
            if len(rows) * widest > MAX_CELLS:
                raise InputError(f"{path} 超过 {MAX_CELLS} 个单元格", hint="分成几个文件")
    except csv.Error as error:
        raise InputError(
            f"{path} 第 {reader.line_num} 行读不下去：{error}", hint="检查这一行附近的双引号是否成对"
        ) from error
    return Sheet(path.stem, rows)


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
    if value.startswith(_FORMULA_STARTS):
        return value[1:]
    return value or None
