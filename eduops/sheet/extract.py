"""The wrong rows of a workbook in a workbook of their own, for what cannot be marked in a copy."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from eduops.sheet.export import FONT, display_width, fit_text, legal_sheet_name, new_book
from eduops.sheet.workbook import Cell, Mark, Sheet, Workbook, address, cell_text

SUMMARY_SHEET = "问题汇总"
SUMMARY_HEAD = ("工作表", "位置", "问题")
SUMMARY_WIDTHS = (16, 12, 90)
MAX_COMMENTS = 2_000
COMMENT_WIDTH_PX = 320
_NUMBER_WIDTH, _PROBLEM_WIDTH, _CELL_WIDTH = 8, 50, 16
_LINE_POINTS, _MOST_LINES = 17, 12
_COMMENT_LINE_PX, _COMMENT_LINE_WIDTH = 18, 44
_MAX_DIGITS_SHOWN = 11
_LEADING_HEAD = ("原行号", "问题")

Marks = dict[tuple[int, int], str]


def place_marks(sheet: Sheet, marks: Sequence[Mark]) -> Marks:
    """(row, column) -> all that is wrong there, a line each.

    A mark on a merged cell goes to the cell that shows it, one on a row to the row's first cell with something in it.
    """
    anchors = sheet.merged_anchors()
    messages: dict[tuple[int, int], list[str]] = {}
    for mark in marks:
        if mark.sheet == sheet.name:
            column = _first_column(sheet, mark.row) if mark.column is None else mark.column
            messages.setdefault(anchors.get((mark.row, column), (mark.row, column)), []).append(mark.message)
    return {place: "\n".join(dict.fromkeys(texts)) for place, texts in sorted(messages.items())}


def _first_column(sheet: Sheet, row: int) -> int:
    return next((column for column, cell in enumerate(sheet.row(row)) if cell is not None), 0)


def mark_address(mark: Mark) -> str:
    """Where the mark stands, for people: "C7" or "第 7 行"."""
    return f"第 {mark.row} 行" if mark.column is None else address(mark.row, mark.column)


def count_lines(text: str, width: float) -> int:
    """How many lines the text takes in a column so many half-width characters wide."""
    return sum(max(1, math.ceil(display_width(line) / width)) for line in text.splitlines() or [""])


def comment_height_px(text: str) -> int:
    """The height of a comment's box that shows all of the text."""
    return _COMMENT_LINE_PX * (count_lines(text, _COMMENT_LINE_WIDTH) + 2)


def row_points(lines: int) -> int:
    """The height of a row of so many lines: not every program finds it when it opens the workbook."""
    return _LINE_POINTS * min(lines, _MOST_LINES)


def write_extract(
    source: Workbook,
    target: Path,
    *,
    marks: Sequence[Mark],
    summary: Sequence[str],
    header_rows: Mapping[str, int],
) -> None:
    """Writes the list of problems and, sheet by sheet, the marked rows with their row numbers under their header."""
    with new_book(target) as book:
        styles = _Styles(book)
        taken: set[str] = set()
        _write_summary(book.add_worksheet(legal_sheet_name(SUMMARY_SHEET, taken)), styles, marks, summary)
        for sheet in source.sheets:
            placed = place_marks(sheet, marks)
            if placed:
                page = book.add_worksheet(legal_sheet_name(sheet.name, taken))
                _write_rows(page, styles, sheet, placed, header_rows.get(sheet.name))


class _Styles:
    """The looks of the extract, made once a workbook."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.text: Format = book.add_format({**FONT, "text_wrap": True})
        self.head: Format = book.add_format({**FONT, "bold": True, "bg_color": "#D9E2F3", "border": 1})
        self.wrong: Format = book.add_format({**FONT, "text_wrap": True, "bg_color": "#FFC7CE"})


def _write_summary(page: Worksheet, styles: _Styles, marks: Sequence[Mark], summary: Sequence[str]) -> None:
    for column, width in enumerate(SUMMARY_WIDTHS):
        page.set_column(column, column, width)
    for row, line in enumerate(summary):
        page.write_string(row, 0, fit_text(line))
    head = len(summary)
    for column, text in enumerate(SUMMARY_HEAD):
        page.write_string(head, column, text, styles.head)
    for row, mark in enumerate(marks, head + 1):
        for column, text in enumerate((mark.sheet, mark_address(mark), mark.message)):
            page.write_string(row, column, fit_text(text), styles.text)
        page.set_row(row, row_points(count_lines(mark.message, SUMMARY_WIDTHS[-1])))
    page.freeze_panes(head + 1, 0)


def _write_rows(
    page: Worksheet, styles: _Styles, sheet: Sheet, placed: Marks, header_row: int | None
) -> None:
    """The header (for its columns' meaning), then each marked row: its number, what is wrong, its cells."""
    page.set_column(0, 0, _NUMBER_WIDTH)
    page.set_column(1, 1, _PROBLEM_WIDTH)
    page.set_column(2, 2 + sheet.width, _CELL_WIDTH)
    head = list(_LEADING_HEAD) + [cell_text(cell) for cell in (sheet.row(header_row) if header_row else [])]
    for column, text in enumerate(head):
        if text:
            page.write_string(0, column, fit_text(text), styles.head)
    page.freeze_panes(1, 0)
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), message in placed.items():
        by_row.setdefault(row, {})[column] = message
    comments_left = MAX_COMMENTS
    for line, (row, messages) in enumerate(by_row.items(), 1):
        problems = "\n".join(dict.fromkeys(messages.values()))
        page.write_number(line, 0, row, styles.text)
        page.write_string(line, 1, fit_text(problems), styles.text)
        cells = sheet.row(row)
        for column in range(max(len(cells), *(place + 1 for place in messages))):
            value = cells[column] if column < len(cells) else None
            _write_value(page, line, column + 2, value, styles.wrong if column in messages else styles.text)
        lines = max(
            (count_lines(cell_text(cell), _CELL_WIDTH) for cell in cells if cell is not None), default=1
        )
        page.set_row(line, row_points(max(lines, count_lines(problems, _PROBLEM_WIDTH))))
        if comments_left > 0:
            comments_left -= len(messages)
            for column, message in messages.items():
                _write_comment(page, line, column + 2, message)


def _write_comment(page: Worksheet, row: int, column: int, message: str) -> None:
    size = {"width": COMMENT_WIDTH_PX, "height": comment_height_px(message)}
    page.write_comment(row, column, fit_text(message), {"author": "eduops", **size})


def _write_value(page: Worksheet, row: int, column: int, value: Cell, style: Format) -> None:
    """The cell as a person saw it: numbers stay numbers unless Excel would show an exponent, the rest is text."""
    # A workbook can hold NaN and infinity as numbers, but no program may write them.
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if value is None:
        page.write_blank(row, column, None, style)
    elif is_number and len(cell_text(value)) <= _MAX_DIGITS_SHOWN:
        page.write_number(row, column, value, style)
    else:
        page.write_string(row, column, fit_text(cell_text(value)), style)
