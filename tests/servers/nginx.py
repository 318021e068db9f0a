"""A real nginx: a status page, a page and a broken one on loopback, as an unprivileged user when run as root."""

import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import account

_ACCOUNT = "www-data"
_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location = /status {{ stub_status; access_log off; }}
    location = /broken {{ return 502; }}
    location = /missing {{ return 404; }}
    location / {{ return 200 "fine"; }}
  }}
}}
"""


@dataclass
class Server:
    """A running server."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def access_log(self) -> Path:
        return self.folder / "access.log"

    def visit(self, path: str, times: int = 1) -> None:
        for _ in range(times):
            try:
                urllib.request.urlopen(self.address + path, timeout=10).close()
            except urllib.error.HTTPError as error:
                error.close()

    def rotate_log(self) -> None:
        """As logrotate does: renamed, and nginx told to open its log anew."""
        self.access_log.rename(self.folder / "access.log.1")
        os.kill(self.process.pid, signal.SIGUSR1)
        account.wait_until(self.access_log.exists, self.process)


@contextmanager
def running() -> Iterator[Server]:
    """Starts a server, yields it, stops it and removes its files."""
    with account.folder_of(_ACCOUNT, "eduops-nginx-") as folder:
        port = account.free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port))
        words = [account.find("nginx"), "-c", configuration, "-p", folder, "-e", folder / "error.log"]
        with account.started(
            *words, name=_ACCOUNT, log=folder / "log", is_ready=lambda: account.answers(port)
        ) as process:
            yield Server(folder, process, port)
