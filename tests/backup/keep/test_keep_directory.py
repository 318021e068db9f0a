"""A folder of backups: whole or not there at all, and nothing that was touched since is called whole."""

import stat
from pathlib import Path

import pytest
from staged_backup import FILES, fill, put_backup

from eduops.backup import keep
from eduops.backup.keep import manifest
from eduops.core.errors import Conflict, NotAllowed, NotFound, OutsideError


@pytest.fixture
def store(tmp_path: Path) -> keep.DirectoryStore:
    return keep.DirectoryStore("main", tmp_path / "store")


def test_what_was_put_is_read_back_whole_and_fetched_byte_for_byte(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    kept = put_backup(store)

    checked = keep.check(store, kept)
    assert (checked.faults, checked.files, checked.is_opened) == ((), 3, True)
    into = tmp_path / "into"
    into.mkdir()
    assert keep.fetch(store, kept, into) == sorted([*FILES, manifest.NAME])
    assert {name: (into / name).read_bytes() for name in FILES} == FILES
    assert manifest.load(into).tables == {"learner": {"rows": 3, "checksum": "ab"}}


def test_only_its_owner_can_read_a_backup(store: keep.DirectoryStore) -> None:
    kept = put_backup(store)

    folder = store.folder / kept.path
    modes = {stat.S_IMODE(entry.stat().st_mode) for entry in folder.rglob("*") if entry.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE((folder / "files").stat().st_mode) == 0o700


def test_a_stage_that_was_not_put_leaves_nothing(store: keep.DirectoryStore) -> None:
    with pytest.raises(ZeroDivisionError), keep.stage(store) as stage:
        fill(stage, "BKP-2026-0001")
        raise ZeroDivisionError

    assert list(store.folder.iterdir()) == []


def test_a_stage_that_somebody_still_fills_is_not_swept(store: keep.DirectoryStore) -> None:
    with keep.stage(store) as stage:
        assert keep.sweep(store) == []
        assert stage.is_dir()


def test_a_name_is_given_once(store: keep.DirectoryStore) -> None:
    first = put_backup(store)

    with pytest.raises(Conflict, match="已有备份 BKP-2026-0001"):
        put_backup(store)
    assert keep.check(store, first).faults == ()


@pytest.mark.parametrize("name", sorted(FILES))
def test_one_flipped_bit_in_any_file_is_found(store: keep.DirectoryStore, tmp_path: Path, name: str) -> None:
    kept = put_backup(store)
    path = store.folder / kept.path / name
    content = bytearray(path.read_bytes() or b"x")
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    (fault,) = keep.check(store, kept).faults
    assert name in fault
    with pytest.raises(OutsideError, match="不能用") as caught:
        keep.fetch(store, kept, tmp_path)
    assert name in caught.value.message
    assert "换一份" in caught.value.hint


def test_a_changed_manifest_is_found_though_it_fits_its_changed_files(store: keep.DirectoryStore) -> None:
    kept = put_backup(store)
    folder = store.folder / kept.path
    (folder / "edu.dump").write_bytes(b"somebody else's rows")
    (folder / manifest.NAME).unlink()
    fill(folder, kept.path, {})

    assert keep.check(store, kept).faults == (
        "备份 BKP-2026-0001 的清单 manifest.json 被改动：校验值与登记不符",
    )


def test_missing_and_foreign_files_are_named(store: keep.DirectoryStore) -> None:
    kept = put_backup(store)
    folder = store.folder / kept.path
    (folder / "edu.dump").unlink()
    (folder / "virus.exe").write_bytes(b"MZ")

    assert keep.check(store, kept).faults == ("缺少文件 edu.dump", "多出文件 virus.exe，清单里没有")


def test_a_missing_manifest_is_named(store: keep.DirectoryStore) -> None:
    kept = put_backup(store)
    (store.folder / kept.path / manifest.NAME).unlink()

    assert keep.check(store, kept).faults == ("备份 BKP-2026-0001 的清单 manifest.json 不在了",)


def test_a_backup_that_somebody_removed_is_a_fault_and_cannot_be_fetched(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    gone = keep.Kept("BKP-2026-0009", 1, "0" * 64)

    assert "不在" in keep.check(store, gone).faults[0]
    with pytest.raises(NotFound, match="不在"):
        keep.fetch(store, gone, tmp_path)


def test_a_link_in_a_backup_is_refused_and_never_followed(store: keep.DirectoryStore) -> None:
    kept = put_backup(store)
    (store.folder / kept.path / "passwd").symlink_to("/etc/passwd")

    with pytest.raises(OutsideError, match="不是普通文件"):
        keep.check(store, kept)


@pytest.mark.parametrize("path", ["../outside", "", "..", "/etc", "a/b", ".stage-1"])
def test_a_catalogue_entry_cannot_lead_out_of_the_store(store: keep.DirectoryStore, path: str) -> None:
    for do in (keep.check, keep.remove):
        with pytest.raises(NotAllowed, match="位置"):
            do(store, keep.Kept(path, 0, ""))


def test_a_manifest_cannot_lead_out_of_the_backup() -> None:
    for path in ("../x", "/etc/passwd", "a//b", "", "a/../b"):
        with pytest.raises(ValueError):
            manifest.parse_files({path: {"size": 1, "sha256": ""}})


def test_removing_takes_everything_and_twice_is_once(store: keep.DirectoryStore) -> None:
    kept, other = put_backup(store), put_backup(store, "BKP-2026-0002")

    keep.remove(store, kept)
    keep.remove(store, kept)

    assert [entry.name for entry in store.folder.iterdir()] == [other.path]


def test_a_backup_of_before_there_were_stores_is_one_file(store: keep.DirectoryStore, tmp_path: Path) -> None:
    store.folder.mkdir()
    (store.folder / "BKP-2026-0001-20260305T010000Z.db").write_bytes(b"SQLite")
    kept = keep.Kept("BKP-2026-0001-20260305T010000Z.db", 6, manifest.hash_bytes(b"SQLite"))

    assert keep.check(store, kept).faults == ()
    assert keep.fetch(store, kept, tmp_path) == [kept.path]
    (store.folder / kept.path).write_bytes(b"SQLitf")
    assert len(keep.check(store, kept).faults) == 1
    keep.remove(store, kept)
    assert list(store.folder.iterdir()) == []


def test_a_folder_without_permission_is_told_in_one_sentence(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    (tmp_path / "store").write_text("a file, where the folder should be")

    with (
        pytest.raises(OutsideError, match=f"存放处 main（{store.folder}）准备备份目录失败"),
        keep.stage(store),
    ):
        pass
