"""Stoppages against a slow reading of the rules: sets of minutes instead of intervals, for both contracts."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from contract_case import TERMS, Terms, after, at, findings, judge, waiting
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.contract.fact import TicketFact
from eduops.contract.schema import Contract

BOTH = pytest.mark.parametrize("terms", TERMS, ids=lambda terms: terms.contract)
# Minute 0 begins the last day of a year and of a month of the contract.
START = TERMS[0].year_ends_after
YEAR_END = 1440
LAST = 2 * 1440


@dataclass(frozen=True)
class Outage:
    """A ticket in minutes after the start."""

    ref: str
    reported: int
    kind: str
    impact: str
    cause: str
    start: int | None
    end: int | None
    resolved: int | None
    planned: bool
    approved: bool
    planned_from: int | None
    planned_to: int | None


@st.composite
def outages(draw: st.DrawFn) -> list[Outage]:
    made = []
    for number in range(draw(st.integers(1, 7))):
        reported = draw(st.integers(0, 40)) * draw(st.sampled_from([1, 30, 60]))
        first, last = sorted(
            (reported + draw(st.integers(-6, 12)) * 10, reported + draw(st.integers(0, 20)) * 10)
        )
        window = sorted((reported + draw(st.integers(-6, 12)) * 10, reported + draw(st.integers(0, 20)) * 10))
        made.append(
            Outage(
                ref=draw(st.sampled_from("ABC")) + str(number),
                reported=reported,
                kind=draw(st.sampled_from(["incident", "incident", "request"])),
                impact=draw(st.sampled_from(["system", "system", "department", "limited"])),
                cause=draw(st.sampled_from(["software", "software", "software", "unknown", "hardware"])),
                start=first if draw(st.booleans()) else None,
                end=last if draw(st.booleans()) else None,
                resolved=reported + draw(st.integers(0, 12)) * 10 if draw(st.booleans()) else None,
                planned=draw(st.sampled_from([False, False, True])),
                approved=draw(st.booleans()),
                planned_from=window[0] if draw(st.booleans()) else None,
                planned_to=window[1] if draw(st.booleans()) else None,
            )
        )
    return made


def _ticket(outage: Outage, start: str = START) -> TicketFact:
    def instant(minute: int | None) -> object:
        return None if minute is None else after(start, minute)

    return TicketFact(
        outage.ref,
        after(start, outage.reported),
        kind=outage.kind,  # type: ignore[arg-type]
        impact=outage.impact,  # type: ignore[arg-type]
        cause=outage.cause,  # type: ignore[arg-type]
        resolved_at=instant(outage.resolved),  # type: ignore[arg-type]
        outage_start=instant(outage.start),  # type: ignore[arg-type]
        outage_end=instant(outage.end),  # type: ignore[arg-type]
        planned=outage.planned,
        planned_approved_by="虚构·周老师" if outage.approved else "",
        planned_from=instant(outage.planned_from),  # type: ignore[arg-type]
        planned_to=instant(outage.planned_to),  # type: ignore[arg-type]
    )


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)


def _minutes(outage: Outage, as_of: int) -> set[int]:
    """The minutes of the outage that have passed."""
    start = _first(outage.start, outage.planned_from if outage.planned else None, outage.reported)
    end = _first(outage.end, outage.planned_to if outage.planned else None, outage.resolved, as_of)
    return set(range(start, min(end, as_of)))


def _window(outage: Outage, as_of: int) -> set[int]:
    start = _first(outage.planned_from, outage.start, outage.reported)
    end = _first(outage.planned_to, outage.end, outage.resolved, as_of)
    return set(range(start, max(start, end)))


def _events(made: list[Outage], impact: str, as_of: int) -> list[list[tuple[Outage, set[int]]]]:
    known = [each for each in made if each.reported <= as_of]
    cut: set[int] = set()
    for each in known:
        if each.planned and each.approved and each.impact in ("system", impact):
            cut |= _window(each, as_of)
    left = [
        (each, _minutes(each, as_of) - cut)
        for each in known
        if each.impact == impact
        and each.cause in ("software", "unknown")
        and (each.kind == "incident" or each.planned)
    ]
    groups: list[list[tuple[Outage, set[int]]]] = []
    for item in sorted((item for item in left if item[1]), key=lambda item: (min(item[1]), item[0].ref)):
        if groups and min(item[1]) <= max(max(minutes) + 1 for _, minutes in groups[-1]):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


@dataclass
class _Side:
    """What has been counted on one side of the month and year end."""

    label: str
    is_last: bool
    events: int = 0
    is_guess: bool = False
    minutes: int = 0
    minutes_guess: bool = False
    has_breach: bool = False

    def has(self, minute: int) -> bool:
        return (minute >= YEAR_END) == self.is_last


# (clause, rule, subject or period) -> (actual, counted, provisional)
Expected = dict[tuple[str, str, str], tuple[float, int, bool]]


def _expected(made: list[Outage], as_of: int, terms: Terms) -> Expected:
    found: Expected = {}
    for impact, (clause, figures) in (("system", terms.system), ("department", terms.department)):
        sides = [_Side(label, label == terms.months[1]) for label in terms.months]
        groups = _events(made, impact, as_of)
        counts = impact == "system" or terms.department_counts
        for group in groups:
            _add_event(found, clause, figures, group, sides, counts)
        if impact == "system" and terms.term_count:
            other, most = terms.term_count
            for number, group in enumerate(groups[most:], most + 1):
                earlier = any(outage.cause == "unknown" for each in groups[:number] for outage, _ in each)
                found[other, "contract_count", group[0][0].ref] = (float(number), 0, earlier)
        for side in sides:
            if side.minutes >= figures.get("month_minutes", 10**6):
                carried = int(not side.has_breach)
                found[clause, "month_minutes", side.label] = (
                    float(side.minutes),
                    carried,
                    side.minutes_guess,
                )
    return found


def _add_event(
    found: Expected,
    clause: str,
    figures: dict[str, int],
    group: list[tuple[Outage, set[int]]],
    sides: list[_Side],
    counts: bool,
) -> None:
    minutes = set().union(*(each for _, each in group))
    is_guess = any(outage.cause == "unknown" for outage, _ in group)
    side = next(each for each in sides if each.has(min(minutes)))
    side.events += 1
    side.is_guess |= is_guess
    figure = {
        "recovery": (len(minutes), is_guess),
        "year_count": (side.events, side.is_guess),
        "month_count": (side.events, side.is_guess),
    }
    own = [
        (rule, *reached) for rule, reached in figure.items() if rule in figures and reached[0] > figures[rule]
    ]
    for place, (rule, actual, provisional) in enumerate(own):
        found[clause, rule, group[0][0].ref] = (float(actual), int(counts and place == 0), provisional)
    for each in sides:
        part = {minute for minute in minutes if each.has(minute)}
        each.minutes += len(part)
        each.has_breach |= bool(part and own)
        each.minutes_guess |= any(outage.cause == "unknown" and part & left for outage, left in group)


@BOTH
@given(made=outages(), as_of=st.integers(0, LAST))
@settings(max_examples=200, deadline=None)
def test_stoppages_are_judged_as_the_sets_of_minutes_say(
    contracts: dict[str, Contract], terms: Terms, made: list[Outage], as_of: int
) -> None:
    start = terms.year_ends_after
    tickets = [_ticket(each, start) for each in made]
    answer = judge(contracts[terms.contract], *tickets, as_of=after(start, as_of))
    got = {
        (each.clause, each.rule, each.subject or each.period): (each.actual, each.counted, each.provisional)
        for each in findings(answer)
        if each.clause in (terms.system[0], terms.department[0], *(terms.term_count or ())[:1])
    }
    assert got == _expected(made, as_of, terms)


@BOTH
@given(made=outages(), random=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_tickets_does_not_matter(
    contracts: dict[str, Contract], terms: Terms, made: list[Outage], random: object
) -> None:
    contract = contracts[terms.contract]
    tickets = [_ticket(each, terms.year_ends_after) for each in made]
    shuffled = tickets[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(contract, *tickets).to_json() == judge(contract, *shuffled).to_json()


@given(outages())
@settings(max_examples=100, deadline=None)
def test_recovery_is_due_when_sixty_minutes_that_remain_have_passed(
    contract: Contract, made: list[Outage]
) -> None:
    answer = judge(contract, *(_ticket(each) for each in made), as_of=after(START, LAST))
    events = {
        group[0][0].ref: set().union(*(each for _, each in group)) for group in _events(made, "system", LAST)
    }
    for each in findings(answer):
        if each.clause == "2.5" and each.rule == "recovery":
            passed = (each.due_at - at(START)) / timedelta(minutes=1)
            assert len([minute for minute in events[str(each.subject)] if minute < passed]) == 60
            assert passed - 1 in events[str(each.subject)]


@given(outages())
@settings(max_examples=60, deadline=None)
def test_exclusions_never_shorten_a_stoppage(contract: Contract, made: list[Outage]) -> None:
    tickets = [_ticket(each) for each in made]
    waited = [replace(each, exclusions=(waiting(START, 0, LAST),)) for each in tickets]
    plain, stopped = (
        [
            each.to_json()
            for each in judge(contract, *given_tickets).findings
            if each.clause in ("2.5", "2.6", "4.1")
        ]
        for given_tickets in (tickets, waited)
    )
    assert plain == stopped
