"""Opening the database: SQLite in the home by default, PostgreSQL where EDUOPS_DATABASE_URL says so."""

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from eduops.core.errors import ConfigError, OutsideError

WRITING = "eduops_writing"
_BUSY_MILLISECONDS = 15_000


def open_engine(url: str | URL) -> Engine:
    """An engine for `sqlite:///…` or `postgresql://…`. Raises ConfigError for anything else."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _unusable_url() from error
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed)
        case "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        case _:
            raise _unusable_url()


def database_error(error: DBAPIError) -> OutsideError:
    """One sentence for a database that does not answer or refuses; the password never appears in it."""
    detail = str(error.orig).strip()
    return OutsideError(
        f"数据库操作失败：{detail.splitlines()[0] if detail else type(error.orig).__name__}",
        hint="检查数据库服务、磁盘空间和 EDUOPS_DATABASE_URL，然后运行 eduops doctor",
        source="database",
        detail=detail,
    )


def _open_sqlite(url: URL) -> Engine:
    engine = create_engine(url)
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
