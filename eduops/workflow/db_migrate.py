"""Bringing a database to this version: saved first, migrated in one transaction, undone as a whole when it fails."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from eduops.core.errors import ConfigError, Conflict, EduopsError, NotAllowed, OutsideError
from eduops.core.files import OWNERS_ONLY, whole_file
from eduops.core.home import Home
from eduops.store import audit
from eduops.store.engine import database_error, open_engine
from eduops.store.lock import lock_tables
from eduops.store.migration import describe_since, find_differences, upgrade
from eduops.store.schema import HEAD, KNOWN, find_revision, require_current
from eduops.workflow.table import all_tables

_WAIT_SECONDS = 60
_PROGRAM_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was, or would be, done: from which revision, by which steps, where the copy lies, what tables are new."""

    before: str
    after: str
    steps: tuple[tuple[str, str], ...]
    backup: Path | None = None
    new_tables: tuple[str, ...] = ()


def migrate(
    home: Home, *, now: datetime, actor: str, command: str, needs_backup: bool = True, dry_run: bool = False
) -> Migrated:
    """Saves the database and upgrades it; nothing where it is up to date.

    Raises ConfigError (no database, a newer one), NotAllowed (cannot be saved first), Conflict (somebody works with
    it), OutsideError (it failed: the database is as it was).
    """
    home.require()
    if home.uses_sqlite and not home.database_path.exists():
        raise ConfigError(f"数据目录 {home.path} 里还没有数据库", hint="先运行 eduops init")
    with _alone(home), _open(home) as engine:
        before = find_revision(engine)
        if before not in KNOWN:
            require_current(engine)
        plan = Migrated(str(before), HEAD, tuple(describe_since(before)))
        if dry_run or before == HEAD:
            return plan
        return _migrate(home, engine, plan, now=now, who=(actor, command), needs_backup=needs_backup)


def _migrate(
    home: Home, engine: Engine, plan: Migrated, *, now: datetime, who: tuple[str, str], needs_backup: bool
) -> Migrated:
    folder = home.folder("backups")
    _remove_leftovers(folder)
    target = folder / f"migrate-{plan.before}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.{_ending(home)}"
    saved = target if needs_backup else None
    tables: set[str] = set()

    def prepare(connection: Connection) -> None:
        tables.update(inspect(connection).get_table_names())
        lock_tables(connection)
        if saved:
            _save(home, engine.url, saved, plan.before)

    def approve(connection: Connection) -> None:
        if wrong := find_differences(connection, all_tables()):
            raise RuntimeError("；".join(wrong[:5]))
        _record(connection, plan, now=now, who=who)

    try:
        upgrade(engine, prepare=prepare, approve=approve)
    except EduopsError:
        raise
    except Exception as error:
        engine.dispose()
        raise _undone(home, plan, saved, error) from error
    with engine.connect() as connection:
        new = set(inspect(connection).get_table_names()) - tables
    return Migrated(plan.before, HEAD, plan.steps, saved, tuple(sorted(new)))


def _record(connection: Connection, plan: Migrated, *, now: datetime, who: tuple[str, str]) -> None:
    """The upgrade's audit entry, in its own transaction."""
    with Session(connection) as session:
        change = {"before": plan.before, "after": plan.after}
        audit.record(session, at=now, actor=who[0], command=who[1], subject="database", change=change)
        session.flush()


def _undone(home: Home, plan: Migrated, saved: Path | None, error: Exception) -> OutsideError:
    """What to say after a failure, the database being as it was: by its own transaction, else by the copy."""
    said = database_error(error).message if isinstance(error, DBAPIError) else str(error)
    how = "已全部撤回"
    if home.uses_sqlite and saved and saved.exists() and not _is_whole(home.database_path, plan.before):
        _put_back(saved, home.database_path)
        how = "已用升级前的备份换回"
    where = f"升级前的备份在 {saved}；" if saved and saved.exists() else ""
    return OutsideError(
        f"数据库升级失败，{how}，仍是 {plan.before}：{said}",
        hint=f"{where}数据可照旧用旧版程序处理；把 eduops audit log --level error 的内容交给开发人员",
        source="database",
        detail=repr(error),
    )


