"""What becomes of each due instant: run, caught up, missed or skipped; a table row each side of every edge."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workflow_schedule import CALENDAR, build_job

from eduops.workflow.schedule.decision import ON_TIME_FOR, Past, decide, list_open

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
DUE = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
"""Thursday 2026-03-05 07:30 in Shanghai."""
DAILY = {"every": "day", "at": "07:30"}


@pytest.mark.parametrize(
    ("catch_up", "late", "runs", "is_late", "noted"),
    [
        ("skip", 0 * SECOND, True, False, 0),
        ("skip", ON_TIME_FOR, True, False, 0),
        ("skip", ON_TIME_FOR + SECOND, False, False, 1),
        ("once", ON_TIME_FOR + SECOND, True, True, 0),
        ("once", 23 * 60 * MINUTE, True, True, 0),
        ("once", -SECOND, False, False, 0),
    ],
)
def test_a_late_run_is_caught_up_or_noted_as_the_job_says(catch_up, late, runs, is_late, noted):
    job = build_job(when=DAILY, catch_up=catch_up)
    decision = decide(job, Past(DUE - DAY), CALENDAR, now=DUE + late)
    assert (decision.run_at == DUE, decision.is_late, len(decision.unrun)) == (runs, is_late, noted)


def test_after_days_without_a_scheduler_each_missed_day_has_its_note_and_the_newest_is_run_once():
    job = build_job(when=DAILY, catch_up="once")
    decision = decide(job, Past(DUE - 9 * DAY, DUE - 5 * DAY), CALENDAR, now=DUE + 60 * MINUTE)
    assert decision.run_at == DUE
    assert [each.due_at for each in decision.unrun] == [
        DUE - 4 * DAY,
        DUE - 3 * DAY,
        DUE - 2 * DAY,
        DUE - DAY,
    ]
    assert {each.state for each in decision.unrun} == {"missed"}
    assert all("由之后的一次补跑代替" in each.note for each in decision.unrun)


def test_a_job_of_every_minute_has_one_note_for_a_whole_stretch():
    job = build_job()
    decision = decide(job, Past(DUE - 60 * MINUTE), CALENDAR, now=DUE)
    (note,) = decision.unrun
    assert (decision.run_at, note.due_at) == (DUE, DUE - MINUTE)
    assert "共 59 次，自 2026-03-05 06:31 起" in note.note


def test_a_long_stretch_of_days_has_notes_for_the_newest_and_says_how_many_more():
    decision = decide(build_job(when=DAILY), Past(DUE - 90 * DAY), CALENDAR, now=DUE)
    assert len(decision.unrun) == 31
    assert "连同此前共 59 次" in decision.unrun[0].note
    assert "连同" not in decision.unrun[1].note


def test_nothing_is_owed_for_the_time_before_a_rule_was_known_nor_for_what_has_its_line():
    job = build_job(when=DAILY)
    assert decide(job, Past(DUE), CALENDAR, now=DUE).run_at is None
    assert decide(job, Past(DUE - DAY, DUE), CALENDAR, now=DUE + MINUTE).run_at is None
    assert decide(job, Past(DUE - SECOND), CALENDAR, now=DUE).run_at == DUE


def test_what_was_due_while_the_last_run_went_on_is_skipped_not_missed():
    job = build_job(when={"every": "minutes", "minutes": 30})
    past = Past(DUE - DAY, DUE - 60 * MINUTE, DUE - 60 * MINUTE, DUE + 8 * MINUTE)
    decision = decide(job, past, CALENDAR, now=DUE + 8 * MINUTE)
    assert (decision.run_at, [each.state for each in decision.unrun]) == (None, ["skipped"])
    assert "上一次还没有结束" in decision.unrun[0].note


def test_a_scheduler_that_was_away_for_years_looks_back_a_hundred_days_only():
    job = build_job(when=DAILY)
    assert len(list_open(job, Past(DUE - 5000 * DAY), CALENDAR, now=DUE)) == 100


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [{"every": "minutes", "minutes": 7}, DAILY, {"every": "day", "at": "02:00", "working_days": "only"}]
    ),
    st.sampled_from(["once", "skip"]),
    st.lists(st.integers(0, 3000), min_size=1, max_size=12),
)
def test_however_a_scheduler_comes_and_goes_each_due_instant_is_accounted_for_once(when, catch_up, waits):
    """Told at any instants, it runs or notes every due instant once at most, and none before its last is left out."""
    job, now, begun = build_job(when=when, catch_up=catch_up), DUE, []
    last = None
    for wait in waits:
        now += wait * MINUTE
        open_before = list_open(job, Past(DUE, last), CALENDAR, now=now)
        decision = decide(job, Past(DUE, last), CALENDAR, now=now)
        noted = [each.due_at for each in decision.unrun]
        accounted = noted + ([decision.run_at] if decision.run_at else [])
        assert set(accounted) <= set(open_before)
        begun += accounted
        if open_before:
            assert max(accounted) == open_before[-1]
            last = max(accounted)
    assert len(begun) == len(set(begun))
    assert list_open(job, Past(DUE, last), CALENDAR, now=now) == []
