"""A folder of backups: each is a folder that appears under its name when everything in it is on the disk.

Backups of before there were stores are single files.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from eduops.backup.keep import age, manifest, stage, stored
from eduops.backup.keep.kept import Checked, DirectoryStore, Kept, told
from eduops.backup.keep.stored import Stored
from eduops.core.errors import Conflict, NotAllowed, NotFound, OutsideError

_HINT: Final = "运行 eduops backup list 另选一份"


@contextmanager
def open_stage(store: DirectoryStore) -> Iterator[Path]:
    """An empty folder in the store, for its owner only; what is left of it afterwards goes. Raises OutsideError."""
    age.parse_recipients(store.recipients)
    if not store.may_be_made:
        _require_there(store)
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
        digest = manifest.hash_path(folder / (stored.LIST if store.recipients else manifest.NAME)).sha256
        stage.make_permanent(folder, target)
    return Kept(name, size, digest)


def check(store: DirectoryStore, kept: Kept) -> Checked:
    """Reads everything back and compares it. Raises OutsideError, ConfigError where it cannot be read."""
    place = _locate(store, kept.path)
    with told(store.title, f"读取备份 {kept.path}"):
        if not place.exists():
            return Checked(0, 0, (_gone(store, kept),))
        if place.is_file():
            return _check_single(place, kept)
        return stored.check(_open(place, kept), store.identity_file)


def glance(store: DirectoryStore, kept: Kept) -> str:
    """What is wrong as far as names and sizes tell; nothing where all is well. Raises OutsideError."""
    place = _locate(store, kept.path)
    with told(store.title, f"查看备份 {kept.path}"):
        if not place.exists():
            return _gone(store, kept)
        return "" if place.is_file() else stored.glance(_open(place, kept))


def fetch(store: DirectoryStore, kept: Kept, into: Path) -> list[str]:
    """Brings a backup's files, opened, into an empty folder, and compares every one on the way; their names.

    Raises OutsideError for one that is not as it was kept, ConfigError for a key that cannot be used.
    """
    place = _locate(store, kept.path)
    with told(store.title, f"取出备份 {kept.path}"):
        if not place.exists():
            raise NotFound(_gone(store, kept), hint=_HINT)
        if not place.is_file():
            return stored.fetch(_open(place, kept), into, identity_file=store.identity_file)
        single = Stored(kept, {place.name: 0}, lambda name: place.open("rb"))
        is_same = stored.copy_file(single, place.name, into / place.name).sha256 == kept.sha256
        stored.require(is_same, kept, f"文件 {place.name} 的内容变了")
        return [place.name]


def open_stored(store: DirectoryStore, kept: Kept) -> Stored:
    """The backup's files as they lie there, for copying. Raises OutsideError, NotFound, NotAllowed."""
    place = _locate(store, kept.path)
    if not place.exists():
        raise NotFound(_gone(store, kept), hint=_HINT)
    if place.is_file():
        raise NotAllowed(f"旧格式的备份 {kept.path} 不能复制到异地", hint="运行 eduops backup run 做一份新的")
    with told(store.title, f"读取备份 {kept.path}"):
        return _open(place, kept)


def adopt(store: DirectoryStore, source: Stored, name: str) -> Kept:
    """Makes a copy of a backup as it is stored elsewhere, whole or not at all.

    Raises OutsideError, also for a file that is not as the list has it, and where the folder is not there: made anew
    it would lie on this machine's own disk while the other one is not mounted.
    """
    _require_there(store)
    target = _locate(store, name)
    if target.exists():
        raise Conflict(f"{store.title}已有 {name}", hint="运行 eduops backup show 核对，或先移走那一份")
    expected, fault = stored.read_list(source)
    stored.require(not fault, source.kept, fault)
    with open_stage(store) as folder, told(store.title, "写入副本"):
        for each in source.sizes:
            copied = stored.copy_file(source, each, folder / each)
            is_same = each == source.list_name or expected.get(each) == copied
            stored.require(is_same, source.kept, f"文件 {each} 与清单不符")
        size = sum(entry.stat().st_size for entry in folder.rglob("*") if entry.is_file())
        stage.make_permanent(folder, target)
    return Kept(name, size, source.kept.sha256)


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


def _require_there(store: DirectoryStore) -> None:
    with told(store.title, "打开"):
        if store.folder.is_dir():
            return
    raise OutsideError(
        f"{store.title}的目录不存在",
        hint=f"先挂载它；第一次使用时运行 mkdir -p {store.folder}",
        source=store.name,
    )


def _locate(store: DirectoryStore, name: str) -> Path:
    """Where a backup lies. Raises NotAllowed for a name that leads elsewhere."""
    return store.folder / require_name(name, store.title)


def require_name(name: str, title: str) -> str:
    """The name, if it is one. Raises NotAllowed for what leads out of the store or belongs to the store itself."""
    if not name or "/" in name or "\0" in name or name.startswith("."):
        raise NotAllowed(f"备份的位置「{name}」不是{title}里的名称", hint="检查备份目录的登记")
    return name


def _gone(store: DirectoryStore, kept: Kept) -> str:
    return f"备份 {kept.path} 不在 {store.folder} 里了"


def _open(place: Path, kept: Kept) -> Stored:
    sizes = {name: (place / name).stat().st_size for name in manifest.list_files(place)}
    return Stored(kept, sizes, lambda name: (place / name).open("rb"))


def _check_single(place: Path, kept: Kept) -> Checked:
    found = manifest.hash_path(place)
    faults = () if found.sha256 == kept.sha256 else (f"文件 {place.name} 的内容变了：校验值与登记不符",)
    return Checked(1, found.size, faults)


def _encrypt(store: DirectoryStore, folder: Path, names: list[str]) -> None:
    sealed = {}
    # Backwards: `a.age` makes room before `a` becomes it.
    for name in reversed(names):
        path = name + age.SUFFIX
        sealed[path] = age.encrypt(folder / name, folder / path, store.recipients)
        (folder / name).unlink()
    content = {
        "schema": 1,
        "encryption": "age",
        "files": {name: asdict(file) for name, file in sealed.items()},
    }
    (folder / stored.LIST).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="ascii")
