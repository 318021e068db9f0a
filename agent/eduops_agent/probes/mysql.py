"""MySQL and MariaDB through their client: one read-only session for each instance, every statement bounded in time."""

import re
from datetime import datetime
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from eduops_agent import client, mysql_query
from eduops_agent.command import find_program
from eduops_agent.context import LIGHT_REASON, Context, Failed, NotChecked, path_of
from eduops_agent.probes import UNCONFIGURED

NAME = "mysql"
TITLE = "MySQL、MariaDB：连接、慢查询、事务、复制、锁、库大小、配置"

_NOTHING = UNCONFIGURED[NAME]
_ERROR = re.compile(r"^ERROR (\d+) \(\w+\)(?: at line (\d+))?: (.*)$", re.MULTILINE)
# Access denied in its kinds, host not allowed, unknown method of login, password expired, account locked.
_REFUSED_LOGIN = {1044, 1045, 1130, 1251, 1275, 1524, 1698, 1820, 1862, 2049, 2054, 2059, 3118, 4151}
_PASSWORD = re.compile(r"^\s*password\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|(\S+))", re.MULTILINE)
_DEADLOCK = re.compile(r"LATEST DETECTED DEADLOCK\n-+\n(\d{4}-\d\d-\d\d [ \d]\d:\d\d:\d\d)")
_ESCAPES = {"n": "\n", "t": "\t", "0": "\0"}
_HOUR_SECONDS = 3600

# Any: JSON.
Row = Dict[str, Any]
Lines = List[List[str]]


class Answer(NamedTuple):
    """What a session gave: the lines of each section by column, and the errors of each section in their order."""

    lines: Dict[str, Lines]
    errors: Dict[str, List[str]]


def measure(context: Context) -> Row:
    """One row for each instance of the configuration. Raises NotChecked where it names none."""
    return {
        "instances": client.measure_instances(context, context.settings or (), _measure, nothing=_NOTHING)
    }


def _measure(wanted: Row, context: Context) -> Row:
    password_file = wanted.get("password_file")
    secrets = parse_passwords(client.read_password_file(password_file)) if password_file else []
    script = mysql_query.build_script(
        seconds=client.STATEMENT_SECONDS, lock_seconds=client.LOCK_SECONDS, is_light=context.is_light
    )
    done = client.run_client(
        build_words(wanted), seconds=context.timeout_seconds, secrets=secrets, text=script, variables={}
    )
    answer = parse_answer(done.stdout, done.stderr)
    if not answer.lines.get("overview"):
        raise _explain(done.stderr)
    row = dict(build_row(answer, is_light=context.is_light), expected_standbys=wanted.get("standbys"))
    hidden: Row = client.hide_secrets(row, secrets)
    return hidden


def build_words(wanted: Mapping[str, Any]) -> List[str]:
    """The command line: the session cannot write, and the server cannot ask for files of ours; no password."""
    words = [wanted.get("program") or ("mariadb" if find_program("mariadb") else "mysql")]
    if wanted.get("password_file"):
        words.append("--defaults-extra-file=" + path_of(wanted["password_file"]))
    words += ["--batch", "--force", "--skip-reconnect", "--local-infile=0"]
    words += ["--connect-timeout={}".format(client.CONNECT_SECONDS), "--default-character-set=utf8mb4"]
    words.append("--init-command=SET SESSION TRANSACTION READ ONLY")
    if "socket" in wanted:
        words.append("--socket=" + path_of(wanted["socket"]))
    else:
        words += ["--host=" + wanted.get("host", "127.0.0.1"), "--port={}".format(wanted.get("port", 3306))]
        words.append("--protocol=TCP")
    return words + (["--user=" + wanted["user"]] if "user" in wanted else [])


def parse_passwords(text: str) -> List[str]:
    """The passwords of an option file, to keep them out of the document."""
    return [next(word for word in found if word) for found in _PASSWORD.findall(text) if any(found)]


def parse_answer(stdout: str, stderr: str) -> Answer:
    """Sections begun by their names; of two with one name the first is ours. Errors are told by line of the script."""
    lines: Dict[str, Lines] = {}
    current: Lines = []
    for line in stdout.splitlines():
        if line.startswith(mysql_query.MARK):
            current = []
            lines.setdefault(line[len(mysql_query.MARK) :], current)
        elif line.split("\t")[0] != mysql_query.HEAD and line not in mysql_query.HEADS_OF_SHOW:
            current.append([_unescape(word) for word in line.split("\t")])
    errors: Dict[str, List[str]] = {}
    names = mysql_query.NAMES
    for _, number, reason in _ERROR.findall(stderr):
        if number and 1 <= int(number) <= len(names):
            errors.setdefault(names[int(number) - 1], []).append(client.shorten(reason))
    return Answer(lines, errors)


def parse_replica(lines: Lines) -> Row:
    """The first block of SHOW SLAVE STATUS\\G, whatever the version calls its lines. Error texts hold data: left out."""
    pairs: Dict[str, str] = {}
    for words in lines:
        key, _, value = words[0].partition(":")
        name = key.strip().replace("Slave", "Replica").replace("Master", "Source")
        pairs.setdefault(name, value.strip())
    if "Replica_IO_Running" not in pairs:
        return {"replica": None}
    return {
        "replica": {
            "receiving": pairs["Replica_IO_Running"] == "Yes",
            "applying": pairs.get("Replica_SQL_Running") == "Yes",
            "lag_seconds": _number(pairs.get("Seconds_Behind_Source", "")),
            "receive_error": _number(pairs.get("Last_IO_Errno", "")),
            "apply_error": _number(pairs.get("Last_SQL_Errno", "")),
        }
    }


