"""The run log: one JSON line a command and one an error, in the home's `logs/`, by any number of processes at once.

A line is one write in append mode, under a shared lock on the file that it goes to; who rotates takes the lock for
itself and renames. So no line is torn, and none goes to a file that is being packed.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

FILE = "eduops.jsonl"
LARGEST_BYTES = 10_000_000
OLDEST_FOR = timedelta(days=7)
"""How large, and how old at its first line, the file gets before it is rotated."""

_LONGEST_BYTES = 32_000
_TRIES, _PAUSE_SECONDS = 50, 0.02
_FIRST_LINE_BYTES = 64


def write(folder: Path, entry: Mapping[str, object]) -> datetime | None:
    """Appends the entry, whose first key is `at` in ISO 8601; gives back the instant of the file's first line.

    None where the file need not be rotated yet. Raises OSError where it cannot be written.
    """
    line = _render(entry)
    with _open_locked(folder / FILE, fcntl.LOCK_SH) as handle:
        if os.write(handle, line) != len(line):
            raise OSError("the line was written in part")
        return _find_due(handle, str(entry["at"]))


def rotate(folder: Path, target: Path) -> bool:
    """Gives the log another name, unless somebody else was faster; then the file at its place is young and small."""
    with _open_locked(folder / FILE, fcntl.LOCK_EX) as handle:
        if not os.fstat(handle).st_size or target.exists():
            return False
        (folder / FILE).rename(target)
        return True


def _render(entry: Mapping[str, object]) -> bytes:
    line = json.dumps(entry, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")
    if len(line) > _LONGEST_BYTES:
        return _render({**{key: _cut(value) for key, value in entry.items()}, "is_cut": True})
    return line + b"\n"


def _cut(value: object) -> object:
    """A value's beginning: short enough that a dozen of them are one line."""
    return value if isinstance(value, int | float | None) else str(value)[:600]


@contextmanager
def _open_locked(path: Path, kind: int) -> Iterator[int]:
    """The file that stands at the path, made where there is none, with a lock on it. Raises OSError."""
    for _ in range(_TRIES):
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if _lock(handle, kind) and _is_at(handle, path):
                yield handle
                return
        finally:
            os.close(handle)
        time.sleep(_PAUSE_SECONDS)
    raise TimeoutError("the log is locked by another process")


def _lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Whether the file was not renamed between opening and locking it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _find_due(handle: int, at: str) -> datetime | None:
    first = _first_instant(handle)
    if first is None:
        return None
    is_old = datetime.fromisoformat(at) - first >= OLDEST_FOR
    return first if is_old or os.fstat(handle).st_size >= LARGEST_BYTES else None


def _first_instant(handle: int) -> datetime | None:
    """When the first line was written; None where somebody else wrote it."""
    text = os.pread(handle, _FIRST_LINE_BYTES, 0).decode("ascii", "replace")
    try:
        found = datetime.fromisoformat(text.removeprefix('{"at": "').partition('"')[0])
    except ValueError:
        return None
    return found if found.tzinfo else None
