"""Backing up and drilling a home: what fails is seen, what passed was compared row by row."""

import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import timedelta

import pytest
from backup_home import Place

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.backup.engine import sqlite
from eduops.backup.models import Backup
from eduops.core.errors import Conflict, NotAllowed, NotFound, OutsideError
from eduops.core.files import hash_file
from eduops.core.home import Home
from eduops.store import audit
from eduops.store.secret import fingerprint, load_cipher, make_key, require_fit
from eduops.training.models.tenant import Tenant
from eduops.training.service.onboarding import CONTACT
from eduops.workflow.backup_drill import Wanted, drill, drill_backup
from eduops.workflow.backup_job import alone
from eduops.workflow.backup_run import back_up, back_up_source, plan_backup
from eduops.workflow.backup_verify import verify
from eduops.workflow.table import all_tables

_PROCESS = multiprocessing.get_context("fork")


@pytest.fixture
def place(sqlite_store, tmp_path, now):
    home = Home(tmp_path)
    for name in ("backups", "contracts", "attachments"):
        home.folder(name).mkdir()
    make_key(home.key_path)
    home.settings_path.write_text("customer: 虚构市医院\n", encoding="utf-8")
    (home.folder("attachments") / "照片（虚构）.png").write_bytes(b"\x89PNG invented")
    return Place(home, sqlite_store, now)


