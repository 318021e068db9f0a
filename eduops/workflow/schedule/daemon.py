"""`eduops schedule run`: stays, looks every second for what is due, and survives whatever a job does."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import FrameType

from schedule import Scheduler
from sqlalchemy.exc import SQLAlchemyError

from eduops.core.errors import EduopsError
from eduops.store.models import JobRun
from eduops.workflow.schedule import heartbeat
from eduops.workflow.schedule.active import Active, Station, settle, stop
from eduops.workflow.schedule.configuration import Job, ScheduleConfig, find_config_path
from eduops.workflow.schedule.lock import get_daemon_lock
from eduops.workflow.schedule.record import FAILED, TIMED_OUT
from eduops.workflow.schedule.rules import find_next
from eduops.workflow.schedule.run import begin_due

_SLEEP_SECONDS = 0.2
_FULL_LOOK_SECONDS = 60.0
"""How often the run table is looked at where nothing is due: for runs that others left behind."""
_LONGEST_IDLE_SECONDS = 120.0
Say = Callable[[str], None]


@dataclass
class Daemon:
    """One daemon at work. `say` tells whoever reads its log; `read_now` is the clock, which may jump."""

    station: Station
    load: Callable[[], ScheduleConfig]
    read_now: Callable[[], datetime]
    say: Say
    config: ScheduleConfig = field(default_factory=ScheduleConfig)
    actives: list[Active] = field(default_factory=list)
    pinger: heartbeat.Pinger = field(default_factory=heartbeat.Pinger)
    is_stopping: bool = False
    _stamp: object = None
    _looked_at: datetime | None = None
    _next_at: datetime | None = None
    _full_look_at: float = 0.0
    _said: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Begins what is due. The run table is asked only when something may have become due."""
        now = self.read_now()
        with self._surviving("schedule.yaml"):
            self.reload()
        if self._is_quiet(now):
            return
        with self._surviving("look"):
            begun, faults = begin_due(self.station, self.config.enabled, now=now)
            self.actives += begun
            self._say_once("begin", "；".join(faults))
            self._looked_at, self._full_look_at = now, time.monotonic() + _FULL_LOOK_SECONDS
            self._next_at = find_next_of_all(self.station, self.config.enabled, after=now)

    def settle(self) -> None:
        """Writes the end of every run that has ended."""
        for active in list(self.actives):
            with self._surviving("settle"):
                run = settle(self.station, active)
                if run is not None:
                    self.actives.remove(active)
                    if run.state in (FAILED, TIMED_OUT):
                        self.say(render_failure(run))

    def beat(self) -> None:
        """Shows that the daemon is alive."""
        with self._surviving("beat"):
            heartbeat.beat(self.station.home, by="daemon", now=self.read_now())

    def ping(self) -> None:
        """Calls the address, where one is named."""
        with self._surviving("ping"):
            url = heartbeat.load_url(self.config.ping, home=self.station.home)
            if url:
                self._say_once("called", self.pinger.fault)
                self.pinger.call(url)

    def _is_quiet(self, now: datetime) -> bool:
        if self._looked_at is None or now < self._looked_at or time.monotonic() >= self._full_look_at:
            return False
        return self._next_at is None or now < self._next_at

    def reload(self) -> None:
        """The file as it is now, if it changed. Raises ConfigError for a wrong one, which leaves what was in force."""
        status = find_config_path(self.station.home.path).stat()
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        if stamp != self._stamp:
            self._stamp = stamp
            self.config = self.load()
            self._looked_at = None

    def _surviving(self, what: str) -> "_Surviving":
        return _Surviving(self, what)

    def _say_once(self, what: str, sentence: str) -> None:
        """Says something of one kind when it is new; an empty sentence forgets it."""
        if sentence and self._said.get(what) != sentence:
            self.say(sentence)
        self._said[what] = sentence


@dataclass
class _Surviving:
    """Whatever fails outside is said once and tried again later; a fault of the program is not hidden."""

    daemon: Daemon
    what: str

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if error is not None and not isinstance(error, EduopsError | OSError | SQLAlchemyError):
            return False
        match error:
            case None:
                sentence = ""
            case EduopsError():
                sentence = error.message
            case _:
                sentence = f"暂时做不了（{type(error).__name__}），会再试"
        self.daemon._say_once(self.what, sentence)
        return True


def run_daemon(
    station: Station, load: Callable[[], ScheduleConfig], *, read_now: Callable[[], datetime], say: Say
) -> None:
    """Runs until SIGTERM or SIGINT, then stops its children and itself.

    Raises Conflict where the home has a daemon, ConfigError for a wrong schedule.yaml.
    """
    lock = get_daemon_lock(station.home)
    try:
        daemon = Daemon(replace(station, trigger="daemon"), load, read_now, say)
        daemon.reload()
        say(f"调度器开始运行（进程 {os.getpid()}，数据目录 {station.home.path}）")
        _serve(daemon)
        say("调度器已停止。")
    finally:
        lock.release()


def find_next_of_all(station: Station, jobs: Mapping[str, Job], *, after: datetime) -> datetime | None:
    """The first instant at which any of the jobs is due."""
    found = (find_next(job.when, station.calendar, after=after) for job in jobs.values())
    return min((instant for instant in found if instant is not None), default=None)


def render_failure(run: JobRun) -> str:
    """What is said of a run that failed."""
    where = f"；输出在 logs/{run.output}" if run.output else ""
    return f"任务 {run.job} 没有成功：{run.note or '命令报错'}（退出码 {run.exit_code}）{where}"


def keep_polling(scheduler: Scheduler, tasks: Mapping[Callable[[], None], int]) -> None:
    """Registers the tasks anew where the machine's clock was put back: they would wait until it is that time again."""
    idle = scheduler.idle_seconds
    if idle is None or idle > _LONGEST_IDLE_SECONDS:
        scheduler.clear()
        for task, seconds in tasks.items():
            scheduler.every(seconds).seconds.do(task)


def _serve(daemon: Daemon) -> None:
    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        daemon.is_stopping = True

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGTERM, signal.SIGINT)}
    tasks = {daemon.beat: 20, daemon.look: 1, daemon.settle: 1, daemon.ping: 60}
    scheduler = Scheduler()
    try:
        for task in tasks:
            task()
        while not daemon.is_stopping:
            keep_polling(scheduler, tasks)
            scheduler.run_pending()
            time.sleep(_SLEEP_SECONDS)
    finally:
        stop(daemon.station, daemon.actives)
        for number, handler in before.items():
            signal.signal(number, handler)
