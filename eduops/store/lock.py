"""Keeping writers out of a database while something large reads it; readers go on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import OperationalError

from eduops.core.errors import Conflict
from eduops.store.engine import WRITING

_WAIT_SECONDS = 15


@contextmanager
def locked(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database, which nobody changes meanwhile; nothing is written by it.

    Raises Conflict where a writer does not finish within 15 seconds.
    """
    options: dict[str, object] = {WRITING: True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with engine.connect().execution_options(**options) as connection:
        transaction = connection.begin()
        try:
            lock_tables(connection)
            yield connection
        finally:
            transaction.rollback()


def lock_tables(connection: Connection) -> None:
    """Lets nobody else write to any table until the transaction ends. SQLite did so when it began."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    names = [quote(name) for name in inspect(connection).get_table_names()]
    if not names:
        return
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'")
    try:
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(names)} IN SHARE MODE")
    except OperationalError as error:
        raise Conflict(
            f"数据库正被写入，等了 {_WAIT_SECONDS} 秒仍未放开",
            hint="等对方结束后重试；查一查有没有卡住的 eduops",
        ) from error
