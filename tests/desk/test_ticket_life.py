"""A ticket from its report to its last closing, on both databases; people and places are invented (虚构)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from eduops.contract.fact import Plan, Reopening
from eduops.core.errors import NotAllowed
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
def session(store):
    with store.writing() as opened:
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


def test_whole_life_leaves_its_story_in_order(session, step):
    step("assign", 1, assignee="王工（虚构）")
    step("respond", 5)
    step("escalate", 10, escalated_to="二线李工（虚构）", reason="要改代码")
    step("arrive", 20)
    step("wait", 30, reason="等机房开门", agreed_by="张老师（虚构）")
    step("go_on", 40)
    step("resolve", 50, cause="software", solution="重启")
    ticket = step("confirm", 55, confirmed_by="张老师（虚构）", confirmed_how="电话")
    service.record_maintenance(session, step.ref, RECORD, now=NOW, actor="值班（虚构）")
    step("close", 60)
    assert [each.step for each in story(session)] == [
        *(
            "open",
            "assign",
            "respond",
            "escalate",
            "arrive",
            "wait",
            "go_on",
            "resolve",
            "confirm",
            "close",
            "record",
        )
    ]
    assert (ticket.assignee, ticket.escalated_to) == ("王工（虚构）", "二线李工（虚构）")
    assert (ticket.confirmed_by, ticket.confirmed_how, ticket.confirmed_at) == (
        "张老师（虚构）",
        "电话",
        at(55),
    )
    assert service.state_of(session, ticket, zone=ZONE) == "closed"


def test_reopened_ticket_keeps_its_first_resolution(session, step):
    step("resolve", 50)
    step("confirm", 51, confirmed_by="张老师（虚构）", confirmed_how="签字")
    ticket = step("reopen", 60, reason="又打不开了")
    assert (ticket.confirmed_by, ticket.confirmed_at) == ("", None)
    assert service.state_of(session, ticket, zone=ZONE) == "open"
    assert [each.ref for each in queries.list_tickets(session, open_only=True)] == [step.ref]
    step("respond", 65)
    step("resolve", 70)
    step("reopen", 80, reason="第三次")
    found = fact(session)
    assert found.resolved_at == at(50)
    assert found.reopened == (Reopening(at(60), at(70)), Reopening(at(80), None))
    assert story(session)[-2].values == {"reason": "第三次"} or story(session)[-1].values == {
        "reason": "第三次"
    }
    kept = next(each for each in story(session) if each.step == "reopen").values["before"]
    assert kept["confirmed_by"] == "张老师（虚构）"


def test_closed_ticket_that_is_reopened_is_open_and_its_closing_is_kept(session, step):
    step("resolve", 50)
    service.record_maintenance(session, step.ref, RECORD, now=NOW, actor="值班（虚构）")
    step("close", 55)
    step("reopen", 60, reason="又打不开了")
    assert fact(session).closed_at is None
    assert story(session)[-2].values["before"] == {"closed_at": at(55).isoformat()}
    step("resolve", 70)
    step("close", 75)
    assert fact(session).closed_at == at(75)


@pytest.mark.parametrize(
    ("steps", "refused", "minutes", "values", "said"),
    [
        ([], "reopen", 10, {"reason": "x"}, "还没有解决，不能重开"),
        ([], "confirm", 10, {"confirmed_by": "x", "confirmed_how": "x"}, "还没有解决，不能确认"),
        ([("resolve", 50)], "reopen", 49, {"reason": "x"}, "时刻早于解决"),
        ([("resolve", 50)], "confirm", 49, {"confirmed_by": "x", "confirmed_how": "x"}, "时刻早于解决"),
        ([("resolve", 50)], "reopen", 50, {"reason": " "}, "没有写为什么重开"),
        ([], "assign", 1, {"assignee": ""}, "没有写指派给谁"),
        ([], "escalate", 1, {"escalated_to": "李"}, "没有写为什么升级"),
        ([], "approve_plan", 10, {"department": "x"}, "还没有提交方案"),
        ([("plan", 10)], "plan", 20, {}, "方案已经登记过"),
        (
            [("plan", 10)],
            "approve_plan",
            9,
            {"department": "x"},
            "科室审批时间 2026-03-05 09:09 早于方案提交时间",
        ),
        (
            [],
            "plan",
            10,
            {"deadline": at(9)},
            "方案约定期限 2026-03-05 09:09 早于方案提交时间 2026-03-05 09:10",
        ),
        ([], "outage", 10, {"outage_end": at(-5)}, "停机结束 2026-03-05 08:55 早于停机开始 2026-03-05 09:00"),
        ([], "outage", 10, {"outage_end": NOW + timedelta(minutes=1)}, "还没有到"),
        ([], "plan_window", 10, {"planned_from": at(9), "planned_to": at(8)}, "停机结束"),
    ],
)
def test_impossible_step_is_refused_in_words(sqlite_store, steps, refused, minutes, values, said):
    with sqlite_store.writing() as session:
        ref = service.open_ticket(session, service.NewTicket("incident", "虚构"), at=NINE, **WHO).ref
        for name, when in steps:
            service.take_step(session, ref, name, at=at(when), **WHO)
        before = fact(session)
        with pytest.raises(NotAllowed, match=said):
            service.take_step(session, ref, refused, at=at(minutes), values=values, **WHO)
        assert fact(session) == before


def test_plan_with_both_approvals_is_kept_with_names(session, step):
    step("plan", 300, deadline=at(2160))
    step("approve_plan", 420, department="赵主任（虚构）")
    ticket = step("approve_plan", 600, management="钱主任（虚构）")
    assert fact(session).plan == Plan(at(300), at(420), at(600), at(2160))
    assert ticket.plan_department_approved_by == "赵主任（虚构）"
    assert ticket.plan_management_approved_by == "钱主任（虚构）"
    with pytest.raises(NotAllowed, match="管理部门的批准已经登记过"):
        step("approve_plan", 700, management="孙主任（虚构）")


def test_request_has_no_written_plan(sqlite_store):
    with sqlite_store.writing() as session:
        ref = service.open_ticket(session, service.NewTicket("request", "虚构"), at=NINE, **WHO).ref
        with pytest.raises(NotAllowed, match="书面方案只用于故障"):
            service.take_step(session, ref, "plan", at=at(10), values={"deadline": at(20)}, **WHO)


def test_approvals_cause_and_outage_may_be_entered_after_the_closing(session, step):
    step("plan", 300, deadline=at(600))
    step("resolve", 500)
    service.record_maintenance(session, step.ref, RECORD, now=NOW, actor="值班（虚构）")
    step("close", 510)
    step("approve_plan", 520, department="赵（虚构）", management="钱（虚构）")
    step("cause", 530, cause="software")
    step("impact", 530, impact="system")
    step("agree_remote", 530, remote_agreed_by="张老师（虚构）")
    step("outage", 540, outage_start=at(5), outage_end=at(490))
    found = fact(session)
    assert (found.cause, found.impact, found.remote_agreed_by) == ("software", "system", "张老师（虚构）")
    assert (found.outage_start, found.outage_end) == (at(5), at(490))
    changed = next(each for each in story(session) if each.step == "impact")
    assert changed.values["before"] == {"impact": "limited"}


def test_planned_work_may_lie_in_the_future(session, step):
    ahead = NOW + timedelta(days=2)
    step(
        "plan_window",
        10,
        planned_from=ahead,
        planned_to=ahead + timedelta(hours=1),
        planned_approved_by="李（虚构）",
    )
    found = fact(session)
    assert found.planned
    assert (found.planned_from, found.planned_approved_by) == (ahead, "李（虚构）")


@pytest.mark.parametrize(("kind", "planned"), [("incident", False), ("incident", True), ("request", True)])
def test_incident_and_planned_work_close_only_with_a_maintenance_record(sqlite_store, kind, planned):
    with sqlite_store.writing() as session:
        ref = service.open_ticket(session, service.NewTicket(kind, "虚构"), at=NINE, **WHO).ref
        if planned:
            service.take_step(session, ref, "plan_window", at=at(1), values={"planned_from": at(5)}, **WHO)
        service.take_step(session, ref, "resolve", at=at(50), **WHO)
        with pytest.raises(NotAllowed, match="还没有维护记录") as refused:
            service.take_step(session, ref, "close", at=at(60), **WHO)
        assert f"ticket record {ref}" in refused.value.hint
        service.record_maintenance(session, ref, RECORD, now=NOW, actor="值班（虚构）")
        service.take_step(session, ref, "close", at=at(60), **WHO)


@pytest.mark.parametrize("kind", ["request", "consult"])
def test_requests_and_consults_close_without_a_record(sqlite_store, kind):
    with sqlite_store.writing() as session:
        ref = service.open_ticket(session, service.NewTicket(kind, "虚构"), at=NINE, **WHO).ref
        service.take_step(session, ref, "resolve", at=at(50), **WHO)
        assert service.take_step(session, ref, "close", at=at(60), **WHO).closed_at == at(60)


def test_rewritten_record_keeps_what_stood_there(session, step):
    service.record_maintenance(session, step.ref, RECORD, now=NOW, actor="值班（虚构）")
    new = service.NewRecord("磁盘写满", "王工（虚构）", "清理", "删日志", "已恢复")
    service.record_maintenance(session, step.ref, new, now=NOW, actor="值班（虚构）")
    ticket = queries.get_ticket(session, step.ref)
    assert queries.find_record(session, ticket).cause == "磁盘写满"
    assert story(session)[-1].values["before"]["cause"] == "连接池耗尽"


def test_finished_consult_is_entered_and_closed_at_once(session):
    new = service.NewTicket("consult", "怎样导入题库（虚构）", department="教务科（虚构）", channel="phone")
    ticket = service.log_consult(
        session, new, for_=timedelta(minutes=5), answer="看手册第三章", at=at(10), **WHO
    )
    found = fact(session, ticket.ref)
    assert (found.reported_at, found.responded_at) == (at(10), at(10))
    assert (found.resolved_at, found.closed_at) == (at(15), at(15))
    assert ticket.solution == "看手册第三章"
    with pytest.raises(NotAllowed, match="还没有结束"):
        service.log_consult(session, new, for_=timedelta(minutes=5), answer="", at=NOW, **WHO)
