"""`make bundle` writes one archive that installs where there is no network at all, and says whom it serves."""

import hashlib
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from eduops import __version__

ROOT = Path(__file__).parents[2]
NAME = f"eduops-{__version__}-linux"
BUILD: dict[str, Any] = runpy.run_path(str(ROOT / ".ci/bundle/build.py"), run_name="build")
Sh = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, built once a run however many workers there are: the only moment that reaches the index."""
    folder = (
        tmp_path_factory.getbasetemp().parent
        / f"bundle-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    )
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / f"{NAME}.tar.gz").exists():
            words = [sys.executable, ROOT / ".ci/bundle/build.py", "--into", folder]
            done = subprocess.run(words, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
    return folder / f"{NAME}.tar.gz"


@pytest.fixture
def unpacked(archive: Path, tmp_path: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    return tmp_path / NAME


@pytest.fixture
def sh(tmp_path: Path) -> Sh:
    """Runs a command in a network namespace of its own, in which there is not even a loopback that is up."""

    def call(*words: object, **changes: str) -> "subprocess.CompletedProcess[str]":
        alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("EDUOPS_", "PYTHON"))
        }
        # An index that the machine's settings name must not be asked.
        environment = {**kept, "PYTHON": find_base(), "PIP_INDEX_URL": "http://127.0.0.1:1/", **changes}
        return subprocess.run(
            [*alone, *map(str, words)], env=environment, cwd=tmp_path, capture_output=True, text=True
        )

    return call


def find_base() -> str:
    """The Python that the tests' own environment was made from."""
    return str(getattr(sys, "_base_executable", sys.executable))


def stand_in(folder: Path, name: str, says: str) -> str:
    """A PATH on which a program says something else."""
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.slow
def test_bundle_installs_and_runs_without_any_network(unpacked: Path, tmp_path: Path, sh: Sh) -> None:
    venv, home = tmp_path / "机房 venv", tmp_path / "home"
    done = sh("sh", unpacked / "install.sh", venv)
    assert done.returncode == 0, done.stderr
    assert f"eduops {__version__}" in done.stdout
    assert "用法" in sh(venv / "bin/eduops", "--help").stdout
    laid = sh(venv / "bin/eduops", "--home", home, "init")
    assert laid.returncode == 0, laid.stderr
    looked = sh(venv / "bin/eduops", "--home", home, "doctor", "--json")
    assert looked.returncode == 1, "a fresh home lacks a backup"
    assert '"fault"' not in looked.stdout
    (venv / "bin/eduops").unlink()
    again = sh("sh", unpacked / "install.sh", venv)
    assert again.returncode == 0, again.stderr
    assert sh(venv / "bin/eduops", "--home", home, "db", "check").returncode == 0
    agent = sh(unpacked / "agent/eduops-agent", "--probe", "cpu")
    assert (agent.returncode, '"psutil_version": null' in agent.stdout) == (0, False), agent.stderr


@pytest.mark.slow
def test_flipped_byte_is_noticed_before_anything_is_installed(unpacked: Path, tmp_path: Path, sh: Sh) -> None:
    wheel = next((unpacked / "wheels").glob("rich-*.whl"))
    content = bytearray(wheel.read_bytes())
    content[1000] ^= 1
    wheel.write_bytes(content)
    done = sh("sh", unpacked / "install.sh", tmp_path / "venv")
    assert (done.returncode, "不完整或被改动" in done.stderr, (tmp_path / "venv").exists()) == (
        1,
        True,
        False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "says", "said"),
    [
        ("uname", "loongarch64", "没有 loongarch64 的文件"),
        ("getconf", "glibc 2.17", "glibc 2.17 太旧"),
        ("getconf", "", "不是 glibc 系统"),
        ("getconf", "glibc 1.99", "太旧"),
    ],
)
def test_machine_that_it_does_not_serve_is_told_so(
    unpacked: Path, tmp_path: Path, sh: Sh, program: str, says: str, said: str
) -> None:
    path = stand_in(tmp_path / "bin", program, says)
    done = sh("sh", unpacked / "install.sh", tmp_path / "venv", PATH=path)
    assert (done.returncode, said in done.stderr, (tmp_path / "venv").exists()) == (1, True, False), (
        done.stderr
    )


