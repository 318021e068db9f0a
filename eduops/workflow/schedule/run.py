"""Runs of jobs from beginning to end: each due instant once, one run of a job at a time, each with its line.

The line is committed before the command begins, so that a run that dies stays visible.
"""

import shlex
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from eduops.core.errors import Conflict, EduopsError, NotAllowed
from eduops.store.models import JobRun
from eduops.workflow.schedule import known, leftover, record
from eduops.workflow.schedule.active import Active, Station, launch, list_words, stop
from eduops.workflow.schedule.configuration import Job
from eduops.workflow.schedule.decision import Past, decide, list_open
from eduops.workflow.schedule.lock import find_job_lock
from eduops.workflow.schedule.rules import Calendar, list_due

_INSTANT = timedelta.resolution


def begin_due(station: Station, jobs: Mapping[str, Job], *, now: datetime) -> tuple[list[Active], list[str]]:
    """Begins what is due and notes what went by; gives what runs now, and why something could not be begun.

    Of what another scheduler is faster with, nothing is begun here.
    """
    recover(station, now=now)
    sinces = known.refresh(station.home, jobs, station.calendar, now=now)
    _forget_ahead(station, now=now)
    with station.store.reading() as session:
        marks = record.find_marks(session, now=now)
    begun: list[Active] = []
    faults: list[str] = []
    try:
        for name, job in jobs.items():
            past = Past(sinces[name], marks.get(name))
            if list_open(job, past, station.calendar, now=now):
                _try_to_begin(station, name, job, past, begun, faults, now=now)
    except BaseException:
        stop(station, begun)
        raise
    return begun, faults


def begin_by_hand(station: Station, name: str, job: Job, *, due_at: datetime | None, now: datetime) -> Active:
    """Begins a job now; for a due instant it is then the run of that instant.

    Raises Conflict where it is running or that instant has its run, NotAllowed for an instant that it is not due at.
    """
    if due_at is not None:
        _require_due(job, station.calendar, due_at, now=now)
    recover(station, now=now)
    lock = find_job_lock(station.home, station.store, name)
    if lock is None:
        raise Conflict(
            f"任务 {name} 正在运行", hint=f"等它结束；eduops schedule runs --job {name} 可以看到它"
        )
    try:
        with station.store.writing() as session:
            run = record.begin(session, _build_run(station, name, job, due_at, now=now))
        if run is None:
            raise Conflict(
                f"任务 {name} 这个时刻已经运行过", hint="不写 --due 就再运行一次，不算作那个时刻的"
            )
        return launch(station, run, job, lock)
    except BaseException:
        lock.release()
        raise


def recover(station: Station, *, now: datetime) -> list[JobRun]:
    """The runs whose scheduler is gone: ended where something of them still runs, and noted as broken off."""
    with station.store.reading() as session:
        running = record.list_running(session)
    broken: list[JobRun] = []
    for name in dict.fromkeys(run.job for run in running):
        lock = find_job_lock(station.home, station.store, name)
        if lock is not None:
            try:
                broken += _break_off(station, name, now=now)
            finally:
                lock.release()
    return broken


def _break_off(station: Station, name: str, *, now: datetime) -> list[JobRun]:
    """Notes what still counts as running of a job of which we hold the lock: nobody looks after it."""
    with station.store.reading() as session:
        orphans = [run for run in record.list_running(session) if run.job == name]
    broken = []
    for run in orphans:
        ended = (
            leftover.end_leftovers(run.id, station.home.path) if run.machine == socket.gethostname() else 0
        )
        note = "启动它的调度器已不在（被强行结束，或机器重启），结果不明" + (
            "；残留的进程已结束" if ended else ""
        )
        with station.store.writing() as session:
            if record.break_off(session, run.id, note=note, now=now):
                broken.append(run)
    return broken


def _forget_ahead(station: Station, *, now: datetime) -> None:
    with station.store.reading() as session:
        count = record.count_ahead(session, now=now)
    if count:
        with station.store.writing() as session:
            record.forget_ahead(session, now=now)


def _try_to_begin(
    station: Station,
    name: str,
    job: Job,
    past: Past,
    begun: list[Active],
    faults: list[str],
    *,
    now: datetime,
) -> None:
    """One job that cannot be begun does not keep the others from it."""
    try:
        active = _begin_if_due(station, name, job, past, now=now)
    except EduopsError as error:
        faults.append(f"任务 {name} 没有能开始：{error.message}")
        return
    if active is not None:
        begun.append(active)


def _begin_if_due(station: Station, name: str, job: Job, past: Past, *, now: datetime) -> Active | None:
    lock = find_job_lock(station.home, station.store, name)
    if lock is None:
        # It is running; what has become due in the meantime is decided about when it has ended.
        return None
    try:
        run = _claim(station, name, job, past, now=now)
        if run is not None:
            return launch(station, run, job, lock)
    except BaseException:
        lock.release()
        raise
    lock.release()
    return None


def _claim(station: Station, name: str, job: Job, past: Past, *, now: datetime) -> JobRun | None:
    """Decides again under the lock, notes what went by, and begins the line of the run that is due."""
    with station.store.writing() as session:
        last = record.find_last(session, name)
        past = replace(
            past,
            last_due_at=record.find_marks(session, now=now).get(name),
            last_started_at=last.started_at if last else None,
            last_finished_at=last.finished_at if last else None,
        )
        decision = decide(job, past, station.calendar, now=now)
        record.note_unrun(
            session, name, decision.unrun,
            machine=socket.gethostname(), trigger=station.trigger, actor=station.actor,
        )  # fmt: skip
        if decision.run_at is None:
            return None
        trigger = "catch_up" if decision.is_late else station.trigger
        return record.begin(
            session, _build_run(station, name, job, decision.run_at, now=now, trigger=trigger)
        )


def _build_run(
    station: Station,
    name: str,
    job: Job,
    due_at: datetime | None,
    *,
    now: datetime,
    trigger: str | None = None,
) -> JobRun:
    words = list_words(job, due_at or now, station.calendar)
    return JobRun(
        job=name, due_at=due_at, started_at=now, state=record.RUNNING, command=shlex.join(("eduops", *words)),
        trigger=trigger or station.trigger, machine=socket.gethostname(), actor=station.actor,
    )  # fmt: skip


def _require_due(job: Job, calendar: Calendar, due_at: datetime, *, now: datetime) -> None:
    if due_at > now:
        raise NotAllowed("这个时刻还没有到", hint="检查 --due；现在就运行则不写 --due")
    if list_due(job.when, calendar, after=due_at - _INSTANT, until=due_at) != [due_at]:
        raise NotAllowed("任务在这个时刻并不到期", hint="用 eduops schedule missed 查看漏了哪些时刻")
