"""The home's own known_hosts: which key each machine showed when somebody trusted it.

The format is OpenSSH's; a machine behind a bastion has the way to it before its name: `10.66.0.1/10.66.0.11`.
"""

from dataclasses import dataclass
from pathlib import Path

import paramiko

from eduops.core.errors import ConfigError
from eduops.core.files import OWNERS_ONLY, render_reason, write_whole

FILE = "known_hosts"


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A machine's public key as it showed it."""

    kind: str
    fingerprint: str
    """As `ssh-keygen -l` prints it: SHA256:…"""
    line: str
    """Kind and key, as known_hosts has them."""


def describe_key(key: paramiko.PKey) -> ShownKey:
    """The key as people and files know it."""
    return ShownKey(key.get_name(), key.fingerprint, f"{key.get_name()} {key.get_base64()}")


def load_known(path: Path) -> paramiko.HostKeys:
    """All keys of the file; none where there is no file. Raises ConfigError where it cannot be read."""
    known = paramiko.HostKeys()
    if not path.exists():
        return known
    try:
        known.load(str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = render_reason(error) if isinstance(error, OSError) else "不是文本文件"
        raise ConfigError(f"不能读取 {path}：{reason}", hint="检查文件，或从备份恢复") from error
    return known


def find_known(path: Path, name: str) -> tuple[ShownKey, ...]:
    """The keys that a machine is trusted by."""
    found = load_known(path).lookup(name)
    return tuple(describe_key(key) for key in found.values()) if found else ()


def trust(path: Path, name: str, key: ShownKey) -> None:
    """Keeps the key as the machine's only one; other machines' lines stay as they are."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if name not in line.partition(" ")[0].split(",")]
    write_whole(path, "\n".join([*kept, f"{name} {key.line}"]) + "\n", mode=OWNERS_ONLY)
