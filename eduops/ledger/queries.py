"""What is asked of the ledger, and the facts that it asks of every room."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, select

from eduops.contract.fact import Facts, TicketFact
from eduops.contract.period import start_of
from eduops.contract.schema import Contract
from eduops.core.errors import NotAllowed
from eduops.desk import queries as desk
from eduops.desk.models.ticket import Ticket, TicketReopening
from eduops.ledger.models import LedgerEntry
from eduops.ledger.rules import Draft, Standing, list_standings
from eduops.patrol import queries as patrol
from eduops.store import evidence
from eduops.store.chain import Link, find_break, is_own
from eduops.store.evidence import UNREADABLE


def load_facts(session: Session, contract: Contract) -> Facts:
    """What the rooms record that the contract's rules judge: so far tickets, surveys, hosts and their patrols.

    Tickets are those of the term and a year either side: a window approved before the term began may cut a
    stoppage within it; later tickets are listed as outside.
    """
    zone = contract.zone_info
    year = timedelta(days=366)
    from_at = start_of(contract.term.start, zone) - year
    to_at = start_of(contract.term.end_on, zone) + year
    return Facts(
        tickets=desk.load_facts(session, from_at=from_at, to_at=to_at),
        hosts=tuple(patrol.list_host_facts(session, zone)),
        patrols=tuple(patrol.list_patrol_facts(session, since=from_at + year, until=to_at - year)),
        surveys=desk.load_surveys(session, from_on=contract.term.start, to_on=contract.term.end_on),
    )


def load_open_tickets(session: Session, now: datetime) -> tuple[TicketFact, ...]:
    """The tickets that may be open at an instant, found by index however many are closed."""
    later = or_(col(TicketReopening.resolved_at).is_(None), col(TicketReopening.resolved_at) > now)
    statement = select(Ticket.ref).where(
        or_(
            col(Ticket.resolved_at).is_(None),
            col(Ticket.resolved_at) > now,
            col(Ticket.id).in_(select(TicketReopening.ticket_id).where(later)),
        )
    )
    return tuple(desk.load_facts_of(session, session.exec(statement).all()).values())


def load_stoppage_tickets(session: Session) -> tuple[TicketFact, ...]:
    """The tickets that may be a stoppage or cut one, found by index; of the whole term, as 4.1 counts over it."""
    statement = select(Ticket.ref).where(
        col(Ticket.impact).in_(("system", "department")),
        or_(col(Ticket.cause).in_(("software", "unknown")), col(Ticket.planned)),
    )
    return tuple(desk.load_facts_of(session, session.exec(statement).all()).values())


def load_open_obligations(session: Session) -> list[Standing]:
    """The obligations that nothing has closed yet, oldest first."""
    about = select(LedgerEntry.id).where(LedgerEntry.kind == "obligation")
    statement = select(LedgerEntry).where(
        or_(col(LedgerEntry.id).in_(about), col(LedgerEntry.refers_to).in_(about))
    )
    try:
        entries = session.exec(statement.order_by(col(LedgerEntry.id))).all()
    except UNREADABLE as error:
        raise _tampered("有记录被改动，已读不出来") from error
    for entry in entries:
        if not is_own(payload(entry), entry.previous_hash, entry.hash):
            raise _tampered(f"第 {entry.id} 条记录不符：内容被改动")
    standings = list_standings((entry.id, _draft(entry)) for entry in entries)
    return [each for each in standings if each.state in ("in_force", "amended")]


def list_entries(session: Session) -> list[LedgerEntry]:
    """All entries, oldest first. Raises NotAllowed where one was changed, taken out or moved."""
    broken = find_break(list_links(session))
    if broken:
        raise _tampered(f"第 {broken.number} 条记录不符")
    return list(session.exec(select(LedgerEntry).order_by(col(LedgerEntry.id))))


def load_standings(session: Session) -> list[Standing]:
    """Every breach and obligation with its present standing, oldest first. Raises NotAllowed like `list_entries`."""
    return list_standings((entry.id, _draft(entry)) for entry in list_entries(session))


def find_last(session: Session) -> LedgerEntry | None:
    """The newest entry: the chain's head."""
    return session.exec(select(LedgerEntry).order_by(col(LedgerEntry.id).desc())).first()


def list_links(session: Session) -> list[Link]:
    """The ledger as a chain, to be checked; an entry that cannot be read has no payload."""
    return evidence.list_links(session, LedgerEntry, payload)


def payload(entry: LedgerEntry) -> dict[str, object]:
    """What an entry's hash covers: everything but the hashes."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "refers_to": entry.refers_to,
        "finding_key": entry.finding_key,
        "clause": entry.clause,
        "rule": entry.rule,
        "subject": entry.subject,
        "falls_on": entry.falls_on.isoformat(),
        "counted": entry.counted,
        "finding": entry.finding,
        "detail": entry.detail,
        "as_of": entry.as_of and render_instant(entry.as_of),
        "posted_at": render_instant(entry.posted_at),
        "posted_by": entry.posted_by,
    }


def render_instant(instant: datetime) -> str:
    """An instant as hashes cover it: in UTC, whatever zone it was given in."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _tampered(what: str) -> NotAllowed:
    return NotAllowed(f"违约台账{what}", hint="保留现场，运行 eduops sla verify，并从备份核对")


def _draft(entry: LedgerEntry) -> Draft:
    return Draft(
        # The table holds what `Draft` gave it.
        kind=entry.kind,  # type: ignore[arg-type]
        key=entry.finding_key,
        clause=entry.clause,
        rule=entry.rule,
        subject=entry.subject,
        falls_on=entry.falls_on,
        counted=entry.counted,
        finding=entry.finding,
        refers_to=entry.refers_to,
        detail=entry.detail,
        as_of=entry.as_of,
    )
