"""Numbers given out one after the other, within the caller's transaction: none twice, none for a rollback."""

from sqlalchemy import text, update
from sqlmodel import Session, col

from eduops.core.reference import format_reference
from eduops.store.models import Counter


def allocate(session: Session, name: str, count: int = 1) -> range:
    """`count` numbers that nobody else gets, from 1 upwards."""
    _ensure(session, name)
    row = session.execute(
        update(Counter)
        .where(col(Counter.name) == name)
        .values(last=Counter.last + count)
        .returning(col(Counter.last))
    )
    last: int = row.scalar_one()
    return range(last - count + 1, last + 1)


def next_reference(session: Session, prefix: str, year: int) -> str:
    """The next reference of a kind and year, such as INC-2026-0042."""
    number = allocate(session, f"{prefix}-{year}")[0]
    return format_reference(prefix, year, number)


def _ensure(session: Session, name: str) -> None:
    # The same words in SQLite and PostgreSQL, and no dialect to load for them.
    statement = text("INSERT INTO counter (name, last) VALUES (:name, 0) ON CONFLICT DO NOTHING")
    session.execute(statement, {"name": name})
