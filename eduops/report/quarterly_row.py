"""The quarterly report's table rows, ready to print."""

from collections.abc import Iterable, Sequence

from eduops.contract.schema import CONSEQUENCES
from eduops.report import rules
from eduops.report.fact import BackupFact, FindingFact, ObligationFact, QuarterlyFacts
from eduops.report.quarterly_context import (
    AvailabilityRow,
    BackupRow,
    BankRow,
    ClauseRow,
    DrillRow,
    DutyRow,
    ExamRow,
    FindingRow,
    LedgerRow,
    ObligationRow,
    PatrolRow,
    PunctualityRow,
    TallyRow,
    TenantFindingRow,
)
from eduops.report.text import ABSENT, decimal_text, instant_text, percent_text
from eduops.report.word import (
    BACKUP_KINDS,
    CHANNELS,
    LEDGER_STATES,
    QUESTION_TYPES,
    REGIMES,
    RULES,
    TENANT_FINDINGS,
    word_for,
)


def channel_rows(facts: QuarterlyFacts) -> tuple[TallyRow, ...]:
    """Tickets by channel and kind, with their sum."""
    return _with_sum(rules.tally_tickets(facts.tickets, lambda ticket: word_for(CHANNELS, ticket.channel)))


def department_rows(facts: QuarterlyFacts) -> tuple[TallyRow, ...]:
    """Tickets by department and kind, with their sum."""
    return _with_sum(rules.tally_tickets(facts.tickets, lambda ticket: ticket.department or "（未填科室）"))


def month_rows(facts: QuarterlyFacts) -> tuple[TallyRow, ...]:
    """Tickets by the month reported in and kind, with their sum."""
    return _with_sum(rules.tally_months(facts.tickets, facts.period, facts.zone)) if facts.tickets else ()


def _with_sum(tallies: Sequence[rules.Tally]) -> tuple[TallyRow, ...]:
    if not tallies:
        return ()
    total = rules.Tally("合计", tuple(map(sum, zip(*(tally.counts for tally in tallies), strict=True))))
    return tuple(
        TallyRow(tally.label, *map(str, (*tally.counts, tally.total))) for tally in (*tallies, total)
    )


def punctuality_rows(facts: QuarterlyFacts) -> tuple[PunctualityRow, ...]:
    """The limits of tickets: incidents by regime, the other tickets, all."""
    incidents = [ticket for ticket in facts.tickets if ticket.kind == "incident"]
    groups = [
        (f"故障·{word}", [ticket for ticket in incidents if ticket.regime == regime])
        for regime, word in REGIMES.items()
    ]
    groups.append(
        ("服务请求与咨询（响应）", [ticket for ticket in facts.tickets if ticket.kind != "incident"])
    )
    groups.append(("合计", list(facts.tickets)))
    standings = (
        rules.judge_punctuality(label, tickets, facts.findings, facts.contract.list_clauses(rules.LIMITS))
        for label, tickets in groups
        if tickets
    )
    return tuple(_punctuality_row(standing) for standing in standings)


def _punctuality_row(standing: rules.Punctuality) -> PunctualityRow:
    return PunctualityRow(
        label=standing.label,
        judged=str(standing.judged),
        in_time=str(standing.in_time),
        late=str(standing.late),
        open=str(standing.open),
        rate=percent_text(standing.in_time, standing.judged),
        counted=str(standing.counted),
    )


def finding_rows(facts: QuarterlyFacts, findings: Iterable[FindingFact]) -> tuple[FindingRow, ...]:
    """The findings in the engine's order; a provisional one says so below its count."""
    return tuple(
        FindingRow(
            subject=finding.subject or finding.period or ABSENT,
            item=f"{finding.clause} {word_for(RULES, finding.rule)}",
            due=instant_text(finding.due_at, facts.zone),
            actual=instant_text(finding.actual_at, facts.zone),
            consequence=word_for(CONSEQUENCES, finding.consequence),
            counted=f"{finding.counted}\n暂定" if finding.is_provisional else str(finding.counted),
            text=finding.text,
        )
        for finding in findings
    )


def clause_rows(facts: QuarterlyFacts) -> tuple[ClauseRow, ...]:
    """What the clauses count whose neglect the contract calls a breach."""
    return tuple(
        _clause_row(facts, clause, [finding for finding in facts.findings if finding.clause == clause])
        for clause in facts.contract.breach_clauses
    )


def _clause_row(facts: QuarterlyFacts, clause: str, findings: Sequence[FindingFact]) -> ClauseRow:
    return ClauseRow(
        clause=clause,
        name=facts.contract.clauses.get(clause, ABSENT),
        findings=str(len(findings)),
        counted=str(sum(finding.counted for finding in findings)),
        provisional=str(sum(finding.counted for finding in findings if finding.is_provisional)),
    )


