"""Restoring: a backup that is not what was dumped never passes a drill."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from eduops.backup import queries, service
from eduops.core.errors import NotAllowed, NotFound
from eduops.core.files import hash_file


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


@pytest.fixture
def scratch(tmp_path):
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "live.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE item (a, b)")
        database.executemany("INSERT INTO item VALUES (?, ?)", [(n, "x" * 50) for n in range(500)])
        database.commit()
    return path


def back_up(store, source, folder, now):
    with store.writing() as session:
        begun = service.begin_backup(session, now=now, actor="值班（虚构）")
    dump = service.make_dump(source, folder / begun.path)
    with store.writing() as session:
        return service.finish_backup(session, begun.ref, dump, now=now)


def test_backup_is_written_down_before_it_begins_and_named_after_its_instant(store, now):
    with store.writing() as session:
        begun = service.begin_backup(session, now=now, actor="值班（虚构）")
    assert (begun.ref, begun.path) == ("BKP-2026-0001", "BKP-2026-0001-20260305T035000Z.db")
    with store.reading() as session:
        (kept,) = queries.list_backups(session)
        assert (kept.state, kept.finished_at, kept.sha256) == ("started", None, None)


def test_sound_backup_passes(store, source, folder, scratch, now):
    backup = back_up(store, source, folder, now)
    restored = service.restore(backup, folder=folder, scratch=scratch)
    assert (restored.differences, restored.rows_compared) == ([], 500)
    assert list(scratch.iterdir()) == []
    with store.writing() as session:
        drill = service.record_drill(session, backup, restored, now=now, actor="值班（虚构）")
    assert (drill.ref, drill.passed, drill.tables_compared) == ("DRL-2026-0001", True, 1)
    with store.reading() as session:
        assert [run.kind for run in queries.list_runs(session)] == ["drill", "backup"]


@pytest.mark.parametrize("place", [0, 20, 4100, -1])
def test_flipped_byte_is_found(sqlite_store, source, folder, scratch, now, place):
    backup = back_up(sqlite_store, source, folder, now)
    stored = folder / backup.path
    content = bytearray(stored.read_bytes())
    content[place] ^= 1
    stored.write_bytes(content)
    restored = service.restore(backup, folder=folder, scratch=scratch)
    assert restored.differences == [f"备份文件 {backup.path} 与备份时的校验值不符"]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00"])
def test_cut_off_file_is_found(sqlite_store, source, folder, scratch, now, content):
    backup = back_up(sqlite_store, source, folder, now)
    (folder / backup.path).write_bytes(content)
    assert "校验值不符" in service.restore(backup, folder=folder, scratch=scratch).differences[0]


def test_missing_file_is_found(sqlite_store, source, folder, scratch, now):
    backup = back_up(sqlite_store, source, folder, now)
    (folder / backup.path).unlink()
    restored = service.restore(backup, folder=folder, scratch=scratch)
    assert restored.differences == [f"备份文件 {backup.path} 不在了"]


def test_file_that_cannot_be_read_is_found(sqlite_store, source, folder, scratch, now):
    backup = back_up(sqlite_store, source, folder, now)
    (folder / backup.path).unlink()
    (folder / backup.path).mkdir()
    (difference,) = service.restore(backup, folder=folder, scratch=scratch).differences
    assert "读不了" in difference


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE item SET b = 'y' WHERE a = 77", "表 item 行数相同（500），内容不同"),
        ("UPDATE item SET a = '77' WHERE a = 77", "表 item 行数相同（500），内容不同"),
        ("DELETE FROM item WHERE a = 77", "表 item 备份时 500 行，恢复后 499 行"),
        ("INSERT INTO item SELECT * FROM item WHERE a = 77", "表 item 备份时 500 行，恢复后 501 行"),
        ("DROP TABLE item", "表 item 没有恢复出来"),
        ("CREATE TABLE more (a)", "多出表 more"),
    ],
)
def test_drill_never_passes_when_a_row_differs(sqlite_store, source, folder, scratch, now, statement, said):
    backup = back_up(sqlite_store, source, folder, now)
    with closing(sqlite3.connect(folder / backup.path)) as database:
        database.execute(statement)
        database.commit()
    backup.sha256 = hash_file(folder / backup.path)  # as if the file had been hashed after the change
    restored = service.restore(backup, folder=folder, scratch=scratch)
    assert restored.differences == [said]
    with sqlite_store.writing() as session:
        drill = service.record_drill(session, backup, restored, now=now, actor="值班（虚构）")
        assert not drill.passed
        assert queries.list_runs(session)[0].result == said


def test_folder_that_is_not_empty_is_refused_and_left_alone(sqlite_store, source, folder, scratch, now):
    backup = back_up(sqlite_store, source, folder, now)
    (scratch / "restored.db").write_text("别人的文件（虚构）")
    with pytest.raises(NotAllowed, match="不是空的"):
        service.restore(backup, folder=folder, scratch=scratch)
    assert (scratch / "restored.db").read_text() == "别人的文件（虚构）"


def test_newest_verified_backup_is_the_one_offered(store, source, folder, now):
    first = back_up(store, source, folder, now)
    second = back_up(store, source, folder, now + timedelta(hours=1))
    with store.writing() as session:
        failed = service.begin_backup(session, now=now, actor="值班（虚构）")
        service.fail_backup(session, failed.ref, fault="磁盘满（虚构）", now=now)
        service.begin_backup(session, now=now, actor="值班（虚构）")
        assert service.get_restorable(session, None).ref == second.ref
        assert service.get_restorable(session, first.ref).ref == first.ref
        with pytest.raises(NotAllowed, match="BKP-2026-0003 失败了（磁盘满（虚构））"):
            service.get_restorable(session, failed.ref)
        with pytest.raises(NotAllowed, match="BKP-2026-0004 没有做完"):
            service.get_restorable(session, "BKP-2026-0004")
        with pytest.raises(NotFound, match="BKP-2026-0404"):
            service.get_restorable(session, "BKP-2026-0404")


def test_without_any_backup_there_is_nothing_to_restore(sqlite_store):
    with sqlite_store.reading() as session, pytest.raises(NotFound, match="还没有可用的备份"):
        service.get_restorable(session, None)


def test_runs_are_listed_in_half_open_intervals_newest_first(sqlite_store, source, folder, now):
    refs = [back_up(sqlite_store, source, folder, now + timedelta(hours=hours)).ref for hours in (0, 1, 2)]
    with sqlite_store.reading() as session:
        runs = queries.list_runs(session, from_at=now, to_at=now + timedelta(hours=2))
    assert [run.ref for run in runs] == [refs[1], refs[0]]
    assert {run.result for run in runs} == {"1 张表 500 行，已读回核对"}
