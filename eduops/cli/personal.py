"""Telephones and ID numbers on screen: masked, or whole where a named person asks, and that is logged."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from eduops.cli import door
from eduops.cli.actor import require_actor
from eduops.core.errors import EduopsError, UsageError

if TYPE_CHECKING:
    from eduops.store.secret import Cipher

RevealOption = Annotated[
    bool,
    typer.Option("--reveal", help="显示完整的手机号和身份证号；要设 EDUOPS_ACTOR，并记入操作日志。"),
]
_UNREADABLE = "（已加密，打不开）"


@dataclass
class Personal:
    """What was opened for one command; counts what it shows whole."""

    look: door.Look
    is_revealed: bool
    must_open: bool = False
    """Whether a value that does not open ends the command even where it is only shown masked."""
    shown: int = 0
    _cipher: "Cipher | None" = field(default=None, init=False)

    def show(self, sealed: str | None, about: str, mask: Callable[[str], str]) -> str | None:
        """The sealed value, whole or masked; None where there is none.

        Masked, a key that is missing is no reason to refuse the rest, unless `must_open`. Raises ConfigError or
        NotAllowed where it was to be shown whole and does not open.
        """
        if sealed is None:
            return None
        try:
            self._cipher = self._cipher or door.cipher(self.look)
            text = self._cipher.open(sealed, about)
        except EduopsError:
            if self.is_revealed or self.must_open:
                raise
            return _UNREADABLE
        self.shown += self.is_revealed
        return text if self.is_revealed else mask(text)


def read_number(question: str) -> str:
    """A telephone or ID number, asked on a terminal or read from standard input: a command line is remembered.

    Raises UsageError where nothing comes.
    """
    if sys.stdin.isatty():
        said: str = typer.prompt(question, hide_input=True, err=True)
    else:
        said = sys.stdin.readline()
    if not said.strip():
        raise UsageError(f"没有输入{question}", hint="从键盘输入，或由标准输入给出一行")
    return said.strip()


@contextmanager
def looking(ctx: typer.Context, *, reveal: bool, subject: str, must_open: bool = False) -> Iterator[Personal]:
    """Opens the store for a question that shows personal data; one that reveals them leaves an audit entry.

    What is revealed is given out after this block: by then the entry is on disk.
    """
    if not reveal:
        with door.look(ctx) as look:
            yield Personal(look, is_revealed=False, must_open=must_open)
        return
    require_actor("查看完整的个人信息")
    with door.work(ctx) as work:
        personal = Personal(work, is_revealed=True)
        yield personal
        work.changed(subject, revealed=personal.shown)
