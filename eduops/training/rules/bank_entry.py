"""The rows of a sheet gathered into entries: one question each, or a shared stem."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time

from eduops.sheet.workbook import Cell, cell_text, column_letters, has_lost_digits
from eduops.training.rules.bank_heading import Again, LaterHeaders
from eduops.training.rules.bank_layout import Layout
from eduops.training.rules.bank_text import find_letters, split_options, strip_marks, strip_prefixes, tidy
from eduops.training.rules.bank_title import is_note, is_numbered, is_title
from eduops.training.rules.bank_word import (
    NO_GROUP_WORDS,
    TypeWord,
    find_type_in_title,
    parse_verdict,
)
from eduops.training.rules.form import RowError
from eduops.training.rules.question import LETTERS

_FILLED_DOWN = (
    "type",
    "group",
    "shared_stem",
    "explanation",
    "knowledge",
    "difficulty",
    "score",
    "source",
    "tags",
    "level",
)
"""Fields whose merged cells count for every row that they cover."""
_WIDE = "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ"
_BEFORE_PREFIX = frozenset("(（" + LETTERS + LETTERS.lower() + _WIDE + _WIDE.lower())
_SHOWN = 20
_EXACT = frozenset({"stem", "key", "shared_stem", "option_text"})


@dataclass(slots=True)
class Entry:
    """A question as its row (or rows) tell it, before anything is decided."""

    row: int
    texts: dict[str, str]
    options: list[str] = field(default_factory=list)
    merged_stem: int | None = None
    """The first row of the merged cell that holds the shared stem."""
    section: TypeWord | None = None
    block: int = 0
    """How many section titles stand above it."""
    repairs: set[str] = field(default_factory=set)
    errors: list[RowError] = field(default_factory=list)
    last_row: int = 0
    flags: list[str] = field(default_factory=list)
    """What the column 是否正确项 says of each option."""


@dataclass(slots=True)
class Between:
    """What stood between the questions of a sheet and was not taken for one."""

    titles: list[tuple[int, str]] = field(default_factory=list)
    """(row, text) of the titles of sections."""
    notes: list[tuple[int, str]] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    """The rows that say the header once more."""
    errors: list[RowError] = field(default_factory=list)

    def describe(self) -> Iterator[str]:
        """What was left out, a sentence for each kind, with its rows."""
        for name, rows in (("一段的标题", self.titles), ("注释", self.notes)):
            if rows:
                told = "；".join(f"第 {row} 行 {text[:_SHOWN]}" for row, text in rows)
                yield f"当作{name}，不是题目：{told}"
        if self.headers:
            yield f"第 {'、'.join(map(str, self.headers))} 行重复了表头，不是题目"


def gather(layout: Layout, between: Between) -> Iterator[Entry]:
    """The sheet's entries in their order; section titles, notes and headers further down go into `between`.

    Another header than the first is an error, and nothing below it is read.
    """
    reader = _Reader(layout, between)
    rows = reader.read()
    return (
        _join_option_rows(rows, reader)
        if "option_right" in layout.columns
        else _split_option_cells(rows, reader)
    )


class _Reader:
    """Reads one sheet row by row; keeps what a row needs to know of the rows above it."""

    def __init__(self, layout: Layout, between: Between) -> None:
        self.layout = layout
        self.sheet = layout.sheet
        self.between = between
        self.fields = [
            (name, column) for name, column in layout.columns.items() if not name.startswith("option[")
        ]
        options = layout.options
        self.option_columns = [options.get(index, -1) for index in range(max(options, default=-1) + 1)]
        self.covered = _covered(layout)
        self.stray = {column: dict(layout.unknown).get(column, "") for column in layout.stray}
        self.section: TypeWord | None = None
        self.block = 0

    def read(self) -> Iterator[Entry]:
        layout = self.layout
        assert layout.header_row is not None  # noqa: S101 -- a sheet of data has one
        later = LaterHeaders(self.sheet, layout.header_row)
        for number, cells in self.sheet.numbered_rows(layout.header_row + 1):
            again = later.look(number, cells)
            if again is Again.OTHER:
                self._refuse_rest(number)
                return
            if again is Again.SAME:
                self.between.headers.append(number)
                continue
            entry = self._read_row(number, cells)
            if entry is not None and not self._is_between(entry, cells):
                entry.section, entry.block = self.section, self.block
                yield entry

    def _refuse_rest(self, row: int) -> None:
        message = (
            f"第 {row} 行又是一个表头，列与第 {self.layout.header_row} 行的不同，从这一行起到第 {self.sheet.last_row} 行"
            "都没有读；请把下面这一段移到另一张工作表"
        )
        self.between.errors.append(self.error(row, 0, "header_repeated", message))

    def error(self, row: int, column: int, code: str, message: str) -> RowError:
        return RowError(self.sheet.name, row, column_letters(column), code, message)

    def _read_row(self, number: int, cells: list[Cell]) -> Entry | None:
        entry = Entry(number, {}, last_row=number)
        width = len(cells)
        texts, options = entry.texts, entry.options
        for name, column in self.fields:
            if column < width and (cell := cells[column]) is not None:
                text = self._read_cell(entry, name, column, cell)
                if text:
                    texts[name] = text
        for column in self.option_columns:
            cell = cells[column] if 0 <= column < width else None
            options.append("" if cell is None else self._read_cell(entry, "option", column, cell))
        while options and not options[-1]:
            options.pop()
        if self.covered:
            self._fill_down(entry)
        for name in ("shared_stem", "group"):
            if texts.get(name, "").casefold() in NO_GROUP_WORDS:
                del texts[name]
        for column, heading in self.stray.items():
            if column < width and cell_text(cells[column]).strip():
                entry.errors.append(self.error(number, column, "column_unheaded", _about_stray(heading)))
        if self.sheet.errors or self.sheet.struck:
            self._note_error_cells(entry)
            self._note_struck_cells(entry, cells)
        return entry if entry.texts or entry.options or entry.errors else None

    def _read_cell(self, entry: Entry, name: str, column: int, cell: Cell) -> str:
        if type(cell) is str:
            text = cell.strip() if cell.isprintable() else tidy(cell)
            if text != cell and text:
                entry.repairs.add("spaces")
            return text
        if name in _EXACT or name == "option":
            self._check_cell(entry, column, cell)
        return cell_text(cell)

    def _check_cell(self, entry: Entry, column: int, cell: Cell) -> None:
        if isinstance(cell, date | time):
            message = f"单元格是日期或时间 {cell_text(cell)}，原文可能已被 Excel 改掉；请设为文本后重填"
            entry.errors.append(self.error(entry.row, column, "cell_date", message))
        elif has_lost_digits(cell):
            message = "数字超过 15 位，末尾已被 Excel 改成 0；请设为文本后重填"
            entry.errors.append(self.error(entry.row, column, "digits_lost", message))
        elif (entry.row, column) in self.sheet.formatted:
            message = (
                f"单元格里是数字 {cell_text(cell)}，按格式显示成别的样子（百分比、带单位、补零或分数）；"
                "请设为文本，照显示的样子重填"
            )
            entry.errors.append(self.error(entry.row, column, "cell_formatted", message))

    def _fill_down(self, entry: Entry) -> None:
        for name, first_row, first_column in self.covered.get(entry.row, ()):
            text = tidy(cell_text(self.sheet.cell(first_row, first_column)))
            # A row that only a merged cell reaches stays an empty row.
            if text and (entry.texts or entry.options):
                entry.texts.setdefault(name, text)
                if name == "shared_stem":
                    entry.merged_stem = first_row

    def _note_error_cells(self, entry: Entry) -> None:
        for column in self.layout.columns.values():
            if (entry.row, column) in self.sheet.errors:
                message = "单元格是错误值（如 #N/A）或没有算出结果的公式；请改成文字"
                entry.errors.append(self.error(entry.row, column, "cell_error", message))

    def _note_struck_cells(self, entry: Entry, cells: list[Cell]) -> None:
        used = [
            column
            for column in sorted(self.layout.columns.values())
            if column < len(cells) and cells[column] is not None
        ]
        struck = [column for column in used if (entry.row, column) in self.sheet.struck]
        if struck and struck == used:
            message = "整行都划掉了（删除线），看不出还要不要；不要就删掉这一行，要就去掉删除线"
            entry.errors.append(self.error(entry.row, used[0], "cell_struck", message))
            return
        for column in struck:
            message = "格里有划掉的字（删除线），看不出还算不算；不算就删掉，算就去掉删除线"
            entry.errors.append(self.error(entry.row, column, "cell_struck", message))

    def _is_between(self, entry: Entry, cells: list[Cell]) -> bool:
        """Whether the row stands between questions: a section's title, a note."""
        if entry.options or entry.errors or len(entry.texts) != 1:
            return False
        filled = [cell for cell in cells if cell is not None]
        ((name, text),) = entry.texts.items()
        if len(filled) != 1:
            return False
        is_stem = name == "stem"
        if (not is_stem and is_numbered(text)) or (name != "type" and is_title(text)):
            self.section = find_type_in_title(text)
            self.block += 1
            self.between.titles.append((entry.row, text))
            return True
        if is_note(text, is_stem=is_stem):
            self.between.notes.append((entry.row, text))
            return True
        return False


