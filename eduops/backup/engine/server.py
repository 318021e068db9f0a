"""Database servers: how they are reached, straight or through a host that forwards, and which may be restored to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from eduops.backup import secret
from eduops.backup.configuration import Login, Source, in_home
from eduops.core.errors import ConfigError, NotAllowed
from eduops.remote.route import Route


@dataclass(frozen=True, slots=True)
class Server:
    """A server as a client finds it."""

    title: str
    """As people say it, without any secret."""
    address: str
    port: int
    user: str
    password: str | None = field(default=None, repr=False)


@contextmanager
def reach(
    login: Login, *, default_port: int, home: Path, routes: Mapping[str, Route], what: str
) -> Iterator[Server]:
    """The server, reachable while the block lasts. Raises OutsideError naming the hop, ConfigError for our side."""
    server = Server(
        title=name_server(login, default_port),
        address=str(login.address),
        port=login.port or default_port,
        user=str(login.user),
        password=_read_password(login, home, what),
    )
    if login.through is None:
        yield server
        return
    # paramiko costs a tenth of a second, and most servers are near.
    from eduops.remote import forward, known_host
    from eduops.remote.gateway import Gateway

    gateway = Gateway(home / known_host.FILE)
    try:
        with forward.open_port(gateway, routes[login.through], server.address, server.port) as port:
            yield replace(server, address="127.0.0.1", port=port)
    finally:
        gateway.close()


def name_server(login: Login, default_port: int) -> str:
    """The server as people say it: address and port, and what it is reached through."""
    address = str(login.address)
    where = address if address.startswith("/") else f"{address}:{login.port or default_port}"
    return f"{where}（经 {login.through}）" if login.through else where


def scratch_login(name: str, source: Source) -> Login:
    """The server that drills of this source may restore to. Raises NotAllowed where none is named."""
    scratch = source.scratch
    if scratch.address is not None:
        if scratch.user is None:
            raise ConfigError(f"sources.{name}.scratch 没有写 user", hint="写上演练服务器的用户")
        return scratch
    if not scratch.same_server:
        raise NotAllowed(
            f"backup.yaml 的 sources.{name}.scratch 没有写演练恢复到哪台服务器",
            hint="写 scratch: {address: …, user: …}，或明确允许在原服务器上建临时库：scratch: {same_server: true}",
        )
    own = {"user": scratch.user or source.user}
    named = scratch if scratch.password_file or scratch.password_env else source
    return Login(
        address=source.address,
        port=source.port,
        through=source.through,
        password_file=named.password_file,
        password_env=named.password_env,
        **own,
    )


def _read_password(login: Login, home: Path, what: str) -> str | None:
    file = in_home(login.password_file, home) if login.password_file else None
    return secret.read_password(file, login.password_env, what=what)
