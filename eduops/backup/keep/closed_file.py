"""Files that hold a secret must be closed to others."""

import os
import stat
from pathlib import Path

from eduops.core.errors import ConfigError
from eduops.core.files import render_reason


def require_closed(path: Path) -> None:
    """Raises ConfigError where a secret's file is missing, somebody else's, or open to others."""
    try:
        found = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"密钥文件 {path} 属于别的用户", hint=f"复制一份自己的，再运行 chmod 600 {path}")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"密钥文件 {path} 的权限是 {stat.S_IMODE(found.st_mode):o}，别人也能读或改",
            hint=f"运行 chmod 600 {path}",
        )


def unreadable(path: Path, error: OSError) -> ConfigError:
    """The one sentence for a secret's file that cannot be read."""
    return ConfigError(
        f"不能读取密钥文件 {path}：{render_reason(error)}", hint="检查 backup.yaml 里写的路径和文件权限"
    )
