"""An exam rehearsed by invented people: nothing lost, nobody real touched, the same seed the same evening."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select
from training.made_exam import (
    BLANK,
    CLOSES_AT,
    MULTIPLE,
    OPEN,
    OPENS_AT,
    SINGLE,
    TRUE_FALSE,
    add_exam,
    add_learner,
    add_sitting,
    add_tenant,
)

from eduops.core.errors import Conflict, NotAllowed, NotFound
from eduops.store.store import Store
from eduops.training.models.exam import Answer, Attempt, Exam, Paper
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Programme
from eduops.training.queries import exam as queries
from eduops.training.rules.grading import grade
from eduops.training.rules.question import Question
from eduops.training.service import attempt as attempts
from eduops.workflow.rehearsal import RehearsalResult, answer, rehearse

REF = "EXM-2026-0001"
CLOSED = (SINGLE, MULTIPLE, TRUE_FALSE, BLANK)


def set_stage(store: Store, *questions: Question, people: int = 6, real: int = 2) -> Exam:
    """An invented exam, `people` invented learners of two tenants and `real` real ones."""
    with store.writing() as session:
        exam = add_exam(session, questions or CLOSED)
        tenants = add_tenant(session, "xu-yi", "虚构甲医院"), add_tenant(session, "xu-er", "虚构乙医院")
        for number in range(people):
            add_learner(session, tenants[number % 2], f"X{number}", "虚构")
        for number in range(real):
            add_learner(session, tenants[0], f"R{number}", "虚构", is_invented=False)
        return exam


def list_points(session: Session, exam: Exam) -> list[tuple[str, Decimal | None]]:
    return [(score.staff_number, score.points) for score in queries.list_scores(session, exam.id)]


def test_no_answer_is_lost_and_only_invented_people_sit(store: Store) -> None:
    exam = set_stage(store)
    steps: list[int] = []
    assert rehearse(store, REF, learners=6, seed=1, advance=steps.append) == RehearsalResult(6, 24, 24, 0)
    assert steps == [1] * 6
    with store.reading() as session:
        sat = session.exec(
            select(Learner).join(
                Attempt, (Learner.tenant_id == Attempt.tenant_id) & (Learner.id == Attempt.learner_id)
            )
        ).all()
        assert (len(sat), all(learner.is_invented for learner in sat)) == (6, True)
        kept = session.exec(select(Attempt)).all()
        assert {attempt.state for attempt in kept} == {"submitted"}
        answers = session.exec(select(Answer)).all()
        assert all(OPENS_AT <= each.answered_at < exam.closes_at for each in answers)
        assert {each.saves for each in answers} == {1}


def test_the_same_seed_gives_the_same_scores(sqlite_store: Store) -> None:
    set_stage(sqlite_store, people=8)
    with sqlite_store.writing() as session:
        paper, programme = session.exec(select(Paper)).one(), session.exec(select(Programme)).one()
        for ref in ("EXM-2026-0002", "EXM-2026-0003"):
            add_sitting(session, paper, ref, programme=programme)
    found = []
    for ref, seed in ((REF, 7), ("EXM-2026-0002", 7), ("EXM-2026-0003", 8)):
        rehearse(sqlite_store, ref, learners=5, seed=seed)
        with sqlite_store.writing() as session:
            exam = queries.get_exam(session, ref)
            assert attempts.grade_exam(session, exam, now=CLOSES_AT).graded == 5
            found.append(list_points(session, exam))
    assert found[0] == found[1] != found[2]


def test_a_real_exam_is_never_rehearsed(sqlite_store: Store) -> None:
    exam = set_stage(sqlite_store)
    with sqlite_store.writing() as session:
        session.get_one(Exam, exam.id).is_invented = False
    with pytest.raises(NotAllowed, match="是正式考试，不能演练"):
        rehearse(sqlite_store, REF, learners=1, seed=1)
    assert count_attempts(sqlite_store) == 0


@pytest.mark.parametrize("wanted", [6, 7])
def test_too_few_invented_people_are_refused_before_anybody_begins(sqlite_store: Store, wanted: int) -> None:
    set_stage(sqlite_store, people=6)
    if wanted == 6:
        assert rehearse(sqlite_store, REF, learners=wanted, seed=1).attempts == 6
    else:
        with pytest.raises(NotAllowed, match="虚构学员只有 6 人，不够 7 人"):
            rehearse(sqlite_store, REF, learners=wanted, seed=1)
        assert count_attempts(sqlite_store) == 0


def test_who_has_left_does_not_rehearse(sqlite_store: Store) -> None:
    set_stage(sqlite_store, people=2)
    with sqlite_store.writing() as session:
        session.exec(select(Learner).where(Learner.staff_number == "X0")).one().state = "suspended"
    with pytest.raises(NotAllowed, match="虚构学员只有 1 人，不够 2 人"):
        rehearse(sqlite_store, REF, learners=2, seed=1)


def test_an_exam_is_rehearsed_once(sqlite_store: Store) -> None:
    set_stage(sqlite_store)
    rehearse(sqlite_store, REF, learners=2, seed=1)
    with pytest.raises(Conflict, match="已有 2 人作答"):
        rehearse(sqlite_store, REF, learners=3, seed=2)
    assert count_attempts(sqlite_store) == 2


def test_an_unknown_exam_is_not_found(sqlite_store: Store) -> None:
    with pytest.raises(NotFound, match="没有考试 EXM-2026-0404"):
        rehearse(sqlite_store, "EXM-2026-0404", learners=1, seed=1)


def test_a_window_shorter_than_the_time_allowed_is_kept(sqlite_store: Store) -> None:
    exam = set_stage(sqlite_store)
    closes_at = OPENS_AT + timedelta(minutes=5)
    with sqlite_store.writing() as session:
        session.get_one(Exam, exam.id).closes_at = closes_at
    assert rehearse(sqlite_store, REF, learners=6, seed=1).lost == 0
    with sqlite_store.reading() as session:
        assert all(each.answered_at < closes_at for each in session.exec(select(Answer)))


def test_open_questions_are_answered_and_wait_for_a_person(sqlite_store: Store) -> None:
    exam = set_stage(sqlite_store, SINGLE, OPEN)
    assert rehearse(sqlite_store, REF, learners=3, seed=1).lost == 0
    with sqlite_store.writing() as session:
        assert attempts.grade_exam(session, exam, now=CLOSES_AT) == attempts.GradingResult(0, 3)


def count_attempts(store: Store) -> int:
    with store.reading() as session:
        return queries.count_attempts(session, queries.get_exam(session, REF).id)


@given(st.sampled_from(CLOSED), st.integers(0, 1000))
def test_an_answer_meant_right_is_right_and_any_answer_can_be_graded(question: Question, seed: int) -> None:
    two = Decimal(2)
    assert grade(question, answer(question, Random(seed), wrong_share=0), two) == two
    points = grade(question, answer(question, Random(seed), wrong_share=1), two)
    assert points is not None
    assert 0 <= points <= two
