"""Instants of the document: UTC, ISO 8601, milliseconds. The agent's only reader of the clock."""

import time
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def now_seconds() -> float:
    """Seconds since 1970."""
    return time.time()


def render_instant(seconds: float) -> str:
    """Seconds since 1970 as 2026-03-05T03:50:00.000Z."""
    return render_datetime(_EPOCH + timedelta(seconds=seconds))


def render_datetime(instant: datetime) -> str:
    """An aware datetime as 2026-03-05T03:50:00.000Z."""
    text = instant.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
