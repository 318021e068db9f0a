"""Sitting an exam: windows, answers that stay, strangers at the door, grading."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session, select
from training.made_exam import (
    BLANK,
    CLOSES_AT,
    MINUTES,
    OPEN,
    OPENS_AT,
    SINGLE,
    Scene,
    add_scene,
    add_sitting,
)

from eduops.core.errors import Conflict, NotAllowed, NotFound
from eduops.store.store import Store
from eduops.training.models.exam import Answer, Attempt, Paper
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Programme
from eduops.training.queries import exam as queries
from eduops.training.rules import attempt as rules
from eduops.training.rules.question import Question
from eduops.training.service import attempt as service

SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)
WINDOW = rules.Window("EXM-2026-0001", OPENS_AT, CLOSES_AT, MINUTES)
LATE_START = CLOSES_AT - timedelta(minutes=10)


def begin(store: Store, scene: Scene, learner: Learner, *, now: datetime = OPENS_AT) -> Attempt:
    with store.writing() as session:
        return service.start(session, scene.exam, tenant_id=learner.tenant_id, learner_id=learner.id, now=now)


def save(
    store: Store, scene: Scene, attempt: Attempt, item: int, response: list[str], *, now: datetime = OPENS_AT
) -> Answer:
    with store.writing() as session:
        return service.save_answer(
            session,
            scene.exam,
            tenant_id=attempt.tenant_id,
            attempt_id=attempt.id,
            item_number=item,
            response=response,
            now=now,
        )


def submit(store: Store, scene: Scene, attempt: Attempt, *, now: datetime = OPENS_AT) -> Attempt:
    with store.writing() as session:
        return service.submit(
            session, scene.exam, tenant_id=attempt.tenant_id, attempt_id=attempt.id, now=now
        )


def grade(store: Store, scene: Scene, *, now: datetime = CLOSES_AT) -> service.GradingResult:
    with store.writing() as session:
        return service.grade_exam(session, scene.exam, now=now)


def list_answers(store: Store) -> list[Answer]:
    with store.reading() as session:
        return list(session.exec(select(Answer).order_by(Answer.attempt_id, Answer.item_number)))


def find_attempt(store: Store, attempt: Attempt) -> Attempt:
    with store.reading() as session:
        return session.get_one(Attempt, (attempt.tenant_id, attempt.id))


def set_scene(store: Store, *questions: Question) -> Scene:
    with store.writing() as session:
        return add_scene(session, *questions)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (OPENS_AT - TICK, "还没有开始"),
        (OPENS_AT, None),
        (CLOSES_AT - TICK, None),
        (CLOSES_AT, "已经结束"),
    ],
)
def test_an_attempt_begins_from_the_opening_until_before_the_closing(now: datetime, said: str | None) -> None:
    if said is None:
        rules.check_start(WINDOW, learner_state="active", tenant_state="active", now=now)
    else:
        with pytest.raises(NotAllowed, match=said):
            rules.check_start(WINDOW, learner_state="active", tenant_state="active", now=now)


@pytest.mark.parametrize(
    ("started_at", "last"),
    [
        (OPENS_AT, OPENS_AT + timedelta(minutes=60)),
        (OPENS_AT + timedelta(minutes=30) - TICK, CLOSES_AT - TICK),
        (OPENS_AT + timedelta(minutes=30), CLOSES_AT),
        (OPENS_AT + timedelta(minutes=30) + TICK, CLOSES_AT),
        (LATE_START, CLOSES_AT),
    ],
)
def test_time_runs_from_the_own_start_and_never_past_the_closing(
    started_at: datetime, last: datetime
) -> None:
    assert WINDOW.last_moment(started_at) == last
    rules.check_answer(WINDOW, state="open", started_at=started_at, now=last - TICK)
    for now in (last, last + TICK):
        with pytest.raises(NotAllowed, match="时间已到，这一题没有保存"):
            rules.check_answer(WINDOW, state="open", started_at=started_at, now=now)


@pytest.mark.parametrize("state", ["submitted", "graded"])
def test_nothing_is_taken_after_submission(state: str) -> None:
    with pytest.raises(NotAllowed, match="已经提交"):
        rules.check_answer(WINDOW, state=state, started_at=OPENS_AT, now=OPENS_AT)


def test_answers_are_taken_replaced_and_counted_until_the_submission(store: Store) -> None:
    scene = set_scene(store)
    attempt = begin(store, scene, scene.alice)
    last = OPENS_AT + timedelta(minutes=MINUTES) - TICK
    save(store, scene, attempt, 1, ["B"])
    save(store, scene, attempt, 2, ["A", "C"], now=OPENS_AT + SECOND)
    save(store, scene, attempt, 1, ["A"], now=last)
    with pytest.raises(NotAllowed):
        save(store, scene, attempt, 1, ["C"], now=last + TICK)
    submit(store, scene, attempt, now=last)
    with pytest.raises(NotAllowed):
        save(store, scene, attempt, 1, ["C"], now=last)
    kept = [
        (answer.item_number, answer.response, answer.saves, answer.answered_at)
        for answer in list_answers(store)
    ]
    assert kept == [(1, ["A"], 2, last), (2, ["A", "C"], 1, OPENS_AT + SECOND)]


def test_handing_in_again_changes_nothing(sqlite_store: Store) -> None:
    scene = set_scene(sqlite_store)
    attempt = begin(sqlite_store, scene, scene.alice)
    submit(sqlite_store, scene, attempt, now=OPENS_AT + SECOND)
    submit(sqlite_store, scene, attempt, now=CLOSES_AT)
    kept = find_attempt(sqlite_store, attempt)
    assert (kept.state, kept.submitted_at) == ("submitted", OPENS_AT + SECOND)


def test_a_second_attempt_is_a_conflict_and_the_first_stays(store: Store) -> None:
    scene = set_scene(store)
    first = begin(store, scene, scene.alice)
    save(store, scene, first, 1, ["A"])
    with pytest.raises(Conflict, match="已经参加了考试 EXM-2026-0001"):
        begin(store, scene, scene.alice, now=OPENS_AT + SECOND)
    begin(store, scene, scene.bob)
    assert [answer.response for answer in list_answers(store)] == [["A"]]
    assert find_attempt(store, first).started_at == OPENS_AT


def test_charlie_of_another_tenant_tries_every_door(store: Store) -> None:
    scene = set_scene(store)
    attempt = begin(store, scene, scene.alice)
    save(store, scene, attempt, 1, ["A"])
    own = begin(store, scene, scene.charlie)
    stolen = Attempt(
        tenant_id=scene.charlie.tenant_id,
        id=attempt.id,
        exam_id=scene.exam.id,
        learner_id=1,
        started_at=OPENS_AT,
    )
    with pytest.raises(NotFound):
        save(store, scene, stolen, 1, ["C"])
    with pytest.raises(NotFound):
        submit(store, scene, stolen)
    with pytest.raises(NotFound), store.writing() as session:
        service.start(
            session, scene.exam, tenant_id=scene.charlie.tenant_id, learner_id=scene.bob.id, now=OPENS_AT
        )
    with store.reading() as session:
        assert (
            queries.find_attempt(
                session, exam_id=scene.exam.id, tenant_id=scene.charlie.tenant_id, learner_id=scene.bob.id
            )
            is None
        )
    assert [answer.response for answer in list_answers(store)] == [["A"]]
    assert find_attempt(store, attempt).state == find_attempt(store, own).state == "open"


def test_an_attempt_is_only_good_for_its_own_exam_and_paper(sqlite_store: Store) -> None:
    scene = set_scene(sqlite_store, SINGLE)
    attempt = begin(sqlite_store, scene, scene.alice)
    with sqlite_store.writing() as session:
        paper, programme = session.exec(select(Paper)).one(), session.exec(select(Programme)).one()
        other = Scene(
            add_sitting(session, paper, "EXM-2026-0002", programme=programme),
            scene.alice,
            scene.bob,
            scene.charlie,
        )
    with pytest.raises(NotFound, match="没有这份答卷"):
        save(sqlite_store, other, attempt, 1, ["A"])
    for item in (0, 2):
        with pytest.raises(NotFound, match=f"没有第 {item} 题"):
            save(sqlite_store, scene, attempt, item, ["A"])
    save(sqlite_store, scene, attempt, 1, ["A"])
    assert grade(sqlite_store, scene) == service.GradingResult(1, 0)


def test_who_has_left_cannot_begin(sqlite_store: Store) -> None:
    scene = set_scene(sqlite_store)
    with sqlite_store.writing() as session:
        session.get_one(Learner, (scene.bob.tenant_id, scene.bob.id)).state = "suspended"
    with pytest.raises(NotAllowed, match="已停用"):
        begin(sqlite_store, scene, scene.bob)


def race(
    store: Store, first: Callable[[Session], object], second: Callable[[Session], object]
) -> list[Exception]:
    """What `second` raises when it begins while `first` is done but not yet committed."""
    raised: list[Exception] = []
    is_running = threading.Event()

    def run() -> None:
        is_running.set()
        try:
            with store.writing() as session:
                second(session)
        except Exception as error:
            raised.append(error)

    rival = threading.Thread(target=run)
    with store.writing() as session:
        first(session)
        rival.start()
        is_running.wait()
        # Long enough for the other one to reach the lock; the outcome is the same where it comes later.
        rival.join(0.1)
        assert rival.is_alive()
    rival.join()
    return raised


def test_of_two_starts_at_once_one_is_a_conflict(store: Store) -> None:
    scene = set_scene(store)

    def start(session: Session) -> None:
        service.start(
            session, scene.exam, tenant_id=scene.bob.tenant_id, learner_id=scene.bob.id, now=OPENS_AT
        )

    assert [type(error) for error in race(store, start, start)] == [Conflict]
    with store.reading() as session:
        assert queries.count_attempts(session, scene.exam.id) == 1


def test_answers_and_submission_at_once_come_one_after_the_other(store: Store) -> None:
    scene = set_scene(store)
    attempt = begin(store, scene, scene.alice)
    own = {"tenant_id": attempt.tenant_id, "attempt_id": attempt.id, "now": OPENS_AT}

    def answer(session: Session) -> None:
        service.save_answer(session, scene.exam, item_number=1, response=["A"], **own)  # type: ignore[arg-type]

    def hand_in(session: Session) -> None:
        service.submit(session, scene.exam, **own)  # type: ignore[arg-type]

    assert race(store, answer, answer) == []
    assert [answer.saves for answer in list_answers(store)] == [2]
    assert [type(error) for error in race(store, hand_in, answer)] == [NotAllowed]
    assert [answer.saves for answer in list_answers(store)] == [2]


KILLED = """
import itertools, sys
from datetime import datetime
from eduops.store.store import open_store
from eduops.training.queries import exam as queries
from eduops.training.rules.question import Question
from eduops.training.service import attempt as service

