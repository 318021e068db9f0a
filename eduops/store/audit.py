"""The audit log: one chained entry a command that changed data."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from eduops.core.errors import NotAllowed
from eduops.store.chain import GENESIS, Break, find_break, link_hash
from eduops.store.counter import allocate
from eduops.store.evidence import UNREADABLE, count_missing, list_links
from eduops.store.models import AuditEntry

_COUNTER = "audit_entry"


def record(
    session: Session, *, at: datetime, actor: str, command: str, subject: str, change: Mapping[str, object]
) -> AuditEntry:
    """Appends who did what to what; `change` holds plain JSON values and never a secret or an ID number."""
    # The counter's row lock keeps two writers from chaining to the same predecessor.
    number = allocate(session, _COUNTER)[0]
    # The hash alone: an entry that somebody wrote into must not keep the work after it from being recorded.
    before = session.exec(select(AuditEntry.hash).where(AuditEntry.id == number - 1)).first()
    previous = before or GENESIS
    entry = AuditEntry(
        id=number, at=at, actor=actor, command=command, subject=subject, change=dict(change),
        previous_hash=previous, hash="",
    )  # fmt: skip
    entry.hash = link_hash(previous, _payload(entry))
    session.add(entry)
    session.flush()
    return entry


def list_entries(session: Session, *, limit: int) -> list[AuditEntry]:
    """The newest entries first. Raises NotAllowed where somebody wrote into one so that it cannot be read."""
    try:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)).all()
        for entry in entries:
            _require_plain(entry)
    except UNREADABLE as error:
        raise NotAllowed(
            "操作日志有记录被改动，已读不出来", hint="保留现场，运行 eduops audit verify，并从备份核对"
        ) from error
    return list(entries)


def verify(session: Session) -> tuple[int, Break | None]:
    """How many entries there are, and the first that does not fit or is missing at the end."""
    links = list_links(session, AuditEntry, _payload)
    broken = find_break(links)
    if broken is None and count_missing(session, _COUNTER, AuditEntry):
        broken = Break(len(links) + 1, "order")
    return len(links), broken


def _require_plain(entry: AuditEntry) -> None:
    """Raises TypeError for a value that is not of its column's type (SQLite keeps any), OverflowError for an
    instant that has no local time."""
    _ = (entry.at - timedelta(days=1), entry.at + timedelta(days=1))
    texts = (entry.actor, entry.command, entry.subject, entry.previous_hash, entry.hash)
    if not all(isinstance(each, str) for each in texts) or not isinstance(entry.change, dict):
        raise TypeError(f"audit entry {entry.id} holds values of other types")


def _payload(entry: AuditEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "command": entry.command,
        "subject": entry.subject,
        "change": entry.change,
    }
