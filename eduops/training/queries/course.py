"""What is asked of courses and of the programmes that they belong to."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from eduops.contract.schema import Contract
from eduops.core.errors import NotFound
from eduops.training.models.course import Course
from eduops.training.models.exam import Exam
from eduops.training.models.tenant import Programme
from eduops.training.queries import tenant as programmes


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme, whether the contract names it (still), and how many exams and open courses belong to it."""

    programme: Programme
    in_contract: bool
    exams: int
    courses: int


def list_programme_rows(session: Session, contract: Contract) -> list[ProgrammeRow]:
    """All programmes with what belongs to them counted, in the order in which they came."""
    named = {each.code for each in contract.programmes}
    exams = session.execute(select(Exam.programme_id, func.count()).group_by(col(Exam.programme_id)))
    held = dict(exams.all())
    counted = select(Course.programme_id, func.count()).where(Course.state == "open")
    given = dict(session.execute(counted.group_by(col(Course.programme_id))).all())
    return [
        ProgrammeRow(each, each.code in named, held.get(each.id, 0), given.get(each.id, 0))
        for each in programmes.list_programmes(session)
    ]


def lock_programmes(session: Session, ids: Collection[int]) -> None:
    """Nobody else gives these programmes a course, or a course another title, until the unit of work ends."""
    statement = select(Programme.id).where(col(Programme.id).in_(ids)).order_by(col(Programme.id))
    session.exec(statement.with_for_update()).all()


def list_courses(
    session: Session, *, programme_id: int | None = None, states: Collection[str] = ()
) -> list[tuple[Course, str]]:
    """Courses with their programme's name, by programme, the oldest first; `states` empty means all."""
    statement = select(Course, Programme.name).join(Programme, col(Programme.id) == Course.programme_id)
    if programme_id is not None:
        statement = statement.where(Course.programme_id == programme_id)
    if states:
        statement = statement.where(col(Course.state).in_(states))
    return list(session.exec(statement.order_by(col(Course.programme_id), col(Course.id))))


def find_titled(session: Session, programme_id: int, title: str) -> Course | None:
    """The programme's course of that title, withdrawn or not."""
    wanted = (Course.programme_id == programme_id) & (Course.title == title)
    return session.exec(select(Course).where(wanted)).first()


def get_course(session: Session, ref: str) -> Course:
    """The course of that reference. Raises NotFound."""
    found = session.exec(select(Course).where(Course.ref == ref)).first()
    if found is None:
        raise NotFound(f"没有课程 {ref}", hint="运行 eduops course list 查看编号")
    return found
