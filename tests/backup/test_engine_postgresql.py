"""PostgreSQL as hospitals run it: dumped while others write, restored beside itself, every refusal a sentence."""

import subprocess
import tempfile
import threading
import time

import psycopg
import pytest
from backup_job import dump, make_job, make_scratch, restore
from servers import sshd

from eduops.backup import engine
from eduops.backup.engine import postgresql
from eduops.backup.rules import compare
from eduops.core.errors import ConfigError, NotAllowed, OutsideError
from eduops.remote.configuration import RemoteConfig
from eduops.remote.route import find_bastion_route

pytestmark = pytest.mark.server


@pytest.fixture
def job(pg, pg_source, password_file, tmp_path):
    def build(**changes):
        source = {
            "engine": "postgresql",
            "address": "127.0.0.1",
            "port": pg.port,
            "user": "backup",
            "database": pg_source,
            "password_file": str(password_file),
            "scratch": {"same_server": True},
        }
        return make_job(tmp_path, "platform", **(source | changes))

    return build


def test_restored_database_has_the_rows_that_the_server_summed_while_dumping(job, pg, tmp_path):
    dumped = dump(job(), tmp_path / "stage")
    assert {name: image.rows for name, image in dumped.images.items()} == {
        "item": 500, "child": 1, "nothing": 0, 'other.奇 "怪': 0
    }  # fmt: skip
    scratch, found, _ = restore(job(), tmp_path / "stage", tmp_path)
    assert compare(dumped.images, found) == []
    assert scratch.name in pg.databases()
    engine.clean(job(), scratch)
    assert scratch.name not in pg.databases()
    assert not scratch.folder.exists()


def test_a_changed_row_is_found_by_its_sum(job, pg, tmp_path):
    dumped = dump(job(), tmp_path / "stage")
    scratch, _, _ = restore(job(), tmp_path / "stage", tmp_path)
    pg.execute("UPDATE item SET name = 'x' WHERE id = 7", scratch.name)
    assert compare(dumped.images, engine.read_restored(job(), scratch)) == [
        "表 item 行数相同（500），内容不同"
    ]
    engine.clean(job(), scratch)


def test_dump_and_sums_are_of_one_instant_while_others_write(job, pg, pg_source, tmp_path):
    stop, written = threading.Event(), []

    def write():
        with psycopg.connect(pg.url(pg_source), autocommit=True) as session:
            number = 1000
            while not stop.is_set():
                with session.transaction():
                    session.execute("INSERT INTO item (id, name) VALUES (%s, 'new')", (number,))
                    session.execute("INSERT INTO nothing DEFAULT VALUES")
                written.append(number)
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 20:
            time.sleep(0.01)
        before = len(written)
        dumped = dump(job(), tmp_path / "stage")
    finally:
        stop.set()
        writer.join()
    assert dumped.images["item"].rows - 500 == dumped.images["nothing"].rows >= before
    assert len(written) > dumped.images["nothing"].rows
    scratch, found, _ = restore(job(), tmp_path / "stage", tmp_path)
    engine.clean(job(), scratch)
    assert compare(dumped.images, found) == []


def test_sentinel_is_found_again(job, now, tmp_path):
    sentinel = engine.mark(job(), token="ab12", now=now)
    dump(job(), tmp_path / "stage")
    later = engine.mark(job(), token="cd34", now=now)
    scratch, _, _ = restore(job(), tmp_path / "stage", tmp_path)
    assert engine.has_sentinel(job(), scratch, sentinel)
    assert not engine.has_sentinel(job(), scratch, later)
    engine.clean(job(), scratch)


def test_database_of_that_name_is_refused_and_left_alone(job, pg, tmp_path):
    dump(job(), tmp_path / "stage")
    scratch = make_scratch(tmp_path)
    pg.create_database(scratch.name)
    pg.execute("CREATE TABLE precious (a int)", scratch.name)
    with pytest.raises(NotAllowed, match="已经存在"):
        engine.restore(job(), tmp_path / "stage", scratch)
    with pytest.raises(NotAllowed, match="没有这次演练的标记"):
        engine.clean(job(), scratch)
    assert pg.execute("SELECT count(*) FROM precious", scratch.name) == [(0,)]
    pg.drop(scratch.name)


def test_database_that_was_made_but_not_yet_marked_is_swept(job, pg, tmp_path):
    scratch = make_scratch(tmp_path)
    pg.create_database(scratch.name)
    engine.clean(job(), scratch)
    assert scratch.name not in pg.databases()


def test_server_that_nobody_allowed_is_not_restored_to(job):
    with pytest.raises(NotAllowed, match="没有写演练恢复到哪台服务器"):
        engine.require_scratch(job(scratch={}))


