"""What the tests of the schedule share."""

from typing import Any
from zoneinfo import ZoneInfo

from eduops.contract.schema import WorkingDayChanges
from eduops.contract.working_day import WorkingDays
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
