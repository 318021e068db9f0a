"""What the reports count: pure, over the facts."""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from eduops.report.fact import (
    FindingFact,
    HostFact,
    PatrolFact,
    Period,
    QuarterlyFacts,
    TicketFact,
    TicketKind,
)
from eduops.report.text import quarter_text

LIMITS = "ticket_limits"
"""The duty under which every ticket's limits are judged."""
TIMES = (LIMITS, "second_resolution")
STOPPAGES = ("system_stoppages", "department_stoppages", "stoppages_of_term")
KINDS: tuple[TicketKind, ...] = ("incident", "request", "consult")


def build_quarter(year: int, quarter: int) -> Period:
    """The calendar quarter: 2026, 3 is 2026年第三季度, 1 July to 30 September."""
    first, last_month = date(year, quarter * 3 - 2, 1), quarter * 3
    return Period(quarter_text(first), first, date(year, last_month, monthrange(year, last_month)[1]))


def next_quarter(period: Period) -> Period:
    """The calendar quarter after the one that the period's last day lies in."""
    quarter = (period.to_on.month + 2) // 3
    return build_quarter(period.to_on.year + quarter // 4, quarter % 4 + 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """Tickets under one label, by kind in the order of KINDS."""

    label: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


def tally_tickets(tickets: Iterable[TicketFact], label_of: Callable[[TicketFact], str]) -> list[Tally]:
    """Tickets by label and kind, the most first, equal ones by label."""
    counts = Counter((label_of(ticket), ticket.kind) for ticket in tickets)
    labels = {label for label, _ in counts}
    tallies = [Tally(label, tuple(counts[label, kind] for kind in KINDS)) for label in labels]
    return sorted(tallies, key=lambda tally: (-tally.total, tally.label))


def tally_months(tickets: Sequence[TicketFact], period: Period, zone: ZoneInfo) -> list[Tally]:
    """Tickets by the month reported in, one row for each month of the period, empty months too."""
    months = list_months(period)
    by_month = Counter(
        (ticket.reported_at.astimezone(zone).strftime("%Y-%m"), ticket.kind) for ticket in tickets
    )
    is_one_year = months[0].year == months[-1].year
    return [
        Tally(
            f"{month.month}月" if is_one_year else f"{month.year}年{month.month}月",
            tuple(by_month[month.strftime("%Y-%m"), kind] for kind in KINDS),
        )
        for month in months
    ]


def list_months(period: Period) -> list[date]:
    """The first day of each month that the period touches."""
    months, month = [], period.from_on.replace(day=1)
    while month <= period.to_on:
        months.append(month)
        month = (month + timedelta(days=31)).replace(day=1)
    return months


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How clause 2.3 stands for some tickets: exempt ones are in none of the numbers.

    `in_time` are resolved (requests and consults: answered) without a finding, `late` have one, `open` are
    neither yet.
    """

    label: str
    in_time: int
    late: int
    open: int
    counted: int

    @property
    def judged(self) -> int:
        return self.in_time + self.late


def judge_punctuality(
    label: str, tickets: Iterable[TicketFact], findings: Iterable[FindingFact], clauses: Collection[str]
) -> Punctuality:
    """The standing of these tickets under the clause of their limits, from the engine's findings about them."""
    by_ref: dict[str | None, list[FindingFact]] = {}
    for finding in findings:
        if finding.clause in clauses and finding.subject:
            by_ref.setdefault(finding.subject, []).append(finding)
    in_time = late = still_open = counted = 0
    for ticket in tickets:
        if ticket.is_exempt:
            continue
        if ticket.ref in by_ref:
            late += 1
            counted += sum(finding.counted for finding in by_ref[ticket.ref])
        elif _is_done(ticket):
            in_time += 1
        else:
            still_open += 1
    return Punctuality(label, in_time, late, still_open, counted)


def _is_done(ticket: TicketFact) -> bool:
    if ticket.kind == "incident":
        return ticket.resolved_at is not None
    return any((ticket.responded_at, ticket.arrived_at, ticket.resolved_at))


@dataclass(frozen=True, slots=True)
class HostPatrols:
    """One host's patrols in the period: days with one, days due by the cut-off, patrols by state."""

    host: str
    days: int
    days_due: int
    patrols: int
    big: int
    states: Counter[str]
    problems: int

    @property
    def days_missing(self) -> int:
        return max(self.days_due - self.days, 0)


def tally_patrols(facts: QuarterlyFacts) -> list[HostPatrols]:
    """One row for each host looked after in the period, patrolled or not, by host."""
    by_host: dict[str, list[PatrolFact]] = {
        host.name: [] for host in facts.hosts if _count_days_due(facts, host)
    }
    for patrol in facts.patrols:
        by_host.setdefault(patrol.host, []).append(patrol)
    days_due = {host.name: _count_days_due(facts, host) for host in facts.hosts}
    return [
        HostPatrols(
            host=host,
            days=len({patrol.on for patrol in of_host}),
            days_due=days_due.get(host, 0),
            patrols=len(of_host),
            big=sum(patrol.is_big for patrol in of_host),
            states=Counter(patrol.state for patrol in of_host),
            problems=sum(patrol.problems for patrol in of_host),
        )
        for host, of_host in sorted(by_host.items())
    ]


def _count_days_due(facts: QuarterlyFacts, host: HostFact) -> int:
    """The days of the period on which a host was looked after, the cut-off's day included."""
    first = max(facts.period.from_on, host.from_on)
    last = min(facts.period.to_on, facts.cut_off_at.astimezone(facts.zone).date())
    if host.until_on:
        last = min(last, host.until_on - timedelta(days=1))
    return max((last - first).days + 1, 0)
