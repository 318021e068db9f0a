"""Reading a roster: which columns mean what, and what each row says of a learner."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from eduops.sheet.header import Header, find_header
from eduops.sheet.workbook import Sheet, Workbook, cell_text, column_letters, has_lost_digits

CATEGORIES = {
    "resident": "住培生",
    "commissioned": "委培生",
    "postgraduate": "研究生",
    "doctoral": "博士生",
    "postdoctoral": "博士后",
    "undergraduate": "本科生",
    "licensed_physician": "执业医师",
    "doctor": "医生",
    "nurse": "护士",
    "pharmacist": "药师",
    "technician": "医技",
    "tutor": "导师",
}
"""The categories of people that the contract and the hospital know, stored word → Chinese."""

VOCABULARY: dict[str, Sequence[str]] = {
    "tenant": ("机构", "单位", "医院", "机构名称", "单位名称", "所在单位", "院区"),
    "staff_number": ("工号", "学号", "职工号", "员工编号", "编号"),
    "name": ("姓名", "真实姓名", "学员姓名"),
    "category": ("人员类别", "类别", "身份", "角色"),
    "department": ("科室", "部门", "所在科室", "所在护理单元"),
    "title": ("职称",),
}
MOST_CHARACTERS = {"staff_number": 64, "name": 100}
"""What the table of learners holds."""

_REQUIRED = {"staff_number": "工号", "name": "姓名"}
_BY_CHINESE = {chinese: word for word, chinese in CATEGORIES.items()}
# What is left of a long number in a CSV that Excel has saved.
_EXPONENT = re.compile(r"\d(\.\d+)?[eE]\+\d+")
# A cell merged downwards speaks for all its rows; a person's own number and name are never shared.
_SHARED = ("tenant", "category", "department", "title")


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One person as a roster's row names them; `tenant` is None where the roster has no such column."""

    row: int
    tenant: str | None
    staff_number: str
    name: str
    category: str | None
    department: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class RowError:
    """One wrong cell of a roster: `row` as Excel counts, `column` its letters."""

    sheet: str
    row: int
    column: str
    code: str
    message: str

    @property
    def place(self) -> str:
        return f"{self.sheet}!{self.column}{self.row}"


@dataclass(frozen=True, slots=True)
class Roster:
    """What a workbook says: people, wrong cells, and where both were found."""

    sheet: str
    header_row: int
    columns: dict[str, str]
    learners: tuple[LearnerRow, ...]
    errors: tuple[RowError, ...]
    unused: tuple[str, ...] = ()
    """Columns that nothing was taken from, as people see them: "D 岗位"."""


def read_roster(workbook: Workbook) -> Roster | None:
    """The first visible sheet with a header that names a staff number and a name; None where there is none.

    Another such sheet with people on it is an error of the roster: nobody is left out unseen.
    """
    found = [
        (sheet, header)
        for sheet in workbook.sheets
        if sheet.visible and (header := find_header(sheet, VOCABULARY, required=tuple(_REQUIRED)))
    ]
    if not found:
        return None
    with_people = [pair for pair in found if any(_list_filled(*pair))] or found
    roster = _read_sheet(*with_people[0])
    others = tuple(_second_roster(sheet, header, roster.sheet) for sheet, header in with_people[1:])
    return replace(roster, errors=(*roster.errors, *others)) if others else roster


def _list_filled(sheet: Sheet, header: Header) -> Iterator[int]:
    """The numbers of the rows below the header in which anything is written."""
    for number, cells in sheet.numbered_rows(header.row + 1):
        if any(cell_text(cell).strip() for cell in cells):
            yield number


def _second_roster(sheet: Sheet, header: Header, first: str) -> RowError:
    message = f"工作表「{first}」和「{sheet.name}」都是名册；一次导入一张，请分成两个文件，或隐藏不要的一张"
    return _error(sheet, header, header.row, "staff_number", "second_roster", message)


