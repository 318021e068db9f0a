"""Satisfaction surveys: what an answer must be, rows of files read into answers, and their mean. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from eduops.core.errors import InputError, Problem
from eduops.sheet.day import find_day
from eduops.sheet.header import Header, find_header, normalise_header
from eduops.sheet.workbook import Cell, Sheet, Workbook, cell_text

HUNDREDTH = Decimal("0.01")
_FULL = Decimal(100)
_LARGEST, _FINEST = Decimal(10**6), -20
_VOCABULARY = {
    "answered_on": ("日期", "填写日期", "调查日期", "date", "answered_on"),
    "department": ("科室", "部门", "department"),
    "respondent": ("填表人", "填写人", "姓名", "respondent"),
    "score": ("得分", "分数", "满意度", "总分", "score"),
    "comment": ("意见", "意见和建议", "建议", "备注", "comment"),
}
_ITEM = re.compile(r"项目[::：](.+)")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class NewSurvey:
    """One answer; `items` are the lines of a 科室使用情况反馈表, each 0 to 100."""

    answered_on: date
    score: Decimal
    department: str = ""
    respondent: str = ""
    comment: str = ""
    items: Mapping[str, Decimal] = field(default_factory=dict)


def build_survey(
    answered_on: date,
    *,
    score: Decimal | None,
    items: Mapping[str, Decimal],
    department: str = "",
    respondent: str = "",
    comment: str = "",
) -> NewSurvey:
    """An answer with its score, or the mean of its items rounded to hundredths.

    Raises InputError where it has neither or both, or a figure is not between 0 and 100.
    """
    if (score is None) == (not items):
        raise InputError("总分和分项得分要写一种，也只写一种", hint="写总分，或写反馈表的每一项")
    given = score if score is not None else average(list(items.values()))
    for name, value in {**items, "得分": given}.items():
        if not 0 <= value <= _FULL:
            raise InputError(f"「{name}」{value} 不在 0 到 100 之间", hint="按百分制填写")
        if value != value.quantize(HUNDREDTH):
            raise InputError(f"「{name}」{value} 超过两位小数", hint="最多写两位小数")
    texts = (department, respondent, comment, *items)
    if any(_UNFIT.search(text) for text in texts):
        raise InputError("文字中有不可见的控制字符", hint="删去后重新填写")
    return NewSurvey(answered_on, given, department.strip(), respondent.strip(), comment.strip(), dict(items))


def average(scores: Sequence[Decimal]) -> Decimal:
    """The mean in hundredths, halves up."""
    return (sum(scores, Decimal()) / len(scores)).quantize(HUNDREDTH, ROUND_HALF_UP)


def parse_score(text: str) -> Decimal:
    """A figure as people type it. Raises InputError."""
    try:
        value = Decimal(text.strip().removesuffix("分"))
    except InvalidOperation:
        value = Decimal("NaN")
    # Compared, not computed with: 1e999999999 is a Decimal too.
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < _FINEST or not -_LARGEST < value < _LARGEST:
        raise InputError(f"「{text}」不是分数", hint="写成 0 到 100 的数")
    return value


def parse_day(value: Cell) -> date:
    """A day as files bring it. Raises InputError."""
    day = find_day(value)
    if day is None:
        raise InputError(f"「{cell_text(value)}」不是日期", hint="写成 2026-03-05 的样子")
    return day


def read_surveys(workbook: Workbook) -> list[NewSurvey]:
    """Every answer of a workbook. Raises InputError with every bad row, or where no sheet has 日期 and scores."""
    problems: list[Problem] = []
    found: list[NewSurvey] = []
    headers = [(sheet, header) for sheet in workbook.sheets if (header := _find_header(sheet))]
    if not headers:
        raise InputError(
            f"{workbook.path} 里找不到满意度调查：没有同时含日期和得分的表头",
            hint="表头写 日期、科室、得分、意见；反馈表的各项写成「项目：响应及时」",
        )
    for sheet, header in headers:
        for number, cells in sheet.numbered_rows(header.row + 1):
            if any(cell_text(cell).strip() for cell in cells):
                try:
                    found.append(_read_row(header, cells))
                except InputError as error:
                    place = f"{sheet.name}!第 {number} 行" if len(headers) > 1 else f"第 {number} 行"
                    problems.append(Problem(str(workbook.path), place, error.message, number))
    if problems:
        raise InputError(
            f"{workbook.path} 有 {len(problems)} 行不能导入，没有写入任何一行",
            hint="改正所列各行后重新导入",
            problems=problems,
        )
    return found


def _find_header(sheet: Sheet) -> Header | None:
    header = find_header(sheet, _VOCABULARY, required=("answered_on",))
    if header is None or not ("score" in header.columns or any(_list_items(header))):
        return None
    return header


def _list_items(header: Header) -> Iterator[tuple[int, str]]:
    for column, text in header.unknown:
        match = _ITEM.fullmatch(text.strip())
        if match and normalise_header(match[1]):
            yield column, match[1].strip()


def _read_row(header: Header, cells: Sequence[Cell]) -> NewSurvey:
    def cell(name: str) -> Cell:
        column = header.columns.get(name)
        return cells[column] if column is not None and column < len(cells) else None

    def text(name: str) -> str:
        return cell_text(cell(name)).strip()

    items = {
        name: parse_score(cell_text(cells[column]))
        for column, name in _list_items(header)
        if column < len(cells) and cell_text(cells[column]).strip()
    }
    score = parse_score(text("score")) if text("score") else None
    return build_survey(
        parse_day(cell("answered_on")),
        score=None if items and score == average(list(items.values())) else score,
        items=items,
        department=text("department"),
        respondent=text("respondent"),
        comment=text("comment"),
    )
