"""Where backups are kept: one module a kind of store, with the same functions.

A backup is staged, checked and put; read back and compared; fetched; removed; and what killed runs left is swept.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from eduops.backup.keep import directory
from eduops.backup.keep.kept import Checked, DirectoryStore, Kept, ResticStore, SftpStore, Store
from eduops.core.errors import NotAllowed

__all__ = ["Checked", "DirectoryStore", "Kept", "ResticStore", "SftpStore", "Store"]

_KINDS: Final[Mapping[type, str]] = {DirectoryStore: "directory", ResticStore: "restic", SftpStore: "sftp"}


def stage(store: Store) -> AbstractContextManager[Path]:
    """An empty 0700 folder, on the store's own file system where it has one, to dump into.

    Held by a lock for as long as the block lasts; what was not `put` by then goes. Raises OutsideError, ConfigError.
    """
    opened: AbstractContextManager[Path] = _kind(store).open_stage(store)
    return opened


def put(store: Store, folder: Path, name: str) -> Kept:
    """Makes a staged folder with its manifest permanent, whole or not at all. Raises OutsideError, Conflict."""
    kept: Kept = _kind(store).put(store, folder, name)
    return kept


def check(store: Store, kept: Kept) -> Checked:
    """Reads the whole backup back and compares every hash; what differs is in `faults`.

    Raises OutsideError or ConfigError where it cannot be read: then nothing is known about it.
    """
    checked: Checked = _kind(store).check(store, kept)
    return checked


def glance(store: Store, kept: Kept) -> str:
    """What is wrong as far as names and sizes tell, without reading it all; nothing where all is well.

    Raises OutsideError where nobody can look.
    """
    fault: str = _kind(store).glance(store, kept)
    return fault


def copy(store: Store, kept: Kept, place: DirectoryStore | SftpStore) -> Kept:
    """Copies a backup as it is stored, encrypted where it is, and compares what it reads with the list.

    Raises NotAllowed for a restic repository, whose snapshots are no files; OutsideError, NotFound, Conflict.
    """
    if not isinstance(store, DirectoryStore):
        raise NotAllowed(
            f"{store.title}里的备份不能逐个文件复制到异地",
            hint="用 restic copy 复制整个仓库，或给这个来源另设一个 kind: directory 的存放处",
        )
    source = directory.open_stored(store, kept)
    copied: Kept = _kind(place).adopt(place, source, kept.path)
    return copied


def fetch(store: Store, kept: Kept, into: Path) -> list[str]:
    """Brings the backup's files, decrypted and compared, into an empty folder; their names, `manifest.json` among them.

    A backup of before there were stores is one file, under its own name and without a manifest. Raises OutsideError,
    ConfigError, NotFound, NotAllowed.
    """
    names: list[str] = _kind(store).fetch(store, kept, into)
    return names


def remove(store: Store, kept: Kept) -> None:
    """Removes the backup; nothing to do where it is gone. Afterwards `compact` gives the room back. Raises OutsideError."""
    _kind(store).remove(store, kept)


def discard(store: Store, name: str) -> None:
    """Removes what a killed run may have put under that name and never told anybody of. Raises OutsideError."""
    _kind(store).discard(store, name)


def compact(store: Store) -> None:
    """Gives back what removed backups took, where that is a step of its own. Raises OutsideError."""
    _kind(store).compact(store)


def sweep(store: Store) -> list[str]:
    """Removes what killed runs left (their stages, half-removed backups); what it was. Raises OutsideError."""
    swept: list[str] = _kind(store).sweep(store)
    return swept


def _kind(store: Store) -> ModuleType:
    # Imported when it is called for: SFTP brings paramiko.
    return import_module(f"{__name__}.{_KINDS[type(store)]}")
