import os
import subprocess
import sys
from pathlib import Path

import pytest
from closing_line import NEEDS, closing_line

TESTS = Path(__file__).parent.parent
PLANTED = """
import pytest
import closing_line

closing_line.NEEDS["abacus"] = closing_line.Need(lambda: False, "apt-get install abacus")

@pytest.mark.needs("abacus")
def test_counting(): pass

def test_breathing(): pass
"""


def run_planted(folder: Path, *options: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "test_planted.py").write_text(PLANTED)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "closing_line",
            *options,
            "-c",
            "/dev/null",
            "--rootdir",
            folder,
            folder,
        ],
        env={**os.environ, "PYTHONPATH": str(TESTS), "CI": ci, "PYTEST_XDIST_WORKER": ""},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("options", [("-n0",), ("-n2",)])
def test_what_could_not_run_is_the_last_line(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run_planted(tmp_path, *options)
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 0, done.stdout
    assert last == "未运行：1 项 / not run: 1 tests（1 项缺少 abacus（apt-get install abacus））"


def test_a_missing_program_is_a_failure_in_ci(tmp_path: Path) -> None:
    done = run_planted(tmp_path, "-n0", ci="true")
    assert done.returncode == 1
    assert "1 passed, 1 error" in done.stdout
    assert "缺少 abacus（apt-get install abacus）" in done.stdout


def test_a_full_run_says_that_nothing_is_missing() -> None:
    assert closing_line([]) == "未运行：0 项 / not run: 0 tests"


def test_reasons_are_counted_once_each() -> None:
    line = closing_line(["缺少 a", "缺少 b", "缺少 a"])
    assert line == "未运行：3 项 / not run: 3 tests（2 项缺少 a；1 项缺少 b）"


def test_what_set_up_installs_is_what_tests_may_need() -> None:
    script = (TESTS.parent / ".ci/setup-tests").read_text()
    for need in NEEDS.values():
        if need.remedy.startswith("apt-get install "):
            assert need.remedy.split()[-1] in script
