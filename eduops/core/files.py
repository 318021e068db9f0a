"""Files written whole or not at all: a temporary file beside the target, synced, then renamed."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eduops.core.errors import InputError


@contextmanager
def whole_file(target: Path, *, mode: int = 0o644) -> Iterator[Path]:
    """Yields a temporary path in the target's folder; on success it becomes `target`, on failure it is gone.

    Raises InputError where the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise unwritable(target, error) from error
    part = Path(name)
    try:
        yield part
        part.chmod(mode)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def write_whole(target: Path, content: bytes | str, *, mode: int = 0o644) -> None:
    """Writes `content` (text as UTF-8) whole or not at all."""
    data = content.encode() if isinstance(content, str) else content
    with whole_file(target, mode=mode) as part:
        part.write_bytes(data)


def hash_file(path: Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unwritable(target: Path, error: OSError) -> InputError:
    """The one sentence for a path that cannot be written."""
    return InputError(
        f"不能写入 {target}：{error.strerror or error}",
        hint="检查目录权限和磁盘空间，或换一个位置",
    )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
