"""The audit log: one chained entry a command that changed data."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from eduops.core.errors import NotAllowed
from eduops.store.audit_head import AuditHead
from eduops.store.chain import GENESIS, Break, Link, find_break, link_hash
from eduops.store.counter import allocate
from eduops.store.evidence import UNREADABLE, count_missing, stream_links
from eduops.store.models import AuditEntry

_COUNTER = "audit_entry"
_CHUNK_ENTRIES = 1000


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
    entry.hash = link_hash(previous, payload(entry))
    session.add(entry)
    session.flush()
    return entry


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for: begun within [from_at, to_at), by whom, which command, about what."""

    from_at: datetime | None = None
    to_at: datetime | None = None
    actor: str | None = None
    command: str | None = None
    """The command as it was typed, with or without `eduops`; a noun alone means all its verbs."""
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """How many entries there are, the last one's hash, and the first thing that does not fit."""

    count: int
    hash: str
    broken: Break | None
    unfit: AuditHead | None = None
    """The kept head that the log does not fit, where its own chain is whole."""


def list_entries(session: Session, *, limit: int, wanted: Wanted | None = None) -> list[AuditEntry]:
    """The newest entries first. Raises NotAllowed where somebody wrote into one so that it cannot be read."""
    question = _where(select(AuditEntry), wanted or Wanted()).order_by(col(AuditEntry.id).desc()).limit(limit)
    try:
        entries = session.exec(question).all()
        for entry in entries:
            _require_plain(entry)
    except UNREADABLE as error:
        raise _unreadable() from error
    return list(entries)


def count_entries(session: Session, wanted: Wanted) -> int:
    """How many entries are asked for."""
    return session.exec(_where(select(func.count()).select_from(AuditEntry), wanted)).one()


def stream_entries(session: Session, wanted: Wanted) -> Iterator[AuditEntry]:
    """The entries asked for, oldest first, a chunk at a time. Raises NotAllowed as `list_entries` does."""
    question = _where(select(AuditEntry), wanted).order_by(col(AuditEntry.id)).limit(_CHUNK_ENTRIES)
    last = 0
    while True:
        try:
            entries = session.exec(question.where(col(AuditEntry.id) > last)).all()
            for entry in entries:
                _require_plain(entry)
        except UNREADABLE as error:
            raise _unreadable() from error
        if not entries:
            return
        yield from entries
        last = entries[-1].id
        for entry in entries:
            session.expunge(entry)


def verify(session: Session) -> tuple[int, Break | None]:
    """How many entries there are, and the first that does not fit or is missing at the end."""
    verified = verify_against(session, ())
    return verified.count, verified.broken


def verify_against(session: Session, kept: Iterable[AuditHead]) -> Verified:
    """Checks the chain against itself, its counter and the heads that were kept of it outside."""
    heads = {head.count: head for head in kept}
    tail = _Tail(heads)
    broken = find_break(tail.follow(stream_links(session, AuditEntry, payload)))
    count = session.exec(select(func.count()).select_from(AuditEntry)).one()
    if broken is None and count_missing(session, _COUNTER, AuditEntry):
        broken = Break(count + 1, "order")
    unfit = tail.unfit or next((heads[number] for number in sorted(heads) if number > tail.count), None)
    if broken is None and unfit:
        broken = Break(min(unfit.count, count + 1), "head")
    return Verified(count, tail.hash, broken, unfit)


@dataclass
class _Tail:
    """Walks along the chain: where it has come to, and the first kept head that it does not fit."""

    heads: Mapping[int, AuditHead]
    count: int = 0
    hash: str = GENESIS
    unfit: AuditHead | None = None

    def follow(self, links: Iterable[Link]) -> Iterator[Link]:
        for link in links:
            yield link
            self.count, self.hash = link.number, link.hash
            head = self.heads.get(link.number)
            if head and self.unfit is None and head.hash != link.hash:
                self.unfit = head


_Question = TypeVar("_Question", bound=Any)  # Any: a SELECT of entries or of their number


def _where(question: _Question, wanted: Wanted) -> _Question:
    if wanted.from_at:
        question = question.where(col(AuditEntry.at) >= wanted.from_at)
    if wanted.to_at:
        question = question.where(col(AuditEntry.at) < wanted.to_at)
    if wanted.actor:
        question = question.where(AuditEntry.actor == wanted.actor)
    if wanted.subject:
        question = question.where(AuditEntry.subject == wanted.subject)
    if wanted.command:
        command = f"eduops {wanted.command.removeprefix('eduops ')}"
        verbs = col(AuditEntry.command).startswith(f"{command} ", autoescape=True)
        question = question.where(or_(col(AuditEntry.command) == command, verbs))
    return question


def _unreadable() -> NotAllowed:
    return NotAllowed(
        "操作日志有记录被改动，已读不出来", hint="保留现场，运行 eduops audit verify，并从备份核对"
    )


def _require_plain(entry: AuditEntry) -> None:
    """Raises TypeError for a value that is not of its column's type (SQLite keeps any), OverflowError for an
    instant that has no local time."""
    _ = (entry.at - timedelta(days=1), entry.at + timedelta(days=1))
    texts = (entry.actor, entry.command, entry.subject, entry.previous_hash, entry.hash)
    if not all(isinstance(each, str) for each in texts) or not isinstance(entry.change, dict):
        raise TypeError(f"audit entry {entry.id} holds values of other types")


def payload(entry: AuditEntry) -> dict[str, object]:
    """What an entry's hash covers: everything but the hashes."""
    return {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "command": entry.command,
        "subject": entry.subject,
        "change": entry.change,
    }
