"""The list of a backup's files, written beside them: what is there, how big, with which SHA-256, and what it holds."""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from eduops.core.errors import OutsideError

NAME: Final = "manifest.json"
LARGEST_BYTES: Final = 64_000_000
"""No list of files is longer; a longer one is not ours."""
_SCHEMA: Final = 1
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file's size and SHA-256."""

    size: int
    sha256: str


class Readable(Protocol):
    """Whatever is read in order."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that a backup says of itself."""

    ref: str
    source: str
    engine: str
    origin: str
    made_at: datetime
    files: Mapping[str, File]
    """By path within the backup, with `/`."""
    # Any: {table: {"rows": n, "checksum": hex}}, and {"id": …, "at": …, "token": …}; JSON values only.
    tables: Mapping[str, Any] = field(default_factory=dict)
    sentinel: Mapping[str, Any] = field(default_factory=dict)


def hash_stream(stream: Readable, *, also: Callable[[bytes], object] = lambda chunk: None) -> File:
    """Size and SHA-256 of what a stream still holds; each chunk is given to `also` too."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
        also(chunk)
        size += len(chunk)
    return File(size, digest.hexdigest())


def hash_path(path: Path) -> File:
    """Size and SHA-256 of a regular file; a link is not followed. Raises OSError."""
    # A pipe would wait for somebody to write.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb", buffering=0) as stream:
        return hash_stream(stream)


def hash_bytes(content: bytes) -> str:
    """SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def list_files(folder: Path) -> list[str]:
    """The paths of the regular files below a folder, sorted; links and devices are named with what they are not.

    Raises OutsideError for anything that is neither a file nor a folder, OSError where it cannot be read.
    """
    found = []
    for entry in _walk(folder):
        mode = entry.lstat().st_mode
        if not stat.S_ISREG(mode):
            raise OutsideError(
                f"备份目录里有不是普通文件的东西：{entry}",
                hint="链接和设备不能放进备份；移走它，然后重新运行",
            )
        found.append(entry.relative_to(folder).as_posix())
    return sorted(found)


def hash_files(folder: Path) -> dict[str, File]:
    """Every file below the folder except the manifest. Raises OSError, OutsideError."""
    return {name: hash_path(folder / name) for name in list_files(folder) if name != NAME}


def write(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest beside the files that it lists. Raises OSError."""
    content = {"schema": _SCHEMA, **asdict(manifest), "made_at": manifest.made_at.isoformat()}
    text = json.dumps(content, ensure_ascii=True, indent=1, sort_keys=True)
    (folder / NAME).write_text(text + "\n", encoding="ascii")


def parse(content: bytes) -> Manifest:
    """The manifest in those bytes. Raises ValueError where they are none."""
    try:
        found = json.loads(content)
        if found.pop("schema") != _SCHEMA:
            raise ValueError("schema")
        files = parse_files(found.pop("files"))
        return Manifest(files=files, made_at=datetime.fromisoformat(found.pop("made_at")), **found)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def parse_list(content: bytes) -> dict[str, File]:
    """The files of any list of ours. Raises ValueError where it is none."""
    try:
        return parse_files(json.loads(content)["files"])
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(str(error)) from error


# Any: JSON out of a file.
def parse_files(found: Any) -> dict[str, File]:
    """The files of a list. Raises ValueError, also for a path that leads out of the backup."""
    try:
        files = {name: File(int(each["size"]), str(each["sha256"])) for name, each in found.items()}
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error
    require_paths(files)
    return files


def require_paths(names: Iterable[str]) -> None:
    """Raises ValueError for a path that leads out of the backup."""
    for name in names:
        if not name or name.startswith("/") or {"", ".", ".."} & set(name.split("/")):
            raise ValueError(name)


def load(folder: Path) -> Manifest:
    """The manifest of a folder. Raises OutsideError where there is none or it is damaged."""
    try:
        with (folder / NAME).open("rb") as stream:
            return parse(stream.read(LARGEST_BYTES))
    except (OSError, ValueError) as error:
        raise OutsideError(
            f"备份 {folder.name} 的清单 {NAME} 不在或已损坏", hint="这份备份不能用，换一份或做一份新的"
        ) from error


def compare(expected: Mapping[str, File], found: Mapping[str, File]) -> list[str]:
    """Every difference between a list and what was read, a Chinese sentence each."""
    faults = [f"缺少文件 {name}" for name in sorted(expected.keys() - found.keys())]
    faults += [f"多出文件 {name}，清单里没有" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        wanted, seen = expected[name], found[name]
        if wanted.size != seen.size:
            faults.append(f"文件 {name} 应有 {wanted.size} 字节，现有 {seen.size} 字节")
        elif wanted.sha256 != seen.sha256:
            faults.append(f"文件 {name} 的内容变了：校验值与清单不符")
    return faults


def _walk(folder: Path) -> Iterable[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry)
        else:
            yield entry
