"""A run that is going on: its command begun, its end written, stopped where it has to be."""

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from eduops.contract.period import day_of
from eduops.core.errors import EduopsError
from eduops.core.home import Home
from eduops.store.models import JobRun
from eduops.store.store import Store
from eduops.workflow.schedule import child as children
from eduops.workflow.schedule import leftover, record
from eduops.workflow.schedule.configuration import Job
from eduops.workflow.schedule.lock import Lock
from eduops.workflow.schedule.rules import Calendar, fill_words
from eduops.workflow.schedule.when import Every

JOBS_FOLDER = "jobs"
"""Where outputs are kept, in the home's `logs/`."""
_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 300.0
"""For how long a database that does not answer is waited for."""
_STOP_SECONDS = 2 * children.GRACE_SECONDS
"""Past this a process that cannot even be killed (its disk hangs) is left to the next start."""


@dataclass(frozen=True)
class Station:
    """Where and as whom a scheduler works."""

    home: Home
    store: Store
    calendar: Calendar
    trigger: str
    """cron, systemd, daemon or hand."""
    actor: str


@dataclass
class Active:
    """A run that is going on."""

    run: JobRun
    child: children.Child
    lock: Lock
    is_frequent: bool = False
    """Whether it runs every few minutes: then only what did not go well is worth its output."""
    code: int | None = None
    seconds: float = 0.0
    """How long it took, once it has ended."""
    is_stopped: bool = False
    """Whether its scheduler had to stop before it ended."""


def list_words(job: Job, at: datetime, calendar: Calendar) -> tuple[str, ...]:
    """The command's words for a run that was due, or begun by hand, at an instant."""
    return fill_words(job.command, day_of(at, calendar.zone))


def launch(station: Station, run: JobRun, job: Job, lock: Lock) -> Active:
    """The command begun. Raises EduopsError, with the run noted as failed, where that cannot be done."""
    started_at = run.started_at
    assert started_at is not None  # noqa: S101 - the line of a run has its beginning
    relative = f"{JOBS_FOLDER}/{run.job}/{started_at:%Y%m%dT%H%M%SZ}-{run.id}.log"
    environment = {
        **os.environ,
        "EDUOPS_HOME": str(station.home.path),
        leftover.MARK: leftover.render_mark(run.id, station.home.path),
    }
    try:
        child = children.start(
            [sys.executable, "-m", "eduops", *list_words(job, run.due_at or started_at, station.calendar)],
            environment=environment,
            output=station.home.folder("logs") / relative,
            limit_seconds=job.limit_minutes * 60,
        )
    except EduopsError as error:
        with station.store.writing() as session:
            record.end(session, run.id, state=record.FAILED, note=error.message, finished_at=started_at)
        raise
    run.process, run.output = child.process.pid, relative
    active = Active(run, child, lock, is_frequent=job.when.every is Every.MINUTES)
    try:
        with station.store.writing() as session:
            record.end(session, run.id, process=run.process, output=relative)
    except BaseException:
        stop(station, [active])
        raise
    return active


def settle(station: Station, active: Active) -> JobRun | None:
    """The run with its end written and its lock free, once it has ended; else None.

    Raises EduopsError where the end could not be written: ask again.
    """
    if active.code is None:
        active.code = children.poll(active.child)
    if active.code is None:
        return None
    active.seconds = active.seconds or active.child.seconds
    ended = _build_end(station, active, active.code)
    with station.store.writing() as session:
        record.end(
            session, ended.id, state=ended.state, exit_code=ended.exit_code, finished_at=ended.finished_at,
            output=ended.output, note=ended.note,
        )  # fmt: skip
    active.lock.release()
    return ended


def wait(station: Station, actives: Sequence[Active]) -> list[JobRun]:
    """The runs, when all have ended. Whatever interrupts the waiting stops them first.

    Raises EduopsError where their ends cannot be written for minutes: until then it is tried again.
    """
    waiting, ended = list(actives), []
    failing_since: float | None = None
    try:
        while waiting:
            for active in list(waiting):
                try:
                    run = settle(station, active)
                except EduopsError:
                    failing_since = failing_since or time.monotonic()
                    if time.monotonic() - failing_since > _PATIENCE_SECONDS:
                        raise
                    continue
                failing_since = None
                if run is not None:
                    ended.append(run)
                    waiting.remove(active)
            time.sleep(_POLL_SECONDS if waiting else 0)
    except BaseException:
        stop(station, waiting)
        raise
    return ended


def stop(station: Station, actives: Sequence[Active]) -> None:
    """Ends the runs, waits for that, and writes that they broke off."""
    for active in actives:
        if active.code is None:
            active.is_stopped = True
            children.ask_to_stop(active.child)
    for active in actives:
        until = time.monotonic() + _STOP_SECONDS
        while active.code is None and time.monotonic() < until:
            active.code = children.poll(active.child)
            time.sleep(_POLL_SECONDS if active.code is None else 0)
        try:
            with suppress(EduopsError):  # The next start finds it broken off.
                settle(station, active)
        finally:
            active.lock.release()


def _build_end(station: Station, active: Active, code: int) -> JobRun:
    run = active.run
    run.exit_code = code if code >= 0 else 128 - code
    if run.started_at is not None:
        run.finished_at = run.started_at + timedelta(seconds=active.seconds)
    run.state, run.note = _judge(active, code)
    _drop_dull_output(station, active)
    return run


def _drop_dull_output(station: Station, active: Active) -> None:
    run = active.run
    is_dull = active.is_frequent and run.state == record.SUCCEEDED
    path = station.home.folder("logs") / (run.output or "")
    with suppress(OSError):
        if run.output and (is_dull or path.stat().st_size == 0):
            path.unlink()
            run.output = None


def _judge(active: Active, code: int) -> tuple[str, str | None]:
    if active.child.is_over_time:
        return record.TIMED_OUT, "超过时限，已终止"
    if active.is_stopped:
        return record.INTERRUPTED, "调度器停止，任务随之中止"
    if code < 0:
        return record.FAILED, f"被信号 {-code} 终止"
    return {0: record.SUCCEEDED, 1: record.FOUND}.get(code, record.FAILED), None
