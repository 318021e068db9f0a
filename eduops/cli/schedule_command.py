"""Whether the words of a job name a command that exists, with options that it has: asked of the real commands."""

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from eduops.cli import chinese
from eduops.cli.noun import load_noun
from eduops.cli.table_of_nouns import NOUNS

_HELP = ("--help", "-h")
_OF_THE_SCHEDULE = {"prune", "missed", "check"}
"""What a job may call of the schedule itself."""


def find_fault(words: Sequence[str]) -> str | None:
    """What is wrong with a command line without its `eduops`, as a sentence; None where nothing is."""
    noun, *rest = words
    if noun not in NOUNS:
        return f"没有命令「{noun}」（从 eduops 之后的第一个词写起）"
    if any(word in _HELP for word in rest):
        return "任务不能是查看帮助"
    if noun == "schedule" and (not rest or rest[0] not in _OF_THE_SCHEDULE):
        return "任务不能再调用 schedule 的这个命令"
    try:
        return _try(load_noun(noun), noun, rest)
    except typer.TyperException as error:
        return chinese.sentence(error.format_message())


def _try(
    command: Any, name: str, words: list[str], parent: Any = None
) -> str | None:  # Any: Typer's inner types
    """Lets the command read its words, and the next word name a command of a noun. Nothing is run or asked."""
    if not hasattr(command, "commands"):
        # Not the command's own way, which asks on a terminal for what is missing.
        TyperCommand.make_context(command, name, list(words), parent=parent)
        return None
    if not words:
        return f"「{name}」后面还要写命令，如 {next(iter(command.commands))}"
    context = TyperGroup.make_context(command, name, list(words), parent=parent)
    found, inner, rest = command.resolve_command(context, list(words))
    return _try(inner, str(found), rest, context)
