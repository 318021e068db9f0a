"""A second place on a host by SFTP: copies of stored backups, each sent under a name that is none until it is whole.

What a killed run was sending is known by a lock file on this side, named after what lies there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from eduops.backup.keep import directory, manifest, stored
from eduops.backup.keep.kept import Checked, Kept, SftpStore, told
from eduops.backup.keep.stage import claimed, leave, list_ownerless
from eduops.backup.keep.stored import Stored
from eduops.core.errors import Conflict, NotFound, OutsideError
from eduops.remote import shelf
from eduops.remote.shelf import Shelf

_PART: Final = ".part-"


def adopt(store: SftpStore, source: Stored, name: str) -> Kept:
    """Sends a backup as it is stored here, whole or not at all. Raises OutsideError, Conflict."""
    expected, fault = stored.read_list(source)
    stored.require(not fault, source.kept, fault)
    size = 0
    with _reached(store) as there, _on_its_way(store, there) as part:
        if there.is_there(directory.require_name(name, store.title)):
            raise Conflict(f"{store.title}已有 {name}", hint="运行 eduops backup show 核对，或先移走那一份")
        for each in source.sizes:
            there.make_folder(f"{part}/{each}".rpartition("/")[0])
            with source.open(each) as reader:
                counted = stored.Counted(reader)
                there.write(f"{part}/{each}", counted.read)
            is_same = each == source.list_name or expected.get(each) == counted.file
            stored.require(is_same, source.kept, f"文件 {each} 与清单不符")
            size += counted.file.size
        there.rename(part, name)
    return Kept(name, size, source.kept.sha256)


def check(store: SftpStore, kept: Kept) -> Checked:
    """Reads everything back and compares it. Raises OutsideError, ConfigError."""
    with _reached(store) as there:
        if not there.is_there(directory.require_name(kept.path, store.title)):
            return Checked(0, 0, (_gone(store, kept),))
        return stored.check(_open(there, kept), store.identity_file)


def glance(store: SftpStore, kept: Kept) -> str:
    """What is wrong as far as names and sizes tell; nothing where all is well. Raises OutsideError."""
    with _reached(store) as there:
        if not there.is_there(directory.require_name(kept.path, store.title)):
            return _gone(store, kept)
        return stored.glance(_open(there, kept))


def fetch(store: SftpStore, kept: Kept, into: Path) -> list[str]:
    """Brings the files, opened and compared, into an empty folder; their names. Raises OutsideError, NotFound."""
    with _reached(store) as there:
        if not there.is_there(directory.require_name(kept.path, store.title)):
            raise NotFound(_gone(store, kept), hint="运行 eduops backup list 另选一份")
        with told(str(into), "写入"):
            return stored.fetch(_open(there, kept), into, identity_file=store.identity_file)


def remove(store: SftpStore, kept: Kept) -> None:
    """Removes a copy: first its name, then what is in it; nothing to do where it is gone. Raises OutsideError."""
    with _reached(store) as there, _on_its_way(store, there) as part:
        if there.is_there(directory.require_name(kept.path, store.title)):
            there.rename(kept.path, part)


def discard(store: SftpStore, name: str) -> None:
    """Removes what a killed run may have sent under that name. Raises OutsideError."""
    remove(store, Kept(name, 0, ""))


def compact(store: SftpStore) -> None:
    """Nothing is left to be given back after a removal."""


def sweep(store: SftpStore) -> list[str]:
    """Removes what killed runs were sending or removing, and their names. Raises OutsideError."""
    with told(store.title, "清理"):
        left = list_ownerless(store.scratch, _prefix(store))
    if not left:
        return []
    with _reached(store) as there:
        for lock in left:
            there.remove(f"{_PART}{_token(store, lock)}")
            lock.unlink(missing_ok=True)
    return [f"{_PART}{_token(store, lock)}" for lock in left]


@contextmanager
def _reached(store: SftpStore) -> Iterator[Shelf]:
    with store.gateway.session(store.route) as session, shelf.open_shelf(session, store.path) as there:
        yield there


@contextmanager
def _on_its_way(store: SftpStore, there: Shelf) -> Iterator[str]:
    """A name over there for what is being sent or removed; nothing is left under it when the block ends.

    Where even that fails, the lock file stays and tells the next run.
    """
    with told(store.title, "准备"):
        opened = claimed(store.scratch, _prefix(store))
        lock = opened.__enter__()
    part = f"{_PART}{_token(store, lock)}"
    try:
        yield part
    finally:
        try:
            there.remove(part)
        except OutsideError:
            leave(lock)
        opened.__exit__(None, None, None)


def _prefix(store: SftpStore) -> str:
    return f".sending-{store.name}-"


def _token(store: SftpStore, lock: Path) -> str:
    return lock.stem.removeprefix(_prefix(store)).removesuffix("-left")


def _gone(store: SftpStore, kept: Kept) -> str:
    return f"副本 {kept.path} 不在{store.title}里了"


def _open(there: Shelf, kept: Kept) -> Stored:
    sizes = there.list_files(kept.path)
    # A name from over there could lead out of a folder here.
    manifest.require_paths(sizes)
    return Stored(kept, sizes, lambda name: there.open(f"{kept.path}/{name}"))
