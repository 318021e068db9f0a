"""Imports go down only, the pure parts stay pure, the clock and every library with a face have one door."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "eduops"
ROOMS = ("desk", "delivery", "training", "patrol", "backup", "alert", "asset")

DOORS = {
    "paramiko": ("remote/",),
    "docx": ("report/render",),
    "docxtpl": ("report/render",),
    "pptx": ("report/render",),
    "python_calamine": ("sheet/",),
    "openpyxl": ("sheet/",),
    "xlsxwriter": ("sheet/",),
    "alembic": ("store/migration",),
    "chinese_calendar": ("contract/",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "eduops_agent": (),
}
"""A library and the files that may import it, as beginnings of their path inside the package."""

IMPURE = ("sqlalchemy", "sqlmodel", "typer", "rich", "paramiko", "subprocess", "socket", "os", "eduops.store")
"""What a pure module knows nothing of."""


def imports_of(path: Path) -> Iterator[str]:
    """The full names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_of(module: str, library: str) -> bool:
    return module == library or module.startswith(f"{library}.")


def pure_files() -> list[Path]:
    """Every room's rules, and the contract save the file that reads files."""
    rules = [
        path
        for room in ROOMS
        for path in (PACKAGE / room).rglob("*.py")
        if "rules" in path.relative_to(PACKAGE).as_posix()
    ]
    return [*rules, *(PACKAGE / "contract").rglob("*.py")]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"], cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(PACKAGE, folder / "eduops", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_house_keeps_its_layers() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("core/planted.py", "import eduops.store.store"),  # upwards from the ground floor
        ("contract/planted.py", "import eduops.store.store"),  # between two grounds
        ("training/planted.py", "import eduops.desk"),  # from room to room
        ("report/planted.py", "import eduops.workflow"),
        ("planted/__init__.py", ""),  # a folder of which nobody has said where it stands
    ],
)
def test_a_planted_import_is_found(copy: Path, file: str, line: str) -> None:
    planted = copy / "eduops" / file
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(line + "\n")
    try:
        done = lint_imports(copy)
        assert done.returncode == 1
        assert "eduops.planted" in done.stdout or f"eduops.{planted.parent.name}.planted" in done.stdout
    finally:
        planted.unlink()
        if planted.name == "__init__.py":
            planted.parent.rmdir()


@pytest.mark.parametrize("library", DOORS)
def test_a_library_with_a_face_has_one_door(library: str) -> None:
    strangers = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if not path.relative_to(PACKAGE).as_posix().startswith(DOORS[library] or ("-",))
        and "migrations" not in path.parts
        and any(is_of(module, library) for module in imports_of(path))
    ]
    assert not strangers


def test_rules_and_the_contract_know_no_database_terminal_or_network() -> None:
    impure = {
        f"{path.relative_to(PACKAGE)}: {module}"
        for path in pure_files()
        for module in imports_of(path)
        if any(is_of(module, library) for library in IMPURE)
    }
    assert not impure


@pytest.mark.parametrize(
    "call",
    [
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.today()",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import date\ndate.today()",
        "import time\ntime.time()",
        "import click",
    ],
)
def test_the_linter_keeps_banned_calls_out(call: str) -> None:
    program = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [
            program,
            "check",
            "--no-cache",
            "--select",
            "TID251",
            "--stdin-filename",
            "eduops/desk/planted.py",
            "-",
        ],
        cwd=ROOT,
        input=call + "\n",
        capture_output=True,
        text=True,
    )
    assert "TID251" in done.stdout


def test_no_line_takes_the_ban_on_clock_calls_away() -> None:
    lifted = [path for path in PACKAGE.rglob("*.py") if "noqa: TID251" in path.read_text(encoding="utf-8")]
    assert not lifted
