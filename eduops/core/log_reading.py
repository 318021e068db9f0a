"""Reading the run log back, rotated files included."""

import gzip
import json
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from eduops.core import log
from eduops.core.files import unreadable
from eduops.core.log_rotation import list_rotated

Entry = dict[str, Any]  # Any: whatever a line says


def list_entries(
    folder: Path,
    *,
    limit: int,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    level: str | None = None,
) -> list[Entry]:
    """The newest entries within [from_at, to_at), newest first. A line that is none of ours is left out.

    Raises InputError where a file cannot be read.
    """
    entries = (entry for path in _list_files(folder, from_at) for entry in _read(path))
    fitting = (
        entry
        for entry in entries
        if (level is None or entry.get("level") == level) and _is_within(entry["at"], from_at, to_at)
    )
    return list(deque(fitting, maxlen=limit))[::-1]


def _list_files(folder: Path, from_at: datetime | None) -> Iterator[Path]:
    """Oldest first; what was set aside before the beginning holds nothing of interest."""
    seen = set()
    for at, path in list_rotated(folder):
        plain = path.name.removesuffix(".gz")
        if (from_at is None or at >= from_at) and plain not in seen:
            seen.add(plain)
            yield path
    if (folder / log.FILE).exists():
        yield folder / log.FILE


def _read(path: Path) -> Iterator[Entry]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            for line in stream:
                entry = _parse(line)
                if entry is not None:
                    yield entry
    except (OSError, EOFError) as error:
        raise unreadable(path, error if isinstance(error, OSError) else OSError(str(error))) from error


def _parse(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
        entry["at"] = datetime.fromisoformat(entry["at"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return entry if entry["at"].tzinfo else None


def _is_within(at: datetime, from_at: datetime | None, to_at: datetime | None) -> bool:
    return (from_at is None or at >= from_at) and (to_at is None or at < to_at)
