"""The SQLite engine: a consistent copy while others write, its verification, and a reading of every row."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from eduops.backup.rules import TableImage
from eduops.core.errors import OutsideError


def dump(source: Path, target: Path) -> None:
    """Copies a live database in one step: page-wise copying starts anew at every write and may never end.

    Raises OutsideError where either file cannot be opened, read or written.
    """
    try:
        with closing(_read_only(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy, pages=-1)
            # The copy must stand alone: without it the file would ask for its write-ahead log.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise _failed("备份", source, error) from error


def read_images(path: Path) -> dict[str, TableImage]:
    """Every table's rows and checksum. Raises OutsideError where the file is damaged."""
    try:
        with closing(_read_only(path)) as database:
            problems = [row[0] for row in database.execute("PRAGMA integrity_check")]
            if problems != ["ok"]:
                raise OutsideError(
                    f"数据库文件 {path.name} 已损坏：{problems[0]}",
                    hint="换一份更早的备份，并检查磁盘",
                    source=path.name,
                )
            names = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            ).fetchall()
            return {name: _image(database, name) for (name,) in names}
    except sqlite3.Error as error:
        raise _failed("读取", path, error) from error


def _image(database: sqlite3.Connection, table: str) -> TableImage:
    # The sum of the rows' hashes does not depend on their order, and two equal rows do not cancel out.
    total = rows = 0
    quoted = table.replace('"', '""')
    for row in database.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - the name comes from the file's own schema
        total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest())
        rows += 1
    return TableImage(rows, f"{total % 2**128:032x}")


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _failed(verb: str, path: Path, error: sqlite3.Error) -> OutsideError:
    return OutsideError(
        f"{verb} {path} 失败：{error}",
        hint="检查文件是否存在、权限和磁盘空间",
        source="sqlite3",
        detail=str(error),
    )
