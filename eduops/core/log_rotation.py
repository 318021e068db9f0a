"""Rotated run logs: packed, and kept for as long as the contract wants (3.2(6)) or the settings say."""

import gzip
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eduops.core import log
from eduops.core.files import OWNERS_ONLY, whole_file

LEAST_DAYS = 180
"""No setting keeps logs for a shorter time."""

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_ROTATED = re.compile(r"eduops-(\d{8}T\d{6}\.\d{6}Z)\.jsonl(\.gz)?")


def rotate(folder: Path, *, first_at: datetime, now: datetime, keep_days: int) -> None:
    """Sets the log aside, packs what was set aside, and removes what is older than `keep_days`.

    Counted from the first line of what is set aside, so that a clock that jumps ahead removes nothing at once.
    Raises OSError or InputError where the folder cannot be written; whatever was not packed waits for the next time.
    """
    if log.rotate(folder, folder / f"eduops-{now.astimezone(UTC).strftime(_STAMP)}.jsonl"):
        _pack(folder)
        _remove_old(folder, min(first_at, now) - timedelta(days=max(keep_days, LEAST_DAYS)))


def list_rotated(folder: Path) -> list[tuple[datetime, Path]]:
    """What was set aside, oldest first, each with the instant of it."""
    return sorted(_find_rotated(folder))


def _find_rotated(folder: Path) -> Iterator[tuple[datetime, Path]]:
    for path in folder.glob("eduops-*.jsonl*"):
        if match := _ROTATED.fullmatch(path.name):
            yield datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC), path


def _pack(folder: Path) -> None:
    for _, path in list_rotated(folder):
        if path.suffix == ".gz":
            continue
        # Two at once write the same bytes, each to a part of its own.
        with suppress(FileNotFoundError):
            target = path.with_name(f"{path.name}.gz")
            with (
                path.open("rb") as plain,
                whole_file(target, mode=OWNERS_ONLY) as part,
                gzip.open(part, "wb") as out,
            ):
                shutil.copyfileobj(plain, out)
            path.unlink()


def _remove_old(folder: Path, before: datetime) -> None:
    for at, path in list_rotated(folder):
        if at < before:
            path.unlink(missing_ok=True)
