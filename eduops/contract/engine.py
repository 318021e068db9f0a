"""The contract's figures: contract and facts in, findings out."""

from dataclasses import dataclass
from datetime import date, datetime

from eduops.contract.clause_rule import clause_order
from eduops.contract.delivery_rule import judge_delivery
from eduops.contract.fact import Facts, TicketFact
from eduops.contract.finding import Finding, render_local, render_utc, sort_findings
from eduops.contract.patrol_rule import judge_patrols
from eduops.contract.quality_rule import Obligation, judge_quality
from eduops.contract.schema import Contract
from eduops.contract.scope import Scope
from eduops.contract.staff_rule import judge_staff
from eduops.contract.stoppage_rule import judge_stoppages
from eduops.contract.ticket_clock import Clock, TicketLimits, is_exempt, list_clocks
from eduops.contract.ticket_rule import has_provisional_regime, judge_tickets


@dataclass(frozen=True, slots=True)
class Outside:
    """A ticket that the term leaves out, and one sentence why."""

    ref: str
    reported_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer for [from_on, to_on] as of an instant; obligations and tickets outside are those of the whole term."""

    contract: str
    from_on: date
    to_on: date
    as_of: datetime
    provisional: bool
    findings: tuple[Finding, ...]
    obligations: tuple[Obligation, ...]
    outside: tuple[Outside, ...]
    breach_clauses: tuple[str, ...]

    @property
    def counted(self) -> int:
        """Breaches counted."""
        return sum(finding.counted for finding in self.findings)

    @property
    def by_clause(self) -> dict[str, int]:
        """Breaches counted under each clause that knows breaches."""
        counts = dict.fromkeys(self.breach_clauses, 0)
        for finding in self.findings:
            if finding.counted:
                counts[finding.clause] += finding.counted
        return counts

    def to_json(self) -> dict[str, object]:
        """The answer as it is printed."""
        return {
            "contract": self.contract,
            "from": self.from_on.isoformat(),
            "to": self.to_on.isoformat(),
            "as_of": render_utc(self.as_of),
            "provisional": self.provisional,
            "findings": [finding.to_json() for finding in self.findings],
            "counted": self.counted,
            "by_clause": self.by_clause,
        }


def evaluate(contract: Contract, facts: Facts, *, from_on: date, to_on: date, as_of: datetime) -> Evaluation:
    """Every finding whose day lies in [from_on, to_on], from what had happened by `as_of` (aware)."""
    scope = Scope(contract, from_on, to_on, as_of)
    quality, obligations = judge_quality(scope, facts)
    periods = [
        *quality,
        *judge_patrols(scope, facts),
        *judge_delivery(scope, facts),
        *judge_staff(scope, facts),
    ]
    findings = judge_tickets(scope, facts.tickets) + judge_stoppages(scope, facts.tickets)
    findings += [finding for finding in periods if scope.has_day(finding.on)]
    guessed = scope.working_days.has_guessed or has_provisional_regime(scope, facts.tickets)
    return Evaluation(
        contract=contract.contract,
        from_on=from_on,
        to_on=to_on,
        as_of=as_of,
        provisional=guessed or any(finding.provisional for finding in findings),
        findings=sort_findings(findings),
        obligations=tuple(obligations),
        outside=_list_outside(scope, facts.tickets),
        breach_clauses=_list_breach_clauses(scope),
    )


def deadlines(contract: Contract, ticket: TicketFact, as_of: datetime) -> tuple[Clock, ...]:
    """The clocks of one ticket as of an instant, by due time; none where nothing is judged."""
    scope = Scope(contract, contract.term.start, contract.term.end_on, as_of)
    is_inside = scope.term_from_at <= ticket.reported_at < scope.term_to_at
    if is_exempt(ticket) or ticket.reported_at > as_of or not is_inside:
        return ()
    is_on_site = scope.on_site_hours.is_on_site(ticket.reported_at)
    clocks = list_clocks(
        TicketLimits.of(scope.rules, contract.policy), ticket, is_on_site=is_on_site, as_of=as_of
    )
    return tuple(sorted(clocks, key=lambda clock: (clock.due_at, clock.clause, clock.rule)))


def _list_outside(scope: Scope, tickets: tuple[TicketFact, ...]) -> tuple[Outside, ...]:
    low, high, as_of = scope.term_from_at, scope.term_to_at, scope.as_of
    outside = [
        ticket for ticket in tickets if ticket.reported_at <= as_of and not low <= ticket.reported_at < high
    ]
    return tuple(
        Outside(
            ticket.ref,
            ticket.reported_at,
            f"{ticket.ref} 报修于 {render_local(ticket.reported_at, scope.zone)}，不在合同期内，不作认定。",
        )
        for ticket in sorted(outside, key=lambda each: each.ref)
    )


def _list_breach_clauses(scope: Scope) -> tuple[str, ...]:
    clauses = {rule.clause for rule in scope.rules.values() if rule.consequence == "breach"}
    return tuple(sorted(clauses, key=clause_order))
