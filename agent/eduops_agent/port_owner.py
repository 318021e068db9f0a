"""Which program listens: the names of the processes that hold given sockets, as far as this account may see them."""

import os
import re
from typing import Dict, Iterable, Set

_LINK = re.compile(r"socket:\[(\d+)\]")


def find_owners(inodes: Iterable[str]) -> Dict[str, str]:
    """The process's name by the socket's inode. Only /proc/PID/fd tells, and root alone may read everybody's."""
    wanted, found = set(inodes), {}
    for entry in os.listdir("/proc"):
        if not wanted:
            break
        if entry.isdigit():
            held = _list_held(entry, wanted)
            wanted -= held
            found.update(dict.fromkeys(held, _read_name(entry) if held else ""))
    return found


def _list_held(pid: str, wanted: Set[str]) -> Set[str]:
    folder = "/proc/{}/fd".format(pid)
    held = set()
    try:
        for descriptor in os.listdir(folder):
            match = _LINK.match(os.readlink("{}/{}".format(folder, descriptor)))
            if match and match.group(1) in wanted:
                held.add(match.group(1))
    except OSError:
        # Not ours to see, or gone meanwhile.
        pass
    return held


def _read_name(pid: str) -> str:
    try:
        with open("/proc/{}/comm".format(pid), "rb") as stream:
            return stream.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
