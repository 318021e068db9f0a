"""Sitting an exam: an answer that was acknowledged is on disk; then grading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from eduops.core.errors import Conflict, NotFound
from eduops.store import counter
from eduops.training.models.exam import Answer, Attempt, Exam, PaperItem
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Tenant
from eduops.training.queries import exam as queries
from eduops.training.rules import attempt as rules
from eduops.training.rules.grading import grade
from eduops.training.rules.question import Question


@dataclass(frozen=True, slots=True)
class GradingResult:
    """How many attempts were graded, and how many wait for a person."""

    graded: int
    waiting: int


def start(session: Session, exam: Exam, *, tenant_id: int, learner_id: int, now: datetime) -> Attempt:
    """Begins a learner's attempt.

    Raises NotFound for a learner of another tenant, NotAllowed outside the exam's window or for one who has left
    or whose tenant is not active, Conflict for a second attempt.
    """
    learner = session.get(Learner, (tenant_id, learner_id))
    if learner is None:
        raise NotFound("本机构没有这名学员", hint="核对学员和机构")
    tenant = session.get(Tenant, tenant_id)
    tenant_state = tenant.state if tenant is not None else "closed"
    rules.check_start(_window(exam), learner_state=learner.state, tenant_state=tenant_state, now=now)
    # The counter's row lock lets starts in one by one: the second of two at once finds the first one's attempt.
    number = counter.allocate(session, "attempt")[0]
    if queries.find_attempt(session, exam_id=exam.id, tenant_id=tenant_id, learner_id=learner_id):
        raise Conflict(f"这名学员已经参加了考试 {exam.ref}", hint="每人每场考试一份答卷；补考另行安排")
    attempt = Attempt(
        tenant_id=tenant_id,
        id=number,
        exam_id=exam.id,
        learner_id=learner_id,
        started_at=now,
    )
    session.add(attempt)
    session.flush()
    return attempt


def save_answer(
    session: Session,
    exam: Exam,
    *,
    tenant_id: int,
    attempt_id: int,
    item_number: int,
    response: Sequence[str],
    now: datetime,
) -> Answer:
    """Saves the answer to one item, replacing an earlier one. The caller commits before it acknowledges.

    Raises NotFound for an attempt of another tenant or an item that the paper lacks, NotAllowed after submission
    or past the time.
    """
    attempt = _get_attempt(session, exam, tenant_id, attempt_id)
    rules.check_answer(_window(exam), state=attempt.state, started_at=attempt.started_at, now=now)
    if session.get(PaperItem, (exam.paper_id, item_number)) is None:
        raise NotFound(f"考试 {exam.ref} 的试卷没有第 {item_number} 题", hint="重新进入考试")
    answer = session.get(Answer, (tenant_id, attempt_id, item_number))
    if answer is None:
        answer = Answer(
            tenant_id=tenant_id,
            attempt_id=attempt_id,
            item_number=item_number,
            response=list(response),
            answered_at=now,
        )
    else:
        answer.response, answer.answered_at, answer.saves = list(response), now, answer.saves + 1
    session.add(answer)
    session.flush()
    return answer


def submit(session: Session, exam: Exam, *, tenant_id: int, attempt_id: int, now: datetime) -> Attempt:
    """Hands an attempt in; handing it in again changes nothing."""
    attempt = _get_attempt(session, exam, tenant_id, attempt_id)
    if attempt.state == "open":
        attempt.state, attempt.submitted_at = "submitted", now
        session.add(attempt)
        session.flush()
    return attempt


def grade_exam(session: Session, exam: Exam, *, now: datetime) -> GradingResult:
    """Grades every submitted attempt, and open ones whose time is over; open questions wait for a person.

    The points that a person has given stay; grading again changes nothing else.
    """
    window = _window(exam)
    items = {item.number: item for item in queries.load_items(session, exam.paper_id)}
    attempts = queries.lock_attempts(session, exam.id, states=("open", "submitted"))
    answers = queries.answers_by_attempt(session, exam.id)
    graded = waiting = 0
    for attempt in attempts:
        if attempt.state == "open" and now < window.last_moment(attempt.started_at):
            continue
        own = answers[attempt.tenant_id, attempt.id]
        if _grade_answers(session, own, items):
            attempt.points = sum((answer.points or Decimal(0) for answer in own), Decimal(0))
            attempt.state, attempt.graded_at = "graded", now
            graded += 1
        else:
            attempt.state = "submitted"
            waiting += 1
        session.add(attempt)
    session.flush()
    return GradingResult(graded, waiting)


def _grade_answers(session: Session, answers: Sequence[Answer], items: dict[int, queries.PinnedItem]) -> bool:
    """Gives each answer its points; False where one of them waits for a person."""
    complete = True
    for answer in answers:
        item = items[answer.item_number]
        question: Question = item.question
        found = grade(question, answer.response, item.points)
        answer.points = answer.points if found is None else found
        complete = complete and answer.points is not None
        session.add(answer)
    return complete


def _get_attempt(session: Session, exam: Exam, tenant_id: int, attempt_id: int) -> Attempt:
    # Locked: of an answer and the submission at the same moment, one sees what the other did.
    attempt = session.get(Attempt, (tenant_id, attempt_id), with_for_update=True)
    if attempt is None or attempt.exam_id != exam.id:
        raise NotFound("没有这份答卷", hint="重新进入考试")
    return attempt


def _window(exam: Exam) -> rules.Window:
    return rules.Window(exam.ref, exam.opens_at, exam.closes_at, exam.minutes_allowed)
