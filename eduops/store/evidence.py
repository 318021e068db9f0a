"""Reading chained rows into which somebody may have written: the one that no longer reads is named, not fatal."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from eduops.store.chain import Link
from eduops.store.models import Counter

UNREADABLE = (
    *(ValueError, TypeError, OverflowError, RecursionError, AttributeError),
    *(OperationalError, zlib.error),
)
"""What a value that has not its column's type raises; SQLite calls bytes that are no text an operational error."""

_CHUNK_ROWS = 2000


class Chained(Protocol):
    """A row of a chain."""

    id: int
    previous_hash: str
    hash: str


Row = TypeVar("Row", bound=Chained)


def list_links(
    session: Session, table: type[Row], payload: Callable[[Row], Mapping[str, object]]
) -> list[Link]:
    """A table as a chain, oldest first, to be checked; a row that cannot be read has no payload."""
    try:
        return [
            _link(row, payload) for row in session.execute(select(table).order_by(col(table.id))).scalars()
        ]
    except UNREADABLE:
        # One by one takes longer, and tells which.
        numbers = session.execute(select(col(table.id)).order_by(col(table.id))).scalars().all()
        return [_read_link(session, table, payload, number) for number in numbers]


def stream_links(
    session: Session, table: type[Row], payload: Callable[[Any], Mapping[str, object]]
) -> Iterator[Link]:
    """Like `list_links`, but a chunk at a time: the memory it takes does not grow with the table."""
    columns = table.__table__.columns  # type: ignore[attr-defined]
    question = select(*columns).order_by(columns.id).limit(_CHUNK_ROWS)
    last: int | None = None
    while True:
        here = question if last is None else question.where(columns.id > last)
        try:
            links = [_link(SimpleNamespace(**row._mapping), payload) for row in session.execute(here)]
        except UNREADABLE:
            numbers = session.execute(here.with_only_columns(columns.id)).scalars().all()
            links = [_read_link(session, table, payload, number) for number in numbers]
        if not links:
            return
        yield from links
        last = links[-1].number


def count_missing(session: Session, name: str, table: type[Row]) -> int:
    """How many rows fewer there are than numbers given out under a name; negative where there are more.

    Asked in one statement: a row that is being written meanwhile is in both or in neither.
    """
    given_out = select(col(Counter.last)).where(col(Counter.name) == name).scalar_subquery()
    there = select(func.count()).select_from(table).scalar_subquery()
    missing: int = session.execute(select(func.coalesce(given_out, 0) - there)).scalar_one()
    return missing


def _read_link(
    session: Session, table: type[Row], payload: Callable[[Row], Mapping[str, object]], number: int
) -> Link:
    try:
        return _link(session.execute(select(table).where(col(table.id) == number)).scalar_one(), payload)
    except UNREADABLE:
        return Link(number, None, "", "")


def _link(row: Any, payload: Callable[[Any], Mapping[str, object]]) -> Link:  # Any: a row of any chain
    return Link(row.id, payload(row), row.previous_hash, row.hash)
