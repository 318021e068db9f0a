"""Header rows: the one that counts, those printed again further down, and columns that contradict each other."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import Enum, auto
from functools import lru_cache
from itertools import islice

from eduops.sheet.header import Header, Name, bare_header, find_header, normalise_header
from eduops.sheet.workbook import Cell, Sheet, cell_text
from eduops.training.rules.bank_word import COLUMNS, LONE_LETTER

TELLING = frozenset({"key", "type", "option", "option_text", "option_right"})
"""What a header has beside the stem: without one of these a row is no header."""
SURE_COLUMNS: dict[str, Sequence[Name]] = {
    **COLUMNS,
    "option": [name for name in COLUMNS["option"] if name is not LONE_LETTER],
}
"""The headings that no question holds: a lone A or B is an option's heading, and an answer."""
MOST_TITLES = 30
"""In how many of a sheet's first rows its header is looked for."""

_STEMS = frozenset(normalise_header(name) for name in COLUMNS["stem"] if isinstance(name, str))
_FIRST_OF_STEMS = frozenset(name[0] for name in _STEMS)
_LONGEST_HEADING = 40
MUST_AGREE = frozenset({"stem", "key", "shared_stem", "option"})
"""Fields and families of which no second column may say something else."""

# 选项0, 选项Ⅱ, and the letters behind J.
_UNREAD_OPTION = re.compile(
    r"(?:选项|备选答案|备选项|备选|候选答案|候选项|答案选项|option|choice)\W*(?:\d{1,3}|[a-z]|[ivx]{1,4}|[一二三四五六七八九十]{1,3})"
)
_LONE_LETTER = re.compile("[a-z]")

_ABOUT = "说明书?|须知|示例|样例|范例|帮助"
_OF_A_FORM = (
    "填写|填表|填报|使用|导入|导出|上传|操作|录入|编写|编辑|制作|格式|字段|参数|规则|注意事项|要求|模板|模版|表格|表|页|试题|题目|题库|题型|"
    "数据|文档|文件|系统|参考|请先看|[和与及的、_\\-()（）【】\\[\\]\\s\\d]"
)
_INSTRUCTIONS = re.compile(rf"(?:{_OF_A_FORM})*(?:{_ABOUT})(?:{_ABOUT}|{_OF_A_FORM})*")


class Again(Enum):
    """What a header row below the header is."""

    SAME = auto()
    OTHER = auto()


def families(*columns: Collection[str]) -> set[str]:
    """The fields with the members of families under one name: option for option[0]."""
    return {name.partition("[")[0] for names in columns for name in names}


def read_header(sheet: Sheet, row: int) -> Header:
    """That row as a header, whatever stands in it."""
    only = replace(sheet, rows=[sheet.row(row)], first_row=row)
    found = find_header(only, COLUMNS, required=())
    texts = tuple((at, text) for at, cell in enumerate(only.rows[0]) if (text := cell_text(cell).strip()))
    return found or Header(row, {}, texts, (), 0)


def find_first_header(sheet: Sheet, mapped: Collection[str]) -> Header | None:
    """The first row that names the stem and what tells of its answer: a richer one below it begins another table."""
    for number, _ in islice(sheet.numbered_rows(), MOST_TITLES):
        header = read_header(sheet, number)
        if "stem" in header.columns and families(header.columns, mapped) & TELLING:
            return header
    return None


