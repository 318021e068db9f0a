"""A workbook of courses: what each row says of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from eduops.sheet.day import find_day
from eduops.sheet.workbook import Workbook
from eduops.training.rules import course
from eduops.training.rules.course import CourseTerms
from eduops.training.rules.form import Form, FormRow, RowError, is_filled, iterate_rows, list_forms

VOCABULARY: dict[str, Sequence[str]] = {
    "programme": ("培训项目", "所属项目", "项目", "项目名称", "项目代码"),
    "title": ("课程名称", "课程", "课程标题", "课程题目", "课题", "名称"),
    "mode": ("授课形式", "形式", "课程形式", "授课方式", "培训方式", "课程类型"),
    "hours": ("学时", "学时数", "课时", "课时数"),
    "lecturer": ("讲师", "主讲人", "主讲", "授课老师", "授课教师", "授课人", "老师"),
    "department": ("授课科室", "科室", "主办科室", "部门"),
    "start_on": ("开始日期", "开课日期", "开始时间", "上线日期", "日期"),
    "last_on": ("结束日期", "截止日期", "结束时间", "下线日期"),
}
_TELLING = ("programme", "mode", "hours", "lecturer", "department", "start_on")
_SHARED = ("programme", "mode", "lecturer", "department", "start_on", "last_on")


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One course as a row names it; `programme` is None where the row does not say whose it is."""

    row: int
    programme: str | None
    terms: CourseTerms


@dataclass(frozen=True, slots=True)
class CourseSheet:
    """What the workbook says: courses, and cells that nobody can read."""

    form: Form
    courses: tuple[CourseRow, ...]
    errors: tuple[RowError, ...]


def read_courses(workbook: Workbook) -> CourseSheet | None:
    """The first visible sheet that lists courses; None where there is none. A second filled one is an error."""
    forms = list_forms(workbook, VOCABULARY, required=[("title", each) for each in _TELLING])
    if not forms:
        return None
    first, *others = forms
    rows = list(iterate_rows(first, shared=_SHARED))
    courses = [_read_row(first, row) for row in rows]
    errors = [error for row in rows for error in row.errors]
    errors += [_second_list(other, first.sheet.name) for other in others if is_filled(other)]
    spoilt = {error.row for error in errors}
    return CourseSheet(first, tuple(each for each in courses if each.row not in spoilt), tuple(errors))


def _second_list(form: Form, first: str) -> RowError:
    said = f"工作表「{first}」和「{form.sheet.name}」都是课程清单；一次导入一张，请合成一张，或隐藏不要的一张"
    return form.error(form.header.row, "", "second_list", said)


def _read_row(form: Form, row: FormRow) -> CourseRow:
    texts = row.texts
    terms = CourseTerms(
        title=texts["title"],
        mode=_read_mode(form, row),
        hours=_read_hours(form, row),
        lecturer=texts.get("lecturer") or None,
        department=texts.get("department") or None,
        start_on=_read_day(form, row, "start_on"),
        last_on=_read_day(form, row, "last_on"),
    )
    return CourseRow(row.number, texts.get("programme") or None, terms)


def _read_mode(form: Form, row: FormRow) -> str | None:
    text = row.texts.get("mode", "")
    mode = course.find_mode(text) if text else None
    if text and mode is None:
        said = f"「{text[:20]}」不是授课形式；可用：{'、'.join(course.MODES.values())}"
        row.errors.append(form.error(row.number, "mode", "unknown_mode", said))
    return mode


def _read_hours(form: Form, row: FormRow) -> Decimal | None:
    text = row.texts.get("hours", "")
    hours = course.find_hours(text) if text else None
    if text and hours is None:
        said = f"「{text[:20]}」不是学时；写成 2 或 1.5"
        row.errors.append(form.error(row.number, "hours", "not_hours", said))
    return hours


def _read_day(form: Form, row: FormRow, name: str) -> date | None:
    text = row.texts.get(name, "")
    day = find_day(text) if text else None
    if text and day is None:
        said = f"「{text[:20]}」不是日期；写成 2026-03-05 的样子"
        row.errors.append(form.error(row.number, name, "not_a_day", said))
    return day
