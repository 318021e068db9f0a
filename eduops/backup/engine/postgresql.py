"""The PostgreSQL engine: pg_dump of a snapshot whose rows the server counts and sums at the same time.

Programs get the password by a passfile of mode 0600, which the environment names.
"""

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from eduops.backup.configuration import Login
from eduops.backup.engine import program
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import Dumped, Job, Scratch
from eduops.backup.engine.postgresql_client import (
    PORT,
    Session,
    ask_row,
    connect,
    environment_of,
    login_words,
    open_session,
    told,
)
from eduops.backup.engine.postgresql_image import read_images
from eduops.backup.engine.server import Server, name_server, reach, scratch_login
from eduops.backup.engine.sqlite import SENTINELS_KEPT
from eduops.backup.rules.image import TableImage
from eduops.core.errors import NotAllowed

FILE: Final = "database.pgdump"
_PACKAGE: Final = "postgresql-client"
_MAKING_SECONDS: Final = 60


def describe(job: Job) -> str:
    """Where the source lies, without any secret."""
    return f"{name_server(job.source, PORT)}/{job.source.database}"


def mark(job: Job, *, token: str, now: datetime) -> dict[str, object]:
    """Writes a row of ours into the source. Raises OutsideError where it cannot be written."""
    database = str(job.source.database)
    with _server(job, job.source) as server, open_session(server, database, "写入哨兵行") as session:
        session.execute(
            "CREATE TABLE IF NOT EXISTS public.eduops_sentinel"
            " (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, token text NOT NULL, at timestamptz NOT NULL)"
        )
        session.execute("INSERT INTO public.eduops_sentinel (token, at) VALUES (%s, %s)", (token, now))
        session.execute(
            "DELETE FROM public.eduops_sentinel WHERE number <="
            " (SELECT max(number) FROM public.eduops_sentinel) - %s",
            (SENTINELS_KEPT,),
        )
    return {"token": token, "at": now.isoformat()}


def dump(job: Job, stage: Path) -> Dumped:
    """Dumps the source's database. Raises OutsideError, ConfigError."""
    with _server(job, job.source) as server:
        return dump_database(server, str(job.source.database), stage)


def dump_database(server: Server, database: str, stage: Path) -> Dumped:
    """Dumps one snapshot, and counts and sums its rows while that goes on. Raises OutsideError."""
    words = [program.find("pg_dump", package=_PACKAGE), "--format=custom", f"--file={stage / FILE}"]
    with open_session(server, database, "备份") as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        (snapshot,) = ask_row(session, "SELECT pg_export_snapshot()")
        (size,) = ask_row(session, "SELECT pg_database_size(current_database())")
        words += [f"--snapshot={snapshot}", *login_words(server), database]
        images: dict[str, TableImage] = {}
        with environment_of(server) as environment:
            what = f"备份数据库 {database}（{server.title}）"
            program.run(
                words,
                what=what,
                environment=environment,
                during=lambda: images.update(read_images(session)),
            )
    return Dumped(images, int(str(size)))


def check(_job: Job, stage: Path) -> None:
    """Reads the whole dump, every block unpacked. Raises OutsideError where it is cut off or damaged."""
    check_file(stage)


def check_file(stage: Path) -> None:
    """As `check`, for whoever has no job."""
    words = [program.find("pg_restore", package=_PACKAGE), f"--file={os.devnull}", str(stage / FILE)]
    program.run(words, what="读回备份", environment={})


def require_scratch(job: Job) -> None:
    """Raises NotAllowed where no server to restore to is named."""
    scratch_login(job.name, job.source)


def restore(job: Job, folder: Path, scratch: Scratch) -> int:
    """Restores into a new database of the scratch server; milliseconds. Raises NotAllowed, OutsideError."""
    login = scratch_login(job.name, job.source)
    with _server(job, login) as server:
        return restore_database(
            server, folder, scratch, door=job.source.scratch.database, source=str(job.source.database)
        )


