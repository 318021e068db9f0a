"""Database programs run to their end; what they complain of becomes one Chinese sentence."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from eduops.core.errors import OutsideError

_TAIL_BYTES: Final = 20_000
_REASONS: Final = (
    (("No space left on device", "Errcode: 28", "Disk quota exceeded", "File too large"), "磁盘已满"),
    (("password authentication failed", "no password supplied", "Access denied"), "数据库不接受用户或口令"),
    (("server version", "server version mismatch"), "本机的客户端程序比服务器旧"),
    (("permission denied", "command denied", "must be owner"), "数据库用户的权限不够"),
    (("Connection refused", "Can't connect", "could not connect"), "连不上数据库"),
    (
        ("server closed the connection", "Lost connection", "gone away", "terminating connection"),
        "与数据库的连接中途断开",
    ),
    (("Broken pipe",), "对方中途关闭了"),
)


def find(name: str, *, package: str) -> str:
    """The newest program of that name. Raises OutsideError where it is not installed."""
    roots = [*Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), *Path("/usr").glob(f"pgsql-*/bin/{name}")]
    numbered = [(_version(path), path) for path in roots if name.startswith("pg_")]
    found = str(max(numbered)[1]) if numbered else shutil.which(name)
    if found is None:
        raise OutsideError(f"本机没有程序 {name}", hint=f"安装 {package}，然后重新运行", source=name)
    return found


def run(
    words: list[str], *, what: str, environment: Mapping[str, str], during: Callable[[], None] = lambda: None
) -> None:
    """Runs a program to its end; `during` is called while it runs, and what that raises ends it.

    Raises OutsideError with the end of what it said.
    """
    with started(words, what=what, environment=environment):
        during()


@contextmanager
def started(
    words: list[str],
    *,
    what: str,
    environment: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> "Iterator[subprocess.Popen[bytes]]":
    """A program that runs while the block does, and to its end after it. Raises OutsideError where it fails."""
    try:
        process = subprocess.Popen(
            words,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_MESSAGES": "C", "LANGUAGE": "", **environment},
        )
    except OSError as error:
        raise OutsideError(
            f"{what}：不能运行 {words[0]}", hint="检查程序和权限", source=words[0], detail=str(error)
        ) from error
    said = bytearray()
    listener = threading.Thread(target=_listen, args=(process.stderr, said), daemon=True)
    listener.start()
    try:
        yield process
        if process.stdin is not None:
            process.stdin.close()
        process.wait()
    except BrokenPipeError:
        # It ended before it had read everything: why stands in what it said.
        process.wait()
    except BaseException as error:
        process.kill()
        process.wait()
        listener.join(5)
        if isinstance(error, OutsideError) and said:
            error.detail = (error.detail + "\n" + said.decode(errors="replace"))[-2000:]
        raise
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                _close(stream)
    listener.join(5)
    if process.returncode:
        raise failed(what, Path(words[0]).name, bytes(said))


def failed(what: str, program: str, said: bytes) -> OutsideError:
    """The one sentence for a program that complained."""
    text = said.decode(errors="replace").strip()
    reason = next((words for parts, words in _REASONS if any(part in text for part in parts)), "")
    last = text.splitlines()[-1][:300] if text else "没有说明原因"
    return OutsideError(
        f"{what}失败：{reason + '：' if reason else ''}{program} 说：{last}",
        hint="按原因处理（磁盘空间、口令文件、网络、数据库用户的权限），然后重新运行",
        source=program,
        detail=text,
    )


def _listen(stream: IO[bytes] | None, said: bytearray) -> None:
    while stream is not None and (chunk := stream.read1(65_536)):  # type: ignore[attr-defined]  # a BufferedReader
        said += chunk
        del said[:-_TAIL_BYTES]


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        # Nobody reads the rest any more.
        return


def _version(path: Path) -> float:
    digits = [
        part.rpartition("-")[2] for part in path.parts if part.rpartition("-")[2].replace(".", "").isdigit()
    ]
    return float(digits[-1]) if digits else 0.0
