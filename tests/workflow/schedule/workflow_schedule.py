"""What the tests of the schedule share."""

import shutil
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from eduops.contract.schema import WorkingDayChanges
from eduops.contract.working_day import WorkingDays
from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped
from eduops.store.secret import make_key
from eduops.workflow.schedule.configuration import Job
from eduops.workflow.schedule.rules import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(SHANGHAI, WorkingDays(WorkingDayChanges()).is_working_day)
EVERY_MINUTE = {"every": "minutes", "minutes": 1}


def build_job(*command: str, when: Any = EVERY_MINUTE, **more: Any) -> Job:  # Any: as YAML gives it
    """A job, every minute where nothing else is said."""
    return Job.model_validate(
        {"title": "虚构任务", "command": command or ("audit", "list"), "when": when, **more}
    )


def write_home(home: Path, migrated_file: Path, *jobs: str, ping: str = "{}") -> Path:
    """A home with these jobs, each `name: {…}`."""
    for folder in ("contracts", "logs", "backups"):
        (home / folder).mkdir(parents=True)
    shutil.copyfile(migrated_file, home / "eduops.db")
    shutil.copy(find_shipped("configs", "contracts", CONTRACT_NAME), home / "contracts")
    make_key(home / "personal.key")
    write_jobs(home, *jobs, ping=ping)
    return home


def write_jobs(home: Path, *jobs: str, ping: str = "{}") -> None:
    """Its schedule.yaml."""
    lines = ["jobs:", *(f"  {job}" for job in jobs)] if jobs else ["jobs: {}"]
    (home / "schedule.yaml").write_text("\n".join([f"ping: {ping}", *lines, ""]), encoding="utf-8")
