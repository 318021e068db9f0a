"""A restic repository, by the real program: made on first use, one snapshot a backup, read back byte for byte."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from staged_backup import FILES, fill, put_backup

from eduops.backup import keep
from eduops.backup.keep import manifest
from eduops.core.errors import ConfigError, NotAllowed, NotFound, OutsideError

pytestmark = pytest.mark.needs("restic")


@pytest.fixture
def store(tmp_path: Path) -> keep.ResticStore:
    password = tmp_path / "restic.password"
    password.write_text("a good password\n")
    password.chmod(0o600)
    (tmp_path / "scratch").mkdir()
    return keep.ResticStore("vault", str(tmp_path / "repository"), password, tmp_path / "scratch")


def test_a_snapshot_is_read_back_whole_fetched_byte_for_byte_and_nothing_is_stored_twice(
    store: keep.ResticStore, tmp_path: Path
) -> None:
    kept = put_backup(store)
    again = put_backup(store, "BKP-2026-0002")

    assert (keep.check(store, kept).faults, keep.check(store, again).files) == ((), 3)
    assert again.size_bytes < kept.size_bytes / 2
    into = tmp_path / "into"
    into.mkdir()
    assert keep.fetch(store, kept, into) == sorted([*FILES, manifest.NAME])
    assert {name: (into / name).read_bytes() for name in FILES} == FILES
    assert [path.name for path in store.scratch.iterdir()] == [".restic-vault.made"]


def test_a_removed_snapshot_is_gone_and_the_other_one_stays_whole(store: keep.ResticStore) -> None:
    first, second = put_backup(store), put_backup(store, "BKP-2026-0002", {"other.dump": os.urandom(90_000)})

    keep.remove(store, first)
    keep.remove(store, first)
    keep.compact(store)

    assert "读不出来" in keep.check(store, first).faults[0]
    assert keep.check(store, second).faults == ()


def test_what_a_killed_run_put_is_discarded_by_its_name(store: keep.ResticStore) -> None:
    keep.discard(store, "BKP-2026-0001")
    put_backup(store)
    other = put_backup(store, "BKP-2026-0002")

    keep.discard(store, "BKP-2026-0001")

    assert [each["short_id"] for each in _snapshots(store)] == [other.path]


def test_one_flipped_bit_in_the_repository_is_found(store: keep.ResticStore, tmp_path: Path) -> None:
    kept = put_backup(store, files={"edu.dump": os.urandom(300_000)})
    pack = max(Path(store.repository, "data").rglob("*"), key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)

    (fault,) = keep.check(store, kept).faults
    assert fault.startswith(f"快照 {kept.path} 读不出来")
    with pytest.raises(OutsideError, match="不能用"):
        keep.fetch(store, kept, tmp_path)


def test_a_repository_that_cannot_be_reached_is_not_called_damaged(store: keep.ResticStore) -> None:
    far = keep.ResticStore(
        "far", "rest:http://user:invented-secret@127.0.0.1:9/", store.password_file, store.scratch
    )

    with pytest.raises(OutsideError, match="连不上仓库") as caught:
        keep.check(far, keep.Kept("0123456789", 0, ""))
    assert "invented-secret" not in caught.value.message + caught.value.detail


def test_a_snapshot_whose_list_the_catalogue_does_not_know_is_not_whole(store: keep.ResticStore) -> None:
    kept = put_backup(store)

    (fault,) = keep.check(store, keep.Kept(kept.path, 0, "0" * 64)).faults
    assert "与登记不符" in fault


def test_a_wrong_password_is_said_and_is_nowhere_in_what_is_said(store: keep.ResticStore) -> None:
    kept = put_backup(store)
    store.password_file.write_text("not this one")

    with pytest.raises(ConfigError, match="不接受密码文件") as caught:
        keep.check(store, kept)
    assert "not this one" not in caught.value.message + caught.value.hint


def test_a_password_file_that_others_can_read_is_refused(store: keep.ResticStore) -> None:
    store.password_file.chmod(0o644)

    with pytest.raises(ConfigError, match="别人也能读") as caught, keep.stage(store) as stage:
        fill(stage, "BKP-2026-0001")
        keep.put(store, stage, "BKP-2026-0001")
    assert "chmod 600" in caught.value.hint


def test_a_repository_that_is_not_there_is_no_empty_one(store: keep.ResticStore) -> None:
    with pytest.raises(NotFound, match="仓库不存在"):
        keep.check(store, keep.Kept("0123456789", 0, ""))


def test_a_repository_that_is_not_mounted_is_not_made_anew(store: keep.ResticStore) -> None:
    kept = put_backup(store)
    mounted = Path(store.repository)
    mounted.rename(mounted.with_name("away"))

    with pytest.raises(NotFound, match="以前建好的仓库不在了") as caught:
        put_backup(store, "BKP-2026-0002")
    assert "是否挂载" in caught.value.hint
    assert not mounted.exists()
    mounted.with_name("away").rename(mounted)
    assert keep.check(store, kept).faults == ()


def test_a_living_lock_is_waited_for_by_people_and_a_dead_one_is_taken_away(store: keep.ResticStore) -> None:
    kept = put_backup(store)
    holder = subprocess.Popen(
        ["restic", "--no-cache", "backup", "--stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(store),
    )  # fmt: skip
    while not list(Path(store.repository, "locks").iterdir()):
        assert holder.poll() is None

    with pytest.raises(OutsideError, match="正被另一个 restic 使用"):
        keep.compact(store)
    holder.kill()
    holder.wait()
    holder.stdin.close()  # type: ignore[union-attr]
    keep.compact(store)

    assert keep.check(store, kept).faults == ()


@pytest.mark.parametrize("path", ["latest", "", "--help", "BKP-2026-0001", "abc"])
def test_a_catalogue_entry_that_is_no_snapshot_is_never_given_to_restic(
    store: keep.ResticStore, path: str
) -> None:
    with pytest.raises(NotAllowed, match="不是 restic 快照"):
        keep.remove(store, keep.Kept(path, 0, ""))


def test_restic_that_is_not_installed_is_said_in_a_plain_sentence(
    store: keep.ResticStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigError, match="restic 没有安装") as caught, keep.stage(store) as stage:
        fill(stage, "BKP-2026-0001")
        keep.put(store, stage, "BKP-2026-0001")
    assert "kind: directory" in caught.value.hint


def _environment(store: keep.ResticStore) -> dict[str, str]:
    return {
        **os.environ,
        "RESTIC_REPOSITORY": store.repository,
        "RESTIC_PASSWORD_FILE": str(store.password_file),
    }


def _snapshots(store: keep.ResticStore) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(
        subprocess.run(
            ["restic", "--no-cache", "snapshots", "--json"],
            env=_environment(store), check=True, capture_output=True,
        ).stdout
    )  # fmt: skip
    return found
