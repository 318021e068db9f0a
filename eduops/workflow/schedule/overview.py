"""How the schedule stands: what is due next, what was missed, whether a scheduler is alive. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from eduops.core.home import Home
from eduops.store.models import JobRun
from eduops.workflow.schedule import heartbeat, known, record
from eduops.workflow.schedule.configuration import Job, ScheduleConfig
from eduops.workflow.schedule.decision import ON_TIME_FOR, Past, list_open
from eduops.workflow.schedule.rules import Calendar, find_next


@dataclass(frozen=True, slots=True)
class Line:
    """A job, when it is due next, and its newest run."""

    name: str
    job: Job
    next_at: datetime | None
    last: JobRun | None


@dataclass(frozen=True, slots=True)
class Missed:
    """A due instant without a run that ended by itself."""

    job: str
    due_at: datetime
    state: str
    """missed, interrupted, or open where no scheduler has looked yet."""
    note: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether a scheduler is alive."""

    last: heartbeat.Heartbeat | None
    is_silent: bool
    text: str


def list_lines(session: Session, config: ScheduleConfig, calendar: Calendar, *, now: datetime) -> list[Line]:
    """Every job of the file, in its order."""
    newest = record.find_newest(session)
    return [
        Line(name, job, find_next(job.when, calendar, after=now) if job.enabled else None, newest.get(name))
        for name, job in config.jobs.items()
    ]


def list_missed(
    session: Session,
    home: Home,
    config: ScheduleConfig,
    calendar: Calendar,
    *,
    since: datetime,
    now: datetime,
) -> list[Missed]:
    """What was due since an instant and did not run, or broke off; earliest first."""
    noted = [
        Missed(run.job, due_at, run.state, run.note or "")
        for run in record.list_unrun(session, since=since)
        if (due_at := run.due_at or run.started_at) is not None
    ]
    return sorted(noted + _list_open(session, home, config, calendar, since=since, now=now), key=_order)


def find_pulse(home: Home, *, now: datetime) -> Pulse:
    """The last sign of life and what to think of it."""
    last = heartbeat.find_heartbeat(home)
    if last is None:
        return Pulse(None, True, "还没有调度器运行过")
    age = now - last.at
    is_silent = age > heartbeat.SILENT_FOR
    said = f"最近一次心跳在 {render_age(age)}前（{last.by}，{last.machine}）"
    return Pulse(last, is_silent, said + ("：调度器停了" if is_silent else ""))


def render_age(age: timedelta) -> str:
    """A length of time in its largest unit."""
    seconds = max(int(age.total_seconds()), 0)
    for unit, word in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds >= unit:
            return f"{seconds // unit} {word}"
    return f"{seconds} 秒"


def _list_open(
    session: Session,
    home: Home,
    config: ScheduleConfig,
    calendar: Calendar,
    *,
    since: datetime,
    now: datetime,
) -> list[Missed]:
    """Due instants that no scheduler has looked at although it had time to. A job that is running will be asked later."""
    sinces = known.find_sinces(home, config.enabled, calendar)
    marks, running = record.find_marks(session, now=now), {run.job for run in record.list_running(session)}
    found: list[Missed] = []
    for name, job in config.enabled.items():
        if name in sinces and name not in running:
            past = Past(max(sinces[name], since), marks.get(name))
            due = [at for at in list_open(job, past, calendar, now=now) if now - at > ON_TIME_FOR]
            found += _build_open(name, due)
    return found


def _build_open(name: str, due: Sequence[datetime]) -> list[Missed]:
    """One line for a job however often it was due: nobody has decided about these yet."""
    if not due:
        return []
    return [Missed(name, due[-1], "open", f"到点没有运行，共 {len(due)} 次")]


def _order(missed: Missed) -> tuple[datetime, str]:
    return missed.due_at, missed.job
