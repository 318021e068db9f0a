"""Failed logins of the last day, out of whichever record this account may read: btmp, the login log, the journal."""

import os
import re
import time
from datetime import datetime, timedelta
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

from eduops_agent.command import run_program
from eduops_agent.context import NotChecked, explain

HOURS = 24
_BTMP = "/var/log/btmp"
_LOGS = ("/var/log/auth.log", "/var/log/secure")
_MOST_LINES = 20_000
_LARGEST_TAIL_BYTES = 4 * 1024 * 1024
# Kept as text and compiled by their first use: most hosts have no failed login to look at.
_FULL_TIME = r"\w{3} (\w{3} +\d+ \d\d:\d\d:\d\d \d{4})"
_LINE_TIME = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)? |(\w{3} [ \d]\d \d\d:\d\d:\d\d) "
_FAILED = (
    r"(?:message repeated (\d+) times: \[ )?"
    r"(?:Failed (?:password|keyboard-interactive/pam) for (?:invalid user )?(.*?) from (\S+)"
    r"|FAILED LOGIN \S+ (?:on|ON|FROM) \S+ FOR '?([^',]*)'?,)"
)


class Attempt(NamedTuple):
    """Somebody who did not get in; `at` in seconds since 1970."""

    name: str
    host: str
    at: float
    count: int = 1


def read_attempts(now: float) -> Tuple[str, List[Attempt]]:
    """The source and the attempts of the last day. Raises NotChecked with the reason of every source."""
    refused: List[str] = []
    for read in _SOURCES:
        try:
            source, attempts = read(now)
        except NotChecked as error:
            refused.append(str(error))
            continue
        recent = [attempt for attempt in attempts if now - HOURS * 3600 <= attempt.at <= now + 60]
        return source, recent
    raise NotChecked("；".join(refused))


def parse_lastb(text: str) -> Iterator[Attempt]:
    """The lines of `lastb -F -w`: name, terminal, host, when; a name may be missing."""
    for line in text.splitlines():
        match = re.search(_FULL_TIME, line)
        if match and not line.startswith(os.path.basename(_BTMP) + " begins"):
            words = line[: match.start()].split()
            if line[:1].isspace():
                words.insert(0, "")
            at = time.mktime(time.strptime(match.group(1), "%b %d %H:%M:%S %Y"))
            yield Attempt(words[0] if words else "", words[2] if len(words) > 2 else "", at)


def parse_log(text: str, now: float) -> Iterator[Attempt]:
    """The lines of sshd and login in a login log or in the journal, whose times are ISO or lack the year."""
    for line in text.splitlines():
        failed, begins = re.search(_FAILED, line), re.match(_LINE_TIME, line)
        at = _read_time(begins, now) if failed and begins else None
        if failed and at is not None:
            name = failed.group(2) if failed.group(2) is not None else failed.group(4)
            yield Attempt(name, failed.group(3) or "", at, int(failed.group(1) or 1))


# Any match of _LINE_TIME; typing.Match is no class in 3.6.
def _read_time(begins: "re.Match[str]", now: float) -> Optional[float]:
    iso, offset, plain = begins.groups()
    try:
        if iso is None:
            year = time.localtime(now).tm_year
            at = time.mktime(time.strptime("{} {}".format(year, plain), "%Y %b %d %H:%M:%S"))
            # In January December is last year's.
            return at if at <= now + 86400 else at - 365 * 86400
        local = datetime.strptime(iso, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return None
    if offset is None:
        return time.mktime(local.timetuple())
    minutes = 0 if offset == "Z" else int(offset[0] + "1") * (int(offset[1:3]) * 60 + int(offset[-2:]))
    return (local - datetime(1970, 1, 1) - timedelta(minutes=minutes)).total_seconds()


def _read_btmp(now: float) -> Tuple[str, List[Attempt]]:
    if not os.access(_BTMP, os.R_OK):
        raise NotChecked("{} 不存在或没有权限".format(_BTMP))
    output = run_program("lastb", "-F", "-w", "-n", str(_MOST_LINES))
    if output.code != 0:
        raise NotChecked("lastb 没有答复：{}".format(output.stderr.strip()[:200]))
    return "btmp", list(parse_lastb(output.stdout))


def _read_log(now: float) -> Tuple[str, List[Attempt]]:
    reasons = []
    for path in _LOGS:
        try:
            with open(path, "rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - _LARGEST_TAIL_BYTES))
                return path, list(parse_log(stream.read().decode("utf-8", "replace"), now))
        except OSError as error:
            reasons.append("{}：{}".format(path, explain(error)))
    raise NotChecked("；".join(reasons))


def _read_journal(now: float) -> Tuple[str, List[Attempt]]:
    units = [word for name in ("sshd", "sshd-session", "login") for word in ("-t", name)]
    words = ["--no-pager", "-o", "short-iso", "--since=-{}h".format(HOURS), "-n", str(_MOST_LINES)]
    output = run_program("journalctl", *(words + units))
    # It answers with one's own messages alone where one may not see the others', which would look like none.
    is_partial = "not seeing messages" in output.stderr or "No journal files" in output.stderr + output.stdout
    if output.code not in (0, 1) or is_partial:
        raise NotChecked("本账号不能读取系统日志（journalctl）")
    return "journal", list(parse_log(output.stdout, now))


_SOURCES: Tuple[Callable[[float], Tuple[str, List[Attempt]]], ...] = (_read_btmp, _read_log, _read_journal)