def _save(home: Home, url: URL, target: Path, revision: str) -> None:
    """A checked copy of the database as it stands. Raises OutsideError, InputError, NotAllowed without pg_dump."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with whole_file(target, mode=OWNERS_ONLY) as part:
        if home.uses_sqlite:
            _copy_sqlite(home.database_path, part)
            if not _is_whole(part, revision):
                raise OutsideError(
                    f"数据库 {home.database_path} 的副本不完整，没有升级",
                    hint="运行 eduops db check；检查磁盘",
                    source="sqlite3",
                )
        else:
            _dump_postgresql(url, part)


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        with closing(_open_file(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy, pages=-1)
            # The copy must stand alone: without it the file would ask for its write-ahead log.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise OutsideError(
            f"升级前备份 {source} 失败：{error}",
            hint="检查磁盘空间；没有升级",
            source="sqlite3",
            detail=str(error),
        ) from error


def _is_whole(path: Path, revision: str) -> bool:
    try:
        with closing(_open_file(path)) as database:
            checked = database.execute("PRAGMA integrity_check").fetchone()
            found = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return False
    return bool(checked == ("ok",) and found == (revision,))


def _open_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _put_back(saved: Path, database: Path) -> None:
    """The copy in the database's place, in one step; the broken file's log must not be applied to it."""
    with whole_file(database, mode=OWNERS_ONLY) as part:
        shutil.copyfile(saved, part)
        for ending in ("-wal", "-shm"):
            database.with_name(database.name + ending).unlink(missing_ok=True)


def _dump_postgresql(url: URL, target: Path) -> None:
    environment = {**os.environ, **_login(url)}
    without = "或确认已有别的备份后加 --no-backup"
    for words in (["pg_dump", "--format=custom", f"--file={target}"], ["pg_restore", "--list", str(target)]):
        try:
            done = subprocess.run(
                words, env=environment, capture_output=True, text=True, timeout=_PROGRAM_SECONDS, check=False
            )
        except FileNotFoundError as error:
            raise NotAllowed(
                f"升级前要备份，本机没有 {words[0]}", hint=f"安装 postgresql-client，{without}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise OutsideError(
                f"{words[0]} 超时，没有升级", hint="检查数据库服务", source=words[0]
            ) from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["没有说明"])[-1]
            raise OutsideError(
                f"升级前备份失败，没有升级：{last}",
                hint=f"客户端程序不能比服务器旧；检查磁盘空间，{without}",
                source=words[0],
                detail=done.stderr,
            )


def _login(url: URL) -> dict[str, str]:
    """The address as libpq's programs take it from the environment, so that no argument holds a password."""
    query = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
    named = {
        "PGHOST": url.host or query.pop("host", None),
        "PGPORT": str(url.port) if url.port else query.pop("port", None),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    others = {
        f"PG{name.upper()}": value for name, value in query.items() if name.startswith(("ssl", "passfile"))
    }
    return {**{name: str(value) for name, value in named.items() if value}, **others}


def _ending(home: Home) -> str:
    return "db" if home.uses_sqlite else "pgdump"


def _remove_leftovers(folder: Path) -> None:
    """Half-written copies of runs that were killed: nobody else migrates while we hold the lock."""
    for part in folder.glob(".migrate-*.part*"):
        with suppress(FileNotFoundError):
            part.unlink()


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One at a time, `init` included."""
    try:
        with FileLock(home.path / ".init.lock", timeout=_WAIT_SECONDS):
            yield
    except Timeout as error:
        raise Conflict(f"另一个 eduops 正在布置或升级 {home.path}", hint="等它结束后再运行") from error


@contextmanager
def _open(home: Home) -> Iterator[Engine]:
    engine = open_engine(home.database_url)
    try:
        yield engine
    except DBAPIError as error:
        raise database_error(error) from error
    finally:
        engine.dispose()
