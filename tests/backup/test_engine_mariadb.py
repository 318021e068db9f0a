"""MariaDB as hospitals run it: one transaction, rows counted as they pass, events that never run in a scratch place."""

import gzip

import pytest
from backup_job import dump, make_job, make_scratch, restore

from eduops.backup import engine
from eduops.backup.engine import mariadb
from eduops.backup.rules import compare
from eduops.core.errors import NotAllowed, OutsideError

pytestmark = [pytest.mark.server, pytest.mark.needs("mariadb")]

_TABLES = """
SET NAMES utf8mb4;
CREATE DATABASE quiz;
USE quiz;
CREATE TABLE item (id INT PRIMARY KEY AUTO_INCREMENT, name TEXT, part BLOB, size DOUBLE, at TIMESTAMP(3) NULL);
INSERT INTO item (name, part, size, at) VALUES ('a\\nb;(),''', x'00ff0a', 0.1, NOW(3)),
  ('名称', NULL, 3, NULL), ('', '', 0, NULL);
INSERT INTO item (name) SELECT CONCAT('行', seq) FROM seq_1_to_500;
CREATE TABLE `奇 "怪` (a INT);
CREATE TABLE old (a INT) ENGINE=MyISAM;
CREATE VIEW seen AS SELECT * FROM item;
CREATE PROCEDURE count_them() SELECT COUNT(*) FROM item;
CREATE TRIGGER on_item BEFORE INSERT ON item FOR EACH ROW SET NEW.size = 1;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM item;
"""


@pytest.fixture(scope="module", autouse=True)
def quiz(maria):
    maria.execute(_TABLES)
    yield
    maria.execute("DROP DATABASE quiz")


@pytest.fixture
def job(maria, password_file, tmp_path):
    def build(**changes):
        source = {
            "engine": "mariadb",
            "address": "127.0.0.1",
            "port": maria.port,
            "user": "backup",
            "database": "quiz",
            "password_file": str(password_file),
            "scratch": {"same_server": True},
        }
        return make_job(tmp_path, "quiz", **(source | changes))

    return build


def databases(maria):
    return set(maria.execute("SHOW DATABASES").split())


def test_restored_database_has_the_rows_of_the_dump_and_no_event(job, maria, tmp_path):
    dumped = dump(job(), tmp_path / "stage")
    assert {name: image.rows for name, image in dumped.images.items()} == {"item": 503, "old": 0, '奇 "怪': 0}
    assert dumped.notes == ("表 old 不是 InnoDB：备份期间写入的行可能前后不一致",)
    assert b"EVENT `nightly`" in (tmp_path / "stage" / mariadb.EVENTS).read_bytes()
    scratch, found, differences = restore(job(), tmp_path / "stage", tmp_path)
    assert (differences, compare(dumped.images, found)) == ([], [])
    assert maria.execute("SHOW EVENTS", database=scratch.name) == ""
    assert "count_them" in maria.execute(f"SHOW PROCEDURE STATUS WHERE db = '{scratch.name}'")
    engine.clean(job(), scratch)
    assert scratch.name not in databases(maria)
    assert not scratch.folder.exists()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE item SET name = 'x' WHERE id = 7", ["表 item 行数相同（503），内容不同"]),
        ("DELETE FROM item WHERE id = 7", ["表 item 备份时 503 行，恢复后 502 行"]),
        ("DROP TABLE old", ["表 old 没有恢复出来"]),
    ],
)
def test_what_differs_is_named(job, maria, tmp_path, statement, said):
    dumped = dump(job(), tmp_path / "stage")
    scratch, _, _ = restore(job(), tmp_path / "stage", tmp_path)
    maria.execute(statement, database=scratch.name)
    assert compare(dumped.images, engine.read_restored(job(), scratch)) == said
    engine.clean(job(), scratch)


