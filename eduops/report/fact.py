"""What a report is made from: plain values that the queries load and nobody computes with elsewhere.

Instants are aware; days are days in the contract's zone; a period holds both its first and its last day, as
the commands' --from and --to do. Words (kind, impact, state …) are the stored lower-case English words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

TicketKind = Literal["incident", "request", "consult"]
Regime = Literal["on_site", "off_site"]


@dataclass(frozen=True, slots=True)
class Period:
    """The days reported on, first and last included; the label is the one people say: 2026年第三季度."""

    label: str
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True)
class ContractFact:
    """Whose contract it is, and where it says what.

    `clauses` gives a clause's own heading ({"2.3": "响应与解决时限"}), `duties` the clause that carries a duty
    ({"ticket_limits": "2.3"}), `breach_clauses` those whose neglect the contract calls a breach.
    """

    title: str
    customer: str
    vendor: str
    clauses: Mapping[str, str]
    duties: Mapping[str, str]
    breach_clauses: tuple[str, ...]

    def list_clauses(self, *duties: str) -> tuple[str, ...]:
        """The clauses that carry these duties; a contract may lack some of them."""
        return tuple(self.duties[duty] for duty in duties if duty in self.duties)


@dataclass(frozen=True, slots=True)
class TicketFact:
    """One ticket reported in the period, with what had happened to it by the cut-off.

    `regime` is fixed at the instant reported. `is_exempt`: a planned ticket with its approval, which clause 2.3
    does not judge.
    """

    ref: str
    kind: TicketKind
    title: str
    department: str
    channel: str
    impact: str
    regime: Regime
    reported_at: datetime
    responded_at: datetime | None = None
    arrived_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    is_exempt: bool = False


@dataclass(frozen=True, slots=True)
class FindingFact:
    """One finding of `eduops sla evaluate` for the period; `limit` and `actual` are in `unit`."""

    clause: str
    rule: str
    consequence: str
    subject: str | None
    period: str | None
    due_at: datetime | None
    actual_at: datetime | None
    limit: Decimal | None
    actual: Decimal | None
    unit: str
    counted: int
    is_provisional: bool
    text: str


@dataclass(frozen=True, slots=True)
class LedgerEntryFact:
    """One entry of the breach ledger posted in the period.

    `status`: in_force, waived, revoked, amended or discharged, as of the making.
    """

    number: int
    key: str
    clause: str
    text: str
    posted_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class LedgerFact:
    """The period's entries; `count` and `head_hash` are of the whole ledger ("" where it is empty)."""

    entries: tuple[LedgerEntryFact, ...]
    count: int
    head_hash: str


@dataclass(frozen=True, slots=True)
class ObligationFact:
    """What the vendor must mend under the contract, open or closed in the period."""

    clause: str
    text: str
    opened_on: date
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class AvailabilityFact:
    """One month's unplanned stoppages of one clause (2.5 the whole platform, 2.6 a department)."""

    month_on: date
    clause: str
    events: int
    minutes: Decimal


@dataclass(frozen=True, slots=True)
class HostFact:
    """A production host, looked after from one day until another (exclusive; None: still)."""

    name: str
    from_on: date
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class PatrolFact:
    """One finished patrol of one host; `state` is the worst of its judgement, `problems` counts the not normal.

    `state`: normal, warning, critical, not_checked or cannot_tell.
    """

    on: date
    host: str
    state: str
    problems: int
    is_big: bool = False


@dataclass(frozen=True, slots=True)
class BackupFact:
    """One run: `kind` is backup, verify or drill; rows compared and seconds where the run measured them."""

    at: datetime
    source: str
    kind: str
    is_good: bool
    result: str
    rows_compared: int | None = None
    seconds: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ExamFact:
    """One exam held in the period; `average` in points, `pass_rate` in percent, None before any score."""

    ref: str
    title: str
    sittings: int
    candidates: int
    average: Decimal | None
    pass_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class BankFact:
    """One question bank and how many questions of each type it holds, at the cut-off."""

    name: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TenantFindingFact:
    """A tenant's contract that ends or has ended, or a headcount over the quota, on the day of the cut-off."""

    name: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class DutyFact:
    """Something due in the next period by the contract's calendar."""

    due_on: date
    title: str
    clause: str


@dataclass(frozen=True, slots=True)
class QuarterlyFacts:
    """All that the quarterly report says. What is empty gets no section and is named as not recorded."""

    contract: ContractFact
    period: Period
    next_period: Period
    zone: ZoneInfo
    cut_off_at: datetime
    made_at: datetime
    prepared_by: str
    version: str
    is_invented: bool
    ledger: LedgerFact
    tenant_count: int
    learner_count: int
    tickets: tuple[TicketFact, ...] = ()
    findings: tuple[FindingFact, ...] = ()
    availability: tuple[AvailabilityFact, ...] = ()
    hosts: tuple[HostFact, ...] = ()
    patrols: tuple[PatrolFact, ...] = ()
    backups: tuple[BackupFact, ...] = ()
    exams: tuple[ExamFact, ...] = ()
    banks: tuple[BankFact, ...] = ()
    tenant_findings: tuple[TenantFindingFact, ...] = ()
    obligations: tuple[ObligationFact, ...] = ()
    duties: tuple[DutyFact, ...] = ()