def _about_stray(heading: str) -> str:
    if heading:
        return f"列名「{heading[:_SHOWN]}」看不出是第几个选项；请改成 选项A、选项B …，或用 --mapping 写明"
    return "这一列没有列名，紧接在选项后面，看不出是不是选项；请补上列名（如 选项E、备注），或清空"


def _covered(layout: Layout) -> dict[int, list[tuple[str, int, int]]]:
    """row -> (field, first row, first column) of the merged cells that reach into it."""
    named = {layout.columns[name]: name for name in _FILLED_DOWN if name in layout.columns}
    covered: dict[int, list[tuple[str, int, int]]] = {}
    for area in layout.sheet.merged:
        name = named.get(area.first_column)
        if name is None or area.first_row <= (layout.header_row or 0):
            continue
        for row in range(area.first_row, min(area.last_row, layout.sheet.last_row) + 1):
            covered.setdefault(row, []).append((name, area.first_row, area.first_column))
    return covered


def _split_option_cells(entries: Iterator[Entry], reader: _Reader) -> Iterator[Entry]:
    """Options that stand in one cell are parted; `A、` before each option goes."""
    column = reader.layout.columns.get("option_text")
    for entry in entries:
        text = entry.texts.pop("option_text", "") if column is not None else ""
        if text and not entry.options:
            options = split_options(text)
            if options is None and column is not None:
                message = "分不开这一格里的各个选项；请一行写一个，或用 | 分开"
                entry.errors.append(reader.error(entry.row, column, "options_unsplit", message))
            entry.options = strip_marks(options or [text])
            if options is not None and entry.options != options:
                entry.repairs.add("option_mark")
        elif entry.options:
            _strip_prefixes(entry, reader)
            if text and column is not None and split_options(text) != entry.options:
                message = "「选项」一格与选项各列写的不一样；请只留一处"
                entry.errors.append(reader.error(entry.row, column, "options_differ", message))
        yield entry