def parse_deadlock(engine: str, now: str) -> Any:
    """Seconds since the last deadlock in what InnoDB tells, by the server's clock; None where it tells of none."""
    found = _DEADLOCK.search(engine)
    if not found:
        return None
    was, is_now = (
        datetime.strptime(re.sub(" +", " ", text), "%Y-%m-%d %H:%M:%S") for text in (found.group(1), now)
    )
    return max(0, round((is_now - was).total_seconds()))


def build_row(answer: Answer, *, is_light: bool = False) -> Row:
    """The figures of an instance; those that could not be read are null and named in `unread` with the reason."""
    row: Row = {}
    unread: List[Row] = []
    for name, (figures, build) in _PARTS.items():
        row.update(dict.fromkeys(figures))
        try:
            if is_light and name == "databases":
                raise NotChecked(LIGHT_REASON)
            row.update(build(_take(answer, name), answer))
        except NotChecked as error:
            unread.append(client.build_unread(figures, str(error)))
    return dict(row, unread=unread)


def _take(answer: Answer, name: str) -> Lines:
    errors = answer.errors.get(name, [])
    if len(errors) > mysql_query.SECTIONS[name].tolerated:
        raise NotChecked(errors[0])
    if name not in answer.lines or (name == "replica" and "end" not in answer.lines):
        raise NotChecked("会话提前结束，没有读到")
    return answer.lines[name]


def _build_overview(lines: Lines, _answer: Answer) -> Row:
    return {"version": lines[0][0]}


def _build_status(lines: Lines, _answer: Answer) -> Row:
    status = {words[0]: _number(words[1]) for words in lines if len(words) > 1}
    uptime, slow = status.get("Uptime"), status.get("Slow_queries")
    requests, reads = (status.get("Innodb_buffer_pool_" + name) for name in ("read_requests", "reads"))
    hits = None if requests is None or reads is None else max(0, requests - reads)
    hours = None if uptime is None else max(1.0, uptime / _HOUR_SECONDS)
    return {
        "uptime_seconds": uptime,
        "connections": status.get("Threads_connected"),
        "active": status.get("Threads_running"),
        "refused_connections": status.get("Connection_errors_max_connections"),
        "slow_queries": slow,
        # By the hour since the server started, its first hour counting as a whole one.
        "slow_queries_per_hour": None if slow is None or hours is None else round(slow / hours, 2),
        "cache_requests": requests,
        "cache_hit_percent": client.compute_percent(hits, requests),
    }


def _build_variables(lines: Lines, answer: Answer) -> Row:
    settings = {words[0]: words[1] for words in lines if len(words) > 1}
    limit = _number(settings.get("max_connections", ""))
    connections = _build_status(answer.lines.get("status", []), answer)["connections"]
    return {
        "max_connections": limit,
        "connections_percent": client.compute_percent(connections, limit),
        "settings": settings,
    }


def _build_sessions(lines: Lines, _answer: Answer) -> Row:
    (_, longest_transaction, waiting_rows), (longest_query, standbys, waiting_tables) = lines
    return {
        "longest_transaction_seconds": _number(longest_transaction),
        "longest_query_seconds": _number(longest_query),
        "waiting_locks": int(waiting_rows) + int(waiting_tables),
        "standby_count": _number(standbys),
    }


def _build_deadlocks(lines: Lines, _answer: Answer) -> Row:
    return {"deadlocks": _number(lines[0][0]) if lines else None}


def _build_engine(lines: Lines, answer: Answer) -> Row:
    text = lines[0][2] if lines and len(lines[0]) > 2 else ""
    return {"last_deadlock_seconds_ago": parse_deadlock(text, answer.lines["overview"][0][1])}


def _build_databases(lines: Lines, _answer: Answer) -> Row:
    return {
        "databases": [{"name": _decode_name(words[0]), "size_bytes": _number(words[1])} for words in lines]
    }


_PARTS: Dict[str, Tuple[Sequence[str], Any]] = {
    "overview": (("version",), _build_overview),
    "status": (
        (
            *("uptime_seconds", "connections", "active", "refused_connections"),
            *("slow_queries", "slow_queries_per_hour", "cache_requests", "cache_hit_percent"),
        ),
        _build_status,
    ),
    "variables": (("max_connections", "connections_percent", "settings"), _build_variables),
    "sessions": (
        ("longest_transaction_seconds", "longest_query_seconds", "waiting_locks", "standby_count"),
        _build_sessions,
    ),
    "deadlocks": (("deadlocks",), _build_deadlocks),
    "engine": (("last_deadlock_seconds_ago",), _build_engine),
    "replica": (("replica",), lambda lines, _: parse_replica(lines)),
    "databases": (("databases",), _build_databases),
}


def _unescape(word: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found.group(1), found.group(1)), word)


def _number(word: str) -> Any:
    return int(word) if word.isdigit() else None


def _decode_name(name: str) -> str:
    # Names of tables' files hold everything but letters and digits as four hexadecimal digits.
    return re.sub(r"@([0-9a-f]{4})", lambda found: chr(int(found.group(1), 16)), name)


def _explain(stderr: str) -> Exception:
    """Why there was no session: a server that lets us not in answers, one that takes nobody does not."""
    reason = client.shorten(stderr) or "客户端没有说明原因"
    found = _ERROR.search(stderr)
    if found and int(found.group(1)) in _REFUSED_LOGIN:
        return NotChecked("账号或密码不对，或不许登录：{}".format(client.shorten(found.group(3))))
    return Failed("连接不上：{}".format(reason))
