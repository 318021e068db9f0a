"""A restic repository: each backup is a snapshot, tagged with its name; restic encrypts and stores nothing twice."""

import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from eduops.backup.keep import manifest, restic_program
from eduops.backup.keep.kept import Checked, Kept, ResticStore, told
from eduops.backup.keep.manifest import File
from eduops.backup.keep.restic_program import Damaged
from eduops.backup.keep.stage import open_stage as open_folder_stage
from eduops.backup.keep.stage import sweep as sweep_folder
from eduops.core.errors import NotAllowed, NotFound, OutsideError
from eduops.core.files import OWNERS_ONLY, write_whole

_TAG: Final = "eduops"
_LEAST_ID: Final = 8


@contextmanager
def open_stage(store: ResticStore) -> Iterator[Path]:
    """An empty folder on this machine; what is left of it afterwards goes. Raises OutsideError."""
    with told(store.title, "准备备份目录"):
        opened = open_folder_stage(store.scratch)
        folder = opened.__enter__()
    try:
        yield folder
    finally:
        opened.__exit__(None, None, None)


def put(store: ResticStore, folder: Path, name: str) -> Kept:
    """Makes a snapshot of a staged backup; the repository is made where there is none. Raises OutsideError."""
    words = ("backup", "--json", "--quiet", "--tag", f"{_TAG},{_tag(name)}", ".")
    try:
        try:
            printed = restic_program.run(store, *words, folder=folder)
        except NotFound as error:
            _make_repository(store, error)
            printed = restic_program.run(store, *words, folder=folder)
        summary = json.loads(printed.splitlines()[-1])
        found = Kept(summary["snapshot_id"], int(summary["data_added"]), "")
    except (Damaged, ValueError, LookupError) as error:
        raise OutsideError(
            f"{store.title}写入备份失败：{error}", hint="运行 restic check 检查仓库", source="restic"
        ) from error
    digest = manifest.hash_path(folder / manifest.NAME).sha256
    shutil.rmtree(folder, ignore_errors=True)
    return Kept(found.path, found.size_bytes, digest)


def _make_repository(store: ResticStore, error: NotFound) -> None:
    """Once: where it was made before, it is not mounted now, and a new one would lie on this machine's own disk."""
    sign = store.scratch / f".restic-{store.name}.made"
    with told(store.title, "准备"):
        known = sign.read_text(encoding="utf-8") if sign.exists() else ""
    digest = manifest.hash_bytes(store.repository.encode())
    if known == digest:
        raise NotFound(
            f"{store.title}：以前建好的仓库不在了",
            hint=f"检查该位置是否挂载；确实要新建一个，先删除 {sign}",
        ) from error
    restic_program.run(store, "init")
    write_whole(sign, digest, mode=OWNERS_ONLY)


def check(store: ResticStore, kept: Kept) -> Checked:
    """Reads every byte of that snapshot back and compares it. Raises OutsideError, ConfigError."""
    found: dict[str, File] = {}
    listed = b""
    try:
        with restic_program.streaming(store, "dump", _id(kept), "/") as stream:
            for name, reader in _members(stream):
                if name == manifest.NAME:
                    listed = reader.read(manifest.LARGEST_BYTES)
                else:
                    found[name] = manifest.hash_stream(reader)
    except (Damaged, tarfile.TarError) as error:
        return Checked(len(found), 0, (f"快照 {kept.path} 读不出来：{error}",))
    size = sum(file.size for file in found.values())
    return Checked(len(found), size, tuple(_faults(kept, listed, found)))


def glance(store: ResticStore, kept: Kept) -> str:
    """Whether the snapshot is there; nothing where it is. Raises OutsideError, ConfigError."""
    try:
        restic_program.run(store, "cat", "snapshot", _id(kept))
    except (Damaged, NotFound) as error:
        return f"快照 {kept.path} 不在或读不出来：{error}"
    return ""


def fetch(store: ResticStore, kept: Kept, into: Path) -> list[str]:
    """Restores the snapshot into an empty folder and compares every file; their names. Raises OutsideError."""
    try:
        restic_program.run(store, "restore", _id(kept), "--target", str(into))
    except Damaged as error:
        raise _unusable(kept, str(error)) from error
    with told(store.title, f"取出备份 {kept.path}"):
        found = manifest.hash_files(into)
        path = into / manifest.NAME
        listed = path.read_bytes() if path.exists() else b""
        if faults := _faults(kept, listed, found):
            raise _unusable(kept, faults[0])
        return manifest.list_files(into)


def remove(store: ResticStore, kept: Kept) -> None:
    """Forgets the snapshot; nothing to do where it is forgotten already. Raises OutsideError."""
    _forget(store, _id(kept))


def discard(store: ResticStore, name: str) -> None:
    """Forgets every snapshot that bears that name. Raises OutsideError."""
    try:
        printed = restic_program.run(store, "snapshots", "--json", "--tag", f"{_TAG},{_tag(name)}")
    except NotFound:
        return
    except Damaged as error:
        raise _failed(store, "列出快照", error) from error
    for snapshot in json.loads(printed or b"[]") or []:
        _forget(store, snapshot["id"])


def compact(store: ResticStore) -> None:
    """Gives back what forgotten snapshots took. Raises OutsideError."""
    try:
        restic_program.run(store, "prune")
    except Damaged as error:
        raise _failed(store, "整理（prune）", error) from error


def sweep(store: ResticStore) -> list[str]:
    """Removes stages that killed runs left, and their names. Raises OutsideError."""
    with told(store.title, "清理"):
        return sweep_folder(store.scratch)


def _forget(store: ResticStore, snapshot: str) -> None:
    try:
        with suppress(NotFound):
            restic_program.run(store, "forget", snapshot)
    except Damaged as error:
        raise _failed(store, f"删除快照 {snapshot}", error) from error


def _id(kept: Kept) -> str:
    """The snapshot. Raises NotAllowed for what could be taken for anything else."""
    if len(kept.path) < _LEAST_ID or not set(kept.path) <= set("0123456789abcdef"):
        raise NotAllowed(f"「{kept.path}」不是 restic 快照的编号", hint="检查备份目录的登记")
    return kept.path


def _tag(name: str) -> str:
    if "," in name:
        raise NotAllowed(f"备份的名称「{name}」里不能有逗号", hint="换一个名称")
    return f"name={name}"


def _members(stream: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a tar stream with what they hold; nothing is written anywhere."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            reader = archive.extractfile(member) if member.isreg() else None
            if reader is not None:
                yield member.name.lstrip("/"), reader
            # It would remember each of a million files.
            archive.members.clear()  # type: ignore[attr-defined]  # it is there


def _faults(kept: Kept, listed: bytes, found: dict[str, File]) -> list[str]:
    if manifest.hash_bytes(listed) != kept.sha256:
        return [f"快照 {kept.path} 的清单 {manifest.NAME} 不在或被改动：校验值与登记不符"]
    return manifest.compare(manifest.parse(listed).files, found)


def _unusable(kept: Kept, fault: str) -> OutsideError:
    return OutsideError(
        f"备份 {kept.path} 不能用：{fault}",
        hint="运行 eduops backup list 换一份（或异地副本），并运行 restic check",
        source="restic",
    )


def _failed(store: ResticStore, doing: str, error: Exception) -> OutsideError:
    return OutsideError(
        f"{store.title}{doing}失败：{error}", hint="运行 restic check 检查仓库，然后重新运行", source="restic"
    )
