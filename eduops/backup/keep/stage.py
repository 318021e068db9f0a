"""Folders that become backups or go: each is held by a lock, so that what a killed run left can be told apart."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_STAGE: Final = ".stage-"
_GONE: Final = ".gone-"
_LOCK: Final = ".lock"


@contextmanager
def open_stage(folder: Path) -> Iterator[Path]:
    """An empty folder for its owner only, on the file system of `folder`; what is left of it afterwards goes.

    Raises OSError.
    """
    with claimed(folder, _STAGE) as lock:
        stage = lock.with_suffix("")
        try:
            stage.mkdir(mode=0o700)
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def claimed(folder: Path, prefix: str) -> Iterator[Path]:
    """A lock file of a new name, held for as long as the block lasts; on an error what it stands for must be gone.

    Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock, handle = _claim(folder, prefix)
    try:
        yield lock
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(handle)


def leave(lock: Path) -> None:
    """Leaves a sign, held by nobody, of what could not be taken away; whoever sweeps finds it. Raises OSError."""
    lock.with_name(f"{lock.stem}-left{_LOCK}").touch(mode=0o600)


def list_ownerless(folder: Path, prefix: str) -> list[Path]:
    """The lock files that nobody holds any more. Raises OSError."""
    return [lock for lock in sorted(folder.glob(f"{prefix}*{_LOCK}")) if _is_ownerless(lock)]


def remove_folder(path: Path) -> None:
    """Removes a backup's folder or file: first its name, then what is in it; nothing to do where it is gone.

    Raises OSError.
    """
    gone = path.with_name(f"{_GONE}{secrets.token_hex(6)}")
    try:
        path.rename(gone)
    except FileNotFoundError:
        return
    sync(path.parent)
    _erase(gone)


def sweep(folder: Path) -> list[str]:
    """Removes stages whose owner is gone, and what was to be removed; their names. Raises OSError."""
    if not folder.is_dir():
        return []
    swept = []
    for lock in list_ownerless(folder, _STAGE):
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)
        swept.append(lock.stem)
    for gone in sorted(folder.glob(f"{_GONE}*")):
        _erase(gone)
        swept.append(gone.name)
    return swept


def make_permanent(stage: Path, target: Path) -> None:
    """Syncs everything in the stage and gives it its name. Raises OSError, also where the name is taken."""
    for entry in sorted(stage.rglob("*")):
        is_folder = entry.is_dir()
        entry.chmod(0o700 if is_folder else 0o600)
        sync(entry)
    sync(stage)
    stage.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Waits until a file's content, or a folder's names, are on the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _claim(folder: Path, prefix: str) -> tuple[Path, int]:
    """A new lock file that is held from here on."""
    while True:
        lock = folder / f"{prefix}{secrets.token_hex(6)}{_LOCK}"
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Between making and locking it, somebody who sweeps may have taken it for an orphan.
        if lock.exists():
            return lock, handle
        os.close(handle)


def _is_ownerless(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _erase(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
