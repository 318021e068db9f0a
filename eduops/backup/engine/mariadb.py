"""The MariaDB and MySQL engine: mariadb-dump in one transaction, whose rows are counted and summed as they pass.

Programs get the password by an option file of mode 0600. Events lie in a file of their own, which a drill leaves
alone: restored into a scratch database they would begin to work.
"""

import gzip
import hashlib
import re
import subprocess
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from eduops.backup import secret
from eduops.backup.configuration import Login
from eduops.backup.engine import program
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import Dumped, Job, Scratch
from eduops.backup.engine.server import Server, name_server, reach, scratch_login
from eduops.backup.engine.sqlite import SENTINELS_KEPT
from eduops.backup.rules.image import TableImage
from eduops.core.errors import NotAllowed, OutsideError
from eduops.core.files import render_reason

FILE: Final = "database.sql.gz"
EVENTS: Final = "events.sql"
PORT: Final = 3306
MARKER: Final = "eduops_scratch_marker"
_PACKAGE: Final = "mariadb-client"
_COMPLETED: Final = b"-- Dump completed"
_CHUNK_BYTES: Final = 1 << 20
_SENTINEL: Final = """
CREATE TABLE IF NOT EXISTS eduops_sentinel (number BIGINT AUTO_INCREMENT PRIMARY KEY,
  token VARCHAR(64) CHARACTER SET ascii NOT NULL, at DATETIME NOT NULL) ENGINE=InnoDB;
INSERT INTO eduops_sentinel (token, at) VALUES ('{token}', '{at}');
SET @last = (SELECT MAX(number) FROM eduops_sentinel);
DELETE FROM eduops_sentinel WHERE number <= @last - {kept};
"""
_CREATING: Final = (b"/*!50003 CREATE*/", b"/*!50013 DEFINER=", b"CREATE DEFINER=")
_DEFINER: Final = re.compile(rb"DEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*`")
_COMMON: Final = ("--single-transaction", "--hex-blob", "--quick", "--default-character-set=utf8mb4")


def describe(job: Job) -> str:
    """Where the source lies, without any secret."""
    return f"{name_server(job.source, PORT)}/{job.source.database}"


