"""Rehearsing an exam before people sit it: invented answers through the real attempt service, each one committed."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from eduops.core.errors import Conflict, NotAllowed
from eduops.store.store import Store
from eduops.training.models.exam import Exam
from eduops.training.models.learner import Learner
from eduops.training.queries import exam as exams
from eduops.training.queries import learner as learners
from eduops.training.rules.question import CHOICE, LETTERS, OPEN, Question, QuestionType
from eduops.training.service import attempt as service

_WRONG_SHARE = 0.3
"""How often an invented learner answers wrongly; each learner's own share lies around it."""


@dataclass(frozen=True, slots=True)
class RehearsalResult:
    """How many sat the exam, how many answers were saved and read back, and how many came back different."""

    attempts: int
    saved: int
    found: int
    lost: int


def rehearse(
    store: Store,
    exam_ref: str,
    *,
    learners: int,
    seed: int,
    advance: Callable[[int], None] = lambda _step: None,
) -> RehearsalResult:
    """`learners` invented people sit the exam: every answer is its own committed unit of work, then read back.

    Only learners marked as invented take part, so that a rehearsal never leaves a real person a result. The
    attempts carry instants of the exam's own window. Raises NotFound or NotAllowed; Conflict for an exam that
    somebody has begun already.
    """
    with store.reading() as session:
        exam = exams.get_exam(session, exam_ref)
        items = exams.load_items(session, exam.paper_id)
        people = _pick(session, learners, seed)
        begun = exams.count_attempts(session, exam.id)
    _check(exam, people, learners, begun)
    given: dict[tuple[int, int, int], list[str]] = {}
    for place, learner in enumerate(people):
        generator = random.Random(f"{seed}/{learner.tenant_id}/{learner.id}")  # noqa: S311 - invented answers
        _sit(store, exam, items, learner, generator, place, given)
        advance(1)
    lost, found = _compare(store, exam, given)
    return RehearsalResult(len(people), len(given), found, lost)


def _sit(
    store: Store,
    exam: Exam,
    items: Sequence[exams.PinnedItem],
    learner: Learner,
    generator: random.Random,
    place: int,
    given: dict[tuple[int, int, int], list[str]],
) -> None:
    at = exam.opens_at + timedelta(seconds=place % 60)
    pace = min(timedelta(minutes=exam.minutes_allowed), exam.closes_at - at) / (len(items) + 2)
    wrong_share = min(0.6, max(0.02, generator.gauss(_WRONG_SHARE, 0.15)))
    with store.writing() as session:
        attempt = service.start(session, exam, tenant_id=learner.tenant_id, learner_id=learner.id, now=at)
    for item in items:
        at += pace
        response = answer(item.question, generator, wrong_share=wrong_share)
        with store.writing() as session:
            service.save_answer(
                session,
                exam,
                tenant_id=learner.tenant_id,
                attempt_id=attempt.id,
                item_number=item.number,
                response=response,
                now=at,
            )
        given[learner.tenant_id, attempt.id, item.number] = response
    with store.writing() as session:
        service.submit(session, exam, tenant_id=learner.tenant_id, attempt_id=attempt.id, now=at)


def answer(question: Question, generator: random.Random, *, wrong_share: float) -> list[str]:
    """An invented answer: the right one, or with `wrong_share` probability one that may be wrong."""
    if question.type in OPEN:
        return ["（虚构的作答）"]
    right = [slot[0] for slot in question.key]
    if generator.random() >= wrong_share:
        return right
    if question.type in CHOICE:
        letters = LETTERS[: len(question.options)]
        count = 1 if question.type is QuestionType.SINGLE else generator.randint(1, len(letters))
        return sorted(generator.sample(letters, count))
    if question.type is QuestionType.TRUE_FALSE:
        return [generator.choice("TF")]
    return ["（虚构的答案）" for _ in right]


def _compare(store: Store, exam: Exam, given: dict[tuple[int, int, int], list[str]]) -> tuple[int, int]:
    """(answers that are missing or differ, answers found), read in a new session from the database."""
    with store.reading() as session:
        kept = {
            (saved.tenant_id, saved.attempt_id, saved.item_number): saved.response
            for answers in exams.answers_by_attempt(session, exam.id).values()
            for saved in answers
        }
    return sum(kept.get(key) != response for key, response in given.items()), len(kept.keys() & given.keys())


def _pick(session: Session, count: int, seed: int) -> list[Learner]:
    invented = [
        learner for learner, _ in learners.list_learners(session, states=("active",)) if learner.is_invented
    ]
    generator = random.Random(seed)  # noqa: S311 - which invented people take part
    return generator.sample(invented, min(count, len(invented)))


def _check(exam: Exam, people: Sequence[Learner], wanted: int, begun: int) -> None:
    if not exam.is_invented:
        raise NotAllowed(
            f"考试 {exam.ref} 是正式考试，不能演练",
            hint="用 eduops exam schedule --invented 另排一场演练用的考试",
        )
    if begun:
        raise Conflict(
            f"考试 {exam.ref} 已有 {begun} 人作答，一场考试只能演练一次",
            hint="用 eduops exam schedule --invented 另排一场演练用的考试",
        )
    if len(people) < wanted:
        raise NotAllowed(
            f"虚构学员只有 {len(people)} 人，不够 {wanted} 人",
            hint="用 eduops learner import --invented 导入虚构名册",
        )
