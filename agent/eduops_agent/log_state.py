"""How far each log has been read: a small JSON file, replaced whole, one reader at a time."""

import fcntl
import json
import os
from contextlib import contextmanager
from typing import Any, Dict, Iterator, NamedTuple

from eduops_agent.context import Failed, NotChecked, explain


class Position(NamedTuple):
    """Where reading stopped: in which file, after which byte, and a hash of the bytes just before it.

    The hash tells a file that was emptied and has grown past the offset again, and finds the old text under its
    new name or in its compressed copy.
    """

    device: int
    inode: int
    offset: int
    mark: str


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Keeps other agents from the file meanwhile. Raises NotChecked where one is at it, Failed where it cannot be."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        lock = open(path + ".lock", "ab")
    except OSError as error:
        raise Failed("不能写入状态文件 {}：{}".format(path, explain(error))) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise NotChecked("另一个巡检正在读取日志") from error
        yield


def load_positions(path: str) -> Dict[str, Position]:
    """The positions by log path; none where the file is missing or damaged, which each log then reports."""
    try:
        with open(path, "rb") as stream:
            content = json.loads(stream.read().decode("utf-8"))
        return {log: Position(**position) for log, position in content["logs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def save_positions(path: str, positions: Dict[str, Position]) -> None:
    """Writes the positions whole or not at all. Raises Failed where it cannot."""
    part = path + ".part"
    # Any: what JSON takes.
    content: Dict[str, Any] = {"logs": {log: position._asdict() for log, position in positions.items()}}
    try:
        with open(part, "w", encoding="ascii") as stream:
            json.dump(content, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError as error:
        raise Failed("不能写入状态文件 {}：{}".format(path, explain(error))) from error
