"""What runs on a host, out of what /proc, systemctl, chronyc, ntpq, timedatectl and who print; as paste_figure.py."""

import re
from collections.abc import Iterator, Mapping

from eduops.patrol.rules.paste_figure import MOST_ROWS, Data, Missing, Parts, has_pause, read_pairs

_TOP = 5
# The kernel cuts a process's name here.
_NAME_LENGTH = 15


def build_processes(parts: Parts, settings: Data) -> Data:
    """All processes that the account may see; those expected by their names only."""
    before = {row["pid"]: row for row in _read_processes(parts.get("processes-1", ""))}
    rows = list(_read_processes(parts["processes-2"]))
    ticks, page = float(parts.get("ticks") or 100), int(parts.get("page") or 4096)
    is_complete = any(row["pid"] == 1 for row in rows)
    zombies = [row for row in rows if row["state"] == "Z"]
    for row in rows:
        old = before.get(row["pid"])
        row["spent"] = row["ticks"] - (old["ticks"] if old and old["started"] == row["started"] else 0)
    return {
        "count": len(rows),
        "is_complete": is_complete,
        "zombie_count": len(zombies),
        "zombies": [
            {"pid": row["pid"], "name": row["name"], "parent_pid": row["parent"]} for row in zombies[:20]
        ],
        "top_cpu": [
            {**_build_process(row, page), "cpu_percent": round(100.0 * row["spent"] / ticks, 1)}
            for row in sorted(rows, key=lambda row: -row["spent"])[:_TOP]
            if row["spent"] > 0 and has_pause(parts)
        ],
        "top_memory": [
            _build_process(row, page) for row in sorted(rows, key=lambda row: -row["pages"])[:_TOP]
        ],
        "expected": [_find_expected(wanted, rows, is_complete) for wanted in settings.get("expected") or ()],
    }


def build_services(parts: Parts, settings: Data) -> Data:
    """systemd's failed units, and those expected."""
    if "failed" not in parts:
        raise Missing("该主机没有运行 systemd，或 systemctl 没有答复")
    expected = [name if "." in name else f"{name}.service" for name in settings.get("expected") or ()]
    shown = [read_pairs(block) for block in re.split(r"\n\s*\n", parts.get("units", "")) if "Id=" in block]
    by_name = {pairs["Id"]: pairs for pairs in shown}
    in_order = shown if len(shown) == len(expected) else []
    rows = [
        _build_unit(name, in_order[place] if in_order else by_name.get(name, {}))
        for place, name in enumerate(expected)
    ]
    return {"failed": [row for row in map(_read_unit, parts["failed"].splitlines()) if row], "expected": rows}


def build_time_sync(parts: Parts, _settings: Data) -> Data:
    """Whether the clock is synchronised, by chrony, then ntpd, then systemd; positive where this clock is ahead."""
    for source, read in (
        ("chronyc", _read_chronyc), ("ntpq", _read_ntpq), ("timesync", _read_timesync), ("timedatectl", _read_status),
    ):  # fmt: skip
        found = read(parts[source]) if source in parts else None
        if found is not None:
            return {"source": "timedatectl" if source == "timesync" else source, **found}
    raise Missing("chronyc、ntpq、timedatectl 都没有答复")


def build_users(parts: Parts, _settings: Data) -> Data:
    """Who is logged in."""
    if "who" not in parts:
        raise Missing("没有可读的登录记录文件 /run/utmp")
    pattern = re.compile(r"(\S+)\s+(\S+)\s+(\d{4}-\d\d-\d\d \d\d:\d\d)(?:\s+\((.*)\))?")
    found = [match for line in parts["who"].splitlines() if (match := pattern.match(line))]
    users = [
        {
            "name": match[1],
            "terminal": match[2],
            "host": match[4] or None,
            "since": f"{match[3].replace(' ', 'T')}:00.000Z",
        }
        for match in found
    ]
    return {"count": len(users), "users": users[:MOST_ROWS]}