@pytest.fixture(autouse=True)
def scratch_is_left_empty(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def run(place):
    return back_up(place.open_unit, place.home)


def _fill(store, *, rows):
    with store.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql("CREATE TABLE filling (a)")
        connection.exec_driver_sql("INSERT INTO filling VALUES (?)", [("x" * 1000,)] * rows)


def stored(place, backup, name=sqlite.FILE):
    return place.home.folder("backups") / backup.path / name


def test_backup_holds_every_table_and_file_and_a_drill_passes(place):
    backup = run(place)
    assert backup.state == "verified"
    tables = {name for name in backup.tables if not name.startswith("files/")}
    assert tables == {*all_tables().tables, "alembic_version"}
    assert backup.tables["files/attachments"]["rows"] == 1
    made, restored = drill_backup(place.open_unit, place.home, None)
    assert (made.passed, made.differences, restored.ref) == (True, [], backup.ref)
    assert made.rows_compared == sum(table["rows"] for table in backup.tables.values()) > 0
    with place.store.reading() as session:
        entries = audit.list_entries(session, limit=10)
        assert [entry.change.get("step") for entry in entries][::-1] == ["begin", "finish", "begin", "finish"]
        assert (entries[0].subject, entries[0].change) == (made.ref, {"step": "finish", "passed": True})
        assert audit.verify(session) == (4, None)


def test_evidence_of_a_drill_has_steps_files_tables_and_the_sentinel(place):
    backup = run(place)
    made, _ = drill_backup(place.open_unit, place.home, backup.ref)
    names = [step["step"] for step in made.evidence["steps"]]
    assert names == ["prepare", "fetch", "restore", "compare", "sentinel", "clean"]
    assert made.evidence["files"][sqlite.FILE]["sha256"] == hash_file(stored(place, backup))
    assert made.evidence["tables"]["audit_entry"]["found"] == 1
    assert made.evidence["sentinel"] == {"found": True}
    assert (made.limit_milliseconds, made.scratch.rpartition("/")[2][:15]) == (3_600_000, "eduops_scratch_")
    json.dumps(made.evidence)


def test_key_of_personal_data_is_in_no_backup(place):
    backup = run(place)
    key = place.home.key_path.read_bytes().strip()
    for path in stored(place, backup).parent.iterdir():
        assert key not in path.read_bytes()


def test_backup_holds_the_rows_that_were_written(place):
    new = NewHost("app-1", "应用服务器（虚构）", Role.APPLICATION, Environment.PRODUCTION, "10.66.0.11")
    with place.store.writing() as session:
        assets.add_host(session, new, now=place.now)
    backup = run(place)
    with closing(sqlite3.connect(stored(place, backup))) as database:
        assert database.execute("SELECT code, name FROM host").fetchall() == [("app-1", new.name)]


def test_two_backups_are_two_folders(place):
    first, second = run(place), run(place)
    assert place.kept() == sorted([first.path, second.path])
    assert drill_backup(place.open_unit, place.home, None)[1].ref == second.ref
    assert drill_backup(place.open_unit, place.home, first.ref)[1].ref == first.ref


def test_preview_names_what_would_be_done_and_does_nothing(place):
    planned = plan_backup(place.desk, "home")
    assert (planned.source, planned.engine, planned.store, planned.newest) == ("home", "home", "main", None)
    assert (place.states(), place.kept()) == ([], [])


def test_unknown_source_is_named_with_those_there_are(place):
    with pytest.raises(NotFound, match="没有来源「nobody」"):
        back_up_source(place.desk, "nobody")


def test_damaged_database_makes_a_failed_backup_that_is_never_offered(place):
    good = run(place)
    _fill(place.store, rows=600)
    place.store.engine.dispose()
    content = bytearray(place.home.database_path.read_bytes())
    for start in range(len(content) - 40 * 4096, len(content) - 20 * 4096, 4096):
        content[start : start + 4096] = os.urandom(4096)
    place.home.database_path.write_bytes(content)
    with pytest.raises(OutsideError):
        run(place)
    assert place.states() == [("BKP-2026-0002", "failed"), (good.ref, "verified")]
    assert place.kept() == [good.path]
    assert drill_backup(place.open_unit, place.home, None)[1].ref == good.ref
    with pytest.raises(NotAllowed, match="失败了"):
        drill_backup(place.open_unit, place.home, "BKP-2026-0002")


def test_store_that_cannot_be_written_makes_a_failed_backup(place):
    place.home.folder("backups").rmdir()
    place.home.folder("backups").write_text("一个文件（虚构）")
    with pytest.raises(OutsideError, match="失败"):
        run(place)
    assert place.states() == [("BKP-2026-0001", "failed")]


def _kill_while(place, action, is_under_way):
    process = _PROCESS.Process(target=action)
    process.start()
    until = time.monotonic() + 30
    while not is_under_way() and time.monotonic() < until:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_killed_backup_is_never_offered_and_the_next_start_sweeps_it(place):
    good = run(place)
    _fill(place.store, rows=20_000)
    _kill_while(place, lambda: run(place), lambda: len(place.states()) == 2)
    assert place.states()[0] == ("BKP-2026-0002", "started")
    assert drill_backup(place.open_unit, place.home, None)[1].ref == good.ref
    with pytest.raises(NotAllowed):
        drill_backup(place.open_unit, place.home, "BKP-2026-0002")
    last = run(place)
    assert place.states() == [(last.ref, "verified"), ("BKP-2026-0002", "failed"), (good.ref, "verified")]
    left = {path.name for path in place.home.folder("backups").iterdir()}
    assert left == {good.path, last.path}


@pytest.mark.parametrize("milliseconds", [1, 15, 40, 80, 120, 160, 200, 260, 320, 400])
def test_whenever_a_backup_is_killed_the_last_good_one_stays_and_nothing_broken_counts(place, milliseconds):
    good = run(place)
    _fill(place.store, rows=15_000)
    begun = time.monotonic()
    _kill_while(place, lambda: run(place), lambda: time.monotonic() - begun > milliseconds / 1000)
    list(verify(place.desk))
    assert place.states()[-1] == (good.ref, "verified")
    assert "started" not in dict(place.states()).values()
    whole = [ref for ref, state in place.states() if state == "verified"]
    assert len(list(place.home.folder("backups").iterdir())) == len(whole)
    assert drill_backup(place.open_unit, place.home, whole[0])[0].passed


@pytest.mark.parametrize("milliseconds", [1, 10, 20, 30, 45, 60, 80, 100, 140, 200])
def test_whenever_a_drill_is_killed_it_did_not_pass_and_its_scratch_goes(place, milliseconds):
    _fill(place.store, rows=15_000)
    backup = run(place)
    begun = time.monotonic()
    _kill_while(
        place,
        lambda: drill_backup(place.open_unit, place.home, None),
        lambda: time.monotonic() - begun > milliseconds / 1000,
    )
    run(place)
    killed = [each for each in place.drills() if each.finished_at is None]
    assert all(not each.passed and "中断" in each.fault for each in killed)
    assert list(os.scandir(tempfile.gettempdir())) == []
    assert drill_backup(place.open_unit, place.home, backup.ref)[0].passed


@pytest.mark.parametrize("milliseconds", [1, 5, 10, 15, 20, 25, 30, 40, 50, 70])
def test_whenever_a_verification_is_killed_the_backup_stays_good(place, milliseconds):
    _fill(place.store, rows=15_000)
    backup = run(place)
    begun = time.monotonic()
    _kill_while(
        place,
        lambda: list(verify(place.desk)),
        lambda: time.monotonic() - begun > milliseconds / 1000,
    )
    assert place.states() == [(backup.ref, "verified")]
    assert [outcome.check.passed for outcome in verify(place.desk)] == [True]
    assert place.kept() == [backup.path]


def test_a_living_backup_is_not_taken_for_a_dead_one(place):
    with alone(place.home, "backup-home", doing="备份来源 home"):
        with place.store.writing() as session:
            session.add(
                Backup(
                    ref="BKP-2026-0009", source="home", path="x", started_at=place.now, actor="别人（虚构）"
                )
            )
        with pytest.raises(Conflict, match="正在备份来源 home"):
            run(place)
        assert place.states() == [("BKP-2026-0009", "started")]
    run(place)
    assert place.states()[1] == ("BKP-2026-0009", "failed")


@pytest.mark.parametrize("at", [0, 20, 4100, -1])
def test_drill_and_verification_of_a_flipped_byte_do_not_pass(place, at):
    backup = run(place)
    content = bytearray(stored(place, backup).read_bytes())
    content[at] ^= 1
    stored(place, backup).write_bytes(content)
    made, _ = drill_backup(place.open_unit, place.home, backup.ref)
    assert (made.passed, len(made.differences)) == (False, 1)
    assert [(each.ref, each.passed) for each in place.drills()] == [(made.ref, False)]
    (outcome,) = verify(place.desk)
    assert (outcome.check.passed, "内容变了" in outcome.check.fault) == (False, True)
    assert place.states() == [(backup.ref, "failed")]
    with pytest.raises(NotFound, match="还没有可用的备份"):
        drill_backup(place.open_unit, place.home, None)


def test_rows_that_were_changed_in_the_store_are_named_by_the_drill(place):
    backup = run(place)
    with closing(sqlite3.connect(stored(place, backup))) as database, database:
        database.execute("DELETE FROM audit_entry")
    listed = stored(place, backup, "manifest.json")
    told = json.loads(listed.read_text())
    path = stored(place, backup)
    told["files"][sqlite.FILE] = {"size": path.stat().st_size, "sha256": hash_file(path)}
    listed.write_text(json.dumps(told))
    with place.store.writing() as session:
        session.merge(backup).sha256 = hash_file(listed)
    made, _ = drill_backup(place.open_unit, place.home, backup.ref)
    assert made.differences == ["表 audit_entry 备份时 1 行，恢复后 0 行", "备份前写入的哨兵没有恢复出来"]


def test_a_store_that_is_away_fails_the_verification_but_not_the_backup(place):
    place.configure("stores: {main: {path: usb}}\nsources: {home: {engine: home}}\n")
    backup = run(place)
    stage = place.home.path / "usb"
    hidden = place.home.path / "unplugged"
    stage.rename(hidden)
    made, _ = drill_backup(place.open_unit, place.home, backup.ref)
    assert (made.passed, "不在" in made.differences[0]) == (False, True)
    hidden.rename(stage)
    assert all(outcome.check.passed for outcome in verify(place.desk))


def test_restore_that_takes_too_long_does_not_pass(place):
    place.configure("sources: {home: {engine: home, restore_limit_minutes: 0.000001}}\n")
    run(place)
    made, _ = drill_backup(place.open_unit, place.home, None)
    assert (made.passed, "超过限时" in made.differences[-1]) == (False, True)


def test_backup_of_before_there_were_stores_is_restored_too(place):
    old = place.home.folder("backups") / "BKP-2026-0001-20260301T000000Z.db"
    shutil.copyfile(place.home.database_path, old)
    images = sqlite.read_images(old)
    with place.store.writing() as session:
        session.add(
            Backup(
                ref="BKP-2026-0001", source="home", path=old.name, state="verified", started_at=place.now,
                sha256=hash_file(old), tables={name: {"rows": each.rows, "checksum": each.checksum}
                for name, each in images.items()}, size_bytes=old.stat().st_size, actor="值班（虚构）",
            )
        )  # fmt: skip
    made, backup = drill_backup(place.open_unit, place.home, None)
    assert (made.passed, made.differences, backup.path) == (True, [], old.name)
    assert [outcome.check.passed for outcome in verify(place.desk)] == [True]


def test_clock_that_was_turned_back_is_told_and_the_order_stays(place):
    first = run(place)
    place.now -= timedelta(days=3)
    second = back_up_source(place.desk, "home")
    assert any("往回拨" in said for said in place.warned)
    assert second.finished_at >= second.started_at
    assert drill_backup(place.open_unit, place.home, None)[1].ref == second.ref != first.ref


def _seal(place, path):
    cipher = load_cipher(path)
    with place.store.writing() as session:
        require_fit(session, cipher, is_writing=True)
        session.add(
            Tenant(code="x", name="虚构院区", kind="campus", contact_phone_sealed=cipher.seal("13900000000", CONTACT),
                   created_at=place.now)
        )  # fmt: skip
    return cipher


def copy_key(place, tmp_path_factory):
    copy = tmp_path_factory.mktemp("safe") / "personal.key"
    shutil.copy(place.home.key_path, copy)
    return copy


def test_second_copy_of_the_key_is_proved_by_opening_what_was_restored(place, tmp_path_factory):
    copy = copy_key(place, tmp_path_factory)
    cipher = _seal(place, place.home.key_path)
    run(place)
    made, _ = drill(place.desk, Wanted(source="home", keys=(copy,)))
    assert (made.passed, made.differences) == (True, [])
    (proof,) = made.evidence["keys"]
    assert (proof["proved"], proof["opened"], proof["fingerprint"]) == (True, 1, fingerprint(cipher))
    assert cipher.check not in json.dumps(made.evidence)


def test_another_key_is_not_proved(place, tmp_path_factory):
    other = tmp_path_factory.mktemp("safe") / "personal.key"
    make_key(other)
    _seal(place, place.home.key_path)
    run(place)
    made, _ = drill(place.desk, Wanted(source="home", keys=(other,)))
    assert (made.passed, made.evidence["keys"][0]["proved"]) == (False, False)
    assert "不是加密这些个人信息的那一把" in made.differences[0]


def test_the_key_in_use_is_no_second_copy(place):
    run(place)
    with pytest.raises(NotAllowed, match="证明不了第二份"):
        drill(place.desk, Wanted(source="home", keys=(place.home.key_path,)))
    assert place.drills() == []


@pytest.mark.parametrize(
    "name", ["home", "edu", "eduops", "eduops_scratch_", "eduops_scratch_../x", "EDUOPS_SCRATCH_A"]
)
def test_name_that_something_else_could_have_is_no_scratch_place(place, name):
    run(place)
    with pytest.raises(NotAllowed, match="不是演练用的名称"):
        drill(place.desk, Wanted(source="home", into=name))
    assert place.drills() == []


def test_folder_that_is_there_already_is_refused_and_left_alone(place):
    run(place)
    folder = place.home.path / "演练"
    taken = folder / "eduops_scratch_mine"
    taken.mkdir(parents=True)
    (taken / "file").write_text("别人的文件（虚构）")
    place.configure("sources: {home: {engine: home, scratch: {path: 演练}}}\n")
    made, _ = drill(place.desk, Wanted(source="home", into="eduops_scratch_mine"))
    assert (made.passed, "已经存在" in made.differences[0]) == (False, True)
    assert (taken / "file").read_text() == "别人的文件（虚构）"
