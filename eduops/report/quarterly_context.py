"""The quarterly report's context: what its template may name, ready to print."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from eduops.report.chart import Chart
from eduops.report.figure import Figure


@dataclass(frozen=True, slots=True)
class ContentsEntry:
    """One line of the contents: `level` 1 or 2, `bookmark` as the template sets it at the heading."""

    level: int
    heading: str
    bookmark: str


@dataclass(frozen=True, slots=True)
class TallyRow:
    """Tickets under one label by kind."""

    label: str
    incident: str
    request: str
    consult: str
    total: str


@dataclass(frozen=True, slots=True)
class PunctualityRow:
    """Clause 2.3 for one group of tickets; `rate` is in time of judged, in percent."""

    label: str
    judged: str
    in_time: str
    late: str
    open: str
    rate: str
    counted: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding; `item` is clause and target, `consequence` the contract's word for what follows."""

    subject: str
    item: str
    due: str
    actual: str
    consequence: str
    counted: str
    text: str


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """What one clause counts against the vendor."""

    clause: str
    name: str
    findings: str
    counted: str
    provisional: str


@dataclass(frozen=True, slots=True)
class AvailabilityRow:
    """One month's stoppages under one clause."""

    month: str
    clause: str
    events: str
    minutes: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One entry of the breach ledger."""

    number: str
    clause: str
    text: str
    posted: str
    state: str


@dataclass(frozen=True, slots=True)
class ObligationRow:
    """One obligation; `closed` is a day or the word for open."""

    clause: str
    text: str
    opened: str
    closed: str


@dataclass(frozen=True, slots=True)
class PatrolRow:
    """One host's patrols; `missing` counts due days without one, `unclear` what could not be judged."""

    host: str
    days: str
    missing: str
    big: str
    normal: str
    warning: str
    critical: str
    unclear: str
    problems: str


@dataclass(frozen=True, slots=True)
class BackupRow:
    """Runs of one kind for one source."""

    source: str
    kind: str
    runs: str
    failed: str
    last: str


@dataclass(frozen=True, slots=True)
class DrillRow:
    """One restore drill."""

    at: str
    source: str
    result: str
    rows: str
    seconds: str


@dataclass(frozen=True, slots=True)
class ExamRow:
    """One exam."""

    title: str
    sittings: str
    candidates: str
    average: str
    pass_rate: str


@dataclass(frozen=True, slots=True)
class BankRow:
    """One question bank; `types` lists its counts by type."""

    name: str
    types: str
    total: str


@dataclass(frozen=True, slots=True)
class TenantFindingRow:
    """One tenant's contract or headcount that somebody has to see to."""

    name: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One thing due next quarter."""

    due: str
    title: str
    clause: str


@dataclass(frozen=True, slots=True)
class QuarterlyContext:
    """All names the template quarterly_report.docx may use.

    `headings` holds each section's numbered heading by name, "" where the section is left out; `missing` names
    what nobody recorded, "" where nothing is missing.
    """

    title: str
    contract_title: str
    customer: str
    vendor: str
    period_label: str
    next_period_label: str
    period_days: str
    cut_off: str
    prepared_by: str
    version: str
    made_at: datetime
    is_invented: bool
    headings: Mapping[str, str]
    contents: tuple[ContentsEntry, ...]
    overview: tuple[str, ...]
    missing: str
    tickets_by_channel: tuple[TallyRow, ...]
    tickets_by_department: tuple[TallyRow, ...]
    tickets_by_month: tuple[TallyRow, ...]
    punctuality: tuple[PunctualityRow, ...]
    time_findings: tuple[FindingRow, ...]
    availability: tuple[AvailabilityRow, ...]
    stoppage_findings: tuple[FindingRow, ...]
    other_findings: tuple[FindingRow, ...]
    clauses: tuple[ClauseRow, ...]
    ledger: tuple[LedgerRow, ...]
    ledger_count: str
    ledger_hash: str
    obligations: tuple[ObligationRow, ...]
    patrols: tuple[PatrolRow, ...]
    backups: tuple[BackupRow, ...]
    drills: tuple[DrillRow, ...]
    exams: tuple[ExamRow, ...]
    banks: tuple[BankRow, ...]
    tenant_findings: tuple[TenantFindingRow, ...]
    duties: tuple[DutyRow, ...]
    open_obligations: tuple[ObligationRow, ...]
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...]
