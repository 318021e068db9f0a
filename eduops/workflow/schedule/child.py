"""A job's command as a child process: a process group of its own, bounded output, ended when its time is up."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from eduops.core.errors import OutsideError
from eduops.core.files import OWNERS_ONLY, render_reason, unwritable

GRACE_SECONDS = 10.0
"""From the wish to stop until the group is killed."""
HEAD_BYTES = TAIL_BYTES = 256 * 1024
"""How much of the output is kept from its beginning and from its end."""
_CHUNK_BYTES = 65_536
_DRAIN_SECONDS = 5.0


@dataclass
class Child:
    """A running command. Instants are of the monotonic clock, in seconds."""

    process: "subprocess.Popen[bytes]"
    began: float
    limit_at: float
    reader: threading.Thread
    kill_at: float | None = None
    """Set once it was asked to stop."""
    is_over_time: bool = False

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.began


@dataclass
class _Keeper:
    """Writes the head of a stream to a file at once, and its tail when it ends."""

    file: IO[bytes]
    room: int = HEAD_BYTES
    tail: bytearray = field(default_factory=bytearray)
    dropped: int = 0

    def keep(self, data: bytes) -> None:
        head, rest = data[: self.room], data[self.room :]
        self.room -= len(head)
        self.file.write(head)
        self.tail += rest
        spare = max(len(self.tail) - TAIL_BYTES, 0)
        self.dropped += spare
        del self.tail[:spare]

    def finish(self) -> None:
        if self.dropped:
            self.file.write(f"\n……（中间略去 {self.dropped} 字节）……\n".encode())
        self.file.write(self.tail)


def start(
    command: Sequence[str], *, environment: Mapping[str, str], output: Path, limit_seconds: float
) -> Child:
    """The command begun, its output on its way to `output`.

    Raises InputError where that cannot be written, OutsideError where the command cannot be started.
    """
    try:
        output.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.fdopen(
            os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNERS_ONLY), "wb", buffering=0
        )
    except OSError as error:
        raise unwritable(output, error) from error
    try:
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        file.close()
        raise OutsideError(
            f"命令启动不了：{render_reason(error)}", hint="检查 eduops 的安装", source=command[0]
        ) from error
    reader = threading.Thread(target=_drain, args=(process.stdout, _Keeper(file)), daemon=True)
    reader.start()
    began = time.monotonic()
    return Child(process, began, began + limit_seconds, reader)


def poll(child: Child) -> int | None:
    """The exit code once it has ended, else None; on the way, what its time limit demands is done.

    Nothing of its group is left running, and its output is written.
    """
    now = time.monotonic()
    code = child.process.poll()
    if code is None:
        if child.kill_at is None and now >= child.limit_at:
            child.is_over_time = True
            ask_to_stop(child)
        elif child.kill_at is not None and now >= child.kill_at:
            _signal_group(child, signal.SIGKILL)
        return None
    _signal_group(child, signal.SIGKILL)
    child.reader.join(_DRAIN_SECONDS)
    return code


def ask_to_stop(child: Child) -> None:
    """Asks the whole group to end; `poll` kills it when it has not after some seconds."""
    if child.kill_at is None:
        child.kill_at = time.monotonic() + GRACE_SECONDS
        _signal_group(child, signal.SIGTERM)


def _signal_group(child: Child, number: int) -> None:
    # The group lives on as long as one of its processes does, under the number of the first.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)


def _drain(stream: IO[bytes], keeper: _Keeper) -> None:
    # A full disk must not stop the job: it goes on, and its output is lost.
    with keeper.file, stream:
        while data := os.read(stream.fileno(), _CHUNK_BYTES):
            with suppress(OSError):
                keeper.keep(data)
        with suppress(OSError):
            keeper.finish()
