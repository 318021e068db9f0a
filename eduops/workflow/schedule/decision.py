"""What to do about a job now: run it, and which due instants went by without it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from eduops.workflow.schedule.configuration import CatchUp, Job
from eduops.workflow.schedule.rules import Calendar, list_due
from eduops.workflow.schedule.when import Every

ON_TIME_FOR = timedelta(minutes=5)
"""A run that begins within this of its due instant is not late."""
LOOK_BACK_FOR = timedelta(days=100)
"""Due instants longer ago than this are not looked for any more."""
AHEAD_FOR = timedelta(hours=1)
"""A run that was due later than this from now was begun by a clock that was wrong."""
_MOST_NOTED = 31
"""How many missed runs of one stretch get a line of their own."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a job: since when its rule has been in force, and its runs up to now."""

    since: datetime
    last_due_at: datetime | None = None
    """The last due instant of which something became."""
    last_started_at: datetime | None = None
    last_finished_at: datetime | None = None
    """Of the run that began last."""


@dataclass(frozen=True, slots=True)
class Unrun:
    """A due instant at which the job did not run, and why."""

    due_at: datetime
    state: Literal["missed", "skipped"]
    note: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The due instant to run now, if any, and those to note as not run."""

    run_at: datetime | None = None
    is_late: bool = False
    unrun: tuple[Unrun, ...] = ()


def list_open(job: Job, past: Past, calendar: Calendar, *, now: datetime) -> list[datetime]:
    """The due instants up to now of which nothing became yet, earliest first."""
    known = (past.since, past.last_due_at or past.since, now - LOOK_BACK_FOR)
    return list_due(job.when, calendar, after=max(known), until=now)


def decide(job: Job, past: Past, calendar: Calendar, *, now: datetime) -> Decision:
    """Runs the newest due instant where it is on time or may be caught up; notes the others."""
    due = list_open(job, past, calendar, now=now)
    if not due:
        return Decision()
    newest = due[-1]
    is_late = now - newest > ON_TIME_FOR
    if is_late and (job.catch_up is CatchUp.SKIP or _is_overlapped(newest, past)):
        return Decision(unrun=_note(job, due, past, calendar.zone, caught_up=False))
    return Decision(newest, is_late, _note(job, due[:-1], past, calendar.zone, caught_up=is_late))


def _note(
    job: Job, due: Sequence[datetime], past: Past, zone: ZoneInfo, *, caught_up: bool
) -> tuple[Unrun, ...]:
    """One note an instant; those before the newest few, and of a job that runs every few minutes all, share one."""
    most = 1 if job.when.every is Every.MINUTES else _MOST_NOTED
    before, own = due[:-most], due[-most:]
    notes = []
    for place, instant in enumerate(own):
        overlapped = _is_overlapped(instant, past)
        note = "到点时上一次还没有结束" if overlapped else "到点时没有调度器在运行"
        if before and place == 0:
            note += f"；连同此前共 {len(before) + 1} 次，自 {before[0].astimezone(zone):%Y-%m-%d %H:%M} 起"
        if caught_up:
            note += "；由之后的一次补跑代替"
        notes.append(Unrun(instant, "skipped" if overlapped else "missed", note))
    return tuple(notes)


def _is_overlapped(instant: datetime, past: Past) -> bool:
    """Whether the run that began last was still going on."""
    if past.last_started_at is None or past.last_started_at > instant:
        return False
    return past.last_finished_at is None or instant <= past.last_finished_at
