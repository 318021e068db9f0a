"""A port of this machine's loopback, behind which a far host connects to a third machine: `ssh -L`."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import paramiko

from eduops.core.errors import OutsideError
from eduops.remote.gateway import Gateway, Session
from eduops.remote.route import Route

_CHUNK_BYTES = 262_144


@contextmanager
def open_port(gateway: Gateway, route: Route, address: str, port: int) -> Iterator[int]:
    """The local port. Raises OutsideError naming the hop that fails, also where the last one cannot connect."""
    with gateway.session(route) as session:
        # Asked once before anybody waits: a client's own words about a closed port would name the wrong machine.
        _open_channel(session, address, port).close()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            threading.Thread(target=_accept, args=(listening, session, address, port), daemon=True).start()
            try:
                yield int(listening.getsockname()[1])
            finally:
                with suppress(OSError):
                    listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, session: Session, address: str, port: int) -> None:
    while True:
        try:
            near, _ = listening.accept()
        except OSError:
            return
        try:
            far = _open_channel(session, address, port)
        except OutsideError:
            near.close()
            continue
        threading.Thread(target=_serve, args=(near, far), daemon=True).start()


def _serve(near: socket.socket, far: paramiko.Channel) -> None:
    back = threading.Thread(target=_pump, args=(far, near), daemon=True)
    back.start()
    _pump(near, far)
    back.join()
    near.close()
    far.close()


def _open_channel(session: Session, address: str, port: int) -> paramiko.Channel:
    transport = session.client.get_transport()
    try:
        if transport is None:
            raise EOFError
        return transport.open_channel(
            "direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=session.hop.connect_seconds
        )
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise OutsideError(
            f"经{session.hop.title}连不上 {address}:{port}",
            hint="确认那台服务在运行、这台主机允许转发且能连到它",
            source=session.hop.title,
            detail=str(error),
        ) from error


def _pump(source: "socket.socket | paramiko.Channel", target: "socket.socket | paramiko.Channel") -> None:
    with suppress(OSError, EOFError, paramiko.SSHException):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
    # Half closed: the other side may still have something to say.
    with suppress(OSError, EOFError, paramiko.SSHException):
        target.shutdown(socket.SHUT_WR) if isinstance(target, socket.socket) else target.shutdown_write()
