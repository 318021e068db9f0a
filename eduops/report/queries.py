"""Loading what the quarterly report says from every room: reads only, and only what had happened by the cut-off."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.asset import queries as assets
from eduops.asset.rules import Environment
from eduops.backup import queries as backups
from eduops.contract.clause_rule import build_rules
from eduops.contract.fact import TicketFact as ContractTicket
from eduops.contract.finding import Finding
from eduops.contract.period import last_day_of, list_months, list_quarters, start_of
from eduops.contract.schema import Contract
from eduops.contract.ticket_clock import is_exempt
from eduops.contract.window import OnSiteHours
from eduops.contract.working_day import WorkingDays
from eduops.core.home import Settings
from eduops.desk import queries as desk
from eduops.ledger import queries as ledger
from eduops.ledger import service as ledger_service
from eduops.patrol import queries as patrols
from eduops.report.fact import (
    BackupFact,
    BankFact,
    ContractFact,
    DutyFact,
    ExamFact,
    FindingFact,
    HostFact,
    LedgerEntryFact,
    LedgerFact,
    PatrolFact,
    Period,
    QuarterlyFacts,
    TenantFindingFact,
    TicketFact,
)
from eduops.report.quarter import next_period
from eduops.training.queries import bank as banks
from eduops.training.queries import exam as exams
from eduops.training.queries import learner as learners
from eduops.training.queries import tenant as tenants
from eduops.training.rules.tenant_watch import judge_parties
from eduops.training.service import score as scores


def load_quarterly_facts(
    session: Session,
    contract: Contract,
    settings: Settings,
    *,
    period: Period,
    cut_off_at: datetime,
    now: datetime,
    prepared_by: str,
    version: str,
) -> QuarterlyFacts:
    """Everything the quarterly report of `period` says as of `cut_off_at`."""
    zone = contract.zone_info
    from_at = start_of(period.from_on, zone)
    # What happens at the cut-off has happened.
    to_at = min(start_of(period.to_on + timedelta(days=1), zone), cut_off_at + timedelta(microseconds=1))
    answer = ledger_service.evaluate_period(
        session, contract, from_on=period.from_on, to_on=period.to_on, as_of=cut_off_at
    )
    following = next_period(contract, period)
    tickets = desk.load_facts(session, from_at=from_at, to_at=to_at)
    return QuarterlyFacts(
        contract=ContractFact(
            title=contract.title,
            customer=settings.customer,
            vendor=settings.vendor,
            clauses={number: clause.title for number, clause in contract.clauses.items()},
            duties={rule.duty: rule.clause for rule in build_rules(contract).values()},
            breach_clauses=answer.breach_clauses,
        ),
        period=period,
        next_period=following,
        zone=zone,
        cut_off_at=cut_off_at,
        made_at=now,
        prepared_by=prepared_by,
        version=version,
        is_invented=settings.invented or has_invented(session, from_at, to_at),
        ledger=_load_ledger(session, from_at, cut_off_at),
        tenant_count=len(tenants.list_tenants(session)),
        learner_count=learners.count_learners(session, with_invented=settings.invented),
        tickets=tuple(_ticket(ticket, contract, cut_off_at) for ticket in tickets),
        findings=tuple(_finding(finding) for finding in answer.findings),
        hosts=tuple(_load_hosts(session, contract)),
        patrols=tuple(_load_patrols(session, contract, from_at, to_at)),
        backups=tuple(_load_backups(session, from_at, to_at)),
        exams=tuple(_load_exams(session, from_at, to_at, with_invented=settings.invented)),
        banks=tuple(
            BankFact(bank.name, banks.bank_stats(session, bank.id).by_type)
            for bank in banks.list_banks(session)
        ),
        tenant_findings=_load_tenant_findings(session, cut_off_at, zone, with_invented=settings.invented),
        duties=tuple(_list_duties(contract, following)),
    )


def _load_tenant_findings(
    session: Session, cut_off_at: datetime, zone: ZoneInfo, *, with_invented: bool
) -> tuple[TenantFindingFact, ...]:
    """As of the cut-off's day; a cut-off at midnight belongs to the day that ended. Headcounts are the present ones."""
    today = last_day_of(cut_off_at, zone)
    found = judge_parties(tenants.list_parties(session, with_invented=with_invented), today)
    return tuple(TenantFindingFact(each.name, each.code, each.text) for each in found)


def has_invented(session: Session, from_at: datetime, to_at: datetime) -> bool:
    """Whether tickets or hosts that the period's report counts are marked as invented.

    Invented learners and rehearsals are left out of a real home's report, so they do not matter here.
    """
    return any(
        ticket.is_invented for ticket in desk.list_tickets(session, from_at=from_at, to_at=to_at)
    ) or any(host.is_invented for host in assets.list_hosts(session))


