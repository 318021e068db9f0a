"""What an exam's points come to, and the sheet that departments compute further with."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from training.made_exam import OPENS_AT, SINGLE, add_learner, add_scene, add_tenant

from eduops.sheet.export import write_table
from eduops.sheet.read import read_workbook
from eduops.store.store import Store
from eduops.training.models.exam import Attempt
from eduops.training.queries import exam as queries
from eduops.training.rules.attempt import ScoreStats, compute_stats, is_passed
from eduops.training.rules.score_table import INVENTED, build_score_table
from eduops.training.service import attempt as attempts
from eduops.training.service import score as service


@pytest.mark.parametrize(
    ("points", "full", "percent", "passed"),
    [
        ("59.99", "100", "60", False),
        ("60", "100", "60", True),
        ("60.01", "100", "60", True),
        ("20.09", "33.5", "60", False),
        ("20.10", "33.5", "60", True),
        ("0", "100", "0", True),
        ("99.99", "100", "100", False),
        ("100", "100", "100", True),
        ("0.66", "1", "66.66", False),
        ("0.67", "1", "66.66", True),
    ],
)
def test_who_stands_exactly_at_the_pass_mark_has_passed(
    points: str, full: str, percent: str, passed: bool
) -> None:
    assert is_passed(Decimal(points), full_points=Decimal(full), pass_percent=Decimal(percent)) is passed


def test_statistics_count_only_what_is_graded() -> None:
    points = [Decimal(60), None, Decimal("59.99"), Decimal(100)]
    assert compute_stats(points, full_points=Decimal(100), pass_percent=Decimal(60)) == ScoreStats(
        attempts=4,
        graded=3,
        full_points=Decimal(100),
        average=Decimal("73.33"),
        highest=Decimal(100),
        lowest=Decimal("59.99"),
        passed=2,
        pass_percent=Decimal("66.67"),
    )


@pytest.mark.parametrize("points", [[], [None]])
def test_without_graded_attempts_there_is_no_average(points: list[Decimal | None]) -> None:
    stats = compute_stats(points, full_points=Decimal(100), pass_percent=Decimal(60))
    assert (stats.attempts, stats.graded, stats.passed) == (len(points), 0, 0)
    assert stats.average is stats.highest is stats.lowest is stats.pass_percent is None


@given(st.lists(st.decimals(0, 100, places=2), min_size=1, max_size=30))
def test_the_average_lies_between_lowest_and_highest(points: list[Decimal]) -> None:
    stats = compute_stats(points, full_points=Decimal(100), pass_percent=Decimal(60))
    assert stats.lowest is not None
    assert stats.average is not None
    assert stats.highest is not None
    assert stats.lowest <= stats.average <= stats.highest
    assert stats.passed == sum(value >= 60 for value in points)


def set_scores(store: Store) -> str:
    """Alice has all points, Bob none, Charlie is still at it; returns the exam's reference."""
    with store.writing() as session:
        scene = add_scene(session, SINGLE)
        for learner, letter in ((scene.alice, "A"), (scene.bob, "B"), (scene.charlie, "")):
            begun = {"tenant_id": learner.tenant_id, "now": OPENS_AT}
            attempt = attempts.start(session, scene.exam, learner_id=learner.id, **begun)  # type: ignore[arg-type]
            own = {"attempt_id": attempt.id, **begun}
            if letter:
                attempts.save_answer(session, scene.exam, item_number=1, response=[letter], **own)  # type: ignore[arg-type]
                attempts.submit(session, scene.exam, **own)  # type: ignore[arg-type]
        attempts.grade_exam(session, scene.exam, now=OPENS_AT)
        other = add_tenant(session, "xu-san", "虚构丙医院")
        add_learner(session, other, "Z9", "未参加（虚构）")
        return scene.exam.ref


def test_scores_list_everybody_who_began_and_nobody_else(store: Store) -> None:
    ref = set_scores(store)
    with store.reading() as session:
        exam = queries.get_exam(session, ref)
        rows = queries.list_scores(session, exam.id)
        stats = service.load_stats(session, exam)
    assert [(row.tenant, row.staff_number, row.state, row.points) for row in rows] == [
        ("虚构甲医院", "A1", "graded", Decimal(10)),
        ("虚构甲医院", "B1", "graded", Decimal(0)),
        ("虚构乙医院", "A1", "open", None),
    ]
    assert (stats.attempts, stats.graded, stats.passed) == (3, 2, 1)
    assert (stats.average, stats.pass_percent) == (Decimal("5.00"), Decimal("50.00"))


def test_the_score_sheet_has_numbers_as_numbers_and_says_what_is_invented(
    sqlite_store: Store, tmp_path: Path
) -> None:
    ref = set_scores(sqlite_store)
    with sqlite_store.writing() as session:
        attempt = session.get_one(Attempt, (1, 1))
        attempt.points = Decimal("9.5")
    with sqlite_store.reading() as session:
        exam = queries.get_exam(session, ref)
        scores, stats = queries.list_scores(session, exam.id), service.load_stats(session, exam)
    table = build_score_table(
        exam.ref, exam.title, scores, stats, pass_percent=exam.pass_percent, is_invented=True
    )
    write_table(tmp_path / "成绩.xlsx", [table])
    (sheet,) = read_workbook(tmp_path / "成绩.xlsx").sheets
    title, note, head, *rows = sheet.rows
    assert title[0] == "虚构考试 成绩"
    assert note[0] == (f"考试 {ref}；满分 10，及格线 60%；判分 2 人，平均 4.75 分，及格率 50.00%。{INVENTED}")
    assert head == ["机构", "工号", "姓名", "科室", "状态", "得分", "是否及格"]
    assert [row[4:7] for row in rows] == [
        ["已阅卷", 9.5, "及格"],
        ["已阅卷", 0.0, "不及格"],
        ["作答中", None, None],
    ]


def test_a_real_exams_sheet_says_nothing_of_invention() -> None:
    stats = compute_stats([], full_points=Decimal(100), pass_percent=Decimal(60))
    table = build_score_table(
        "EXM-2026-0001", "虚构考试", [], stats, pass_percent=Decimal("60.00"), is_invented=False
    )
    assert table.note == "考试 EXM-2026-0001；满分 100，及格线 60%。"
