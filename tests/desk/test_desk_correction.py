"""Data corrections: asked for, approved, carried out, taken back, in this order only; everything is invented (虚构)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from eduops.core.errors import InputError, NotAllowed, NotFound
from eduops.desk import queries
from eduops.desk.service import correction as service

NOW = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
REF = "COR-2026-0001"


def ask(session, **changes):
    said = {
        "target": "成绩表",
        "reason": "断电写坏",
        "statement": "把两条改回",
        "requested_by": "张（虚构）",
        **changes,
    }
    return service.request(
        session, at=NOW, now=NOW + timedelta(hours=5), actor="值班", zone=ZoneInfo("Asia/Shanghai"), **said
    ).ref


def go(session, step, minutes, **changes):
    when = {
        "at": NOW + timedelta(minutes=minutes),
        "now": NOW + timedelta(hours=5),
        "zone": ZoneInfo("Asia/Shanghai"),
    }
    said = {
        "approve": {"approved_by": "李主任（虚构）", "document": "单-1"},
        "apply": {"before": {"score": 0}, "after": {"score": 81}, "undo": "改回 0", "applied_by": "值班"},
        "undo": {"reason": "改错了人", "undone_by": "值班"},
    }[step]
    return getattr(service, step)(session, REF, **{**said, **changes, **when})


def test_whole_way_is_on_record(store):
    with store.writing() as session:
        assert ask(session) == REF
        for minutes, step in ((10, "approve"), (20, "apply"), (30, "undo")):
            go(session, step, minutes)
    with store.reading() as session:
        found = queries.get_correction(session, REF)
    assert (found.reason, found.approved_by, found.before, found.after) == (
        "断电写坏", "李主任（虚构）", {"score": 0}, {"score": 81}
    )  # fmt: skip
    assert (found.undo, found.undo_reason, found.undone_at) == (
        "改回 0",
        "改错了人",
        NOW + timedelta(minutes=30),
    )
    assert service.stand_of(found).state == "undone"


@pytest.mark.parametrize(
    ("done", "step", "minutes", "said"),
    [
        ([], "apply", 10, "待批准，不能执行"),
        ([], "undo", 10, "待批准，不能撤回"),
        (["approve"], "approve", 20, "已批准，不能批准"),
        (["approve"], "undo", 20, "已批准，不能撤回"),
        (["approve", "apply"], "apply", 20, "已执行，不能执行"),
        (["approve", "apply", "undo"], "undo", 20, "已撤回，不能撤回"),
        ([], "approve", -1, r"批准 \S+ \S+ 早于提出"),
        (["approve"], "apply", 9, r"执行 \S+ \S+ 早于批准"),
        ([], "approve", 301, "还没有到"),
    ],
)
def test_step_out_of_order_is_refused(sqlite_store, done, step, minutes, said):
    with sqlite_store.writing() as session:
        ask(session)
        for each in done:
            go(session, each, 10)
        with pytest.raises(NotAllowed, match=said):
            go(session, step, minutes)


@pytest.mark.parametrize("part", ["target", "reason", "statement", "requested_by"])
def test_request_says_everything(sqlite_store, part):
    with sqlite_store.writing() as session, pytest.raises(InputError, match="没有写"):
        ask(session, **{part: " "})


def test_what_changes_nothing_or_cannot_be_undone_is_refused(sqlite_store):
    with sqlite_store.writing() as session:
        ask(session)
        go(session, "approve", 10)
        with pytest.raises(InputError, match="一样"):
            go(session, "apply", 20, before=1, after=1)
        with pytest.raises(InputError, match="撤回的办法"):
            go(session, "apply", 20, undo="")


def test_unknown_correction_and_ticket_are_not_found(sqlite_store):
    with sqlite_store.writing() as session:
        with pytest.raises(NotFound, match="COR-2026-0404"):
            queries.get_correction(session, "COR-2026-0404")
        with pytest.raises(NotFound, match="INC-2026-0404"):
            ask(session, ticket_ref="INC-2026-0404")
