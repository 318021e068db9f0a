"""Addresses, passwords and signing secrets out of files closed to others, or out of the environment."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from eduops.core.errors import ConfigError
from eduops.core.files import open_regular, render_reason

_LARGEST_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret lies: a file (relative to the home) or an environment variable; neither where none is named."""

    file: Path | None
    variable: str | None

    @property
    def title(self) -> str:
        """The place as people read it; it gives nothing of the secret away."""
        return f"文件 {self.file}" if self.file else f"环境变量 {self.variable}" if self.variable else "没有"


def read_secret(place: Place, home: Path, *, what: str) -> str | None:
    """The secret without blanks around it; None where none is named.

    Raises ConfigError, without the secret, where it cannot be had or others may read it.
    """
    if place.variable is not None:
        found = os.environ.get(place.variable, "").strip()
        if not found:
            raise ConfigError(f"{what}：环境变量 {place.variable} 没有值", hint="设置后再运行")
        return found
    if place.file is None:
        return None
    path = home / place.file.expanduser()
    try:
        _check_closed(path, what)
        with open_regular(path) as stream:
            found = stream.read(_LARGEST_BYTES).decode().strip()
    except OSError as error:
        raise ConfigError(
            f"{what}：不能读取文件 {path}：{render_reason(error)}",
            hint="检查 alert.yaml 里写的路径和文件权限",
        ) from error
    except UnicodeDecodeError:
        # Without its cause: that holds the bytes.
        raise ConfigError(f"{what}：文件 {path} 不是 UTF-8 文本", hint="重新写入这个文件") from None
    if not found or any(ord(sign) < 32 for sign in found):
        raise ConfigError(f"{what}：文件 {path} 是空的，或不止一行", hint="只写一行，前后不要有别的内容")
    return found


def _check_closed(path: Path, what: str) -> None:
    found = path.stat()
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"{what}：文件 {path} 属于别的用户", hint=f"复制一份自己的，再运行 chmod 600 {path}"
        )
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"{what}：文件 {path} 的权限是 {stat.S_IMODE(found.st_mode):o}，别人也能读或改",
            hint=f"运行 chmod 600 {path}",
        )
