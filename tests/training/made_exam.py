"""Invented people of two tenants, a bank, a paper and an exam, put straight into the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlmodel import Session

from eduops.training.models import bank as banks
from eduops.training.models.exam import Exam, Paper, PaperItem
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Programme, Tenant
from eduops.training.rules.question import Question, QuestionType, fingerprints

MADE_AT = datetime(2026, 3, 1, tzinfo=UTC)
OPENS_AT = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
"""Thursday 14:00 in Shanghai."""
CLOSES_AT = OPENS_AT + timedelta(minutes=90)
MINUTES = 60

OPTIONS = ("甲", "乙", "丙")
SINGLE = Question(QuestionType.SINGLE, "虚构单选题", OPTIONS, (("A",),))
MULTIPLE = Question(QuestionType.MULTIPLE, "虚构多选题", OPTIONS, (("A",), ("C",)))
TRUE_FALSE = Question(QuestionType.TRUE_FALSE, "虚构判断题", (), (("T",),))
BLANK = Question(QuestionType.BLANK, "虚构填空题__和__", (), (("37℃", "37度"), ("60",)))
OPEN = Question(QuestionType.SHORT_ANSWER, "虚构简答题", (), (("要点",),))


@dataclass(frozen=True, slots=True)
class Scene:
    """One exam; Alice and Bob of one tenant, Charlie of another."""

    exam: Exam
    alice: Learner
    bob: Learner
    charlie: Learner


def add_scene(session: Session, *questions: Question, points: Decimal = Decimal(10)) -> Scene:
    """An exam of these questions, `points` each, and nobody in it yet."""
    exam = add_exam(session, questions or (SINGLE, MULTIPLE, TRUE_FALSE, BLANK), points=points)
    own, other = add_tenant(session, "xu-yi", "虚构甲医院"), add_tenant(session, "xu-er", "虚构乙医院")
    return Scene(
        exam,
        add_learner(session, own, "A1", "爱丽丝（虚构）"),
        add_learner(session, own, "B1", "鲍勃（虚构）"),
        add_learner(session, other, "A1", "查理（虚构）"),
    )


def add_tenant(session: Session, code: str, name: str) -> Tenant:
    tenant = Tenant(code=code, name=name, kind="outside_hospital", created_at=MADE_AT)
    session.add(tenant)
    session.flush()
    return tenant


def add_learner(
    session: Session, tenant: Tenant, staff_number: str, name: str, *, is_invented: bool = True
) -> Learner:
    learner = Learner(
        tenant_id=tenant.id,
        # Ids of different tenants may be equal: only the pair names a person.
        id=int.from_bytes(staff_number.encode()),
        staff_number=staff_number,
        name=name,
        is_invented=is_invented,
        created_at=MADE_AT,
    )
    session.add(learner)
    session.flush()
    return learner


def add_bank(session: Session, questions: Sequence[Question], *, name: str = "虚构题库") -> banks.Bank:
    """A bank whose question ids are 1, 2, … in the order given."""
    bank = banks.Bank(id=1, name=name, created_at=MADE_AT)
    session.add(bank)
    session.flush()
    for number in range(1, len(questions) + 1):
        session.add(banks.Question(id=number, bank_id=bank.id, position=number, revision=1))
    session.flush()
    for number, question in enumerate(questions, 1):
        add_revision(session, number, question)
    session.flush()
    return bank


def add_revision(session: Session, question_id: int, question: Question, *, revision: int = 1) -> None:
    same, asked = fingerprints(question)
    session.add(
        banks.QuestionRevision(
            question_id=question_id,
            revision=revision,
            type=question.type.value,
            stem=question.stem,
            options=list(question.options),
            key=[list(slot) for slot in question.key],
            any_order=question.any_order,
            explanation="",
            difficulty=None,
            knowledge_path=[],
            source="",
            tags=[],
            fingerprint=same,
            stem_fingerprint=asked,
            made_at=MADE_AT,
        )
    )
    session.flush()


def add_programme(session: Session) -> Programme:
    programme = Programme(code="xu", name="虚构培训", season="全年开展", audience=[])
    session.add(programme)
    session.flush()
    return programme


def add_exam(
    session: Session,
    questions: Sequence[Question],
    *,
    points: Decimal = Decimal(10),
    is_invented: bool = True,
) -> Exam:
    bank = add_bank(session, questions)
    paper = Paper(
        ref="PAP-2026-0001",
        title="虚构试卷",
        bank_id=bank.id,
        blueprint=[],
        seed=1,
        points=points * len(questions),
        made_at=MADE_AT,
        made_by="engineer",
    )
    session.add(paper)
    session.flush()
    for number in range(1, len(questions) + 1):
        session.add(
            PaperItem(paper_id=paper.id, number=number, question_id=number, revision=1, points=points)
        )
    exam = add_sitting(session, paper, "EXM-2026-0001", programme=add_programme(session))
    exam.is_invented = is_invented
    session.flush()
    return exam


def add_sitting(session: Session, paper: Paper, ref: str, *, programme: Programme) -> Exam:
    """Another exam on the same paper."""
    exam = Exam(
        ref=ref,
        title="虚构考试",
        programme_id=programme.id,
        paper_id=paper.id,
        opens_at=OPENS_AT,
        closes_at=CLOSES_AT,
        minutes_allowed=MINUTES,
        pass_percent=Decimal(60),
        is_invented=True,
        scheduled_at=MADE_AT,
    )
    session.add(exam)
    session.flush()
    return exam