class LaterHeaders:
    """Tells the header's repetitions, and other headers, from questions."""

    def __init__(self, sheet: Sheet, row: int) -> None:
        self._sheet = sheet
        self._columns = read_header(sheet, row).columns
        self._texts = _plain_texts(sheet.row(row))
        self._first_type = next((type(cell) for cell in sheet.row(row) if cell is not None), None)

    def look(self, row: int, cells: Sequence[Cell]) -> Again | None:
        """None for a row that is no header."""
        if self._is_same_text(cells):
            return Again.SAME
        if not _has_stem(cells):
            return None
        sure = find_header(replace(self._sheet, rows=[list(cells)]), SURE_COLUMNS, required=("stem",))
        if sure is None or not families(sure.columns) & TELLING:
            return None
        columns = read_header(self._sheet, row).columns
        if 2 * len(columns) <= len(_plain_texts(cells)):
            return None
        return Again.SAME if columns == self._columns else Again.OTHER

    def _is_same_text(self, cells: Sequence[Cell]) -> bool:
        # Cheap looks first: few rows fill as many cells, and hardly any begins as the header does.
        if len(self._texts) < 2 or len(cells) - cells.count(None) != len(self._texts):
            return False
        column, text = next(iter(self._texts.items()))
        cell = cells[column] if column < len(cells) else None
        return (
            type(cell) is self._first_type
            and normalise_header(cell_text(cell)) == text
            and _plain_texts(cells) == self._texts
        )


def find_disagreement(sheet: Sheet, header_row: int, columns: Sequence[int]) -> int | None:
    """The first row where one of the other columns says what the first of them does not; None where none does."""
    taken, *others = columns
    for number, _ in sheet.numbered_rows(header_row + 1):
        own = cell_text(sheet.cell(number, taken)).strip()
        told = (cell_text(sheet.cell(number, column)).strip() for column in others)
        if any(text and text != own for text in told):
            return number
    return None


def may_be_option(heading: str, *, is_behind_options: bool) -> bool:
    """Whether a heading that no field takes may be an option's: 选项0, or K behind the options A to J."""
    plain = bare_header(heading)
    return bool(_UNREAD_OPTION.fullmatch(plain) or (is_behind_options and _LONE_LETTER.fullmatch(plain)))


def list_headed(sheet: Sheet, header_row: int, used: Collection[int]) -> tuple[tuple[int, str], ...]:
    """The columns with a heading that no field takes, those of another column's mapping included."""
    texts = ((column, cell_text(cell).strip()) for column, cell in enumerate(sheet.row(header_row)))
    return tuple((column, text) for column, text in texts if column not in used and normalise_header(text))


def list_unheaded(sheet: Sheet, header_row: int, used: Collection[int]) -> tuple[int, ...]:
    """The columns without a heading, and without a field, that hold something below the header."""
    head = sheet.row(header_row)
    bare = [
        column
        for column in range(sheet.width)
        if column not in used and (column >= len(head) or not cell_text(head[column]).strip())
    ]
    rows = [cells for _, cells in sheet.numbered_rows(header_row + 1)] if bare else []
    return tuple(
        column
        for column in bare
        if any(column < len(cells) and cell_text(cells[column]).strip() for cells in rows)
    )


def is_about_the_form(sheet: Sheet) -> bool:
    """Whether the sheet's name as a whole says so: 填写说明 does, 药品说明书题库 does not."""
    return _INSTRUCTIONS.fullmatch(sheet.name.strip()) is not None


def _has_stem(cells: Sequence[Cell]) -> bool:
    """Whether a cell is a heading of the stem. Every row is asked: a cheap look for a letter comes first."""
    maybe = [
        cell
        for cell in cells
        if type(cell) is str
        and len(cell) <= _LONGEST_HEADING
        # Every name of the stem has one of these: 题, 问, 病例, stem, question.
        and ("题" in cell or "问" in cell or "例" in cell or "s" in cell or "S" in cell)
        # What begins with any other Chinese letter is none of them, however it is marked.
        and not ("\u4e00" <= cell[0] <= "\u9fff" and cell[0] not in _FIRST_OF_STEMS)
    ]
    return any(map(_is_stem, maybe))


# Remembered: the type of the question, which holds 题 as well, says the same in row after row.
@lru_cache(maxsize=4096)
def _is_stem(text: str) -> bool:
    return normalise_header(text) in _STEMS or bare_header(text) in _STEMS


def _plain_texts(cells: Sequence[Cell]) -> dict[int, str]:
    return {at: normalise_header(cell_text(cell)) for at, cell in enumerate(cells) if cell is not None}
