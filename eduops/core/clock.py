"""The only reader of the clock. A command reads it once and passes `now` down."""

from datetime import UTC, datetime

from eduops.core.errors import InputError

# At the calendar's ends arithmetic with zones overflows.
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def read_now(override: str | None) -> datetime:
    """The present instant, or the one in EDUOPS_NOW (ISO 8601 with offset), which rehearsals and demos set.

    Raises InputError where the text is no instant, lacks its offset or lies centuries away.
    """
    if not override:
        return now()
    try:
        instant = datetime.fromisoformat(override)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise InputError(
            f"环境变量 EDUOPS_NOW 的值「{override}」不是带时区的时刻",
            hint="写成 2026-03-05T11:50:00+08:00 的样子，或取消这个变量",
        )
    return instant.astimezone(UTC)
