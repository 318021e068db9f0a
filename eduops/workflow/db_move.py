"""Moving everything between SQLite and PostgreSQL: whole and compared, or nothing at all at the new place."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session

from eduops.core.errors import (
    ConfigError,
    Conflict,
    InputError,
    NotAllowed,
    OutsideError,
    Problem,
    UsageError,
)
from eduops.core.files import render_reason, unwritable
from eduops.core.home import Home
from eduops.ledger import closing as closings
from eduops.ledger import service as ledger
from eduops.ledger.head import CLOSING_FILE, load_head
from eduops.store import audit, audit_head, move
from eduops.store.engine import WRITING, database_error, open_engine
from eduops.store.lock import locked
from eduops.store.migration import upgrade_within
from eduops.store.schema import require_current
from eduops.store.wholeness import count_rows
from eduops.workflow.table import all_tables

Progress = Callable[[str, int], AbstractContextManager[move.Advance]]


@dataclass(frozen=True, slots=True)
class Moved:
    """What was, or would be, moved: kinds of database, rows by table; `problems` only of a rehearsal."""

    source: str
    target: str
    tables: dict[str, int]
    problems: tuple[Problem, ...] = ()

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.tables.values())


def move_to(
    home: Home, to: str, *, now: datetime, actor: str, command: str, progress: Progress, dry_run: bool = False
) -> Moved:
    """Copies every row to the empty database at `to`, reads it back and compares; the home's own stays as it is.

    Raises UsageError (no address of ours, a password in it), Conflict (not empty, somebody writes), NotAllowed (rows
    that the new one does not take, a chain that is broken), OutsideError (no answer, rows that came out different).
    """
    url = _parse(to)
    home.require()
    if home.uses_sqlite and not home.database_path.exists():
        raise ConfigError(f"数据目录 {home.path} 里还没有数据库", hint="先运行 eduops init")
    tables = all_tables()
    with _opened(open_engine(home.database_url)) as engine:
        require_current(engine)
        with locked(engine) as source:
            total = sum(count_rows(source, tables).values())
            if dry_run:
                with _opened(open_engine(url)) as there:
                    _require_empty(url, there)
                return _rehearse(source, tables, url, progress("核对", total))
            with _target(url) as target:
                return _move(source, target, tables, home, progress, total, now=now, who=(actor, command))


def _rehearse(
    source: Connection, tables: MetaData, url: URL, progress: AbstractContextManager[move.Advance]
) -> Moved:
    with progress as advance:
        images, problems = move.list_problems(source, tables, url.get_backend_name(), advance=advance)
    rows = {name: image.rows for name, image in images.items()}
    return Moved(_kind(source.dialect.name), _kind(url.get_backend_name()), rows, tuple(problems))


def _move(
    source: Connection, target: Connection, tables: MetaData, home: Home, progress: Progress, total: int,
    *, now: datetime, who: tuple[str, str],
) -> Moved:  # fmt: skip
    upgrade_within(target)
    with progress("搬运", total) as advance:
        images = move.copy(source, target, tables, advance=advance)
    with progress("读回比对", total) as advance:
        different = move.compare(images, target, tables, advance=advance)
    if different:
        raise OutsideError(
            f"读回的内容与原来的不同，已全部撤回：{'、'.join(different)}",
            hint="请开发人员查看",
            source="database",
        )
    rows = {name: image.rows for name, image in images.items()}
    moved = Moved(_kind(source.dialect.name), _kind(target.dialect.name), rows)
    with Session(target) as session:
        _require_chains(session, home.path)
        change = {"before": moved.source, "after": moved.target, "entries": moved.rows}
        audit.record(session, at=now, actor=who[0], command=who[1], subject="database", change=change)
        session.flush()
    return moved


def _require_chains(session: Session, home: Path) -> None:
    broken = audit.verify_against(session, audit_head.load_heads(home / audit_head.FILE)).broken
    fault = f"操作日志第 {broken.number} 条与校验值不符" if broken else None
    fault = fault or ledger.verify(session, load_head(home))[1]
    fault = fault or closings.verify(session, load_head(home, CLOSING_FILE))[1]
    if fault:
        raise NotAllowed(f"{fault}，没有搬", hint="保留现场，运行 eduops db check，从备份核对")


@contextmanager
def _target(url: URL) -> Iterator[Connection]:
    """An empty database in one open transaction: kept when the block ends well, else nothing of it remains."""
    if url.get_backend_name() == "sqlite":
        with _new_file(_path_of(url)) as part, _opened(open_engine(url.set(database=str(part)))) as engine:
            with _begun(engine) as connection:
                yield connection
            with engine.connect() as connection:
                # The file is renamed alone: its log is emptied into it.
                connection.connection.driver_connection.execute("PRAGMA journal_mode = DELETE")  # type: ignore[union-attr]
        return
    with _opened(open_engine(url)) as engine:
        _require_empty(url, engine)
        with _begun(engine) as connection:
            yield connection


@contextmanager
def _begun(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(**{WRITING: True}) as connection, connection.begin():
        yield connection


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A path beside the target that becomes it in one step; leftovers of a killed run are removed first."""
    _require_no_file(path)
    part = path.with_name(f".{path.name}.move.part")
    try:
        _remove(part)
        part.touch(mode=0o600)
        yield part
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        _remove(part)


def _remove(part: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        part.with_name(part.name + ending).unlink(missing_ok=True)


def _require_empty(url: URL, engine: Engine) -> None:
    if url.get_backend_name() == "sqlite":
        _require_no_file(_path_of(url))
        return
    with engine.connect() as connection:
        there = inspect(connection).get_table_names()
    if there:
        raise Conflict(
            f"目标数据库不是空的：有 {len(there)} 张表（{'、'.join(there[:3])}…）",
            hint="新建一个空的数据库（createdb），写它的地址；eduops 不清空别的数据库",
        )


def _require_no_file(path: Path) -> None:
    try:
        is_used = path.exists() and (not path.is_file() or path.stat().st_size > 0)
        is_folder_there = path.parent.is_dir()
    except OSError as error:
        raise InputError(
            f"不能写入 {path}：{render_reason(error)}", hint="检查目录权限，或换一个位置"
        ) from error
    if is_used:
        raise Conflict(f"目标文件 {path} 已经有了", hint="换一个文件名，或先把它移走")
    if not is_folder_there:
        raise InputError(f"目录 {path.parent} 不存在", hint="先建好目录")


def _parse(to: str) -> URL:
    try:
        url = make_url(to)
        kind = url.get_backend_name()
    except (ArgumentError, ValueError):
        kind = ""
    if kind not in ("sqlite", "postgresql") or (kind == "sqlite" and not url.database):
        raise UsageError(
            "--to 的值不是可用的数据库地址",
            hint="写成 postgresql://用户@主机/库名，或 sqlite:////完整路径/eduops.db",
        )
    if url.password:
        raise UsageError(
            "--to 里不要写口令：别人看得到命令行", hint="口令放在 ~/.pgpass，或环境变量 PGPASSWORD"
        )
    return url


def _path_of(url: URL) -> Path:
    return Path(str(url.database)).absolute()


def _kind(dialect: str) -> str:
    return "SQLite" if dialect == "sqlite" else "PostgreSQL"


@contextmanager
def _opened(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    except DBAPIError as error:
        raise database_error(error) from error
    finally:
        engine.dispose()