def availability_rows(facts: QuarterlyFacts) -> tuple[AvailabilityRow, ...]:
    """Stoppages by month and clause."""
    return tuple(
        AvailabilityRow(
            month=f"{each.month_on.year}年{each.month_on.month}月",
            clause=f"{each.clause} {facts.contract.clauses.get(each.clause, '')}".strip(),
            events=str(each.events),
            minutes=decimal_text(each.minutes),
        )
        for each in facts.availability
    )


def ledger_rows(facts: QuarterlyFacts) -> tuple[LedgerRow, ...]:
    """The ledger's entries of the period, in its order."""
    return tuple(
        LedgerRow(
            number=str(entry.number),
            clause=entry.clause,
            text=entry.text,
            posted=instant_text(entry.posted_at, facts.zone),
            state=word_for(LEDGER_STATES, entry.status),
        )
        for entry in facts.ledger.entries
    )


def obligation_rows(obligations: Iterable[ObligationFact]) -> tuple[ObligationRow, ...]:
    """Obligations with the day they were closed, or the word for open."""
    return tuple(
        ObligationRow(
            clause=each.clause,
            text=each.text,
            opened=str(each.opened_on),
            closed=str(each.closed_on) if each.closed_on else "未销项",
        )
        for each in obligations
    )


def patrol_rows(facts: QuarterlyFacts) -> tuple[PatrolRow, ...]:
    """One row a host."""
    return tuple(
        PatrolRow(
            host=host.host,
            days=f"{host.days}/{host.days_due}",
            missing=str(host.days_missing),
            big=str(host.big),
            normal=str(host.states["normal"]),
            warning=str(host.states["warning"]),
            critical=str(host.states["critical"]),
            unclear=str(
                host.patrols - sum(host.states[state] for state in ("normal", "warning", "critical"))
            ),
            problems=str(host.problems),
        )
        for host in rules.tally_patrols(facts)
    )


def backup_rows(facts: QuarterlyFacts) -> tuple[BackupRow, ...]:
    """Backups and verifications by source and kind; drills stand in their own table."""
    groups: dict[tuple[str, str], list[BackupFact]] = {}
    for run in facts.backups:
        if run.kind != "drill":
            groups.setdefault((run.source, run.kind), []).append(run)
    return tuple(
        BackupRow(
            source=source,
            kind=word_for(BACKUP_KINDS, kind),
            runs=str(len(runs)),
            failed=str(sum(not run.is_good for run in runs)),
            last=instant_text(max(run.at for run in runs), facts.zone),
        )
        for (source, kind), runs in sorted(groups.items())
    )


def drill_rows(facts: QuarterlyFacts) -> tuple[DrillRow, ...]:
    """Restore drills in order of time."""
    drills = sorted((run for run in facts.backups if run.kind == "drill"), key=lambda run: run.at)
    return tuple(
        DrillRow(
            at=instant_text(drill.at, facts.zone),
            source=drill.source,
            result=drill.result,
            rows=ABSENT if drill.rows_compared is None else f"{drill.rows_compared:,}",
            seconds=decimal_text(drill.seconds),
        )
        for drill in drills
    )


def exam_rows(facts: QuarterlyFacts) -> tuple[ExamRow, ...]:
    """The period's exams, in the order given."""
    return tuple(
        ExamRow(
            title=exam.title,
            sittings=str(exam.sittings),
            candidates=str(exam.candidates),
            average=decimal_text(exam.average),
            pass_rate=ABSENT if exam.pass_rate is None else f"{decimal_text(exam.pass_rate)}%",
        )
        for exam in facts.exams
    )


def bank_rows(facts: QuarterlyFacts) -> tuple[BankRow, ...]:
    """The question banks with their counts by type."""
    return tuple(
        BankRow(
            name=bank.name,
            types="，".join(
                f"{word_for(QUESTION_TYPES, kind)} {count}" for kind, count in bank.counts.items()
            ),
            total=str(sum(bank.counts.values())),
        )
        for bank in facts.banks
    )


def tenant_finding_rows(facts: QuarterlyFacts) -> tuple[TenantFindingRow, ...]:
    """Contracts of tenants that end, and headcounts over the quota, the most urgent first."""
    return tuple(
        TenantFindingRow(each.name, word_for(TENANT_FINDINGS, each.code), each.text)
        for each in facts.tenant_findings
    )


def duty_rows(facts: QuarterlyFacts) -> tuple[DutyRow, ...]:
    """What is due next quarter, the earliest first."""
    duties = sorted(facts.duties, key=lambda duty: (duty.due_on, duty.title))
    return tuple(DutyRow(str(duty.due_on), duty.title, duty.clause) for duty in duties)
