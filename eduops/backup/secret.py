"""Passwords from files that are closed to others, or from the environment; never kept, never shown."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from eduops.core.errors import ConfigError
from eduops.core.files import open_regular, render_reason

_LARGEST_BYTES = 64_000


def read_password(file: Path | None, variable: str | None, *, what: str) -> str | None:
    """The password without its line end; None where none is named. Raises ConfigError where it cannot be had."""
    if variable is not None:
        found = os.environ.get(variable)
        if not found:
            raise ConfigError(f"{what}：环境变量 {variable} 没有值", hint="设置后再运行")
        return found
    if file is None:
        return None
    require_closed(file, what=what)
    try:
        with open_regular(file) as stream:
            return stream.read(_LARGEST_BYTES).decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise _unreadable(file, error, what) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{what}：口令文件 {file} 不是 UTF-8 文本", hint="重新写入口令") from error


def require_closed(file: Path, *, what: str) -> None:
    """Raises ConfigError for a file that is missing, somebody else's, or open to others."""
    try:
        found = file.stat()
    except OSError as error:
        raise _unreadable(file, error, what) from error
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"{what}：文件 {file} 属于别的用户", hint=f"复制一份自己的，再运行 chmod 600 {file}"
        )
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"{what}：文件 {file} 的权限是 {stat.S_IMODE(found.st_mode):o}，别人也能读或改",
            hint=f"运行 chmod 600 {file}",
        )


@contextmanager
def private_file(content: str) -> Iterator[Path]:
    """A file of mode 0600 in a folder of mode 0700 that holds the content for as long as the block lasts."""
    with TemporaryDirectory(prefix="eduops-secret-") as folder:
        path = Path(folder) / "secret"
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
        yield path


def _unreadable(path: Path, error: OSError, what: str) -> ConfigError:
    return ConfigError(
        f"{what}：不能读取文件 {path}：{render_reason(error)}",
        hint="检查 backup.yaml 里写的路径和文件权限",
    )
