"""A problem's life from patrol to patrol: one ticket for one problem, whatever comes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.patrol.rules.check import Check, State
from eduops.patrol.rules.problem import (
    CLEAR_AFTER,
    MOST_TICKETS,
    STALE_AFTER,
    TELL_AFTER,
    Outcome,
    Problem,
    SeenRun,
    Sort,
    TicketFacts,
    follow,
    index_checks,
)

NOON = datetime(2026, 3, 5, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = ("disks", "disk_percent", "/data")


def check(state: str | None, item: str = "/data") -> list[Check]:
    """A disk in a state; None where the patrol did not look at disks at all."""
    if state is None:
        return [Check("disks", "", State.NOT_CHECKED, "考试进行中，未做重负载检查", probe="disks")]
    return [Check("disk_percent", item, State(state), f"{item} {state}", probe="disks")]


class Desk:
    """A desk and its patrols, as the workflow would keep them; a slow and plain second way of doing so."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.tickets: dict[str, TicketFacts] = {}
        self.owner: dict[str, set[tuple[str, str, str]]] = {}
        self.ends: list[datetime] = []
        self.told: list[tuple[datetime, str, Sort]] = []
        self.run: SeenRun | None = None

    def patrol(self, at: datetime, checks: list[Check]) -> Outcome:
        number = len(self.ends) + 1
        self.run = SeenRun(number, f"PAT-{number}", at, index_checks(checks), tuple(reversed(self.ends[-3:])))
        self.ends.append(at)
        return self.follow(at)

    def follow(self, now: datetime) -> Outcome:
        newest = {problem.key: problem for problem in self.problems}
        outcome = follow(
            "app-1", list(newest.values()), [self.run] if self.run else [], self.tickets, now=now
        )
        for opening in outcome.openings:
            ref = f"INC-{len(self.tickets) + 1}"
            self.tickets[ref] = TicketFacts(ref, None, {Sort.FOUND: now})
            self.owner[ref] = set(opening.keys)
        for problem in outcome.problems:
            if problem.number is None:
                (ref,) = [
                    ref for opening in outcome.openings if problem.key in opening.keys
                    for ref, keys in self.owner.items() if keys == set(opening.keys)
                    and self.tickets[ref].noted[Sort.FOUND] == now
                ]  # fmt: skip
                problem = replace(problem, number=len(self.problems) + 1, ticket=ref)
                self.problems.append(problem)
            else:
                self.problems[problem.number - 1] = problem
        for note in outcome.notes:
            ticket = self.tickets[note.ticket]
            self.tickets[note.ticket] = replace(ticket, noted={**ticket.noted, note.sort: now})
            self.told.append((now, note.ticket, note.sort))
        return outcome

    def settle(self, ref: str, at: datetime) -> None:
        self.tickets[ref] = replace(self.tickets[ref], settled_at=at)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def sorts(outcome: Outcome) -> list[Sort]:
    return [note.sort for note in outcome.notes]


def test_a_new_critical_problem_has_one_ticket_reported_at_the_patrols_end(desk):
    made = desk.patrol(NOON, check("critical"))
    (opening,) = made.openings
    assert (opening.reported_at, opening.keys) == (NOON, (KEY,))
    assert "app-1" in opening.title and "/data critical" in opening.title
    assert desk.patrol(NOON + HOUR, check("critical")).openings == ()


def test_the_same_patrol_again_changes_nothing(desk):
    desk.patrol(NOON, check("critical"))
    before = list(desk.problems)
    again = desk.follow(NOON + HOUR)
    assert (again.openings, again.notes, desk.problems) == ((), (), before)


def test_what_is_only_a_warning_opens_nothing(desk):
    assert desk.patrol(NOON, check("warning")).openings == ()


def test_what_lasts_is_told_once_a_day_and_only_where_a_patrol_has_seen_it_since(desk):
    desk.patrol(NOON, check("critical"))
    told = [sorts(desk.patrol(NOON + hours * HOUR, check("critical"))) for hours in range(1, 49)]
    assert [hours for hours, each in enumerate(told, start=1) if each] == [20, 40]
    assert desk.follow(NOON + 100 * HOUR).notes == ()


def test_after_two_clear_patrols_in_a_row_its_end_is_proposed_once(desk):
    desk.patrol(NOON, check("critical"))
    assert sorts(desk.patrol(NOON + HOUR, check("normal"))) == []
    ended = desk.patrol(NOON + 2 * HOUR, check("normal"))
    assert sorts(ended) == [Sort.GONE] and "eduops ticket resolve INC-1" in ended.notes[0].text
    assert desk.problems[0].closed_at == NOON + 2 * HOUR and CLEAR_AFTER == 2
    assert sorts(desk.patrol(NOON + 30 * HOUR, check("normal"))) == []


@pytest.mark.parametrize("between", ["critical", "warning"])
def test_clear_patrols_count_only_in_a_row(desk, between):
    desk.patrol(NOON, check("critical"))
    for hours, state in enumerate(["normal", between, "normal"], start=1):
        desk.patrol(NOON + hours * HOUR, check(state))
    assert desk.problems[0].closed_at is None


def test_what_was_not_looked_at_is_neither_there_nor_gone(desk):
    desk.patrol(NOON, check("critical"))
    for hours, state in enumerate(["normal", None, None], start=1):
        desk.patrol(NOON + hours * HOUR, check(state))
    assert desk.problems[0].closed_at is None and desk.problems[0].clear_count == 1
    desk.patrol(NOON + 4 * HOUR, check("normal"))
    assert desk.problems[0].closed_at is not None


def test_what_is_no_longer_listed_by_a_probe_that_was_made_is_gone(desk):
    desk.patrol(NOON, check("critical"))
    for hours in (1, 2):
        desk.patrol(NOON + hours * HOUR, check("normal", item="/"))
    assert desk.problems[0].closed_at is not None


