"""Redis through redis-cli: INFO, and the limit of clients where INFO does not tell it."""

from typing import Any, Dict, List, Mapping

from eduops_agent import client
from eduops_agent.context import Context, Failed, NotChecked, path_of
from eduops_agent.instant import render_instant
from eduops_agent.probes import UNCONFIGURED

NAME = "redis"
TITLE = "Redis：内存、连接、淘汰与拒绝、复制、持久化"

_NOTHING = UNCONFIGURED[NAME]
# What redis-cli prints where the server lets us not in.
_REFUSED_LOGIN = ("NOAUTH", "WRONGPASS", "NOPERM", "ERR AUTH", "ERR invalid password")
_SETTINGS = ("redis_mode", "maxmemory_policy", "aof_enabled", "mem_allocator")
_HOUR_SECONDS = 3600

# Any: JSON.
Row = Dict[str, Any]
Info = Mapping[str, str]


def measure(context: Context) -> Row:
    """One row for each instance of the configuration. Raises NotChecked where it names none."""
    return {
        "instances": client.measure_instances(context, context.settings or (), _measure, nothing=_NOTHING)
    }


def _measure(wanted: Row, context: Context) -> Row:
    password_file = wanted.get("password_file")
    password = client.read_password_file(password_file).strip() if password_file else ""
    info = parse_info(_ask(wanted, context, password, "INFO"))
    if "maxclients" not in info:
        # Redis before 7 tells it among its settings only, which an account may not be allowed to read.
        lines = _ask(wanted, context, password, "CONFIG", "GET", "maxclients").split()
        info["maxclients"] = lines[1] if len(lines) == 2 else ""
    hidden: Row = client.hide_secrets(build_row(info), [password])
    return hidden


def _ask(wanted: Row, context: Context, password: str, *command: str) -> str:
    done = client.run_client(
        build_words(wanted) + list(command),
        seconds=min(context.timeout_seconds, client.STATEMENT_SECONDS),
        secrets=[password],
        variables={"REDISCLI_AUTH": password} if password else {},
    )
    said = client.shorten(client.hide_secrets(done.stderr + " " + done.stdout, [password]))
    if "\n" not in done.stdout.strip() and any(word in said for word in _REFUSED_LOGIN):
        raise NotChecked("密码不对，或不许执行 {}：{}".format(command[0], said))
    if done.code != 0 or not done.stdout.strip() or done.stdout.startswith("ERR "):
        raise Failed("连接不上：{}".format(said or "没有答复"))
    return done.stdout


def build_words(wanted: Mapping[str, Any]) -> List[str]:
    """The command line, without the command and without the password."""
    words = [wanted.get("program", "redis-cli"), "--no-auth-warning"]
    if "socket" in wanted:
        words += ["-s", path_of(wanted["socket"])]
    else:
        words += ["-h", wanted.get("host", "127.0.0.1"), "-p", str(wanted.get("port", 6379))]
    return words + (["--user", wanted["user"]] if "user" in wanted else [])


def parse_info(text: str) -> Dict[str, str]:
    """The pairs of INFO. Raises Failed where it is none, such as an answer of some other program."""
    pairs = dict(line.split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))
    if "redis_version" not in pairs:
        raise Failed("答复不是 Redis 的 INFO：{}".format(client.shorten(text)))
    return pairs


def build_row(info: Info) -> Row:
    """The figures of an instance; those that INFO did not hold are null and named in `unread`."""
    row = dict(_build_memory(info), **_build_clients(info))
    row.update(_build_saving(info))
    missing = [key for key, value in row.items() if value is None]
    unread = [client.build_unread(missing, "该版本的 INFO 没有这些数值，或账号不许读")] if missing else []
    return dict(
        row,
        version=info["redis_version"],
        uptime_seconds=_number(info, "uptime_in_seconds"),
        is_loading=info.get("loading") == "1",
        replica=_build_replica(info),
        standbys=[_parse_standby(info[key]) for key in sorted(info) if _is_standby(key)],
        databases=[
            _parse_keyspace(key, info[key]) for key in sorted(info) if key[:2] == "db" and key[2:].isdigit()
        ],
        settings={key: info[key] for key in _SETTINGS + ("maxmemory",) if key in info},
        unread=unread,
    )


def _build_memory(info: Info) -> Row:
    used, limit = _number(info, "used_memory"), _number(info, "maxmemory")
    # Without a limit of its own the host's memory is the limit.
    bound = limit or _number(info, "total_system_memory")
    return {
        "used_memory_bytes": used,
        "max_memory_bytes": limit,
        "memory_percent": client.compute_percent(used, bound),
        "evicted_keys": _number(info, "evicted_keys"),
    }


def _build_clients(info: Info) -> Row:
    connections, limit = _number(info, "connected_clients"), _number(info, "maxclients")
    rejected, uptime = _number(info, "rejected_connections"), _number(info, "uptime_in_seconds")
    hours = None if uptime is None else max(1.0, uptime / _HOUR_SECONDS)
    return {
        "connections": connections,
        "max_connections": limit,
        "connections_percent": client.compute_percent(connections, limit),
        "blocked_clients": _number(info, "blocked_clients"),
        "rejected_connections": rejected,
        # By the hour since the server started, its first hour counting as a whole one.
        "rejected_connections_per_hour": None
        if rejected is None or hours is None
        else round(rejected / hours, 2),
    }


def _build_saving(info: Info) -> Row:
    saved = _number(info, "rdb_last_save_time")
    return {
        "last_save_at": None if saved is None else render_instant(saved),
        "changes_since_save": _number(info, "rdb_changes_since_last_save"),
        "last_save_ok": _is_ok(info, "rdb_last_bgsave_status"),
        "aof_enabled": None if "aof_enabled" not in info else info["aof_enabled"] == "1",
        # Both are "ok" where nothing is appended at all.
        "aof_write_ok": _is_ok(info, "aof_last_write_status"),
        "aof_rewrite_ok": _is_ok(info, "aof_last_bgrewrite_status"),
    }


def _build_replica(info: Info) -> Any:
    """None for a master."""
    if info.get("role") != "slave":
        return None
    return {
        "receiving": info.get("master_link_status") == "up",
        "lag_seconds": _number(info, "master_last_io_seconds_ago"),
        "down_seconds": _number(info, "master_link_down_since_seconds"),
    }


def _is_standby(key: str) -> bool:
    return key.startswith("slave") and key[5:].isdigit()


def _parse_standby(text: str) -> Row:
    """ip=10.0.0.2,port=6379,state=online,offset=1234,lag=0"""
    pairs = _pairs(text)
    return {
        "name": "{}:{}".format(pairs.get("ip", ""), pairs.get("port", "")),
        "state": pairs.get("state"),
        "lag_seconds": _number(pairs, "lag"),
    }


def _parse_keyspace(name: str, text: str) -> Row:
    """keys=12,expires=3,avg_ttl=0"""
    pairs = _pairs(text)
    return {"name": name, "keys": _number(pairs, "keys"), "expires": _number(pairs, "expires")}


def _pairs(text: str) -> Dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split(",") if "=" in pair)


def _is_ok(info: Info, key: str) -> Any:
    return None if key not in info else info[key] == "ok"


def _number(info: Info, key: str) -> Any:
    word = info.get(key, "")
    return int(word) if word.isdigit() else None
