"""The MariaDB and MySQL engine: mariadb-dump in one transaction, whose rows are counted and summed as they pass.

Programs get the password by an option file of mode 0600. Events lie in a file of their own, which a drill leaves
alone: restored into a scratch database they would begin to work.
"""

import gzip
import subprocess
import time
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Final

from eduops.backup.engine import program
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import Dumped, Job, Scratch
from eduops.backup.engine.mariadb_client import PORT, Client, ask, open_client, stream
from eduops.backup.engine.mariadb_text import Reader, without_definers
from eduops.backup.engine.server import name_server, scratch_login
from eduops.backup.engine.sqlite import SENTINELS_KEPT
from eduops.backup.rules.image import TableImage
from eduops.core.errors import NotAllowed, OutsideError
from eduops.core.files import render_reason

FILE: Final = "database.sql.gz"
EVENTS: Final = "events.sql"
MARKER: Final = "eduops_scratch_marker"
_COMPLETED: Final = b"-- Dump completed"
_CHUNK_BYTES: Final = 1 << 20
_SENTINEL: Final = """
CREATE TABLE IF NOT EXISTS eduops_sentinel (number BIGINT AUTO_INCREMENT PRIMARY KEY,
  token VARCHAR(64) CHARACTER SET ascii NOT NULL, at DATETIME NOT NULL) ENGINE=InnoDB;
INSERT INTO eduops_sentinel (token, at) VALUES ('{token}', '{at}');
SET @last = (SELECT MAX(number) FROM eduops_sentinel);
DELETE FROM eduops_sentinel WHERE number <= @last - {kept};
"""
_COMMON: Final = ("--single-transaction", "--hex-blob", "--quick", "--default-character-set=utf8mb4")


def describe(job: Job) -> str:
    """Where the source lies, without any secret."""
    return f"{name_server(job.source, PORT)}/{job.source.database}"


def mark(job: Job, *, token: str, now: datetime) -> dict[str, object]:
    """Writes a row of ours into the source. Raises OutsideError where it cannot be written."""
    at = now.strftime("%Y-%m-%d %H:%M:%S")
    with open_client(job, job.source) as client:
        ask(
            client,
            _SENTINEL.format(token=_hex(token), at=at, kept=SENTINELS_KEPT),
            database=str(job.source.database),
            what=f"在数据库 {job.source.database} 写入哨兵行",
        )
    return {"token": token, "at": now.isoformat()}


def dump(job: Job, stage: Path) -> Dumped:
    """Dumps one snapshot of the source's database. Raises OutsideError, ConfigError."""
    database = str(job.source.database)
    what = f"备份数据库 {database}（{name_server(job.source, PORT)}）"
    with open_client(job, job.source) as client:
        reader = Reader()
        try:
            with gzip.open(stage / FILE, "wb", compresslevel=1) as packed:
                _read_dump(client, database, reader, into=packed, what=what, with_code=True)
            (stage / EVENTS).write_bytes(_dump_events(client, database, what))
        except OSError as error:
            raise OutsideError(
                f"{what}失败：{render_reason(error)}",
                hint="清理存放处所在的磁盘，然后重新运行",
                source=str(stage.parent),
            ) from error
        loose = ask(
            client,
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
            " AND table_type = 'BASE TABLE' AND engine <> 'InnoDB' ORDER BY 1",
            database=database,
            what=what,
        ).splitlines()
        notes = [f"表 {'、'.join(loose)} 不是 InnoDB：备份期间写入的行可能前后不一致"] if loose else []
        if not _sees_routines(client, database):
            notes.append(f"用户 {client.server.user} 没有 mysql.proc 的查询权限：存储过程和函数可能没有备份")
    return Dumped(reader.images(), reader.size, tuple(notes))


def check(_job: Job, stage: Path) -> None:
    """Unpacks the whole dump and looks for its last line. Raises OutsideError where it is cut off or damaged."""
    end = b""
    try:
        with gzip.open(stage / FILE, "rb") as packed:
            while chunk := packed.read(_CHUNK_BYTES):
                end = (end + chunk)[-200:]
    except (OSError, EOFError, zlib.error) as error:
        raise OutsideError(
            f"备份文件 {FILE} 读不回来", hint="检查磁盘，然后重新备份", source=FILE, detail=str(error)
        ) from error
    if _COMPLETED not in end:
        raise OutsideError(
            f"备份文件 {FILE} 没有结束标记，是半份", hint="查看磁盘空间和网络，然后重新备份", source=FILE
        )


def require_scratch(job: Job) -> None:
    """Raises NotAllowed where no server to restore to is named."""
    scratch_login(job.name, job.source)


