"""Figures out of a document's sections, which may hold anything: what is not as it should be reads as None."""

from collections.abc import Mapping
from datetime import datetime

Data = Mapping[str, object]
"""A section's figures or one of its rows: JSON values, not yet looked at."""

MOST_ROWS = 500
_OBJECTS = {dict}


def read_number(data: object, key: str, *, low: float = 0.0, high: float = 1e15) -> float | None:
    """The number under a key, if it is one and lies in [low, high]."""
    value = data.get(key) if isinstance(data, dict) else None
    # By its very type: JSON gives no others, a yes is no number, and a year of documents has a million figures.
    if type(value) is not int and type(value) is not float:
        return None
    # The comparison comes first: an integer too large for a float must not reach the conversion.
    return float(value) if low <= value <= high else None


def read_percent(data: object, key: str) -> float | None:
    """The percentage under a key, if it lies between 0 and 100."""
    return read_number(data, key, high=100.0)


def read_flag(data: object, key: str) -> bool | None:
    """The yes or no under a key."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, bool) else None


def read_text(data: object, key: str) -> str:
    """The text under a key, else an empty one."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def read_instant(data: object, key: str) -> datetime | None:
    """The instant under a key, if it is one with an offset."""
    try:
        instant = datetime.fromisoformat(read_text(data, key))
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def read_rows(data: object, key: str) -> list[Data] | None:
    """The list of objects under a key; None where it is not one, or longer than any real one."""
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, list) or len(value) > MOST_ROWS:
        return None
    return value if set(map(type, value)) <= _OBJECTS else None
