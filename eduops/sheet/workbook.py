"""What a workbook is once it has been read: sheets, cells, merged ranges, marks, and a cell put into words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

Cell = str | int | float | bool | date | datetime | time | None

MAX_CELLS = 5_000_000
_EXACT_BELOW = 2**53
_EXCEL_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Range:
    """A rectangle of cells, both corners included: rows 1-based, columns 0-based."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `rows[0]` is sheet row `first_row` (1-based); the index inside a row is the true column (0-based).

    `errors` are the (row, column) of cells such as #N/A, which read as None: known for xlsx and xlsm only.
    """

    name: str
    rows: list[list[Cell]]
    first_row: int = 1
    visible: bool = True
    merged: tuple[Range, ...] = ()
    errors: frozenset[tuple[int, int]] = frozenset()
    formatted: frozenset[tuple[int, int]] = frozenset()
    """The (row, column) of numbers that their format shows as other text, 21 % for 0.21: xlsx and xlsm only."""
    raised: frozenset[tuple[int, int]] = frozenset()
    """The (row, column) of rich texts whose raised and lowered letters were kept, 10⁹ for 109: xlsx and xlsm only."""
    struck: frozenset[tuple[int, int]] = frozenset()
    """The (row, column) of cells that are struck out, in part or whole: xlsx and xlsm only."""
    hidden_rows: frozenset[int] = frozenset()
    """Rows that are hidden, by hand or by a filter; they are read all the same: xlsx and xlsm only."""
    hidden_columns: frozenset[int] = frozenset()

    @property
    def last_row(self) -> int:
        """The number of the last row read; `first_row - 1` for an empty sheet."""
        return self.first_row + len(self.rows) - 1

    @property
    def width(self) -> int:
        """How many columns are in use, counted from column A."""
        return max(map(len, self.rows), default=0)

    def row(self, number: int) -> list[Cell]:
        """The cells of sheet row `number` (1-based), empty where nothing was written."""
        index = number - self.first_row
        return self.rows[index] if 0 <= index < len(self.rows) else []

    def cell(self, row: int, column: int) -> Cell:
        """The value at row (1-based) and column (0-based), None where nothing was written."""
        cells = self.row(row)
        return cells[column] if 0 <= column < len(cells) else None

    def numbered_rows(self, start: int = 1) -> Iterator[tuple[int, list[Cell]]]:
        """(row number, cells) of every row from sheet row `start` on, the empty ones between included."""
        skipped = max(0, start - self.first_row)
        for index in range(skipped, len(self.rows)):
            yield self.first_row + index, self.rows[index]

    def merged_anchors(self) -> dict[tuple[int, int], tuple[int, int]]:
        """For each covered cell of a merged range inside the used area: the top left cell that holds its value."""
        anchors: dict[tuple[int, int], tuple[int, int]] = {}
        for area in self.merged:
            top_left = (area.first_row, area.first_column)
            for row in range(area.first_row, min(area.last_row, self.last_row) + 1):
                for column in range(area.first_column, min(area.last_column, self.width - 1) + 1):
                    anchors[row, column] = top_left
            anchors.pop(top_left, None)
        return anchors


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook as it was read: `format` is what the content says, whatever the file is called."""

    path: Path
    format: str
    sheets: tuple[Sheet, ...] = ()

    def find_sheet(self, name: str) -> Sheet | None:
        """The sheet of that name."""
        return next((sheet for sheet in self.sheets if sheet.name == name), None)


@dataclass(frozen=True, slots=True)
class Mark:
    """What is wrong with a cell, or with a whole row where `column` is None; the message is for its author."""

    sheet: str
    row: int
    column: int | None
    message: str


def cell_text(value: Cell) -> str:
    """The text a person sees in the cell: 12.0 as "12", long numbers without exponent, dates as ISO, None as "".

    Numbers are exact below 2**53 and have Excel's 15 digits above and behind the point.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case float():
            return _float_text(value)
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case time():
            return value.isoformat(timespec="seconds")
        case date():
            return value.isoformat()


def _float_text(value: float) -> str:
    if value.is_integer() and abs(value) < _EXACT_BELOW:
        return str(int(value))
    digits = Decimal(format(value, f".{_EXCEL_DIGITS}g"))
    return format(digits, "f")


def has_lost_digits(value: Cell) -> bool:
    """Whether a number has more than 15 digits, so that Excel has already replaced the last ones by zeros."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    limit = 10**_EXCEL_DIGITS
    return not -limit < value < limit


def address(row: int, column: int) -> str:
    """The cell's name in Excel: row 7 (1-based), column 2 (0-based) is "C7"."""
    return f"{column_letters(column)}{row}"


def column_letters(column: int) -> str:
    """The letters of a 0-based column: 0 is "A", 26 is "AA"."""
    letters = ""
    while column >= 0:
        column, rest = divmod(column, 26)
        letters = chr(ord("A") + rest) + letters
        column -= 1
    return letters


def column_index(letters: str) -> int:
    """The 0-based column of its letters: "A" is 0, "AA" is 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1
