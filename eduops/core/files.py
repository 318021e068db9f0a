"""Files written whole or not at all (a temporary file beside the target, synced, renamed), and read with an end."""

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from eduops.core.errors import InputError

READABLE, OWNERS_ONLY = 0o644, 0o600
"""The modes of what is written: for everybody on the machine to read, or with somebody's numbers in it."""
_REASONS: Final = {
    errno.ENOENT: "文件不存在",
    errno.EISDIR: "是一个目录",
    errno.ENOTDIR: "路径中间有一段不是目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EFBIG: "文件太大",
    errno.EROFS: "文件系统只读",
    errno.ENAMETOOLONG: "名称太长",
    errno.ELOOP: "符号链接绕成了圈",
    errno.ESPIPE: "是设备或管道，不是普通文件",
}


@contextmanager
def whole_file(target: Path, *, mode: int = READABLE) -> Iterator[Path]:
    """Yields a temporary path in the target's folder; on success it becomes `target`, on failure it is gone.

    Raises InputError where the folder cannot be written, or the target is a folder or a device.
    """
    if target.exists() and not target.is_file():
        raise InputError(f"{target} 不是普通文件，不能写", hint="换一个文件名")
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


def write_whole(target: Path, content: bytes | str, *, mode: int = READABLE) -> None:
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
        f"不能写入 {target}：{render_reason(error)}",
        hint="检查目录权限和磁盘空间，或换一个位置",
    )


def open_regular(path: Path) -> BinaryIO:
    """The regular file opened for reading; a link is followed.

    Raises OSError, a device or pipe included: reading one may never end, and opening a pipe may wait for ever.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        # The error of whoever wants to go back to the start of what has none.
        raise OSError(errno.ESPIPE, os.strerror(errno.ESPIPE), str(path))
    return path.open("rb")


def unreadable(path: Path, error: OSError) -> InputError:
    """The one sentence for a path that cannot be read."""
    return InputError(f"不能读取 {path}：{render_reason(error)}", hint="检查文件名和权限，给出一个普通文件")


def render_reason(error: OSError) -> str:
    """Why the system refused, in Chinese; its number where it is a rare one."""
    if error.errno is None:
        return str(error)
    return _REASONS.get(error.errno, f"系统错误 {error.errno}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
