"""A backup as its files lie somewhere, near or far: read back and compared, or fetched and compared on the way.

With encryption a plain list says what is stored, so that a copy can be compared by whoever has no key.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eduops.backup.keep import age, manifest
from eduops.backup.keep.kept import Checked, Kept
from eduops.backup.keep.manifest import File, Readable
from eduops.core.errors import ConfigError, NotAllowed, OutsideError

LIST: Final = "stored.json"
"""The list of the encrypted files as they lie there."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The files of a backup: their sizes, and how one of them is opened for reading in order."""

    kept: Kept
    sizes: Mapping[str, int]
    open: Callable[[str], AbstractContextManager[Readable]]

    @property
    def list_name(self) -> str:
        """The file that proves all others."""
        return LIST if LIST in self.sizes else manifest.NAME

    @property
    def is_sealed(self) -> bool:
        """Whether its files are encrypted."""
        return self.list_name == LIST


class Counted:
    """A stream that knows what was read from it."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """As a file has it."""
        chunk = self._stream.read(size)
        self._digest.update(chunk)
        self._size += len(chunk)
        return chunk

    @property
    def file(self) -> File:
        """What was read so far."""
        return File(self._size, self._digest.hexdigest())


def read_list(stored: Stored) -> tuple[dict[str, File], str]:
    """The files that should be there, or why the list of them is worth nothing."""
    name = stored.list_name
    where = f"备份 {stored.kept.path} 的清单 {name}"
    if name not in stored.sizes:
        return {}, f"{where} 不在了"
    with stored.open(name) as stream:
        content = stream.read(manifest.LARGEST_BYTES)
    if manifest.hash_bytes(content) != stored.kept.sha256:
        return {}, f"{where} 被改动：校验值与登记不符"
    try:
        return manifest.parse_list(content), ""
    except ValueError:
        return {}, f"{where} 读不懂"


def glance(stored: Stored) -> str:
    """What is wrong as far as names, sizes and the list tell, without reading the files; nothing where all is well."""
    expected, fault = read_list(stored)
    if fault:
        return fault
    sizes = {name: File(size, "") for name, size in stored.sizes.items() if name != stored.list_name}
    faults = manifest.compare({name: File(file.size, "") for name, file in expected.items()}, sizes)
    return "；".join(faults)


def check(stored: Stored, identity_file: Path | None) -> Checked:
    """Reads everything and compares it; decrypted too, where there is an identity. Raises OSError, ConfigError."""
    expected, fault = read_list(stored)
    if fault:
        return Checked(0, 0, (fault,))
    found = {name: _hash(stored, name) for name in stored.sizes if name != stored.list_name}
    faults = manifest.compare(expected, found)
    size = sum(file.size for file in found.values())
    if not stored.is_sealed:
        return Checked(len(found), size, tuple(faults))
    if faults or identity_file is None:
        return Checked(len(found), size, tuple(faults), is_opened=False)
    return Checked(len(found), size, tuple(_open_all(stored, expected, age.load_identity(identity_file))))


def fetch(stored: Stored, into: Path, *, identity_file: Path | None) -> list[str]:
    """Brings the files, opened and compared, into an empty folder; their names. Raises OutsideError, OSError."""
    expected, fault = read_list(stored)
    require(not fault, stored.kept, fault)
    if stored.is_sealed and identity_file is None:
        raise NotAllowed(
            f"备份 {stored.kept.path} 是加密的，而 backup.yaml 的存放处没有写 identity_file",
            hint="写上 age 密钥文件的路径（权限 600）再运行，用完可以拿走",
        )
    identity = age.load_identity(identity_file) if stored.is_sealed and identity_file else None
    for name, file in expected.items():
        require(name in stored.sizes, stored.kept, f"缺少文件 {name}")
        _fetch_file(stored, name, file, into, identity)
    if identity is None:
        copy_file(stored, manifest.NAME, into / manifest.NAME)
    return manifest.list_files(into)


def copy_file(stored: Stored, name: str, target: Path) -> File:
    """Copies one file as it is stored; what it was. Raises OSError."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with stored.open(name) as reader, target.open("xb") as writer:
        target.chmod(0o600)
        return manifest.hash_stream(reader, also=writer.write)


def require(is_good: bool, kept: Kept, fault: str) -> None:
    """Raises OutsideError for a backup that cannot be used."""
    if not is_good:
        raise OutsideError(
            f"备份 {kept.path} 不能用：{fault}",
            hint="运行 eduops backup list 换一份（或异地副本），并检查磁盘",
            source=kept.path,
        )


def _hash(stored: Stored, name: str) -> File:
    with stored.open(name) as stream:
        return manifest.hash_stream(stream)


def _open_all(stored: Stored, expected: Mapping[str, File], identity: age.Identity) -> list[str]:
    """What differs once it is decrypted, without writing it anywhere."""
    found: dict[str, File] = {}
    listed = bytearray()
    for name in expected:
        plain = name.removesuffix(age.SUFFIX)
        write = listed.extend if plain == manifest.NAME else _forget
        try:
            with stored.open(name) as reader:
                found[plain] = age.decrypt(reader, write, identity)
        except age.Unopened as error:
            return [f"备份 {stored.kept.path} 的文件 {name}：{error}"]
    found.pop(manifest.NAME, None)
    try:
        return manifest.compare(manifest.parse(bytes(listed)).files, found)
    except ValueError:
        return [f"备份 {stored.kept.path} 的清单 {manifest.NAME} 不在或读不懂"]


def _forget(_chunk: bytes) -> None:
    """Only the hash of what is decrypted matters."""


def _fetch_file(stored: Stored, name: str, file: File, into: Path, identity: age.Identity | None) -> None:
    fault = f"文件 {name} 的内容变了：校验值与清单不符"
    if identity is None:
        require(copy_file(stored, name, into / name) == file, stored.kept, fault)
        return
    target = into / name.removesuffix(age.SUFFIX)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with stored.open(name) as reader, target.open("xb") as writer:
            target.chmod(0o600)
            counted = Counted(reader)
            age.decrypt(counted, writer.write, identity)
            require(counted.file == file, stored.kept, fault)
    except age.Unopened as error:
        require(False, stored.kept, f"文件 {name}：{error}")
    except ConfigError:
        # A damaged head looks as if it were for somebody else.
        require(_hash(stored, name) == file, stored.kept, fault)
        raise
