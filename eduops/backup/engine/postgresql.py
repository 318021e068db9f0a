"""The PostgreSQL engine: pg_dump of a snapshot whose rows the server counts and sums at the same time.

Programs get the password by a passfile of mode 0600, which the environment names.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from eduops.backup import secret
from eduops.backup.configuration import Login
from eduops.backup.engine import program
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import Dumped, Job, Scratch
from eduops.backup.engine.server import Server, name_server, reach, scratch_login
from eduops.backup.engine.sqlite import SENTINELS_KEPT
from eduops.backup.rules.image import TableImage
from eduops.core.errors import NotAllowed, OutsideError

FILE: Final = "database.pgdump"
PORT: Final = 5432
_PACKAGE: Final = "postgresql-client"
_CONNECT_SECONDS: Final = 15
_MAKING_SECONDS: Final = 60
_REASONS: Final = (
    (("password authentication failed", "no password supplied"), "不接受用户 {user} 的口令", "核对口令文件"),
    (
        ("FATAL:  role", "FATAL:  database"),
        "没有用户 {user}，或没有数据库 {database}",
        "核对 backup.yaml 的 user 和 database",
    ),
    (("no pg_hba.conf entry",), "不允许用户 {user} 从这里登录", "请数据库管理员在 pg_hba.conf 放行"),
    (
        ("Connection refused", "No such file", "could not translate", "timeout", "No route"),
        "连不上",
        "确认地址、端口和服务",
    ),
)
# What a row looks like as text must not depend on who asks.
_PLAIN: Final = (
    ("DateStyle", "ISO"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
    ("row_security", "off"),
    ("search_path", "pg_catalog"),
    ("xmloption", "content"),
    ("statement_timeout", "0"),
)
# Tables whose rows pg_dump writes: extensions make theirs anew, and foreign ones lie elsewhere.
_LIST_TABLES: Final = """
SELECT n.nspname, c.relname,
       ARRAY(SELECT a.attname FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                  AND d.deptype = 'e')