def mark(job: Job, *, token: str, now: datetime) -> dict[str, object]:
    """Writes a row of ours into the source. Raises OutsideError where it cannot be written."""
    at = now.strftime("%Y-%m-%d %H:%M:%S")
    with _client(job, job.source) as client:
        _ask(
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
    with _client(job, job.source) as client:
        reader = _Reader()
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
        loose = _ask(
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
    with _scratch_client(job) as client:
        if _has_database(client, scratch.name):
            raise NotAllowed(
                f"演练库 {scratch.name} 在 {client.server.title} 上已经存在，拒绝写入",
                hint="查明它是谁的，移走后再演练",
            )
        _ask(
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
            _stream(process.stdin).writelines(_without_definers(packed))
    return round((time.monotonic() - started) * 1000)


def read_dump(_job: Job, folder: Path) -> dict[str, TableImage]:
    """Every table as the stored dump has it. Raises OutsideError."""
    reader = _Reader()
    with gzip.open(folder / FILE, "rb") as packed:
        for line in packed:
            reader.take(line)
    return reader.images()


def read_restored(job: Job, scratch: Scratch) -> dict[str, TableImage]:
    """Every table of what was restored, dumped once more. Raises OutsideError."""
    reader = _Reader()
    with _scratch_client(job) as client:
        _read_dump(client, scratch.name, reader, into=None, what="读取演练库", with_code=False)
    images = reader.images()
    images.pop(MARKER, None)
    return images


def has_sentinel(job: Job, scratch: Scratch, sentinel: Mapping[str, object]) -> bool:
    """Whether the row of ours was restored. Raises OutsideError."""
    with _scratch_client(job) as client:
        statement = (
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
            " AND table_name = 'eduops_sentinel'"
        )
        if _ask(client, statement, database=scratch.name, what="读取演练库").strip() == "0":
            return False
        token = _hex(str(sentinel["token"]))
        statement = f"SELECT COUNT(*) FROM eduops_sentinel WHERE token = '{token}'"  # noqa: S608 - hexadecimal
        return _ask(client, statement, database=scratch.name, what="读取演练库").strip() == "1"


def clean(job: Job, scratch: Scratch) -> None:
    """Removes the scratch database and folder. Raises NotAllowed, OutsideError."""
    with _scratch_client(job) as client:
        _drop_database(client, scratch)
    guard.remove_folder(scratch.folder, token=scratch.token)


def _drop_database(client: "_Client", scratch: Scratch) -> None:
    guard.require_scratch_name(scratch.name)
    if not _has_database(client, scratch.name):
        return
    what = f"删除演练库 {scratch.name}"
    tables = _ask(client, "SHOW TABLES", database=scratch.name, what=what).split()
    # Killed between making and marking it: nothing is in it.
    if tables:
        kept = (
            _ask(client, f"SELECT token FROM {MARKER}", database=scratch.name, what=what)  # noqa: S608
            if MARKER in tables
            else ""
        )
        if kept.strip() != scratch.token:
            raise NotAllowed(
                f"数据库 {scratch.name} 没有这次演练的标记，不删除", hint="查明它是谁的，再自行处理"
            )
    _ask(client, f"DROP DATABASE `{scratch.name}`", what=what)


@dataclass(slots=True)
class _Reader:
    """Follows a dump line by line: between LOCK and UNLOCK each row is a line of its own."""

    size: int = 0
    _table: str | None = None
    _rows: dict[str, int] = field(default_factory=dict)
    _sums: dict[str, int] = field(default_factory=dict)

    def take(self, line: bytes) -> None:
        self.size += len(line)
        if self._table is None:
            if line.startswith(b"LOCK TABLES `") and line.endswith(b"` WRITE;\n"):
                self._table = line[13:-9].decode("utf-8", "replace").replace("``", "`")
                self._rows[self._table] = self._sums[self._table] = 0
        elif line.startswith(b"("):
            row = line.rstrip(b"\n")[:-1]
            self._rows[self._table] += 1
            self._sums[self._table] += int.from_bytes(hashlib.blake2b(row, digest_size=16).digest())
        elif line.startswith(b"UNLOCK TABLES;"):
            self._table = None
        elif line.startswith(b"INSERT INTO") and b" VALUES (" in line:
            raise OutsideError(
                "这个版本的 mariadb-dump 把许多行写在一行里，数不清行数",
                hint="在本机安装 mariadb-client 10.5 或更新的版本",
                source="mariadb-dump",
            )

    def images(self) -> dict[str, TableImage]:
        return {
            name: TableImage(rows, f"{self._sums[name] % 2**128:032x}") for name, rows in self._rows.items()
        }


@dataclass(frozen=True, slots=True)
class _Client:
    """A server, and the option file by which programs log in to it."""

    server: Server
    options: Path

    def words(self, name: str) -> list[str]:
        """The program with its way to log in: the option file must come first."""
        found = program.find(name, package=_PACKAGE)
        address = self.server.address
        where = (
            [f"--socket={address}"]
            if address.startswith("/")
            else [f"--host={address}", f"--port={self.server.port}", "--protocol=tcp"]
        )
        return [found, f"--defaults-extra-file={self.options}", *where, f"--user={self.server.user}"]


@contextmanager
def _client(job: Job, login: Login) -> Iterator[_Client]:
    with reach(
        login, default_port=PORT, home=job.home.path, routes=job.routes, what=f"备份来源 {job.name}"
    ) as server:
        lines = "[client]\n"
        if server.password is not None:
            escaped = server.password.replace("\\", "\\\\").replace('"', '\\"')
            lines += f'password="{escaped}"\n'
        with secret.private_file(lines) as options:
            yield _Client(server, options)


def _scratch_client(job: Job) -> AbstractContextManager[_Client]:
    return _client(job, scratch_login(job.name, job.source))


def _ask(client: _Client, statements: str, *, what: str, database: str = "") -> str:
    words = [*client.words("mariadb"), "--batch", "--skip-column-names", "--default-character-set=utf8mb4"]
    words += [f"--database={database}"] if database else []
    with program.started(
        words, what=what, environment={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        stdin = _stream(process.stdin)
        stdin.write(statements.encode() + b"\n")
        stdin.close()
        return _stream(process.stdout).read().decode("utf-8", "replace")


def _without_definers(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Views, routines and triggers belong to whoever restores them, who need not be allowed to name others.

    Between LOCK and UNLOCK stand rows, which stay as they are.
    """
    is_row = False
    for line in lines:
        if line.startswith((b"LOCK TABLES ", b"UNLOCK TABLES;")):
            is_row = line.startswith(b"LOCK")
        if not is_row and line.startswith(_CREATING):
            line = _DEFINER.sub(b"", line, count=1)
        yield line


def _sees_routines(client: _Client, database: str) -> bool:
    """Whether the user may read routines; mariadb-dump leaves them out without a word where it may not."""
    try:
        _ask(client, "SELECT COUNT(*) FROM mysql.proc WHERE db = DATABASE()", database=database, what="")
    except OutsideError as error:
        return "denied" not in error.detail
    return True


def _has_database(client: _Client, name: str) -> bool:
    statement = f"SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{name}'"  # noqa: S608
    return _ask(client, statement, what=f"查看演练库 {name}").strip() != "0"


def _read_dump(
    client: _Client, database: str, reader: _Reader, *, into: gzip.GzipFile | None, what: str, with_code: bool
) -> None:
    code = ("--routines", "--triggers") if with_code else ("--skip-triggers",)
    words = [*client.words("mariadb-dump"), *_COMMON, *code, database]
    last = b""
    with program.started(words, what=what, environment={}, stdout=subprocess.PIPE) as process:
        for line in _stream(process.stdout):
            reader.take(line)
            if into is not None:
                into.write(line)
            last = line
    if not last.startswith(_COMPLETED):
        raise OutsideError(
            f"{what}失败：没有导完", hint="查看网络和服务器，然后重新运行", source="mariadb-dump"
        )


def _dump_events(client: _Client, database: str, what: str) -> bytes:
    words = [*client.words("mariadb-dump"), *_COMMON, "--events", "--skip-triggers"]
    words += ["--no-data", "--no-create-info", database]
    with program.started(words, what=what, environment={}, stdout=subprocess.PIPE) as process:
        return _stream(process.stdout).read()


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - it was asked for
    return stream


def _hex(token: str) -> str:
    """A token of ours. Raises ValueError for anything that could be more than that."""
    bytes.fromhex(token)
    return token
