"""What would be found later if nothing happened from now on."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TypeVar

from eduops.contract.engine import evaluate
from eduops.contract.fact import (
    AttendanceFact,
    EffortFact,
    Facts,
    Plan,
    ReviewFact,
    SurveyFact,
    TicketFact,
    TrainingFact,
)
from eduops.contract.finding import Finding
from eduops.contract.period import last_day_of
from eduops.contract.schema import Contract

_Dated = TypeVar("_Dated", AttendanceFact, EffortFact, ReviewFact, SurveyFact, TrainingFact)
# Not None: what is written for later must not be replaced by a default, as if nobody had written it.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def forecast(
    contract: Contract, facts: Facts, *, from_on: date, to_on: date, as_of: datetime, until: datetime
) -> tuple[Finding, ...]:
    """The findings of [from_on, to_on] that would exist at `until` and do not exist as of `as_of`.

    Nothing recorded after `as_of` happens; what was agreed or planned beforehand stands (see `cut_facts`).
    """
    term = contract.term
    known = evaluate(contract, facts, from_on=term.start, to_on=term.end_on, as_of=as_of)
    keys = {finding.key for finding in known.findings}
    last_on = last_day_of(as_of, contract.zone_info)
    later = evaluate(
        contract, cut_facts(facts, as_of=as_of, last_on=last_on), from_on=from_on, to_on=to_on, as_of=until
    )
    return tuple(finding for finding in later.findings if finding.key not in keys)


def cut_facts(facts: Facts, *, as_of: datetime, last_on: date) -> Facts:
    """The facts as if nothing happened after an instant, whose day is `last_on`.

    Agreed deadlines, planned windows, the times of planned work, ends of 等待甲方 and last days at work stay.
    """
    patrols, deliverables = facts.patrols, facts.deliverables
    return replace(
        facts,
        tickets=tuple(_cut_ticket(each, as_of) for each in facts.tickets if each.reported_at <= as_of),
        patrols=None if patrols is None else tuple(each for each in patrols if each.finished_at <= as_of),
        deliverables=None
        if deliverables is None
        else tuple(each for each in deliverables if each.handed_in_at <= as_of),
        attendance=_until(facts.attendance, last_on),
        trainings=_until(facts.trainings, last_on),
        reviews=_until(facts.reviews, last_on),
        surveys=_until(facts.surveys, last_on) or (),
        efforts=_until(facts.efforts, last_on) or (),
        certificates=None
        if facts.certificates is None
        else tuple(each for each in facts.certificates if each.passed_on <= last_on),
        demands=tuple(
            replace(each, reworked_on=_known_day(each.reworked_on, last_on))
            for each in facts.demands
            if each.delivered_on is None or each.delivered_on <= last_on
        ),
        staff=tuple(
            replace(
                each,
                notice_on=_known_day(each.notice_on, last_on),
                handover_on=_known_day(each.handover_on, last_on),
            )
            for each in facts.staff
        ),
        vulnerabilities=tuple(
            replace(each, fixed_at=_cut(each.fixed_at, as_of), verified_at=_cut(each.verified_at, as_of))
            for each in facts.vulnerabilities
        ),
    )


def _cut_ticket(ticket: TicketFact, as_of: datetime) -> TicketFact:
    outage_start, outage_end = ticket.outage_start, ticket.outage_end
    if not ticket.planned:
        outage_start, outage_end = _cut(outage_start, as_of), _cut(outage_end, as_of)
    return replace(
        ticket,
        responded_at=_cut(ticket.responded_at, as_of),
        arrived_at=_cut(ticket.arrived_at, as_of),
        resolved_at=_cut(ticket.resolved_at, as_of),
        closed_at=_cut(ticket.closed_at, as_of),
        outage_start=outage_start,
        outage_end=outage_end,
        plan=_cut_plan(ticket.plan, as_of) if ticket.plan else None,
        exclusions=tuple(each for each in ticket.exclusions if each.from_at <= as_of),
        reopened=tuple(
            replace(each, resolved_at=_cut(each.resolved_at, as_of))
            for each in ticket.reopened
            if each.reopened_at <= as_of
        ),
    )


def _cut_plan(plan: Plan, as_of: datetime) -> Plan:
    return Plan(
        _cut(plan.submitted_at, as_of),
        _cut(plan.department_approved_at, as_of),
        _cut(plan.management_approved_at, as_of),
        plan.deadline,
    )


def _cut(instant: datetime | None, as_of: datetime) -> datetime | None:
    return instant if instant is None or instant <= as_of else _NEVER


def _known_day(day: date | None, last_on: date) -> date | None:
    return day if day is not None and day <= last_on else None


def _until(items: tuple[_Dated, ...] | None, last_on: date) -> tuple[_Dated, ...] | None:
    return None if items is None else tuple(each for each in items if each.on <= last_on)
