"""Sources besides a home on SQLite: a home on PostgreSQL, folders, full disks, second places, encrypted stores."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import psycopg
import pyrage
import pytest
from backup_home import Place
from servers import small_disk

from eduops.core.errors import NotAllowed, NotFound
from eduops.core.home import Home
from eduops.store.secret import make_key
from eduops.workflow import backup_copy
from eduops.workflow.backup_drill import Wanted, drill
from eduops.workflow.backup_run import back_up_source
from eduops.workflow.backup_verify import verify

_PROCESS = multiprocessing.get_context("fork")
_SAME_SERVER = "sources: {home: {engine: home, scratch: {same_server: true}}}\n"


@pytest.fixture(autouse=True)
def scratch_is_left_empty(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def lay_out(path, url=None):
    home = Home(path, url)
    for name in ("backups", "contracts", "attachments"):
        home.folder(name).mkdir(parents=True)
    make_key(home.key_path)
    return home


@pytest.fixture
def place(sqlite_store, tmp_path, now):
    return Place(lay_out(tmp_path), sqlite_store, now)


@pytest.fixture
def far_home(postgresql_store, tmp_path, now):
    """A home whose database is PostgreSQL."""
    url = postgresql_store.engine.url.render_as_string(hide_password=False)
    return Place(lay_out(tmp_path, url.replace("postgresql+psycopg", "postgresql")), postgresql_store, now)


def scratch_databases(server):
    with psycopg.connect(server.url("postgres"), autocommit=True) as session:
        found = session.execute("SELECT datname FROM pg_database WHERE datname LIKE 'eduops\\_scratch%'")
        return [name for (name,) in found.fetchall()]


@pytest.mark.server
def test_home_on_postgresql_is_backed_up_and_restored_beside_itself(far_home, postgresql_server):
    far_home.configure(_SAME_SERVER)
    backup = back_up_source(far_home.desk, "home")
    made, _ = drill(far_home.desk, Wanted(source="home"))
    assert (made.passed, made.differences) == (True, [])
    assert backup.tables["audit_entry"]["rows"] == made.evidence["tables"]["audit_entry"]["found"] == 1
    assert made.evidence["sentinel"] == {"found": True}
    assert scratch_databases(postgresql_server) == []


@pytest.mark.server
def test_home_on_postgresql_is_not_restored_where_nobody_allowed_it(far_home):
    back_up_source(far_home.desk, "home")
    with pytest.raises(NotAllowed, match="没有写演练恢复到哪台服务器"):
        drill(far_home.desk, Wanted(source="home"))
    assert far_home.drills() == []


@pytest.mark.server
@pytest.mark.parametrize("milliseconds", [150, 400, 800])
def test_drill_that_was_killed_leaves_no_database_after_the_next_start(
    far_home, postgresql_server, milliseconds
):
    far_home.configure(_SAME_SERVER)
    back_up_source(far_home.desk, "home")
    far_home.store.engine.dispose()
    process = _PROCESS.Process(target=lambda: drill(far_home.desk, Wanted(source="home")))
    process.start()
    time.sleep(milliseconds / 1000)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    far_home.store.engine.dispose(close=False)
    made, _ = drill(far_home.desk, Wanted(source="home"))
    assert made.passed
    assert scratch_databases(postgresql_server) == []
    assert all(not each.passed for each in far_home.drills() if each.finished_at is None)


def test_folder_is_backed_up_with_its_sentinel_and_drilled(place, tmp_path):
    courses = tmp_path / "courses"
    courses.mkdir()
    (courses / "课件（虚构）.ppt").write_bytes(os.urandom(50_000))
    place.configure(
        f"sources: {{home: {{engine: home}}, courses: {{engine: directory, path: {courses}, sentinel: true}}}}\n"
    )
    backup = back_up_source(place.desk, "courses")
    assert (backup.engine, backup.origin, backup.source_bytes > 50_000) == ("directory", str(courses), True)
    made, _ = drill(place.desk, Wanted(source="courses"))
    assert (made.passed, made.differences, made.evidence["sentinel"]) == (True, [], {"found": True})
    with pytest.raises(NotFound, match="来源 home 还没有可用的备份"):
        drill(place.desk, Wanted(source="home"))


def test_files_that_were_left_out_are_said(place, tmp_path):
    courses = tmp_path / "courses"
    courses.mkdir()
    os.mkfifo(courses / "pipe")
    place.configure(f"sources: {{home: {{engine: home}}, courses: {{engine: directory, path: {courses}}}}}\n")
    back_up_source(place.desk, "courses")
    assert place.warned == ["BKP-2026-0001：1 个套接字、管道或设备没有备份：pipe"]


def test_another_engine_under_the_same_name_does_not_restore_old_backups(place, tmp_path):
    courses = tmp_path / "courses"
    courses.mkdir()
    text = "sources: {{home: {{engine: home}}, x: {{engine: {}, path: {}}}}}\n"
    place.configure(text.format("directory", courses))
    back_up_source(place.desk, "x")
    place.configure(text.format("sqlite", courses))
    with pytest.raises(NotFound, match="是按 engine: directory 做的"):
        drill(place.desk, Wanted(source="x"))


@pytest.fixture
def identity():
    return pyrage.x25519.Identity.generate()


def write_identity(path, identity):
    path.touch(mode=0o600)
    path.write_text(f"# invented\n{identity}\n")
    return path


def encrypt_home(place, identity, *, with_key):
    key = write_identity(place.home.path / "backup.age", identity) if with_key else None
    place.configure(
        "stores: {main: {path: backups, encryption: age, recipients: [" + str(identity.to_public()) + "]"
        + (f", identity_file: {key}" if key else "") + "}}\nsources: {home: {engine: home}}\n"
    )  # fmt: skip


def test_second_copy_of_an_age_key_is_proved_by_opening_the_backup_with_it(place, identity, tmp_path_factory):
    encrypt_home(place, identity, with_key=False)
    backup = back_up_source(place.desk, "home")
    assert backup.encryption == "age"
    copy = write_identity(tmp_path_factory.mktemp("safe") / "copy.age", identity)
    made, _ = drill(place.desk, Wanted(source="home", keys=(copy,)))
    assert (made.passed, made.differences) == (True, [])
    (proof,) = made.evidence["keys"]
    assert (proof["kind"], proof["proved"], proof["fingerprint"]) == ("age", True, str(identity.to_public()))
    assert "SECRET" not in json.dumps(made.evidence)


def test_another_age_key_does_not_open_it(place, identity, tmp_path_factory):
    encrypt_home(place, identity, with_key=True)
    back_up_source(place.desk, "home")
    other = write_identity(tmp_path_factory.mktemp("safe") / "x.age", pyrage.x25519.Identity.generate())
    made, _ = drill(place.desk, Wanted(source="home", keys=(other,)))
    assert (made.passed, "打不开" in made.differences[0]) == (False, True)


_FILL = """
import sys
from pathlib import Path
from datetime import datetime, UTC
from functools import partial
from eduops.core.errors import EduopsError
from eduops.core.home import Home
from eduops.store.store import open_store
from eduops.store.unit import unit_of_work
from eduops.workflow.backup_job import open_desk
from eduops.workflow.backup_run import back_up_source
import subprocess
home = Home(Path(sys.argv[1]))
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + sys.argv[3], "tmpfs", str(home.folder("backups"))], check=True)
store = open_store(home.database_url)
unit = partial(unit_of_work, store, now=datetime.now(UTC), actor="x", command="x")
try:
    back_up_source(open_desk(unit, home), sys.argv[2])
