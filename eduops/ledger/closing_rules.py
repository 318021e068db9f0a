"""What a closing freezes of a month or quarter, and what has changed since: pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from eduops.contract.engine import Evaluation
from eduops.contract.fact import Facts, TicketFact
from eduops.contract.forecast import cut_facts
from eduops.contract.period import Period, last_day_of, list_months, list_quarters, start_of
from eduops.contract.resolution import find_resolution
from eduops.contract.schema import Contract
from eduops.contract.stoppage import find_outage
from eduops.core.errors import NotAllowed, NotFound

KINDS = {
    "tickets": "工单",
    "hosts": "主机",
    "patrols": "巡检",
    "attendance": "考勤",
    "surveys": "满意度问卷",
    "demands": "需求",
    "efforts": "工作量",
    "deliverables": "交付件",
    "staff": "人员",
    "certificates": "考核合格记录",
    "trainings": "培训",
    "reviews": "绩效考核",
    "vulnerabilities": "漏洞",
}
_DIGITS = 16
"""Of a fact's own hash; all facts together are covered in full."""
_LAST_YEAR = 2200


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a period's facts, contract and calendar were as of an instant, and what they came to."""

    contract: str
    period: str
    from_on: date
    to_on: date
    as_of: datetime
    facts: Mapping[str, Mapping[str, str] | str]
    contract_hash: str
    calendar: str
    findings: Mapping[str, Sequence[object]]
    counted: int
    by_clause: Mapping[str, int]

    @property
    def facts_hash(self) -> str:
        """One hash over all facts."""
        return _hash(self.facts)


@dataclass(frozen=True, slots=True)
class Figure:
    """A finding whose count or figure is another now; None where it is not there."""

    key: str
    before: Sequence[object] | None
    after: Sequence[object] | None


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from what a closing froze; nothing where it is false."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    altered: tuple[str, ...]
    kinds: tuple[str, ...]
    contract: bool
    calendar: bool
    figures: tuple[Figure, ...]

    def __bool__(self) -> bool:
        lists = (self.added, self.removed, self.altered, self.kinds, self.figures)
        return self.contract or self.calendar or any(lists)


def get_period(contract: Contract, label: str) -> Period:
    """The month or quarter of that label. Raises NotFound."""
    known = {each.label: each for each in (*list_quarters(contract), *list_months(contract))}
    if label not in known:
        months, quarters = list_months(contract), list_quarters(contract)
        raise NotFound(
            f"合同期内没有「{label}」这个月或季度",
            hint=f"月写成 {months[0].label} 到 {months[-1].label}，季度写成 {quarters[0].label} 到 {quarters[-1].label}",
        )
    return known[label]


def require_over(period: Period, contract: Contract, now: datetime) -> None:
    """Raises NotAllowed for a period that is not over."""
    if start_of(period.end_on, contract.zone_info) > now:
        raise NotAllowed(
            f"{period.label} 还没有结束，不能结账",
            hint=f"等 {period.last_on} 过完再结；现况看 eduops sla status",
        )


def freeze(
    contract: Contract,
    facts: Facts,
    evaluation: Evaluation,
    *,
    period: Period,
    contract_hash: str,
    calendar: str,
) -> Frozen:
    """What the period is made of and comes to, as of the evaluation's instant."""
    return Frozen(
        contract=contract.contract,
        period=period.label,
        from_on=period.start_on,
        to_on=period.last_on,
        as_of=evaluation.as_of,
        facts=hash_facts(contract, facts, period=period, as_of=evaluation.as_of),
        contract_hash=contract_hash,
        calendar=calendar,
        findings={each.key: (each.counted, each.actual) for each in evaluation.findings},
        counted=evaluation.counted,
        by_clause=evaluation.by_clause,
    )


