"""Invented tickets (虚构) put into a store without the desk's steps, so that any fact can be told."""

from datetime import UTC, datetime, timedelta

from eduops.desk.models.ticket import Ticket, TicketExclusion

JULY = datetime(2026, 7, 7, 12, 0, tzinfo=UTC)
"""Tuesday 20:00 in Shanghai: off site."""


def add_ticket(store, number, reported_at=JULY, **values):
    with store.writing() as session:
        session.add(
            Ticket(
                id=number,
                ref=f"INC-2026-{number:04d}",
                kind=values.pop("kind", "incident"),
                title="视频卡顿（虚构）",
                reported_at=reported_at,
                **values,
            )
        )
    return f"INC-2026-{number:04d}"


def add_good_ticket(store, number, reported_at=JULY, **values):
    """Everything in time: responded to, arrived at, resolved within 100 minutes."""
    times = {
        "responded_at": reported_at + timedelta(minutes=5),
        "arrived_at": reported_at + timedelta(minutes=60),
        "resolved_at": reported_at + timedelta(minutes=100),
    }
    return add_ticket(store, number, reported_at, **{**times, **values})


def add_wait(store, number, from_at, to_at=None):
    with store.writing() as session:
        wait = TicketExclusion(
            ticket_id=number, from_at=from_at, reason="等机房开门", agreed_by="张老师（虚构）"
        )
        wait.to_at = to_at
        session.add(wait)


def change_ticket(store, number, **values):
    with store.writing() as session:
        ticket = session.get(Ticket, number)
        ticket.sqlmodel_update(values)
        session.add(ticket)
