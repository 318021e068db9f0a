"""Workbooks that people fill in: a header row somewhere, below it a row a thing; every cell as text."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time

from eduops.asset.rules.raw_row import Place
from eduops.asset.rules.text import Slip
from eduops.sheet.header import Header, Name, Vocabulary, find_header
from eduops.sheet.workbook import Cell, Sheet, address, cell_text, column_letters, has_lost_digits

# What is left of a long number in a CSV that Excel has saved.
_EXPONENT = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Form:
    """A sheet with a header that was understood."""

    sheet: Sheet
    header: Header

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that nothing is taken from, as people see them: 主机!D 岗位."""
        return tuple(
            f"{self.sheet.name}!{column_letters(column)} {text[:_MOST_SHOWN]}"
            for column, text in self.header.unknown
        )

    def place(self, row: int, name: str = "") -> Place:
        """The cell of a field in a row; the row where the field has no column."""
        column = self.header.columns.get(name)
        at = f"第 {row} 行" if column is None else address(row, column)
        return Place(f"{self.sheet.name}!{at}", row)

    def places(self, row: int) -> dict[str, Place]:
        """The cell of every field in a row."""
        return {name: self.place(row, name) for name in self.header.columns}


@dataclass(slots=True)
class FormRow:
    """One filled row: its fields' texts, and what is wrong with its cells."""

    number: int
    texts: dict[str, str]
    slips: list[Slip] = field(default_factory=list)


def find_form(sheet: Sheet, vocabulary: Vocabulary, *, required: Collection[str]) -> Form | None:
    """The sheet with its header; None where no row near the top names all `required` fields."""
    header = find_header(sheet, vocabulary, required=required)
    return Form(sheet, header) if header else None


def iterate_rows(form: Form, *, exact: Collection[str] = (), with_unknown: bool = False) -> Iterator[FormRow]:
    """The filled rows. In `exact` fields a date, or a number of which Excel lost digits, is wrong.

    `with_unknown` gives the columns that no field was found for too, by their headings.
    """
    columns = dict(form.header.columns)
    others = name_unknown(form.header) if with_unknown else {}
    for number, cells in form.sheet.numbered_rows(form.header.row + 1):
        if not any(cell_text(cell).strip() for cell in cells):
            continue
        row = FormRow(number, {})
        for name, column in (*columns.items(), *others.items()):
            cell = cells[column] if column < len(cells) else None
            row.texts[name] = cell_text(cell).strip()
            row.slips += _list_cell_slips(form, number, name, cell, is_exact=name in exact)
        yield row


def name_unknown(header: Header) -> Mapping[str, int]:
    """Heading → column of what no field was found for; a heading that stands twice gets its letters."""
    named: dict[str, int] = {}
    for column, text in header.unknown:
        name = (
            text
            if text not in named and text not in header.columns
            else f"{text}（{column_letters(column)} 列）"
        )
        named[name] = column
    return named


def usual_names(heads: Mapping[str, tuple[str, ...]]) -> Vocabulary:
    """A vocabulary of plain headings."""
    return {name: tuple[Name, ...](known) for name, known in heads.items()}


def _list_cell_slips(form: Form, number: int, name: str, cell: Cell, *, is_exact: bool) -> Iterator[Slip]:
    column = form.header.columns.get(name)
    if column is not None and (number, column) in form.sheet.errors:
        yield Slip(name, "单元格是错误值（如 #N/A）；请改成文字")
    if not is_exact:
        return
    if isinstance(cell, date | time):
        said = cell_text(cell)
        yield Slip(name, f"成了日期或时间 {said}，原文已被 Excel 改掉；请把该列设为文本重新填写")
    elif has_lost_digits(cell) or (isinstance(cell, str) and _EXPONENT.fullmatch(cell.strip())):
        yield Slip(name, "是很长的数字，Excel 已丢失末位；请把该列设为文本重新填写")
