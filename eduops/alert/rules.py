"""Which channels a message takes, when it may go, when a failed one is tried again, which warning is due. Pure."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from eduops.alert.configuration import AlertConfig, Quiet

Stage = Literal["half", "ten", "missed"]

STAGES: tuple[Stage, ...] = ("half", "ten", "missed")
"""The warnings of one deadline, the most urgent last."""
STAGE_SEVERITIES = {"half": "info", "ten": "warning", "missed": "critical"}
CLAIM_FOR = timedelta(minutes=10)
"""How long a sender holds a delivery; far longer than one attempt may take."""
LONGEST_PAUSE = timedelta(minutes=30)
_FIRST_PAUSE = timedelta(minutes=1)
_TEN_MINUTES = timedelta(minutes=10)
_MOST_QUIET_DAYS = 60


@dataclass(frozen=True, slots=True)
class Days:
    """The contract's clock: its zone and which days are worked."""

    zone: ZoneInfo
    is_working_day: Callable[[date], bool]


def list_channels(config: AlertConfig, *, kind: str, severity: str) -> tuple[str, ...]:
    """The channels of every route that fits, each once, in the order of the file."""
    found = [
        name
        for route in config.routes
        if kind in route.kinds and severity in route.severities
        for name in route.channels
    ]
    return tuple(dict.fromkeys(found))


def find_quiet_end(
    quiet: Quiet | None, days: Days, *, kind: str, severity: str, now: datetime
) -> datetime | None:
    """When the quiet hours end that a message must wait for; None where it may go now.

    A deadline of a ticket (clause 2.3) and a test never wait; a critical message only where the file says so.
    """
    if quiet is None or kind in ("deadline", "test") or (severity == "critical" and not quiet.hold_critical):
        return None
    at = now
    for _ in range(2 * _MOST_QUIET_DAYS):
        if not is_quiet(quiet, days, at):
            return None if at == now else at
        at = _next_edge(quiet, days.zone, at)
    return at


def is_quiet(quiet: Quiet, days: Days, at: datetime) -> bool:
    """Whether an instant lies in the quiet hours; their end does not belong to them."""
    local = at.astimezone(days.zone)
    if quiet.free_days and not days.is_working_day(local.date()):
        return True
    from_, to = quiet.minutes
    minute = local.hour * 60 + local.minute
    return from_ <= minute < to if from_ < to else minute >= from_ or minute < to


def find_pause(attempts: int, *, key: str, least: timedelta = timedelta()) -> timedelta:
    """How long to wait after the attempts so far: 1, 2, 4 … 30 minutes and up to a fifth more.

    The part on top comes from the key, so that it is the same whoever computes it, and not everybody comes back at
    once. `least` is what the service asked for.
    """
    doubled: int = 2 ** min(max(attempts, 1) - 1, 10)
    pause = min(_FIRST_PAUSE * doubled, LONGEST_PAUSE)
    digest = hashlib.sha256(f"{key}:{attempts}".encode()).digest()
    pause += pause * (digest[0] / 255 / 5)
    return max(pause, min(least, timedelta(hours=2)))


def is_paused(next_at: datetime | None, *, attempts: int, now: datetime) -> bool:
    """Whether a delivery that failed waits for its next attempt; a wait longer than any is of a clock that was wrong."""
    if not attempts or next_at is None:
        return False
    return now < next_at <= now + timedelta(hours=2, minutes=1)


def is_claimed(claimed_until: datetime | None, now: datetime) -> bool:
    """Whether another sender holds a delivery; a claim longer than any is of a clock that was wrong."""
    return claimed_until is not None and now < claimed_until <= now + 2 * CLAIM_FOR


def find_stage(left: timedelta, limit: timedelta, *, is_paused: bool) -> Stage | None:
    """The most urgent warning that is due of a deadline, None where none is: `left` is negative once it is missed.

    While the ticket waits for the customer (`is_paused`) nothing is due.
    """
    if left < timedelta():
        return "missed"
    if is_paused:
        return None
    if left <= _TEN_MINUTES:
        return "ten"
    return "half" if left <= limit / 2 else None


def _next_edge(quiet: Quiet, zone: ZoneInfo, at: datetime) -> datetime:
    """The next instant at which quiet hours may end: their end, or midnight."""
    today = at.astimezone(zone).date()
    to = time(*divmod(quiet.minutes[1], 60))
    edges = [
        datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
        for clock in (time(), to)
    ]
    # One more day where a zone skips its midnight.
    return min((edge for edge in edges if edge > at), default=at + timedelta(days=1))
