"""The SQLite engine: a consistent copy while others write, its verification, and a reading of every row."""

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from eduops.backup.configuration import in_home
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import Dumped, Job, Scratch
from eduops.backup.rules.image import TableImage
from eduops.core.errors import OutsideError
from eduops.core.files import render_reason

FILE: Final = "database.db"
RESTORED: Final = "restored.db"
SENTINELS_KEPT: Final = 50
CHECKSUM_BYTES: Final = 64 * 1024 * 1024
"""Up to here every row's checksum is computed while backing up; past it a verification or drill does that."""
_BUSY_SECONDS: Final = 15


def describe(job: Job) -> str:
    """Where the source lies."""
    return str(_path(job))


def mark(job: Job, *, token: str, now: datetime) -> dict[str, object]:
    """Writes a row of ours into the source. Raises OutsideError where it cannot be written."""
    path = _path(job)
    try:
        with closing(_open(path, "rw")) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS eduops_sentinel (token TEXT PRIMARY KEY, at TEXT)")
            database.execute("INSERT INTO eduops_sentinel VALUES (?, ?)", (token, now.isoformat()))
            database.execute(
                "DELETE FROM eduops_sentinel WHERE rowid <= (SELECT max(rowid) FROM eduops_sentinel) - ?",
                (SENTINELS_KEPT,),
            )
    except sqlite3.Error as error:
        raise _failed("写入哨兵行到", path, error) from error
    return {"token": token, "at": now.isoformat()}


def dump(job: Job, stage: Path) -> Dumped:
    """Dumps the source's file. Raises OutsideError."""
    return dump_file(_path(job), stage)


def dump_file(source: Path, stage: Path) -> Dumped:
    """Copies a live database into the stage and counts the copy. Raises OutsideError."""
    copy_live(source, stage / FILE)
    size = (stage / FILE).stat().st_size
    return Dumped(read_images(stage / FILE, with_checksums=size <= CHECKSUM_BYTES), size)


def copy_live(source: Path, target: Path) -> None:
    """Copies a live database in one step: page-wise copying starts anew at every write and may never end.

    Raises OutsideError where either file cannot be opened, read or written.
    """
    try:
        with closing(_open(source, "ro")) as live, closing(sqlite3.connect(target)) as copy:
            # The copy is synced as a whole, before it gets its name.
            copy.execute("PRAGMA synchronous = OFF")
            live.backup(copy, pages=-1)
            # The copy must stand alone: without it the file would ask for its write-ahead log.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise _failed("备份", source, error) from error


def check(_job: Job, stage: Path) -> None:
    """Reads the whole dump. Raises OutsideError where it is damaged."""
    require_sound(stage / FILE)


def require_scratch(_job: Job) -> None:
    """A folder of this machine is enough."""


def restore(_job: Job, folder: Path, scratch: Scratch) -> int:
    """Restores the dump into the scratch folder; milliseconds. Raises OutsideError."""
    started = time.monotonic()
    target = scratch.folder / RESTORED
    try:
        shutil.copyfile(folder / FILE, target)
    except OSError as error:
        raise OutsideError(
            f"不能恢复到 {target}：{render_reason(error)}",
            hint="检查该目录的空间和权限；用 backup.yaml 的 scratch.path 可以换一个位置",
            source=str(target.parent),
            detail=str(error),
        ) from error
    # What is restored is opened, and what a crash left in it would be rolled back now.
    require_sound(target)
    return round((time.monotonic() - started) * 1000)


def read_dump(_job: Job, folder: Path) -> dict[str, TableImage]:
    """Every table of the stored dump, row by row. Raises OutsideError."""
    return read_images(folder / FILE)


def read_restored(_job: Job, scratch: Scratch) -> dict[str, TableImage]:
    """Every table of what was restored, row by row. Raises OutsideError."""
    return read_images(scratch.folder / RESTORED)


def has_sentinel(_job: Job, scratch: Scratch, sentinel: Mapping[str, object]) -> bool:
    """Whether the row of ours was restored."""
    path = scratch.folder / RESTORED
    try:
        with closing(_open(path, "ro")) as database:
            statement = "SELECT 1 FROM eduops_sentinel WHERE token = ?"
            return database.execute(statement, (sentinel["token"],)).fetchone() is not None
    except sqlite3.Error:
        return False


def clean(_job: Job, scratch: Scratch) -> None:
    """Removes what was restored, where its marker is ours."""
    guard.remove_folder(scratch.folder, token=scratch.token)


def require_sound(path: Path) -> None:
    """Raises OutsideError where SQLite finds the file damaged."""
    try:
        with closing(_open(path, "ro")) as database:
            problems = [row[0] for row in database.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        raise _failed("读取", path, error) from error
    if problems != ["ok"]:
        raise OutsideError(
            f"数据库文件 {path.name} 已损坏：{problems[0]}",
            hint="换一份更早的备份，并检查磁盘",
            source=path.name,
        )


def read_images(path: Path, *, with_checksums: bool = True) -> dict[str, TableImage]:
    """Every table's rows, and checksum where that is asked for. Raises OutsideError where the file is damaged."""
    try:
        with closing(_open(path, "ro")) as database:
            names = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                "ORDER BY name"
            ).fetchall()
            read = _image if with_checksums else _count
            return {name: read(database, name) for (name,) in names}
    except sqlite3.Error as error:
        raise _failed("读取", path, error) from error


def _image(database: sqlite3.Connection, table: str) -> TableImage:
    # The sum of the rows' hashes does not depend on their order, and two equal rows do not cancel out.
    total = rows = 0
    for row in database.execute(f"SELECT * FROM {_quoted(table)}"):  # noqa: S608 - from the file's own schema
        total += int.from_bytes(
            hashlib.blake2b(repr(row).encode(errors="surrogatepass"), digest_size=16).digest()
        )
        rows += 1
    return TableImage(rows, f"{total % 2**128:032x}")


def _count(database: sqlite3.Connection, table: str) -> TableImage:
    statement = f"SELECT count(*) FROM {_quoted(table)}"  # noqa: S608 - from the file's own schema
    (rows,) = database.execute(statement).fetchone()
    return TableImage(int(rows), None)


def _quoted(table: str) -> str:
    doubled = table.replace('"', '""')
    return f'"{doubled}"'


def _path(job: Job) -> Path:
    return in_home(job.source.path or Path(), job.home.path)


def _open(path: Path, mode: str) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_SECONDS)
    # Text that is not UTF-8 is a value like any other.
    database.text_factory = _decode
    return database


def _decode(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _failed(verb: str, path: Path, error: sqlite3.Error) -> OutsideError:
    return OutsideError(
        f"{verb} {path} 失败：{_reason(path, error)}",
        hint="检查文件是否存在、权限和磁盘空间",
        source="sqlite3",
        detail=str(error),
    )


def _reason(path: Path, error: sqlite3.Error) -> str:
    said = str(error)
    known = {
        "disk is full": "磁盘已满",
        "disk I/O error": "磁盘读写出错（可能已满或损坏）",
        "not a database": "不是 SQLite 数据库，或已损坏",
        "malformed": "数据库已损坏",
        "locked": f"被另一个程序占用，等了 {_BUSY_SECONDS} 秒仍未放开",
        "readonly": "文件不可写",
    }
    if "unable to open" in said:
        return "文件不存在" if not os.path.lexists(path) else "打不开，检查权限"
    return next((words for part, words in known.items() if part in said), said)
