"""A small file system of its own that is full: in a mount namespace that ends with the program run in it.

The agent passes over what lies in memory, so an overlay is laid over a small tmpfs: that is a disk to it, with the figures
of the tmpfs. Root makes the namespace itself; anybody else inside a user namespace, where the kernel lets them.
"""

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_LAY = """
set -e
mount -t tmpfs -o "$2" none "$1"
mkdir "$1/lower" "$1/upper" "$1/work" "$1/disk"
mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" overlay "$1/disk"
"""
FILL_SPACE = 'head -c 8000000 /dev/zero >"$1/disk/big" 2>"$1/disk/said" || true\n'
FILL_INODES = 'number=0; while touch "$1/disk/$number" 2>/dev/null; do number=$((number + 1)); done\n'
FILL_NOTHING = ""
_RUN = 'shift 2; exec "$@"\n'
_WAYS = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])


@cache
def find_way() -> list[str] | None:
    """How this account gets a namespace in which it may mount; None where nothing of the kind is let."""
    for way in _WAYS if os.geteuid() == 0 else _WAYS[1:]:
        try:
            done = subprocess.run(
                [*way, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
            )
        except FileNotFoundError:
            return None
        if done.returncode == 0:
            return way
    return None


def run_with(folder: Path, fill: str, *words: str, size: str = "1m", inodes: int = 200) -> bytes:
    """What a program prints that finds the disk at `folder`/disk, filled so. Raises where it fails."""
    way = find_way()
    assert way is not None, "no mount namespace here"
    script = _LAY + fill + _RUN
    command: Sequence[str] = [
        *way,
        "sh",
        "-c",
        script,
        "sh",
        str(folder),
        f"size={size},nr_inodes={inodes}",
        *words,
    ]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout
