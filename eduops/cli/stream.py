"""The process's three streams: always there, never stumbling over a character, failing under a name of their own."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from eduops.core.errors import UsageError

TERMINATED = 128 + signal.SIGTERM


class ScreenError(Exception):
    """What was to be shown could not be written; the command itself had got that far."""


class Terminated(SystemExit):
    """SIGTERM arrived: unwinds like Ctrl-C, through every `finally`."""


class _Screen(io.TextIOWrapper):
    """Standard output that says when it cannot be written."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise self._failed(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> Exception:
        # A reader that has left (`| head`) is no failure; Typer knows what to do.
        if isinstance(error, BrokenPipeError):
            return error
        _discard(self)
        return ScreenError(error.strerror or str(error))


class _Aside(io.TextIOWrapper):
    """Standard error: where it cannot be written nobody can be told, and the exit code must do."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            _discard(self)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _discard(self)


def prepare() -> None:
    """Opens what was closed, chooses an encoding that holds Chinese, and takes SIGTERM as a wish to stop."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # The lowest free descriptor is the closed one; left closed, the database would be opened as it.
            stream = Path(os.devnull).open("w" if number else "r", encoding="utf-8")  # noqa: SIM115 - stays open
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
    for name, kind in (("stdout", _Screen), ("stderr", _Aside)):
        setattr(sys, name, _wrapped(getattr(sys, name), kind))
    signal.signal(signal.SIGTERM, _terminate)


def require_text(arguments: Sequence[str]) -> None:
    """Raises UsageError for an argument whose bytes are no text."""
    for place, argument in enumerate(arguments, start=1):
        if not _holds(argument, "utf-8"):
            shown = argument.encode("utf-8", "backslashreplace").decode()
            raise UsageError(
                f"第 {place} 个参数「{shown}」不是 UTF-8 文字", hint="检查终端的编码，或改文件名"
            )


def _wrapped(stream: io.TextIOWrapper, kind: type[_Screen] | type[_Aside]) -> io.TextIOWrapper:
    encoding = stream.encoding if _holds("中文，“字”─│", stream.encoding) else "utf-8"
    by_line = stream.line_buffering
    # Detached, or the old stream would close the buffer when nobody holds it any more.
    return kind(stream.detach(), encoding=encoding, errors="backslashreplace", line_buffering=by_line)


def _holds(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _discard(stream: io.TextIOWrapper) -> None:
    """What is still buffered goes nowhere, or the interpreter would fail over it once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated(TERMINATED)
