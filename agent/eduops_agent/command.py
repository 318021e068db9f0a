"""Programs of the host, run for their output: in the C locale, bounded in time and size, system folders searched too."""

import os
import subprocess
import threading
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from eduops_agent.context import NotChecked, path_of

# cron and plain users often lack the sbin folders, where chronyc and its like live.
_SEARCHED = os.pathsep.join(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])

# Of each of the two streams; what a healthy client says is a thousandth of it.
LARGEST_OUTPUT_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class NotEnded(NotChecked):
    """The program was still running when its time was up."""


class Output(NamedTuple):
    """What a program left behind."""

    code: int
    stdout: str
    stderr: str


def find_program(name: str) -> str:
    """The program's path, or the empty text."""
    # Not shutil.which: shutil loads every library for compressing that there is.
    for folder in (os.environ.get("PATH", "") + os.pathsep + _SEARCHED).split(os.pathsep):
        path = os.path.join(folder, name)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


def run_program(
    *words: str, seconds: float = 5.0, text: str = "", variables: Optional[Mapping[str, str]] = None
) -> Output:
    """Runs a program to its end, with a text to read and variables of its environment.

    Raises NotChecked where it is not installed, cannot start or prints more than LARGEST_OUTPUT_BYTES, NotEnded where it
    does not end in time; it is killed then.
    """
    program = find_program(words[0])
    if not program:
        raise NotChecked("本机没有命令 {}".format(words[0]))
    environment: Dict[str, str] = dict(os.environ, LC_ALL="C", LANG="C", SYSTEMD_COLORS="0", SYSTEMD_PAGER="")
    environment.update({name: path_of(value) for name, value in (variables or {}).items()})
    command: List[str] = [program] + [path_of(word) for word in words[1:]]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            bufsize=0,
        )
    except OSError as error:
        raise NotChecked("命令 {} 不能运行：{}".format(words[0], error.strerror)) from error
    return _converse(words[0], process, text.encode("utf-8"), seconds)


def _converse(name: str, process: Any, text: bytes, seconds: float) -> Output:
    until = time.monotonic() + seconds
    readers = [_Reader(process, process.stdout), _Reader(process, process.stderr)]
    threads = readers + [threading.Thread(target=_write, args=(process.stdin, text), daemon=True)]
    try:
        for thread in threads:
            thread.start()
        for reader in readers:
            reader.join(max(0.0, until - time.monotonic()))
        if any(reader.is_too_much for reader in readers):
            raise NotChecked("命令 {} 的输出超过 {} 字节，已中止".format(name, LARGEST_OUTPUT_BYTES))
        if any(reader.is_alive() for reader in readers):
            raise NotEnded("命令 {} 在 {:g} 秒内没有结束".format(name, seconds))
        code = process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise NotEnded("命令 {} 在 {:g} 秒内没有结束".format(name, seconds)) from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return Output(code, *[reader.text() for reader in readers])


class _Reader(threading.Thread):
    """Takes what comes out of a stream; kills the program where that is too much.

    A thread, since Windows cannot wait for two pipes.
    """

    def __init__(self, process: Any, stream: Any) -> None:
        threading.Thread.__init__(self, daemon=True)
        self.is_too_much = False
        self._process, self._stream = process, stream
        self._received = bytearray()

    def run(self) -> None:
        """Reads to the end, or to what is too much."""
        with self._stream:
            while True:
                chunk = self._stream.read(_CHUNK_BYTES)
                if not chunk:
                    return
                self._received += chunk
                if len(self._received) > LARGEST_OUTPUT_BYTES:
                    self.is_too_much = True
                    self._process.kill()
                    return

    def text(self) -> str:
        """What came."""
        return self._received.decode("utf-8", "replace")


def _write(stream: Any, text: bytes) -> None:
    try:
        with stream:
            left = memoryview(text)
            while left:
                left = left[stream.write(left) :]
    except OSError:
        # It ended, or does not want to hear it; its own words will tell.
        pass
