"""What `make wheel` builds works where no checkout is: shipped files, the terminal, a home laid out from examples."""

import os
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from eduops import __version__

ROOT = Path(__file__).parent.parent.parent


def build(project: Path, target: Path) -> zipfile.ZipFile:
    program = Path(sys.executable).with_name("hatchling")
    subprocess.run(
        [program, "build", "-t", "wheel", "-d", target], cwd=project, check=True, capture_output=True
    )
    return zipfile.ZipFile(next(target.glob("*.whl")))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel laid out in it, as an installer does with a wheel of pure Python."""
    folder = tmp_path_factory.mktemp("wheel")
    build(ROOT, folder / "dist").extractall(folder / "site")
    return folder / "site"


def run(installed: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Python with the wheel before everything else, far from the checkout and from any home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EDUOPS_")}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=installed.parent,
        env={**environment, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )


def test_shipped_files_are_found_in_the_wheel(installed: Path) -> None:
    code = (
        "from eduops.core import shipped, home\n"
        "print(shipped.find_shipped('configs', 'contracts', home.CONTRACT_NAME))\n"
        "print(shipped.find_shipped('templates', 'quarterly_report.docx'))\n"
        "print(shipped.agent_path())"
    )
    done = run(installed, "-c", code)
    assert done.returncode == 0, done.stderr
    found = [Path(line) for line in done.stdout.splitlines()]
    assert len(found) == 3
    assert all(path.exists() and path.is_relative_to(installed) for path in found)


def test_every_shipped_file_of_the_checkout_is_in_the_wheel(installed: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "configs", "templates", "agent/eduops_agent"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    missing = [
        name
        for name in filter(None, listed.stdout.split("\0"))
        if (ROOT / name).exists() and not (installed / "eduops/_shipped" / name).exists()
    ]
    assert not missing


def test_the_wheel_brings_its_licence_and_the_command(installed: Path) -> None:
    about = next(installed.glob("eduops-*.dist-info"))
    metadata = HeaderParser().parsestr((about / "METADATA").read_text(encoding="utf-8"))
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert (about / "licenses/LICENSE").exists()
    assert "eduops = eduops.cli.main:run" in (about / "entry_points.txt").read_text()


def test_the_agent_runs_from_the_wheel(installed: Path) -> None:
    done = run(installed / "eduops/_shipped/agent", "-m", "eduops_agent", "--help")
    assert done.returncode == 0, done.stderr


def test_the_agent_has_a_wheel_of_its_own_that_needs_psutil_only(tmp_path: Path) -> None:
    wheel = build(ROOT / "agent", tmp_path)
    names = wheel.namelist()
    metadata = HeaderParser().parsestr(wheel.read(next(n for n in names if n.endswith("METADATA"))).decode())
    assert metadata.get_all("Requires-Dist") == ["psutil"]
    assert not [name for name in names if not name.startswith("eduops_agent")]


def test_init_lays_a_home_out_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = run(installed, "-m", "eduops", "--home", home, "init")
    assert done.returncode == 0, done.stderr
    shipped = {path.name for path in (installed / "eduops/_shipped/configs/contracts").iterdir()}
    assert shipped > {path.name for path in (home / "contracts").iterdir()} > set()
    assert (home / "eduops.yaml").is_file()
    assert (home / "eduops.db").is_file()
