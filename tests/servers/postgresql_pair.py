"""A real PostgreSQL primary with a standby that follows it, on Unix sockets, unprivileged when run as root."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from servers import account, postgresql

_ACCOUNT = "postgres"
PRIMARY_PORT = 54331
STANDBY_PORT = 54332
_FAST = (
    "-c listen_addresses= -c fsync=off -c shared_buffers=16MB -c max_connections=12 -c deadlock_timeout=50ms"
)


@dataclass(frozen=True)
class Pair:
    """Both servers' sockets lie in the folder; their ports tell them apart."""

    folder: Path

    def connect(
        self, *, port: int = PRIMARY_PORT, user: str = "postgres", **options: str
    ) -> psycopg.Connection:
        """A session that commits each statement by itself."""
        return psycopg.connect(
            host=str(self.folder), port=port, user=user, dbname="postgres", autocommit=True, **options
        )

    def ask(self, statement: str, *, port: int = PRIMARY_PORT) -> object:
        """The first column of the first row; None where there is no row."""
        with self.connect(port=port) as session:
            cursor = session.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None


@contextmanager
def running() -> Iterator[Pair]:
    """Starts both, yields them when the standby follows, stops them and removes their files."""
    programs = postgresql.find_programs()
    assert programs, "PostgreSQL is not installed: `make test` installs it, or see .ci/setup-tests"
    with account.folder_of(_ACCOUNT, "eduops-pair-") as folder:
        primary, standby = folder / "primary", folder / "standby"
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        account.run(programs / "initdb", "-D", primary, *options, name=_ACCOUNT)
        access = primary / "pg_hba.conf"
        access.write_text("local all watched scram-sha-256\n" + access.read_text())
        with _started(programs, primary, PRIMARY_PORT):
            copied = (
                "-h",
                folder,
                "-p",
                PRIMARY_PORT,
                "-U",
                "postgres",
                "-D",
                standby,
                "-R",
                "-c",
                "fast",
                "--no-sync",
            )
            account.run(programs / "pg_basebackup", *copied, name=_ACCOUNT)
            with _started(programs, standby, STANDBY_PORT):
                pair = Pair(folder)
                account.wait_until(lambda: pair.ask("SELECT count(*) FROM pg_stat_replication") == 1)
                yield pair


@contextmanager
def _started(programs: Path, data: Path, port: int) -> Iterator[None]:
    options = f"-k {data.parent} -p {port} {_FAST}"
    log = data.parent / f"{data.name}.log"
    account.run(programs / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start", name=_ACCOUNT)
    try:
        yield
    finally:
        account.run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", name=_ACCOUNT)