def _read_sheet(sheet: Sheet, header: Header) -> Roster:
    learners: list[LearnerRow] = []
    errors: list[RowError] = []
    seen: dict[tuple[str | None, str], int] = {}
    anchors = sheet.merged_anchors()
    for number in _list_filled(sheet, header):
        text = _read_text(sheet, header, number, anchors)
        wrong = list(_check_cells(sheet, header, number))
        spoilt = {error.column for error in wrong}
        said = [_error(sheet, header, number, *found) for found in _check_text(text)]
        wrong += [error for error in said if error.column not in spoilt]
        learner = _build_learner(number, text)
        first = seen.setdefault((learner.tenant, learner.staff_number), number)
        if first != number and learner.staff_number:
            wrong.append(
                _error(sheet, header, number, "staff_number", "duplicate", f"工号与第 {first} 行重复")
            )
        errors += wrong
        if not wrong:
            learners.append(learner)
    columns = {field: column_letters(column) for field, column in header.columns.items()}
    unused = tuple(f"{column_letters(column)} {text}" for column, text in header.unknown)
    return Roster(sheet.name, header.row, columns, tuple(learners), tuple(errors), unused)


def _read_text(
    sheet: Sheet, header: Header, number: int, anchors: Mapping[tuple[int, int], tuple[int, int]]
) -> dict[str, str]:
    text: dict[str, str] = {}
    for field, column in header.columns.items():
        top, _ = anchors.get((number, column), (number, column))
        # Only downwards: the column stays its own, for a note merged across is not every column's text.
        row = top if field in _SHARED and top > header.row else number
        text[field] = cell_text(sheet.cell(row, column)).strip()
    return text


def _check_cells(sheet: Sheet, header: Header, number: int) -> Iterator[RowError]:
    """What Excel has done to a row's cells before we saw them."""
    for field, column in header.columns.items():
        if (number, column) in sheet.errors:
            message = "单元格是错误值（如 #N/A）；请改成文字"
            yield _error(sheet, header, number, field, "cell_error", message)
    cell = sheet.cell(number, header.columns["staff_number"])
    if isinstance(cell, date | time):
        message = f"工号成了日期或时间 {cell_text(cell)}，原文已被 Excel 改掉；请把该列设为文本重新填写"
        yield _error(sheet, header, number, "staff_number", "date", message)
    if has_lost_digits(cell) or (isinstance(cell, str) and _EXPONENT.fullmatch(cell.strip())):
        message = "工号是很长的数字，Excel 已丢失末位；请把该列设为文本重新填写"
        yield _error(sheet, header, number, "staff_number", "lost_digits", message)


def _check_text(text: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(field, code, message) of what a row lacks or says that cannot be."""
    for field, label in _REQUIRED.items():
        most = MOST_CHARACTERS[field]
        if not text[field]:
            yield field, "missing", f"缺少{label}"
        elif len(text[field]) > most:
            yield field, "too_long", f"{label}有 {len(text[field])} 个字，最多 {most} 个"
    category = text.get("category", "")
    if category and category not in _BY_CHINESE:
        message = f"人员类别「{category}」不在 {'、'.join(_BY_CHINESE)} 之内"
        yield "category", "unknown_category", message


def _build_learner(number: int, text: Mapping[str, str]) -> LearnerRow:
    return LearnerRow(
        row=number,
        tenant=text.get("tenant") or None,
        staff_number=text["staff_number"],
        name=text["name"],
        category=_BY_CHINESE.get(text.get("category", "")),
        department=text.get("department") or None,
        title=text.get("title") or None,
    )


def _error(sheet: Sheet, header: Header, row: int, field: str, code: str, message: str) -> RowError:
    return RowError(sheet.name, row, column_letters(header.columns[field]), code, message)


def learner_error(roster: Roster, learner: LearnerRow, field: str, code: str, message: str) -> RowError:
    """An error of a row that only the database shows, at the cell of `field`; a roster without the column: A."""
    return RowError(roster.sheet, learner.row, roster.columns.get(field, "A"), code, message)
