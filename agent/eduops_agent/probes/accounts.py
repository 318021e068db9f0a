"""Local accounts that people use, and failed logins of the last day."""

from collections import Counter
from typing import Any, Dict, Iterable, List

from eduops_agent.context import Context, NotChecked, read_text
from eduops_agent.instant import now_seconds
from eduops_agent.login_record import HOURS, Attempt, read_attempts

NAME = "accounts"
TITLE = "本机账号与失败的登录"

_PASSWD, _GROUP = "/etc/passwd", "/etc/group"
_FIRST_PERSON, _NOBODY = 1000, 65534
_TOP = 5
# People type passwords where the name belongs: what is no account of this host is not repeated.
_STRANGER = "（本机没有的账号）"


def measure(context: Context) -> Dict[str, Any]:
    """Accounts, and how often whom was refused. Raises NotChecked without /etc/passwd."""
    text = read_text(_PASSWD)
    return {
        "accounts": parse_passwd(text, parse_groups(read_text(_GROUP))),
        "failed_logins": _read_failed(parse_names(text)),
    }


def parse_passwd(text: str, groups: Dict[str, List[str]]) -> List[Dict[str, Any]]:
    """root, everybody else with its number, and those from 1000 on; accounts of services are left out.

    Nothing of the full name and no password.
    """
    rows = [line.split(":") for line in text.splitlines()]
    return [
        {"name": row[0], "uid": int(row[2]), "shell": row[6], "groups": groups.get(row[0], [])}
        for row in sorted(rows)
        if len(row) >= 7 and row[2].isdigit() and (int(row[2]) == 0 or _is_person(int(row[2])))
    ]


def parse_names(text: str) -> List[str]:
    """The names of all accounts."""
    return [line.split(":", 1)[0] for line in text.splitlines() if ":" in line]


def parse_groups(text: str) -> Dict[str, List[str]]:
    """The groups that /etc/group adds an account to, by account, in order."""
    found: Dict[str, List[str]] = {}
    for line in sorted(text.splitlines()):
        words = line.split(":")
        for member in words[3].split(",") if len(words) >= 4 else ():
            found.setdefault(member, []).append(words[0])
    return found


def build_failed(source: str, attempts: Iterable[Attempt], known: List[str]) -> Dict[str, Any]:
    """How many, as whom and from where most."""
    attempts = list(attempts)
    users: "Counter[str]" = Counter()
    hosts: "Counter[str]" = Counter()
    for attempt in attempts:
        users[attempt.name if attempt.name in known else _STRANGER] += attempt.count
        if attempt.host:
            hosts[attempt.host] += attempt.count
    return {
        "status": "ok",
        "reason": "",
        "source": source,
        "hours": HOURS,
        "count": sum(users.values()),
        "users": _build_top(users),
        "hosts": _build_top(hosts),
    }


def _is_person(number: int) -> bool:
    return number >= _FIRST_PERSON and number != _NOBODY


def _build_top(tally: "Counter[str]") -> List[Dict[str, Any]]:
    first = sorted(tally.items(), key=lambda item: (-item[1], item[0]))[:_TOP]
    return [{"name": name, "count": count} for name, count in first]


def _read_failed(known: List[str]) -> Dict[str, Any]:
    try:
        source, attempts = read_attempts(now_seconds())
    except NotChecked as error:
        return {"status": "not_checked", "reason": str(error)}
    return build_failed(source, attempts, known)
