"""Every error that a person may meet. The doors turn them into one sentence, a hint and an exit code.

EduopsError            exit 4
├── ConfigError        exit 3   a configuration file is wrong: file and address
├── InputError         exit 3   a file or a value from outside is wrong: file and address
├── UsageError         exit 2   the command's own words contradict each other
├── NotFound           exit 4
├── Conflict           exit 4   it exists already, or somebody else was faster
├── NotAllowed         exit 4   a rule of the house or of the contract forbids it
└── OutsideError       exit 5   something outside failed: program or host, the end of its stderr
"""

from collections.abc import Sequence
from dataclasses import dataclass


class EduopsError(Exception):
    """What happened and where (`message`), and what to do next (`hint`), both Chinese sentences."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file: `address` is a line, a key path or a cell ("第 12 行", "题库!C7")."""

    file: str
    address: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file} {self.address}：{self.message}"


class _ProblemsError(EduopsError):
    """An error that lists all its problems at once."""

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class ConfigError(_ProblemsError):
    """A configuration file is wrong or missing."""


class InputError(_ProblemsError):
    """A file or a value from outside is wrong; nothing was written."""


class UsageError(EduopsError):
    """The options of a command contradict each other or one is missing."""


class NotFound(EduopsError):
    """What was asked for is not there."""


class Conflict(EduopsError):
    """It exists already, or somebody else was faster."""


class NotAllowed(EduopsError):
    """A rule of the house or of the contract forbids it."""


class OutsideError(EduopsError):
    """Something outside failed: `source` is the program or host, `detail` the end of its stderr."""

    def __init__(self, message: str, *, hint: str = "", source: str = "", detail: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source
        self.detail = detail[-2000:]
