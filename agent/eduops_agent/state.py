"""What must be known next time: small JSON files, each replaced whole, one agent at a time."""

import json
import os
from contextlib import contextmanager
from typing import Any, Iterator

from eduops_agent.context import Failed, NotChecked, explain


class Busy(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: str, busy: str = "另一个巡检正在读写状态文件") -> Iterator[None]:
    """Keeps other agents from the file meanwhile.

    Raises NotChecked, `busy` its reason, where one is at it or where the system has no locks; Failed where the
    folder cannot be written.
    """
    try:
        lock = open_lock(path + ".lock")
    except OSError as error:
        raise Failed("不能写入状态文件 {}：{}".format(path, explain(error))) from error
    except Busy as error:
        raise NotChecked(busy) from error
    with lock:
        yield


def open_lock(path: str) -> Any:
    """The lock file, locked until it is closed; its folder is made.

    Raises Busy where another process has it, NotChecked where the system has no locks, OSError.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    lock = open(path, "ab")
    try:
        _take(lock)
    except OSError as error:
        lock.close()
        raise Busy(path) from error
    except NotChecked:
        lock.close()
        raise
    return lock


def _take(lock: Any) -> None:
    try:
        import fcntl
    except ImportError:
        _take_on_windows(lock)
        return
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _take_on_windows(lock: Any) -> None:
    try:
        # Any: the module is there on Windows only.
        import msvcrt as windows  # type: Any
    except ImportError as error:
        raise NotChecked("本系统没有文件锁") from error
    lock.seek(0)
    windows.locking(lock.fileno(), windows.LK_NBLCK, 1)


def load_json(path: str) -> Any:
    """The file's content; an empty object where it is missing or damaged."""
    try:
        with open(path, "rb") as stream:
            content = json.loads(stream.read().decode("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def save_json(path: str, content: Any, is_durable: bool = True) -> None:
    """Writes the file whole or not at all. Raises Failed where it cannot.

    Not durable: a power cut may empty it, which reads as not there.
    """
    try:
        replace_file(path, json.dumps(content).encode("ascii"), is_durable=is_durable)
    except OSError as error:
        raise Failed("不能写入状态文件 {}：{}".format(path, explain(error))) from error


def replace_file(path: str, content: bytes, mode: int = 0o600, is_durable: bool = True) -> None:
    """Writes a hidden file beside it and renames that. Raises OSError; nothing is left behind then."""
    part = os.path.join(os.path.dirname(path), ".{}.part".format(os.path.basename(path)))
    try:
        with open(part, "wb") as stream:
            stream.write(content)
            stream.flush()
            if is_durable:
                os.fsync(stream.fileno())
        os.chmod(part, mode)
        os.replace(part, path)
    except BaseException:
        # A signal may come in between, too.
        try:
            os.unlink(part)
        except OSError:
            pass
        raise
