"""PostgreSQL through psql: one read-only session for each instance, every statement bounded in time."""

import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from eduops_agent import client, postgresql_query
from eduops_agent.context import LIGHT_REASON, Context, Failed, NotChecked, path_of
from eduops_agent.probes import UNCONFIGURED

NAME = "postgresql"
TITLE = "PostgreSQL：连接、事务、复制、锁、库大小、配置"

_NOTHING = UNCONFIGURED[NAME]
_CUT_SHORT = "会话提前结束，没有读到"
# psql -f - puts the line of its standard input before each error.
_ERROR = re.compile(r"^psql:[^:]*:(\d+): (?:ERROR|错误)[:：]\s*(.*)$", re.MULTILINE)
_REFUSED_LOGIN = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|is not permitted to log in"
    r"|(?:role|database) \".*\" does not exist|permission denied for database|认证失败|没有用于.*pg_hba",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"^(?:[^:\\\n]|\\.)*(?::(?:[^:\\\n]|\\.)*){3}:(.*)$", re.MULTILINE)

# Any: JSON.
Row = Dict[str, Any]
Rows = Mapping[str, List[Row]]


class Answer(NamedTuple):
    """What a session gave: rows by the name of the query, and the reason of each query that failed."""

    rows: Dict[str, List[Row]]
    errors: Dict[str, str]


def measure(context: Context) -> Row:
    """One row for each instance of the configuration. Raises NotChecked where it names none."""
    return {
        "instances": client.measure_instances(context, context.settings or (), _measure, nothing=_NOTHING)
    }


def _measure(wanted: Row, context: Context) -> Row:
    password_file = wanted.get("password_file")
    secrets = parse_passwords(client.read_password_file(password_file)) if password_file else []
    done = client.run_client(
        build_words(wanted),
        seconds=context.timeout_seconds,
        secrets=secrets,
        text=postgresql_query.build_script(is_light=context.is_light),
        variables=build_variables(wanted),
    )
    answer = parse_answer(done.stdout, done.stderr)
    if not answer.rows.get("overview"):
        raise _explain(done.stderr)
    row = dict(build_row(answer, is_light=context.is_light), expected_standbys=wanted.get("standbys"))
    hidden: Row = client.hide_secrets(row, secrets)
    return hidden


def build_words(wanted: Mapping[str, Any]) -> List[str]:
    """The command line: no start-up file, no question for a password, no password."""
    words = [wanted.get("program", "psql"), "-X", "-w", "-q", "-A", "-t", "-F", "\t", "-v", "VERBOSITY=terse"]
    words += ["-h", path_of(wanted.get("socket") or wanted.get("host") or "127.0.0.1")]
    words += ["-p", str(wanted.get("port", 5432)), "-d", wanted.get("database", "postgres")]
    return words + (["-U", wanted["user"]] if "user" in wanted else []) + ["-f", "-"]


def build_variables(wanted: Mapping[str, Any]) -> Dict[str, str]:
    """The environment: nothing can be written, nothing runs or waits for long."""
    options = {
        "default_transaction_read_only": "on",
        "statement_timeout": "{}s".format(client.STATEMENT_SECONDS),
        "lock_timeout": "{}s".format(client.LOCK_SECONDS),
        "idle_in_transaction_session_timeout": "60s",
    }
    variables = {
        "PGOPTIONS": " ".join("-c {}={}".format(*option) for option in options.items()),
        "PGCONNECT_TIMEOUT": str(client.CONNECT_SECONDS),
        "PGAPPNAME": "eduops-agent",
        "PGCLIENTENCODING": "UTF8",
    }
    if wanted.get("password_file"):
        variables["PGPASSFILE"] = path_of(wanted["password_file"])
    return variables


def parse_passwords(text: str) -> List[str]:
    """The passwords of a pgpass file (host:port:database:user:password), to keep them out of the document."""
    return [re.sub(r"\\(.)", r"\1", found).strip() for found in _PASSWORD.findall(text)]


def parse_answer(stdout: str, stderr: str) -> Answer:
    """Lines of a query's name, a tab and a JSON object; errors are told by the line of the script."""
    rows: Dict[str, List[Row]] = {}
    for line in stdout.splitlines():
        name, _, content = line.partition("\t")
        try:
            row = json.loads(content)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.setdefault(name, []).append(row)
    names = postgresql_query.NAMES
    failed = [(int(line), client.shorten(reason)) for line, reason in _ERROR.findall(stderr)]
    return Answer(rows, {names[line - 1]: reason for line, reason in failed if line <= len(names)})


