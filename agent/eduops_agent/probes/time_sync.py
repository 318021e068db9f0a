"""Whether the clock is synchronised, and how far it is off."""

import os
import re
from typing import Any, Dict, List, Optional

from eduops_agent.command import run_program
from eduops_agent.context import Context, NotChecked

NAME = "time_sync"
TITLE = "时间同步：是否同步、偏差"

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


def measure(context: Context) -> Dict[str, Any]:
    """Synchronised or not, and `offset_seconds`: positive where this clock is ahead.

    Asks chrony, then ntpd, then systemd. Raises NotChecked where none answers.
    """
    refused: List[str] = []
    for words, parse in _SOURCES:
        if words[0] == "timedatectl" and not os.path.isdir("/run/systemd/system"):
            refused.append("本机没有运行 systemd")
            break
        try:
            output = run_program(*words)
        except NotChecked as error:
            refused.append(str(error))
            continue
        found = parse(output.stdout) if output.code == 0 else None
        if found is not None:
            return dict({"source": words[0]}, **found)
        refused.append("{} 没有答复".format(" ".join(words[:2])))
    raise NotChecked("；".join(refused))


def parse_chronyc(text: str) -> Optional[Dict[str, Any]]:
    """`chronyc -n tracking`."""
    offset = re.search(r"^System time\s*:\s*([\d.]+) seconds (slow|fast)", text, re.M)
    leap = re.search(r"^Leap status\s*:\s*(.+)$", text, re.M)
    if not offset or not leap:
        return None
    server = re.search(r"^Reference ID\s*:\s*\S+ \((\S*)\)", text, re.M)
    sign = 1 if offset.group(2) == "fast" else -1
    is_synchronized = leap.group(1).strip() != "Not synchronised"
    return {
        "is_synchronized": is_synchronized,
        # Until it is synchronised chrony prints a meaningless nought.
        "offset_seconds": sign * float(offset.group(1)) if is_synchronized else None,
        "server": (server.group(1) or None) if server else None,
    }


def parse_ntpq(text: str) -> Optional[Dict[str, Any]]:
    """`ntpq -pn`: the peer marked * is the one followed; its offset, in milliseconds, is the server's lead."""
    if "remote" not in text:
        return None
    for line in text.splitlines():
        words = line.split()
        if line.startswith("*") and len(words) >= 10:
            return {
                "is_synchronized": True,
                "offset_seconds": -float(words[8]) / 1000.0,
                "server": words[0][1:],
            }
    return {"is_synchronized": False, "offset_seconds": None, "server": None}


def parse_timesync_status(text: str) -> Optional[Dict[str, Any]]:
    """`timedatectl timesync-status`: the offset is the server's lead."""
    offset = re.search(r"^\s*Offset: ([+-]?[\d.]+)(us|ms|s|min)\s*$", text, re.M)
    server = re.search(r"^\s*Server: (\S+)", text, re.M)
    if not offset:
        return None
    seconds = float(offset.group(1)) * _UNITS[offset.group(2)]
    return {
        "is_synchronized": True,
        "offset_seconds": -seconds,
        "server": server.group(1) if server else None,
    }


def parse_timedatectl(text: str) -> Optional[Dict[str, Any]]:
    """`timedatectl status`, whose words changed with systemd 239; it knows no offset."""
    answer = re.search(r"^\s*(?:NTP synchronized|System clock synchronized): (yes|no)", text, re.M)
    if not answer:
        return None
    return {"is_synchronized": answer.group(1) == "yes", "offset_seconds": None, "server": None}


_SOURCES = (
    (("chronyc", "-n", "tracking"), parse_chronyc),
    (("ntpq", "-pn"), parse_ntpq),
    (("timedatectl", "timesync-status", "--no-pager"), parse_timesync_status),
    (("timedatectl", "status", "--no-pager"), parse_timedatectl),
)
