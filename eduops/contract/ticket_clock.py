"""The clocks of one ticket under clauses 2.3 and 5.1(4): when each is due and when it was met."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from eduops.contract.deadline import extend, list_exclusions
from eduops.contract.fact import TicketFact
from eduops.contract.finding import MINUTE, to_minutes
from eduops.contract.interval import Interval, merge
from eduops.contract.resolution import find_resolution, list_resolved_stretches
from eduops.contract.schema import Contract

_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Clock:
    """One limit running on a ticket; `added` is what exclusions moved it by, `met_at` when it was met, if it was."""

    clause: str
    rule: str
    limit: timedelta
    due_at: datetime
    added: timedelta
    met_at: datetime | None

    @property
    def limit_minutes(self) -> float:
        """The limit as the contract gives it, before exclusions."""
        return to_minutes(self.limit)

    def is_missed(self, as_of: datetime) -> bool:
        """Whether it was met late, or is past and not met."""
        return (self.met_at or as_of) > self.due_at


@dataclass(frozen=True, slots=True)
class TicketLimits:
    """The figures of 2.3 and 5.1(4), as lengths; pairs are (off site, on site)."""

    response: tuple[timedelta, timedelta]
    arrival: timedelta
    resolution: tuple[timedelta, timedelta]
    plan: timedelta
    late_resolution: timedelta
    counts_open_time_only: bool

    @classmethod
    def of(cls, contract: Contract) -> "TicketLimits":
        """The limits in a contract file."""

        def length(clause: str, rule: str, figure: str) -> timedelta:
            return float(contract.figure(clause, rule, figure)) * MINUTE

        late = length("5.1(4)", "resolution", "off_site_minutes")
        off_site = length("2.3", "resolution", "off_site_minutes")
        if contract.policy.off_site_resolution == "clause_5_1_4":
            off_site = late
        return cls(
            response=(
                length("2.3", "response", "off_site_minutes"),
                length("2.3", "response", "on_site_minutes"),
            ),
            arrival=length("2.3", "arrival", "off_site_minutes"),
            resolution=(off_site, length("2.3", "resolution", "on_site_minutes")),
            plan=length("2.3", "plan", "after_minutes"),
            late_resolution=late,
            counts_open_time_only=contract.policy.reopened == "open_time",
        )


def is_exempt(ticket: TicketFact) -> bool:
    """Whether 2.3 and 5.1(4) leave a ticket alone: planned work that the customer approved."""
    return ticket.planned and bool(ticket.planned_approved_by)


def list_clocks(
    limits: TicketLimits, ticket: TicketFact, *, is_on_site: bool, as_of: datetime
) -> list[Clock]:
    """Every clock that applies to a ticket as of an instant; `is_on_site` is the regime of its report."""
    stops = list_exclusions(ticket, as_of)
    clocks = [_build_response(limits.response[is_on_site], ticket, stops, as_of)]
    if ticket.kind != "incident":
        return clocks
    if not is_on_site and not ticket.remote_agreed_by:
        arrival = _build("2.3", "arrival", limits.arrival, ticket, stops, _known(ticket.arrived_at, as_of))
        if find_resolution(ticket, min(arrival.due_at, as_of)) is None:
            clocks.append(arrival)
    clocks += _list_resolutions(limits, ticket, stops, is_on_site, as_of)
    plan_due_at = ticket.reported_at + limits.plan
    if find_resolution(ticket, min(plan_due_at, as_of)) is None:
        submitted_at = _known(ticket.plan.submitted_at, as_of) if ticket.plan else None
        clocks.append(_build("2.3", "plan", limits.plan, ticket, [], submitted_at))
    return clocks


def find_agreed_deadline(limits: TicketLimits, ticket: TicketFact, as_of: datetime) -> datetime | None:
    """The deadline of a plan handed in in time and approved by both departments as of an instant."""
    plan = ticket.plan
    if plan is None or plan.submitted_at is None or plan.deadline is None:
        return None
    approvals = (plan.department_approved_at, plan.management_approved_at)
    if any(at is None or at > as_of for at in approvals) or plan.submitted_at > as_of:
        return None
    return plan.deadline if plan.submitted_at <= ticket.reported_at + limits.plan else None


def _list_resolutions(
    limits: TicketLimits, ticket: TicketFact, stops: list[Interval], is_on_site: bool, as_of: datetime
) -> list[Clock]:
    resolved_at = find_resolution(ticket, as_of)
    agreed = find_agreed_deadline(limits, ticket, as_of)
    if agreed is not None:
        return [Clock("2.3", "resolution", agreed - ticket.reported_at, agreed, _NOTHING, resolved_at)]
    if limits.counts_open_time_only and ticket.reopened:
        stops = merge([*stops, *list_resolved_stretches(ticket, as_of)])
    clocks = [_build("2.3", "resolution", limits.resolution[is_on_site], ticket, stops, resolved_at)]
    if not is_on_site:
        clocks.append(_build("5.1(4)", "resolution", limits.late_resolution, ticket, stops, resolved_at))
    return clocks


def _build_response(limit: timedelta, ticket: TicketFact, stops: list[Interval], as_of: datetime) -> Clock:
    # Who arrives, or has resolved it, has responded.
    answers = [
        at
        for at in (ticket.responded_at, ticket.arrived_at, ticket.resolved_at)
        if at is not None and at <= as_of
    ]
    return _build("2.3", "response", limit, ticket, stops, min(answers, default=None))


def _build(
    clause: str,
    rule: str,
    limit: timedelta,
    ticket: TicketFact,
    stops: list[Interval],
    met_at: datetime | None,
) -> Clock:
    due_at, added = ticket.reported_at + limit, _NOTHING
    if stops:
        due_at, added = extend(due_at, stops)
    return Clock(clause, rule, limit, due_at, added, met_at)


def _known(instant: datetime | None, as_of: datetime) -> datetime | None:
    return instant if instant is not None and instant <= as_of else None
