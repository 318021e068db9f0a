"""How messages leave: one module a kind of channel, each with `send`, `IS_MARKDOWN` and `MOST_BYTES`."""

import threading
from importlib import import_module
from typing import Any

from eduops.alert.sender.letter import Fault, Letter, Outlet


def find(kind: str) -> Any:  # Any: a module
    """The module of a channel's kind."""
    return import_module(f"eduops.alert.sender.{kind}")


def send(letter: Letter, outlet: Outlet) -> None:
    """Sends one message, within three times the channel's `timeout_seconds`, whatever the other side does.

    Raises Fault where it did not arrive, ConfigError where a secret is missing.
    """
    outcome: list[BaseException | None] = []
    module = find(outlet.channel.kind)

    def attempt() -> None:
        try:
            module.send(letter, outlet)
            outcome.append(None)
        except BaseException as error:
            outcome.append(error)

    # Someone who drips an answer byte by byte keeps every single wait short: only the whole can be bounded.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    seconds = 3 * outlet.channel.timeout_seconds
    thread.join(seconds)
    if not outcome:
        raise Fault(f"{seconds:g} 秒没有发完，不知道是否送达", is_channel=True)
    if outcome[0] is not None:
        raise outcome[0]
