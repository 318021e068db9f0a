"""What runs by itself: crontabs and systemd's timers, as far as this account may read them."""

import glob
import os
import re
from typing import Any, Dict, List

from eduops_agent.command import find_program, run_program
from eduops_agent.context import Context, NotChecked, read_text
from eduops_agent.redaction import redact_secrets

NAME = "schedules"
TITLE = "定时任务：crontab 与 systemd 定时器"

_SYSTEM_TABLES = ("/etc/crontab", "/etc/anacrontab", "/etc/cron.d/*")
_USER_TABLES = ("/var/spool/cron/crontabs/*", "/var/spool/cron/*")
_ENVIRONMENT = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*\s*=")
_FOLDERS = ("/etc/cron.d", "/var/spool/cron", "/var/spool/cron/crontabs")
_LONGEST_COMMAND = 300


def measure(context: Context) -> Dict[str, Any]:
    """Entries of every readable table, `unread` for the others, and timers (None without systemd)."""
    entries: List[Dict[str, Any]] = []
    closed = [
        folder for folder in _FOLDERS if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK)
    ]
    unread = [{"source": folder, "reason": "没有权限"} for folder in closed]
    for path, has_user in _list_tables():
        try:
            text = read_text(path)
        except NotChecked as error:
            unread.append({"source": path, "reason": str(error)})
            continue
        found = parse_anacrontab(text) if path == "/etc/anacrontab" else parse_crontab(text, has_user)
        owner = None if has_user else os.path.basename(path)
        entries += [dict(entry, source=path, user=entry["user"] or owner) for entry in found]
    own = _read_own(unread)
    read_already = {(entry["schedule"], entry["command"]) for entry in entries}
    entries += [entry for entry in own if (entry["schedule"], entry["command"]) not in read_already]
    return {"entries": entries, "unread": unread, "timers": _read_timers(unread)}


def parse_crontab(text: str, has_user: bool) -> List[Dict[str, Any]]:
    """The entries of a crontab; tables of the system name the user in the sixth place. Commands without secrets."""
    entries = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#") or _ENVIRONMENT.match(line):
            continue
        fields = 1 if line.startswith("@") else 5
        words = line.split(None, fields + (1 if has_user else 0))
        if len(words) > fields + (1 if has_user else 0):
            user = words[fields] if has_user else None
            entries.append(_entry(" ".join(words[:fields]), user, words[-1]))
    return entries


def parse_anacrontab(text: str) -> List[Dict[str, Any]]:
    """The entries of /etc/anacrontab: period in days, delay in minutes, name, command."""
    entries = []
    for line in text.splitlines():
        words = line.split(None, 3)
        if len(words) == 4 and (words[0].isdigit() or words[0].startswith("@")) and words[1].isdigit():
            entries.append(_entry("anacron {} {}".format(words[0], words[1]), "root", words[3]))
    return entries


def parse_timers(text: str) -> List[Dict[str, Any]]:
    """The blocks of `systemctl show *.timer`; its instants stay in systemd's own words."""
    rows = []
    for block in text.strip().split("\n\n"):
        pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if pairs.get("Id"):
            rows.append(
                {
                    "name": pairs["Id"],
                    "unit": pairs.get("Unit"),
                    "active": pairs.get("ActiveState"),
                    "last": _known(pairs.get("LastTriggerUSec")),
                    "next": _known(pairs.get("NextElapseUSecRealtime")),
                }
            )
    return rows


def _entry(schedule: str, user: Any, command: str) -> Dict[str, Any]:
    return {"schedule": schedule, "user": user, "command": redact_secrets(command)[:_LONGEST_COMMAND]}


def _known(text: Any) -> Any:
    return text if text not in ("", "n/a", "0", None) else None


def _list_tables() -> Any:
    for patterns, has_user in ((_SYSTEM_TABLES, True), (_USER_TABLES, False)):
        for pattern in patterns:
            for path in sorted(glob.glob(pattern)):
                # cron itself passes over names with a dot here, such as package managers leave behind.
                is_passed_over = path.startswith("/etc/cron.d/") and "." in os.path.basename(path)
                if os.path.isfile(path) and not is_passed_over:
                    yield path, has_user


def _read_own(unread: List[Dict[str, str]]) -> List[Dict[str, Any]]:
    if not find_program("crontab"):
        return []
    try:
        output = run_program("crontab", "-l")
    except NotChecked as error:
        unread.append({"source": "crontab -l", "reason": str(error)})
        return []
    # It fails where there is no table, too, and says so on stderr.
    entries = parse_crontab(output.stdout, False) if output.code == 0 else []
    return [dict(entry, source="crontab -l", user=_own_name()) for entry in entries]


def _own_name() -> str:
    # Late: there is no such module on Windows, which has no crontab either.
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _read_timers(unread: List[Dict[str, str]]) -> Any:
    if not os.path.isdir("/run/systemd/system"):
        return None
    wanted = "--property=Id,Unit,ActiveState,LastTriggerUSec,NextElapseUSecRealtime"
    try:
        return parse_timers(run_program("systemctl", "show", "--no-pager", wanted, "*.timer").stdout)
    except NotChecked as error:
        unread.append({"source": "systemctl", "reason": str(error)})
        return None
