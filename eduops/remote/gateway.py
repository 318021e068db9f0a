"""Connections to many hosts at once: each bastion is logged in to once and shared, each failure of one is told once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from eduops.core.errors import EduopsError, OutsideError
from eduops.remote.connection import fetch_key, log_in
from eduops.remote.known_host import ShownKey
from eduops.remote.route import Hop, Route

Way = tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A host that we are logged in to."""

    hop: Hop
    client: paramiko.SSHClient


@dataclass
class Gateway:
    """The way out. Safe to use from several threads; `close` ends everything that is open, from any of them."""

    known_hosts: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _doors: dict[Way, threading.Lock] = field(default_factory=dict)
    _shared: dict[Way, paramiko.SSHClient] = field(default_factory=dict)
    _failures: dict[Way, EduopsError] = field(default_factory=dict)
    _open: set[paramiko.SSHClient] = field(default_factory=set)
    _is_closed: bool = False

    @contextmanager
    def session(self, route: Route) -> Iterator[Session]:
        """The host, logged in to. Raises OutsideError naming the hop that failed, ConfigError for our own side."""
        *before, last = route.hops
        client = self._log_in(last, self._reach(tuple(before)))
        try:
            yield Session(last, client)
        finally:
            self._forget(client)

    def fetch_key(self, route: Route, number: int) -> ShownKey:
        """The key that the route's hop of this number (from 0) shows; those before it must be trusted already."""
        return fetch_key(route.hops[number], through=self._reach(route.hops[:number]))

    def close(self) -> None:
        """Ends every connection; whoever waits on one gets an OutsideError."""
        with self._lock:
            self._is_closed = True
            clients = list(self._open)
        for client in clients:
            self._forget(client)

    def _reach(self, way: Way) -> paramiko.SSHClient | None:
        """The client of the way's last hop, shared by all who come by."""
        if not way:
            return None
        with self._lock:
            door = self._doors.setdefault(way, threading.Lock())
        with door:
            shared = self._shared.get(way)
            if shared is not None and _is_alive(shared):
                return shared
            # Fifty hosts behind a dead bastion would each wait for it to not answer.
            if way in self._failures:
                raise self._failures[way]
            try:
                self._shared[way] = self._log_in(way[-1], self._reach(way[:-1]))
            except EduopsError as error:
                self._failures[way] = error
                raise
            return self._shared[way]

    def _log_in(self, hop: Hop, through: paramiko.SSHClient | None) -> paramiko.SSHClient:
        client = log_in(hop, self.known_hosts, through=through)
        with self._lock:
            self._open.add(client)
            is_closed = self._is_closed
        if is_closed:
            self._forget(client)
            raise OutsideError("已中止", source=hop.title)
        return client

    def _forget(self, client: paramiko.SSHClient) -> None:
        with self._lock:
            self._open.discard(client)
        with suppress(Exception):
            client.close()


def _is_alive(client: paramiko.SSHClient) -> bool:
    transport = client.get_transport()
    return transport is not None and transport.is_active()
