"""Every command is usable from its help alone: a Chinese sentence, an example that would run, every option said."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from eduops.cli import main
from eduops.cli.noun import load_noun
from eduops.cli.table_of_nouns import NOUNS

CLI = Path(main.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def commands_of(noun: str) -> Iterator[tuple[str, Any]]:
    """Every command of a noun by its full name. Any: Typer's inner commands have no public type."""
    loaded = load_noun(noun)
    if not hasattr(loaded, "commands"):
        yield f"eduops {noun}", loaded
        return
    for name, command in loaded.commands.items():
        inner = getattr(command, "commands", {name: command})
        for verb, found in inner.items():
            yield f"eduops {noun} {name if found is command else f'{name} {verb}'}", found


def test_every_noun_file_is_in_the_table_and_every_noun_has_its_file() -> None:
    declared = re.compile(r"^app = (?:Noun|typer\.Typer)\(", re.MULTILINE)
    files = {path.stem for path in CLI.glob("*.py") if declared.search(path.read_text(encoding="utf-8"))} - {
        "main"
    }
    assert files == {noun.replace("-", "_") for noun in NOUNS}


@pytest.mark.parametrize("noun", NOUNS)
def test_the_root_says_of_a_noun_what_the_noun_says_of_itself(noun: str) -> None:
    assert CHINESE.search(NOUNS[noun])
    assert CHINESE.search(load_noun(noun).help or "")


@pytest.mark.parametrize("noun", NOUNS)
def test_every_command_has_a_chinese_sentence_for_its_help(noun: str) -> None:
    silent = [name for name, command in commands_of(noun) if not CHINESE.search(command.help or "")]
    assert not silent


@pytest.mark.parametrize("noun", NOUNS)
def test_every_option_and_argument_has_help(noun: str) -> None:
    silent = [
        f"{name} {parameter.name}"
        for name, command in commands_of(noun)
        for parameter in command.params
        if not CHINESE.search(getattr(parameter, "help", None) or "")
    ]
    assert not silent


@pytest.mark.parametrize("noun", NOUNS)
def test_every_example_calls_its_own_command_with_options_that_exist(noun: str) -> None:
    wrong = [name for name, command in commands_of(noun) if not is_example_of(command, name)]
    assert not wrong


def test_every_global_option_has_help() -> None:
    silent = [parameter.name for parameter in get_command(main.app).params if not parameter.help]
    assert not silent


def test_the_root_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['eduops', '--help']\n"
        "from eduops.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"sqlmodel", "sqlalchemy", "pydantic", "yaml", "rich", "docx", "openpyxl", "psutil", "paramiko"}
    assert not heavy & set(done.stderr.split())


def is_example_of(command: Any, name: str) -> bool:
    """Whether the epilog is `例：eduops noun verb …` with the command's own options only."""
    epilog = command.epilog or ""
    words = shlex.split(epilog.removeprefix("例：").partition(" | ")[0])
    if not epilog.startswith("例：") or words[: len(name.split())] != name.split():
        return False
    known = {
        spelling for parameter in command.params for spelling in (*parameter.opts, *parameter.secondary_opts)
    }
    used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    return used <= known
