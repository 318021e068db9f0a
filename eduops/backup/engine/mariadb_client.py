"""MariaDB's own programs: how they log in, and what they answer. The password stands in an option file of mode 0600."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from eduops.backup import secret
from eduops.backup.configuration import Login
from eduops.backup.engine import program
from eduops.backup.engine.job import Job
from eduops.backup.engine.server import Server, reach

PORT: Final = 3306
_PACKAGE: Final = "mariadb-client"


@dataclass(frozen=True, slots=True)
class Client:
    """A server, and the option file by which programs log in to it."""

    server: Server
    options: Path

    def words(self, name: str) -> list[str]:
        """The program with its way to log in: the option file must come first."""
        found = program.find(name, package=_PACKAGE)
        address = self.server.address
        where = (
            [f"--socket={address}"]
            if address.startswith("/")
            else [f"--host={address}", f"--port={self.server.port}", "--protocol=tcp"]
        )
        return [found, f"--defaults-extra-file={self.options}", *where, f"--user={self.server.user}"]


@contextmanager
def open_client(job: Job, login: Login) -> Iterator[Client]:
    """The clients' way to a server, while the block lasts. Raises OutsideError, ConfigError."""
    with reach(
        login, default_port=PORT, home=job.home.path, routes=job.routes, what=f"备份来源 {job.name}"
    ) as server:
        lines = "[client]\n"
        if server.password is not None:
            escaped = server.password.replace("\\", "\\\\").replace('"', '\\"')
            lines += f'password="{escaped}"\n'
        with secret.private_file(lines) as options:
            yield Client(server, options)


def ask(client: Client, statements: str, *, what: str, database: str = "") -> str:
    """What the client prints of some statements. Raises OutsideError."""
    words = [*client.words("mariadb"), "--batch", "--skip-column-names", "--default-character-set=utf8mb4"]
    words += [f"--database={database}"] if database else []
    with program.started(
        words, what=what, environment={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        stdin = stream(process.stdin)
        stdin.write(statements.encode() + b"\n")
        stdin.close()
        return stream(process.stdout).read().decode("utf-8", "replace")


def stream(stream: IO[bytes] | None) -> IO[bytes]:
    """A stream that was asked for."""
    assert stream is not None  # noqa: S101 - it was asked for
    return stream
