"""What is asked of papers, exams, attempts and scores."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func
from sqlmodel import Session, col, select

from eduops.core.errors import NotFound
from eduops.training.models.bank import Bank, QuestionRevision
from eduops.training.models.exam import Answer, Attempt, Exam, Paper, PaperItem
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Programme, Tenant
from eduops.training.rules.question import Question, QuestionType


@dataclass(frozen=True, slots=True)
class PinnedItem:
    """A question of a paper as it was when drawn."""

    number: int
    points: Decimal
    question: Question


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One learner's result in an exam."""

    tenant: str
    staff_number: str
    name: str
    department: str | None
    state: str
    points: Decimal | None
    is_invented: bool


def get_paper(session: Session, ref: str) -> Paper:
    """The paper of that reference. Raises NotFound."""
    paper = session.exec(select(Paper).where(Paper.ref == ref)).first()
    if paper is None:
        raise NotFound(f"没有试卷 {ref}", hint="运行 eduops paper list 查看编号")
    return paper


def list_papers(session: Session) -> list[tuple[Paper, str, int]]:
    """Papers with their bank's name and number of questions, newest first."""
    counted = session.execute(
        select(col(PaperItem.paper_id), func.count(col(PaperItem.number))).group_by(col(PaperItem.paper_id))
    )
    items = dict(counted.all())
    found = session.exec(
        select(Paper, Bank.name).join(Bank, col(Bank.id) == Paper.bank_id).order_by(col(Paper.id).desc())
    )
    return [(paper, bank, items.get(paper.id, 0)) for paper, bank in found]


def load_items(session: Session, paper_id: int) -> list[PinnedItem]:
    """A paper's questions at their pinned revisions, in order."""
    statement = (
        select(PaperItem, QuestionRevision)
        .join(
            QuestionRevision,
            (col(QuestionRevision.question_id) == PaperItem.question_id)
            & (col(QuestionRevision.revision) == PaperItem.revision),
        )
        .where(PaperItem.paper_id == paper_id)
        .order_by(col(PaperItem.number))
    )
    return [
        PinnedItem(item.number, item.points, _question(revision))
        for item, revision in session.exec(statement)
    ]


def list_exams_of(session: Session, programme_id: int) -> list[Exam]:
    """A programme's exams, the first to open first."""
    return list(
        session.exec(select(Exam).where(Exam.programme_id == programme_id).order_by(col(Exam.opens_at)))
    )


def get_exam(session: Session, ref: str) -> Exam:
    """The exam of that reference. Raises NotFound."""
    exam = session.exec(select(Exam).where(Exam.ref == ref)).first()
    if exam is None:
        raise NotFound(f"没有考试 {ref}", hint="运行 eduops exam list 查看编号")
    return exam


def list_exams(
    session: Session, *, from_at: datetime | None = None, to_at: datetime | None = None
) -> list[tuple[Exam, str, str]]:
    """Exams that open within [from_at, to_at), with their programme's name and paper's reference, newest first."""
    statement = (
        select(Exam, Programme.name, Paper.ref)
        .join(Programme, col(Programme.id) == Exam.programme_id)
        .join(Paper, col(Paper.id) == Exam.paper_id)
        .order_by(col(Exam.id).desc())
    )
    if from_at:
        statement = statement.where(Exam.opens_at >= from_at)
    if to_at:
        statement = statement.where(Exam.opens_at < to_at)
    return list(session.exec(statement))


def list_open_exams(session: Session, now: datetime) -> list[Exam]:
    """The exams that people may be sitting at an instant, the first to open first."""
    is_open = (col(Exam.opens_at) <= now) & (col(Exam.closes_at) > now)
    return list(session.exec(select(Exam).where(is_open).order_by(col(Exam.opens_at), col(Exam.id))))


def find_attempt(session: Session, *, exam_id: int, tenant_id: int, learner_id: int) -> Attempt | None:
    """A learner's attempt in an exam."""
    wanted = (
        (Attempt.exam_id == exam_id) & (Attempt.tenant_id == tenant_id) & (Attempt.learner_id == learner_id)
    )
    return session.exec(select(Attempt).where(wanted)).first()


def lock_attempts(session: Session, exam_id: int, *, states: Sequence[str]) -> list[Attempt]:
    """An exam's attempts in some states; nobody else changes them until the unit of work ends."""
    statement = select(Attempt).where(Attempt.exam_id == exam_id, col(Attempt.state).in_(states))
    ordered = statement.order_by(col(Attempt.tenant_id), col(Attempt.id))
    return list(session.exec(ordered.with_for_update()))


def answers_by_attempt(session: Session, exam_id: int) -> dict[tuple[int, int], list[Answer]]:
    """All answers of an exam by (tenant id, attempt id)."""
    statement = select(Answer).join(
        Attempt, (col(Attempt.tenant_id) == Answer.tenant_id) & (col(Attempt.id) == Answer.attempt_id)
    )
    found: dict[tuple[int, int], list[Answer]] = defaultdict(list)
    for answer in session.exec(statement.where(Attempt.exam_id == exam_id)):
        found[answer.tenant_id, answer.attempt_id].append(answer)
    return found


def count_attempts(session: Session, exam_id: int) -> int:
    """How many people have begun an exam."""
    statement = select(func.count()).select_from(Attempt).where(Attempt.exam_id == exam_id)
    return session.exec(statement).one()


def list_scores(session: Session, exam_id: int) -> list[ScoreRow]:
    """Everybody who began an exam, by tenant and staff number."""
    statement = (
        select(Attempt, Learner, Tenant.name)
        .join(
            Learner, (col(Learner.tenant_id) == Attempt.tenant_id) & (col(Learner.id) == Attempt.learner_id)
        )
        .join(Tenant, col(Tenant.id) == Attempt.tenant_id)
        .where(Attempt.exam_id == exam_id)
        .order_by(col(Attempt.tenant_id), col(Learner.staff_number))
    )
    return [
        ScoreRow(
            tenant, learner.staff_number, learner.name, learner.department, attempt.state, attempt.points,
            learner.is_invented,
        )
        for attempt, learner, tenant in session.exec(statement)
    ]  # fmt: skip


def _question(revision: QuestionRevision) -> Question:
    return Question(
        type=QuestionType(revision.type),
        stem=revision.stem,
        options=tuple(revision.options),
        key=tuple(tuple(slot) for slot in revision.key),
        any_order=revision.any_order,
        explanation=revision.explanation,
        difficulty=revision.difficulty,
        score=revision.score,
        knowledge_path=tuple(revision.knowledge_path),
        source=revision.source,
        tags=tuple(revision.tags),
    )
