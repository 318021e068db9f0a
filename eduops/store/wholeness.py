"""Whether a database is whole: its pages, keys, schema, values and counters, each in its database's own terms."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, Table, and_, exists, func, select, text
from sqlalchemy.exc import DBAPIError

from eduops.store import move_value
from eduops.store.evidence import UNREADABLE

_CHUNK_ROWS, _MOST = 2000, 20
_REFERENCE = re.compile(r"([A-Z]{2,4}-\d{4})-(\d+)")
_COUNTED = (
    *("audit_entry", "ledger_entry", "ledger_closing", "ticket", "learner", "attempt"),
    *("bank", "import_batch", "question", "question_group"),
)
"""Tables whose rows are numbered by the counter of the same name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it must be: where, and what was seen."""

    where: str
    seen: str


def check_pages(connection: Connection) -> Iterator[Fault]:
    """Damage below the rows: pages and indexes in SQLite; unreadable rows, broken indexes, checksums in PostgreSQL."""
    if connection.dialect.name == "sqlite":
        for (said,) in connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})"):
            if said != "ok":
                yield Fault("文件", str(said))
        return
    for name in connection.scalars(
        text(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE NOT (i.indisvalid AND i.indisready) AND n.nspname = current_schema()"
        )
    ):
        yield Fault(f"索引 {name}", "没有建成，查询不用它")
    failures = (
        "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()"
    )
    if count := connection.scalar(text(failures)):
        yield Fault("数据页", f"服务器记录了 {count} 次校验失败")


def check_keys(connection: Connection, metadata: MetaData) -> Iterator[Fault]:
    """Rows that point at nothing."""
    if connection.dialect.name == "sqlite":
        for table, rowid, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(
            _MOST
        ):
            yield Fault(f"表 {table}", f"第 {rowid} 行指向 {parent} 里没有的一行")
        return
    for table in metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            child, parent = table.alias(), key.referred_table.alias()
            pairs = [(child.c[part.parent.name], parent.c[part.column.name]) for part in key.elements]
            there = exists().where(and_(*(ours == theirs for ours, theirs in pairs)))
            loose = and_(*(ours.is_not(None) for ours, _ in pairs), ~there)
            if count := connection.scalar(select(func.count()).select_from(child).where(loose)):
                yield Fault(f"表 {table.name}", f"{count} 行指向 {key.referred_table.name} 里没有的一行")


def check_values(connection: Connection, metadata: MetaData) -> Iterator[Fault]:
    """Values that no longer read as their column's type; every row of every table is read."""
    for table in metadata.sorted_tables:
        last, told, check = None, 0, move_value.build_check(table, "postgresql")
        try:
            for row in stream_rows(connection, table):
                last, wrong = row, check(tuple(row))
                # SQLite keeps a value of any type in any column; what else PostgreSQL would not take is no damage.
                if wrong and wrong[1] == move_value.OTHER_TYPE and told < _MOST:
                    told += 1
                    yield Fault(f"表 {table.name}", f"{name_row(table, row)} 的 {wrong[0]} {wrong[1]}")
        except (*UNREADABLE, DBAPIError) as error:
            yield Fault(f"表 {table.name}", f"{after(table, last)}有读不出来的值（{type(error).__name__}）")


def check_counters(connection: Connection, metadata: MetaData) -> Iterator[Fault]:
    """Counters that would give out a number again."""
    counters = metadata.tables["counter"]
    last = {str(row.name): int(row.last) for row in connection.execute(select(counters))}
    for name in _COUNTED:
        highest = connection.scalar(select(func.max(metadata.tables[name].c.id)))
        if (highest or 0) > last.get(name, 0):
            yield Fault(f"编号 {name}", f"表里已有 {highest}，计数器只到 {last.get(name, 0)}")
    for table in metadata.sorted_tables:
        if "ref" in table.c:
            for prefix, highest in sorted(_highest(connection, table).items()):
                if highest > last.get(prefix, 0):
                    yield Fault(
                        f"编号 {prefix}", f"表 {table.name} 已有 {highest}，计数器只到 {last.get(prefix, 0)}"
                    )


def count_rows(connection: Connection, metadata: MetaData) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in metadata.sorted_tables
    }


def stream_rows(connection: Connection, table: Table) -> Iterator[Any]:  # Any: rows of any table
    """Every row of a table, a chunk at a time; documents, which are large, fewer at a time."""
    chunk = 20 if is_large(table) else _CHUNK_ROWS
    # On the statement: a connection would keep the option for whatever comes next.
    yield from connection.execute(select(table).execution_options(yield_per=chunk))


def is_large(table: Table) -> bool:
    """Whether a row may take a hundred kilobytes and more."""
    return any(type(column.type).__name__ == "PackedText" for column in table.columns)


def after(table: Table, row: Any | None) -> str:
    """Which row comes next, said by the key of the one before: 「编号 7 之后」."""
    return "第一批行" if row is None else f"{name_row(table, row)} 之后"


def name_row(table: Table, row: Any) -> str:
    """A row by its key."""
    return "编号 " + "/".join(str(row._mapping[column.name])[:40] for column in table.primary_key.columns)


def _highest(connection: Connection, table: Table) -> dict[str, int]:
    """The highest number of each reference's beginning, such as INC-2026."""
    found: dict[str, int] = {}
    for ref in connection.scalars(select(table.c.ref)):
        if match := _REFERENCE.fullmatch(str(ref)):
            found[match[1]] = max(found.get(match[1], 0), int(match[2]))
    return found
