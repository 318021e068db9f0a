"""Who is logged in."""

import os
import re
import time
from typing import Any, Dict, List

from eduops_agent.command import run_program
from eduops_agent.context import Context, NotChecked
from eduops_agent.instant import render_instant

NAME = "users"
TITLE = "当前登录的用户"

_RECORDS = ("/run/utmp", "/var/run/utmp")


def measure(context: Context) -> Dict[str, Any]:
    """The sessions of utmp. Raises NotChecked where the system keeps none, which would look like nobody."""
    if os.name == "posix" and not any(os.access(path, os.R_OK) for path in _RECORDS):
        raise NotChecked("没有可读的登录记录文件 {}".format(_RECORDS[0]))
    users = parse_who(run_program("who").stdout) if context.psutil is None else _ask_psutil(context)
    return {"count": len(users), "users": users}


def parse_who(text: str) -> List[Dict[str, Any]]:
    """The lines of `who` in the C locale: name, terminal, local time, host in parentheses."""
    rows = []
    for line in text.splitlines():
        match = re.match(r"(\S+)\s+(\S+)\s+(\d{4}-\d\d-\d\d \d\d:\d\d)(?:\s+\((.*)\))?", line)
        if match:
            since = time.mktime(time.strptime(match.group(3), "%Y-%m-%d %H:%M"))
            rows.append(_row(match.group(1), match.group(2), match.group(4), since))
    return rows


def _ask_psutil(context: Context) -> List[Dict[str, Any]]:
    return [_row(user.name, user.terminal, user.host, user.started) for user in context.psutil.users()]


def _row(name: str, terminal: Any, host: Any, since: float) -> Dict[str, Any]:
    return {"name": name, "terminal": terminal or None, "host": host or None, "since": render_instant(since)}
