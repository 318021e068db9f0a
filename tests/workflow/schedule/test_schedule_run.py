"""Runs on both databases: each due instant once, one run of a job at a time, every run with its line."""

import os
import stat
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from workflow_schedule import SHANGHAI, build_job

from eduops.core.errors import Conflict, InputError, NotAllowed
from eduops.store.models import JobRun
from eduops.workflow.schedule import known, prune, record
from eduops.workflow.schedule.active import settle, stop, wait
from eduops.workflow.schedule.configuration import ScheduleConfig
from eduops.workflow.schedule.lock import find_job_lock
from eduops.workflow.schedule.overview import list_missed
from eduops.workflow.schedule.run import begin_by_hand, begin_due, recover

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
NOW = datetime(2026, 3, 5, 3, 50, 20, tzinfo=UTC)
DAILY = {"every": "day", "at": "07:30"}


def all_runs(station):
    with station.store.reading() as session:
        return sorted(record.list_runs(session), key=lambda run: run.id)


def tick(station, jobs, now):
    begun, faults = begin_due(station, jobs, now=now)
    assert faults == []
    return wait(station, begun)


@contextmanager
def held(station, job):
    lock = find_job_lock(station.home, station.store, job)
    assert lock is not None
    try:
        yield
    finally:
        lock.release()


@pytest.mark.parametrize(
    ("command", "state", "code", "says"),
    [
        (("audit", "list"), "succeeded", 0, "日志是空的"),
        (("patrol", "coverage", "--month", "2026-13"), "failed", 2, "错误："),
        (("schedule", "missed"), "found", 1, "还没有调度器运行过"),
    ],
)
def test_a_due_job_runs_as_the_real_command_and_its_line_says_how_it_ended(
    station, command, state, code, says
):
    jobs = {"some": build_job(*command, when={"every": "day", "at": "11:51"})}
    assert tick(station, jobs, NOW) == []  # the first look owes nothing
    (run,) = tick(station, jobs, NOW + MINUTE)
    assert (run.state, run.exit_code, run.due_at) == (state, code, NOW.replace(second=0) + MINUTE)
    (kept,) = all_runs(station)
    assert (kept.state, kept.exit_code, kept.trigger, kept.actor) == (state, code, "cron", "值班（虚构）")
    assert kept.command == " ".join(("eduops", *command))
    assert kept.started_at < kept.finished_at
    output = station.home.folder("logs") / kept.output
    assert says in output.read_text(encoding="utf-8")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert tick(station, jobs, NOW + MINUTE) == []


def test_days_in_a_command_are_those_of_the_due_instant_in_the_contracts_zone(station):
    jobs = {"some": build_job("audit", "list", "--from", "{quarter_start}", "--to", "{today}", when=DAILY)}
    known.refresh(station.home, jobs, station.calendar, now=NOW)
    due = datetime(2026, 4, 1, 7, 30, tzinfo=SHANGHAI).astimezone(UTC)
    with station.store.writing() as session:
        record.begin(
            session, JobRun(job="some", due_at=due - DAY, started_at=due - DAY, state="succeeded", actor="甲")
        )
    tick(station, jobs, due)
    assert all_runs(station)[-1].command == "eduops audit list --from 2026-04-01 --to 2026-04-01"


def test_of_a_job_of_every_minute_only_what_did_not_go_well_keeps_its_output(station):
    jobs = {"dull": build_job(), "bad": build_job("audit", "list", "--from", "x")}
    known.refresh(station.home, jobs, station.calendar, now=NOW)
    outputs = {run.job: run.output for run in tick(station, jobs, NOW + MINUTE)}
    assert (outputs["dull"], outputs["bad"].startswith("jobs/bad/")) == (None, True)
    kept = [path.parent.name for path in (station.home.folder("logs") / "jobs").glob("*/*.log")]
    assert kept == ["bad"]


def test_two_schedulers_begin_a_due_instant_once(station):
    jobs = {"some": build_job()}
    known.refresh(station.home, jobs, station.calendar, now=NOW)
    first, _ = begin_due(station, jobs, now=NOW + MINUTE)
    second, _ = begin_due(station, jobs, now=NOW + MINUTE)
    assert (len(first), second) == (1, [])
    wait(station, first)
    assert begin_due(station, jobs, now=NOW + MINUTE + SECOND) == ([], [])
    assert len(all_runs(station)) == 1


@pytest.mark.server
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_two_homes_on_one_database_do_not_run_a_job_at_once(station, tmp_path):
    other = replace(station, home=replace(station.home, path=tmp_path / "other"))
    other.home.path.mkdir()
    with held(station, "some"):
        assert find_job_lock(other.home, other.store, "some") is None
        assert find_job_lock(other.home, other.store, "else") is not None
    with held(other, "some"):
        assert find_job_lock(station.home, station.store, "some") is None


