"""The audit log: one chained entry a command that changed data."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from eduops.store.chain import GENESIS, Break, Link, find_break, link_hash
from eduops.store.counter import allocate
from eduops.store.models import AuditEntry, Counter

_COUNTER = "audit_entry"


def record(
    session: Session, *, at: datetime, actor: str, command: str, subject: str, change: Mapping[str, object]
) -> AuditEntry:
    """Appends who did what to what; `change` holds plain JSON values and never a secret or an ID number."""
    # The counter's row lock keeps two writers from chaining to the same predecessor.
    number = allocate(session, _COUNTER)[0]
    before = session.get(AuditEntry, number - 1) if number > 1 else None
    previous = before.hash if before else GENESIS
    entry = AuditEntry(
        id=number, at=at, actor=actor, command=command, subject=subject, change=dict(change),
        previous_hash=previous, hash="",
    )  # fmt: skip
    entry.hash = link_hash(previous, _payload(entry))
    session.add(entry)
    session.flush()
    return entry


def list_entries(session: Session, *, limit: int) -> list[AuditEntry]:
    """The newest entries first."""
    return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)))


def verify(session: Session) -> tuple[int, Break | None]:
    """How many entries there are, and the first that does not fit or is missing at the end."""
    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
    links = [Link(entry.id, _payload(entry), entry.previous_hash, entry.hash) for entry in entries]
    broken = find_break(links)
    given_out = session.get(Counter, _COUNTER)
    if broken is None and given_out and given_out.last > len(links):
        broken = Break(len(links) + 1, "order")
    return len(links), broken


def _payload(entry: AuditEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "command": entry.command,
        "subject": entry.subject,
        "change": entry.change,
    }
