"""Which step may follow which: every impossible order is refused with the ticket, the local time and what to do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from eduops.core.errors import NotAllowed
from eduops.desk.rules.step import Life, check_step
from eduops.desk.rules.word import STATES

ZONE = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
"""Thursday 09:00 in Shanghai."""


def at(minutes):
    return NINE + timedelta(minutes=minutes)


def life(**minutes):
    """A ticket reported at 09:00, its instants in minutes after that."""
    names = ("responded_at", "arrived_at", "resolved_at", "closed_at", "waiting_since")
    assert minutes.keys() <= set(names)
    instants = {name: at(minutes[name]) if name in minutes else None for name in names}
    return Life("INC-2026-0001", ZONE, NINE, **instants)


@pytest.mark.parametrize(
    ("before", "step", "minutes"),
    [
        (life(), "respond", 0),
        (life(), "arrive", 0),
        (life(), "resolve", 0),
        (life(), "wait", 0),
        (life(arrived_at=20), "respond", 10),
        (life(arrived_at=20), "respond", 30),
        (life(responded_at=20), "arrive", 10),
        (life(responded_at=20, arrived_at=30), "resolve", 30),
        (life(resolved_at=60), "respond", 60),
        (life(resolved_at=60), "arrive", 59),
        (life(resolved_at=60), "wait", 30),
        (life(resolved_at=60, waiting_since=30), "go_on", 60),
        (life(resolved_at=60), "close", 60),
        (life(waiting_since=10), "go_on", 10),
        (life(waiting_since=10), "resolve", 10),
        (life(waiting_since=10), "respond", 5),
    ],
)
def test_possible_step_is_taken(before, step, minutes):
    check_step(before, step, at=at(minutes), now=at(600))


@pytest.mark.parametrize(
    ("before", "step", "minutes", "said", "hint"),
    [
        (life(), "respond", -1, "时刻早于报修时刻 2026-03-05 09:00", "--at"),
        (life(), "respond", 601, "时刻还没有到，不能预先登记", "--at"),
        (
            life(responded_at=10),
            "respond",
            20,
            "这一步已在 2026-03-05 09:10 登记过",
            "ticket show INC-2026-0001",
        ),
        (life(arrived_at=10), "arrive", 20, "这一步已在 2026-03-05 09:10 登记过", "ticket show"),
        (life(resolved_at=60), "resolve", 30, "这一步已在 2026-03-05 10:00 登记过", "ticket show"),
        (life(resolved_at=60), "respond", 61, "已于 2026-03-05 10:00 解决", "ticket show"),
        (life(resolved_at=60), "arrive", 61, "已于 2026-03-05 10:00 解决", "ticket show"),
        (life(resolved_at=60), "wait", 61, "已于 2026-03-05 10:00 解决", "ticket show"),
        (life(resolved_at=60, waiting_since=30), "go_on", 61, "已于 2026-03-05 10:00 解决", "ticket show"),
        (life(arrived_at=30), "resolve", 29, "解决早于到场 2026-03-05 09:30", "--at"),
        (life(responded_at=30), "resolve", 29, "解决早于响应 2026-03-05 09:30", "--at"),
        (life(), "close", 10, "还没有解决，不能关闭", "ticket resolve INC-2026-0001"),
        (life(resolved_at=60), "close", 59, "关闭早于解决 2026-03-05 10:00", "--at"),
        (
            life(waiting_since=10),
            "wait",
            20,
            "自 2026-03-05 09:10 起已在等待甲方",
            "ticket go-on INC-2026-0001",
        ),
        (life(), "go_on", 10, "没有在等待甲方", "ticket show"),
        (life(waiting_since=10), "go_on", 9, "时刻早于开始等待甲方的 2026-03-05 09:10", "--at"),
        (life(waiting_since=10), "resolve", 9, "时刻早于开始等待甲方的 2026-03-05 09:10", "--at"),
    ],
)
def test_impossible_step_is_refused_with_ticket_time_and_hint(before, step, minutes, said, hint):
    with pytest.raises(NotAllowed) as refused:
        check_step(before, step, at=at(minutes), now=at(600))
    assert refused.value.message == f"工单 INC-2026-0001：{said}"
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    "step", ["assign", "escalate", "respond", "arrive", "resolve", "wait", "go_on", "close"]
)
def test_closed_ticket_takes_no_step(step):
    with pytest.raises(NotAllowed, match="已于 2026-03-05 11:00 关闭"):
        check_step(life(resolved_at=60, closed_at=120), step, at=at(60), now=at(600))


def test_step_at_this_very_instant_is_not_in_the_future():
    check_step(life(), "respond", at=at(10), now=at(10))
    with pytest.raises(NotAllowed, match="还没有到"):
        check_step(life(), "respond", at=at(10) + timedelta(microseconds=1), now=at(10))


@pytest.mark.parametrize(
    ("before", "state"),
    [
        (life(), "open"),
        (life(responded_at=1), "responded"),
        (life(arrived_at=1), "responded"),
        (life(waiting_since=1), "waiting"),
        (life(responded_at=1, waiting_since=2), "waiting"),
        (life(resolved_at=3, waiting_since=2), "resolved"),
        (life(resolved_at=3, closed_at=4), "closed"),
    ],
)
def test_state_follows_from_the_instants(before, state):
    assert before.state == state
    assert state in STATES
