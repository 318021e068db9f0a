"""The entries of a folder: walked in order, counted and summed; what there is to say about them."""

import hashlib
import os
import stat
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, Final

from eduops.backup.rules.image import FILES, TableImage
from eduops.core.errors import OutsideError
from eduops.core.files import render_reason

FILE: Final = "files.tar"
TRIES: Final = 3
"""How often a file is read that changes meanwhile."""
_CHUNK_BYTES: Final = 1 << 20
_MOST_NAMED: Final = 5


@dataclass(slots=True)
class Images:
    """Counts and sums entries by the first part of their path."""

    _rows: Counter[str] = field(default_factory=Counter)
    _sums: Counter[str] = field(default_factory=Counter)

    def add(self, relative: str, kind: str, content: str) -> None:
        top = relative.partition("/")[0] if "/" in relative else "."
        said = f"{kind}\0{relative}\0{content}".encode(errors="surrogateescape")
        key = FILES + show(top)
        self._rows[key] += 1
        self._sums[key] += int.from_bytes(hashlib.blake2b(said, digest_size=16).digest())

    def finish(self) -> dict[str, TableImage]:
        return {
            key: TableImage(rows, f"{self._sums[key] % 2**128:032x}")
            for key, rows in sorted(self._rows.items())
        }


@dataclass(slots=True)
class Seen:
    """What has been packed so far, and what there is to say about it."""

    images: Images = field(default_factory=Images)
    size: int = 0
    special: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    _first: dict[tuple[int, int], str] = field(default_factory=dict)

    def find_first(self, found: os.stat_result, relative: str) -> str:
        """The path that this file was packed under first: another one where it has several names."""
        if found.st_nlink < 2:
            return relative
        return self._first.setdefault((found.st_dev, found.st_ino), relative)

    def tell(self) -> Iterator[str]:
        said = (
            (self.special, "个套接字、管道或设备没有备份"),
            (self.gone, "个文件在备份时消失了，没有备份"),
            (self.unsteady, f"个文件读了 {TRIES} 次都在变，按最后一次读到的保存，可能前后不一致"),
            (self.odd, "个名称不是 UTF-8，按原样的字节保存"),
        )
        for names, words in said:
            if names:
                more = " 等" if len(names) > _MOST_NAMED else ""
                yield f"{len(names)} {words}：{'、'.join(map(show, names[:_MOST_NAMED]))}{more}"


def walk(root: Path, skip: Callable[[str], bool], seen: Seen) -> Iterator[tuple[Path, str]]:
    """Every entry below the root, folders before what is in them, in the order of their names."""
    pending = [(root, "")]
    while pending:
        folder, prefix = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            seen.gone.append(prefix)
            continue
        folders = []
        for entry in entries:
            relative = prefix + entry.name
            if skip(relative):
                continue
            if not is_text(entry.name):
                seen.odd.append(relative)
            yield Path(entry.path), relative
            if entry.is_dir(follow_symlinks=False):
                folders.append((Path(entry.path), relative + "/"))
        pending += reversed(folders)


def read_folder(root: Path) -> dict[str, TableImage]:
    """What a restored folder holds, every byte read. Raises OutsideError."""
    seen = Seen()
    with told(f"读取 {root}"):
        for path, relative in walk(root, lambda _path: False, seen):
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode):
                seen.images.add(relative, "folder", "")
            elif stat.S_ISLNK(found.st_mode):
                seen.images.add(relative, "link", str(path.readlink()))
            elif (first := seen.find_first(found, relative)) != relative:
                seen.images.add(relative, "same", first)
            else:
                with open_plain(path) as stream:
                    seen.images.add(relative, "file", hash_all(stream, found.st_size))
    return seen.images.finish()


def open_plain(path: Path) -> BinaryIO:
    """Opens a regular file; a link or pipe that has taken its place in the meantime is an error."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    return os.fdopen(handle, "rb", buffering=0)


def hash_all(stream: IO[bytes] | None, size: int) -> str:
    """The SHA-256 of all of it. Raises ReadError where it is not that long, or no file at all."""
    digest, read = hashlib.sha256(), 0
    while stream is not None and (chunk := stream.read(_CHUNK_BYTES)):
        digest.update(chunk)
        read += len(chunk)
    if stream is None or read != size:
        raise tarfile.ReadError("cut off")
    return digest.hexdigest()


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turns what the system and tarfile say into one sentence."""
    try:
        yield
    except OSError as error:
        raise failed(doing, error) from error
    except (tarfile.TarError, EOFError) as error:
        raise OutsideError(
            f"{doing}失败：归档文件已损坏或不完整",
            hint="检查磁盘，换一份备份",
            source=FILE,
            detail=str(error),
        ) from error


def failed(doing: str, error: OSError) -> OutsideError:
    """The one sentence for what the system refuses."""
    where = f"（{show(os.fsdecode(error.filename))}）" if error.filename else ""
    return OutsideError(
        f"{doing}失败：{render_reason(error)}{where}",
        hint="检查磁盘空间、挂载和文件权限，然后重新运行",
        source=os.fsdecode(error.filename) if error.filename else "",
        detail=str(error),
    )


def show(name: str) -> str:
    """A name as it can be printed: bytes that are no text as \\xNN."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
