"""A real cron with a spool of its own: Debian's daemon in a private mount namespace, which only root may have."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_SPOOL = "/var/spool/cron/crontabs"


@cache
def can_run() -> bool:
    """Whether cron is installed and this account may mount in a namespace of its own."""
    if os.geteuid() != 0 or not all(
        shutil.which(name, path=_PATH) for name in ("cron", "crontab", "unshare")
    ):
        return False
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "mount", "-t", "tmpfs", "none", "/run"],
        capture_output=True,
    )
    return done.returncode == 0


@dataclass(frozen=True)
class Cron:
    """The namespace: what is run in it sees its own spool and no other crontab of the machine."""

    process: "subprocess.Popen[bytes]"

    def run(self, *words: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Runs a program inside."""
        inside = ["nsenter", "-t", str(self.process.pid), "-m", "--", *words]
        return subprocess.run(inside, env=dict(environment), capture_output=True, text=True, timeout=60)

    def eduops(self, *words: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Runs eduops inside."""
        return self.run(sys.executable, "-m", "eduops", *words, environment=environment)


@contextmanager
def running(folder: Path) -> Iterator[Cron]:
    """Starts cron with an empty spool, yields it, and stops it; nothing of the machine's own cron is touched."""
    spool, empty, nothing = folder / "spool", folder / "empty", folder / "nothing"
    spool.mkdir()
    empty.mkdir()
    nothing.write_text("")
    shutil.chown(spool, group="crontab")
    spool.chmod(0o1730)
    script = "\n".join(
        [
            "set -e",
            f"mount --bind {shlex.quote(str(spool))} {_SPOOL}",
            f"mount --bind {shlex.quote(str(empty))} /etc/cron.d",
            f"mount --bind {shlex.quote(str(nothing))} /etc/crontab",
            "mount -t tmpfs none /run",
            "echo ready",
            "exec cron -f",
        ]
    )
    process = subprocess.Popen(
        ["unshare", "-m", "--propagation", "private", "sh", "-c", script],
        env={"PATH": _PATH, "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
    )
    try:
        # Before that, crontab would find the machine's own spool.
        assert process.stdout and process.stdout.readline() == b"ready\n"
        yield Cron(process)
    finally:
        process.kill()
        process.communicate()
