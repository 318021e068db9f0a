"""A real PostgreSQL on loopback that lets in by password alone, as an unprivileged user when run as root."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from servers import account, postgresql

USER = "backup"
_ACCOUNT = "postgres"


@dataclass
class Server:
    """A running server; its one user may do everything."""

    folder: Path
    port: int
    password: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str | None = None) -> str:
        name = name or f"source_{next(self._numbers)}"
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        return name

    def drop(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(
        self, statement: "sql.Composed | str", database: str = "postgres"
    ) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as session:
            cursor = session.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def databases(self) -> set[object]:
        return {name for (name,) in self.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")}


@contextmanager
def running(*, password: str) -> Iterator[Server]:
    """Starts a server, yields it, stops it and removes its files."""
    programs = postgresql.find_programs()
    assert programs, "PostgreSQL is not installed: `make test` installs it, or see .ci/setup-tests"
    with account.folder_of(_ACCOUNT, "eduops-pgtcp-") as folder:
        data, secret = folder / "data", folder / "secret"
        secret.write_text(password + "\n", encoding="utf-8")
        secret.chmod(0o644)
        words = ["-D", data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
        account.run(programs / "initdb", *words, "--locale=C.UTF-8", "--no-sync", name=_ACCOUNT)
        port = account.free_port()
        options = [
            "-D",
            data,
            "-p",
            port,
            "-k",
            folder,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "fsync=off",
        ]
        options += ["-c", "shared_buffers=32MB", "-c", "max_connections=30"]
        with account.started(
            programs / "postgres",
            *options,
            name=_ACCOUNT,
            log=folder / "log",
            is_ready=lambda: account.answers(port),
        ):
            server = Server(folder, port, password)
            account.wait_until(lambda: _is_ready(server))
            yield server


def _is_ready(server: Server) -> bool:
    try:
        server.databases()
    except psycopg.OperationalError:
        return False
    return True
