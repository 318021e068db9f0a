"""What senders are handed, and how they say that it did not arrive."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from eduops.alert.configuration import Channel, Proxy
from eduops.core.errors import OutsideError


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the words of one channel, already as short as it takes."""

    ref: str
    kind: str
    severity: str
    subject: str
    title: str
    text: str
    created_at: datetime
    sent_at: datetime
    """The true instant of sending, which signatures are made with."""
    may_be_second: bool = False
    """Whether an earlier attempt was broken off and may have arrived."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """One channel of alert.yaml, where it is used from, and what it goes through."""

    name: str
    channel: Channel
    home: Path
    proxy: Proxy | None = None


class Fault(OutsideError):
    """It did not arrive, and why, without any secret.

    `pause` is how long the service wants to be left alone; `is_channel` says that the next message would fare the same.
    """

    def __init__(self, message: str, *, pause: timedelta = timedelta(), is_channel: bool = False) -> None:
        super().__init__(message, source="alert")
        self.pause = pause
        self.is_channel = is_channel