url, tenant_id, attempt_id, at = sys.argv[1:]
store = open_store(url)
with store.reading() as session:
    exam = queries.get_exam(session, "EXM-2026-0001")
for number in itertools.count(1):
    with store.writing() as session:
        service.save_answer(
            session, exam, tenant_id=int(tenant_id), attempt_id=int(attempt_id),
            item_number=(number - 1) % 4 + 1, response=[str(number)], now=datetime.fromisoformat(at),
        )
    print(number, flush=True)
"""


def test_acknowledged_answers_survive_kill_9(sqlite_store: Store, tmp_path: Path) -> None:
    scene = set_scene(sqlite_store)
    attempt = begin(sqlite_store, scene, scene.alice)
    command = [sys.executable, "-c", KILLED, f"sqlite:///{tmp_path / 'eduops.db'}"]
    command += [str(attempt.tenant_id), str(attempt.id), OPENS_AT.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(20):
            child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        acknowledged = 20 + len(child.stdout.readlines())
    answers = list_answers(sqlite_store)
    assert [answer.item_number for answer in answers] == [1, 2, 3, 4]
    saves = sum(answer.saves for answer in answers)
    assert acknowledged <= saves <= acknowledged + 1
    assert max(int(answer.response[0]) for answer in answers) == saves


def test_what_was_not_answered_is_worth_nothing(sqlite_store: Store) -> None:
    scene = set_scene(sqlite_store)
    full, part, none = (begin(sqlite_store, scene, who) for who in (scene.alice, scene.bob, scene.charlie))
    for item, response in enumerate((["A"], ["C", "A"], ["T"], ["37度", "60"]), 1):
        save(sqlite_store, scene, full, item, response)
    save(sqlite_store, scene, part, 1, ["B"])
    save(sqlite_store, scene, part, 4, ["", "60"])
    for attempt in (full, part, none):
        submit(sqlite_store, scene, attempt)
    assert grade(sqlite_store, scene, now=OPENS_AT) == service.GradingResult(3, 0)
    assert [find_attempt(sqlite_store, attempt).points for attempt in (full, part, none)] == [40, 5, 0]


def test_grading_again_finds_nothing_to_do(sqlite_store: Store) -> None:
    scene = set_scene(sqlite_store)
    attempt = begin(sqlite_store, scene, scene.alice)
    save(sqlite_store, scene, attempt, 1, ["A"])
    assert grade(sqlite_store, scene) == service.GradingResult(1, 0)
    assert grade(sqlite_store, scene, now=CLOSES_AT + SECOND) == service.GradingResult(0, 0)
    kept = find_attempt(sqlite_store, attempt)
    assert (kept.state, kept.points, kept.graded_at) == ("graded", 10, CLOSES_AT)


@pytest.mark.parametrize(("late", "graded"), [(-TICK, 0), (timedelta(0), 1), (TICK, 1)])
def test_an_attempt_that_was_never_handed_in_is_graded_when_its_time_is_over(
    sqlite_store: Store, late: timedelta, graded: int
) -> None:
    scene = set_scene(sqlite_store)
    begin(sqlite_store, scene, scene.alice)
    begin(sqlite_store, scene, scene.bob, now=LATE_START)
    end = OPENS_AT + timedelta(minutes=MINUTES)
    assert grade(sqlite_store, scene, now=end + late) == service.GradingResult(graded, 0)


def test_an_open_question_waits_and_a_persons_points_stay(store: Store) -> None:
    scene = set_scene(store, SINGLE, BLANK, OPEN)
    waiting, silent = begin(store, scene, scene.alice), begin(store, scene, scene.bob)
    save(store, scene, waiting, 1, ["A"])
    save(store, scene, waiting, 3, ["我以为"])
    save(store, scene, silent, 3, [""])
    submit(store, scene, waiting)
    submit(store, scene, silent)
    assert grade(store, scene) == service.GradingResult(1, 1)
    assert grade(store, scene) == service.GradingResult(0, 1)
    assert find_attempt(store, waiting).state == "submitted"
    assert (find_attempt(store, silent).state, find_attempt(store, silent).points) == ("graded", 0)
    with store.writing() as session:
        answer = session.get_one(Answer, (waiting.tenant_id, waiting.id, 3))
        answer.points = Decimal("7.5")
    assert grade(store, scene) == service.GradingResult(1, 0)
    assert find_attempt(store, waiting).points == Decimal("17.5")
