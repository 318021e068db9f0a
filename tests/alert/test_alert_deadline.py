"""The tick: each warning of each clock at most once, a missed deadline always once, and silence during a wait."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.contract.fact import Exclusion, TicketFact
from eduops.contract.loader import load_contract
from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped
from eduops.workflow import alert_deadline

CONTRACT = load_contract(find_shipped("configs", "contracts", CONTRACT_NAME))
REPORTED_AT = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
"""Thursday 10:00 in Shanghai: on site, so response, resolution and plan run, no arrival."""
MINUTE = timedelta(minutes=1)
Wait = tuple[int, int | None]


def at(minutes: float) -> datetime:
    return REPORTED_AT + minutes * MINUTE


def ticket_as_known(
    minutes: float, *, waits: Sequence[Wait] = (), responded: int | None = None, resolved: int | None = None
) -> TicketFact:
    """The ticket as it was written down by then, every instant in minutes since its report."""
    known = [
        (start, end if end is not None and end <= minutes else None)
        for start, end in waits
        if start <= minutes
    ]
    return TicketFact(
        "INC-2026-0001",
        REPORTED_AT,
        responded_at=at(responded) if responded is not None and responded <= minutes else None,
        resolved_at=at(resolved) if resolved is not None and resolved <= minutes else None,
        exclusions=tuple(Exclusion(at(a), None if b is None else at(b), "等机房", "张老师") for a, b in known),
    )  # fmt: skip


def tick_all(ticks: Sequence[float], **story) -> list[tuple[float, str, str]]:
    """Every warning that ticks at those minutes tell, as (minute, rule, stage)."""
    known: set[str] = set()
    told = []
    for minute in ticks:
        due = alert_deadline.list_due(CONTRACT, [ticket_as_known(minute, **story)], at(minute))
        for each in list(alert_deadline.select_untold(due, known)):
            notice = alert_deadline.build_notice(each, at(minute))
            assert notice.dedup_key not in known and len(notice.dedup_key) <= 200
            known.add(notice.dedup_key)
            told.append((minute, each.clock.rule, each.stage))
    return told


def test_a_tick_a_minute_tells_each_deadline_at_half_ten_minutes_before_and_when_missed() -> None:
    assert tick_all(range(500)) == [
        (15, "response", "half"), (20, "response", "ten"), (30, "resolution", "half"), (31, "response", "missed"),
        (50, "resolution", "ten"), (61, "resolution", "missed"),
        (240, "plan", "half"), (470, "plan", "ten"), (481, "plan", "missed"),
    ]  # fmt: skip


def test_what_is_met_is_not_told_any_more() -> None:
    assert tick_all(range(500), responded=10, resolved=45) == [(30, "resolution", "half")]


def test_a_late_tick_tells_only_the_most_urgent_and_the_truth() -> None:
    assert tick_all([42]) == [(42, "response", "missed"), (42, "resolution", "half")]
    due = alert_deadline.list_due(CONTRACT, [ticket_as_known(42)], at(42))
    facts = alert_deadline.build_notice(due[0], at(42)).facts
    assert (facts["rule"], facts["minutes"], facts["minutes_text"]) == ("response", -12, "12 分钟")
    assert sorted(tick_all([5, 300])) == [
        (300, "plan", "half"), (300, "resolution", "missed"), (300, "response", "missed"),
    ]  # fmt: skip


def test_nothing_is_told_of_a_clock_that_waits_and_its_warnings_come_later_by_the_wait() -> None:
    told = tick_all(range(300), waits=[(12, 112)], responded=5)
    assert [each for each in told if each[1] == "resolution"] == [
        (130, "resolution", "half"), (150, "resolution", "ten"), (161, "resolution", "missed"),
    ]  # fmt: skip


def test_a_wait_after_the_deadline_does_not_hide_that_it_was_missed() -> None:
    assert (35, "response", "missed") in tick_all([5, 35], waits=[(32, None)])


def test_a_wait_repeats_no_warning() -> None:
    told = tick_all(range(0, 400), responded=5, waits=[(35, 100), (120, 160)])
    assert Counter(stage for _, rule, stage in told if rule == "resolution") == {
        "half": 1,
        "ten": 1,
        "missed": 1,
    }


def test_a_clock_that_is_set_back_repeats_nothing_and_loses_nothing() -> None:
    assert tick_all([42, 16, 22, 42, 44]) == [(42, "response", "missed"), (42, "resolution", "half")]
    forth_and_back = [16, 100_000, 17, *range(18, 500)]
    assert Counter(each[1:] for each in tick_all(forth_and_back)) == {
        ("response", "half"): 1, ("response", "missed"): 1, ("resolution", "missed"): 1, ("plan", "missed"): 1,
    }  # fmt: skip


def test_a_deadline_moved_by_a_wait_that_was_written_down_late_and_missed_again_is_told_again() -> None:
    known: set[str] = set()
    told = []
    for minute, waits in ((40, []), (41, [(10, 30)]), (60, [(10, 30)])):
        due = alert_deadline.list_due(CONTRACT, [ticket_as_known(minute, waits=waits)], at(minute))
        for each in list(alert_deadline.select_untold(due, known)):
            known.add(each.keys[each.stage])
            if each.clock.rule == "response":
                told.append((minute, each.stage))
    assert told == [(40, "missed"), (41, "ten"), (60, "missed")]


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[float], dict[str, object]]:
    """Ticks at any minutes, forwards and backwards, over a ticket with waits, a response and an end or none."""
    edges = sorted(draw(st.lists(st.integers(1, 600), max_size=4, unique=True)))
    waits = [(start, edges[place + 1] if place + 1 < len(edges) else None)
             for place, start in enumerate(edges) if place % 2 == 0]  # fmt: skip
    story = {
        "waits": waits,
        "responded": draw(st.none() | st.integers(0, 700)),
        "resolved": draw(st.none() | st.integers(0, 900)),
    }
    ticks = draw(st.lists(st.integers(0, 1000).map(float), min_size=1, max_size=20))
    return (sorted(ticks) if draw(st.booleans()) else ticks), story


@given(stories())
@settings(deadline=None, max_examples=60)
def test_whatever_the_ticks_each_warning_comes_at_most_once_and_a_missed_deadline_always(made) -> None:
    ticks, story = made
    told = tick_all(ticks, **story)
    counted = Counter(each[1:] for each in told)
    if ticks == sorted(ticks):
        assert set(counted.values()) <= {1}
    assert all(count == 1 for (_, stage), count in counted.items() if stage != "missed")
    for minute in ticks:
        fact = ticket_as_known(minute, **story)  # type: ignore[arg-type]
        for due in alert_deadline.list_due(CONTRACT, [fact], at(minute)):
            if due.stage == "missed":
                assert counted[(due.clock.rule, "missed")] >= 1
    for minute, rule, stage in told:
        assert stage == "missed" or not _waits(minute, rule, story)


def _waits(minute: float, rule: str, story: dict[str, object]) -> bool:
    """Whether the clock of a rule stood still at a minute; a plan's never does."""
    waits: list[Wait] = story["waits"]  # type: ignore[assignment]
    return rule != "plan" and any(start <= minute and (end is None or minute < end) for start, end in waits)


@given(st.lists(st.integers(0, 600).map(float), min_size=1, max_size=20).map(sorted))
@settings(deadline=None, max_examples=60)
def test_without_waits_the_warnings_are_those_of_a_plain_look_at_each_tick(ticks: list[float]) -> None:
    """The slow and obvious way: for each limit, the highest stage reached, told when it is higher than before."""
    wanted = []
    for rule, limit in (("response", 30), ("resolution", 60), ("plan", 480)):
        highest = 0
        for minute in ticks:
            left = limit - minute
            reached = 3 if left < 0 else 2 if left <= 10 else 1 if left <= limit / 2 else 0
            if reached > highest:
                wanted.append((minute, rule, ("", "half", "ten", "missed")[reached]))
                highest = reached
    assert sorted(tick_all(ticks)) == sorted(wanted)


@pytest.mark.parametrize(("seconds", "text"), [(59, "不到 1 分钟"), (60, "1 分钟"), (3600 + 59, "1 小时")])
def test_minutes_are_never_more_than_there_are(seconds: int, text: str) -> None:
    assert alert_deadline.render_minutes(timedelta(seconds=seconds)) == text
