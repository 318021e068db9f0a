"""Tables out: styled workbooks and CSV that Excel and WPS open as they are."""

import csv
import io
import math
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from eduops.core.errors import InputError
from eduops.core.files import READABLE, unwritable, whole_file
from eduops.sheet.workbook import cell_text

Kind = Literal["text", "number", "integer", "percent", "date", "datetime"]
Value = str | int | float | Decimal | bool | date | datetime | time | None

MAX_ROWS = 1_048_576
MAX_CELL_CHARACTERS = 32_767
_CUT_MARK = "……（后略，Excel 的单元格放不下）"
_NUMBER_FORMATS: dict[Kind, str] = {
    "text": "@",
    "number": "General",
    "integer": "0",
    "percent": "0.00%",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm:ss",
}
_WIDEST, _NARROWEST, _SAMPLE_ROWS = 60, 6, 200
FONT = {"font_name": "宋体", "font_size": 11, "valign": "top"}
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SAFE_NUMBER = re.compile(r"[+-]?\d[\d.,]*%?")
# With apostrophes of its own before it too: the reader takes exactly one off again.
_FORMULA_START = re.compile(r"'*[=+\-@]|[\t\r]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `width` in half-width characters (None: measured), `percent` values are fractions (0.95)."""

    name: str
    width: float | None = None
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet of an export. `name` is the sheet's, `title` and `note` stand above the header where given.

    Datetimes must be naive, in the zone the reader lives in. `rows` is walked once.
    """

    name: str
    title: str
    note: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]


def write_table(path: Path, tables: Sequence[Table], *, landscape: bool = True, mode: int = READABLE) -> None:
    """Writes the tables as sheets of one xlsx, whole or not at all; text never becomes a formula.

    Raises InputError where the path cannot be written or a table has more rows than a sheet holds.
    """
    with new_book(path, mode=mode) as book:
        taken: set[str] = set()
        for table in tables:
            sheet = book.add_worksheet(legal_sheet_name(table.name, taken))
            _SheetWriter(book, sheet, table).write(landscape=landscape)


@contextmanager
def new_book(target: Path, *, mode: int = READABLE) -> Iterator[xlsxwriter.Workbook]:
    """A workbook that becomes `target` at the end, whole or not at all; it forgets each row when the next begins.

    Raises InputError where it cannot be written.
    """
    with whole_file(target, mode=mode) as part, tempfile.TemporaryDirectory() as folder:
        # Zipped in memory: a zip on a full disk tries once more when it is thrown away, and prints a traceback.
        package = io.BytesIO()
        book = xlsxwriter.Workbook(package, {"constant_memory": True, "tmpdir": folder})
        yield book
        try:
            book.close()
        except FileCreateError as error:
            raise unwritable(target, _cause(error)) from error
        part.write_bytes(package.getbuffer())


def _cause(error: FileCreateError) -> OSError:
    """What the system said: XlsxWriter wraps it."""
    return error.__context__ if isinstance(error.__context__, OSError) else OSError(str(error))


def write_csv(path: Path, table: Table, *, is_for_people: bool = True, mode: int = READABLE) -> None:
    """Writes header and rows as CSV in UTF-8 with BOM, whole or not at all; title and note are left out.

    For people, text that Excel would take for a formula gets a leading apostrophe; a machine gets it as it is.
    """
    with (
        whole_file(path, mode=mode) as part,
        part.open("w", encoding="utf-8-sig", errors="replace", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow([column.name for column in table.columns])
        for row in table.rows:
            texts = [_value_text(value) for value in row]
            writer.writerow([_disarm(text) for text in texts] if is_for_people else texts)


class _SheetWriter:
    """Writes one table top to bottom; constant_memory forgets each row as soon as the next begins."""

    def __init__(self, book: xlsxwriter.Workbook, sheet: Worksheet, table: Table) -> None:
        self.sheet = sheet
        self.table = table
        self.styles = [
            book.add_format(
                {**FONT, "num_format": _NUMBER_FORMATS[column.kind], "text_wrap": True, "border": 1}
            )
            for column in table.columns
        ]
        self.text = book.add_format({**FONT, "num_format": "@", "text_wrap": True, "border": 1})
        self.title = book.add_format({**FONT, "font_size": 16, "bold": True})
        self.note = book.add_format({**FONT, "font_color": "#595959"})
        self.head = book.add_format(
            {**FONT, "bold": True, "bg_color": "#D9E2F3", "border": 1, "text_wrap": True, "align": "center"}
        )

    def write(self, *, landscape: bool) -> None:
        rows = iter(self.table.rows)
        sample = list(islice(rows, _SAMPLE_ROWS))
        for index, column in enumerate(self.table.columns):
            width = column.width or _measure(column.name, (row[index] for row in sample if index < len(row)))
            self.sheet.set_column(index, index, width)
        head = self._write_head()
        last = self._write_rows(head + 1, chain(sample, rows))
        self._set_page(head, last, landscape=landscape)

    def _write_head(self) -> int:
        row = 0
        for text, style in ((self.table.title, self.title), (self.table.note, self.note)):
            if text:
                self.sheet.write_string(row, 0, fit_text(text), style)
                row += 1
        for index, column in enumerate(self.table.columns):
            self.sheet.write_string(row, index, fit_text(column.name), self.head)
        return row

    def _write_rows(self, first: int, rows: Iterator[Sequence[Value]]) -> int:
        last = first - 1
        for last, row in enumerate(rows, first):
            if last >= MAX_ROWS:
                raise InputError(
                    f"「{self.table.name}」超过一张工作表的 {MAX_ROWS} 行",
                    hint="缩小导出范围，或改用 CSV",
                )
            for index, value in enumerate(row):
                self._write_cell(last, index, value)
        return last

    def _write_cell(self, row: int, column: int, value: Value) -> None:
        kind = self.table.columns[column].kind
        match value:
            case None:
                self.sheet.write_blank(row, column, None, self.styles[column])
            case datetime() | date() if kind in ("date", "datetime"):
                self.sheet.write_datetime(row, column, value, self.styles[column])
            case int() | float() | Decimal() if kind in ("number", "integer", "percent") and _is_safe(value):
                self.sheet.write_number(row, column, value, self.styles[column])
            case _:
                self.sheet.write_string(row, column, fit_text(_value_text(value)), self.text)

    def _set_page(self, head: int, last: int, *, landscape: bool) -> None:
        self.sheet.freeze_panes(head + 1, 0)
        if self.table.columns:
            self.sheet.autofilter(head, 0, max(head, last), len(self.table.columns) - 1)
        self.sheet.repeat_rows(0, head)
        self.sheet.set_paper(9)
        if landscape:
            self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&C第 &P 页，共 &N 页")


def _is_safe(value: int | float | Decimal) -> bool:
    """Whether a spreadsheet number holds the value without losing digits; true and false are words."""
    return not isinstance(value, bool) and math.isfinite(value) and -(10**15) < value < 10**15


def _value_text(value: Value) -> str:
    match value:
        case bool():
            return "是" if value else "否"
        case Decimal():
            return format(value, "f")
        case _:
            return cell_text(value)


def fit_text(text: str) -> str:
    """The text without what XML cannot hold, cut where Excel would refuse the file (it counts UTF-16 units)."""
    clean = _NOT_XML.sub("?", text) if _NOT_XML.search(text) else text
    if len(clean) <= MAX_CELL_CHARACTERS // 2:
        return clean
    encoded = clean.encode("utf-16-le")
    if len(encoded) <= MAX_CELL_CHARACTERS * 2:
        return clean
    kept = encoded[: (MAX_CELL_CHARACTERS - len(_CUT_MARK)) * 2]
    return kept.decode("utf-16-le", "ignore") + _CUT_MARK


def _disarm(text: str) -> str:
    if _FORMULA_START.match(text) and not _SAFE_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _measure(name: str, values: Iterable[Value]) -> int:
    texts = chain([f"{name}  "], (_value_text(value)[:400] for value in values))
    widest = max(display_width(line) for text in texts for line in text.splitlines() or [""]) + 2
    return max(_NARROWEST, min(_WIDEST, widest))


def display_width(text: str) -> int:
    """Half-width characters the text takes: Chinese ones count two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def legal_sheet_name(name: str, taken: set[str]) -> str:
    """A name Excel accepts (31 characters, no []:*?/\\) that no earlier sheet has; remembers it in `taken`."""
    clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", name).strip("' ")[:31] or "Sheet"
    unique, number = clean, 2
    while unique.casefold() in taken:
        suffix = f"({number})"
        unique, number = clean[: 31 - len(suffix)] + suffix, number + 1
    taken.add(unique.casefold())
    return unique
