"""What is asked of the ledger, and the facts that it asks of every room."""

from collections.abc import Collection
from datetime import UTC, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from eduops.contract.fact import Facts
from eduops.contract.period import start_of
from eduops.contract.schema import Contract
from eduops.desk import queries as desk
from eduops.ledger.models import LedgerEntry
from eduops.store.chain import Link


def load_facts(session: Session, contract: Contract) -> Facts:
    """What the rooms record that the contract's rules judge: so far the tickets of the term, a year either side.

    A window approved before the term began may cut a stoppage within it; later tickets are listed as outside.
    """
    zone = contract.zone_info
    year = timedelta(days=366)
    from_at = start_of(contract.term.start, zone) - year
    to_at = start_of(contract.term.end_on, zone) + year
    return Facts(tickets=desk.load_facts(session, from_at=from_at, to_at=to_at))


def list_entries(session: Session) -> list[LedgerEntry]:
    """All entries, oldest first."""
    return list(session.exec(select(LedgerEntry).order_by(col(LedgerEntry.id))))


def find_last(session: Session) -> LedgerEntry | None:
    """The newest entry: the chain's head."""
    return session.exec(select(LedgerEntry).order_by(col(LedgerEntry.id).desc())).first()


def list_posted(session: Session, keys: Collection[str]) -> set[str]:
    """Which of these findings stand in the ledger already."""
    posted = session.exec(select(LedgerEntry.finding_key))
    return set(keys) & set(posted)


def list_links(session: Session) -> list[Link]:
    """The ledger as a chain, to be checked."""
    return [
        Link(entry.id, payload(entry), entry.previous_hash, entry.hash) for entry in list_entries(session)
    ]


def find_unreadable(session: Session) -> int | None:
    """The number of the first entry whose values no longer have their column's type: somebody wrote into it."""
    for number in session.exec(select(LedgerEntry.id).order_by(col(LedgerEntry.id))).all():
        try:
            session.exec(select(LedgerEntry).where(LedgerEntry.id == number)).one()
        except (ValueError, TypeError):
            return number
    return None


def count_entries(session: Session) -> int:
    """How many entries there are."""
    return session.exec(select(func.count()).select_from(LedgerEntry)).one()


def payload(entry: LedgerEntry) -> dict[str, object]:
    """What an entry's hash covers: everything but the hashes."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "finding_key": entry.finding_key,
        "clause": entry.clause,
        "rule": entry.rule,
        "subject": entry.subject,
        "counted": entry.counted,
        "finding": entry.finding,
        # In UTC, as it comes back from the database: the hash must not depend on the zone it was given in.
        "posted_at": entry.posted_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "posted_by": entry.posted_by,
    }
