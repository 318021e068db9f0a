"""Writes dist/eduops-VERSION-linux.tar.gz: all that a machine without internet needs to run eduops and its agent.

The package index is reached here and nowhere later. The archive is the same, byte for byte, for the same commit and
the same wheels. Usage: build.py [--python 3.11 ...] [--into dist].
"""

import argparse
import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eduops import __version__
from eduops.patrol.push_wheel import load_wheel

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
MACHINES = ("x86_64", "aarch64")
# Oldest first: pip takes the wheel of the first platform that has one, and so the oldest system is served.
GLIBCS = (
    "1",
    "2010",
    "2014",
    "_2_12",
    "_2_17",
    "_2_24",
    "_2_26",
    "_2_27",
    "_2_28",
    "_2_31",
    "_2_34",
    "_2_35",
)
OLD_NAMES = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
SYSTEMS = (
    ("CentOS / RHEL 7", (2, 17)),
    ("RHEL / Rocky / AlmaLinux 8，openEuler 20.03，银河麒麟 V10，统信 UOS 20", (2, 28)),
    ("Debian 11，Ubuntu 20.04", (2, 31)),
    ("RHEL / Rocky / AlmaLinux 9，openEuler 22.03", (2, 34)),
    ("Ubuntu 22.04", (2, 35)),
    ("Debian 12", (2, 36)),
    ("openEuler 24.03", (2, 38)),
    ("Ubuntu 24.04", (2, 39)),
)
"""Which glibc the usual systems bring."""


def main() -> None:
    """Fetches, writes and packs."""
    options = argparse.ArgumentParser()
    options.add_argument("--python", nargs="+", default=["3.11"])
    options.add_argument("--into", type=Path, default=ROOT / "dist")
    chosen = options.parse_args()
    name = f"eduops-{__version__}-linux"
    with tempfile.TemporaryDirectory(prefix="eduops-bundle-") as scratch:
        folder = Path(scratch) / name
        missing = fill(folder, chosen.python)
        chosen.into.mkdir(parents=True, exist_ok=True)
        archive = chosen.into / f"{name}.tar.gz"
        pack(folder, archive, mtime=find_instant())
    for machine, names in missing.items():
        say(f"没有 {machine} 的安装包 / no wheel for {machine}: {', '.join(names)}")
    say(f"{archive}（{archive.stat().st_size / 1e6:.0f} MB，sha256 {digest(archive.read_bytes())}）")
    if missing.get("x86_64"):
        sys.exit(1)


