"""Processes: how many, the busiest, the largest, zombies, and whether those expected are there.

Command lines are looked at to find expected processes and never reported: they may hold passwords.
"""

import os
import time
from typing import Any, Dict, List

from eduops_agent.context import Context, NotChecked
from eduops_agent.process_list import (
    Process,
    find_owner,
    has_proc,
    page_bytes,
    read_processes,
    read_words,
    ticks_per_second,
)

NAME = "processes"
TITLE = "进程：总数、占用最多者、僵尸进程、应在的进程"

_TOP = 5
_MOST_ZOMBIES = 20
# The kernel cuts a process's name here.
_NAME_LENGTH = 15


def measure(context: Context) -> Dict[str, Any]:
    """All processes that this account may see, over the interval. Raises NotChecked where it sees none."""
    before = _leave_out_agent(read_processes(context.psutil))
    time.sleep(context.interval_seconds)
    after = _leave_out_agent(read_processes(context.psutil))
    if not after:
        raise NotChecked("不能读取 /proc 下的进程")
    # Where /proc is mounted with hidepid, only one's own processes are seen.
    is_complete = 1 in after or not has_proc()
    zombies = [process for process in after.values() if process.state == "Z"]
    return {
        "count": len(after),
        "is_complete": is_complete,
        "zombie_count": len(zombies),
        "zombies": [
            {"pid": process.pid, "name": process.name, "parent_pid": process.parent_pid}
            for process in zombies[:_MOST_ZOMBIES]
        ],
        "top_cpu": _build_top_cpu(before, after, context),
        "top_memory": _build_top_memory(after, context),
        "expected": [
            _find_expected(wanted, after, is_complete, context)
            for wanted in (context.settings or {}).get("expected", [])
        ],
    }


def is_expected(name: str, command: str, process_name: str, words: List[str]) -> bool:
    """Whether a process is the one expected: by its name or its program's, and by a text in its command line."""
    program = os.path.basename(words[0]) if words else ""
    # Servers rewrite their first word: "nginx: master process".
    has_name = name[:_NAME_LENGTH] == process_name or name == program or program.startswith(name + ":")
    return has_name and command in " ".join(words)


def _leave_out_agent(found: Dict[int, Process]) -> Dict[int, Process]:
    """Without the agent, its probes (the finished ones are zombies until the document is printed) and their programs."""
    agent = os.getppid()
    family = {agent} | {process.pid for process in found.values() if process.parent_pid == agent}
    return {
        pid: process
        for pid, process in found.items()
        if pid not in family and (process.parent_pid not in family or process.parent_pid == 1)
    }


def _build_top_cpu(
    before: Dict[int, Process], after: Dict[int, Process], context: Context
) -> List[Dict[str, Any]]:
    second = ticks_per_second() * context.interval_seconds
    rows = []
    for pid, process in after.items():
        old = before.get(pid)
        is_same = old is not None and old.started_ticks == process.started_ticks
        ticks = process.ticks - old.ticks if old is not None and is_same else process.ticks
        if ticks > 0:
            rows.append((ticks, process))
    rows.sort(key=lambda row: (-row[0], row[1].pid))
    return [
        dict(_build_row(process, context), cpu_percent=round(100.0 * ticks / second, 1))
        for ticks, process in rows[:_TOP]
    ]


def _build_top_memory(after: Dict[int, Process], context: Context) -> List[Dict[str, Any]]:
    largest = sorted(after.values(), key=lambda process: (-process.memory_pages, process.pid))
    return [_build_row(process, context) for process in largest[:_TOP]]


def _build_row(process: Process, context: Context) -> Dict[str, Any]:
    return {
        "pid": process.pid,
        "name": process.name,
        "user": find_owner(process.pid, context.psutil),
        "memory_bytes": process.memory_pages * page_bytes(),
    }


def _find_expected(
    wanted: Dict[str, str], after: Dict[int, Process], is_complete: bool, context: Context
) -> Dict[str, Any]:
    name, command = wanted["name"], wanted.get("command", "")
    alive = [process for process in after.values() if process.state != "Z"]
    count = sum(
        is_expected(name, command, process.name, read_words(process.pid, context.psutil)) for process in alive
    )
    row: Dict[str, Any] = {"name": name, "command": command, "status": "ok", "reason": "", "count": count}
    if not count and not is_complete:
        row.update(status="not_checked", reason="本账号看不到其他用户的进程（hidepid）", count=None)
    return row
