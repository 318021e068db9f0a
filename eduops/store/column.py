"""Column types that refuse what would lie later, and the naming that lets migrations find constraints again.

Every `models.py` imports from here, so the convention is set before the first table is defined.
"""

import json
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Integer, LargeBinary, Text, TypeDecorator
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ONLY_TEXT = frozenset({str})


def dump_json(value: Any) -> str:  # Any: whatever JSON can say
    """The text of a JSON column: Chinese as itself, a third of the room that its escapes take."""
    # Lists of words are what imports write by the ten thousand: quicker without an encoder's ceremony.
    if isinstance(value, list | tuple) and _ONLY_TEXT.issuperset(map(type, value)):
        written = f"[{','.join(map(encode_basestring, value))}]"
    else:
        written = _encode(value)
    try:
        written.encode()
    except UnicodeEncodeError:  # half of a surrogate pair has no UTF-8, only an escape
        return json.dumps(value)
    return written


class Json(TypeDecorator[Any]):  # Any: whatever JSON can say
    """JSON values: text in SQLite, `jsonb` in PostgreSQL."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON())
        # Loaded only where it is used: it doubles the time of loading the store.
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB())


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. A naive datetime raises ValueError instead of being guessed at."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} for a UTC column")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite gives back what was bound, without its zone; PostgreSQL gives the server's zone.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Hundredths(TypeDecorator[Decimal]):
    """An exact Decimal with two places (points, percentages), kept as an integer number of hundredths."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        scaled = value * 100
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than two decimal places")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


class PackedText(TypeDecorator[str]):
    """Long text, kept compressed (zlib): a patrol's document takes a sixth of its room."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else zlib.compress(value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else zlib.decompress(value).decode()


class ExactJson(TypeDecorator[Any]):  # Any: whatever JSON can say
    """JSON values as canonical text in every database; reading text that eduops did not write raises ValueError.

    For what is evidence: not a byte of it may differ, not even a blank.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        found = json.loads(value)
        return _exact(found, self.process_bind_param(found, dialect), value)


class ExactInstant(TypeDecorator[datetime]):
    """An aware instant as `2026-03-05T03:50:00.000000Z`; other text raises ValueError, a naive datetime too."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} for a UTC column")
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        found = datetime.fromisoformat(value)
        instant: datetime = _exact(found, self.process_bind_param(found, dialect), value)
        return instant


def _exact(found: Any, written: str | None, kept: str) -> Any:
    if written != kept:
        raise ValueError(f"{kept!r} is not what was written")
    return found
