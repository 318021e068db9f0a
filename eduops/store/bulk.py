"""Many rows of one table at once: no object a row, and on PostgreSQL by COPY."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

_CHUNK_ROWS = 2000

# Any: a row's values are whatever its columns take.
Row = Mapping[str, Any]
_Values = tuple[Any, ...]


def insert_rows(session: Session, model: type[SQLModel], rows: Iterable[Row]) -> int:
    """Adds the rows to the model's table, within the session's transaction, and says how many they were.

    Every row names the same columns as the first; a column that they leave out stays NULL. Nothing is flushed or
    given back as objects. Raises DBAPIError as every statement does, and KeyError for a row that lacks a column.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return 0
    table: Table = model.__table__  # type: ignore[attr-defined]
    columns = [table.columns[name] for name in first]
    session.flush()
    connection = session.connection()
    chunks = _bind(chain([first], rows), columns, connection.dialect)
    if connection.dialect.name == "postgresql":
        return _copy(connection, table, columns, chunks)
    return _execute_many(connection, table, columns, chunks)


def _bind(rows: Iterator[Row], columns: list[Column[Any]], dialect: Dialect) -> Iterator[list[_Values]]:
    """Chunks of rows as the driver takes them: column by column, so that a type is asked once, not once a row."""
    binders = [(itemgetter(column.name), _find_binder(column, dialect)) for column in columns]
    while chunk := list(islice(rows, _CHUNK_ROWS)):
        bound = (_bind_column(bind, list(map(get, chunk))) for get, bind in binders)
        yield list(zip(*bound, strict=True))


def _find_binder(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    found: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return found


def _bind_column(bind: Callable[[Any], Any] | None, values: list[Any]) -> list[Any]:
    """The values as the driver takes them. One that stands in many rows (an instant, no tags) is bound once."""
    if bind is None:
        return values
    # By identity: equal is not enough for JSON, where 1 and true differ.
    different = {id(value): value for value in values}
    bound = {key: bind(value) for key, value in different.items()}
    return [bound[id(value)] for value in values]


def _execute_many(
    connection: Connection, table: Table, columns: list[Column[Any]], chunks: Iterator[list[_Values]]
) -> int:
    statement = f"INSERT INTO {_name(connection, table, columns)} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 -- our own names
    count = 0
    for chunk in chunks:
        connection.exec_driver_sql(statement, chunk)
        count += len(chunk)
    return count


def _copy(
    connection: Connection, table: Table, columns: list[Column[Any]], chunks: Iterator[list[_Values]]
) -> int:
    statement = f"COPY {_name(connection, table, columns)} FROM STDIN"
    raw: Any = connection.connection.dbapi_connection  # psycopg's: SQLAlchemy has no word for COPY
    error_type = connection.dialect.loaded_dbapi.Error
    count = 0
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for chunk in chunks:
                for row in chunk:
                    copy.write_row(row)
                count += len(chunk)
    except error_type as error:
        raise DBAPIError.instance(statement, None, error, error_type, dialect=connection.dialect) from error
    return count


def _name(connection: Connection, table: Table, columns: list[Column[Any]]) -> str:
    """`table (column, …)`, quoted where the database needs it."""
    prepare = connection.dialect.identifier_preparer
    names = ", ".join(prepare.format_column(column) for column in columns)
    return f"{prepare.format_table(table)} ({names})"
