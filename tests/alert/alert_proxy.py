"""Real proxies on loopback: HTTP (absolute address and CONNECT) and SOCKS5, both with name and password."""

import base64
import select
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

USER, PASSWORD = "invented-user", "proxy-pass-42-invented"


@dataclass
class Proxy:
    port: int
    went_to: list[str] = field(default_factory=list)


class _Http(socketserver.StreamRequestHandler):
    proxy: Proxy

    def handle(self) -> None:
        method, target, version = self.rfile.readline().decode().split()
        headers = []
        while (line := self.rfile.readline().strip()) != b"":
            headers.append(line)
        wanted = b"basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).lower()
        given = [
            line.split(b": ", 1)[1] for line in headers if line.lower().startswith(b"proxy-authorization")
        ]
        if [each.lower() for each in given] != [wanted]:
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        parts = urlsplit(target if method != "CONNECT" else f"//{target}")
        self.proxy.went_to.append(f"{parts.hostname}:{parts.port}")
        with socket.create_connection((parts.hostname, parts.port), timeout=5) as there:
            if method == "CONNECT":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = f"{parts.path}?{parts.query}" if parts.query else parts.path
                kept = [line for line in headers if not line.lower().startswith(b"proxy-")]
                there.sendall(b"\r\n".join([f"{method} {path} {version}".encode(), *kept, b"", b""]))
                length = next(
                    int(line.split(b":")[1]) for line in kept if line.lower().startswith(b"content-length")
                )
                there.sendall(self.rfile.read(length))
            _pump(self.connection, there)


class _Socks(socketserver.StreamRequestHandler):
    proxy: Proxy

    def handle(self) -> None:
        count = self.rfile.read(2)[1]
        self.rfile.read(count)
        self.wfile.write(b"\x05\x02")
        user = self.rfile.read(self.rfile.read(2)[1])
        password = self.rfile.read(self.rfile.read(1)[0])
        if (user.decode(), password.decode()) != (USER, PASSWORD):
            self.wfile.write(b"\x01\x01")
            return
        self.wfile.write(b"\x01\x00")
        kind = self.rfile.read(4)[3]
        host = (
            socket.inet_ntoa(self.rfile.read(4))
            if kind == 1
            else self.rfile.read(self.rfile.read(1)[0]).decode()
        )
        port = struct.unpack("!H", self.rfile.read(2))[0]
        self.proxy.went_to.append(f"{host}:{port}")
        with socket.create_connection((host, port), timeout=5) as there:
            self.wfile.write(b"\x05\x00\x00\x01" + b"\x00" * 6)
            _pump(self.connection, there)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up early is no fault of the proxy's."""


@contextmanager
def running(kind: str) -> Iterator[Proxy]:
    """A proxy: http or socks5."""
    handler = _Http if kind == "http" else _Socks
    server = _Server(("127.0.0.1", 0), handler)
    proxy = Proxy(server.server_address[1])
    server.RequestHandlerClass = type("Bound", (handler,), {"proxy": proxy})
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


def _pump(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError):
        while True:
            for ready in select.select([here, there], [], [], 5)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (there if ready is here else here).sendall(data)