def _strip_prefixes(entry: Entry, reader: _Reader) -> None:
    first = next(filter(None, entry.options))
    # Cheap look before the careful one: hardly any option begins with a letter and a mark.
    if first[0] not in _BEFORE_PREFIX:
        return
    stripped = strip_prefixes(entry.options)
    if stripped is not None:
        entry.options = stripped
        entry.repairs.add("option_prefix")
    elif (letters := find_letters(entry.options)) and set(letters) <= set(LETTERS[: len(letters)]):
        column = next(
            (at for at in reader.option_columns if at >= 0), reader.layout.columns.get("option_text", 0)
        )
        message = "选项前写的字母不是按 A、B、C 排的，分不清答案指哪一个；请排好，或去掉字母"
        entry.errors.append(reader.error(entry.row, column, "option_letters", message))


def _join_option_rows(rows: Iterator[Entry], reader: _Reader) -> Iterator[Entry]:
    """One row an option: the question's own cells stand on its first row, the key is which options are right."""
    current: Entry | None = None
    for row in rows:
        if current is None or row.texts.get("stem"):
            if current is not None:
                yield _with_key(current, reader)
            current = row
        else:
            current.errors += row.errors
            current.repairs |= row.repairs
            current.last_row = row.row
        current.options.append(row.texts.pop("option_text", ""))
        current.flags.append(row.texts.pop("option_right", ""))
    if current is not None:
        yield _with_key(current, reader)


def _with_key(entry: Entry, reader: _Reader) -> Entry:
    letters = ""
    for index, flag in enumerate(entry.flags):
        verdict = parse_verdict(flag) if flag else False
        if verdict is None:
            message = f"看不出「{flag[:20]}」是正确项还是错误项；请写 1 或 0"
            column = reader.layout.columns["option_right"]
            entry.errors.append(reader.error(entry.row + index, column, "flag_unknown", message))
        letters += LETTERS[index] if verdict and index < len(LETTERS) else ""
    if letters:
        entry.texts.setdefault("key", letters)
    while entry.options and not entry.options[-1]:
        entry.options.pop()
    if entry.options:
        _strip_prefixes(entry, reader)
    return entry
