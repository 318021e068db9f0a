"""Forms that people fill in: a header row somewhere, below it a row a thing; every cell as text, or what Excel did."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time

from eduops.sheet.header import Header, Vocabulary, find_header
from eduops.sheet.workbook import Cell, Sheet, Workbook, cell_text, column_letters, has_lost_digits
from eduops.training.rules.bank_text import tidy

# What is left of a long number in a CSV that Excel has saved.
_EXPONENT = re.compile(r"\d(\.\d+)?[eE]\+\d+")


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong in one row: `row` as Excel counts, `column` in letters, or "" for the row as a whole."""

    sheet: str
    row: int
    column: str
    code: str
    message: str

    @property
    def place(self) -> str:
        return f"{self.sheet}!{self.column}{self.row}"


@dataclass(frozen=True, slots=True)
class Form:
    """A sheet with a header that was understood."""

    sheet: Sheet
    header: Header

    @property
    def columns(self) -> dict[str, str]:
        """Field -> the letters of its column."""
        return {name: column_letters(column) for name, column in self.header.columns.items()}

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that nothing is taken from, as people see them: "D 岗位"."""
        return tuple(f"{column_letters(column)} {text}" for column, text in self.header.unknown)

    def error(self, row: int, name: str, code: str, message: str) -> RowError:
        """An error at the cell of a field; at column A for the row as a whole, or a field without a column."""
        column = column_letters(self.header.columns.get(name, 0))
        return RowError(self.sheet.name, row, column, code, message)


@dataclass(slots=True)
class FormRow:
    """One filled row: its fields' texts, and what is wrong with its cells."""

    number: int
    texts: dict[str, str]
    errors: list[RowError] = field(default_factory=list)


def list_forms(
    workbook: Workbook, vocabulary: Vocabulary, *, required: Sequence[Collection[str]]
) -> list[Form]:
    """The visible sheets with a header that has all fields of one of the sets in `required`; people first.

    Sheets with rows below the header stand before those without.
    """
    forms = [
        Form(sheet, header)
        for sheet in workbook.sheets
        if sheet.visible and (header := _find_best(sheet, vocabulary, required)) is not None
    ]
    return sorted(forms, key=lambda form: not is_filled(form))


def is_filled(form: Form) -> bool:
    """Whether anything is written below the header."""
    return any(True for _ in _list_filled(form))


def iterate_rows(
    form: Form, *, shared: Collection[str] = (), exact: Collection[str] = ()
) -> Iterator[FormRow]:
    """The filled rows. A cell merged downwards speaks for all its rows where its field is `shared`.

    `exact`: fields in which a date or a number of more than 15 digits is an error, for Excel has changed what stood
    there.
    """
    columns = list(form.header.columns.items())
    anchors = form.sheet.merged_anchors() if form.sheet.merged else {}
    for number, cells in _list_filled(form):
        width = len(cells)
        row = FormRow(number, {})
        for name, column in columns:
            cell = cells[column] if column < width else None
            if type(cell) is str:
                row.texts[name] = cell.strip() if cell.isprintable() else tidy(cell)
            else:
                row.texts[name] = cell_text(cell)
            if name in exact:
                row.errors += _check_exact(form, number, name, cell)
        if anchors:
            _fill_down(form, row, anchors, shared)
        if form.sheet.errors:
            row.errors += _list_error_cells(form, number)
        yield row


def _find_best(sheet: Sheet, vocabulary: Vocabulary, required: Sequence[Collection[str]]) -> Header | None:
    found = (find_header(sheet, vocabulary, required=fields) for fields in required)
    return max(filter(None, found), key=lambda header: header.score, default=None)


def _list_filled(form: Form) -> Iterator[tuple[int, list[Cell]]]:
    for number, cells in form.sheet.numbered_rows(form.header.row + 1):
        if any(cell is not None and (type(cell) is not str or cell.strip()) for cell in cells):
            yield number, cells


def _check_exact(form: Form, number: int, name: str, cell: Cell) -> Iterator[RowError]:
    if type(cell) is str:
        if "+" not in cell or not _EXPONENT.fullmatch(cell.strip()):
            return
    elif isinstance(cell, date | time):
        said = f"成了日期或时间 {cell_text(cell)}，原文已被 Excel 改掉；请把该列设为文本重新填写"
        yield form.error(number, name, "date", said)
        return
    elif not has_lost_digits(cell):
        return
    said = "是很长的数字，Excel 已丢失末位；请把该列设为文本重新填写"
    yield form.error(number, name, "lost_digits", said)


def _fill_down(
    form: Form, row: FormRow, anchors: dict[tuple[int, int], tuple[int, int]], shared: Collection[str]
) -> None:
    for name in shared:
        column = form.header.columns.get(name)
        if column is None:
            continue
        top, _ = anchors.get((row.number, column), (row.number, column))
        # Only downwards: the column stays its own, for a note merged across is not every column's text.
        if form.header.row < top < row.number:
            row.texts[name] = tidy(cell_text(form.sheet.cell(top, column)))


def _list_error_cells(form: Form, number: int) -> Iterator[RowError]:
    for name, column in form.header.columns.items():
        if (number, column) in form.sheet.errors:
            yield form.error(
                number, name, "cell_error", "单元格是错误值（如 #N/A）或没有算出结果的公式；请改成文字"
            )