def fill(folder: Path, pythons: list[str]) -> dict[str, list[str]]:
    """Lays the bundle out; gives back what the index has no wheel of, by machine."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    wanted = [(machine, python) for machine in MACHINES for python in pythons]
    with ThreadPoolExecutor(len(wanted)) as pool:
        found = list(pool.map(lambda each: fetch(*each, wheels.parent / "-".join(each)), wanted))
    missing: dict[str, list[str]] = {}
    for (machine, python), lacking in zip(wanted, found, strict=True):
        if lacking:
            missing[machine] = sorted({*missing.get(machine, []), *lacking})
        own = wheels.parent / f"{machine}-{python}"
        for wheel in own.glob("*.whl"):
            wheel.replace(wheels / wheel.name)
        shutil.rmtree(own)
    build_own(wheels)
    served = [machine for machine in MACHINES if machine not in missing]
    copy_agent(folder / "agent", wheels)
    (folder / "requirements.txt").write_bytes((ROOT / "requirements/run.txt").read_bytes())
    write_texts(folder, wheels, served, pythons, missing)
    write_sums(folder)
    return missing


def fetch(machine: str, python: str, into: Path) -> list[str]:
    """Downloads every locked wheel for a machine; the names of those that there is none of."""
    into.mkdir()
    if download(machine, python, into, ROOT / "requirements/run.txt"):
        return []
    # One at a time takes longer, and tells which.
    missing = []
    for number, block in enumerate(list_blocks()):
        single = into / f"{number}.txt"
        single.write_text(block, encoding="utf-8")
        if not download(machine, python, into, single):
            missing.append(block.split(" ", 1)[0])
        single.unlink()
    return missing


def download(machine: str, python: str, into: Path, requirements: Path) -> bool:
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    words += ["--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version", python]
    for abi in (f"cp{python.replace('.', '')}", "abi3", "none"):
        words += ["--abi", abi]
    for glibc in GLIBCS:
        words += ["--platform", f"manylinux{glibc}_{machine}"]
    done = subprocess.run(
        [*words, "-r", requirements, "-d", into], capture_output=True, text=True, check=False
    )
    return done.returncode == 0


def list_blocks() -> list[str]:
    """The locked requirements, each with its hashes."""
    text = (ROOT / "requirements/run.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [block for block in re.split(r"\n(?=\S)", "\n".join(lines)) if block.strip()]


def build_own(wheels: Path) -> None:
    """The wheel of eduops itself, which carries the agent too."""
    program = Path(sys.executable).with_name("hatchling")
    subprocess.run([program, "build", "-t", "wheel", "-d", wheels], cwd=ROOT, check=True, capture_output=True)


def copy_agent(folder: Path, wheels: Path) -> None:
    """The agent as a folder that any Python from 3.6 on runs, with psutil for both machines."""
    source = ROOT / "agent/eduops_agent"
    for path in sorted(source.rglob("*")):
        if path.suffix in (".py", ".json") and path.is_file():
            target = folder / "eduops_agent" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    for wheel in sorted(wheels.glob("psutil-*.whl")):
        found = load_wheel(wheel)
        for name, content in found.files.items():
            target = folder / f"psutil-{found.machine}" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    shutil.copy(HERE / "eduops-agent", folder / "eduops-agent")


def find_glibc(wheels: Path, machine: str) -> tuple[int, int]:
    """The oldest glibc that every wheel for the machine runs with, as the file names say."""
    needed = [(2, 0)]
    for wheel in wheels.glob(f"*_{machine}.whl"):
        tags = wheel.stem.split("-")[-1].split(".")
        needed.append(min(glibc_of(tag) for tag in tags if tag.endswith(machine)))
    return max(needed)


def glibc_of(tag: str) -> tuple[int, int]:
    if match := re.match(r"manylinux_(\d+)_(\d+)_", tag):
        return int(match[1]), int(match[2])
    return next((glibc for name, glibc in OLD_NAMES.items() if tag.startswith(name)), (99, 0))


def write_texts(
    folder: Path, wheels: Path, served: list[str], pythons: list[str], missing: dict[str, list[str]]
) -> None:
    """The installer and the text for people, with what was found filled in."""
    glibcs = {machine: find_glibc(wheels, machine) for machine in served}
    needed = max(glibcs.values())
    lines = [f"- {machine}：glibc {version(glibc)} 或更新 / or newer" for machine, glibc in glibcs.items()]
    lacking = [
        f"- {machine}：软件源没有这些包 / not on the index: {', '.join(names)}"
        for machine, names in missing.items()
    ]
    values = {
        "VERSION": __version__,
        "PYTHONS": " ".join(pythons),
        "MACHINES": " ".join(served),
        "GLIBC": version(needed),
        "GLIBC_MAJOR": str(needed[0]),
        "GLIBC_MINOR": str(needed[1]),
        "PLATFORMS": "\n".join(lines),
        "MISSING": "\n".join(lacking),
        "SYSTEMS": "\n".join(
            f"- {name}（glibc {version(glibc)}）" for name, glibc in SYSTEMS if glibc >= needed
        ),
        "OLDER": "\n".join(
            f"- {name}（glibc {version(glibc)}）" for name, glibc in SYSTEMS if glibc < needed
        ),
    }
    for name in ("install.sh", "README.txt"):
        text = (HERE / name).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "install.sh").chmod(0o755)


def write_sums(folder: Path) -> None:
    """SHA256SUMS as sha256sum checks it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{digest(path.read_bytes())}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def pack(folder: Path, archive: Path, *, mtime: int) -> None:
    """The folder as a tar whose order, owners and times do not depend on when and where it was made."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
                entry.size, entry.mtime = path.stat().st_size, mtime
                entry.mode = 0o755 if os.access(path, os.X_OK) and path.suffix in ("", ".sh") else 0o644
                with path.open("rb") as stream:
                    tar.addfile(entry, stream)
    part = archive.with_suffix(".part")
    # Wheels are packed already: more effort gains nothing.
    part.write_bytes(gzip.compress(raw.getvalue(), compresslevel=1, mtime=0))
    part.replace(archive)


def find_instant() -> int:
    """SOURCE_DATE_EPOCH, else when the commit was made, else 2020-01-01."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return int(done.stdout.strip() or 1_577_836_800)


def version(glibc: tuple[int, int]) -> str:
    return f"{glibc[0]}.{glibc[1]}"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
