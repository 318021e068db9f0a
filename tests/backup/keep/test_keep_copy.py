"""Second places: a copy is what is stored, compared on the way, read back at its own place, and belongs to it alone."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import small_disk, sshd
from staged_backup import FILES, make_identity, put_backup

from eduops.backup import keep
from eduops.backup.keep import directory, manifest, sftp
from eduops.backup.keep.manifest import Readable
from eduops.backup.keep.stored import Stored
from eduops.core.errors import Conflict, NotAllowed, NotFound, OutsideError
from eduops.remote.configuration import RemoteConfig
from eduops.remote.gateway import Gateway
from eduops.remote.route import Route, find_route

needs_sshd = [pytest.mark.server, pytest.mark.needs("sshd")]
PlaceKind = keep.DirectoryStore | keep.SftpStore


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Network]:
    with sshd.network(tmp_path_factory.mktemp("ssh")) as made:
        yield made


@pytest.fixture
def far(network: sshd.Network, tmp_path: Path) -> Iterator[keep.SftpStore]:
    """A place on a host behind a bastion."""
    home = tmp_path / "home"
    home.mkdir()
    network.write_home(home)
    gateway = Gateway(home / "known_hosts")
    yield keep.SftpStore("far", gateway, route(network, home), str(tmp_path / "far"), home / "backups")
    gateway.close()


@pytest.fixture(params=["directory", pytest.param("sftp", marks=needs_sshd)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> PlaceKind:
    if request.param == "directory":
        (tmp_path / "far").mkdir()
        return keep.DirectoryStore("nas", tmp_path / "far", role="异地存放处")
    found: keep.SftpStore = request.getfixturevalue("far")
    return found


@pytest.fixture
def store(tmp_path: Path) -> keep.DirectoryStore:
    return keep.DirectoryStore("main", tmp_path / "store")


def test_a_copy_is_whole_at_its_own_place_and_comes_back_byte_for_byte(
    store: keep.DirectoryStore, place: PlaceKind, tmp_path: Path
) -> None:
    kept = put_backup(store, files={**FILES, "big": bytes(3_000_000)})

    copied = keep.copy(store, kept, place)
    shutil.rmtree(store.folder)

    assert copied == kept
    assert keep.check(place, copied).faults == ()
    assert keep.glance(place, copied) == ""
    (tmp_path / "into").mkdir()
    assert keep.fetch(place, copied, tmp_path / "into") == sorted([*FILES, "big", manifest.NAME])
    assert (tmp_path / "into" / "edu.dump").read_bytes() == FILES["edu.dump"]
    assert [path.name for path in (tmp_path / "far").iterdir()] == [kept.path]


def test_an_encrypted_backup_stays_encrypted_in_its_second_place(place: PlaceKind, tmp_path: Path) -> None:
    recipient, identity = make_identity(tmp_path / "backup.age")
    vault = keep.DirectoryStore("vault", tmp_path / "store", (recipient,), identity)
    kept = put_backup(vault)

    copied = keep.copy(vault, kept, place)

    found = [path.read_bytes() for path in (tmp_path / "far").rglob("*") if path.is_file()]
    assert found
    assert not any(b"rows rows" in content for content in found)
    assert keep.check(place, copied).is_opened is False
    opened = replace_identity(place, identity)
    assert keep.check(opened, copied).is_opened is True
    (tmp_path / "into").mkdir()
    keep.fetch(opened, copied, tmp_path / "into")
    assert (tmp_path / "into" / "edu.dump").read_bytes() == FILES["edu.dump"]


def test_one_flipped_bit_in_the_copy_is_found_while_the_original_stays_whole(
    store: keep.DirectoryStore, place: PlaceKind, tmp_path: Path
) -> None:
    kept = put_backup(store)
    copied = keep.copy(store, kept, place)
    flip(tmp_path / "far" / kept.path / "edu.dump")

    assert keep.check(place, copied).faults == ("文件 edu.dump 的内容变了：校验值与清单不符",)
    assert keep.glance(place, copied) == ""
    assert keep.check(store, kept).faults == ()
    with pytest.raises(OutsideError, match=r"edu\.dump"):
        keep.fetch(place, copied, tmp_path)


def test_a_missing_file_and_a_foreign_one_are_named(
    store: keep.DirectoryStore, place: PlaceKind, tmp_path: Path
) -> None:
    kept = put_backup(store)
    copied = keep.copy(store, kept, place)
    (tmp_path / "far" / kept.path / "edu.dump").unlink()
    (tmp_path / "far" / kept.path / "virus.exe").write_bytes(b"MZ")

    assert keep.check(place, copied).faults == ("缺少文件 edu.dump", "多出文件 virus.exe，清单里没有")
    assert "virus.exe" in keep.glance(place, copied)


def test_a_damaged_original_is_never_copied(
    store: keep.DirectoryStore, place: PlaceKind, tmp_path: Path
) -> None:
    kept = put_backup(store)
    flip(store.folder / kept.path / "edu.dump")

    with pytest.raises(OutsideError, match=r"不能用：文件 edu\.dump 与清单不符"):
        keep.copy(store, kept, place)
    assert not (tmp_path / "far").exists() or list((tmp_path / "far").iterdir()) == []


def test_a_copy_that_is_there_is_not_written_over(store: keep.DirectoryStore, place: PlaceKind) -> None:
    kept = put_backup(store)
    keep.copy(store, kept, place)

    with pytest.raises(Conflict, match=kept.path):
        keep.copy(store, kept, place)


def test_a_removed_copy_is_gone_and_twice_is_once(
    store: keep.DirectoryStore, place: PlaceKind, tmp_path: Path
) -> None:
    copied = keep.copy(store, put_backup(store), place)

    keep.remove(place, copied)
    keep.remove(place, copied)

    assert list((tmp_path / "far").iterdir()) == []
    assert "不在" in keep.check(place, copied).faults[0]
    assert "不在" in keep.glance(place, copied)
    with pytest.raises(NotFound, match="不在"):
        keep.fetch(place, copied, tmp_path)


def test_a_restic_repository_is_not_copied_file_by_file(place: PlaceKind, tmp_path: Path) -> None:
    repository = keep.ResticStore("vault", "/srv/restic", tmp_path / "password", tmp_path)

    with pytest.raises(NotAllowed, match="不能逐个文件复制") as caught:
        keep.copy(repository, keep.Kept("0123456789", 0, ""), place)
    assert "restic copy" in caught.value.hint


def test_a_folder_that_is_not_mounted_is_not_made_anew(store: keep.DirectoryStore, tmp_path: Path) -> None:
    place = keep.DirectoryStore("nas", tmp_path / "mnt" / "eduops", role="异地存放处")

    with pytest.raises(OutsideError, match=r"异地存放处 nas（.*）的目录不存在") as caught:
        keep.copy(store, put_backup(store), place)
    assert "先挂载它" in caught.value.hint
    assert not place.folder.parent.exists()


@pytest.mark.server
@pytest.mark.needs("sshd")
class TestFar:
    """What only a host far away can do."""

    def test_a_changed_host_key_is_refused_and_nothing_is_sent(
        self, store: keep.DirectoryStore, far: keep.SftpStore, network: sshd.Network, tmp_path: Path
    ) -> None:
        kept = put_backup(store)
        known = far.gateway.known_hosts
        known.write_text(known.read_text().replace(network.host.known_line, network.bastion.known_line))

        with pytest.raises(OutsideError, match="主机密钥变了") as caught:
            keep.copy(store, kept, far)
        assert network.host.fingerprint in caught.value.message
        assert not Path(far.path).exists()

    def test_that_there_is_no_room_here_is_not_said_of_the_host(
        self, store: keep.DirectoryStore, far: keep.SftpStore, tmp_path: Path
    ) -> None:
        copied = keep.copy(store, put_backup(store), far)
        (tmp_path / "into").write_text("a file, where the folder should be")

        with pytest.raises(OutsideError) as caught:
            keep.fetch(far, copied, tmp_path / "into")
        assert caught.value.message.startswith(f"{tmp_path / 'into'}写入失败")

    def test_a_big_copy_is_read_back_in_windows(
        self, store: keep.DirectoryStore, far: keep.SftpStore, tmp_path: Path
    ) -> None:
        kept = put_backup(store, files={"big": os.urandom(9_000_001)})

        copied = keep.copy(store, kept, far)

        assert keep.check(far, copied).faults == ()
        (tmp_path / "into").mkdir()
        keep.fetch(far, copied, tmp_path / "into")
        original = store.folder / kept.path / "big"
        assert (tmp_path / "into" / "big").read_bytes() == original.read_bytes()

    def test_a_folder_without_permission_is_told(
        self, store: keep.DirectoryStore, far: keep.SftpStore
    ) -> None:
        kept = put_backup(store)
        nowhere = keep.SftpStore("far", far.gateway, far.route, "/proc/eduops", far.scratch)

        with pytest.raises(OutsideError, match="/proc/eduops"):
            keep.copy(store, kept, nowhere)
        assert list(far.scratch.glob(".sending-*")) == []

    @pytest.mark.needs("mounting")
    def test_a_full_disk_over_there_is_told_and_leaves_no_copy(
        self, store: keep.DirectoryStore, far: keep.SftpStore, network: sshd.Network, tmp_path: Path
    ) -> None:
        kept = put_backup(store, files={"edu.dump": bytes(4_000_000)})
        with far_disk(tmp_path, network) as server:
            full = keep.SftpStore("far", far.gateway, straight(server, far, network), far.path, far.scratch)
            with pytest.raises(OutsideError, match="所在的磁盘已满") as caught:
                keep.copy(store, kept, full)
        assert "腾出空间" in caught.value.hint
        assert list(far.scratch.glob(".sending-*")) == []

    def test_a_line_that_breaks_leaves_a_sign_by_which_the_rest_is_swept_later(
        self, store: keep.DirectoryStore, far: keep.SftpStore, network: sshd.Network
    ) -> None:
        kept = put_backup(store, files={f"part-{n:02}": bytes(200_000) for n in range(30)})
        source = directory.open_stored(store, kept)

        @contextmanager
        def cut(name: str) -> Iterator[Readable]:
            with source.open(name) as stream:
                yield Cut(stream, network) if name == "part-20" else stream

        with pytest.raises(OutsideError, match=r"连接中断|断开"):
            sftp.adopt(far, Stored(kept, source.sizes, cut), kept.path)
        assert [path.name[:6] for path in Path(far.path).iterdir()] == [".part-"]

        (swept,) = keep.sweep(far)
        assert swept.startswith(".part-")
        assert list(Path(far.path).iterdir()) == list(far.scratch.iterdir()) == []
        assert keep.check(far, keep.copy(store, kept, far)).faults == ()


class Cut:
    """A file in the middle of which the line breaks."""

    def __init__(self, stream: Readable, network: sshd.Network) -> None:
        self._stream, self._network, self._is_cut = stream, network, False

    def read(self, size: int, /) -> bytes:
        chunk = self._stream.read(size)
        if not self._is_cut and self._stream.tell() > 100_000:  # type: ignore[attr-defined]
            self._is_cut = True
            self._network.host.end_sessions()
        return chunk


@contextmanager
def far_disk(folder: Path, network: sshd.Network) -> Iterator[sshd.Server]:
    """A server whose `far` folder is a disk of one megabyte."""
    (folder / "far").mkdir()
    script = folder / "small-disk"
    script.write_text(
        f"#!/bin/sh\nexec {' '.join(small_disk.find_way() or ())} sh -c"
        f" 'mount -t tmpfs -o size=1m tmpfs {folder}/far && exec /usr/lib/openssh/sftp-server'\n"
    )
    script.chmod(0o755)
    with sshd.running(
        folder / "small", authorized=network.key, options={"Subsystem": f"sftp {script}"}
    ) as server:
        yield server


def straight(server: sshd.Server, far: keep.SftpStore, network: sshd.Network) -> Route:
    """The way to a server that no bastion stands before, its key trusted."""
    login = {"user": sshd.USER, "key_file": str(network.key), "port": server.port}
    known = far.gateway.known_hosts
    known.write_text(f"{known.read_text()}[127.0.0.1]:{server.port} {server.known_line}\n")
    config = RemoteConfig.model_validate({"hosts": {"bak-02": login}})
    return find_route(config, code="bak-02", address="127.0.0.1", bastion=None, home=known.parent)


def route(network: sshd.Network, home: Path) -> Route:
    config = RemoteConfig.model_validate(
        {
            "defaults": {"user": sshd.USER, "key_file": str(network.key), "connect_seconds": 5},
            "bastions": {"main": {"address": "127.0.0.1", "port": network.bastion.port}},
            "hosts": {"bak-01": {"port": network.host.port}},
        }
    )
    return find_route(config, code="bak-01", address="127.0.0.1", bastion="main", home=home)


def replace_identity(place: PlaceKind, identity: Path) -> PlaceKind:
    if isinstance(place, keep.DirectoryStore):
        return keep.DirectoryStore(place.name, place.folder, identity_file=identity)
    return keep.SftpStore(place.name, place.gateway, place.route, place.path, place.scratch, identity)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
