"""A case for the ledger: invented tickets (虚构) that nobody came to in time, and what they come to."""

from datetime import UTC, date, datetime, timedelta

from eduops.contract.engine import Evaluation, evaluate
from eduops.contract.fact import Facts, TicketFact
from eduops.contract.schema import Contract

EVENING = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""Monday 20:00 in Shanghai: off site."""


def late_ticket(number: int) -> TicketFact:
    """Responded to after 45 minutes (limit 30), never visited, resolved after 500 (limit 180, plan at 480)."""
    return TicketFact(
        f"INC-2026-{number:04d}",
        EVENING,
        title="视频卡顿（虚构）",
        responded_at=EVENING + timedelta(minutes=45),
        resolved_at=EVENING + timedelta(minutes=500),
    )


def judge(contract: Contract, *tickets: TicketFact) -> Evaluation:
    as_of = datetime(2026, 3, 31, tzinfo=UTC)
    return evaluate(contract, Facts(tickets), from_on=date(2026, 3, 1), to_on=date(2026, 3, 31), as_of=as_of)
