"""The store as doors see it: one object that gives sessions for reading and for one unit of work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from eduops.store.engine import WRITING, database_error, open_engine
from eduops.store.schema import require_current


@dataclass(frozen=True)
class Store:
    """An open database whose schema is the one this version knows."""

    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for questions; whatever is left uncommitted is dropped."""
        with _plain_errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session for one unit of work: committed when the block ends well, rolled back when it does not."""
        writer = self.engine.execution_options(**{WRITING: True})
        with _plain_errors(), Session(writer, expire_on_commit=False) as session:
            yield session
            session.commit()


def open_store(url: str) -> Store:
    """Opens the database and makes sure that its schema is ours.

    Raises ConfigError (never initialised, older or newer schema) or OutsideError (no answer).
    """
    engine = open_engine(url)
    with _plain_errors():
        require_current(engine)
    return Store(engine)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise database_error(error) from error
