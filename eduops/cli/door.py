"""How a command opens the store: `look` for questions, `work` for one unit of work with its audit entry."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from eduops.cli.state import State
from eduops.core.home import Home

if TYPE_CHECKING:
    from sqlmodel import Session

    from eduops.contract.schema import Contract
    from eduops.store.store import Store


def state(ctx: typer.Context) -> State:
    """This run's state."""
    found = ctx.find_object(State)
    assert found is not None  # noqa: S101 - the root's callback always sets it
    return found


def store(ctx: typer.Context) -> "Store":
    """The home's database, checked. Raises ConfigError where it was never initialised or is of another version."""
    from eduops.store.store import open_store

    home = state(ctx).home
    home.require()
    return open_store(home.database_url)


def contract(ctx: typer.Context) -> "Contract":
    """The home's contract, loaded and checked."""
    from eduops.contract.loader import load_contract

    home = state(ctx).home
    return load_contract(home.path / home.load_settings().contract)


@dataclass
class Look:
    """An open question: session, present instant, home."""

    session: "Session"
    now: datetime
    home: Home


@dataclass
class Work(Look):
    """One unit of work. What `changed` is told goes to the audit log in the same transaction."""

    actor: str
    _changes: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    def changed(self, subject: str, **change: object) -> None:
        """Says what was changed: the subject's reference and plain JSON values, never a secret."""
        self._changes.append((subject, change))


@contextmanager
def look(ctx: typer.Context) -> Iterator[Look]:
    """Opens the store for questions."""
    now, home = state(ctx).now, state(ctx).home
    with store(ctx).reading() as session:
        yield Look(session, now, home)


@contextmanager
def work(ctx: typer.Context, *, dry_run: bool = False) -> Iterator[Work]:
    """Opens one unit of work: committed with its audit entry when the block ends well; undone on `dry_run`."""
    from eduops.store import audit

    run = state(ctx)
    with store(ctx).writing() as session:
        unit = Work(session, run.now, run.home, run.actor)
        yield unit
        if dry_run:
            session.rollback()
            return
        for subject, change in unit._changes:
            audit.record(
                session, at=run.now, actor=run.actor, command=ctx.command_path, subject=subject, change=change
            )
