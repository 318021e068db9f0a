"""The documents of the repository say what is so: links, targets and commands exist, recipes stay short."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from eduops.cli.noun import load_noun
from eduops.cli.table_of_nouns import NOUNS

ROOT = Path(__file__).parent.parent.parent
ONE_SCREEN = 64
MOST_STEPS = 5


@cache
def documents() -> tuple[Path, ...]:
    done = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).exists())


def code_of(text: str) -> Iterator[str]:
    """What stands between backticks on a line, and every line of a fenced or indented block."""
    yield from re.findall(r"`([^`\n]+)`", text)
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    yield from re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)


def recipes() -> dict[str, list[str]]:
    """The recipes of CONTRIBUTING.md by title, with their steps."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    parts = re.split(r"^\*\*(.+?)\*\*", text, flags=re.MULTILINE)[1:]
    return {
        title: re.findall(r"^\d+\. ", body, re.MULTILINE)
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }


def names_a_command(words: list[str]) -> bool:
    """Whether `eduops noun verb …` exists; a word that is not a plain name stands for any."""
    if not words or not re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return True
    if words[0] not in NOUNS:
        return False
    verbs = getattr(load_noun(words[0]), "commands", None)
    plain = len(words) > 1 and re.fullmatch(r"[a-z][a-z-]*", words[1])
    return verbs is None or not plain or words[1] in verbs


def test_every_link_leads_somewhere() -> None:
    dead = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents()
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
        if not target.startswith(("http://", "https://")) and not (document.parent / target).exists()
    ]
    assert not dead


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        word
        for document in documents()
        for code in code_of(document.read_text(encoding="utf-8"))
        for word in re.findall(r"^make ([a-z-]+)", code)
    }
    assert named <= targets


def test_every_command_that_is_named_exists() -> None:
    unknown = [
        f"{document.relative_to(ROOT)}: {code}"
        for document in documents()
        for code in code_of(document.read_text(encoding="utf-8"))
        if (match := re.match(r"(?:\$ )?eduops +(.*)", code)) and not names_a_command(match[1].split())
    ]
    assert not unknown


def test_every_target_has_its_line_in_the_list() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = dict(re.findall(r"^  make (\S+) +(.*)$", listed.stdout, re.MULTILINE))
    assert set(lines) == phony
    assert all(re.search(r"[\u4e00-\u9fff].* / [a-z.]", line) for line in lines.values())


def test_contributing_fits_a_screen() -> None:
    assert (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").count("\n") <= ONE_SCREEN


@pytest.mark.parametrize(
    "wanted", ["a probe", "a report", "a contract rule", "a room's table", "a command", "a database engine"]
)
def test_a_recipe_has_at_most_five_steps(wanted: str) -> None:
    assert 1 <= len(recipes()[f"Add {wanted}"]) <= MOST_STEPS


def test_files_that_contributing_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:agent|eduops|docs|configs|templates|tests|\.ci)/[\w./-]+)`", text)
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_decision_has_its_number_and_its_parts() -> None:
    for decision in (ROOT / "docs/decisions").glob("*.md"):
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", decision.name)


def test_the_table_of_words_has_each_word_once() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs/words.md").read_text(encoding="utf-8"), re.MULTILINE)
    # What follows a colon are the values of the word, which other words may share.
    words = [word for row in rows if row != "in code" for word in row.partition(":")[0].split(", ")]
    assert len(words) == len(set(words)), sorted(word for word in words if words.count(word) > 1)