except EduopsError as error:
    print(error.message)
print(sorted(path.name for path in home.folder("backups").iterdir()))
"""


@pytest.mark.needs("mounting")
@pytest.mark.parametrize("size", ["200k", "1m"])
def test_full_disk_is_a_sentence_and_leaves_nothing(place, tmp_path, size):
    """A disk of this size of its own, in a mount namespace that goes with the process."""
    courses = tmp_path / "courses"
    courses.mkdir()
    (courses / "video.mp4").write_bytes(os.urandom(2_000_000))
    place.configure(f"sources: {{home: {{engine: home}}, courses: {{engine: directory, path: {courses}}}}}\n")
    place.store.engine.dispose()
    for name in ("home", "courses"):
        words = [*small_disk.find_way(), sys.executable, "-c", _FILL]
        done = subprocess.run(
            [*words, str(tmp_path), name, size], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        *said, left = done.stdout.splitlines()
        if name == "courses" or size == "200k":
            assert "磁盘已满" in said[0]
        assert said or size == "1m"
        assert left == "[]" or not said
    assert place.states()[0][1] == "failed"


def test_copy_in_a_second_place_is_verified_and_drilled_by_itself(place, tmp_path):
    (tmp_path / "nas").mkdir()
    place.configure(
        "places: {nas: {path: "
        + str(tmp_path / "nas")
        + "}}\nsources: {home: {engine: home, places: [nas]}}\n"
    )
    backup = back_up_source(place.desk, "home")
    assert all(outcome.is_good for outcome in backup_copy.copy_after_run(place.desk, backup))
    shutil.rmtree(place.home.folder("backups") / backup.path)
    made, _ = drill(place.desk, Wanted(source="home", place="nas"))
    assert (made.passed, made.copy_id is not None) == (True, True)
    (outcome,) = verify(place.desk, place="nas")
    assert (outcome.check.passed, outcome.copy.place) == (True, "nas")
    (own,) = verify(place.desk)
    assert not own.check.passed