def restore(job: Job, folder: Path, scratch: Scratch) -> int:
    """Restores into a new database of the scratch server; milliseconds. Raises NotAllowed, OutsideError."""
    guard.require_scratch_name(scratch.name)
    if scratch.name == job.source.database:
        raise NotAllowed(f"演练库与来源同名（{scratch.name}），拒绝恢复", hint="给来源换一个名称")
    started = time.monotonic()
    what = f"恢复到演练库 {scratch.name}"
    with _scratchopen_client(job) as client:
        if _has_database(client, scratch.name):
            raise NotAllowed(
                f"演练库 {scratch.name} 在 {client.server.title} 上已经存在，拒绝写入",
                hint="查明它是谁的，移走后再演练",
            )
        ask(
            client,
            f"CREATE DATABASE `{scratch.name}`; CREATE TABLE `{scratch.name}`.`{MARKER}` AS"
            f" SELECT '{_hex(scratch.token)}' AS token",
            what=what,
        )
        words = [*client.words("mariadb"), "--batch", f"--database={scratch.name}"]
        with (
            gzip.open(folder / FILE, "rb") as packed,
            program.started(words, what=what, environment={}, stdin=subprocess.PIPE) as process,
        ):
            stream(process.stdin).writelines(without_definers(packed))
    return round((time.monotonic() - started) * 1000)


def read_dump(_job: Job, folder: Path) -> dict[str, TableImage]:
    """Every table as the stored dump has it. Raises OutsideError."""
    reader = Reader()
    with gzip.open(folder / FILE, "rb") as packed:
        for line in packed:
            reader.take(line)
    return reader.images()


def read_restored(job: Job, scratch: Scratch) -> dict[str, TableImage]:
    """Every table of what was restored, dumped once more. Raises OutsideError."""
    reader = Reader()
    with _scratchopen_client(job) as client:
        _read_dump(client, scratch.name, reader, into=None, what="读取演练库", with_code=False)
    images = reader.images()
    images.pop(MARKER, None)
    return images


def has_sentinel(job: Job, scratch: Scratch, sentinel: Mapping[str, object]) -> bool:
    """Whether the row of ours was restored. Raises OutsideError."""
    with _scratchopen_client(job) as client:
        statement = (
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
            " AND table_name = 'eduops_sentinel'"
        )
        if ask(client, statement, database=scratch.name, what="读取演练库").strip() == "0":
            return False
        token = _hex(str(sentinel["token"]))
        statement = f"SELECT COUNT(*) FROM eduops_sentinel WHERE token = '{token}'"  # noqa: S608 - hexadecimal
        return ask(client, statement, database=scratch.name, what="读取演练库").strip() == "1"


def clean(job: Job, scratch: Scratch) -> None:
    """Removes the scratch database and folder. Raises NotAllowed, OutsideError."""
    with _scratchopen_client(job) as client:
        _drop_database(client, scratch)
    guard.remove_folder(scratch.folder, token=scratch.token)


def _drop_database(client: "Client", scratch: Scratch) -> None:
    guard.require_scratch_name(scratch.name)
    if not _has_database(client, scratch.name):
        return
    what = f"删除演练库 {scratch.name}"
    tables = ask(client, "SHOW TABLES", database=scratch.name, what=what).split()
    # Killed between making and marking it: nothing is in it.
    if tables:
        kept = (
            ask(client, f"SELECT token FROM {MARKER}", database=scratch.name, what=what)  # noqa: S608
            if MARKER in tables
            else ""
        )
        if kept.strip() != scratch.token:
            raise NotAllowed(
                f"数据库 {scratch.name} 没有这次演练的标记，不删除", hint="查明它是谁的，再自行处理"
            )
    ask(client, f"DROP DATABASE `{scratch.name}`", what=what)


def _scratchopen_client(job: Job) -> AbstractContextManager[Client]:
    return open_client(job, scratch_login(job.name, job.source))


def _sees_routines(client: Client, database: str) -> bool:
    """Whether the user may read routines; mariadb-dump leaves them out without a word where it may not."""
    try:
        ask(client, "SELECT COUNT(*) FROM mysql.proc WHERE db = DATABASE()", database=database, what="")
    except OutsideError as error:
        return "denied" not in error.detail
    return True


def _has_database(client: Client, name: str) -> bool:
    statement = f"SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{name}'"  # noqa: S608
    return ask(client, statement, what=f"查看演练库 {name}").strip() != "0"


def _read_dump(
    client: Client, database: str, reader: Reader, *, into: gzip.GzipFile | None, what: str, with_code: bool
) -> None:
    code = ("--routines", "--triggers") if with_code else ("--skip-triggers",)
    words = [*client.words("mariadb-dump"), *_COMMON, *code, database]
    last = b""
    with program.started(words, what=what, environment={}, stdout=subprocess.PIPE) as process:
        for line in stream(process.stdout):
            reader.take(line)
            if into is not None:
                into.write(line)
            last = line
    if not last.startswith(_COMPLETED):
        raise OutsideError(
            f"{what}失败：没有导完", hint="查看网络和服务器，然后重新运行", source="mariadb-dump"
        )


def _dump_events(client: Client, database: str, what: str) -> bytes:
    words = [*client.words("mariadb-dump"), *_COMMON, "--events", "--skip-triggers"]
    words += ["--no-data", "--no-create-info", database]
    with program.started(words, what=what, environment={}, stdout=subprocess.PIPE) as process:
        return stream(process.stdout).read()


def _hex(token: str) -> str:
    """A token of ours. Raises ValueError for anything that could be more than that."""
    bytes.fromhex(token)
    return token
