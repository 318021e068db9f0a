"""Short ways to write the facts of a case: local times, and tickets in minutes after their report."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from eduops.contract.engine import Evaluation, evaluate
from eduops.contract.fact import Exclusion, Facts, TicketFact
from eduops.contract.finding import Finding
from eduops.contract.schema import Contract

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A Monday evening: off site whatever the year's holidays are.
OFF_SITE = "2026-03-02 20:00"
ON_SITE = "2026-03-05 09:00"
FAR = "2026-11-30 23:00"
_RULES = {
    *("response", "arrival", "resolution", "plan"),
    *("recovery", "year_count", "month_count", "month_minutes", "contract_count"),
}


@dataclass(frozen=True)
class Terms:
    """What the slow oracles know of a contract: its figures, written down here apart from its file."""

    contract: str
    on_site: str
    off_site: str
    last: int
    edges: tuple[int, ...]
    # Clause and rule -> minutes (off site, on site); 0: no such limit in that regime.
    limits: dict[tuple[str, str], tuple[int, int]]
    one_breach_per_ticket: bool
    open_time: bool
    # The day before a year of this contract ends, the months on both sides, and clause -> rule -> figure.
    year_ends_after: str
    months: tuple[str, str]
    system: tuple[str, dict[str, int]]
    department: tuple[str, dict[str, int]]
    department_counts: bool
    term_count: tuple[str, int] | None


TERMS = (
    Terms(
        contract="remote-education-2024-2026",
        on_site=ON_SITE,
        off_site=OFF_SITE,
        last=900,
        # The edges of every limit come up often enough to be met exactly.
        edges=(29, 30, 31, 59, 60, 61, 119, 120, 121, 179, 180, 181, 239, 240, 241, 479, 480, 481),
        limits={
            ("2.3", "response"): (30, 30),
            ("2.3", "arrival"): (120, 0),
            ("2.3", "resolution"): (180, 60),
            ("2.3", "plan"): (480, 480),
            ("5.1(4)", "resolution"): (240, 0),
        },
        one_breach_per_ticket=True,
        open_time=False,
        year_ends_after="2025-11-30 00:00",
        months=("2025-11", "2025-12"),
        # More than 60 minutes, in whole ones.
        system=("2.5", {"recovery": 60, "year_count": 2, "month_minutes": 61}),
        department=("2.6", {"recovery": 60, "year_count": 2, "month_count": 1}),
        department_counts=True,
        term_count=("4.1", 1),
    ),
    Terms(
        contract="example-region-2026",
        # 09:30 on a Wednesday and 18:00 on a Monday there.
        on_site="2026-05-06 11:30",
        off_site="2026-05-11 20:00",
        last=3200,
        edges=(14, 15, 16, 239, 240, 241, 1439, 1440, 1441, 2879, 2880, 2881),
        limits={
            ("Response and resolution", "response"): (15, 15),
            ("Response and resolution", "resolution"): (1440, 240),
            ("Response and resolution", "plan"): (2880, 2880),
        },
        one_breach_per_ticket=False,
        open_time=True,
        # Midnight there.
        year_ends_after="2026-12-31 02:00",
        months=("2026-12", "2027-01"),
        system=("Availability", {"recovery": 120, "year_count": 4, "month_count": 1, "month_minutes": 240}),
        department=("Departmental availability", {"recovery": 240, "month_count": 2}),
        department_counts=False,
        term_count=None,
    ),
)


def at(text: str) -> datetime:
    """A local time of the contract's zone as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def after(start: str, minutes: float) -> datetime:
    return at(start) + timedelta(minutes=minutes)


# Any: a case names whichever fields of the fact it is about.
def incident(reported: str = OFF_SITE, ref: str = "INC-0001", **fields: Any) -> TicketFact:
    """An incident responded to after ten minutes and arrived at after twenty; instants may be minutes or local times."""
    fields = {"responded_at": 10, "arrived_at": 20, **fields}
    instants = {
        name: after(reported, value) if isinstance(value, int | float) and not isinstance(value, bool)
        else at(value) if isinstance(value, str) and name.endswith(("_at", "_from", "_to", "_start", "_end"))
        else value
        for name, value in fields.items()
    }  # fmt: skip
    return TicketFact(ref=ref, reported_at=at(reported), **instants)


def stoppage(start: str, end: str | None, ref: str = "INC-0001", **fields: Any) -> TicketFact:
    """A software stoppage of the whole platform, reported when it began, judged by nothing else than stoppages."""
    given = {"impact": "system", "cause": "software", "outage_end": end, "resolved_at": end or None, **fields}
    return incident(start, ref, **given)


def waiting(start: str, from_minutes: float, to_minutes: float | None) -> Exclusion:
    to_at = None if to_minutes is None else after(start, to_minutes)
    return Exclusion(after(start, from_minutes), to_at, "等待甲方提供接口（虚构）", "虚构·周老师")


def judge(
    contract: Contract,
    *tickets: TicketFact,
    as_of: str | datetime = FAR,
    days: tuple[str, str] = ("2024-12-01", "2027-03-31"),
) -> Evaluation:
    instant = at(as_of) if isinstance(as_of, str) else as_of
    first, last = (date.fromisoformat(day) for day in days)
    return evaluate(contract, Facts(tickets=tickets), from_on=first, to_on=last, as_of=instant)


def findings(answer: Evaluation) -> list[Finding]:
    """The findings about tickets and stoppages; nothing is recorded of the other duties in these cases."""
    return [each for each in answer.findings if each.rule in _RULES]


def counted(answer: Evaluation) -> list[tuple[str, str, str | None]]:
    """Clause, rule and subject of every finding that carries a breach."""
    return [(each.clause, each.rule, each.subject or each.period) for each in answer.findings if each.counted]


def rules(answer: Evaluation) -> list[tuple[str, str]]:
    return [(each.clause, each.rule) for each in findings(answer)]


def with_policy(contract: Contract, **settings: Any) -> Contract:
    """The contract with other settings."""
    return contract.model_copy(update={"policy": contract.policy.model_copy(update=settings)})
