"""Reading other people's workbooks: checked first, then opened by calamine in a child process with limits."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any, BinaryIO

from eduops.core.errors import InputError, OutsideError
from eduops.sheet.hostile import SAVE_AS, Survey, check_zip, encrypted
from eduops.sheet.part import load_sheet_parts
from eduops.sheet.raised import Raised, load_raised, load_struck
from eduops.sheet.sniff import ZIPPED, Format, open_source, sniff_stream
from eduops.sheet.text import MAX_TEXT_BYTES, read_text
from eduops.sheet.workbook import MAX_CELLS, Cell, Range, Sheet, Workbook

# What a file may cost follows from its size: eight bytes of memory for one unpacked are twice what a real bank needs.
LEAST_MEMORY_BYTES = 256 * 1024 * 1024
MOST_MEMORY_BYTES = 768 * 1024 * 1024
MEMORY_FACTOR = 8
CHILD_SECONDS = 30
MAX_OUTPUT_BYTES = 256 * 1024 * 1024
_CHILD = Path(__file__).with_name("child.py")
_SPECIAL: dict[str, Callable[[str], Cell]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
    "text": str,
}


@dataclass(frozen=True, slots=True)
class Special:
    """What the package says of a sheet's cells beside their values."""

    errors: frozenset[tuple[int, int]] = frozenset()
    formatted: frozenset[tuple[int, int]] = frozenset()
    raised: Raised = field(default_factory=dict)
    struck: frozenset[tuple[int, int]] = frozenset()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()


def read_workbook(path: Path) -> Workbook:
    """Every worksheet of an xlsx, xlsm, xlsb, ods, xls or text file, hidden ones included.

    Raises InputError, each case in its own words, for what is missing, no table, encrypted, damaged, harmful or too
    large; a reader that dies or runs away is reported in the same way.
    """
    with open_source(path) as stream:
        found = sniff_stream(stream, path)
        if found is Format.TEXT:
            return Workbook(path, found.value, (read_text(stream.read(MAX_TEXT_BYTES + 1), path),))
        survey = check_zip(stream, path) if found in ZIPPED else Survey(path.stat().st_size, {})
        special = _name_special(stream, survey)
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"book.{found.value}"  # calamine believes the ending, the user's file may lie
        link.symlink_to(path.resolve())
        memory_bytes = min(MOST_MEMORY_BYTES, LEAST_MEMORY_BYTES + MEMORY_FACTOR * survey.unpacked_bytes)
        child = [sys.executable, "-P", str(_CHILD), str(link), str(memory_bytes), str(CHILD_SECONDS)]
        sheets = _read_in_child(child, path, special)
    if not sheets:
        raise InputError(f"{path} 里没有工作表", hint="给出至少有一张工作表的文件")
    return Workbook(path, found.value, sheets)


def _name_special(stream: BinaryIO, survey: Survey) -> Mapping[str, Special]:
    """By sheet name."""
    if not (survey.errors or survey.formatted or survey.has_raised or survey.struck or survey.hidden):
        return {}
    parts = load_sheet_parts(stream)
    raised = load_raised(stream, parts) if survey.has_raised else {}
    struck = load_struck(stream, parts) if survey.has_raised else {}
    nothing: frozenset[tuple[int, int]] = frozenset()
    none_hidden: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
    return {
        name: Special(
            survey.errors.get(part, nothing),
            survey.formatted.get(part, nothing),
            raised.get(name, {}),
            survey.struck.get(part, nothing) | struck.get(name, nothing),
            *survey.hidden.get(part, none_hidden),
        )
        for name, part in parts.items()
    }


def _read_in_child(command: list[str], path: Path, special: Mapping[str, Special]) -> tuple[Sheet, ...]:
    """Sheets as the child tells them; the child can neither outlive its time nor hand over more than its share."""
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise OutsideError(
            "不能启动读取表格的子进程", hint="检查内存和进程数", source=sys.executable
        ) from error
    clock = threading.Timer(CHILD_SECONDS, child.kill)
    clock.start()
    try:
        with child:
            assert child.stdout is not None  # noqa: S101 -- asked for above
            return _collect(child.stdout, path, special)
    finally:
        clock.cancel()
        child.kill()


@dataclass(slots=True)
class _Draft:
    """A sheet as far as it has arrived."""

    name: str
    visible: bool
    first_row: int
    first_column: int
    merged: tuple[Range, ...]
    rows: list[list[Cell]] = field(default_factory=list)

    def finish(self, special: Mapping[str, Special]) -> Sheet:
        """The sheet without the empty rows at its end, raised and lowered letters as they are meant."""
        known = special.get(self.name, Special())
        while self.rows and not any(cell is not None for cell in self.rows[-1]):
            self.rows.pop()
        return Sheet(
            self.name,
            self.rows,
            self.first_row,
            self.visible,
            self.merged,
            known.errors,
            known.formatted,
            frozenset(self._spell(known.raised)),
            known.struck,
            known.hidden_rows,
            known.hidden_columns,
        )

    def _spell(self, raised: Raised) -> Iterator[tuple[int, int]]:
        """Puts what is meant where the plain text stands, and gives the places."""
        for (row, column), (plain, meant) in raised.items():
            index = row - self.first_row
            cells = self.rows[index] if 0 <= index < len(self.rows) else []
            if column < len(cells) and cells[column] == plain:
                cells[column] = meant
                yield row, column


def _collect(stdout: IO[bytes], path: Path, marked: Mapping[str, Special]) -> tuple[Sheet, ...]:
    drafts: list[_Draft] = []
    cells = 0
    for line in _list_lines(stdout, path):
        match line:
            case {"error": "password"}:
                raise encrypted(path)
            case {"error": _, "detail": detail}:
                raise InputError(f"{path} 读不下去：文件已损坏或不规范（{detail}）", hint=SAVE_AS)
            case {"sheet": _}:
                drafts.append(_parse_sheet(line))
            case {"rows": rows, "special": special}:
                cells += sum(map(len, rows))
                if cells > MAX_CELLS:
                    raise InputError(f"{path} 超过 {MAX_CELLS} 个单元格", hint="分成几个文件")
                drafts[-1].rows.extend(_parse_rows(rows, special, drafts[-1].first_column))
            case {"end": True}:
                return tuple(draft.finish(marked) for draft in drafts)
    raise InputError(
        f"{path} 读取时超出了内存或时间上限，或文件已损坏，没有导入",
        hint=f"删去远处多余的行列，分成几个文件；或{SAVE_AS}",
    )


# Any: what JSON holds is known only after looking.
def _list_lines(stdout: IO[bytes], path: Path) -> Iterator[dict[str, Any]]:
    left = MAX_OUTPUT_BYTES
    while line := stdout.readline(left):
        left -= len(line)
        if left <= 0:
            raise InputError(f"{path} 的文字超过 {MAX_OUTPUT_BYTES // 1024 // 1024} MB", hint="分成几个文件")
        if not line.endswith(b"\n"):
            return
        yield json.loads(line)


def _parse_sheet(line: dict[str, Any]) -> _Draft:
    merged = tuple(Range(first[0] + 1, first[1], last[0] + 1, last[1]) for first, last in line["merged"])
    return _Draft(line["sheet"], line["visible"], line["first_row"], line["first_column"], merged)


def _parse_rows(rows: list[list[Cell]], special: list[list[Any]], first_column: int) -> list[list[Cell]]:
    for row, column, kind, text in special:
        rows[row][column] = _SPECIAL[kind](text)
    if first_column:
        padding: list[Cell] = [None] * first_column
        return [padding + row for row in rows]
    return rows
