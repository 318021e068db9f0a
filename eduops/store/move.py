"""Every row of one database into another, read back and compared; a chunk at a time, however large the tables are."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, select, text
from sqlmodel import Session, SQLModel

from eduops.core.errors import NotAllowed, Problem
from eduops.store import move_value
from eduops.store.bulk import insert_rows
from eduops.store.evidence import UNREADABLE
from eduops.store.wholeness import after, is_large, name_row, stream_rows

MOST_PROBLEMS = 50

_LARGE_ROWS = 50
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Image:
    """A table's content: how many rows, and a sum over their hashes that no order changes."""

    rows: int
    digest: int


def copy(source: Connection, target: Connection, metadata: MetaData, *, advance: Advance) -> dict[str, Image]:
    """Copies every table, parents first, within the target's transaction; gives back what was read.

    Raises NotAllowed for a value that does not read, and with every row that the target would not take.
    """
    problems: list[Problem] = []
    images: dict[str, Image] = {}
    if target.dialect.name == "sqlite":
        # Rows of one table may point at later ones of it.
        target.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for table in metadata.sorted_tables:
        reading = _Reading(source, table, target.dialect.name, advance, problems)
        if problems:
            # Nothing will be written any more; what else is wrong is still worth knowing.
            for _ in reading.rows():
                pass
        else:
            _insert(target, table, reading.rows())
        images[table.name] = reading.image
    require_none(problems)
    if target.dialect.name == "postgresql":
        _set_sequences(target, metadata)
    return images


def list_problems(
    source: Connection, metadata: MetaData, dialect: str, *, advance: Advance
) -> tuple[dict[str, Image], list[Problem]]:
    """Reads everything without writing: what there is, and every row that a database of that kind would not take."""
    problems: list[Problem] = []
    images = {}
    for table in metadata.sorted_tables:
        reading = _Reading(source, table, dialect, advance, problems)
        for _ in reading.rows():
            pass
        images[table.name] = reading.image
    return images, problems


def require_none(problems: list[Problem]) -> None:
    """Raises NotAllowed that lists them."""
    if problems:
        more = "（只列出前面的）" if len(problems) >= MOST_PROBLEMS else ""
        said = "".join(f"\n  - {problem}" for problem in problems)
        raise NotAllowed(
            f"{len(problems)} 处内容新数据库存不下{more}：{said}",
            hint="在原数据库里改正这些记录，再搬；没有写入",
        )


def compare(
    expected: Mapping[str, Image], target: Connection, metadata: MetaData, *, advance: Advance
) -> list[str]:
    """Reads every table back; the names of those whose rows are not the same ones."""
    different = []
    for table in metadata.sorted_tables:
        reading = _Reading(target, table, target.dialect.name, advance, [])
        for _ in reading.rows():
            pass
        if reading.image != expected[table.name]:
            different.append(f"{table.name}（{expected[table.name].rows} 行，读回 {reading.image.rows} 行）")
    return different


class _Reading:
    """One walk over a table: its rows for whoever writes them, and meanwhile their image and what is wrong."""

    def __init__(
        self, connection: Connection, table: Table, dialect: str, advance: Advance, problems: list[Problem]
    ) -> None:
        self.image = Image(0, 0)
        self._connection, self._table = connection, table
        self._check = move_value.build_check(table, dialect)
        self._plain = move_value.build_plain(table)
        self._advance, self._problems = advance, problems

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """The rows that the target takes. Raises NotAllowed after the last one that reads."""
        count, total, last = 0, 0, None
        names = [column.name for column in self._table.columns]
        try:
            for row in stream_rows(self._connection, self._table):
                values, last = tuple(row), row
                if wrong := self._check(values):
                    self._tell(row, wrong)
                count += 1
                plain = repr(self._plain(values)).encode("utf-8", "surrogatepass")
                total += int.from_bytes(hashlib.blake2b(plain, digest_size=16).digest())
                if count % 1000 == 0:
                    self._advance(1000)
                if not wrong:
                    yield dict(zip(names, values, strict=True))
        except UNREADABLE as error:
            raise NotAllowed(
                f"表 {self._table.name} 里{after(self._table, last)}有读不出来的值",
                hint="运行 eduops db check 查看，从备份恢复后再搬；没有写入",
            ) from error
        self._advance(count % 1000)
        self.image = Image(count, total % 2**128)

    def _tell(self, row: Any, wrong: tuple[str, str]) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            place = f"{name_row(self._table, row)} 的 {wrong[0]}"
            self._problems.append(Problem(f"表 {self._table.name}", place, wrong[1]))


def _insert(target: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    model = _model_of(table)
    with Session(target) as session:
        if not is_large(table):
            insert_rows(session, model, rows)
            return
        rows = iter(rows)
        while chunk := list(islice(rows, _LARGE_ROWS)):
            insert_rows(session, model, chunk)


def _model_of(table: Table) -> type[SQLModel]:
    mappers = SQLModel._sa_registry.mappers
    found: type[SQLModel] = next(mapper.class_ for mapper in mappers if mapper.local_table is table)
    return found


def _set_sequences(target: Connection, metadata: MetaData) -> None:
    """The next row that PostgreSQL numbers itself comes after the last one that was copied."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        highest = None if column is None else target.scalar(select(func.max(column)))
        if column is not None and highest is not None:
            target.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, :column), :highest)"),
                {
                    "name": target.dialect.identifier_preparer.format_table(table),
                    "column": column.name,
                    "highest": highest,
                },
            )
