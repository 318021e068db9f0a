"""A disk that is full and a folder that is closed: told in one sentence, and nothing half is left."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import small_disk
from staged_backup import put_backup

from eduops.backup import keep
from eduops.core.errors import EduopsError

_PROCESS = multiprocessing.get_context("fork")
_NOBODY = 65_534
SCRIPT = """
import os, sys
from pathlib import Path
sys.path.insert(0, {helpers!r})
from staged_backup import make_identity, put_backup
from eduops.backup import keep
from eduops.core.errors import EduopsError

disk, near = Path({disk!r}), Path({near!r})
recipient, identity = make_identity(near / "backup.age")
{make}
print(said)
print(keep.check(store, good).faults)
print(sorted(path.name for path in disk.rglob("*") if path.name.startswith((".stage", ".part"))))
"""
REFUSED = """
def refused(do):
    try:
        do()
    except EduopsError as error:
        return error.message + "|" + error.hint
"""


@pytest.mark.needs("mounting")
class TestFullDisk:
    """Two megabytes of a disk of its own."""

    def test_encrypting_into_a_full_disk_leaves_the_last_good_one_alone(self, tmp_path: Path) -> None:
        said = on_small_disk(
            tmp_path,
            'store = keep.DirectoryStore("vault", disk / "store", (recipient,), identity)\n'
            'good = put_backup(store, files={"edu.dump": os.urandom(100_000)})\n'
            'big = {"a": os.urandom(1_200_000)}\n'
            'said = refused(lambda: put_backup(store, "BKP-2026-0002", big))\n',
        )

        assert said[0].startswith("存放处 vault（")
        assert "写入备份失败：磁盘已满|检查该位置是否挂载、权限和磁盘空间" in said[0]
        assert said[1:] == ["()", "[]"]

    def test_copying_to_a_full_disk_leaves_no_copy(self, tmp_path: Path) -> None:
        said = on_small_disk(
            tmp_path,
            'store = keep.DirectoryStore("main", near / "store")\n'
            'good = put_backup(store, files={"edu.dump": os.urandom(4_000_000)})\n'
            'place = keep.DirectoryStore("nas", disk / "nas", role="异地存放处")\n'
            "place.folder.mkdir()\n"
            "said = refused(lambda: keep.copy(store, good, place)) + str(os.listdir(disk / 'nas'))\n",
        )

        assert said[0].startswith("异地存放处 nas（")
        assert "写入副本失败：磁盘已满" in said[0]
        assert said[0].endswith("[]")
        assert said[1:] == ["()", "[]"]

    @pytest.mark.needs("restic")
    def test_restic_on_a_full_disk_says_so_and_its_other_snapshots_stay_whole(self, tmp_path: Path) -> None:
        said = on_small_disk(
            tmp_path,
            '(near / "password").write_text("a good password")\n(near / "password").chmod(0o600)\n'
            'store = keep.ResticStore("repo", str(disk / "repository"), near / "password", near / "scratch")\n'
            'good = put_backup(store, files={"edu.dump": os.urandom(100_000)})\n'
            'said = refused(lambda: put_backup(store, "BKP-2026-0002", {"a": os.urandom(9_000_000)}))\n',
            size="6m",
        )

        assert said[0].startswith("存放处 repo（restic）：磁盘已满|")
        assert said[1:] == ["()", "[]"]


def test_a_folder_of_somebody_else_is_told_for_every_verb(tmp_path: Path) -> None:
    store = keep.DirectoryStore("main", tmp_path / "store")
    kept = put_backup(store)
    into = tmp_path / "into"
    into.mkdir()
    store.folder.chmod(0)

    def stage() -> None:
        with keep.stage(store):
            pass

    try:
        for do in (
            lambda: keep.check(store, kept),
            lambda: keep.glance(store, kept),
            lambda: keep.fetch(store, kept, into),
            lambda: keep.remove(store, kept),
            stage,
        ):
            said = as_nobody(do)
            assert said.startswith(f"存放处 main（{store.folder}）"), said
            assert "没有权限" in said
    finally:
        store.folder.chmod(0o700)
    assert keep.check(store, kept).faults == ()


def on_small_disk(folder: Path, make: str, *, size: str = "2m") -> list[str]:
    """What the script prints, a line each, that finds such a disk."""
    (folder / "mount").mkdir()
    (folder / "near").mkdir()
    script = SCRIPT.format(
        helpers=str(Path(__file__).parent),
        disk=str(folder / "mount" / "disk"),
        near=str(folder / "near"),
        make=REFUSED + make,
    )
    printed = small_disk.run_with(
        folder / "mount", small_disk.FILL_NOTHING, sys.executable, "-c", script, size=size, inodes=2000
    )
    return printed.decode().splitlines()


def as_nobody(do: Callable[[], object]) -> str:
    """What is told to an account that may not enter; it is another one where the tests are root's."""
    receiver, sender = _PROCESS.Pipe(duplex=False)

    def run() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
        try:
            do()
        except EduopsError as error:
            sender.send(error.message)
            return
        sender.send("")

    child = _PROCESS.Process(target=run)
    child.start()
    child.join(60)
    assert child.exitcode == 0
    return str(receiver.recv())
