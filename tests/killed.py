"""A child process that dies by SIGKILL just before its n-th change of the file system, so that each point is hit."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable

_PROCESS = multiprocessing.get_context("fork")
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate"}


def count_changes(work: Callable[[], object]) -> int:
    """How many times a child that does the work changes the file system."""
    receiver, sender = _PROCESS.Pipe(duplex=False)

    def run() -> None:
        seen = _watch(None)
        work()
        sender.send(seen[0])

    child = _PROCESS.Process(target=run)
    child.start()
    child.join(120)
    assert child.exitcode == 0
    return int(receiver.recv())


def kill_before(work: Callable[[], object], number: int) -> None:
    """Does the work in a child that is killed just before its change of that number (from 1)."""

    def run() -> None:
        _watch(number)
        work()
        os._exit(0)

    child = _PROCESS.Process(target=run)
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL


def ten_points(changes: int) -> list[int]:
    """Ten changes spread over all of them, the first and the last among them."""
    return sorted({1 + round(n * (changes - 1) / 9) for n in range(10)})


def _watch(number: int | None) -> list[int]:
    seen = [0]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        is_write = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if event in _CHANGES or is_write:
            seen[0] += 1
            if seen[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return seen
