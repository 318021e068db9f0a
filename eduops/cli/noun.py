"""How nouns are declared and loaded: `Noun` for a file of commands, `LazyGroup` for the root.

The root's help names every noun without importing one; a noun's libraries load when it is called.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from eduops.cli import chinese
from eduops.cli.state import State
from eduops.cli.table_of_nouns import NOUNS

Function = TypeVar("Function", bound=Callable[..., Any])  # Any: a command's own parameters


class _Chinese:
    """What a command and a noun share: fixed words in Chinese. Any: Typer's inner types are not public."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, pieces.replace("[OPTIONS]", "[选项]"), prefix="用法：")

    def get_params(self, ctx: Any) -> list[Any]:
        return chinese.parameters(super().get_params(ctx))  # type: ignore[misc]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        chinese.localise(drawn=self.rich_markup_mode is not None)  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)  # type: ignore[misc]


class Command(_Chinese, TyperCommand):
    """A command that asks on a terminal for what is missing."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        given = list(args)
        if parent is not None and (run := parent.find_object(State)) is not None:
            run.command = f"{parent.command_path} {info_name}"
        while True:
            try:
                return super().make_context(info_name, list(given), parent=parent, **extra)
            except typer.BadParameter as error:
                given += _ask(error)


class Group(_Chinese, TyperGroup):
    """A noun with its commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "subcommand_metavar": "命令 [参数]..."})


class LazyGroup(Group):
    """The root: knows each noun's name and one line of help, and imports it only when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        # For the list of nouns in --help and in completion a name and a sentence are enough.
        summary = NOUNS.get(cmd_name)
        return None if summary is None else TyperCommand(cmd_name, callback=None, help=summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        self.commands = {name: self.get_command(ctx, name) for name in NOUNS}
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and load_noun(str(name)), rest


class Noun(typer.Typer):
    """A file of commands. Every command names an example, which its help shows."""

    def __init__(self, summary: str) -> None:
        super().__init__(
            cls=Group, help=summary, no_args_is_help=True, rich_markup_mode="rich", add_completion=False
        )

    def verb(self, name: str, *, example: str) -> Callable[[Function], Function]:
        """Declares a command of this noun with the example that its help ends with."""
        return self.command(name, cls=Command, epilog=f"例：{example}", no_args_is_help=False)


def load_noun(name: str) -> Any:
    """The real command of a noun, its module imported now."""
    module = import_module(f"eduops.cli.{name.replace('-', '_')}")
    command = get_command(module.app)
    command.name = name
    return command


def _ask(error: Any) -> list[str]:
    """The words to add for a missing option, asked on a terminal; elsewhere the error goes on."""
    parameter: Any = getattr(error, "param", None)
    missing = type(error).__name__ == "MissingParameter" and parameter is not None
    if not (missing and sys.stdin.isatty() and sys.stderr.isatty()):
        raise error
    answer: str = typer.prompt(chinese.question(parameter), err=True)
    return [parameter.opts[0], answer] if parameter.param_type_name == "option" else [answer]
