"""The child process that reads a workbook and prints it as lines of JSON.

Run as a script, so that it starts without the rest of eduops. Lines: {"sheet": ...}, then {"rows": ...} for its rows,
and at last {"end": true}; or {"error": ...}.
"""

import gc
import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

Row = list[int | float | str | bool | time | date | datetime | timedelta]

ROWS_A_LINE: Final = 2_000
PLAIN: Final = frozenset({str, float, int, bool})


def main(path: str, memory_bytes: int, cpu_seconds: int) -> None:
    """Limits itself, then reads and prints; whatever goes wrong becomes one error line or the process's death."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # the process is short and makes no cycles
    try:
        read(path)
    except PasswordError:
        emit({"error": "password"})
    except BaseException as error:  # a panic of the library is no Exception
        emit({"error": "unreadable", "detail": f"{type(error).__name__}: {error}"[:500]})


def read(path: str) -> None:
    """Prints every worksheet of the workbook, then the end; calamine goes by the ending of the path."""
    book = CalamineWorkbook.from_path(path)
    for index, metadata in enumerate(book.sheets_metadata):
        if metadata.typ == SheetTypeEnum.WorkSheet:
            sheet = book.get_sheet_by_index(index)
            emit(describe(sheet, is_visible=metadata.visible == SheetVisibleEnum.Visible))
            for lines in batches(sheet):
                emit(encode(lines))
    emit({"end": True})


def describe(sheet: CalamineSheet, *, is_visible: bool) -> dict[str, object]:
    """Name, visibility, first row (1-based) and column (0-based) in use, merged ranges as calamine counts (0-based)."""
    row, column = sheet.start or (0, 0)
    return {
        "sheet": sheet.name,
        "visible": is_visible,
        "first_row": row + 1,
        "first_column": column,
        "merged": sheet.merged_cell_ranges or [],
    }


def batches(sheet: CalamineSheet) -> Iterator[list[Row]]:
    """The rows from the first used one on; calamine's iterator begins at row 1 whatever is used."""
    rows = islice(sheet.iter_rows(), (sheet.start or (0, 0))[0], None)
    while batch := list(islice(rows, ROWS_A_LINE)):
        yield batch


def encode(rows: list[Row]) -> dict[str, object]:
    """Rows with None for nothing; `special` lists what JSON lacks as (row in the batch, column, kind, text)."""
    special = []
    for number, row in enumerate(rows):
        if not PLAIN.issuperset(map(type, row)):
            for column, value in enumerate(row):
                if type(value) not in PLAIN:
                    special.append((number, column, *describe_special(value)))
                    row[column] = ""
    return {"rows": [[None if value == "" else value for value in row] for row in rows], "special": special}


def describe_special(value: object) -> tuple[str, str]:
    """Kind and text of a date, a time or a duration."""
    match value:
        case datetime():
            return "datetime", value.isoformat()
        case date():
            return "date", value.isoformat()
        case time():
            return "time", value.isoformat()
        case timedelta():
            return "text", duration_text(value)
        case _:
            return "text", str(value)


def duration_text(value: timedelta) -> str:
    """Hours:minutes:seconds as Excel shows [h]:mm:ss, hours past 24 included."""
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def emit(line: dict[str, object]) -> None:
    """One line to the parent."""
    sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
