"""Why a limit that the contract knows does not run on a ticket, and what its plan and its reopenings make of it."""

from datetime import datetime

from eduops.contract.deadline import extend, list_exclusions
from eduops.contract.explanation import Absence, AbsenceReason, PlanStory, ResolutionStory, Turn
from eduops.contract.fact import TicketFact
from eduops.contract.resolution import find_resolution
from eduops.contract.ticket_clock import Limit, TicketLimits, find_agreed_deadline


def list_absences(
    limits: TicketLimits, ticket: TicketFact, *, is_on_site: bool, as_of: datetime
) -> tuple[Absence, ...]:
    """Every limit of the contract that is no clock of the ticket as of an instant, each with its reason."""
    known = [limits.arrival, limits.resolution, limits.second_resolution, limits.plan]
    if ticket.kind != "incident":
        return tuple(_absent(each, "kind") for each in known if each)
    found = [
        _find_arrival(limits.arrival, ticket, is_on_site, as_of) if limits.arrival else None,
        _find_second(limits, ticket, is_on_site, as_of) if limits.second_resolution else None,
        _find_plan(limits.plan, ticket, as_of) if limits.plan else None,
    ]
    return tuple(each for each in found if each)


def _find_arrival(limit: Limit, ticket: TicketFact, is_on_site: bool, as_of: datetime) -> Absence | None:
    if is_on_site:
        return _absent(limit, "on_site")
    if ticket.remote_agreed_by:
        return _absent(limit, "remote", by=ticket.remote_agreed_by)
    due_at, _ = extend(ticket.reported_at + limit.lengths[0], list_exclusions(ticket, as_of))
    resolved_at = find_resolution(ticket, min(due_at, as_of))
    return _absent(limit, "resolved", at=resolved_at, due_at=due_at) if resolved_at else None


def _find_second(
    limits: TicketLimits, ticket: TicketFact, is_on_site: bool, as_of: datetime
) -> Absence | None:
    assert limits.second_resolution is not None  # noqa: S101 - the caller asks for this limit
    agreed = find_agreed_deadline(limits, ticket, as_of)
    if agreed:
        return _absent(limits.second_resolution, "agreed_deadline", due_at=agreed)
    return _absent(limits.second_resolution, "on_site") if is_on_site else None


def _find_plan(limit: Limit, ticket: TicketFact, as_of: datetime) -> Absence | None:
    due_at = ticket.reported_at + limit.lengths[0]
    resolved_at = find_resolution(ticket, min(due_at, as_of))
    return _absent(limit, "resolved", at=resolved_at, due_at=due_at) if resolved_at else None


def _absent(
    limit: Limit,
    reason: AbsenceReason,
    *,
    by: str | None = None,
    at: datetime | None = None,
    due_at: datetime | None = None,
) -> Absence:
    return Absence(limit.rule.clause, limit.rule.name, reason, by, at, due_at)


def describe_plan(limits: TicketLimits, ticket: TicketFact, as_of: datetime) -> PlanStory | None:
    """The written plan as it was known as of an instant; None before it was handed in."""
    plan = ticket.plan
    submitted_at = _known(plan.submitted_at, as_of) if plan else None
    if plan is None or submitted_at is None:
        return None
    return PlanStory(
        submitted_at=submitted_at,
        department_approved_at=_known(plan.department_approved_at, as_of),
        management_approved_at=_known(plan.management_approved_at, as_of),
        deadline=plan.deadline,
        moves_limit=find_agreed_deadline(limits, ticket, as_of) is not None,
        is_late=limits.plan is not None and submitted_at > ticket.reported_at + limits.plan.lengths[0],
    )


def describe_resolution(ticket: TicketFact, as_of: datetime) -> ResolutionStory:
    """The first resolution and each reopening as they were known as of an instant."""
    return ResolutionStory(
        first_at=_known(ticket.resolved_at, as_of),
        reopened=tuple(
            Turn(each.reopened_at, _known(each.resolved_at, as_of))
            for each in ticket.reopened
            if each.reopened_at <= as_of
        ),
        stands_at=find_resolution(ticket, as_of),
    )


def _known(instant: datetime | None, as_of: datetime) -> datetime | None:
    return instant if instant is not None and instant <= as_of else None
