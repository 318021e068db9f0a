"""What the rules judge: plain facts of every room. Instants are aware UTC, days are days of the contract's zone."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["incident", "request", "consult"]
Impact = Literal["system", "department", "limited"]
Cause = Literal["software", "hardware", "network", "third_party", "customer", "unknown"]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """等待甲方: a stretch that stops the clock; without an end it still runs."""

    from_at: datetime
    to_at: datetime | None
    reason: str
    agreed_by: str


@dataclass(frozen=True, slots=True)
class Plan:
    """书面方案 of an incident that lasts; the deadline is the one agreed in it."""

    submitted_at: datetime | None = None
    department_approved_at: datetime | None = None
    management_approved_at: datetime | None = None
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reopening:
    """A resolved ticket opened again, and resolved again or not yet."""

    reopened_at: datetime
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketFact:
    """One ticket with every instant as it was written down; `resolved_at` is the first resolution."""

    ref: str
    reported_at: datetime
    kind: Kind = "incident"
    title: str = ""
    impact: Impact = "limited"
    cause: Cause = "unknown"
    department: str = ""
    channel: str = ""
    reporter: str = ""
    responded_at: datetime | None = None
    arrived_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    remote_agreed_by: str = ""
    planned: bool = False
    planned_approved_by: str = ""
    planned_from: datetime | None = None
    planned_to: datetime | None = None
    outage_start: datetime | None = None
    outage_end: datetime | None = None
    plan: Plan | None = None
    exclusions: tuple[Exclusion, ...] = ()
    reopened: tuple[Reopening, ...] = ()


@dataclass(frozen=True, slots=True)
class HostFact:
    """A production host, looked after from one day (None: the contract's start) until another (exclusive)."""

    name: str
    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class PatrolFact:
    """A finished patrol of a host."""

    host: str
    finished_at: datetime
    is_big: bool = False


@dataclass(frozen=True, slots=True)
class AttendanceFact:
    """A person was on site on a day."""

    person: str
    on: date


@dataclass(frozen=True, slots=True)
class SurveyFact:
    """One answer to a satisfaction survey, 0 to 100."""

    on: date
    score: Decimal


@dataclass(frozen=True, slots=True)
class DemandFact:
    """A demand: when it was delivered and when it first came back."""

    ref: str
    delivered_on: date | None = None
    reworked_on: date | None = None


@dataclass(frozen=True, slots=True)
class EffortFact:
    """Work put into a demand on a day."""

    demand: str
    on: date
    person_days: Decimal


@dataclass(frozen=True, slots=True)
class DeliverableFact:
    """Something handed in: `rule` is monthly_report or quarter_documents, `period` as findings write it."""

    rule: Literal["monthly_report", "quarter_documents"]
    period: str
    handed_in_at: datetime


@dataclass(frozen=True, slots=True)
class StaffFact:
    """A person of the vendor on this contract; `last_on` only of one who leaves."""

    person: str
    role: Literal["engineer", "manager", "support"]
    joined_vendor_on: date
    from_on: date
    last_on: date | None = None
    notice_on: date | None = None
    handover_on: date | None = None


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """A person passed the information centre's yearly test."""

    person: str
    passed_on: date


@dataclass(frozen=True, slots=True)
class TrainingFact:
    """A maintenance training held."""

    on: date


@dataclass(frozen=True, slots=True)
class ReviewFact:
    """A performance review of the month that its day lies in."""

    on: date


@dataclass(frozen=True, slots=True)
class VulnerabilityFact:
    """A vulnerability and the day by which the customer wants it fixed and verified."""

    ref: str
    demanded_on: date
    fixed_at: datetime | None = None
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an evaluation looks at.

    What is missing can only be judged where somebody records it: None says that nobody does here, and the rule
    stays silent; an empty tuple says that nothing was done.
    """

    tickets: tuple[TicketFact, ...] = ()
    hosts: tuple[HostFact, ...] = ()
    patrols: tuple[PatrolFact, ...] | None = None
    attendance: tuple[AttendanceFact, ...] | None = None
    surveys: tuple[SurveyFact, ...] = ()
    demands: tuple[DemandFact, ...] = ()
    efforts: tuple[EffortFact, ...] = ()
    deliverables: tuple[DeliverableFact, ...] | None = None
    staff: tuple[StaffFact, ...] = ()
    certificates: tuple[CertificateFact, ...] | None = None
    trainings: tuple[TrainingFact, ...] | None = None
    reviews: tuple[ReviewFact, ...] | None = None
    vulnerabilities: tuple[VulnerabilityFact, ...] = ()