def test_a_change_of_state_is_told_at_once_and_flapping_is_not(desk):
    desk.patrol(NOON, check("critical"))
    assert sorts(desk.patrol(NOON + HOUR, check("warning"))) == [Sort.CHANGED]
    for minutes in range(65, 240, 5):
        state = "critical" if minutes % 10 else "warning"
        assert desk.patrol(NOON + timedelta(minutes=minutes), check(state)).notes == ()


def closed(desk: Desk) -> None:
    for hours, state in enumerate(["critical", "normal", "normal"]):
        desk.patrol(NOON + hours * HOUR, check(state))


@pytest.mark.parametrize(
    ("hours", "patrols_between", "same"),
    [
        (24, 10, True),
        (25, 10, False),
        (25, 2, True),
        (240, 2, True),
        (240, 3, False),
    ],
)
def test_what_comes_back_soon_is_the_same_problem(desk, hours, patrols_between, same):
    closed(desk)
    desk.settle("INC-1", NOON + 2 * HOUR)
    end = NOON + 2 * HOUR
    for number in range(patrols_between):
        desk.patrol(end + (number + 1) * HOUR, check("normal"))
    back = desk.patrol(end + hours * HOUR, check("critical"))
    assert (not back.openings) is same
    assert desk.problems[0].reopened_count == int(same)
    if same:
        assert sorts(back) == [Sort.SETTLED], "the desk reopens its tickets itself"


def test_a_ticket_that_nobody_settled_takes_its_problem_back_however_late(desk):
    closed(desk)
    back = desk.patrol(NOON + 1000 * HOUR, check("critical"))
    assert back.openings == () and len(desk.tickets) == 1
    assert sorts(back) == [Sort.CHANGED] and "又出现" in back.notes[0].text


def test_a_ticket_settled_while_the_problem_lasts_is_told_once_and_followed_by_no_second(desk):
    desk.patrol(NOON, check("critical"))
    desk.settle("INC-1", NOON + HOUR)
    told = [sorts(desk.patrol(NOON + hours * HOUR, check("critical"))) for hours in range(2, 60)]
    assert [each for each in told if each] == [[Sort.SETTLED]]
    assert len(desk.tickets) == 1
    for hours in range(60, 70):
        assert desk.patrol(NOON + hours * HOUR, check("normal")).notes == ()
    assert len(desk.patrol(NOON + 200 * HOUR, check("critical")).openings) == 1


@pytest.mark.parametrize(("count", "tickets"), [(MOST_TICKETS, MOST_TICKETS), (MOST_TICKETS + 1, 1)])
def test_many_new_problems_of_one_patrol_have_one_ticket_together(desk, count, tickets):
    checks = [each for number in range(count) for each in check("critical", f"/d{number}")]
    made = desk.patrol(NOON, checks)
    assert len(made.openings) == tickets
    assert sorted(key for opening in made.openings for key in opening.keys) == sorted(index_checks(checks))
    fine = [each for number in range(count) for each in check("normal", f"/d{number}")]
    part = desk.patrol(NOON + HOUR, fine[:-1] + check("critical", f"/d{count - 1}"))
    assert Sort.GONE not in sorts(part)
    desk.patrol(NOON + 2 * HOUR, fine)
    ended = desk.patrol(NOON + 3 * HOUR, fine)
    assert sorts(ended).count(Sort.GONE) == 1, "the last of them ends what was not ended before"


@pytest.mark.parametrize(("late", "opened"), [(timedelta(), 1), (HOUR, 0)])
def test_an_old_patrol_opens_nothing(late, opened):
    run = SeenRun(1, "PAT-1", NOON, index_checks(check("critical")))
    assert len(follow("app-1", [], [run], {}, now=NOON + STALE_AFTER + late).openings) == opened


steps = st.lists(
    st.tuples(
        st.sampled_from(
            [timedelta(minutes=5), HOUR, timedelta(hours=23), timedelta(hours=25), timedelta(days=9)]
        ),
        st.lists(st.sampled_from(["critical", "warning", "normal", None, "absent"]), min_size=3, max_size=3),
        st.sampled_from(["", "", "", "settle", "again"]),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(steps=steps)
def test_whatever_patrols_say_no_problem_has_two_open_tickets_and_no_ticket_is_flooded(steps):
    desk, at = Desk(), NOON
    for passed, states, then in steps:
        at += passed
        checks = [
            each for number, state in enumerate(states) if state not in (None, "absent")
            for each in check(state, f"/d{number}")
        ]  # fmt: skip
        desk.patrol(at, checks if checks or None not in states else check(None))
        if then == "again":
            kept = (list(desk.problems), dict(desk.tickets))
            again = desk.follow(at)
            assert (again.openings, again.notes, (list(desk.problems), dict(desk.tickets))) == ((), (), kept)
        if then == "settle":
            for ref, ticket in desk.tickets.items():
                if ticket.settled_at is None:
                    desk.settle(ref, at)
        for key in {problem.key for problem in desk.problems}:
            of_key = [problem for problem in desk.problems if problem.key == key]
            assert sum(problem.closed_at is None for problem in of_key) <= 1
            open_tickets = {p.ticket for p in of_key if desk.tickets[p.ticket].settled_at is None}
            assert len(open_tickets) <= 1
    for ref in desk.tickets:
        for sort in Sort:
            told = [when for when, ticket, each in desk.told if (ticket, each) == (ref, sort)]
            least = TELL_AFTER if sort is Sort.LASTING else timedelta(0) if sort is Sort.SETTLED else 4 * HOUR
            assert all(later - earlier >= least for earlier, later in pairwise(told))
