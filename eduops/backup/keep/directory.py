"""A folder of backups: each is a folder that appears under its name when everything in it is on the disk.

With recipients every file is encrypted beside a plain list of what is stored, so that a copy can be read back and
compared by whoever has no key. Backups of before there were stores are single files.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from eduops.backup.keep import age, manifest, stage
from eduops.backup.keep.kept import Checked, DirectoryStore, Kept, told
from eduops.backup.keep.manifest import File
from eduops.core.errors import Conflict, NotAllowed, NotFound, OutsideError

STORED: Final = "stored.json"
"""The list of the encrypted files as they lie there."""


@contextmanager
def open_stage(store: DirectoryStore) -> Iterator[Path]:
    """An empty folder in the store, for its owner only; what is left of it afterwards goes. Raises OutsideError."""
    age.parse_recipients(store.recipients)
    with told(store.title, "准备备份目录"):
        opened = stage.open_stage(store.folder)
        folder = opened.__enter__()
    try:
        yield folder
    finally:
        opened.__exit__(None, None, None)


def put(store: DirectoryStore, folder: Path, name: str) -> Kept:
    """Makes a staged backup with its manifest permanent under that name: whole or not at all.

    Raises OutsideError, Conflict where the name is taken.
    """
    target = _locate(store, name)
    if target.exists():
        raise Conflict(f"{store.title}已有备份 {name}", hint="换一个名称，或先移走那一份")
    with told(store.title, "写入备份"):
        names = manifest.list_files(folder)
        if store.recipients:
            _encrypt(store, folder, names)
        size = sum(entry.stat().st_size for entry in folder.rglob("*") if entry.is_file())
        digest = manifest.hash_path(folder / _list_name(folder)).sha256
        stage.make_permanent(folder, target)
    return Kept(name, size, digest)


def check(store: DirectoryStore, kept: Kept) -> Checked:
    """Reads everything back and compares it. Raises OutsideError, ConfigError where it cannot be read."""
    place = _locate(store, kept.path)
    with told(store.title, f"读取备份 {kept.path}"):
        if not place.exists():
            return Checked(0, 0, (f"备份 {kept.path} 不在 {store.folder} 里了",))
        if place.is_file():
            return _check_single(place, kept)
        return _check_folder(store, place, kept)


def fetch(store: DirectoryStore, kept: Kept, into: Path) -> list[str]:
    """Brings a backup's files, opened, into an empty folder, and compares every one on the way; their names.

    Raises OutsideError for one that is not as it was kept, ConfigError for a key that cannot be used.
    """
    place = _locate(store, kept.path)
    with told(store.title, f"取出备份 {kept.path}"):
        if not place.exists():
            raise NotFound(
                f"备份 {kept.path} 不在 {store.folder} 里了", hint="运行 eduops backup list 另选一份"
            )
        if place.is_file():
            _require(
                _copy(place, into / place.name).sha256 == kept.sha256, kept, f"文件 {place.name} 的内容变了"
            )
            return [place.name]
        return _fetch_folder(store, place, kept, into)


def remove(store: DirectoryStore, kept: Kept) -> None:
    """Removes a backup; nothing to do where it is gone already. Raises OutsideError."""
    with told(store.title, f"删除备份 {kept.path}"):
        stage.remove_folder(_locate(store, kept.path))


def discard(store: DirectoryStore, name: str) -> None:
    """Removes what a run that was killed may have made permanent under that name. Raises OutsideError."""
    remove(store, Kept(name, 0, ""))


def compact(store: DirectoryStore) -> None:
    """Nothing is left to be given back after a removal."""


def sweep(store: DirectoryStore) -> list[str]:
    """Removes what killed runs left, and their names. Raises OutsideError."""
    with told(store.title, "清理"):
        return stage.sweep(store.folder)


def _locate(store: DirectoryStore, name: str) -> Path:
    """Where a backup lies. Raises NotAllowed for a name that leads elsewhere."""
    if name in ("", ".", "..") or "/" in name or "\0" in name or name.startswith("."):
        raise NotAllowed(f"备份的位置「{name}」不是{store.title}里的名称", hint="检查备份目录的登记")
    return store.folder / name


def _list_name(folder: Path) -> str:
    """The file that proves all others: of what is stored, where that is encrypted."""
    return STORED if (folder / STORED).exists() else manifest.NAME


def _encrypt(store: DirectoryStore, folder: Path, names: list[str]) -> None:
    stored = {}
    # Backwards: `a.age` makes room before `a` becomes it.
    for name in reversed(names):
        sealed = name + age.SUFFIX
        stored[sealed] = age.encrypt(folder / name, folder / sealed, store.recipients)
        (folder / name).unlink()
    content = {
        "schema": 1,
        "encryption": "age",
        "files": {name: asdict(file) for name, file in stored.items()},
    }
    (folder / STORED).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="ascii")


def _check_single(place: Path, kept: Kept) -> Checked:
    found = manifest.hash_path(place)
    faults = () if found.sha256 == kept.sha256 else (f"文件 {place.name} 的内容变了：校验值与登记不符",)
    return Checked(1, found.size, faults)


def _check_folder(store: DirectoryStore, place: Path, kept: Kept) -> Checked:
    expected, fault = _read_list(place, kept)
    if fault:
        return Checked(0, 0, (fault,))
    name = _list_name(place)
    found = {each: manifest.hash_path(place / each) for each in manifest.list_files(place) if each != name}
    faults = manifest.compare(expected, found)
    size = sum(file.size for file in found.values())
    if name == manifest.NAME:
        return Checked(len(found), size, tuple(faults))
    if faults or store.identity_file is None:
        return Checked(len(found), size, tuple(faults), is_opened=False)
    opened = _open_all(place, expected, age.load_identity(store.identity_file))
    return Checked(len(found), size, tuple(opened))


def _read_list(place: Path, kept: Kept) -> tuple[dict[str, File], str]:
    """The files that should be there, or why the list of them is worth nothing."""
    name = _list_name(place)
    try:
        with (place / name).open("rb") as stream:
            content = stream.read(manifest.LARGEST_BYTES)
    except FileNotFoundError:
        return {}, f"备份 {kept.path} 的清单 {name} 不在了"
    if manifest.hash_bytes(content) != kept.sha256:
        return {}, f"备份 {kept.path} 的清单 {name} 被改动：校验值与登记不符"
    try:
        return manifest.parse_list(content), ""
    except ValueError:
        return {}, f"备份 {kept.path} 的清单 {name} 读不懂"


def _open_all(place: Path, stored: Mapping[str, File], identity: age.Identity) -> list[str]:
    """What differs once it is decrypted, without writing it anywhere."""
    found = {}
    try:
        for name in stored:
            with (place / name).open("rb") as reader:
                found[name.removesuffix(age.SUFFIX)] = age.decrypt(reader, lambda chunk: None, identity)
        listed = bytearray()
        with (place / (manifest.NAME + age.SUFFIX)).open("rb") as reader:
            age.decrypt(reader, listed.extend, identity)
        expected = manifest.parse(bytes(listed)).files
    except age.Unopened as error:
        return [f"备份 {place.name} 的文件 {name}：{error}"]
    except (FileNotFoundError, ValueError):
        return [f"备份 {place.name} 的清单 {manifest.NAME} 不在或读不懂"]
    found.pop(manifest.NAME)
    return manifest.compare(expected, found)


def _fetch_folder(store: DirectoryStore, place: Path, kept: Kept, into: Path) -> list[str]:
    expected, fault = _read_list(place, kept)
    _require(not fault, kept, fault)
    is_sealed = _list_name(place) == STORED
    if is_sealed and store.identity_file is None:
        raise NotAllowed(
            f"备份 {kept.path} 是加密的，而 {store.title}没有写 identity_file",
            hint="在 backup.yaml 写上 age 密钥文件的路径（权限 600），用完可以拿走",
        )
    identity = age.load_identity(store.identity_file) if is_sealed and store.identity_file else None
    for name, file in expected.items():
        _fetch_file(place, name, file, kept, into, identity)
    if not is_sealed:
        _copy(place / manifest.NAME, into / manifest.NAME)
    return manifest.list_files(into)


def _fetch_file(
    place: Path, name: str, file: File, kept: Kept, into: Path, identity: age.Identity | None
) -> None:
    target = into / (name.removesuffix(age.SUFFIX) if identity else name)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        if identity is None:
            _require(_copy(place / name, target) == file, kept, f"文件 {name} 的内容变了：校验值与清单不符")
            return
        _require(manifest.hash_path(place / name) == file, kept, f"文件 {name} 的内容变了：校验值与清单不符")
        with (place / name).open("rb") as reader, target.open("xb") as writer:
            target.chmod(0o600)
            age.decrypt(reader, writer.write, identity)
    except FileNotFoundError:
        _require(False, kept, f"缺少文件 {name}")
    except age.Unopened as error:
        _require(False, kept, f"文件 {name}：{error}")


def _copy(source: Path, target: Path) -> File:
    with source.open("rb") as reader, target.open("xb") as writer:
        target.chmod(0o600)
        return manifest.hash_stream(reader, also=writer.write)


def _require(is_good: bool, kept: Kept, fault: str) -> None:
    if not is_good:
        raise OutsideError(
            f"备份 {kept.path} 不能用：{fault}",
            hint="运行 eduops backup list 换一份（或第二处的副本），并检查磁盘",
            source=kept.path,
        )
