"""Tickets against a slow reading of the rules: a clock that is walked minute by minute, for both contracts."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from contract_case import TERMS, Terms, after, at, findings, judge, with_policy
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.contract.fact import Exclusion, Plan, Reopening, TicketFact
from eduops.contract.schema import Contract

BOTH = pytest.mark.parametrize("terms", TERMS, ids=lambda terms: terms.contract)


@dataclass
class Story:
    """A ticket in minutes after its report."""

    terms: Terms
    on_site: bool
    kind: str
    as_of: int
    responded: int | None
    arrived: int | None
    # Resolved, reopened, resolved again …
    turns: list[int]
    waits: list[tuple[int, int | None]]
    remote: bool
    plan: dict[str, int | None] = field(default_factory=dict)

    @property
    def start(self) -> str:
        return self.terms.on_site if self.on_site else self.terms.off_site


def _minute(terms: Terms) -> st.SearchStrategy[int]:
    return st.one_of(st.sampled_from(terms.edges), st.integers(0, terms.last))


@st.composite
def stories(draw: st.DrawFn, terms: Terms) -> Story:
    waits = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.one_of(st.integers(-60, 300), _minute(terms)))
        waits.append((start, draw(st.one_of(st.none(), st.integers(start, start + 200)))))
    plan: dict[str, int | None] = {}
    if draw(st.booleans()):
        submitted = draw(_minute(terms))
        later = st.one_of(st.none(), st.integers(submitted, submitted + 500))
        plan = {
            "submitted": submitted,
            "department": draw(later),
            "management": draw(later),
            "deadline": draw(later),
        }
    return Story(
        terms=terms,
        on_site=draw(st.booleans()),
        kind=draw(st.sampled_from(["incident", "incident", "incident", "request", "consult"])),
        as_of=draw(_minute(terms)),
        responded=draw(st.one_of(st.none(), _minute(terms))),
        arrived=draw(st.one_of(st.none(), _minute(terms))),
        turns=sorted(draw(st.lists(_minute(terms), max_size=5))),
        waits=waits,
        remote=draw(st.booleans()),
        plan=plan,
    )


def _ticket(story: Story) -> TicketFact:
    start = story.start

    def instant(minute: int | None) -> object:
        return None if minute is None else after(start, minute)

    turns = [after(start, turn) for turn in story.turns]
    plan = [instant(story.plan.get(name)) for name in ("submitted", "department", "management", "deadline")]
    return TicketFact(
        "INC-0001",
        at(start),
        kind=story.kind,  # type: ignore[arg-type]
        responded_at=instant(story.responded),  # type: ignore[arg-type]
        arrived_at=instant(story.arrived),  # type: ignore[arg-type]
        resolved_at=turns[0] if turns else None,
        reopened=tuple(
            Reopening(turns[index], turns[index + 1] if index + 1 < len(turns) else None)
            for index in range(1, len(turns), 2)
        ),
        remote_agreed_by="虚构·周老师" if story.remote else "",
        exclusions=tuple(
            Exclusion(after(start, low), instant(high), "等待（虚构）", "虚构·周老师")  # type: ignore[arg-type]
            for low, high in story.waits
        ),
        plan=Plan(*plan) if story.plan else None,  # type: ignore[arg-type]
    )


def _waits_at(story: Story, minute: int) -> bool:
    return any(
        low <= story.as_of and low <= minute < (story.as_of if high is None else min(high, story.as_of))
        for low, high in story.waits
    )


def _walk(story: Story, limit: int, *, open_time: bool) -> int:
    """The minute at which a clock that stops while it may has run its limit."""
    minute = run = 0
    while run < limit:
        rests = open_time and _is_resolved(story, minute) and _is_opened_again(story, minute)
        if not _waits_at(story, minute) and not rests:
            run += 1
        minute += 1
    return minute


def _is_resolved(story: Story, minute: int) -> bool:
    """Odd numbers of turns so far mean resolved; what lies after as-of has not happened."""
    return sum(turn <= min(minute, story.as_of) for turn in story.turns) % 2 == 1


def _is_opened_again(story: Story, minute: int) -> bool:
    return any(minute < turn <= story.as_of for turn in story.turns[1::2])


def _misses(story: Story, *, open_time: bool) -> dict[tuple[str, str], tuple[int, int | None]]:
    """Clause and rule of every target missed, with the minutes it was due and met."""
    missed: dict[tuple[str, str], tuple[int, int | None]] = {}
    happened = [each for each in (story.responded, story.arrived, *story.turns[:1]) if each is not None]
    turns = [turn for turn in story.turns if turn <= story.as_of]
    resolved = turns[-1] if len(turns) % 2 == 1 else None
    agreed = _agreed(story)
    for (clause, rule), lengths in story.terms.limits.items():
        limit = lengths[story.on_site]
        if not limit or (rule != "response" and story.kind != "incident"):
            continue
        due, met = _walk(story, limit, open_time=open_time and rule == "resolution"), resolved
        if rule == "response":
            met = min((each for each in happened if each <= story.as_of), default=None)
        elif rule == "arrival":
            met = story.arrived if story.arrived is not None and story.arrived <= story.as_of else None
            if story.remote or _is_resolved(story, due):
                continue
        elif rule == "plan":
            submitted = story.plan.get("submitted")
            due, met = limit, submitted if submitted is not None and submitted <= story.as_of else None
            if _is_resolved(story, due):
                continue
        elif agreed is not None:
            # Only the first clause's resolution is judged, by the agreed deadline.
            if (clause, "plan") not in story.terms.limits:
                continue
            due = agreed
        if (story.as_of if met is None else met) > due:
            missed[clause, rule] = (due, met)
    return missed


def _agreed(story: Story) -> int | None:
    times = [story.plan.get(name) for name in ("submitted", "department", "management")]
    limit = max(lengths[0] for (_, rule), lengths in story.terms.limits.items() if rule == "plan")
    if any(time is None or time > story.as_of for time in times) or (times[0] or 0) > limit:
        return None
    return story.plan.get("deadline")


def _compare(contract: Contract, story: Story, *, open_time: bool) -> None:
    start, per_ticket = story.start, story.terms.one_breach_per_ticket
    answer = findings(judge(contract, _ticket(story), as_of=after(start, story.as_of)))

    def minute(instant: object) -> int | None:
        return None if instant is None else int((instant - at(start)) / timedelta(minutes=1))  # type: ignore[operator]

    got = {(each.clause, each.rule): (minute(each.due_at), minute(each.actual_at)) for each in answer}
    expected = _misses(story, open_time=open_time)
    assert got == expected
    own = sorted((due, rule) for (clause, rule), (due, _) in expected.items() if clause != "5.1(4)")
    # The second contract counts every target, and its plan is a notice.
    counting = own[:1] if per_ticket else [each for each in own if each[1] != "plan"]
    assert [each.rule for each in answer if each.counted] == [rule for _, rule in counting]
    for each in answer:
        # Lateness is the same whether read from the instants or from the figures.
        late = (each.actual_at or after(start, story.as_of)) - each.due_at
        assert round(each.actual - each.limit, 6) == round(late / timedelta(minutes=1), 6) > 0


@BOTH
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_tickets_are_judged_as_the_walked_clock_says(
    contracts: dict[str, Contract], terms: Terms, data: st.DataObject
) -> None:
    _compare(contracts[terms.contract], data.draw(stories(terms)), open_time=terms.open_time)


@given(stories(TERMS[0]))
@settings(max_examples=150, deadline=None)
def test_time_that_it_stood_resolved_is_left_out_where_the_contract_says_so(
    contract: Contract, story: Story
) -> None:
    _compare(with_policy(contract, reopened="open_time"), story, open_time=True)


@BOTH
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_fact_after_as_of_changes_nothing(
    contracts: dict[str, Contract], terms: Terms, data: st.DataObject
) -> None:
    contract, story = contracts[terms.contract], data.draw(stories(terms))
    as_of = after(story.start, story.as_of)
    plain = judge(contract, _ticket(story), as_of=as_of).to_json()
    unknown = [each for each in story.turns if each <= story.as_of]
    wait = (story.as_of + 1 + data.draw(st.integers(0, terms.last)), None)
    told = replace(story, turns=unknown, waits=[*story.waits, wait])
    assert judge(contract, _ticket(told), as_of=as_of).to_json() == plain
