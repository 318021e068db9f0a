"""What is to be watched of tenants (clause 1.1-2): contracts that run out, headcounts over the quota."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

Code = Literal["expired", "expires", "no_end", "not_begun", "over_quota"]
WARNING_DAYS = (7, 30, 90)
"""Days before the last day from which an expiry is told, the most urgent first."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed for a time, both days included; None where a day is not known."""

    start_on: date | None
    last_on: date | None
    headcount_quota: int | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A tenant, or a parent body with the learners of all its tenants.

    `needs_contract`: an outside party that signs for itself.
    """

    code: str
    name: str
    learners: int
    needs_contract: bool
    contracts: tuple[Terms, ...] = ()


@dataclass(frozen=True, slots=True)
class TenantFinding:
    """One thing to see to; `days_left` until the last day (that day is 0, negative: since it), `within` of WARNING_DAYS."""

    party: str
    name: str
    code: Code
    text: str
    last_on: date | None = None
    days_left: int | None = None
    within: int | None = None
    learners: int | None = None
    quota: int | None = None


def find_terms(contracts: Sequence[Terms], today: date) -> Terms | None:
    """What holds today; else what held last; else what will hold first; None without any.

    `contracts` stand in the order in which they were recorded, see `settle`.
    """
    ordered = [each for _, each in settle(contracts)]
    holding = [each for each in ordered if _starts(each) <= today <= _ends(each)]
    past = [each for each in ordered if _ends(each) < today]
    return next(iter(holding[-1:] or past[-1:] or ordered[:1]), None)


def find_last_day(contracts: Sequence[Terms], today: date) -> date | None:
    """The last day covered without a gap from what holds today on; None where it is not known or nothing holds."""
    terms = find_terms(contracts, today)
    if terms is None or terms.last_on is None:
        return None
    last_on = terms.last_on
    for _, following in settle(contracts):
        if _starts(following) <= last_on + _DAY and _ends(following) > last_on:
            if following.last_on is None:
                return None
            last_on = following.last_on
    return last_on


def settle(contracts: Sequence[Terms]) -> list[tuple[int, Terms]]:
    """(place, terms) of what still holds of contracts in the order in which they were recorded, by their beginning.

    A later record puts an earlier one right: it takes the place of those that begin within it, and ends those that
    reach into it.
    """
    settled: list[tuple[int, Terms]] = []
    for place, new in enumerate(contracts):
        settled = [
            (at, _end_before(each, new))
            for at, each in settled
            if not _starts(new) <= _starts(each) <= _ends(new)
        ]
        settled.append((place, new))
    return sorted(settled, key=lambda pair: _starts(pair[1]))


def _end_before(terms: Terms, new: Terms) -> Terms:
    if new.start_on is None or not _starts(terms) < new.start_on <= _ends(terms):
        return terms
    return replace(terms, last_on=new.start_on - _DAY)


def judge_parties(parties: Iterable[Party], today: date) -> list[TenantFinding]:
    """Every finding as of a day, the most urgent first."""
    found = [
        finding for party in parties for finding in (*_judge_term(party, today), *_judge_quota(party, today))
    ]
    return sorted(found, key=_urgency)


def _judge_term(party: Party, today: date) -> Iterator[TenantFinding]:
    if not party.needs_contract:
        return
    terms = find_terms(party.contracts, today)
    last_on = find_last_day(party.contracts, today)
    if terms is None or (last_on is None and terms.last_on is None and _starts(terms) <= today):
        text = f"{party.name} 没有登记合同到期日，到期前无法提醒"
        yield TenantFinding(party.code, party.name, "no_end", text)
        return
    if _starts(terms) > today:
        text = f"{party.name} 的合同从 {terms.start_on} 才开始"
        yield TenantFinding(party.code, party.name, "not_begun", text)
        return
    if last_on is None:
        return
    left = (last_on - today).days
    within = next((days for days in WARNING_DAYS if left <= days), None)
    if left < 0:
        text = f"{party.name} 的合同已于 {last_on} 到期，过了 {-left} 天"
        yield TenantFinding(party.code, party.name, "expired", text, last_on, left)
    elif within is not None:
        text = f"{party.name} 的合同到 {last_on} 为止，还有 {left} 天（{within} 天内）"
        yield TenantFinding(party.code, party.name, "expires", text, last_on, left, within)


def _judge_quota(party: Party, today: date) -> Iterator[TenantFinding]:
    terms = find_terms(party.contracts, today)
    if terms is None or terms.headcount_quota is None or party.learners <= terms.headcount_quota:
        return
    over = party.learners - terms.headcount_quota
    text = f"{party.name} 在册 {party.learners} 人，超过约定的 {terms.headcount_quota} 人，多 {over} 人"
    yield TenantFinding(
        party.code, party.name, "over_quota", text, learners=party.learners, quota=terms.headcount_quota
    )


def _urgency(finding: TenantFinding) -> tuple[int, int, str]:
    order: dict[Code, int] = {"expired": 0, "expires": 1, "over_quota": 2, "not_begun": 3, "no_end": 4}
    return order[finding.code], finding.days_left or 0, finding.party


def _starts(terms: Terms) -> date:
    return terms.start_on or date.min


def _ends(terms: Terms) -> date:
    return terms.last_on or date.max
