"""From problem to ticket: patrols' critical problems brought to the service desk, one unit of work a host."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.asset.models import Host
from eduops.asset.rules import Environment
from eduops.desk import queries as desk_queries
from eduops.desk.rules import step as desk_rules
from eduops.desk.service import ticket as desk
from eduops.patrol.rules.problem import Key, Note, Opening, Outcome, Problem, Sort, TicketFacts, follow
from eduops.patrol.service import problem as problems
from eduops.store.unit import Unit

OpenUnit = Callable[[], AbstractContextManager[Unit]]

REPORTER = "巡检"
CHANNEL = "patrol"


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket that was opened."""

    ticket: str
    title: str


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """What was done for a host: tickets opened, notes written, problems that are open now."""

    host: str
    opened: tuple[Opened, ...]
    notes: tuple[Note, ...]
    open_problems: int


def follow_hosts(open_unit: OpenUnit, hosts: Iterable[Host], *, zone: ZoneInfo) -> list[HostOutcome]:
    """Follows every production host in use: the contract's clocks do not run for test hosts.

    Patrols that were considered before change nothing, so it may be called as often as one likes.
    """
    outcomes = []
    for host in hosts:
        if host.environment == Environment.PRODUCTION.value and host.retired_at is None:
            with open_unit() as unit:
                outcomes.append(follow_host(unit, host, zone=zone))
    return outcomes


def follow_host(unit: Unit, host: Host, *, zone: ZoneInfo) -> HostOutcome:
    """A host's patrols since the last time, as the rules of problems judge them."""
    assert host.id is not None  # noqa: S101 - it comes from the database
    session = unit.session
    known = problems.load_problems(session, host.id)
    runs = problems.load_pending(session, host.id, known)
    # A patrol of this very command ends after the command began.
    now = max([unit.now, *(run.finished_at for run in runs)])
    tickets = _load_tickets(session, known, zone)
    outcome = follow(f"{host.code}（{host.name}）", known, runs, tickets, now=now)
    opened = [_open(unit, host, opening, now=now, zone=zone) for opening in outcome.openings]
    _save(session, host.id, known, outcome, opened)
    for note in outcome.notes:
        _note(unit, note, now=now, zone=zone)
    still = sum(each.closed_at is None for each in outcome.problems)
    told = tuple(Opened(ref, opening.title) for opening, ref in zip(outcome.openings, opened, strict=True))
    return HostOutcome(host.code, told, outcome.notes, still)


def _load_tickets(session: Session, known: Sequence[Problem], zone: ZoneInfo) -> dict[str, TicketFacts]:
    refs = sorted({problem.ticket for problem in known if problem.ticket})
    facts = desk_queries.load_facts_of(session, refs)
    found = {}
    for ref, fact in facts.items():
        life = desk_rules.build_life(fact, zone)
        events = desk_queries.list_events(session, desk_queries.get_ticket(session, ref))
        noted: dict[Sort, datetime] = {}
        for event in events:
            if event.step == "note" and event.values.get("state") in set(Sort):
                noted[Sort(event.values["state"])] = event.happened_at
        found[ref] = TicketFacts(ref, life.closed_at or life.resolved_at, noted)
    return found


def _open(unit: Unit, host: Host, opening: Opening, *, now: datetime, zone: ZoneInfo) -> str:
    """The reference of a ticket reported at the end of the patrol that found the problem."""
    new = desk.NewTicket(
        "incident", opening.title, channel=CHANNEL, reporter=REPORTER, is_invented=host.is_invented
    )
    ticket = desk.open_ticket(unit.session, new, at=opening.reported_at, now=now, actor=unit.actor, zone=zone)
    _note(unit, Note(ticket.ref, Sort.FOUND, opening.text), now=now, zone=zone, is_told=False)
    unit.changed(
        ticket.ref, step="open", host=host.code, title=opening.title, at=opening.reported_at.isoformat()
    )
    return ticket.ref


def _note(unit: Unit, note: Note, *, now: datetime, zone: ZoneInfo, is_told: bool = True) -> None:
    values = {"state": note.sort.value, "text": note.text}
    desk.take_step(
        unit.session, note.ticket, "note", at=now, now=now, actor=unit.actor, zone=zone, values=values
    )
    if is_told:
        unit.changed(note.ticket, step="note", state=note.sort.value, text=note.text)


def _save(
    session: Session, host_id: int, known: Sequence[Problem], outcome: Outcome, opened: Sequence[str]
) -> None:
    tickets: dict[Key, str] = {
        key: ref for opening, ref in zip(outcome.openings, opened, strict=True) for key in opening.keys
    }
    before = {problem.number: problem for problem in known}
    changed = [each for each in outcome.problems if before.get(each.number) != each]
    problems.save_problems(session, host_id, changed, tickets)