ORDER BY 1, 2
"""


def describe(job: Job) -> str:
    """Where the source lies, without any secret."""
    return f"{name_server(job.source, PORT)}/{job.source.database}"


def mark(job: Job, *, token: str, now: datetime) -> dict[str, object]:
    """Writes a row of ours into the source. Raises OutsideError where it cannot be written."""
    database = str(job.source.database)
    with _server(job, job.source) as server, _session(server, database, "写入哨兵行") as session:
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
    with _session(server, database, "备份") as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        (snapshot,) = _row(session, "SELECT pg_export_snapshot()")
        (size,) = _row(session, "SELECT pg_database_size(current_database())")
        words += [f"--snapshot={snapshot}", *_login(server), database]
        images: dict[str, TableImage] = {}
        with _environment(server) as environment:
            what = f"备份数据库 {database}（{server.title}）"
            program.run(
                words,
                what=what,
                environment=environment,
                during=lambda: images.update(_read_images(session)),
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
    with _told(server, scratch.name, "建立演练库"), _connect(server, door or "postgres") as session:
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
        *_login(server),
        str(folder / FILE),
    ]
    with _environment(server) as environment:
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
    with _session(server, database, "读取") as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _read_images(session)


def has_sentinel(job: Job, scratch: Scratch, sentinel: Mapping[str, object]) -> bool:
    """Whether the row of ours was restored. Raises OutsideError."""
    login = scratch_login(job.name, job.source)
    with _server(job, login) as server, _session(server, scratch.name, "读取") as session:
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
    with _told(server, scratch.name, "删除演练库"):
        with _connect(server, door or "postgres") as session:
            _wait_for_others(session, scratch.name)
            found = _find_database(session, scratch.name)
        if not found:
            return
        # Killed between making and marking it: nothing is in it.
        if found[0] != _mark(scratch) and (found[0] is not None or read_database(server, scratch.name)):
            raise NotAllowed(
                f"数据库 {scratch.name} 没有这次演练的标记，不删除", hint="查明它是谁的，再自行处理"
            )
        with _connect(server, door or "postgres") as session:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(scratch.name)))


def _mark(scratch: Scratch) -> str:
    return f"eduops scratch {scratch.token}"


def _wait_for_others(session: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
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


def _find_database(session: "psycopg.Connection[tuple[object, ...]]", name: str) -> tuple[object, ...] | None:
    return session.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (name,)
    ).fetchone()


def _read_images(session: "psycopg.Connection[tuple[object, ...]]") -> dict[str, TableImage]:
    for name, value in _PLAIN:
        session.execute("SELECT set_config(%s, %s, true)", (name, value))
    images = {}
    for schema, table, columns in session.execute(_LIST_TABLES).fetchall():
        key = str(table) if schema == "public" else f"{schema}.{table}"
        images[key] = _image(session, str(schema), str(table), list(columns))  # type: ignore[call-overload]
    (blobs,) = _row(session, "SELECT count(*) FROM pg_largeobject_metadata")
    if blobs:
        images["pg_largeobject"] = TableImage(int(str(blobs)), None)
    return images


def _image(
    session: "psycopg.Connection[tuple[object, ...]]", schema: str, table: str, columns: list[str]
) -> TableImage:
    # By name, as a restored child table may have its parent's columns in another order.
    row = sql.SQL("ROW({})::text").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    statement = sql.SQL(
        'SELECT count(*), coalesce(sum(hashtextextended({} COLLATE "C", 0)::numeric), 0) FROM ONLY {}'
    ).format(row, sql.Identifier(schema, table))
    rows, total = _row(session, statement)
    return TableImage(int(str(rows)), f"{int(str(total)) % 2**128:032x}")


def _row(
    session: "psycopg.Connection[tuple[object, ...]]", statement: str | sql.Composed
) -> tuple[object, ...]:
    found = session.execute(statement.encode() if isinstance(statement, str) else statement).fetchone()
    if found is None:
        raise OutsideError(
            "数据库没有给出结果", hint="重新运行；若仍如此，查看数据库日志", source="postgresql"
        )
    return found


def _server(job: Job, login: Login) -> AbstractContextManager[Server]:
    return reach(login, default_port=PORT, home=job.home.path, routes=job.routes, what=f"备份来源 {job.name}")


def _connect(server: Server, database: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host=server.address,
        port=server.port,
        user=server.user,
        password=server.password,
        dbname=database,
        autocommit=True,
        connect_timeout=_CONNECT_SECONDS,
        application_name="eduops",
    )


@contextmanager
def _session(server: Server, database: str, doing: str) -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
    with _told(server, database, doing), _connect(server, database) as session:
        yield session


def _login(server: Server) -> list[str]:
    return [f"--host={server.address}", f"--port={server.port}", f"--username={server.user}", "--no-password"]


@contextmanager
def _environment(server: Server) -> Iterator[dict[str, str]]:
    environment = {"PGCONNECT_TIMEOUT": str(_CONNECT_SECONDS)}
    if server.password is None:
        yield environment
        return
    escaped = server.password.replace("\\", "\\\\").replace(":", "\\:")
    with secret.private_file(f"*:*:*:*:{escaped}\n") as passfile:
        yield {**environment, "PGPASSFILE": str(passfile)}


@contextmanager
def _told(server: Server, database: str, doing: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        said = str(error).strip()
        where = f"数据库 {database}（{server.title}）"
        for parts, words, hint in _REASONS:
            if any(part in said for part in parts):
                words = words.format(user=server.user, database=database)
                raise OutsideError(
                    f"{doing}失败：{where}{words}", hint=hint, source="postgresql", detail=said
                ) from error
        line = said.splitlines()[0][:300] if said else type(error).__name__
        raise OutsideError(
            f"{doing}失败：{where}说：{line}",
            hint="核对数据库服务、用户的权限和磁盘空间",
            source="postgresql",
            detail=said,
        ) from error
