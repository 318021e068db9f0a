"""The user's own workbook with its wrong cells coloured, a comment each, and the list of problems as its last sheet."""

import errno
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import openpyxl
from lxml.etree import SerialisationError
from openpyxl.cell import Cell as BookCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.workbook import Workbook as Book
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from eduops.core.files import unwritable, whole_file
from eduops.sheet.export import fit_text
from eduops.sheet.extract import (
    COMMENT_WIDTH_PX,
    SUMMARY_HEAD,
    SUMMARY_SHEET,
    SUMMARY_WIDTHS,
    comment_height_px,
    count_lines,
    mark_address,
    place_marks,
    row_points,
)
from eduops.sheet.hostile import check_zip
from eduops.sheet.workbook import Mark, Workbook, address, cell_text

AUTHOR = "eduops"
_EARLIER = "\n（原批注）"
_WRONG = PatternFill("solid", fgColor="FFFFC7CE")
_PLAIN = PatternFill(fill_type=None)
_TOP = Alignment(vertical="top")
_WRAPPED = Alignment(vertical="top", wrap_text=True)


def write_annotated(source: Workbook, target: Path, *, marks: Sequence[Mark], summary: Sequence[str]) -> bool:
    """Writes the copy, whole or not at all; False, and nothing, where openpyxl cannot make sense of the workbook."""
    book = _load_copy(source)
    if book is None:
        return False
    _drop_earlier_marks(book)
    _spell_endless(book)
    _mark_cells(book, source, marks)
    _add_summary(book, marks, summary)
    _save(book, target)
    return True


def _load_copy(source: Workbook) -> Book | None:
    """The user's workbook, formulas as they are; None where openpyxl cannot make sense of it."""
    with source.path.open("rb") as stream:
        check_zip(stream, source.path)
        stream.seek(0)
        # Rich text costs time: only where raised or struck out letters would be lost without it.
        is_rich = any(sheet.raised or sheet.struck for sheet in source.sheets)
        try:
            return openpyxl.load_workbook(stream, rich_text=is_rich)
        except Exception:
            # openpyxl raises anything at styles that Excel itself accepts; the extract still helps.
            return None


def _drop_earlier_marks(book: Book) -> None:
    """Takes our own marks out of a copy that was corrected and handed in again."""
    if SUMMARY_SHEET in book.sheetnames and len(book.sheetnames) > 1:
        del book[SUMMARY_SHEET]
    for sheet in book.worksheets:
        # iter_rows would make a cell for every empty place up to the last styled one.
        for cell in sheet._cells.values():
            if cell.comment is not None and cell.comment.author == AUTHOR:
                earlier = cell.comment.text.partition(_EARLIER)[2]
                cell.comment = Comment(earlier, "") if earlier else None
                cell.fill = _PLAIN


def _spell_endless(book: Book) -> None:
    """Makes text of the numbers too large for any (1e999), at which Excel would call the copy damaged."""
    for sheet in book.worksheets:
        for cell in sheet._cells.values():
            if isinstance(cell.value, float) and not math.isfinite(cell.value):
                cell.value = cell_text(cell.value)


def _mark_cells(book: Book, source: Workbook, marks: Sequence[Mark]) -> None:
    for sheet in source.sheets:
        for (row, column), message in place_marks(sheet, marks).items():
            cell = book[sheet.name].cell(row, column + 1)
            if isinstance(cell, BookCell):
                _mark_cell(cell, message)


def _mark_cell(cell: BookCell, message: str) -> None:
    text = f"{message}{_EARLIER}{cell.comment.text}" if cell.comment is not None else message
    comment = Comment(_clean(text), AUTHOR)
    comment.width, comment.height = COMMENT_WIDTH_PX, comment_height_px(text)
    cell.comment = comment
    cell.fill = _WRONG


def _add_summary(book: Book, marks: Sequence[Mark], summary: Sequence[str]) -> None:
    """The list of problems as the last sheet, open when the workbook opens and the only one selected."""
    sheet: Worksheet = book.create_sheet(SUMMARY_SHEET)
    for row, line in enumerate(summary, 1):
        _write_text(sheet, row, 1, line)
    head = len(summary) + 1
    for column, text in enumerate(SUMMARY_HEAD, 1):
        _write_text(sheet, head, column, text).font = Font(bold=True)
    for row, mark in enumerate(marks, head + 1):
        _write_text(sheet, row, 1, mark.sheet)
        _link(_write_text(sheet, row, 2, mark_address(mark)), mark)
        _write_text(sheet, row, 3, mark.message).alignment = _WRAPPED
        sheet.row_dimensions[row].height = row_points(count_lines(mark.message, SUMMARY_WIDTHS[-1]))
    for letter, width in zip("ABC", SUMMARY_WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = f"A{head + 1}"
    book.active = book.index(sheet)
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is sheet


def _link(cell: BookCell, mark: Mark) -> None:
    """Makes the cell jump to the marked one."""
    name = mark.sheet.replace("'", "''")
    place = f"'{name}'!{address(mark.row, mark.column or 0)}"
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=place)
    cell.font = Font(color="FF0563C1", underline="single")


def _write_text(sheet: Worksheet, row: int, column: int, text: str) -> BookCell:
    """The cell, filled with text that never becomes a formula."""
    cell = cast(BookCell, sheet.cell(row, column))  # a sheet of ours has no merged cells
    cell.value = _clean(text)
    cell.data_type = "s"
    cell.alignment = _TOP
    return cell


def _clean(text: str) -> str:
    return ILLEGAL_CHARACTERS_RE.sub("", fit_text(text))


def _save(book: Book, target: Path) -> None:
    with whole_file(target) as part:
        # Zipped in memory: a zip on a full disk tries once more when it is thrown away, and prints a traceback.
        package = io.BytesIO()
        try:
            book.save(package)
        except SerialisationError as error:  # openpyxl's own temporary files; says "IO_ENOSPC"
            number = getattr(errno, str(error).removeprefix("IO_"), errno.EIO)
            raise unwritable(target, OSError(number, str(error))) from error
        part.write_bytes(package.getbuffer())
