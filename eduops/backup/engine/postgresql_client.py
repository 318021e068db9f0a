"""Sessions and programs of PostgreSQL: how they log in, and what they complain of in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql

from eduops.backup import secret
from eduops.backup.engine.server import Server
from eduops.core.errors import OutsideError

Session = psycopg.Connection[tuple[object, ...]]
PORT: Final = 5432
_CONNECT_SECONDS: Final = 15
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


def connect(server: Server, database: str) -> Session:
    """A session that commits each statement by itself. Raises psycopg.Error, for `told`."""
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
def open_session(server: Server, database: str, doing: str) -> Iterator[Session]:
    """A session; what it meets is told in one sentence. Raises OutsideError."""
    with told(server, database, doing), connect(server, database) as session:
        yield session


def login_words(server: Server) -> list[str]:
    """How the programs are told where to log in; the password is not among it."""
    return [f"--host={server.address}", f"--port={server.port}", f"--username={server.user}", "--no-password"]


@contextmanager
def environment_of(server: Server) -> Iterator[dict[str, str]]:
    """What the programs find in their environment: the passfile, while the block lasts."""
    environment = {"PGCONNECT_TIMEOUT": str(_CONNECT_SECONDS)}
    if server.password is None:
        yield environment
        return
    escaped = server.password.replace("\\", "\\\\").replace(":", "\\:")
    with secret.private_file(f"*:*:*:*:{escaped}\n") as passfile:
        yield {**environment, "PGPASSFILE": str(passfile)}


@contextmanager
def told(server: Server, database: str, doing: str) -> Iterator[None]:
    """Turns what the server says into one sentence. Raises OutsideError."""
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


def ask_row(session: Session, statement: str | sql.Composed) -> tuple[object, ...]:
    """The first row. Raises OutsideError where there is none."""
    found = session.execute(statement.encode() if isinstance(statement, str) else statement).fetchone()
    if found is None:
        raise OutsideError(
            "数据库没有给出结果", hint="重新运行；若仍如此，查看数据库日志", source="postgresql"
        )
    return found
