"""How a command opens the store: `look` for questions, `work` for one unit of work with its audit entry."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from eduops.cli import out
from eduops.cli.state import State
from eduops.core.errors import ConfigError
from eduops.core.home import Home

if TYPE_CHECKING:
    from sqlmodel import Session

    from eduops.contract.schema import Contract
    from eduops.store.secret import Cipher
    from eduops.store.store import Store
    from eduops.store.unit import Unit


def state(ctx: typer.Context) -> State:
    """This run's state."""
    found = ctx.find_object(State)
    assert found is not None  # noqa: S101 - the root's callback always sets it
    return found


def store(ctx: typer.Context) -> "Store":
    """The home's database, checked. Raises ConfigError where it was never initialised or is of another version."""
    from eduops.store.store import open_store

    run = state(ctx)
    run.home.require()
    if run.home.uses_sqlite and not run.home.database_path.exists():
        # SQLite would make an empty file of it, and leave that behind.
        raise ConfigError(f"数据目录 {run.home.path} 里还没有数据库", hint="先运行 eduops init")
    out.use_zone(lambda: contract(ctx).zone_info)
    return open_store(run.home.database_url)


def contract(ctx: typer.Context) -> "Contract":
    """The home's contract, loaded and checked."""
    from eduops.contract.loader import load_contract

    home = state(ctx).home
    home.require()
    path = home.path / home.load_settings().contract
    if not path.exists():
        raise ConfigError(f"没有合同文件 {path}", hint="先运行 eduops init，或改正 eduops.yaml 里的 contract")
    return load_contract(path)


@dataclass(frozen=True)
class Look:
    """An open question: session, present instant, home."""

    session: "Session"
    now: datetime
    home: Home


@dataclass(frozen=True)
class Work(Look):
    """One unit of work. What `changed` is told goes to the audit log in the same transaction."""

    actor: str
    changed: Callable[..., None]


def cipher(opened: "Look | Work") -> "Cipher":
    """The home's key, checked against the database. Raises ConfigError where it is missing or another."""
    from eduops.store.secret import load_cipher, require_fit

    found = load_cipher(opened.home.key_path)
    require_fit(opened.session, found, is_writing=isinstance(opened, Work))
    return found


@contextmanager
def look(ctx: typer.Context) -> Iterator[Look]:
    """Opens the store for questions."""
    run = state(ctx)
    with store(ctx).reading() as session:
        yield Look(session, run.now, run.home)


@contextmanager
def unit(ctx: typer.Context, *, dry_run: bool = False) -> Iterator["Unit"]:
    """Opens a unit of work for workflows, which commit several of them."""
    from eduops.store.unit import unit_of_work

    run = state(ctx)
    with unit_of_work(
        store(ctx), now=run.now, actor=run.actor, command=ctx.command_path, dry_run=dry_run
    ) as opened:
        yield opened


@contextmanager
def work(ctx: typer.Context, *, dry_run: bool = False) -> Iterator[Work]:
    """Opens one unit of work: committed with its audit entries when the block ends well; undone on `dry_run`."""
    run = state(ctx)
    with unit(ctx, dry_run=dry_run) as opened:
        yield Work(opened.session, run.now, run.home, run.actor, opened.changed)
