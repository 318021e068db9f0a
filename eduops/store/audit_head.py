"""The audit log's heads kept outside the database: one line each time it was verified, never taken away.

Whoever cuts the log's tail together with its counter, or writes the whole chain anew, does not fit what stands here.
"""

import fcntl
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from eduops.core.errors import ConfigError
from eduops.core.files import unwritable

FILE = "audit.head"

_ANEW_AFTER = timedelta(days=1)
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How many entries there were at an instant, and the last one's hash."""

    at: datetime
    count: int
    hash: str


def load_heads(path: Path) -> list[AuditHead]:
    """Every head that was kept, oldest first; none where there is no file. Raises ConfigError for a damaged one."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _damaged(path, "读不出来") from error
    return [_parse(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def append_head(path: Path, head: AuditHead) -> bool:
    """Keeps the head, unless the same one was kept within a day; whether a line was added.

    Raises ConfigError for a damaged file, InputError where it cannot be written.
    """
    kept = load_heads(path)
    same = bool(kept) and (kept[-1].count, kept[-1].hash) == (head.count, head.hash)
    if same and head.at - kept[-1].at < _ANEW_AFTER:
        return False
    line = json.dumps({"at": head.at.isoformat(), "count": head.count, "hash": head.hash}) + "\n"
    try:
        _append(path, line.encode())
    except OSError as error:
        raise unwritable(path, error) from error
    return True


def _append(path: Path, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)


def _parse(path: Path, number: int, line: bytes) -> AuditHead:
    try:
        data = json.loads(line)
        at, count, found = datetime.fromisoformat(data["at"]), data["count"], data["hash"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _damaged(path, f"第 {number} 行已损坏") from error
    if at.tzinfo is None or type(count) is not int or count < 0 or not _HASH.fullmatch(str(found)):
        raise _damaged(path, f"第 {number} 行已损坏")
    return AuditHead(at, count, found)


def _damaged(path: Path, what: str) -> ConfigError:
    return ConfigError(
        f"操作日志的校验文件 {path} {what}",
        hint="它是证据：留一份副本，从备份恢复它，再运行 eduops audit verify",
    )
