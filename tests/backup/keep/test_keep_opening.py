"""What backup.yaml says of a store, as the store that it becomes."""

from pathlib import Path

import pytest
from staged_backup import put_backup

from eduops.backup import keep
from eduops.backup.configuration import BackupConfig
from eduops.backup.keep.opening import find_store
from eduops.core.errors import NotFound, OutsideError

RECIPIENT = "age1f93gragl0ddt08c3vugxvt0mqxdf2clkrncluulpv38yqjnqlaeq5pldcq"


def open_store(home: Path, **store: object) -> keep.Store:
    config = BackupConfig.model_validate(
        {"stores": {"main": store}, "sources": {"home": {"engine": "home"}}},
    )
    return find_store(config, "main", home)


def test_paths_lie_in_the_home_unless_they_are_whole(tmp_path: Path) -> None:
    assert open_store(tmp_path, kind="directory", path="backups") == keep.DirectoryStore(
        "main", tmp_path / "backups"
    )
    far = open_store(tmp_path, kind="directory", path="/srv/backup", identity_file="key.age")
    assert far == keep.DirectoryStore(
        "main", Path("/srv/backup"), identity_file=tmp_path / "key.age", may_be_made=False
    )


def test_recipients_count_only_where_encryption_is_asked_for(tmp_path: Path) -> None:
    plain = open_store(tmp_path, kind="directory", path="a", recipients=[RECIPIENT])
    sealed = open_store(tmp_path, kind="directory", path="a", recipients=[RECIPIENT], encryption="age")
    assert isinstance(plain, keep.DirectoryStore) and plain.recipients == ()
    assert isinstance(sealed, keep.DirectoryStore) and sealed.recipients == (RECIPIENT,)


@pytest.mark.parametrize("repository", ["/srv/restic", "rest:https://backup.example:8000/", "sftp:bak:/srv"])
def test_a_repository_is_given_to_restic_as_it_stands(tmp_path: Path, repository: str) -> None:
    store = open_store(tmp_path, kind="restic", repository=repository, password_file="/k/p")
    assert store == keep.ResticStore("main", repository, Path("/k/p"), tmp_path / "backups")


def test_a_repository_by_a_relative_path_lies_in_the_home(tmp_path: Path) -> None:
    store = open_store(tmp_path, kind="restic", repository="vault", password_file="p")
    assert store == keep.ResticStore("main", str(tmp_path / "vault"), tmp_path / "p", tmp_path / "backups")


def test_an_unknown_store_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="没有存放处「vault」") as caught:
        find_store(BackupConfig(), "vault", tmp_path)
    assert "main" in caught.value.hint


def test_a_store_outside_the_home_that_is_not_mounted_is_not_made_anew(tmp_path: Path) -> None:
    store = open_store(tmp_path / "home", kind="directory", path=str(tmp_path / "mnt" / "backup"))

    with pytest.raises(OutsideError, match="的目录不存在"):
        put_backup(store)
    assert not (tmp_path / "mnt").exists()
    (tmp_path / "mnt" / "backup").mkdir(parents=True)
    assert keep.check(store, put_backup(store)).faults == ()
