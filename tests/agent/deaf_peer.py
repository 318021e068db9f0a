"""A peer that takes connections and never says a word."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def listening() -> Iterator[int]:
    """Its port on loopback."""
    with socket.socket() as peer:
        peer.bind(("127.0.0.1", 0))
        peer.listen(16)
        yield peer.getsockname()[1]
