"""What is asked of the outbox."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from eduops.alert.models import Delivery, Message
from eduops.core.errors import NotFound

_AT_ONCE = 500
"""Keys asked for in one statement; SQLite takes some thousand values."""


def find_known(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the dedup keys that a message has already."""
    wanted, known = sorted(keys), set[str]()
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        known.update(session.exec(select(Message.dedup_key).where(col(Message.dedup_key).in_(part))))
    return known


def find_newest(session: Session, kind: str) -> Message | None:
    """The newest message of a kind."""
    return session.exec(select(Message).where(Message.kind == kind).order_by(col(Message.id).desc())).first()


def get_message(session: Session, ref: str) -> Message:
    """The message of a reference. Raises NotFound."""
    found = session.exec(select(Message).where(Message.ref == ref)).first()
    if found is None:
        raise NotFound(f"没有提醒 {ref}", hint="运行 eduops alert list 查看")
    return found


def list_deliveries(session: Session, message_ids: Collection[int]) -> list[Delivery]:
    """The deliveries of messages, by channel as they were made."""
    wanted, found = sorted(message_ids), list[Delivery]()
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        statement = select(Delivery).where(col(Delivery.message_id).in_(part)).order_by(col(Delivery.id))
        found += session.exec(statement)
    return found


def list_messages(
    session: Session, *, kind: str | None = None, is_pending: bool = False, limit: int
) -> tuple[list[Message], int]:
    """Messages, newest first, and how many there are; of a kind, or those that have not arrived everywhere yet."""
    statement = select(Message)
    if kind:
        statement = statement.where(Message.kind == kind)
    if is_pending:
        pending = select(Delivery.message_id).where(Delivery.state == "pending")
        statement = statement.where(col(Message.id).in_(pending))
    total = session.exec(select(func.count()).select_from(statement.subquery())).one()
    return list(session.exec(statement.order_by(col(Message.id).desc()).limit(limit))), total


def list_pending(session: Session, *, message_id: int | None = None) -> list[tuple[Delivery, Message]]:
    """The deliveries that have not arrived, with their messages, oldest first; those of one message where named."""
    statement = (
        select(Delivery, Message)
        .join(Message, col(Message.id) == col(Delivery.message_id))
        .where(Delivery.state == "pending")
        .order_by(col(Message.id), col(Delivery.id))
    )
    if message_id is not None:
        statement = statement.where(Delivery.message_id == message_id)
    return list(session.exec(statement))


def count_delivered(session: Session, *, now: datetime) -> dict[str, int]:
    """How many messages went over each channel in the last minute."""
    statement = (
        select(Delivery.channel, func.count())
        .where(col(Delivery.delivered_at) > now - timedelta(minutes=1), col(Delivery.delivered_at) <= now)
        .group_by(col(Delivery.channel))
    )
    return dict(session.exec(statement).all())