def compare(before: Frozen, after: Frozen) -> Change:
    """What is different in `after`, which was frozen as of the same instant."""
    old, new = _tickets(before), _tickets(after)
    kinds = sorted((before.facts.keys() | after.facts.keys()) - {"tickets"})
    keys = sorted(before.findings.keys() | after.findings.keys())
    figures = (Figure(key, before.findings.get(key), after.findings.get(key)) for key in keys)
    return Change(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        altered=tuple(sorted(ref for ref in old.keys() & new.keys() if old[ref] != new[ref])),
        kinds=tuple(kind for kind in kinds if before.facts.get(kind) != after.facts.get(kind)),
        contract=before.contract_hash != after.contract_hash,
        calendar=before.calendar != after.calendar,
        figures=tuple(each for each in figures if _plain(each.before) != _plain(each.after)),
    )


def _tickets(frozen: Frozen) -> Mapping[str, str]:
    found = frozen.facts["tickets"]
    assert not isinstance(found, str)  # noqa: S101 - `hash_facts` names each ticket
    return found


def hash_facts(
    contract: Contract, facts: Facts, *, period: Period, as_of: datetime
) -> dict[str, Mapping[str, str] | str]:
    """The hash of every ticket that touches a period, and of the other facts by kind, as known as of an instant.

    What happens after that instant is no change of what was frozen.
    """
    known = cut_facts(facts, as_of=as_of, last_on=last_day_of(as_of, contract.zone_info))
    bounds = (start_of(period.start_on, contract.zone_info), start_of(period.end_on, contract.zone_info))
    hashes: dict[str, Mapping[str, str] | str] = {
        "tickets": {
            ticket.ref: _hash(_ticket_values(ticket, as_of))[:_DIGITS]
            for ticket in known.tickets
            if _touches(ticket, bounds, as_of)
        }
    }
    for field in fields(Facts):
        items = getattr(known, field.name)
        if field.name != "tickets" and items:
            values = [asdict(item) for item in items]
            chosen = [each for each in values if _is_dated_in(each, period, contract)]
            if chosen:
                hashes[field.name] = _hash(sorted(chosen, key=_canonical))[:_DIGITS]
    return hashes


def _touches(ticket: TicketFact, bounds: tuple[datetime, datetime], as_of: datetime) -> bool:
    """Whether anything of a ticket lies in [from, to): its way to resolution, outage or planned window."""
    outage = find_outage(ticket, as_of)
    starts = [ticket.reported_at, outage[0][0] if outage else None, ticket.planned_from]
    ends = [find_resolution(ticket, as_of) or as_of, outage[0][1] if outage else None, ticket.planned_to]
    start = min(each for each in starts if each is not None)
    end = max(each for each in ends if each is not None)
    return start < bounds[1] and end >= bounds[0]


def _ticket_values(ticket: TicketFact, as_of: datetime) -> dict[str, object]:
    values = asdict(ticket)
    for wait in values["exclusions"]:
        if wait["to_at"] is not None and wait["to_at"] > as_of:
            wait["to_at"] = None
    if ticket.plan and (ticket.plan.submitted_at is None or ticket.plan.submitted_at > as_of):
        values["plan"] = None
    if find_resolution(ticket, as_of) is None and (ticket.outage_end or as_of).year >= _LAST_YEAR:
        values["outage_end"] = None  # still open as of then, whether the end was written later or not
    return values


def _is_dated_in(values: Mapping[str, object], period: Period, contract: Contract) -> bool:
    """Whether a fact carries a day in the period, or the period's label, or no day at all."""
    days = []
    for value in values.values():
        if isinstance(value, datetime):
            days.append(value.astimezone(contract.zone_info).date())
        elif isinstance(value, date):
            days.append(value)
    return not days or values.get("period") == period.label or any(period.has_day(day) for day in days)


def _hash(value: object) -> str:
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain_value)


def _plain_value(value: object) -> object:
    if isinstance(value, datetime):
        # What was written later than the instant stands at the end of time (see `cut_facts`): not known yet.
        return None if value.year >= _LAST_YEAR else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} is no fact's value")


def _plain(figure: Sequence[object] | None) -> list[object] | None:
    return None if figure is None else list(figure)
