"""A dump is whole and consistent while others write; a checksum misses no change of a row."""

import multiprocessing
import os
import signal
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.backup.engine import sqlite
from eduops.backup.rules import TableImage, compare
from eduops.core.errors import OutsideError

_PROCESS = multiprocessing.get_context("fork")


def make(path, *rows, statement="CREATE TABLE item (a)"):
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.executemany("INSERT INTO item VALUES (?)", [(row,) for row in rows])
        database.commit()
    return path


def image(path):
    return sqlite.read_images(path)["item"]


def _write_pairs(path, ready):
    """Rows that belong together are written together: `left` and `right` are always equally long."""
    database = sqlite3.connect(path, timeout=30)
    number = 0
    while True:
        with database:
            database.execute("INSERT INTO left_half VALUES (?, ?)", (number, "x" * 500))
            database.execute("INSERT INTO right_half VALUES (?, ?)", (number, "y" * 500))
        number += 1
        if number == 20:
            ready.set()


def test_dump_is_consistent_while_another_process_writes(tmp_path):
    source = tmp_path / "live.db"
    with closing(sqlite3.connect(source)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        for name in ("left_half", "right_half"):
            database.execute(f"CREATE TABLE {name} (number INTEGER, filling TEXT)")
    ready = _PROCESS.Event()
    writer = _PROCESS.Process(target=_write_pairs, args=(source, ready))
    writer.start()
    try:
        assert ready.wait(30)
        counts = []
        for number in range(300):
            stage = tmp_path / str(number)
            stage.mkdir()
            images = sqlite.dump_file(source, stage).images
            left, right = images["left_half"].rows, images["right_half"].rows
            assert left == right >= 20
            counts.append(left)
            if number >= 5 and counts[-1] > counts[0] + 20:
                break
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0], "nothing was written while the dumps were made"


def test_dump_is_read_back_and_stands_alone(tmp_path):
    source = make(tmp_path / "live.db", 1, "二", None, b"\x00", 2.5)
    (tmp_path / "stage").mkdir()
    dumped = sqlite.dump_file(source, tmp_path / "stage")
    target = tmp_path / "stage" / sqlite.FILE
    assert dumped.images == sqlite.read_images(source) == sqlite.read_images(target)
    assert (dumped.images["item"].rows, dumped.source_bytes) == (5, target.stat().st_size)
    assert [path.name for path in target.parent.iterdir()] == [sqlite.FILE]


def test_rows_of_a_large_database_are_counted_only(tmp_path, monkeypatch):
    source = make(tmp_path / "live.db", *range(100))
    monkeypatch.setattr(sqlite, "CHECKSUM_BYTES", 4096)
    (tmp_path / "stage").mkdir()
    assert sqlite.dump_file(source, tmp_path / "stage").images == {"item": TableImage(100, None)}


def _damage(path):
    """Turns the middle of the file into noise, headers left alone."""
    content = bytearray(path.read_bytes())
    content[4096:8192] = os.urandom(4096)
    path.write_bytes(content)


def test_damaged_database_is_told(tmp_path):
    source = make(tmp_path / "live.db", *range(3000))
    _damage(source)
    with pytest.raises(OutsideError, match="损坏"):
        sqlite.dump_file(source, tmp_path)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "文件不存在"), (b"not a database at all" * 300, "不是 SQLite 数据库")]
)
def test_dump_of_what_is_no_database_says_so(tmp_path, content, said):
    source, stage = tmp_path / "live.db", tmp_path / "stage"
    stage.mkdir()
    if content:
        source.write_bytes(content)
    with pytest.raises(OutsideError, match=rf"live\.db 失败：{said}"):
        sqlite.dump_file(source, stage)
    assert source.exists() == bool(content)


VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5) | st.binary(max_size=5)
VALUES |= st.floats(allow_nan=False).map(lambda number: number + 0.0)  # SQLite keeps no negative zero


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(VALUES, min_size=1, max_size=6), place=st.integers(0, 5), value=VALUES)
def test_checksum_misses_no_changed_row(tmp_path_factory, rows, place, value):
    folder = tmp_path_factory.mktemp("images")
    changed = list(rows)
    changed[place % len(rows)] = value
    before, after = image(make(folder / "a.db", *rows)), image(make(folder / "b.db", *changed))
    assert (before == after) == (sorted(map(repr, rows)) == sorted(map(repr, changed)))


@pytest.mark.parametrize(("one", "other"), [("1", 1), (1, 1.0), (None, ""), ("", b""), (0, None), ("a", "A")])
def test_checksum_knows_types_apart(tmp_path, one, other):
    assert image(make(tmp_path / "a.db", one)) != image(make(tmp_path / "b.db", other))


def test_checksum_does_not_depend_on_the_order_of_rows(tmp_path):
    assert image(make(tmp_path / "a.db", 1, 2, 2)) == image(make(tmp_path / "b.db", 2, 1, 2))
    assert image(make(tmp_path / "c.db", 1, 2, 2)) != image(make(tmp_path / "d.db", 1, 1, 2))


def test_table_with_an_odd_name_is_read_too(tmp_path):
    path = tmp_path / "odd.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute('CREATE TABLE "成绩 ""终"" ; --" (a)')
        database.execute('INSERT INTO "成绩 ""终"" ; --" VALUES (1)')
        database.commit()
    assert [(name, found.rows) for name, found in sqlite.read_images(path).items()] == [('成绩 "终" ; --', 1)]


ONE, OTHER = TableImage(3, "a"), TableImage(3, "b")


@pytest.mark.parametrize(
    ("expected", "found", "differences"),
    [
        ({}, {}, []),
        ({"t": ONE}, {"t": ONE}, []),
        ({"t": ONE}, {}, ["表 t 没有恢复出来"]),
        ({}, {"t": ONE}, ["多出表 t"]),
        ({"t": ONE}, {"t": TableImage(2, "a")}, ["表 t 备份时 3 行，恢复后 2 行"]),
        ({"t": ONE}, {"t": OTHER}, ["表 t 行数相同（3），内容不同"]),
        ({"t": TableImage(3, None)}, {"t": OTHER}, []),
        ({"files/a": ONE}, {"files/a": TableImage(2, "a")}, ["目录 a 备份时 3 项，恢复后 2 项"]),
        (
            {"a": ONE, "b": ONE, "c": ONE},
            {"b": OTHER, "c": ONE, "d": ONE},
            ["表 a 没有恢复出来", "多出表 d", "表 b 行数相同（3），内容不同"],
        ),
    ],
)
def test_every_difference_is_named(expected, found, differences):
    assert compare(expected, found) == differences
