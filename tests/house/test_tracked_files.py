"""What lies in the repository: nothing of one developer's machine, nothing left for later, nothing overgrown."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MOST_LINES = 500
MOST_LINES_OF_A_FUNCTION = 60

# Written in pieces, so that this file does not find itself.
UNWANTED = {
    "a path of a developer's machine": r"/(?:wor" + r"k|Use" + r"rs|home)/(?!eduops\b)\w+|/roo" + r"t/\w+/",
    "the address of a package registry": r"https?://[^\s\"'<>]*(?:py"
    + r"pi|pythonho"
    + r"sted|npm"
    + r"js|/simp"
    + r"le\b)",
    "something left for later": r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b",
}
LEGAL_OR_MADE = ("LICENSE", "requirements/")


@cache
def tracked_texts() -> dict[str, str]:
    """Every tracked text file by its path. A checkout without git has no list, so it is an error there."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    texts = {}
    for name in filter(None, done.stdout.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).exists() else b""
        if b"\0" not in content:
            texts[name] = content.decode("utf-8")
    return texts


def functions_of(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("kind", UNWANTED)
def test_no_tracked_file_holds(kind: str) -> None:
    pattern = re.compile(UNWANTED[kind])
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in tracked_texts().items()
        if not name.startswith(LEGAL_OR_MADE)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found


def test_no_file_of_code_is_overgrown() -> None:
    long = {
        name: text.count("\n")
        for name, text in tracked_texts().items()
        if name.endswith(".py") and "migrations/versions" not in name and text.count("\n") > MOST_LINES
    }
    assert not long


def test_no_function_of_the_product_is_overgrown() -> None:
    long = [
        f"{name}: {function.name}"
        for name, text in tracked_texts().items()
        if name.endswith(".py")
        and name.startswith(("eduops/", "agent/"))
        and "migrations/versions" not in name
        for function in functions_of(text)
        if (function.end_lineno or 0) - function.lineno >= MOST_LINES_OF_A_FUNCTION
    ]
    assert not long


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    silent = [
        name
        for name, text in tracked_texts().items()
        if name.endswith(".py") and name.startswith(("eduops/", "agent/")) and text.strip()
        if not ast.get_docstring(ast.parse(text))
    ]
    assert not silent


def test_no_module_is_named_after_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
    assert not [name for name in tracked_texts() if Path(name).stem in nothing]
