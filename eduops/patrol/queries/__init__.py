"""What we ask about patrols."""

from eduops.patrol.queries.coverage import list_host_facts, list_patrol_facts
from eduops.patrol.queries.run import (
    count_problems,
    find_document,
    find_last_machine,
    find_run_by_document,
    get_run,
    list_results,
    list_runs,
)

__all__ = [
    "count_problems",
    "find_document",
    "find_last_machine",
    "find_run_by_document",
    "get_run",
    "list_host_facts",
    "list_patrol_facts",
    "list_results",
    "list_runs",
]
