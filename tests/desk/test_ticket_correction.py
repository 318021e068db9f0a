"""What is put right or written about a ticket keeps what stood there; people and places are invented (虚构)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from eduops.core.errors import InputError, NotAllowed
from eduops.desk import queries
from eduops.desk.service import ticket as service

ZONE = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
"""Thursday 09:00 in Shanghai."""
NOW = NINE + timedelta(hours=40)
WHO = {"now": NOW, "actor": "值班（虚构）", "zone": ZONE}
RECORD = service.NewRecord("连接池耗尽", "王工（虚构）", "扩大连接池", "改配置后重启", "已恢复")


def at(minutes):
    return NINE + timedelta(minutes=minutes)


@pytest.fixture
def session(sqlite_store):
    with sqlite_store.writing() as opened:
        yield opened


@pytest.fixture
def step(session):
    ref = service.open_ticket(
        session, service.NewTicket("incident", "考试页面打不开（虚构）"), at=NINE, **WHO
    ).ref

    def take(name, minutes, **values):
        return service.take_step(session, ref, name, at=at(minutes), values=values, **WHO)

    take.ref = ref
    return take


def fact(session, ref="INC-2026-0001"):
    return queries.get_fact(session, queries.get_ticket(session, ref))


def story(session, ref="INC-2026-0001"):
    return queries.list_events(session, queries.get_ticket(session, ref))


def correct(session, field, value, reason="记错了"):
    return service.correct(session, "INC-2026-0001", field, value, reason=reason, **WHO)


@pytest.mark.parametrize("part", ["cause", "engineer", "solution", "process", "result"])
def test_maintenance_record_has_all_five_parts(session, step, part):
    parts = {name: getattr(RECORD, name) for name in RECORD.__dataclass_fields__} | {part: " "}
    with pytest.raises(InputError, match="没有写"):
        service.record_maintenance(
            session, step.ref, service.NewRecord(**parts), now=NOW, actor="值班（虚构）"
        )


@pytest.mark.parametrize(
    ("field", "value", "before", "after"),
    [
        ("responded_at", "2026-03-05 09:04", "2026-03-05T09:05:00+08:00", "2026-03-05T09:04:00+08:00"),
        ("responded_at", "", "2026-03-05T09:05:00+08:00", None),
        ("title", "登录页打不开（虚构）", "考试页面打不开（虚构）", "登录页打不开（虚构）"),
        ("cause", "软件", "unknown", "software"),
        ("planned", "是", None, True),
        ("plan_deadline", "2026-03-09", None, "2026-03-10T00:00:00+08:00"),
        ("exclusions[1].to", "2026-03-05 09:35", "2026-03-05T09:40:00+08:00", "2026-03-05T09:35:00+08:00"),
        ("exclusions[1].agreed_by", "李老师（虚构）", "张老师（虚构）", "李老师（虚构）"),
        ("assignee", "王工（虚构）", "", "王工（虚构）"),
    ],
)  # fmt: skip
def test_corrected_field_leaves_its_old_value_in_the_story(session, step, field, value, before, after):
    step("respond", 5)
    step("wait", 30, reason="等机房开门", agreed_by="张老师（虚构）")
    step("go_on", 40)
    assert correct(session, field, value) == (before, after)
    assert story(session)[-1].values == {"field": field, "before": before, "after": after, "reason": "记错了"}


@pytest.mark.parametrize(
    ("field", "value", "error", "said"),
    [
        (
            "responded_at",
            "2026-03-05 08:59",
            InputError,
            "响应时间 2026-03-05 08:59 早于报修时间 2026-03-05 09:00",
        ),
        ("responded_at", "昨天", InputError, "不是可识别的时间"),
        ("responded_at", "2030-01-01 00:00", NotAllowed, "还没有到"),
        ("reported_at", "", InputError, "不能为空"),
        ("ref", "X", InputError, "没有可更正的字段"),
        ("exclusions[1].to", "2026-03-05 09:35", InputError, "没有可更正的字段"),
        ("kind", "x", InputError, "不在允许的值里"),
    ],
)
def test_impossible_correction_is_refused(session, step, field, value, error, said):
    step("respond", 5)
    before = fact(session)
    with pytest.raises(error, match=said):
        correct(session, field, value)
    assert fact(session) == before


def test_correction_needs_a_reason(session, step):
    with pytest.raises(NotAllowed, match="要写原因"):
        correct(session, "title", "虚构", reason=" ")
