"""The outbox: a message is written down before anything is sent, and kept until it arrived or was withdrawn."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from eduops.alert import queries, rules, template
from eduops.alert.configuration import AlertConfig
from eduops.alert.models import Delivery, Message
from eduops.alert.text import mask_personal
from eduops.core.errors import NotAllowed
from eduops.store.counter import next_reference

_LOG = logging.getLogger("eduops.alert")
# Without a handler of somebody's, Python would print warnings to the screen itself.
_LOG.addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Setting:
    """What the alert room works by: alert.yaml, the home, the contract's clock."""

    config: AlertConfig
    home: Path
    days: rules.Days


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people must hear of. `dedup_key` tells it from everything told before; facts are JSON values."""

    kind: str
    severity: str
    subject: str
    dedup_key: str
    # Any: what the template of the kind is filled with; JSON values only.
    facts: dict[str, Any]


def announce(
    session: Session,
    setting: Setting,
    notice: Notice,
    *,
    now: datetime,
    actor: str,
    channels: Sequence[str] | None = None,
) -> Message | None:
    """Writes a message and its deliveries, to be sent once the caller has committed; None where it was told before.

    It goes to the channels that alert.yaml routes it to, unless some are named. Raises ConfigError where neither the
    home's template nor the shipped one can be used.
    """
    if queries.find_known(session, [notice.dedup_key]):
        return None
    zone = setting.days.zone
    facts = _mask(notice.facts)
    written = template.write(setting.home, zone, kind=notice.kind, severity=notice.severity, facts=facts)
    if written.fault:
        _LOG.warning(
            "template of the home cannot be used", extra={"kind": notice.kind, "fault": written.fault}
        )
    # Taking the number locks the counter's row: whoever else announces the same waits here, and then finds it known.
    ref = next_reference(session, "MSG", now.astimezone(zone).year)
    if queries.find_known(session, [notice.dedup_key]):
        return None
    message = Message(
        ref=ref, kind=notice.kind, severity=notice.severity, subject=mask_personal(notice.subject),
        dedup_key=notice.dedup_key, title=written.title, text=written.text, facts=facts, created_at=now, actor=actor,
    )  # fmt: skip
    session.add(message)
    session.flush()
    _add_deliveries(session, setting, message, channels)
    return message


def claim(session: Session, delivery: Delivery, *, now: datetime) -> bool:
    """Takes a delivery for sending, on condition that it still is as it was read; False where somebody was faster."""
    values = {"attempts": delivery.attempts + 1, "claimed_until": now + rules.CLAIM_FOR}
    return _change(session, delivery.id, values, attempts=delivery.attempts)


def note_delivered(session: Session, delivery_id: int, *, now: datetime) -> bool:
    """Notes that it arrived, whoever else holds it by now; False where it was withdrawn meanwhile."""
    return _change(
        session,
        delivery_id,
        {"state": "delivered", "delivered_at": now, "next_at": None, "claimed_until": None},
    )


def note_failed(session: Session, delivery_id: int, *, attempts: int, next_at: datetime, fault: str) -> bool:
    """Notes why the attempt of that number failed and when the next may be made; False where somebody else has it."""
    values = {"next_at": next_at, "claimed_until": None, "last_fault": fault[:500]}
    return _change(session, delivery_id, values, attempts=attempts)


def withdraw(session: Session, ref: str, *, because: str) -> list[str]:
    """Withdraws what has not arrived of a message, and says from which channels. Raises NotFound or NotAllowed."""
    message = queries.get_message(session, ref)
    channels = []
    for delivery, _ in queries.list_pending(session, message_id=message.id):
        values = {"state": "withdrawn", "withdrawn_because": because, "next_at": None, "claimed_until": None}
        if _change(session, delivery.id, values):
            channels.append(delivery.channel)
    if not channels:
        raise NotAllowed(f"{ref} 没有待发的渠道，不用撤回", hint=f"用 eduops alert show {ref} 查看")
    return channels


def _add_deliveries(
    session: Session, setting: Setting, message: Message, channels: Sequence[str] | None
) -> None:
    wanted = {"kind": message.kind, "severity": message.severity}
    names = rules.list_channels(setting.config, **wanted) if channels is None else channels
    now = message.created_at
    quiet_end = rules.find_quiet_end(setting.config.quiet, setting.days, **wanted, now=now)
    session.add_all(Delivery(message_id=message.id, channel=name, next_at=quiet_end or now) for name in names)
    session.flush()
    _LOG.info(
        "message written",
        extra={"ref": message.ref, **wanted, "subject": message.subject, "channels": list(names)},
    )


# Any: the values of columns
def _change(
    session: Session, delivery_id: int, values: dict[str, Any], *, attempts: int | None = None
) -> bool:
    statement = update(Delivery).where(col(Delivery.id) == delivery_id, col(Delivery.state) == "pending")
    if attempts is not None:
        statement = statement.where(col(Delivery.attempts) == attempts)
    found: int = session.execute(statement.values(**values)).rowcount  # type: ignore[attr-defined]
    return found == 1


def _mask(value: Any) -> Any:  # Any: JSON values
    match value:
        case str():
            return mask_personal(value)
        case dict():
            return {key: _mask(part) for key, part in value.items()}
        case list() | tuple():
            return [_mask(part) for part in value]
    return value
