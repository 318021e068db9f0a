"""What is kept of runs: lines and outputs for `keep_days`; dull lines of jobs that run every few minutes for a week."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from eduops.core.home import Home
from eduops.workflow.schedule import record
from eduops.workflow.schedule.active import JOBS_FOLDER
from eduops.workflow.schedule.configuration import ScheduleConfig
from eduops.workflow.schedule.when import Every

_DULL_FOR = timedelta(days=7)


def prune_rows(session: Session, config: ScheduleConfig, *, now: datetime) -> int:
    """Removes lines past their time and says how many."""
    frequent = [name for name, job in config.jobs.items() if job.when.every is Every.MINUTES]
    return record.prune(
        session,
        before=now - timedelta(days=config.keep_days),
        frequent=frequent,
        frequent_before=now - _DULL_FOR,
    )


def prune_outputs(home: Home, config: ScheduleConfig, *, now: datetime, dry_run: bool) -> int:
    """Removes outputs past their time and says how many."""
    oldest = (now - timedelta(days=config.keep_days)).timestamp()
    old = [path for path in (home.folder("logs") / JOBS_FOLDER).glob("*/*.log") if _is_older(path, oldest)]
    for path in old if not dry_run else ():
        with suppress(FileNotFoundError):
            path.unlink()
    return len(old)


def _is_older(path: Path, oldest: float) -> bool:
    try:
        return path.stat().st_mtime < oldest
    except FileNotFoundError:
        return False
