"""psutil for the hosts' platforms: out of wheels in the home's `wheels/`, and out of our own installation."""

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from eduops.core.errors import Conflict, InputError
from eduops.core.files import unreadable, write_whole

FOLDER = "wheels"
# One file for every CPython from 3.6 on: anything else would fit a single version of Python.
_TAG = re.compile(r"cp36-abi3-\S*linux\S*_(x86_64|aarch64)\b")
_NAME = re.compile(r"psutil-(\d+(?:\.\d+)*)-(\S+)\.whl")
_NOT_LINUX = re.compile(r"psutil/(_pswindows|_psosx|_psbsd|_pssunos|_psaix)\.py")
_WANTED = re.compile(r"psutil/\w+(\.py|\.abi3\.so)")
_LARGEST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Psutil:
    """psutil for one platform: `machine` as `uname -m` says it, its files by path."""

    machine: str
    version: str
    source: str
    """Where it comes from: a wheel's file name, or 本机安装."""
    files: Mapping[str, bytes]


def find_all(folder: Path) -> list[Psutil]:
    """One for each platform that there is one for; wheels in the folder come before our own installation.

    Raises InputError for a wheel that cannot be used.
    """
    found: dict[str, Psutil] = {}
    if (own := _find_own()) is not None:
        found[own.machine] = own
    # By version, so that the newest of a platform stands last.
    for wheel in sorted(map(load_wheel, folder.glob("psutil-*.whl")), key=_version_key):
        found[wheel.machine] = wheel
    return [found[machine] for machine in sorted(found)]


def load_wheel(path: Path) -> Psutil:
    """The wheel's Linux files, each as its record has it. Raises InputError where it is none of ours or altered."""
    name = _NAME.fullmatch(path.name)
    tag = _TAG.search(name[2]) if name else None
    if name is None or tag is None:
        raise InputError(
            f"{path.name} 不是 Linux 用的 psutil 安装包（cp36-abi3，x86_64 或 aarch64）",
            hint="在能上网的机器上运行 pip download psutil --only-binary :all: --python-version 3.6 --abi abi3 "
            "--platform manylinux2014_aarch64 取得",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            files = dict(_read_checked(archive, path.name))
    except OSError as error:
        raise unreadable(path, error) from error
    except (zipfile.BadZipFile, KeyError, ValueError, RuntimeError) as error:
        raise InputError(f"{path.name} 不是完整的安装包", hint="重新下载") from error
    return Psutil(tag[1], name[1], path.name, files)


def add_wheel(folder: Path, path: Path) -> Psutil:
    """Keeps a copy of the wheel. Raises InputError as `load_wheel` does, Conflict where it is there already."""
    wheel = load_wheel(path)
    if (folder / path.name).exists():
        raise Conflict(f"{path.name} 已经在 {folder} 里", hint="运行 eduops patrol wheels list 查看")
    write_whole(folder / path.name, path.read_bytes())
    return wheel


def _version_key(wheel: Psutil) -> tuple[int, ...]:
    return tuple(map(int, wheel.version.split(".")))


def _read_checked(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, bytes]]:
    record = next(item for item in archive.namelist() if item.endswith(".dist-info/RECORD"))
    rows = csv.reader(io.StringIO(archive.read(record).decode("utf-8")))
    digests = {row[0]: row[1] for row in rows if len(row) >= 2}
    for entry in archive.infolist():
        if not _is_wanted(entry.filename):
            continue
        if entry.file_size > _LARGEST_BYTES:
            raise ValueError(entry.filename)
        content = archive.read(entry)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        if digests.get(entry.filename) != f"sha256={digest}":
            raise InputError(f"{name} 里的 {entry.filename} 与清单不符", hint="重新下载")
        yield entry.filename, content


def _is_wanted(path: str) -> bool:
    return bool(_WANTED.fullmatch(path)) and not _NOT_LINUX.fullmatch(path)


def _find_own() -> Psutil | None:
    """Ours, where it was installed from a wheel that fits other machines."""
    try:
        installed = distribution("psutil")
    except PackageNotFoundError:
        return None
    tag = _TAG.search(installed.read_text("WHEEL") or "")
    if tag is None:
        return None
    return Psutil(tag[1], installed.version, "本机安装", dict(_read_installed(installed)))


def _read_installed(installed: Distribution) -> Iterator[tuple[str, bytes]]:
    for file in installed.files or ():
        if _is_wanted(file.as_posix()):
            yield file.as_posix(), Path(str(file.locate())).read_bytes()
