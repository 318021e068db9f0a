"""A real Redis: on loopback, in a temporary directory, as an unprivileged user when run as root."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import account

_ACCOUNT = "redis"


@dataclass
class Server:
    """A running server."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    port: int
    password: str

    def execute(self, *command: str) -> str:
        """What redis-cli prints."""
        words = [account.find("redis-cli"), "-p", str(self.port), "--no-auth-warning", *command]
        environment = {"REDISCLI_AUTH": self.password} if self.password else {}
        return subprocess.run(words, capture_output=True, check=True, env=environment).stdout.decode()


@contextmanager
def running(*options: str, password: str = "") -> Iterator[Server]:
    """Starts a server with these options, yields it, stops it and removes its files."""
    with account.folder_of(_ACCOUNT, "eduops-redis-") as folder:
        port = account.free_port()
        words = [
            account.find("redis-server"),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
        ]
        words += ["--save", "", "--daemonize", "no", *options]
        if password:
            words += ["--requirepass", password]
        with account.started(
            *words, name=_ACCOUNT, log=folder / "log", is_ready=lambda: account.answers(port)
        ) as process:
            yield Server(folder, process, port, password)
