"""A folder packed as a tar archive while it changes, and unpacked again.

A file that changed while it was read is read again; one that never stands still is kept as it was last read, and said.
Links are kept as links and never followed; sockets, pipes and devices are left out, and said. Names are bytes.
"""

import hashlib
import os
import stat
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from eduops.backup.engine import entry
from eduops.backup.engine.job import Dumped
from eduops.backup.rules.image import TableImage

_CHUNK_BYTES: Final = 1 << 20


def pack(root: Path, target: Path, *, skip: Callable[[str], bool]) -> Dumped:
    """Packs everything below a folder whose path relative to it is not to be skipped. Raises OutsideError."""
    seen = entry.Seen()
    # GNU's format keeps names as bytes, and instants without fractions: what did not change is packed the same.
    with (
        entry.told(f"打包 {root}"),
        tarfile.open(target, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive,
    ):
        for path, relative in entry.walk(root, skip, seen):
            _pack_entry(archive, path, relative, seen)
            _forget(archive)
    return Dumped(seen.images.finish(), seen.size, tuple(seen.tell()))


def unpack(archive_path: Path, target: Path) -> int:
    """Unpacks an archive of ours into a new folder; milliseconds. Raises OutsideError."""
    started = time.monotonic()
    with entry.told(f"恢复到 {target}"), _open(archive_path) as archive:
        target.mkdir(mode=0o700)
        folders = []
        for member in _iter_members(archive):
            path = _inside(target, member.name)
            if member.isdir():
                path.mkdir(exist_ok=True, mode=0o700)
                folders.append((path, member))
            elif member.issym():
                path.symlink_to(member.linkname)
            elif member.islnk():
                path.hardlink_to(_inside(target, member.linkname))
            else:
                _unpack_file(archive, member, path)
        # Modes and instants of folders last: filling them changes both.
        for path, member in reversed(folders):
            path.chmod(member.mode)
            os.utime(path, (member.mtime, member.mtime))
    return round((time.monotonic() - started) * 1000)


def read_archive(path: Path) -> dict[str, TableImage]:
    """What an archive holds, every byte read. Raises OutsideError."""
    images = entry.Images()
    with entry.told(f"读取 {path.name}"), _open(path) as archive:
        for member in _iter_members(archive):
            if member.isdir():
                images.add(member.name, "folder", "")
            elif member.issym():
                images.add(member.name, "link", member.linkname)
            elif member.islnk():
                images.add(member.name, "same", member.linkname)
            else:
                images.add(member.name, "file", entry.hash_all(archive.extractfile(member), member.size))
    return images.finish()


def _pack_entry(archive: tarfile.TarFile, path: Path, relative: str, seen: entry.Seen) -> None:
    try:
        found = path.lstat()
        member = _member(relative, found)
        if stat.S_ISREG(found.st_mode):
            first = seen.find_first(found, relative)
            if first != relative:
                member.type, member.linkname = tarfile.LNKTYPE, first
                seen.images.add(relative, "same", first)
                archive.addfile(member)
            else:
                _pack_file(archive, path, relative, seen)
        elif stat.S_ISDIR(found.st_mode):
            member.type = tarfile.DIRTYPE
            seen.images.add(relative, "folder", "")
            archive.addfile(member)
        elif stat.S_ISLNK(found.st_mode):
            member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
            seen.images.add(relative, "link", member.linkname)
            archive.addfile(member)
        else:
            seen.special.append(relative)
    except FileNotFoundError:
        seen.gone.append(relative)


def _pack_file(archive: tarfile.TarFile, path: Path, relative: str, seen: entry.Seen) -> None:
    start = archive.offset
    for number in range(entry.TRIES):
        with entry.open_plain(path) as stream:
            before = os.fstat(stream.fileno())
            reading = _Reading(stream)
            archive.addfile(_member(relative, before), reading)  # type: ignore[arg-type]  # it reads, which is all
            after = os.fstat(stream.fileno())
        is_steady = not reading.was_short and _content_of(before) == _content_of(after)
        if is_steady or number == entry.TRIES - 1:
            break
        _rewind(archive, start)
    if not is_steady:
        seen.unsteady.append(relative)
    seen.size += before.st_size
    seen.images.add(relative, "file", reading.digest.hexdigest())


def _rewind(archive: tarfile.TarFile, start: int) -> None:
    """Takes back what was written past `start`."""
    stream: Any = archive.fileobj  # Any: typeshed knows no more than reading of it
    stream.seek(start)
    stream.truncate()
    archive.offset = start
    _forget(archive)


def _iter_members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := archive.next()) is not None:
        _forget(archive)
        yield member


def _forget(archive: tarfile.TarFile) -> None:
    """Lets go of the members behind us, which tarfile keeps until the end: a kilobyte for each file."""
    archive.members.clear()  # type: ignore[attr-defined]  # typeshed does not know it


@dataclass(slots=True)
class _Reading:
    """A file that always gives as many bytes as are asked for: one that shrank ends in zeros, and is said to."""

    stream: BinaryIO
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    was_short: bool = False

    def read(self, size: int) -> bytes:
        content = self.stream.read(size)
        if len(content) < size:
            self.was_short = True
            content += bytes(size - len(content))
        self.digest.update(content)
        return content


def _member(relative: str, found: os.stat_result) -> tarfile.TarInfo:
    member = tarfile.TarInfo(relative)
    member.mode, member.mtime = stat.S_IMODE(found.st_mode), int(found.st_mtime)
    member.uid, member.gid = found.st_uid, found.st_gid
    if stat.S_ISREG(found.st_mode):
        member.size = found.st_size
    return member


def _content_of(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _unpack_file(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = archive.extractfile(member)
    if source is None:
        raise tarfile.ReadError(member.name)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(handle, "wb") as target:  # noqa: PTH123 - a handle that follows no link
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
        os.fchmod(target.fileno(), member.mode & 0o777)
    os.utime(path, (member.mtime, member.mtime))


def _inside(root: Path, name: str) -> Path:
    """Where a member belongs. Raises ReadError for a name that leads elsewhere."""
    if name.startswith("/") or {"", ".", ".."} & set(name.split("/")):
        raise tarfile.ReadError(name)
    path = root / name
    # Links come after what they could lead through only in archives that are not ours.
    if any(parent.is_symlink() for parent in path.parents if parent.is_relative_to(root)):
        raise tarfile.ReadError(name)
    return path


def _open(path: Path) -> tarfile.TarFile:
    return tarfile.open(path, "r:", errors="surrogateescape")