def _read_processes(text: str) -> Iterator[Data]:
    for line in text.splitlines():
        start, end = line.find("("), line.rfind(")")
        words = line[end + 1 :].split()
        if start < 1 or end < start or len(words) != 5 or not line[:start].strip().isdigit():
            # A process may have a line end in its name; it is not worth the others.
            continue
        yield {
            "pid": int(line[:start]),
            "name": line[start + 1 : end],
            "state": words[0],
            "parent": int(words[1]),
            "ticks": int(float(words[2])),
            "started": words[3],
            "pages": int(float(words[4])),
        }


def _build_process(row: Data, page: int) -> Data:
    return {"pid": row["pid"], "name": row["name"], "user": None, "memory_bytes": max(0, row["pages"]) * page}


def _find_expected(wanted: Data, rows: list[Data], is_complete: bool) -> Data:
    name, command = str(wanted.get("name", "")), str(wanted.get("command", ""))
    row: Data = {"name": name, "command": command, "status": "ok", "reason": "", "count": None}
    if command:
        return {**row, "status": "not_checked", "reason": "粘贴脚本不带出进程的命令行"}
    count = sum(item["name"] == name[:_NAME_LENGTH] and item["state"] != "Z" for item in rows)
    if not count:
        # Its program may be called otherwise than the process; only the agent looks at that.
        reason = "没有叫这个名字的进程；脚本不看命令行，不能断定没有运行"
        return {
            **row,
            "status": "not_checked",
            "reason": reason if is_complete else "本账号看不到其他用户的进程",
        }
    return {**row, "count": count}


def _read_unit(line: str) -> Data | None:
    words = line.lstrip("●*× \t").split(None, 4)
    if len(words) < 4:
        return None
    row = dict(zip(("name", "load", "active", "sub"), words, strict=False))
    return {**row, "description": words[4] if len(words) > 4 else ""}


def _build_unit(expected: str, pairs: Mapping[str, str]) -> Data:
    restarts = pairs.get("NRestarts", "")
    return {
        "expected": expected,
        "name": pairs.get("Id"),
        "load": pairs.get("LoadState"),
        "active": pairs.get("ActiveState"),
        "sub": pairs.get("SubState"),
        "enabled": pairs.get("UnitFileState") or None,
        "result": pairs.get("Result") or None,
        "restarts": int(restarts) if restarts.isdigit() else None,
    }


def _read_chronyc(text: str) -> Data | None:
    offset = re.search(r"^System time\s*:\s*([\d.]+) seconds (slow|fast)", text, re.M)
    leap = re.search(r"^Leap status\s*:\s*(.+)$", text, re.M)
    if not offset or not leap:
        return None
    server = re.search(r"^Reference ID\s*:\s*\S+ \((\S*)\)", text, re.M)
    is_synchronized = leap[1].strip() != "Not synchronised"
    seconds = float(offset[1]) * (1 if offset[2] == "fast" else -1)
    return _build_sync(is_synchronized, seconds if is_synchronized else None, server[1] if server else None)


def _read_ntpq(text: str) -> Data | None:
    if "remote" not in text:
        return None
    for line in text.splitlines():
        words = line.split()
        if line.startswith("*") and len(words) >= 10:
            return _build_sync(True, -float(words[8]) / 1000.0, words[0][1:])
    return _build_sync(False, None, None)


def _read_timesync(text: str) -> Data | None:
    offset = re.search(r"^\s*Offset: ([+-]?[\d.]+)(us|ms|s|min)\s*$", text, re.M)
    server = re.search(r"^\s*Server: (\S+)", text, re.M)
    if not offset:
        return None
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
    return _build_sync(True, -float(offset[1]) * units[offset[2]], server[1] if server else None)


def _read_status(text: str) -> Data | None:
    answer = re.search(r"^\s*(?:NTP synchronized|System clock synchronized): (yes|no)", text, re.M)
    return _build_sync(answer[1] == "yes", None, None) if answer else None


def _build_sync(is_synchronized: bool, offset_seconds: float | None, server: str | None) -> Data:
    return {
        "is_synchronized": is_synchronized,
        "offset_seconds": None if offset_seconds is None else round(offset_seconds, 9),
        "server": server or None,
    }
