"""Processes: how many, the busiest, the largest, zombies, and whether those expected are there.

Read from /proc even where psutil is there: one small file a process, half of psutil's time. Command lines are looked
at to find expected processes and never reported: they may hold passwords.
"""

import os
import pwd
import time
from typing import Any, Dict, List, NamedTuple, Optional

from eduops_agent.context import Context, NotChecked

NAME = "processes"
TITLE = "进程：总数、占用最多者、僵尸进程、应在的进程"

_TOP = 5
_MOST_ZOMBIES = 20
# The kernel cuts a process's name here.
_NAME_LENGTH = 15


class Process(NamedTuple):
    """What /proc/PID/stat says; `ticks` of processor time since its start, `started_ticks` after boot."""

    pid: int
    name: str
    state: str
    parent_pid: int
    ticks: int
    started_ticks: int
    memory_pages: int


def measure(context: Context) -> Dict[str, Any]:
    """All processes that this account may see, over the interval. Raises NotChecked without /proc."""
    before = _read_processes()
    time.sleep(context.interval_seconds)
    after = _read_processes()
    if not after:
        raise NotChecked("不能读取 /proc 下的进程")
    is_complete = 1 in after
    zombies = [process for process in after.values() if process.state == "Z"]
    return {
        "count": len(after),
        # Where /proc is mounted with hidepid, only one's own processes are seen.
        "is_complete": is_complete,
        "zombie_count": len(zombies),
        "zombies": [
            {"pid": process.pid, "name": process.name, "parent_pid": process.parent_pid}
            for process in zombies[:_MOST_ZOMBIES]
        ],
        "top_cpu": _build_top_cpu(before, after, context.interval_seconds),
        "top_memory": _build_top_memory(after),
        "expected": [
            _find_expected(wanted, after, is_complete)
            for wanted in (context.settings or {}).get("expected", [])
        ],
    }


def parse_stat(text: str) -> Process:
    """One /proc/PID/stat; the name stands in parentheses and may hold spaces and parentheses itself."""
    start, end = text.index("("), text.rindex(")")
    rest = text[end + 2 :].split()
    return Process(
        pid=int(text[:start]),
        name=text[start + 1 : end],
        state=rest[0],
        parent_pid=int(rest[1]),
        ticks=int(rest[11]) + int(rest[12]),
        started_ticks=int(rest[19]),
        memory_pages=int(rest[21]),
    )


def is_expected(name: str, command: str, process_name: str, words: List[str]) -> bool:
    """Whether a process is the one expected: by its name or its program's, and by a text in its command line."""
    program = os.path.basename(words[0]) if words else ""
    # Servers rewrite their first word: "nginx: master process".
    has_name = name[:_NAME_LENGTH] == process_name or name == program or program.startswith(name + ":")
    return has_name and command in " ".join(words)


def _read_processes() -> Dict[int, Process]:
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/{}/stat".format(entry), "rb") as stream:
                    process = parse_stat(stream.read().decode("utf-8", "replace"))
            except (OSError, ValueError):
                # Gone since the listing, or not ours to see.
                continue
            found[process.pid] = process
    return _leave_out_agent(found)


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
    before: Dict[int, Process], after: Dict[int, Process], seconds: float
) -> List[Dict[str, Any]]:
    second = float(os.sysconf("SC_CLK_TCK"))
    rows = []
    for pid, process in after.items():
        old = before.get(pid)
        is_same = old is not None and old.started_ticks == process.started_ticks
        ticks = process.ticks - old.ticks if old is not None and is_same else process.ticks
        if ticks > 0:
            rows.append((ticks, process))
    rows.sort(key=lambda row: (-row[0], row[1].pid))
    return [
        dict(_build_row(process), cpu_percent=round(100.0 * ticks / second / seconds, 1))
        for ticks, process in rows[:_TOP]
    ]


def _build_top_memory(after: Dict[int, Process]) -> List[Dict[str, Any]]:
    largest = sorted(after.values(), key=lambda process: (-process.memory_pages, process.pid))
    return [_build_row(process) for process in largest[:_TOP]]


def _build_row(process: Process) -> Dict[str, Any]:
    return {
        "pid": process.pid,
        "name": process.name,
        "user": _find_owner(process.pid),
        "memory_bytes": process.memory_pages * os.sysconf("SC_PAGE_SIZE"),
    }


def _find_owner(pid: int) -> Optional[str]:
    try:
        uid = os.stat("/proc/{}".format(pid)).st_uid
    except OSError:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _find_expected(wanted: Dict[str, str], after: Dict[int, Process], is_complete: bool) -> Dict[str, Any]:
    name, command = wanted["name"], wanted.get("command", "")
    alive = [process for process in after.values() if process.state != "Z"]
    count = sum(is_expected(name, command, process.name, _read_words(process.pid)) for process in alive)
    row: Dict[str, Any] = {"name": name, "command": command, "status": "ok", "reason": "", "count": count}
    if not count and not is_complete:
        row.update(status="not_checked", reason="本账号看不到其他用户的进程（hidepid）", count=None)
    return row


def _read_words(pid: int) -> List[str]:
    try:
        with open("/proc/{}/cmdline".format(pid), "rb") as stream:
            return stream.read().decode("utf-8", "replace").rstrip("\0").split("\0")
    except OSError:
        return []
