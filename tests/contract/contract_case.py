"""Short ways to write the facts of a case: local times, and tickets in minutes after their report."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from eduops.contract.engine import Evaluation, evaluate
from eduops.contract.fact import Exclusion, Facts, TicketFact
from eduops.contract.finding import Finding
from eduops.contract.schema import Contract, Policy

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A Monday evening: off site whatever the year's holidays are.
OFF_SITE = "2026-03-02 20:00"
ON_SITE = "2026-03-05 09:00"
FAR = "2026-11-30 23:00"
_CLAUSES = ("2.3", "2.5", "2.6", "4.1", "5.1(4)")


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
    days: tuple[str, str] = ("2024-12-01", "2026-11-30"),
) -> Evaluation:
    instant = at(as_of) if isinstance(as_of, str) else as_of
    first, last = (date.fromisoformat(day) for day in days)
    return evaluate(contract, Facts(tickets=tickets), from_on=first, to_on=last, as_of=instant)


def findings(answer: Evaluation) -> list[Finding]:
    """The findings about tickets and stoppages; nothing is recorded of the other duties in these cases."""
    return [each for each in answer.findings if each.unit in ("minutes", "count") and each.clause in _CLAUSES]


def counted(answer: Evaluation) -> list[tuple[str, str, str | None]]:
    """Clause, rule and subject of every finding that carries a breach."""
    return [(each.clause, each.rule, each.subject or each.period) for each in answer.findings if each.counted]


def rules(answer: Evaluation) -> list[tuple[str, str]]:
    return [(each.clause, each.rule) for each in findings(answer)]


def with_policy(contract: Contract, **settings: Any) -> Contract:
    """The contract with other settings."""
    return contract.model_copy(update={"policy": Policy(**settings)})
