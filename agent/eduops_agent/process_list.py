"""The processes of this host, from /proc; from psutil where there is no /proc (Windows).

/proc even where psutil is there: one small file a process, half of psutil's time.
"""

import os
from typing import Any, Dict, List, NamedTuple, Optional

from eduops_agent.context import NotChecked

# Without sysconf (Windows) psutil's seconds and bytes are turned into these.
_TICKS, _PAGE_BYTES = 100, 4096
_LARGEST_STAT_BYTES = 4096


class Process(NamedTuple):
    """What /proc/PID/stat says; `ticks` of processor time since its start, `started_ticks` after boot."""

    pid: int
    name: str
    state: str
    parent_pid: int
    ticks: int
    started_ticks: int
    memory_pages: int


def has_proc() -> bool:
    """Whether this system has Linux's /proc."""
    return os.path.exists("/proc/self/stat")


def ticks_per_second() -> float:
    """In which unit `ticks` are."""
    return float(os.sysconf("SC_CLK_TCK")) if hasattr(os, "sysconf") else float(_TICKS)


def page_bytes() -> int:
    """In which unit `memory_pages` are."""
    return os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else _PAGE_BYTES


def read_processes(psutil: Any) -> Dict[int, Process]:
    """The processes that this account may see, by number. Raises NotChecked where there is no way to see any."""
    if has_proc():
        return _read_proc()
    if psutil is None:
        raise NotChecked("本系统没有 /proc，也没有安装 psutil")
    return _ask_psutil(psutil)


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


def find_owner(pid: int, psutil: Any) -> Optional[str]:
    """The name of the account it runs under, its number where it has none, None where it has gone."""
    if not has_proc():
        return _ask(psutil, pid, "username")
    # Late: there is no such module on Windows.
    import pwd

    try:
        uid = os.stat("/proc/{}".format(pid)).st_uid
    except OSError:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def read_words(pid: int, psutil: Any) -> List[str]:
    """The command line; nothing where it may not be seen."""
    if not has_proc():
        return _ask(psutil, pid, "cmdline") or []
    try:
        with open("/proc/{}/cmdline".format(pid), "rb") as stream:
            return stream.read().decode("utf-8", "replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _read_proc() -> Dict[int, Process]:
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                process = parse_stat(_read_stat(entry))
            except (OSError, ValueError):
                # Gone since the listing, or not ours to see.
                continue
            found[process.pid] = process
    return found


def _read_stat(pid: str) -> str:
    # A third of the time of a file object, and there are hundreds of these.
    descriptor = os.open("/proc/{}/stat".format(pid), os.O_RDONLY)
    try:
        return os.read(descriptor, _LARGEST_STAT_BYTES).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


def _ask_psutil(psutil: Any) -> Dict[int, Process]:
    found = {}
    for process in psutil.process_iter(["name", "status", "ppid", "cpu_times", "create_time", "memory_info"]):
        facts = process.info
        times, memory = facts["cpu_times"], facts["memory_info"]
        found[process.pid] = Process(
            pid=process.pid,
            name=facts["name"] or "",
            state="Z" if facts["status"] == psutil.STATUS_ZOMBIE else "S",
            parent_pid=facts["ppid"] or 0,
            ticks=int((times.user + times.system) * ticks_per_second()) if times else 0,
            started_ticks=int((facts["create_time"] or 0) * ticks_per_second()),
            memory_pages=memory.rss // page_bytes() if memory else 0,
        )
    return found


# Any: a name or a list of words, as the question is.
def _ask(psutil: Any, pid: int, question: str) -> Any:
    try:
        return getattr(psutil.Process(pid), question)()
    except psutil.Error:
        return None