def restore_database(server: Server, folder: Path, scratch: Scratch, *, door: str | None, source: str) -> int:
    """Restores a dump into a new database that must not be there yet; milliseconds."""
    guard.require_scratch_name(scratch.name)
    if scratch.name == source:
        raise NotAllowed(f"演练库与来源同名（{source}），拒绝恢复", hint="给来源换一个名称")
    started = time.monotonic()
    with told(server, scratch.name, "建立演练库"), connect(server, door or "postgres") as session:
        if _find_database(session, scratch.name):
            raise NotAllowed(
                f"演练库 {scratch.name} 在 {server.title} 上已经存在，拒绝写入",
                hint="查明它是谁的，移走后再演练",
            )
        name = sql.Identifier(scratch.name)
        session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name))
        session.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(_mark(scratch))))
    words = [
        program.find("pg_restore", package=_PACKAGE),
        *("--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={scratch.name}"),
        *login_words(server),
        str(folder / FILE),
    ]
    with environment_of(server) as environment:
        program.run(words, what=f"恢复到演练库 {scratch.name}（{server.title}）", environment=environment)
    return round((time.monotonic() - started) * 1000)


def read_dump(_job: Job, _folder: Path) -> dict[str, TableImage]:
    """Nothing: rows are summed by the server while it is dumped, and a dump alone does not show them."""
    return {}


def read_restored(job: Job, scratch: Scratch) -> dict[str, TableImage]:
    """Every table of what was restored. Raises OutsideError."""
    with _server(job, scratch_login(job.name, job.source)) as server:
        return read_database(server, scratch.name)


def read_database(server: Server, database: str) -> dict[str, TableImage]:
    """Every table of a database, counted and summed by the server. Raises OutsideError."""
    with open_session(server, database, "读取") as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return read_images(session)


def has_sentinel(job: Job, scratch: Scratch, sentinel: Mapping[str, object]) -> bool:
    """Whether the row of ours was restored. Raises OutsideError."""
    login = scratch_login(job.name, job.source)
    with _server(job, login) as server, open_session(server, scratch.name, "读取") as session:
        try:
            statement = "SELECT 1 FROM public.eduops_sentinel WHERE token = %s"
            return session.execute(statement, (sentinel["token"],)).fetchone() is not None
        except psycopg.errors.UndefinedTable:
            return False


def clean(job: Job, scratch: Scratch) -> None:
    """Removes the scratch database and folder. Raises NotAllowed, OutsideError."""
    with _server(job, scratch_login(job.name, job.source)) as server:
        drop_database(server, scratch, door=job.source.scratch.database)
    guard.remove_folder(scratch.folder, token=scratch.token)


def drop_database(server: Server, scratch: Scratch, *, door: str | None) -> None:
    """Drops a scratch database; nothing to do where it is gone. Raises NotAllowed where its marker is not ours."""
    guard.require_scratch_name(scratch.name)
    with told(server, scratch.name, "删除演练库"):
        with connect(server, door or "postgres") as session:
            _wait_for_others(session, scratch.name)
            found = _find_database(session, scratch.name)
        if not found:
            return
        # Killed between making and marking it: nothing is in it.
        if found[0] != _mark(scratch) and (found[0] is not None or read_database(server, scratch.name)):
            raise NotAllowed(
                f"数据库 {scratch.name} 没有这次演练的标记，不删除", hint="查明它是谁的，再自行处理"
            )
        with connect(server, door or "postgres") as session:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(scratch.name)))


def _mark(scratch: Scratch) -> str:
    return f"eduops scratch {scratch.token}"


def _wait_for_others(session: Session, name: str) -> None:
    """A drill that was killed may have left the server making its database: it appears only afterwards."""
    until = time.monotonic() + _MAKING_SECONDS
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND strpos(query, %s) > 0"
    )
    while session.execute(statement + " AND state = 'active'", (f'CREATE DATABASE "{name}"',)).fetchone() != (
        0,
    ):
        if time.monotonic() > until:
            return
        time.sleep(0.1)


def _find_database(session: Session, name: str) -> tuple[object, ...] | None:
    return session.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (name,)
    ).fetchone()


def _server(job: Job, login: Login) -> AbstractContextManager[Server]:
    return reach(login, default_port=PORT, home=job.home.path, routes=job.routes, what=f"备份来源 {job.name}")
