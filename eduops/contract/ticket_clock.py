"""The clocks of one ticket: when each is due and when it was met."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from eduops.contract.clause_rule import ClauseRule, RuleKey
from eduops.contract.deadline import extend, list_exclusions
from eduops.contract.fact import TicketFact
from eduops.contract.finding import MINUTE, to_minutes
from eduops.contract.interval import Interval, merge
from eduops.contract.resolution import find_resolution, list_resolved_stretches
from eduops.contract.schema import Policy

_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Clock:
    """One limit running on a ticket; `added` is what exclusions moved it by, `met_at` when it was met, if it was."""

    source: ClauseRule
    limit: timedelta
    due_at: datetime
    added: timedelta
    met_at: datetime | None

    @property
    def clause(self) -> str:
        """The clause that sets the limit."""
        return self.source.clause

    @property
    def rule(self) -> str:
        """The rule's name: response, arrival, resolution or plan."""
        return self.source.name

    @property
    def limit_minutes(self) -> float:
        """The limit as the contract gives it, before exclusions."""
        return to_minutes(self.limit)

    def is_missed(self, as_of: datetime) -> bool:
        """Whether it was met late, or is past and not met."""
        return (self.met_at or as_of) > self.due_at


@dataclass(frozen=True, slots=True)
class Limit:
    """A rule with its lengths (off site, on site); zero where the regime knows no such limit."""

    rule: ClauseRule
    lengths: tuple[timedelta, timedelta]


@dataclass(frozen=True, slots=True)
class TicketLimits:
    """The limits on tickets that a contract has; None for one it does not have."""

    response: Limit | None
    arrival: Limit | None
    resolution: Limit | None
    plan: Limit | None
    second_resolution: Limit | None
    counts_open_time_only: bool

    @classmethod
    def of(cls, rules: Mapping[RuleKey, ClauseRule], policy: Policy) -> "TicketLimits":
        """The limits among a contract's rules."""
        second = _build_limit(rules.get(("second_resolution", "resolution")))
        resolution = _build_limit(rules.get(("ticket_limits", "resolution")))
        if policy.off_site_resolution == "second_resolution" and second and resolution:
            resolution = Limit(resolution.rule, (second.lengths[0], resolution.lengths[1]))
        return cls(
            response=_build_limit(rules.get(("ticket_limits", "response"))),
            arrival=_build_limit(rules.get(("ticket_limits", "arrival"))),
            resolution=resolution,
            plan=_build_limit(rules.get(("ticket_limits", "plan"))),
            second_resolution=second,
            counts_open_time_only=policy.reopened == "open_time",
        )


def _build_limit(rule: ClauseRule | None) -> Limit | None:
    if rule is None:
        return None
    both = rule.figures.get("after_minutes", Decimal())
    off_site, on_site = (rule.figures.get(f"{regime}_site_minutes", both) for regime in ("off", "on"))
    return Limit(rule, (float(off_site) * MINUTE, float(on_site) * MINUTE))


def is_exempt(ticket: TicketFact) -> bool:
    """Whether the limits leave a ticket alone: planned work that the customer approved."""
    return ticket.planned and bool(ticket.planned_approved_by)


def list_clocks(
    limits: TicketLimits, ticket: TicketFact, *, is_on_site: bool, as_of: datetime
) -> list[Clock]:
    """Every clock that applies to a ticket as of an instant; `is_on_site` is the regime of its report."""
    stops = list_exclusions(ticket, as_of)
    clocks: list[Clock] = []
    if limits.response:
        clocks.append(_build(limits.response, is_on_site, ticket, stops, _find_response(ticket, as_of)))
    if ticket.kind != "incident":
        return clocks
    if limits.arrival and not is_on_site and not ticket.remote_agreed_by:
        arrival = _build(limits.arrival, is_on_site, ticket, stops, _known(ticket.arrived_at, as_of))
        if find_resolution(ticket, min(arrival.due_at, as_of)) is None:
            clocks.append(arrival)
    clocks += _list_resolutions(limits, ticket, stops, is_on_site, as_of)
    if limits.plan:
        plan_due_at = ticket.reported_at + limits.plan.lengths[0]
        if find_resolution(ticket, min(plan_due_at, as_of)) is None:
            submitted_at = _known(ticket.plan.submitted_at, as_of) if ticket.plan else None
            clocks.append(_build(limits.plan, is_on_site, ticket, [], submitted_at))
    return clocks


def find_agreed_deadline(limits: TicketLimits, ticket: TicketFact, as_of: datetime) -> datetime | None:
    """The deadline of a plan handed in in time and approved by both departments as of an instant."""
    plan = ticket.plan
    if plan is None or limits.plan is None or plan.submitted_at is None or plan.deadline is None:
        return None
    approvals = (plan.department_approved_at, plan.management_approved_at)
    if any(at is None or at > as_of for at in approvals) or plan.submitted_at > as_of:
        return None
    return plan.deadline if plan.submitted_at <= ticket.reported_at + limits.plan.lengths[0] else None


def add_resolved_time(
    limits: TicketLimits, ticket: TicketFact, stops: list[Interval], as_of: datetime
) -> list[Interval]:
    """The stops of a resolution clock: with the time that it stood resolved where the contract says so."""
    if limits.counts_open_time_only and ticket.reopened:
        return merge([*stops, *list_resolved_stretches(ticket, as_of)])
    return stops


def _list_resolutions(
    limits: TicketLimits, ticket: TicketFact, stops: list[Interval], is_on_site: bool, as_of: datetime
) -> list[Clock]:
    resolved_at = find_resolution(ticket, as_of)
    agreed = find_agreed_deadline(limits, ticket, as_of)
    if agreed is not None:
        if limits.resolution is None:
            return []
        limit = agreed - ticket.reported_at
        return [Clock(limits.resolution.rule, limit, agreed, _NOTHING, resolved_at)]
    stops = add_resolved_time(limits, ticket, stops, as_of)
    clocks = []
    if limits.resolution:
        clocks.append(_build(limits.resolution, is_on_site, ticket, stops, resolved_at))
    if limits.second_resolution and not is_on_site:
        clocks.append(_build(limits.second_resolution, is_on_site, ticket, stops, resolved_at))
    return clocks


def _find_response(ticket: TicketFact, as_of: datetime) -> datetime | None:
    # Who arrives, or has resolved it, has responded.
    earliest = None
    for at in (ticket.responded_at, ticket.arrived_at, ticket.resolved_at):
        if at is not None and at <= as_of and (earliest is None or at < earliest):
            earliest = at
    return earliest


def _build(
    limit: Limit, is_on_site: bool, ticket: TicketFact, stops: list[Interval], met_at: datetime | None
) -> Clock:
    length = limit.lengths[is_on_site]
    due_at, added = ticket.reported_at + length, _NOTHING
    if stops:
        due_at, added = extend(due_at, stops)
    return Clock(limit.rule, length, due_at, added, met_at)


def _known(instant: datetime | None, as_of: datetime) -> datetime | None:
    return instant if instant is not None and instant <= as_of else None