def build_row(answer: Answer, *, is_light: bool = False) -> Row:
    """The figures of an instance; those that could not be read are null and named in `unread` with the reason."""
    row: Row = {}
    unread: List[Row] = []
    for name, (figures, build) in _PARTS.items():
        row.update(dict.fromkeys(figures))
        try:
            row.update(build(_take(answer, name)))
        except NotChecked as error:
            unread.append(client.build_unread(figures, str(error)))
    if is_light:
        return dict(row, databases=None, unread=unread + [client.build_unread(["databases"], LIGHT_REASON)])
    closed = [database["name"] for database in row["databases"] or () if database["size_bytes"] is None]
    if closed:
        reason = "账号没有连接权限，读不到大小：{}".format("、".join(closed)[:100])
        unread.append(client.build_unread(["databases"], reason))
    return dict(row, unread=unread)


def _take(answer: Answer, name: str) -> List[Row]:
    if name in answer.errors:
        raise NotChecked(answer.errors[name])
    # The settings are never empty and come after what may be: without them the session ended early.
    if name not in answer.rows and not ("settings" in answer.rows or "settings" in answer.errors):
        raise NotChecked(_CUT_SHORT)
    return answer.rows.get(name, [])


def _build_overview(rows: List[Row]) -> Row:
    return dict(rows[0], uptime_seconds=round(rows[0]["uptime_seconds"]))


def _build_connections(rows: List[Row]) -> Row:
    row = _first(rows)
    return dict(row, connections_percent=client.compute_percent(row["connections"], row["max_connections"]))


def _build_sessions(rows: List[Row]) -> Row:
    row = dict(_first(rows))
    if row.pop("hidden"):
        raise NotChecked("账号看不到别人的会话；授予 pg_monitor 角色后再巡检")
    return row


def _build_statistics(rows: List[Row]) -> Row:
    row = _first(rows)
    requests = row["blocks_hit"] + row["blocks_read"]
    return {
        "deadlocks": row["deadlocks"],
        "cache_requests": requests,
        "cache_hit_percent": client.compute_percent(row["blocks_hit"], requests),
    }


def _build_replica(rows: List[Row]) -> Row:
    """The better of two looks: a record that has just come in is no lag."""
    if not rows:
        return {"replica": None}
    best = min(rows, key=lambda row: (row["lag_seconds"] is None, row["lag_seconds"] or 0))
    return {"replica": best}


def _build_standbys(rows: List[Row]) -> Row:
    if any(row["state"] is None for row in rows):
        raise NotChecked("账号看不到复制状态；授予 pg_monitor 角色后再巡检")
    return {"standbys": rows}


def _build_settings(rows: List[Row]) -> Row:
    return {"settings": {row["name"]: row["value"] for row in rows}}


def _build_databases(rows: List[Row]) -> Row:
    if not rows:
        raise NotChecked(_CUT_SHORT)
    return {"databases": rows}


def _first(rows: List[Row]) -> Row:
    if not rows:
        raise NotChecked(_CUT_SHORT)
    return rows[0]


_PARTS: Dict[str, Tuple[Sequence[str], Any]] = {
    "overview": (("version", "uptime_seconds", "in_recovery"), _build_overview),
    "connections": (("connections", "max_connections", "connections_percent"), _build_connections),
    "sessions": (
        ("active", "idle_in_transaction", "longest_transaction_seconds", "longest_query_seconds"),
        _build_sessions,
    ),
    "locks": (("waiting_locks",), _first),
    "statistics": (("deadlocks", "cache_requests", "cache_hit_percent"), _build_statistics),
    "identifiers": (("transaction_id_percent",), _first),
    "replica": (("replica",), _build_replica),
    "standbys": (("standbys",), _build_standbys),
    "settings": (("settings",), _build_settings),
    "databases": (("databases",), _build_databases),
}


def _explain(stderr: str) -> Exception:
    """Why there was no session: a server that lets us not in answers, one that takes nobody does not."""
    reason = client.shorten(re.sub(r"^psql: (?:error: )?", "", stderr.strip())) or "psql 没有说明原因"
    if _REFUSED_LOGIN.search(reason):
        return NotChecked("账号或密码不对，或不许登录：{}".format(reason))
    return Failed("连接不上：{}".format(reason))
