"""Servers in folders of their own, run by an unprivileged account where the tests run as root."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STARTED_SECONDS = 60
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def find(name: str) -> str:
    """The program's path; servers live in sbin, which plain users do not search."""
    found = shutil.which(name, path=os.environ["PATH"] + ":" + _SBIN)
    assert found, f"{name} is not installed: `make test` installs it, or see .ci/setup-tests"
    return found


# Any: what subprocess takes.
def as_account(name: str) -> dict[str, Any]:
    """Options of subprocess that run a program as this account; none where the tests are no root themselves."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(name)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def folder_of(name: str, prefix: str) -> Iterator[Path]:
    """A temporary folder that belongs to the account."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def run(*words: object, name: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """A program to its end, as the account. Raises with what it said where it fails."""
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        check=False,
        cwd="/",
        **as_account(name),
        **options,
    )
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
    return done


@contextmanager
def started(
    *words: object, name: str, log: Path, is_ready: Callable[[], bool], **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A server in the foreground, until it is ready; ended with the test."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd="/",
            **as_account(name),
            **options,
        )
    try:
        wait_until(is_ready, process, log)
        yield process
    finally:
        end(process)


def wait_until(
    is_ready: Callable[[], bool],
    process: "subprocess.Popen[bytes] | None" = None,
    log: Path | None = None,
    *,
    pause_seconds: float = 0.05,
) -> None:
    """Until it is so; fails where the server has ended or the patience has."""
    until = time.monotonic() + STARTED_SECONDS
    while not is_ready():
        said = log.read_text(errors="replace")[-3000:] if log else ""
        assert process is None or process.poll() is None, f"the server ended: {said}"
        assert time.monotonic() < until, f"not ready in time: {said}"
        time.sleep(pause_seconds)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the process, kindly and then not."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Whether somebody listens on the port of loopback."""
    with socket.socket() as calling:
        calling.settimeout(1)
        return calling.connect_ex(("127.0.0.1", port)) == 0