def _ticket(ticket: ContractTicket, contract: Contract, cut_off_at: datetime) -> TicketFact:
    hours = OnSiteHours(contract, WorkingDays(contract.working_days))

    def known(instant: datetime | None) -> datetime | None:
        return instant if instant and instant <= cut_off_at else None

    return TicketFact(
        ref=ticket.ref,
        kind=ticket.kind,
        title=ticket.title,
        department=ticket.department,
        channel=ticket.channel,
        impact=ticket.impact,
        regime="on_site" if hours.is_on_site(ticket.reported_at) else "off_site",
        reported_at=ticket.reported_at,
        responded_at=known(ticket.responded_at),
        arrived_at=known(ticket.arrived_at),
        resolved_at=known(ticket.resolved_at),
        closed_at=known(ticket.closed_at),
        is_exempt=is_exempt(ticket),
    )


def _finding(finding: Finding) -> FindingFact:
    return FindingFact(
        clause=finding.clause,
        rule=finding.rule,
        consequence=finding.consequence,
        subject=finding.subject,
        period=finding.period,
        due_at=finding.due_at,
        actual_at=finding.actual_at,
        limit=Decimal(str(finding.limit)),
        actual=Decimal(str(finding.actual)),
        unit=finding.unit,
        counted=finding.counted,
        is_provisional=finding.provisional,
        text=finding.text,
    )


def _load_ledger(session: Session, from_at: datetime, cut_off_at: datetime) -> LedgerFact:
    """What was posted in the period, each as it stands by now: in force, waived, revoked …"""
    posted_at = {entry.id: entry.posted_at for entry in ledger.list_entries(session)}
    head = ledger_service.head(session)
    return LedgerFact(
        entries=tuple(
            LedgerEntryFact(
                each.number,
                each.said.key,
                each.said.clause,
                str(each.said.finding["text"]),
                posted_at[each.number],
                each.state,
            )
            for each in ledger.load_standings(session)
            if from_at <= posted_at[each.number] <= cut_off_at
        ),
        count=head.count,
        head_hash=head.hash if head.count else "",
    )


def _load_hosts(session: Session, contract: Contract) -> Iterator[HostFact]:
    zone = contract.zone_info
    for host in assets.list_hosts(session, with_retired=True):
        if host.environment == Environment.PRODUCTION:
            until_on = host.retired_at.astimezone(zone).date() if host.retired_at else None
            yield HostFact(host.name, host.added_at.astimezone(zone).date(), until_on)


def _load_patrols(
    session: Session, contract: Contract, from_at: datetime, to_at: datetime
) -> Iterator[PatrolFact]:
    runs = patrols.list_runs(session, since=from_at, until=to_at)
    problems = patrols.count_problems(session, [run.id for run, _ in runs if run.id])
    facts = patrols.list_patrol_facts(session, since=from_at, until=to_at)
    big = {(fact.host, fact.finished_at) for fact in facts if fact.is_big}
    for run, host in reversed(runs):
        if run.finished_at and run.state:
            # The day on which it ended, as coverage and the contract's rules have it.
            on = run.finished_at.astimezone(contract.zone_info).date()
            yield PatrolFact(
                on, host.name, run.state, problems.get(run.id or 0, 0), (host.code, run.finished_at) in big
            )


def _load_backups(session: Session, from_at: datetime, to_at: datetime) -> Iterator[BackupFact]:
    for run in reversed(backups.list_runs(session, from_at=from_at, to_at=to_at)):
        seconds = None if run.seconds is None else Decimal(str(run.seconds))
        yield BackupFact(run.at, run.source, run.kind, run.is_good, run.result, run.rows_compared, seconds)


def _load_exams(
    session: Session, from_at: datetime, to_at: datetime, *, with_invented: bool
) -> Iterator[ExamFact]:
    for exam, _, _ in reversed(exams.list_exams(session, from_at=from_at, to_at=to_at)):
        if exam.is_invented and not with_invented:
            continue
        stats = scores.load_stats(session, exam)
        yield ExamFact(exam.ref, exam.title, 1, stats.attempts, stats.average, stats.pass_percent)


def _list_duties(contract: Contract, period: Period) -> Iterator[DutyFact]:
    """What the contract's calendar has due in a period: the quarter's documents and the monthly evaluations."""
    days, rules = WorkingDays(contract.working_days), build_rules(contract)
    documents = rules.get(("quarter_documents", "quarter_documents"))
    if documents:
        for quarter in list_quarters(contract):
            due_on = days.get_nth_back(quarter.last_on, int(documents.figures["working_days"]))
            yield from _due(due_on, f"{quarter.label} 季度文档提交", documents.clause, period)
    reports = rules.get(("monthly_report", "monthly_report"))
    if reports:
        for month in list_months(contract):
            due_on = days.get_nth(month.end_on, int(reports.figures["working_days"]))
            yield from _due(due_on, f"{month.label} 服务器巡检评估报告", reports.clause, period)


def _due(on: date, title: str, clause: str, period: Period) -> Iterator[DutyFact]:
    if period.from_on <= on <= period.to_on:
        yield DutyFact(on, title, clause)
