"""Recurring problems and what they cost; everything is invented (虚构)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from eduops.contract.fact import Reopening, TicketFact
from eduops.core.errors import Conflict, InputError, NotFound
from eduops.desk import queries
from eduops.desk.rules.recurring import Problem, analyse, build_table
from eduops.desk.service import recurring as service
from eduops.desk.service import ticket as tickets

NINE = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
NOW = NINE + timedelta(hours=10)
WHO = {"now": NOW, "actor": "值班（虚构）", "zone": ZoneInfo("Asia/Shanghai")}


def after(minutes):
    return NINE + timedelta(minutes=minutes)


def add(session, title="登录缓慢（虚构）"):
    return service.add_problem(session, title=title, cause="没有索引", workaround="错峰登录", **WHO).ref


def opened(session, minutes, department, lasts=None):
    new = tickets.NewTicket("incident", "虚构", department=department)
    ref = tickets.open_ticket(session, new, at=after(minutes), **WHO).ref
    if lasts is not None:
        tickets.take_step(session, ref, "resolve", at=after(minutes + lasts), **WHO)
    return ref


def test_analysis_counts_tickets_departments_and_time(store):
    with store.writing() as session:
        slow, rare = add(session), add(session, "证书空白（虚构）")
        refs = [
            opened(session, 0, "护理部", 30),
            opened(session, 60, "药剂科", 45),
            opened(session, 540, "护理部"),
        ]
        late = opened(session, 120, "信息科", 10)
        service.link(session, slow, refs, now=NOW, actor="值班（虚构）")
        service.link(session, rare, [late], now=NOW, actor="值班（虚构）")
        first, second = service.analyse_period(session, from_at=None, to_at=None, as_of=NOW)
        (only,) = service.analyse_period(session, from_at=after(60), to_at=after(61), as_of=NOW)
        counts = [count for _, count in queries.list_recurring_problems(session)]
    assert (first.ref, first.tickets, first.minutes_lost, first.open_tickets) == (slow, 3, 135.0, 1)
    assert (first.cause, first.solved_at) == ("没有索引", None)
    assert first.departments == ("护理部", "药剂科")
    assert (second.ref, second.tickets, second.minutes_lost) == (rare, 1, 10.0)
    assert (only.tickets, only.refs) == (1, (refs[1],))
    assert counts == [3, 1]


def test_ticket_that_moves_to_another_problem_says_so(store):
    with store.writing() as session:
        first, second, ref = add(session), add(session, "又慢（虚构）"), opened(session, 0, "护理部")
        for problem in (first, first, second):
            service.link(session, problem, [ref], now=NOW, actor="值班（虚构）")
        ticket = queries.get_ticket(session, ref)
        events = [each.values for each in queries.list_events(session, ticket) if each.step == "link"]
        assert queries.find_problem_of(session, ticket).ref == second
    assert events == [{"recurring_problem": first}, {"recurring_problem": second, "before": first}]


def test_reopened_ticket_counts_to_its_last_resolution():
    ticket = TicketFact("A", NINE, resolved_at=after(10), reopened=(Reopening(after(20), after(50)),))
    assert analyse(Problem("P", "虚构", "", ""), [ticket], as_of=NOW).minutes_lost == 50.0


def test_unknown_problem_and_ticket_are_not_found(sqlite_store):
    with sqlite_store.writing() as session:
        problem = add(session)
        with pytest.raises(NotFound, match="PRB-2026-0404"):
            service.link(session, "PRB-2026-0404", [], now=NOW, actor="值班")
        with pytest.raises(NotFound, match="INC-2026-0404"):
            service.link(session, problem, ["INC-2026-0404"], now=NOW, actor="值班")
        with pytest.raises(InputError, match="没有写内容"):
            add(session, " ")


def test_title_stands_once(store):
    with store.writing() as session:
        first, second = add(session), add(session, "证书空白（虚构）")
        with pytest.raises(Conflict, match=f"已登记为 {first}"):
            add(session, " 登录缓慢（虚构） ")
        with pytest.raises(Conflict, match=f"已登记为 {first}"):
            service.change_problem(session, second, {"title": "登录缓慢（虚构）"})
        assert service.change_problem(session, first, {"title": "登录缓慢（虚构）"}) == {}


def test_problem_is_changed_and_what_stood_there_is_given_back(store):
    with store.writing() as session:
        ref = add(session)
        changes = {"cause": " 会话表没有索引 ", "workaround": "错峰登录", "solved_at": NOW}
        assert service.change_problem(session, ref, changes) == {"cause": "没有索引", "solved_at": None}
        with pytest.raises(InputError, match="没有写内容"):
            service.change_problem(session, ref, {"title": " "})
    with store.reading() as session:
        found = queries.get_recurring_problem(session, ref)
    assert (found.cause, found.workaround, found.solved_at) == ("会话表没有索引", "错峰登录", NOW)


def test_ticket_is_taken_out_again_and_says_so(store):
    with store.writing() as session:
        problem, ref = add(session), opened(session, 0, "护理部")
        service.link(session, problem, [ref], now=NOW, actor="值班（虚构）")
        service.unlink(session, problem, [ref], now=NOW, actor="值班（虚构）")
        ticket = queries.get_ticket(session, ref)
        assert queries.find_problem_of(session, ticket) is None
        last = queries.list_events(session, ticket)[-1]
        assert (last.step, last.values) == ("unlink", {"recurring_problem": problem})
        with pytest.raises(Conflict, match="没有归入"):
            service.unlink(session, problem, [ref], now=NOW, actor="值班（虚构）")


def test_analysis_is_printed_with_cause_and_period():
    ticket = TicketFact("A", NINE, department="护理部", resolved_at=after(10))
    found = analyse(Problem("P", "虚构", "没有索引", "错峰", NOW), [ticket], as_of=NOW)
    table = build_table([found], period="2026-01-01 至 2026-03-31", as_of=NOW, zone=ZoneInfo("Asia/Shanghai"))
    assert table.title == "重复问题分析（2026-01-01 至 2026-03-31）"
    (row,) = table.rows
    assert dict(zip([column.name for column in table.columns], row, strict=True)) == {
        "编号": "P", "内容": "虚构", "原因": "没有索引", "工单数": 1, "未解决": 0, "科室": "护理部", "耗时（分）": 10.0,
        "临时办法": "错峰", "根治": "2026-03-05 19:00", "工单": "A",
    }  # fmt: skip
