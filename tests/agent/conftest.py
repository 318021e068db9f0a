"""The agent as a child process, under every old and new Python that this machine happens to have."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AGENT = Path(__file__).resolve().parents[2] / "agent"
sys.path.insert(0, str(AGENT))

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def _find_interpreters() -> dict[tuple[int, int], str]:
    """The Pythons from 3.6 on, by version: python3.x on the path, and those of pyenv."""
    names = [shutil.which(f"python3.{minor}") for minor in range(6, 20)]
    paths = [name for name in names if name]
    paths += [str(path) for path in sorted(Path.home().glob(".pyenv/versions/*/bin/python"))]
    found = {sys.version_info[:2]: sys.executable}
    for path in paths:
        # Under pyenv a name on the path may be a stand-in for a version that is not chosen.
        words = [path, "-c", "import sys; print(sys.version_info[0], sys.version_info[1])"]
        answer = subprocess.run(words, capture_output=True, check=False)
        version = re.fullmatch(rb"(\d+) (\d+)\s*", answer.stdout)
        if version and (int(version[1]), int(version[2])) >= (3, 6):
            found.setdefault((int(version[1]), int(version[2])), path)
    return dict(sorted(found.items()))


INTERPRETERS = _find_interpreters()
OLDEST, NEWEST = next(iter(INTERPRETERS)), next(reversed(INTERPRETERS))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says which Pythons the agent ran under: fewer than usual must not go unnoticed."""
    versions = ", ".join(".".join(map(str, version)) for version in INTERPRETERS)
    terminalreporter.write_line(f"eduops-agent ran under Python {versions}")


@pytest.fixture(params=sorted({OLDEST, NEWEST}), ids=lambda version: ".".join(map(str, version)))
def python(request: pytest.FixtureRequest) -> str:
    """The oldest and the newest Python here, one after the other."""
    return INTERPRETERS[request.param]


@pytest.fixture
def run_agent(tmp_path: Path) -> Run:
    """Runs `python -m eduops_agent` in a bare environment, as SSH would."""

    def run(
        *words: str, python: str = sys.executable, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(AGENT),
            **variables,
        }
        command = [python, "-W", "error", "-m", "eduops_agent", *words]
        return subprocess.run(command, capture_output=True, check=False, env=environment, timeout=60)

    return run


@pytest.fixture
def measure(run_agent: Run, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs one probe under a configuration and gives back its section."""

    def run(name: str, settings: Any, **options: str) -> dict[str, Any]:
        config = tmp_path / "agent.json"
        config.write_text(
            json.dumps({"interval_seconds": 0.1, "timeout_seconds": 5, name: settings}, ensure_ascii=False)
        )
        done = run_agent("--config", str(config), "--probe", name, **options)
        assert done.returncode == 0, done.stderr.decode()
        (section,) = json.loads(done.stdout)["probes"]
        return section

    return run