@pytest.mark.slow
def test_python_that_has_no_wheels_is_told_so_and_a_strange_folder_is_left_alone(
    unpacked: Path, tmp_path: Path, sh: Sh
) -> None:
    done = sh("sh", unpacked / "install.sh", tmp_path / "venv", PYTHON="/bin/true-not-there")
    assert (done.returncode, "没有找到 CPython 3.11" in done.stderr) == (1, True)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_text("theirs")
    done = sh("sh", unpacked / "install.sh", theirs)
    assert (done.returncode, "已有别的内容" in done.stderr, (theirs / "file").read_text()) == (
        1,
        True,
        "theirs",
    )


@pytest.mark.slow
def test_every_locked_requirement_has_a_wheel_for_both_machines(unpacked: Path) -> None:
    blocks = BUILD["list_blocks"]()
    wanted = {
        block.split("==")[0].partition("[")[0] for block in blocks if "win32" not in block.splitlines()[0]
    }
    for machine in ("x86_64", "aarch64"):
        there = {
            re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
            for wheel in (unpacked / "wheels").glob("*.whl")
            if wheel.name.endswith(("none-any.whl", f"_{machine}.whl"))
        }
        assert wanted - there == set()
        assert (unpacked / f"agent/psutil-{machine}/psutil/__init__.py").is_file()
    readme = (unpacked / "README.txt").read_text(encoding="utf-8")
    for machine in ("x86_64", "aarch64"):
        glibc = BUILD["version"](BUILD["find_glibc"](unpacked / "wheels", machine))
        assert f"- {machine}：glibc {glibc} 或更新" in readme
    assert "@" not in readme
    assert not re.search(r"@[A-Z_]+@", (unpacked / "install.sh").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_nothing_in_it_names_the_machine_that_built_it(unpacked: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True
    ).stdout
    hosts = re.findall(r"(?:https?|file)://[^'\s]+", told) + re.findall(r"find.links='([^']+)'", told)
    unwanted = [str(ROOT), "file://", str(Path.home()) + "/", *hosts]
    own = next((unpacked / "wheels").glob("eduops-*.whl"))
    with zipfile.ZipFile(own) as wheel:
        texts = {name: wheel.read(name) for name in wheel.namelist()}
    texts |= {
        str(path): path.read_bytes()
        for path in unpacked.rglob("*")
        if path.is_file() and path.suffix != ".whl" and "psutil-" not in str(path)
    }
    found = [(name, word) for name, text in texts.items() for word in unwanted if word.encode() in text]
    assert not [each for each in found if each != ("", "")]


@pytest.mark.slow
def test_archive_does_not_tell_when_and_by_whom_it_was_made(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert len({member.mtime for member in members}) == 1
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    assert {member.name for member in members if member.mode & 0o111} == {
        f"{NAME}/install.sh", f"{NAME}/agent/eduops-agent",
    }  # fmt: skip


def test_same_files_make_the_same_archive_whenever_they_were_written(tmp_path: Path) -> None:
    digests = set()
    for number, order in enumerate((("a", "b"), ("b", "a"))):
        folder = tmp_path / str(number) / "bundle"
        folder.mkdir(parents=True)
        for name in order:
            (folder / name).write_text(name)
            os.utime(folder / name, (number * 1000, number * 1000))
        BUILD["pack"](folder, tmp_path / f"{number}.tar.gz", mtime=1_577_836_800)
        digests.add(hashlib.sha256((tmp_path / f"{number}.tar.gz").read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("names", "glibc"),
    [
        (["a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"], "2.17"),
        (["a-1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"], "2.27"),
        (["a-1-cp36-abi3-manylinux1_x86_64.whl", "b-1-cp36-abi3-manylinux_2_12_x86_64.manylinux2010_x86_64.whl"], "2.12"),
        (["a-1-cp36-abi3-manylinux_2_34_aarch64.whl", "b-1-cp36-abi3-manylinux2014_x86_64.whl"], "2.17"),
        (["a-1-py3-none-any.whl"], "2.0"),
    ],
)  # fmt: skip
def test_oldest_glibc_is_read_from_the_wheels_names(tmp_path: Path, names: list[str], glibc: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert BUILD["version"](BUILD["find_glibc"](tmp_path, "x86_64")) == glibc


def test_installer_is_plain_sh() -> None:
    for shell in filter(shutil.which, ("dash", "busybox")):
        words = [shell, "sh"] if shell == "busybox" else [shell]
        done = subprocess.run([*words, "-n", ROOT / ".ci/bundle/install.sh"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
