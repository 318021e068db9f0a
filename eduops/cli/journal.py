"""What a run of the command line leaves in the run log: who ran which command, how it ended, and what went wrong.

Loads nothing before the run is over, and never stands in its way: what cannot be written is one warning.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from eduops.cli.state import State

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULT_DAYS = 365


@dataclass
class Journal:
    """One run, from its arguments to its exit code."""

    words: Sequence[str]
    debug: bool
    state: State | None = None
    _error: Exception | None = None
    _began: float = field(default_factory=time.perf_counter)

    def watch(self, action: Callable[[], object]) -> object:
        """Runs the action and remembers its error, which goes on."""
        try:
            return action()
        except Exception as error:
            # Help for a noun without a verb arrives as an error too.
            self._error = None if type(error).__name__ == "NoArgsIsHelpError" else error
            raise

    def finish(self, code: int) -> None:
        """Writes the lines, unless nothing was run or there is no home to keep them."""
        if self.state is None or not (self.state.command or self._error) or "--help" in self.words:
            return
        milliseconds = round((time.perf_counter() - self._began) * 1000)
        try:
            if (folder := _find_folder(self.state)) is not None:
                self._write(folder, self.state, code, milliseconds)
        except Exception as error:  # whatever it is: the command itself is done
            typer.echo(
                f"注意：运行日志没有写成（{_reason(error)}）；检查数据目录 logs 的权限和磁盘空间", err=True
            )

    def _write(self, folder: "Path", state: State, code: int, milliseconds: int) -> None:
        from eduops.core import clock, log
        from eduops.core.log_redaction import redact_arguments

        folder.mkdir(mode=0o700, exist_ok=True)
        now = clock.now()
        shown, hidden = redact_arguments(_arguments(self.words, state.command))
        who = {"at": now.isoformat(timespec="milliseconds"), "pid": os.getpid(), "actor": _actor(state)}
        run = {"command": state.command or "eduops", "arguments": shown}
        if self._error is not None:
            log.write(
                folder, {**who, "level": "error", **run, **_told(self._error, code, hidden, debug=self.debug)}
            )
        due = log.write(
            folder, {**who, "level": "info", **run, "exit_code": code, "milliseconds": milliseconds}
        )
        if due is not None:
            from eduops.core import log_rotation

            log_rotation.rotate(folder, first_at=due, now=now, keep_days=_keep_days(state))


def _reason(error: Exception) -> str:
    from eduops.core.files import render_reason

    if isinstance(error, OSError):
        return render_reason(error)
    return getattr(error, "message", "") or type(error).__name__


def _find_folder(state: State) -> "Path | None":
    """Where the lines go; None where the home was not laid out, since a log would make a home of any folder."""
    home, folder = state.home, state.home.folder("logs")
    is_ours = home.settings_path.is_file() or (folder.is_dir() and (home.path / "eduops.db").is_file())
    return folder if is_ours else None


def _arguments(words: Sequence[str], command: str) -> Sequence[str]:
    """What follows the command's own words; all of them where none was found."""
    verbs = command.split()[1:]
    for start in range(len(words) - len(verbs) + 1):
        if verbs and list(words[start : start + len(verbs)]) == verbs:
            return words[start + len(verbs) :]
    return words


def _actor(state: State) -> str:
    try:
        return state.actor
    except Exception:  # an account without a name is the command's own error
        return ""


def _told(error: Exception, code: int, hidden: Sequence[str], *, debug: bool) -> dict[str, object]:
    """An error as a line has it. Where calls led shows what is wrong inside; our own errors say it in words."""
    import traceback

    from eduops.core.errors import EduopsError
    from eduops.core.log_redaction import redact

    told: dict[str, object] = {
        "exit_code": code,
        "error": type(error).__name__,
        "message": redact(str(error), typed=hidden),
    }
    if detail := getattr(error, "detail", ""):
        told["detail"] = redact(str(detail), typed=hidden)
    if problems := getattr(error, "problems", ()):
        told["problems"] = len(problems)
    if debug or not isinstance(error, EduopsError | typer.TyperException):
        told["traceback"] = redact("".join(traceback.format_exception(error))[-12_000:], typed=hidden)
    return told


def _keep_days(state: State) -> int:
    """As the settings say; where they cannot be read, as long as they would say by default."""
    try:
        return state.home.load_settings().log_days
    except Exception:
        return _DEFAULT_DAYS


def begin(debug: bool) -> Journal:
    """The journal of this process's command line."""
    return Journal(sys.argv[1:], debug)
