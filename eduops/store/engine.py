"""Opening the database: SQLite in the home by default, PostgreSQL where EDUOPS_DATABASE_URL says so."""

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from eduops.core.errors import ConfigError, Conflict, EduopsError, OutsideError
from eduops.store.column import dump_json

WRITING = "eduops_writing"
_BUSY_MILLISECONDS = 15_000
_CACHE_KIB = 65_536
_SQLITE_FAULTS = (
    ("readonly database", ("不可写", "检查数据目录和 eduops.db 的所有者和权限")),
    ("file is not a database", ("不是数据库，或已损坏", "保留原文件，用 eduops backup 留下的备份恢复")),
    ("disk image is malformed", ("已损坏", "保留原文件，用 eduops backup 留下的备份恢复")),
    (
        "database is locked",
        ("被另一个程序占用，等了 15 秒仍未放开", "等对方结束后重试；查一查有没有卡住的 eduops"),
    ),
    ("database or disk is full", ("写不下：磁盘已满", "清理磁盘后重试；没有写入")),
    ("unable to open database file", ("打不开", "检查数据目录的权限和磁盘")),
)
"""What SQLite says in English, and what it means to the person on duty."""


def open_engine(url: str | URL) -> Engine:
    """An engine for `sqlite:///…` or `postgresql://…`. Raises ConfigError for anything else."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _unusable_url() from error
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed)
        case "postgresql":
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, json_serializer=dump_json
            )
        case _:
            raise _unusable_url()


def database_error(error: DBAPIError) -> EduopsError:
    """One sentence for a database that does not answer or refuses; the password never appears in it."""
    detail = str(error.orig).strip()
    if isinstance(error, IntegrityError):
        return Conflict(
            "与另一个同时进行的操作相撞，这一次没有写入", hint="用查询命令看看对方写了什么，再重新运行"
        )
    known = next((words for part, words in _SQLITE_FAULTS if part in detail), None)
    if "database is locked" in detail and known:
        # Nothing is wrong with the file: somebody else was faster, and the same command works a moment later.
        return Conflict(f"数据库文件{known[0]}", hint=known[1])
    if known:
        return ConfigError(f"数据库文件{known[0]}", hint=known[1])
    return OutsideError(
        f"数据库操作失败：{detail.splitlines()[0] if detail else type(error.orig).__name__}",
        hint="检查数据库服务、磁盘空间和 EDUOPS_DATABASE_URL，然后运行 eduops doctor",
        source="database",
        detail=detail,
    )


def _open_sqlite(url: URL) -> Engine:
    engine = create_engine(url, json_serializer=dump_json)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: object, _record: ConnectionPoolEntry) -> None:
    # Any: the raw sqlite3 connection; its transactions are begun by `_begin`, not by the driver's guessing.
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    # FULL: what was acknowledged survives a power cut as well (an exam's answers, a posted breach).
    for pragma in (
        f"busy_timeout = {_BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        # Room for the pages of a large import, which else go to the log and come back for every index.
        f"cache_size = -{_CACHE_KIB}",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer half-way would fail with a stale snapshot.
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _unusable_url() -> ConfigError:
    return ConfigError(
        "EDUOPS_DATABASE_URL 不是可用的数据库地址",
        hint="写成 postgresql://用户@主机/库名（口令放在 ~/.pgpass 或 PGPASSWORD），或取消这个变量改用 SQLite",
    )
