"""A real HTTP server on loopback that notes what it was sent and answers as a test wants, rudely too."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # Any: whatever was sent
        return json.loads(self.body)


Answer = Callable[["Answering", Request], None]


@dataclass
class Receiver:
    port: int
    answer: Answer
    scheme: str = "http"
    seen: list[Request] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    """Set at the end, so that an answer that waits does not outlive its test."""

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


class Answering(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        request = Request(parts.path, query, dict(self.headers), self.rfile.read(length))
        self.receiver.seen.append(request)
        self.receiver.arrived.set()
        with suppress(OSError):
            self.receiver.answer(self, request)
        self.close_connection = True

    def give(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def giving(status: int = 200, said: object = None, **headers: str) -> Answer:
    """An answer of that status and JSON."""
    body = said if isinstance(said, bytes) else b"" if said is None else json.dumps(said).encode()
    return lambda handler, _request: handler.give(status, body, **headers)


def hanging(handler: Answering, _request: Request) -> None:
    handler.receiver.let_go.wait(20)


def dripping(handler: Answering, _request: Request) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.receiver.let_go.wait(0.05):
        handler.wfile.write(b" ")


def dripping_headers(handler: Answering, _request: Request) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.receiver.let_go.wait(0.05):
        handler.wfile.write(b"X")


def truncated(handler: Answering, _request: Request) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"errcode": 0, "code": 0')


def closing(handler: Answering, _request: Request) -> None:
    handler.connection.close()


def huge(handler: Answering, _request: Request) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not handler.receiver.let_go.is_set():
        handler.wfile.write(b" " * 65536)


@contextmanager
def receiving(answer: Answer, *, certificate: tuple[Path, Path] | None = None) -> Iterator[Receiver]:
    """The server, with TLS where a certificate and its key are given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1], answer, "https" if certificate else "http")
    server.RequestHandlerClass = type("Bound", (Answering,), {"receiver": receiver})
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        server.shutdown()
        server.server_close()
