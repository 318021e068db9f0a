"""A real MariaDB: started on a Unix socket in a temporary directory, as an unprivileged user when run as root."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import account

_ACCOUNT = "mysql"
# Nothing of a test has to survive a power cut.
_FAST = (
    *("--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--innodb-flush-method=nosync"),
    *("--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M", "--key-buffer-size=1M"),
    *(
        "--aria-pagecache-buffer-size=1M",
        "--sync-binlog=0",
        "--performance-schema=OFF",
        "--skip-name-resolve",
    ),
)


@dataclass
class Server:
    """A running server; its root has no password and is let in by the socket alone."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def socket(self) -> Path:
        return self.folder / "sock"

    def execute(self, statements: str, *, database: str = "") -> str:
        """What the client prints. Raises where a statement fails."""
        return _ask(self.socket, statements, database).stdout.decode()

    def hold(self, statements: str, *, database: str = "") -> "subprocess.Popen[bytes]":
        """A session that has run the statements and stays open until its input is closed or it is killed."""
        words = [account.find("mariadb"), *_login(self.socket), "--unbuffered", database]
        session = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert session.stdin and session.stdout
        session.stdin.write((statements + "; SELECT 'held';\n").encode())
        session.stdin.flush()
        for line in session.stdout:
            if line.strip() == b"held":
                return session
        raise AssertionError(f"the session ended: {statements}")


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """Starts a server, yields it, stops it and removes its files."""
    with account.folder_of(_ACCOUNT, "eduops-maria-") as folder, ExitStack() as stack:
        data, socket = folder / "data", folder / "sock"
        account.run(
            account.find("mariadb-install-db"),
            *("--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"),
            *("--skip-test-db", "--skip-name-resolve", *_FAST),
            name=_ACCOUNT,
        )
        port = account.free_port()
        words = [account.find("mariadbd"), "--no-defaults", f"--datadir={data}", f"--socket={socket}"]
        words += [
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--pid-file={folder / 'pid'}",
            *_FAST,
            *options,
        ]
        process = stack.enter_context(
            account.started(*words, name=_ACCOUNT, log=folder / "log", is_ready=lambda: _is_ready(socket))
        )
        yield Server(folder, process, port)


def _login(socket: Path) -> list[str]:
    return ["--no-defaults", f"--socket={socket}", "--user=root", "--batch", "--skip-column-names"]


def _ask(socket: Path, statements: str, database: str = "") -> "subprocess.CompletedProcess[bytes]":
    words = [account.find("mariadb"), *_login(socket), database]
    done = subprocess.run(words, input=statements.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done


def _is_ready(socket: Path) -> bool:
    words = [account.find("mariadb"), *_login(socket), "-e", "SELECT 1"]
    return socket.exists() and subprocess.run(words, capture_output=True, check=False).returncode == 0
