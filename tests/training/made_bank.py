"""Workbooks of invented questions, made in memory."""

from pathlib import Path

from eduops.sheet.workbook import Cell, Range, Sheet, Workbook
from eduops.training.rules.bank_judge import Judgement, judge_workbook
from eduops.training.rules.bank_mapping import NO_MAPPING, Mapping

HEAD: list[Cell] = ["题型", "题干", "选项A", "选项B", "选项C", "答案"]


def make_workbook(*rows: list[Cell], name: str = "题库", merged: tuple[Range, ...] = ()) -> Workbook:
    """A workbook with one sheet of these rows, from row 1."""
    return Workbook(Path("虚构题库.xlsx"), "xlsx", (Sheet(name, list(rows), merged=merged),))


def judge(
    *rows: list[Cell], name: str = "题库", merged: tuple[Range, ...] = (), mapping: Mapping = NO_MAPPING
) -> Judgement:
    """The judgement over one sheet of these rows."""
    return judge_workbook(make_workbook(*rows, name=name, merged=merged), mapping=mapping)


def codes(judgement: Judgement) -> list[tuple[int, str, str]]:
    """(row, column, code) of every error."""
    return [(error.row, error.column, error.code) for error in judgement.errors]
