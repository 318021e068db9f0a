"""What we ask about patrols."""

from eduops.patrol.queries.run import (
    count_problems,
    find_document,
    find_last_machine,
    find_run_by_document,
    get_run,
    list_patrol_facts,
    list_results,
    list_runs,
)

__all__ = [
    "count_problems",
    "find_document",
    "find_last_machine",
    "find_run_by_document",
    "get_run",
    "list_patrol_facts",
    "list_results",
    "list_runs",
]
