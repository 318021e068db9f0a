"""Courses: given by a programme, changed, withdrawn and restored; many at once from a workbook."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.core.errors import Conflict, InputError, Problem
from eduops.store import counter
from eduops.training.models.course import Course
from eduops.training.models.tenant import Programme
from eduops.training.queries import course as queries
from eduops.training.queries import tenant as programmes
from eduops.training.rules.course import CourseTerms, list_slips
from eduops.training.rules.course_sheet import CourseRow, CourseSheet
from eduops.training.rules.form import RowError

_FIELDS = tuple(CourseTerms.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class CoursesResult:
    """What became of a workbook's rows; `withdrawn` are references that it names and nothing was done to."""

    rows: int
    added: int
    changed: int
    unchanged: int
    withdrawn: tuple[str, ...]


def add_course(
    session: Session,
    programme: Programme,
    terms: CourseTerms,
    *,
    now: datetime,
    zone: ZoneInfo,
    is_invented: bool = False,
) -> Course:
    """A new course of a programme. Raises InputError for an unsound one, Conflict where its title is taken."""
    _require_sound(terms)
    queries.lock_programmes(session, [programme.id])
    _require_free(session, programme, terms.title)
    return _add(session, programme.id, terms, now=now, zone=zone, is_invented=is_invented)


# Any: each field has a type of its own.
def change_course(
    session: Session, course: Course, changes: Mapping[str, Any], *, programme: Programme | None = None
) -> dict[str, object]:
    """Changes a course's terms, or moves it to another programme; what stood there where something changed.

    Raises InputError for what would be unsound, Conflict where the title is taken.
    """
    owner = programme or session.get_one(Programme, course.programme_id)
    terms = replace(_terms_of(course), **changes)
    _require_sound(terms)
    queries.lock_programmes(session, {course.programme_id, owner.id})
    if (owner.id, terms.title) != (course.programme_id, course.title):
        _require_free(session, owner, terms.title)
    wanted = {**asdict(terms), "programme_id": owner.id}
    before = {name: getattr(course, name) for name, value in wanted.items() if getattr(course, name) != value}
    course.sqlmodel_update(wanted)
    session.add(course)
    session.flush()
    return before


def change_state(session: Session, course: Course, state: str, *, reason: str, now: datetime) -> None:
    """Withdraws a course or restores it. Raises Conflict where it stands so already."""
    if course.state == state:
        raise Conflict(f"课程 {course.ref} 已经是这个状态", hint=f"运行 eduops course show {course.ref} 查看")
    course.state, course.state_reason, course.state_at = state, reason, now
    session.add(course)
    session.flush()


def import_courses(
    session: Session,
    sheet: CourseSheet,
    *,
    file: str,
    programme: Programme | None,
    mode: str | None,
    now: datetime,
    zone: ZoneInfo,
    is_invented: bool = False,
) -> CoursesResult:
    """Adds the courses of a workbook and brings known ones up to date; an empty cell leaves what is kept.

    `programme` and `mode` hold where a row says neither. A course is known by its programme and title. Raises
    InputError with every wrong cell, and nothing is written.
    """
    judged = _Judged(programme)
    judged.read(session, sheet, mode=mode)
    errors = sorted([*sheet.errors, *judged.errors], key=lambda error: error.row)
    if errors:
        raise InputError(
            f"{file} 有 {len(errors)} 处错误，什么都没有写入",
            hint="改正所列单元格后再导入一次",
            problems=[Problem(file, error.place, error.message, error.row) for error in errors],
        )
    made = [_put(session, *each, now=now, zone=zone, is_invented=is_invented) for each in judged.courses]
    session.flush()
    counts = Counter(made)
    withdrawn = tuple(known.ref for _, known, _ in judged.courses if known and known.state == "withdrawn")
    return CoursesResult(len(made), counts["added"], counts["changed"], counts["unchanged"], withdrawn)


@dataclass
class _Judged:
    """Rows against what is kept: (programme's id, the course that is known, what it shall be), and what is wrong."""

    programme: Programme | None
    courses: list[tuple[int, Course | None, CourseTerms]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def read(self, session: Session, sheet: CourseSheet, *, mode: str | None) -> None:
        named = {
            name: each for each in programmes.list_programmes(session) for name in (each.code, each.name)
        }
        queries.lock_programmes(session, {each.id for each in named.values()})
        known = {(each.programme_id, each.title): each for each, _ in queries.list_courses(session)}
        first: dict[tuple[int, str], int] = {}
        for row in sheet.courses:
            owner = named.get(row.programme) if row.programme else self.programme
            if owner is None:
                said = f"没有培训项目「{row.programme[:40]}」" if row.programme else "没有写培训项目"
                hint = "；名称或代码见 programme list" if row.programme else "；补上这一列，或加 --programme"
                self.errors.append(sheet.form.error(row.row, "programme", "programme", said + hint))
                continue
            kept = known.get((owner.id, row.terms.title))
            terms = _complete(row.terms, kept, mode)
            top = first.setdefault((owner.id, row.terms.title), row.row)
            self.errors += _list_errors(sheet, row, terms, top)
            self.courses.append((owner.id, kept, terms))


def _complete(said: CourseTerms, kept: Course | None, mode: str | None) -> CourseTerms:
    """What a row says, and where it says nothing, what is kept."""
    if kept is None:
        return replace(said, mode=said.mode or mode)
    given = {name: value for name, value in asdict(said).items() if value is not None}
    return replace(_terms_of(kept), **given)


def _list_errors(sheet: CourseSheet, row: CourseRow, terms: CourseTerms, first: int) -> Iterator[RowError]:
    for slip in list_slips(terms):
        yield sheet.form.error(row.row, slip.field, slip.code, slip.message)
    if first != row.row and terms.title:
        yield sheet.form.error(row.row, "title", "duplicate", f"同一项目的同一课程，与第 {first} 行重复")


def _put(
    session: Session,
    programme_id: int,
    known: Course | None,
    terms: CourseTerms,
    *,
    now: datetime,
    zone: ZoneInfo,
    is_invented: bool,
) -> str:
    if known is None:
        _add(session, programme_id, terms, now=now, zone=zone, is_invented=is_invented)
        return "added"
    if known.state == "withdrawn" or _terms_of(known) == terms:
        return "unchanged"
    known.sqlmodel_update(asdict(terms))
    session.add(known)
    return "changed"


def _add(
    session: Session,
    programme_id: int,
    terms: CourseTerms,
    *,
    now: datetime,
    zone: ZoneInfo,
    is_invented: bool,
) -> Course:
    course = Course(
        ref=counter.next_reference(session, "CRS", now.astimezone(zone).year),
        programme_id=programme_id,
        **asdict(terms),
        is_invented=is_invented,
        created_at=now,
    )
    session.add(course)
    session.flush()
    return course


def _terms_of(course: Course) -> CourseTerms:
    return CourseTerms(**{name: getattr(course, name) for name in _FIELDS})


def _require_sound(terms: CourseTerms) -> None:
    slips = [slip.message for slip in list_slips(terms)]
    if slips:
        raise InputError("；".join(slips), hint="改正后重试")


def _require_free(session: Session, programme: Programme, title: str) -> None:
    known = queries.find_titled(session, programme.id, title)
    if known is None:
        return
    if known.state == "withdrawn":
        how = f"它已撤下；要再开，用 eduops course restore {known.ref}"
    else:
        how = f"要改它，用 eduops course change {known.ref}；不是同一门课就换一个名称"
    raise Conflict(f"「{programme.name}」已有课程「{title}」（{known.ref}）", hint=how)