def test_wrong_password_is_a_sentence_without_it(job, tmp_path, now):
    wrong = tmp_path / "wrong"
    wrong.write_text("secret-that-must-not-show\n")
    wrong.chmod(0o600)
    stage = tmp_path / "stage"
    stage.mkdir()
    with pytest.raises(OutsideError, match="不接受用户 backup 的口令") as caught:
        engine.dump(job(password_file=str(wrong)), stage)
    said = caught.value.message + caught.value.hint + caught.value.detail
    assert "secret-that-must-not-show" not in said


def test_password_file_that_others_can_read_is_refused(job, password_file, tmp_path):
    password_file.chmod(0o644)
    with pytest.raises(ConfigError, match="权限是 644"):
        engine.dump(job(), tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"port": 1}, "连不上"),
        ({"database": "nobody"}, "没有数据库 nobody"),
        ({"address": "/nonexistent"}, "连不上"),
    ],
)
def test_source_that_is_gone_is_a_sentence(job, tmp_path, changes, said):
    with pytest.raises(OutsideError, match=said):
        engine.dump(job(**changes), tmp_path)


def test_password_is_in_no_command_line_and_no_file_is_left(job, pg, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    seen, stop = set(), threading.Event()

    def watch():
        while not stop.is_set():
            listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
            seen.update(line for line in listed.splitlines() if "pg_dump" in line)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(4):
            dump(job(), tmp_path / f"stage{number}")
    finally:
        stop.set()
        watcher.join()
    assert seen
    assert not [line for line in seen if pg.password in line]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_full_disk_is_a_sentence(job, tmp_path):
    stage = tmp_path / "stage"
    stage.mkdir()
    (stage / postgresql.FILE).symlink_to("/dev/full")
    with pytest.raises(OutsideError, match="磁盘已满"):
        engine.dump(job(), stage)


@pytest.mark.parametrize("keep", [0, 100, 2000])
def test_cut_off_dump_is_found(job, tmp_path, keep):
    dump(job(), tmp_path / "stage")
    path = tmp_path / "stage" / postgresql.FILE
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(OutsideError, match="读回备份失败"):
        engine.check(job(), tmp_path / "stage")


def route(tmp_path, server, key, name="jump"):
    config = RemoteConfig.model_validate(
        {
            "bastions": {
                name: {"address": "127.0.0.1", "port": server.port, "user": sshd.USER, "key_file": str(key)}
            }
        }
    )
    return {name: find_bastion_route(config, name, home=tmp_path)}


@pytest.mark.needs("sshd")
def test_server_behind_a_bastion_is_dumped_and_restored_through_it(job, jump, pg, pg_source, tmp_path):
    server, key = jump
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.known_line}\n")
    far = job(through="jump")
    far = type(far)(far.name, far.source, far.home, route(tmp_path, server, key))
    dumped = dump(far, tmp_path / "stage")
    scratch, found, _ = restore(far, tmp_path / "stage", tmp_path)
    assert compare(dumped.images, found) == []
    engine.clean(far, scratch)
    assert "经 jump" in engine.describe(far)


@pytest.mark.needs("sshd")
def test_wrong_host_key_of_the_bastion_is_a_sentence(job, jump, tmp_path):
    server, key = jump
    other = sshd.make_key(tmp_path / "other").with_suffix(".pub").read_text().split()[:2]
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {' '.join(other)}\n")
    far = job(through="jump")
    far = type(far)(far.name, far.source, far.home, route(tmp_path, server, key))
    with pytest.raises(OutsideError, match="主机密钥变了"):
        engine.dump(far, tmp_path)


@pytest.mark.needs("sshd")
def test_closed_port_behind_a_bastion_names_both(job, jump, tmp_path):
    server, key = jump
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.known_line}\n")
    far = job(through="jump", port=1)
    far = type(far)(far.name, far.source, far.home, route(tmp_path, server, key))
    with pytest.raises(OutsideError, match=r"经堡垒机 jump连不上 127\.0\.0\.1:1"):
        engine.dump(far, tmp_path)


def test_user_with_the_rights_that_the_manual_names_backs_up_and_restores(job, pg, tmp_path, password_file):
    pg.execute("CREATE ROLE few LOGIN CREATEDB PASSWORD 'invented'")
    pg.execute("GRANT pg_read_all_data TO few")
    password_file.write_text("invented\n")
    few = job(user="few")
    dumped = dump(few, tmp_path / "stage")
    scratch, found, _ = restore(few, tmp_path / "stage", tmp_path)
    assert compare(dumped.images, found) == []
    engine.clean(few, scratch)
    pg.execute("DROP ROLE few")