def test_sentinel_is_found_again(job, maria, now, tmp_path):
    sentinel = engine.mark(job(), token="ab12", now=now)
    dump(job(), tmp_path / "stage")
    later = engine.mark(job(), token="cd34", now=now)
    scratch, _, _ = restore(job(), tmp_path / "stage", tmp_path)
    assert engine.has_sentinel(job(), scratch, sentinel)
    assert not engine.has_sentinel(job(), scratch, later)
    engine.clean(job(), scratch)
    maria.execute("DROP TABLE eduops_sentinel", database="quiz")


def test_database_of_that_name_is_refused_and_left_alone(job, maria, tmp_path):
    dump(job(), tmp_path / "stage")
    scratch = make_scratch(tmp_path)
    maria.execute(f"CREATE DATABASE {scratch.name}; CREATE TABLE {scratch.name}.precious (a INT)")
    with pytest.raises(NotAllowed, match="已经存在"):
        engine.restore(job(), tmp_path / "stage", scratch)
    with pytest.raises(NotAllowed, match="没有这次演练的标记"):
        engine.clean(job(), scratch)
    assert maria.execute("SHOW TABLES", database=scratch.name).split() == ["precious"]
    maria.execute(f"DROP DATABASE {scratch.name}")


def test_wrong_password_is_a_sentence_without_it(job, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("secret-that-must-not-show\n")
    wrong.chmod(0o600)
    with pytest.raises(OutsideError, match="不接受用户或口令") as caught:
        dump(job(password_file=str(wrong)), tmp_path / "stage")
    assert "secret-that-must-not-show" not in caught.value.message + caught.value.detail


@pytest.mark.parametrize(("changes", "said"), [({"port": 1}, "连不上"), ({"database": "nobody"}, "nobody")])
def test_source_that_is_gone_is_a_sentence(job, tmp_path, changes, said):
    with pytest.raises(OutsideError, match=said):
        dump(job(**changes), tmp_path / "stage")


def test_full_disk_is_a_sentence(job, tmp_path):
    stage = tmp_path / "stage"
    stage.mkdir()
    (stage / mariadb.FILE).symlink_to("/dev/full")
    with pytest.raises(OutsideError, match="磁盘已满"):
        engine.dump(job(), stage)


def test_half_a_dump_is_found(job, tmp_path):
    dump(job(), tmp_path / "stage")
    path = tmp_path / "stage" / mariadb.FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OutsideError, match="读不回来"):
        engine.check(job(), tmp_path / "stage")
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-100]))
    with pytest.raises(OutsideError, match="没有结束标记"):
        engine.check(job(), tmp_path / "stage")


def test_user_with_the_rights_that_the_manual_names_backs_up_and_restores(
    job, maria, tmp_path, password_file
):
    maria.execute(
        "CREATE USER few@'127.0.0.1' IDENTIFIED BY 'invented';"
        " GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON quiz.* TO few@'127.0.0.1';"
        " GRANT ALL ON `eduops\\_scratch\\_%`.* TO few@'127.0.0.1'"
    )
    password_file.write_text("invented\n")
    few = job(user="few")
    dumped = dump(few, tmp_path / "one")
    assert "存储过程和函数可能没有备份" in dumped.notes[-1]
    maria.execute("GRANT SELECT ON mysql.proc TO few@'127.0.0.1'")
    assert len(dump(few, tmp_path / "stage").notes) == 1
    scratch, found, differences = restore(few, tmp_path / "stage", tmp_path)
    assert (differences, found.keys()) == ([], dumped.images.keys())
    assert "few@127.0.0.1" in maria.execute(f"SHOW PROCEDURE STATUS WHERE db = '{scratch.name}'")
    assert maria.execute("SELECT COUNT(*) FROM seen", database=scratch.name).strip() == "503"
    assert "on_item" in maria.execute("SHOW TRIGGERS", database=scratch.name)
    engine.clean(few, scratch)
    maria.execute("DROP USER few@'127.0.0.1'")
