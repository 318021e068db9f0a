"""Keys and secrets out of files closed to others, or out of the environment; never shown in a message."""

import os
import stat
from pathlib import Path

import paramiko

from eduops.core.errors import ConfigError
from eduops.core.files import open_regular, render_reason
from eduops.remote.route import Hop, Secret

_LARGEST_BYTES = 64_000


def read_secret(secret: Secret, *, hop: str) -> str | None:
    """The secret without its line end; None where none is named. Raises ConfigError where it cannot be had."""
    if secret.variable is not None:
        found = os.environ.get(secret.variable)
        if not found:
            raise ConfigError(f"{hop}：环境变量 {secret.variable} 没有值", hint="设置后再运行")
        return found
    if secret.file is None:
        return None
    _check_closed(secret.file, hop)
    try:
        with open_regular(secret.file) as stream:
            return stream.read(_LARGEST_BYTES).decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise _unreadable(secret.file, error, hop) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{hop}：文件 {secret.file} 不是 UTF-8 文本", hint="重新写入口令") from error


def load_key(hop: Hop) -> paramiko.PKey | None:
    """The hop's private key; None where none is named. Raises ConfigError where it cannot be used."""
    path = hop.key_file
    if path is None:
        return None
    _check_closed(path, hop.title)
    passphrase = read_secret(hop.passphrase, hop=hop.title)
    try:
        # paramiko gives the passphrase on to cryptography, which takes bytes only.
        return paramiko.PKey.from_path(path, passphrase.encode() if passphrase else None)
    except OSError as error:
        raise _unreadable(path, error, hop.title) from error
    except Exception as error:
        # Whatever the libraries say of a wrong passphrase or a broken file; the sentence may hold parts of either.
        hint = (
            "核对口令" if passphrase else "若密钥有口令，写 passphrase_file 或 passphrase_env；否则换一份密钥"
        )
        raise ConfigError(f"{hop.title}：密钥文件 {path} 不能用或口令不对", hint=hint) from error


def _check_closed(path: Path, hop: str) -> None:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error, hop) from error
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"{hop}：文件 {path} 属于别的用户", hint=f"复制一份自己的，再运行 chmod 600 {path}")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"{hop}：文件 {path} 的权限是 {stat.S_IMODE(found.st_mode):o}，别人也能读或改",
            hint=f"运行 chmod 600 {path}",
        )


def _unreadable(path: Path, error: OSError, hop: str) -> ConfigError:
    return ConfigError(
        f"{hop}：不能读取文件 {path}：{render_reason(error)}", hint="检查 remote.yaml 里写的路径和文件权限"
    )
