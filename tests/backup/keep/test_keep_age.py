"""Encrypted backups: nobody without the identity reads them, anybody can tell whether they were touched."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
from staged_backup import FILES, make_identity, put_backup

from eduops.backup import keep
from eduops.backup.keep import age, manifest, stored
from eduops.core.errors import ConfigError, NotAllowed, OutsideError


@pytest.fixture
def store(tmp_path: Path) -> keep.DirectoryStore:
    recipient, path = make_identity(tmp_path / "backup.age")
    return keep.DirectoryStore("vault", tmp_path / "store", (recipient,), path)


def test_an_encrypted_backup_shows_nothing_and_comes_back_byte_for_byte(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    kept = put_backup(store, files={**FILES, "edu.dump.age": b"a file of that name already"})

    found = {path.name: path.read_bytes() for path in (store.folder / kept.path).rglob("*") if path.is_file()}
    assert not any(b"rows rows" in content or b"learner" in content for content in found.values())
    checked = keep.check(store, kept)
    assert (checked.faults, checked.is_opened) == ((), True)
    into = tmp_path / "into"
    into.mkdir()
    assert keep.fetch(store, kept, into) == sorted([*FILES, "edu.dump.age", manifest.NAME])
    assert {name: (into / name).read_bytes() for name in FILES} == FILES
    assert (into / "edu.dump.age").read_bytes() == b"a file of that name already"


def test_every_recipient_can_open_it(store: keep.DirectoryStore, tmp_path: Path) -> None:
    second, path = make_identity(tmp_path / "second.age")
    kept = put_backup(keep.DirectoryStore("vault", store.folder, (*store.recipients, second)))

    for identity in (store.identity_file, path):
        checked = keep.check(keep.DirectoryStore("vault", store.folder, (), identity), kept)
        assert (checked.faults, checked.is_opened) == ((), True)


def test_without_the_identity_what_is_stored_is_still_compared_and_that_is_said(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    kept = put_backup(store)
    keyless = keep.DirectoryStore("vault", store.folder, store.recipients)

    checked = keep.check(keyless, kept)
    assert (checked.faults, checked.is_opened) == ((), False)
    with pytest.raises(NotAllowed, match="没有写 identity_file"):
        keep.fetch(keyless, kept, tmp_path)
    _flip(store.folder / kept.path / "edu.dump.age")
    assert keep.check(keyless, kept).faults == ("文件 edu.dump.age 的内容变了：校验值与清单不符",)


@pytest.mark.parametrize("name", ["edu.dump.age", "manifest.json.age", "stored.json"])
def test_one_flipped_bit_is_found_and_the_file_is_named(
    store: keep.DirectoryStore, tmp_path: Path, name: str
) -> None:
    kept = put_backup(store)
    _flip(store.folder / kept.path / name)

    (fault,) = keep.check(store, kept).faults
    assert name in fault
    with pytest.raises(OutsideError, match="不能用") as caught:
        keep.fetch(store, kept, tmp_path)
    assert name in caught.value.message


def test_a_backup_that_somebody_encrypted_anew_does_not_open_as_ours(store: keep.DirectoryStore) -> None:
    """Whoever has the recipient can encrypt other bytes; the hash in the catalogue tells."""
    kept = put_backup(store)
    put_backup(store, "BKP-2026-0002", {"edu.dump": b"other rows"})
    (store.folder / kept.path).rename(store.folder / "away")
    (store.folder / "BKP-2026-0002").rename(store.folder / kept.path)

    assert keep.check(store, kept).faults == (
        "备份 BKP-2026-0001 的清单 stored.json 被改动：校验值与登记不符",
    )


def test_a_backup_whose_manifest_does_not_fit_its_decrypted_files_is_not_whole(
    store: keep.DirectoryStore,
) -> None:
    kept = put_backup(store)
    folder = store.folder / kept.path
    listed = json.loads((folder / stored.LIST).read_text())
    (folder / "edu.dump.age").unlink()
    (folder / "plain").write_bytes(b"other rows")
    file = age.encrypt(folder / "plain", folder / "edu.dump.age", store.recipients)
    (folder / "plain").unlink()
    listed["files"]["edu.dump.age"] = {"size": file.size, "sha256": file.sha256}
    (folder / stored.LIST).write_text(json.dumps(listed))
    forged = keep.Kept(kept.path, 0, manifest.hash_path(folder / stored.LIST).sha256)

    (fault,) = keep.check(store, forged).faults
    assert "edu.dump" in fault


def test_an_identity_that_does_not_fit_is_named_and_never_shown(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    kept = put_backup(store)
    _, other = make_identity(tmp_path / "other.age")
    wrong = keep.DirectoryStore("vault", store.folder, store.recipients, other)

    for do in (lambda: keep.check(wrong, kept), lambda: keep.fetch(wrong, kept, tmp_path)):
        with pytest.raises(ConfigError, match=f"密钥文件 {other} 打不开它") as caught:
            do()
        assert "AGE-SECRET" not in caught.value.message + caught.value.hint


def test_a_damaged_head_is_damage_and_not_a_wrong_key(store: keep.DirectoryStore, tmp_path: Path) -> None:
    kept = put_backup(store)
    path = store.folder / kept.path / "edu.dump.age"
    content = bytearray(path.read_bytes())
    content[content.index(b"X25519") + 10] ^= 1
    path.write_bytes(content)

    assert keep.check(store, kept).faults == ("文件 edu.dump.age 的内容变了：校验值与清单不符",)
    with pytest.raises(OutsideError, match=r"不能用：文件 edu\.dump\.age"):
        keep.fetch(store, kept, tmp_path)


def test_an_identity_open_to_others_missing_or_none_at_all_is_refused(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    kept = put_backup(store)
    assert store.identity_file is not None
    store.identity_file.chmod(0o640)
    with pytest.raises(ConfigError, match="权限是 640，别人也能读或改"):
        keep.check(store, kept)
    store.identity_file.chmod(0o600)
    store.identity_file.write_text("AGE-SECRET-KEY-1NOTAKEY\n")
    with pytest.raises(ConfigError, match="不是 age 的密钥文件") as caught:
        keep.check(store, kept)
    assert "NOTAKEY" not in caught.value.message + caught.value.hint
    store.identity_file.unlink()
    with pytest.raises(ConfigError, match="文件不存在"):
        keep.check(store, kept)


def test_a_recipient_that_is_none_is_refused_before_anything_is_dumped(tmp_path: Path) -> None:
    store = keep.DirectoryStore("vault", tmp_path / "store", ("age1notakey",))

    with pytest.raises(ConfigError, match="不是 age 公钥"), keep.stage(store):
        raise AssertionError("nothing is staged")
    assert not store.folder.exists()


def test_what_stops_reading_or_writing_is_not_called_damage(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    kept = put_backup(store)
    path = store.folder / kept.path / "edu.dump.age"
    assert store.identity_file is not None
    identity = age.load_identity(store.identity_file)

    class Broken:
        """A line that breaks after the first bytes."""

        def __init__(self) -> None:
            self.stream = path.open("rb")

        def read(self, size: int = -1) -> bytes:
            if self.stream.tell() > 60_000:
                self.stream.close()
                raise OutsideError("连接中断")
            return self.stream.read(size)

    def full(_chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OutsideError, match="连接中断"):
        age.decrypt(Broken(), lambda chunk: None, identity)
    with path.open("rb") as reader, pytest.raises(OSError, match="full"):
        age.decrypt(reader, full, identity)


def test_a_big_file_costs_no_memory(store: keep.DirectoryStore, tmp_path: Path) -> None:
    """A child of its own with an address space that the file alone would fill."""
    script = f"""
import resource
from pathlib import Path
from eduops.backup.keep import age, manifest
big = Path({str(tmp_path / "big")!r})
with big.open("wb") as stream:
    stream.truncate(500_000_000)
resource.setrlimit(resource.RLIMIT_DATA, (150_000_000, 150_000_000))
age.encrypt(big, big.with_suffix(".age"), [{store.recipients[0]!r}])
with big.with_suffix(".age").open("rb") as reader:
    print(age.decrypt(reader, lambda chunk: None, age.load_identity(Path({str(store.identity_file)!r}))).size)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    size, peak_kilobytes = map(int, done.stdout.split())
    assert size == 500_000_000
    assert peak_kilobytes < 150_000
    (tmp_path / "big.age").unlink()


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
