"""Patrols made by hand: written down by who made them, with what was looked at."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from eduops.asset.models import Host
from eduops.core.errors import Conflict
from eduops.patrol.models import PatrolRun
from eduops.patrol.rules import manual as rules
from eduops.patrol.rules.check import State
from eduops.patrol.rules.run import Kind
from eduops.store.counter import next_reference


def record_run(
    session: Session,
    host: Host,
    *,
    kind: Kind,
    state: State,
    note: str,
    at: datetime,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
) -> PatrolRun:
    """A finished patrol without a document: it counts for the day of `at`, and says everywhere that it was by hand.

    Raises InputError without a note, NotAllowed for an instant that cannot be, Conflict for one that is known.
    """
    said = rules.check_note(note)
    rules.check_instant(host.code, at, added_at=host.added_at, retired_at=host.retired_at, now=now, zone=zone)
    # Held until the unit of work ends: two people who record the same patrol wait for each other.
    session.exec(select(Host.id).where(Host.id == host.id).with_for_update()).first()
    _check_new(session, host, at, zone)
    assert host.id is not None  # noqa: S101 - it comes from the database
    run = PatrolRun(
        ref=next_reference(session, "PAT", at.astimezone(zone).year),
        host_id=host.id,
        kind=kind.value,
        actor=actor,
        is_manual=True,
        note=said,
        started_at=at,
        finished_at=at,
        recorded_at=now,
        state=state.value,
    )
    session.add(run)
    session.flush()
    return run


def _check_new(session: Session, host: Host, at: datetime, zone: ZoneInfo) -> None:
    same = or_(col(PatrolRun.finished_at) == at, col(PatrolRun.started_at) == at)
    known = session.exec(select(PatrolRun.ref).where(PatrolRun.host_id == host.id, same)).first()
    if known is not None:
        raise Conflict(
            f"主机 {host.code} 在 {at.astimezone(zone):%Y-%m-%d %H:%M} 已有巡检 {known}",
            hint=f"运行 eduops patrol show {known} 查看；确是另一次就改 --at",
        )