def test_while_a_job_runs_nothing_of_it_is_begun_and_afterwards_it_goes_on(station):
    jobs = {"some": build_job()}
    known.refresh(station.home, jobs, station.calendar, now=NOW)
    with held(station, "some"):
        assert tick(station, jobs, NOW + 3 * MINUTE) == []
        assert all_runs(station) == []
        with pytest.raises(Conflict, match="正在运行"):
            begin_by_hand(station, "some", jobs["some"], due_at=None, now=NOW)
    (run,) = tick(station, jobs, NOW + 4 * MINUTE)
    assert run.state == "succeeded"
    assert [each.state for each in all_runs(station)] == ["missed", "succeeded"]


def test_a_run_whose_scheduler_is_gone_is_broken_off_at_the_next_start_and_the_job_goes_on(station):
    jobs = {"some": build_job()}
    known.refresh(station.home, jobs, station.calendar, now=NOW)
    with station.store.writing() as session:
        record.begin(
            session,
            JobRun(
                job="some",
                due_at=NOW.replace(second=0),
                started_at=NOW,
                state="running",
                machine="here",
                actor="甲",
            ),
        )
    with held(station, "some"):
        assert recover(station, now=NOW) == []
    tick(station, jobs, NOW + MINUTE)
    assert [each.state for each in all_runs(station)] == ["interrupted", "succeeded"]
    assert "调度器已不在" in all_runs(station)[0].note


def test_a_job_past_its_limit_is_timed_out_and_one_that_is_stopped_is_broken_off(station):
    job = build_job("schedule", "missed")
    over = begin_by_hand(station, "some", job, due_at=None, now=NOW)
    over.child.limit_at = over.child.began
    (run,) = wait(station, [over])
    assert (run.state, run.exit_code, run.note) == ("timed_out", 143, "超过时限，已终止")
    stopped = begin_by_hand(station, "some", job, due_at=None, now=NOW)
    stop(station, [stopped])
    assert [run.state for run in all_runs(station)] == ["timed_out", "interrupted"]
    assert find_job_lock(station.home, station.store, "some") is not None


def test_a_missed_run_is_made_up_for_by_hand_once(station):
    job, due = build_job(when=DAILY), datetime(2026, 3, 4, 7, 30, tzinfo=SHANGHAI).astimezone(UTC)
    known.refresh(station.home, {"some": job}, station.calendar, now=due - DAY)
    tick(station, {"some": job}, NOW)
    assert [run.state for run in all_runs(station)] == ["missed"] * 2
    hand = replace(station, trigger="hand")
    wait(hand, [begin_by_hand(hand, "some", job, due_at=due, now=NOW)])
    made_up = next(run for run in all_runs(station) if run.due_at == due)
    assert (made_up.state, made_up.trigger, made_up.note) == ("succeeded", "hand", None)
    with pytest.raises(Conflict, match="已经运行过"):
        begin_by_hand(hand, "some", job, due_at=due, now=NOW)
    with pytest.raises(NotAllowed, match="并不到期"):
        begin_by_hand(hand, "some", job, due_at=due + MINUTE, now=NOW)
    with pytest.raises(NotAllowed, match="还没有到"):
        begin_by_hand(hand, "some", job, due_at=due + 3 * DAY, now=NOW)
    assert find_job_lock(station.home, station.store, "some") is not None


def test_a_clock_that_ran_ahead_and_was_put_right_does_not_silence_a_job(station):
    jobs = {"some": build_job()}
    known.refresh(station.home, jobs, station.calendar, now=NOW)
    tick(station, jobs, NOW + 400 * DAY)
    (run,) = tick(station, jobs, NOW + MINUTE)
    assert run.due_at == NOW.replace(second=0) + MINUTE
    ahead = [each for each in all_runs(station) if each.note and "时钟快了" in each.note]
    assert ahead
    assert {each.due_at for each in ahead} == {None}


def test_a_clock_put_back_a_little_does_not_run_anything_twice(station):
    jobs = {"some": build_job()}
    known.refresh(station.home, jobs, station.calendar, now=NOW)
    (run,) = tick(station, jobs, NOW + 10 * MINUTE)
    assert tick(station, jobs, NOW + 2 * MINUTE) == []
    assert tick(station, jobs, NOW + 9 * MINUTE) == []
    (following,) = tick(station, jobs, NOW + 11 * MINUTE)
    assert following.due_at == run.due_at + MINUTE


def test_a_job_that_cannot_be_begun_is_noted_as_failed_and_the_others_go_on(station):
    jobs = {"bad": build_job(), "good": build_job()}
    known.refresh(station.home, jobs, station.calendar, now=NOW)
    (station.home.folder("logs") / "jobs").mkdir()
    (station.home.folder("logs") / "jobs" / "bad").write_text("")
    begun, faults = begin_due(station, jobs, now=NOW + MINUTE)
    assert len(faults) == 1
    assert "bad" in faults[0]
    (run,) = wait(station, begun)
    assert (run.job, run.state) == ("good", "succeeded")
    assert {run.job: run.state for run in all_runs(station)} == {"bad": "failed", "good": "succeeded"}


