"""Since when each job's rule has been in force: a new or changed rule owes nothing for the time before it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from eduops.core.errors import Conflict
from eduops.core.files import OWNERS_ONLY, write_whole
from eduops.core.home import Home
from eduops.workflow.schedule.configuration import Job
from eduops.workflow.schedule.lock import get_folder
from eduops.workflow.schedule.rules import Calendar

_WAIT_SECONDS = 20
_Known = dict[str, tuple[str, datetime]]
"""By job: its rule's fingerprint, and the instant at which a scheduler first saw it."""


def find_sinces(home: Home, jobs: Mapping[str, Job], calendar: Calendar) -> dict[str, datetime]:
    """The instants of those jobs whose present rule some scheduler has seen."""
    known = _load(_path(home))
    return {
        name: known[name][1]
        for name, job in jobs.items()
        if name in known and known[name][0] == _fingerprint(job, calendar)
    }


def refresh(home: Home, jobs: Mapping[str, Job], calendar: Calendar, *, now: datetime) -> dict[str, datetime]:
    """The same for all of these jobs, new and changed ones from now on. Jobs that are not among them are forgotten.

    Raises InputError where it cannot be written, Conflict where another process keeps it.
    """
    path = _path(home)
    get_folder(home)
    if _refreshed(_load(path), jobs, calendar, now=now) != _load(path):
        try:
            with FileLock(path.with_suffix(".lock"), timeout=_WAIT_SECONDS, mode=OWNERS_ONLY):
                _save(path, _refreshed(_load(path), jobs, calendar, now=now))
        except Timeout as error:
            raise Conflict(f"{path} 被另一个进程占用", hint="等它结束后再运行") from error
    return {name: since for name, (_, since) in _refreshed(_load(path), jobs, calendar, now=now).items()}


def _refreshed(known: _Known, jobs: Mapping[str, Job], calendar: Calendar, *, now: datetime) -> _Known:
    fresh: _Known = {}
    for name, job in jobs.items():
        fingerprint = _fingerprint(job, calendar)
        before, since = known.get(name, ("", now))
        # An instant ahead of now was written by a clock that was wrong.
        fresh[name] = (fingerprint, min(since, now) if before == fingerprint else now)
    return fresh


def _fingerprint(job: Job, calendar: Calendar) -> str:
    rule = f"{calendar.zone.key} {job.when.model_dump_json(exclude_none=True)}"
    return hashlib.sha256(rule.encode()).hexdigest()[:16]


def _path(home: Home) -> Path:
    return home.path / "schedule" / "known.json"


def _load(path: Path) -> _Known:
    """What was written; nothing where the file is missing or not ours, which begins anew."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        known = {name: (rule, datetime.fromisoformat(since)) for name, (rule, since) in written.items()}
        return {name: each for name, each in known.items() if each[1].tzinfo}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _save(path: Path, known: _Known) -> None:
    written = {name: (rule, since.isoformat()) for name, (rule, since) in known.items()}
    write_whole(path, json.dumps(written, indent=1), mode=OWNERS_ONLY)
