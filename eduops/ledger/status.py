"""How things stand now, and what comes if nothing happens: asked of the store, decided by `status_rules`."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from eduops.contract.finding import Finding
from eduops.contract.forecast import forecast
from eduops.contract.period import day_of
from eduops.contract.schema import Contract
from eduops.ledger import queries
from eduops.ledger.rules import Standing
from eduops.ledger.status_rules import (
    Budget,
    OpenStoppage,
    OpenTicket,
    list_budgets,
    list_open_stoppages,
    list_open_tickets,
)


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the clock or a limit is running on at an instant."""

    now: datetime
    tickets: list[OpenTicket]
    stoppages: list[OpenStoppage]
    budgets: list[Budget]
    obligations: list[Standing]


def load_status(session: Session, contract: Contract, *, now: datetime) -> Status:
    """Open tickets with their clocks, stoppages going on, what limits leave, obligations that stand."""
    stoppage_tickets = queries.load_stoppage_tickets(session)
    return Status(
        now=now,
        tickets=list_open_tickets(contract, queries.load_open_tickets(session, now), now),
        stoppages=list(list_open_stoppages(contract, stoppage_tickets, now)),
        budgets=list_budgets(contract, stoppage_tickets, now),
        obligations=queries.load_open_obligations(session),
    )


def load_forecast(
    session: Session, contract: Contract, *, now: datetime, until: datetime
) -> tuple[Finding, ...]:
    """What the contract's rules would find by `until` if nothing happened from `now` on."""
    facts = queries.load_facts(session, contract)
    # A finding belongs to the day of its ticket's report, which may lie before today.
    days = {"from_on": contract.term.start, "to_on": day_of(until, contract.zone_info)}
    return forecast(contract, facts, **days, as_of=now, until=until)