def test_a_changed_or_switched_on_rule_owes_nothing_for_the_time_before(station):
    old, new = {"some": build_job(when=DAILY)}, {"some": build_job(when={"every": "day", "at": "06:30"})}
    known.refresh(station.home, old, station.calendar, now=NOW - 9 * DAY)
    assert known.find_sinces(station.home, new, station.calendar) == {}
    assert known.refresh(station.home, new, station.calendar, now=NOW) == {"some": NOW}
    assert known.refresh(station.home, {}, station.calendar, now=NOW + DAY) == {}
    assert known.refresh(station.home, new, station.calendar, now=NOW + 2 * DAY) == {"some": NOW + 2 * DAY}
    # A file that was spoilt begins anew, and an instant ahead of now is none.
    (station.home.path / "schedule" / "known.json").write_text("{broken")
    assert known.refresh(station.home, new, station.calendar, now=NOW + 3 * DAY) == {"some": NOW + 3 * DAY}
    assert known.refresh(station.home, new, station.calendar, now=NOW) == {"some": NOW}


def test_what_was_due_and_nobody_looked_is_told_before_any_scheduler_comes_back(station):
    config = ScheduleConfig(jobs={"some": build_job(when=DAILY)})
    known.refresh(station.home, config.enabled, station.calendar, now=NOW - 2 * DAY)
    with station.store.reading() as session:
        (found,) = list_missed(session, station.home, config, station.calendar, since=NOW - 9 * DAY, now=NOW)
        assert (found.state, found.note) == ("open", "到点没有运行，共 2 次")
        just = datetime(2026, 3, 4, 23, 34, tzinfo=UTC)
        later = list_missed(session, station.home, config, station.calendar, since=NOW - DAY, now=just)
        assert later == []


@pytest.mark.server
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_connections_that_a_server_drops_cost_no_run_its_end(station):
    active = begin_by_hand(station, "some", build_job(), due_at=None, now=NOW)
    with psycopg.connect(station.home.url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL"
        )
    assert wait(station, [active])[0].state in ("succeeded", "failed")
    assert all_runs(station)[0].state != "running"
    with held(station, "some"):
        assert find_job_lock(station.home, station.store, "some") is None


def test_lines_and_outputs_go_after_their_time_and_what_went_wrong_often_stays(station):
    config = ScheduleConfig(jobs={"often": build_job(), "daily": build_job(when=DAILY)})
    ages = {("often", "succeeded", 8): False, ("often", "failed", 8): True, ("often", "succeeded", 6): True,
            ("daily", "succeeded", 399): True, ("daily", "succeeded", 401): False, ("gone", "missed", 401): False,
            ("daily", "running", 500): True}  # fmt: skip
    with station.store.writing() as session:
        for job, state, days in ages:
            at = NOW - days * DAY - (SECOND if state == "failed" else 0 * SECOND)
            session.add(JobRun(job=job, due_at=at, started_at=at, state=state, actor="甲"))
    folder = station.home.folder("logs") / "jobs" / "daily"
    folder.mkdir(parents=True)
    for days in (399, 401):
        (folder / f"{days}.log").write_text("旧")
        os.utime(folder / f"{days}.log", (0, (NOW - days * DAY).timestamp()))
    with station.store.writing() as session:
        assert prune.prune_rows(session, config, now=NOW) == 3
    assert prune.prune_outputs(station.home, config, now=NOW, dry_run=True) == 1
    assert len(list(folder.iterdir())) == 2
    assert prune.prune_outputs(station.home, config, now=NOW, dry_run=False) == 1
    kept = {(run.job, run.state, (NOW - run.started_at).days) for run in all_runs(station)}
    assert kept == {key for key, stays in ages.items() if stays}


def test_a_folder_that_cannot_be_made_is_a_plain_sentence(station):
    Path(station.home.path / "schedule").write_text("")
    with pytest.raises(InputError, match="不能写入"):
        begin_due(station, {"some": build_job()}, now=NOW)


def test_the_end_of_a_run_that_cannot_be_written_is_written_when_asked_again(station):
    active = begin_by_hand(station, "some", build_job(), due_at=None, now=NOW)
    while active.code is None and settle(station, active) is None:
        pass
    assert [run.state for run in all_runs(station)] == ["succeeded"]
    with station.store.writing() as session:
        record.end(session, active.run.id, state="running")
    assert settle(station, active).state == "succeeded"
    assert [run.state for run in all_runs(station)] == ["succeeded"]
