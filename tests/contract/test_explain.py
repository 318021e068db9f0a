"""A ticket explained: every piece of every clock, the day, the stoppage, the findings (all 虚构)."""

import json
from dataclasses import asdict
from datetime import timedelta
from itertools import pairwise

import pytest
from contract_case import (
    FAR,
    OFF_SITE,
    SHANGHAI,
    after,
    at,
    incident,
    stoppage,
    waiting,
    with_policy,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.contract.engine import deadlines
from eduops.contract.explain import explain_ticket
from eduops.contract.explain_text import render_explanation
from eduops.contract.explanation import TicketExplanation
from eduops.contract.fact import Plan, Reopening, TicketFact
from eduops.contract.schema import Contract, DayChange, Swap, WorkingDayChanges


def _lines(explanation: TicketExplanation) -> str:
    return "\n".join(render_explanation(explanation, SHANGHAI))


def test_merged_waits_and_one_after_the_deadline_are_told_apart(contract: Contract) -> None:
    waits = (waiting(OFF_SITE, 60, 100), waiting(OFF_SITE, 90, 120), waiting(OFF_SITE, 500, 520))
    ticket = incident(resolved_at=250, exclusions=waits)
    explanation = explain_ticket(contract, ticket, as_of=at(FAR))
    clock = next(each for each in explanation.clocks if (each.clause, each.rule) == ("2.3", "resolution"))
    assert [(each.kind, each.minutes, each.added_minutes) for each in clock.segments] == [
        ("running", 60.0, 0.0),
        ("stopped", 60.0, 60.0),
        ("running", 120.0, 0.0),
        ("too_late", 20.0, 0.0),
    ]
    assert (clock.limit_minutes, clock.elapsed_minutes, clock.counted_minutes) == (180.0, 250.0, 190.0)
    said = _lines(explanation)
    assert "等待甲方：等待甲方提供接口（虚构）（虚构·周老师同意）：停表，顺延 1 小时" in said
    assert "开始时已过期限，不顺延" in said
    assert "用时 250 − 60 = 190 分钟，限 180 分钟，迟 10 分钟" in said
    assert "认定：INC-0001 应于 2026-03-03 00:00 前排除故障" in said


@given(
    waits=st.lists(st.tuples(st.integers(-60, 400), st.integers(0, 300)), max_size=4),
    turns=st.lists(st.integers(1, 600), max_size=4),
    as_of=st.integers(0, 700),
    open_time=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_the_pieces_of_a_clock_add_up_to_its_limit_and_its_deadline(
    contract: Contract, waits: list[tuple[int, int]], turns: list[int], as_of: int, open_time: bool
) -> None:
    turns = sorted(turns)
    instants = [after(OFF_SITE, turn) for turn in turns]
    ticket = incident(
        resolved_at=instants[0] if instants else None,
        reopened=tuple(
            Reopening(instants[index], instants[index + 1] if index + 1 < len(instants) else None)
            for index in range(1, len(instants), 2)
        ),
        exclusions=tuple(waiting(OFF_SITE, start, start + length) for start, length in waits),
    )
    judged = with_policy(contract, reopened="open_time" if open_time else "last_resolution")
    explanation = explain_ticket(judged, ticket, as_of=after(OFF_SITE, as_of))
    clocks = deadlines(judged, ticket, after(OFF_SITE, as_of))
    assert [(each.due_at, each.clause, each.rule) for each in explanation.clocks] == [
        (each.due_at, each.clause, each.rule) for each in clocks
    ]
    for clock in explanation.clocks:
        assert clock.elapsed_minutes - clock.excluded_minutes == pytest.approx(clock.counted_minutes)
        assert clock.counted_minutes >= 0
        if clock.is_missed:
            assert clock.excluded_minutes == pytest.approx(clock.added_minutes)
            assert clock.counted_minutes > clock.limit_minutes
        ran = [each for each in clock.segments if each.kind == "running"]
        assert sum(each.minutes for each in ran) == pytest.approx(clock.limit_minutes)
        assert sum(each.added_minutes for each in clock.segments) == pytest.approx(clock.added_minutes)
        pieces = [each for each in clock.segments if each.kind != "too_late"]
        for earlier, later in pairwise(pieces):
            assert earlier.to_at == later.from_at
        assert pieces[0].from_at == clock.started_at and pieces[-1].to_at == clock.due_at


def test_time_that_it_stood_resolved_is_a_piece_under_its_setting(contract: Contract) -> None:
    ticket = incident(resolved_at=100, reopened=(Reopening(after(OFF_SITE, 150)),))
    as_of = after(OFF_SITE, 200)
    said = _lines(explain_ticket(with_policy(contract, reopened="open_time"), ticket, as_of=as_of))
    assert "2026-03-02 21:40 至 2026-03-02 22:30 已解决，到重开为止：停表，顺延 50 分钟" in said
    assert "还剩 30 分钟" in said
    assert "到重开为止" not in _lines(explain_ticket(contract, ticket, as_of=as_of))


def test_an_agreed_deadline_is_told_as_such(contract: Contract) -> None:
    plan = Plan(after(OFF_SITE, 300), after(OFF_SITE, 400), after(OFF_SITE, 410), after(OFF_SITE, 2000))
    explanation = explain_ticket(contract, incident(resolved_at=1900, plan=plan), as_of=at(FAR), others=())
    clock = next(each for each in explanation.clocks if each.rule == "resolution")
    assert (clock.is_agreed_deadline, clock.due_at, clock.is_missed) == (True, after(OFF_SITE, 2000), False)
    said = _lines(explanation)
    for part in (
        "书面方案 2026-03-03 01:00 提交，使用科室 2026-03-03 02:40 批准，管理部门 2026-03-03 02:50 批准："
        "自 2026-03-03 02:50 起，解决只看方案约定的期限 2026-03-04 05:20。",
        "排除故障（合同第 2.3 条，以书面方案约定的期限为准）",
        "用时 1900 分钟，按时",
        "排除故障（合同第 5.1(4) 条）不计时：解决只看方案约定的期限 2026-03-04 05:20。",
    ):
        assert part in said
    assert explanation.plan is not None and explanation.plan.moves_limit


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ((481, 490, 491, 2000), "提交已晚"),
        ((300, None, 410, 2000), "没有使用科室的批准"),
        ((300, 400, None, None), "没有管理部门的批准、没有约定期限"),
    ],
)
def test_a_plan_that_moves_nothing_says_why(
    contract: Contract, plan: tuple[int | None, ...], why: str
) -> None:
    instants = (None if minutes is None else after(OFF_SITE, minutes) for minutes in plan)
    explanation = explain_ticket(contract, incident(plan=Plan(*instants)), as_of=at(FAR))
    assert f"，{why}：解决时限不变。" in _lines(explanation)
    assert explanation.plan is not None and not explanation.plan.moves_limit
    early = explain_ticket(contract, incident(plan=Plan(after(OFF_SITE, 300))), as_of=after(OFF_SITE, 299))
    assert early.plan is None


@pytest.mark.parametrize(
    ("ticket", "said"),
    [
        (
            incident(arrived_at=None, remote_agreed_by="虚构·周老师"),
            "到达现场（合同第 2.3 条）不计时：虚构·周老师同意远程处理，不要求到场。",
        ),
        (
            incident(arrived_at=None, resolved_at=119),
            "到达现场（合同第 2.3 条）不计时：已于 2026-03-02 21:59 解决，到期限 2026-03-02 22:00 时不再要求。",
        ),
        (
            incident(resolved_at=479),
            "提交书面方案（合同第 2.3 条）不计时：已于 2026-03-03 03:59 解决，到期限 2026-03-03 04:00 时不再要求。",
        ),
        (incident("2026-03-05 09:00"), "到达现场（合同第 2.3 条）不计时：只用于现场服务时间以外的报修。"),
        (incident("2026-03-05 09:00"), "排除故障（合同第 5.1(4) 条）不计时：只用于现场服务时间以外的报修。"),
        (
            incident(kind="consult"),
            "到达现场（合同第 2.3 条）、排除故障（合同第 2.3 条）、排除故障（合同第 5.1(4) 条）、"
            "提交书面方案（合同第 2.3 条）：只对故障计时。",
        ),
        (
            incident(planned=True, planned_approved_by="虚构·周老师"),
            "这是甲方批准的计划内工作（虚构·周老师），不受响应、到场、解决时限约束，不作认定。",
        ),
    ],
)
def test_a_limit_that_does_not_run_says_why(contract: Contract, ticket: TicketFact, said: str) -> None:
    assert said in _lines(explain_ticket(contract, ticket, as_of=at(FAR))).splitlines()


@given(
    arrived=st.sampled_from([None, 20, 130]),
    resolved=st.sampled_from([None, 50, 119, 120, 121, 479, 480, 481]),
    remote=st.sampled_from(["", "虚构·周老师"]),
    kind=st.sampled_from(["incident", "request", "consult"]),
    reported=st.sampled_from([OFF_SITE, "2026-03-05 09:00"]),
    planned=st.booleans(),
    as_of=st.integers(0, 700),
)
def test_every_limit_of_the_contract_runs_or_says_why_it_does_not(
    contract: Contract, arrived: int | None, resolved: int | None, remote: str, kind: str, reported: str,
    planned: bool, as_of: int,
) -> None:  # fmt: skip
    plan = Plan(*(after(reported, minutes) for minutes in (100, 200, 201, 900))) if planned else None
    ticket = incident(
        reported, arrived_at=arrived, resolved_at=resolved, remote_agreed_by=remote, kind=kind, plan=plan
    )
    told = explain_ticket(contract, ticket, as_of=after(reported, as_of))
    named = [(each.clause, each.rule) for each in (*told.clocks, *told.absences)]
    assert sorted(named) == [
        ("2.3", "arrival"), ("2.3", "plan"), ("2.3", "resolution"), ("2.3", "response"), ("5.1(4)", "resolution")
    ]  # fmt: skip


def test_reopenings_are_told_with_the_resolution_that_stands(contract: Contract) -> None:
    again = (Reopening(after(OFF_SITE, 60), after(OFF_SITE, 90)), Reopening(after(OFF_SITE, 120)))
    ticket = incident(resolved_at=30, reopened=again)
    said = _lines(explain_ticket(contract, ticket, as_of=after(OFF_SITE, 100)))
    assert (
        "第一次解决 2026-03-02 20:30；第 1 次重开 2026-03-02 21:00，2026-03-02 21:30 再次解决："
        "以 2026-03-02 21:30 的解决为准。" in said
    )
    said = _lines(explain_ticket(contract, ticket, as_of=after(OFF_SITE, 130)))
    assert "；第 2 次重开 2026-03-02 22:00，此后没有再解决：算没有解决。" in said
    assert "重开" not in _lines(explain_ticket(contract, ticket, as_of=after(OFF_SITE, 59)))


def test_a_wait_after_the_limit_was_met_takes_nothing_off(contract: Contract) -> None:
    ticket = incident(resolved_at=90, exclusions=(waiting(OFF_SITE, 20, 100),))
    clocks = {each.rule: each for each in explain_ticket(contract, ticket, as_of=at(FAR)).clocks}
    found = clocks["response"]
    assert (found.added_minutes, found.excluded_minutes, found.counted_minutes) == (80.0, 0.0, 10.0)
    # Resolved while it waited: what had passed of the wait is taken off.
    found = clocks["resolution"]
    assert (found.added_minutes, found.excluded_minutes, found.counted_minutes) == (80.0, 70.0, 20.0)


def test_an_open_clock_shows_the_same_arithmetic(contract: Contract) -> None:
    ticket = incident(exclusions=(waiting(OFF_SITE, 60, 120),))
    said = _lines(explain_ticket(contract, ticket, as_of=after(OFF_SITE, 230)))
    assert "尚未排除故障，还剩 10 分钟，已用 230 − 60 = 170 分钟，限 180 分钟。" in said


@pytest.mark.parametrize(
    ("as_of", "words"),
    [(29, "还剩 1 分钟"), (30, "正好到期"), (31, "截至 2026-03-02 20:31 仍未响应，已超 1 分钟")],
)
def test_an_open_clock_says_what_is_left(contract: Contract, as_of: int, words: str) -> None:
    ticket = incident(responded_at=None, arrived_at=None)
    assert words in _lines(explain_ticket(contract, ticket, as_of=after(OFF_SITE, as_of)))


@pytest.mark.parametrize(
    ("reported", "words"),
    [
        ("2026-03-05 11:50", ("星期四，工作日。", "08:00–12:00、14:00–17:30；报修时刻按现场时限计")),
        ("2026-03-05 13:00", ("14:00–17:30；报修时刻按非现场时限计",)),
        ("2026-10-10 09:00", ("星期六，工作日（调休上班）", "当天没有现场服务时间")),
        ("2026-10-01 09:00", ("星期四，非工作日（法定节假日或调休）",)),
        ("2026-03-04 09:00", ("非工作日（单日改动：甲方通知（虚构））",)),
        ("2026-03-10 09:00", ("当天没有现场服务时间（已调到 2026-03-11：甲方通知（虚构））",)),
        ("2026-03-11 09:00", ("（由 2026-03-10 调来：甲方通知（虚构））；报修时刻按现场时限计",)),
    ],
)
def test_the_day_of_the_report_is_explained(
    contract: Contract, reported: str, words: tuple[str, ...]
) -> None:
    window = contract.on_site_window.model_copy(
        update={"swaps": (Swap(off="2026-03-10", on="2026-03-11", source="甲方通知（虚构）"),)}
    )
    changes = WorkingDayChanges(remove=(DayChange(on="2026-03-04", source="甲方通知（虚构）"),))
    changed = contract.model_copy(update={"on_site_window": window, "working_days": changes})
    said = _lines(explain_ticket(changed, incident(reported), as_of=after(reported, 1)))
    for part in words:
        assert part in said


def test_a_year_without_a_schedule_is_told(contract: Contract) -> None:
    longer = contract.model_copy(update={"term": contract.term.model_copy(update={"years": 3})})
    said = _lines(explain_ticket(longer, incident("2027-03-02 09:00"), as_of=at("2027-03-02 09:10")))
    assert "放假安排尚未公布" in said and "按现场时限计，暂定。" in said


def test_a_stoppage_tells_its_windows_and_whom_it_joined(contract: Contract) -> None:
    own = stoppage("2026-03-02 20:00", "2026-03-03 00:10", "A")
    window = incident(
        "2026-03-02 19:00", "W", impact="system", planned=True, planned_approved_by="虚构·周老师",
        planned_from="2026-03-02 20:00", planned_to="2026-03-02 20:30",
    )  # fmt: skip
    other = stoppage("2026-03-03 00:00", "2026-03-03 00:20", "B")
    explanation = explain_ticket(contract, own, as_of=at(FAR), others=(window, other, own))
    told = explanation.stoppage
    assert told is not None
    assert (told.minutes, told.cut_minutes, told.event, told.joined_with, told.event_minutes) == (
        250.0,
        30.0,
        "A",
        ("B",),
        230.0,
    )
    assert [(each.clause, each.rule) for each in explanation.findings if each.clause == "2.5"] == [
        ("2.5", "recovery"),
        ("2.5", "month_minutes"),
    ]
    joined = explain_ticket(contract, other, as_of=at(FAR), others=(window, own))
    assert joined.stoppage is not None and joined.stoppage.event == "A"
    lines = _lines(joined).splitlines()
    assert (
        "　　A：2026-03-02 20:00 至 2026-03-03 00:10，扣除计划窗口 2026-03-02 20:00 至 2026-03-02 20:30，余 220 分钟"
        in lines
    )
    assert "　　B：2026-03-03 00:00 至 2026-03-03 00:20，余 20 分钟" in lines
    assert "与 A 重叠或相接，合为一次，记为 A，共 230 分钟" in _lines(joined)
    assert ("2.5", "recovery", "A") in [(each.clause, each.rule, each.subject) for each in joined.findings]
    approved = _lines(explain_ticket(contract, window, as_of=at(FAR), others=(own,)))
    assert "甲方批准的计划内工作" in approved


def test_a_counted_stoppage_names_those_before_it(contract: Contract) -> None:
    tickets = [stoppage(f"2026-03-0{day} 20:00", f"2026-03-0{day} 20:{day}0", f"S{day}") for day in (2, 3, 4)]
    explanation = explain_ticket(contract, tickets[2], as_of=at(FAR), others=tickets)
    assert explanation.stoppage is not None
    counts = {each.rule: each for each in explanation.stoppage.counts}
    assert [each.ref for each in counts["year_count"].events] == ["S2", "S3", "S4"]
    assert (counts["year_count"].period, counts["contract_count"].limit) == ("Y2", 1.0)
    assert (
        "　本年度（Y2）第 3 次，限 2 次（合同第 2.5 条），此前：1. S2 2026-03-02 20:00 起 20 分钟；"
        "2. S3 2026-03-03 20:00 起 30 分钟。" in _lines(explanation).splitlines()
    )
    first = explain_ticket(contract, tickets[0], as_of=at(FAR), others=tickets)
    assert "　本年度（Y2）第 1 次，限 2 次（合同第 2.5 条）。" in _lines(first).splitlines()


def test_a_months_sum_names_its_addends_and_what_lies_in_the_next_month(contract: Contract) -> None:
    over = stoppage("2026-01-31 23:30", "2026-02-01 00:50", "A")
    later = stoppage("2026-02-03 20:00", "2026-02-03 20:20", "B")
    explanation = explain_ticket(contract, over, as_of=at(FAR), others=(later,))
    assert explanation.stoppage is not None
    assert [(each.month, each.minutes) for each in explanation.stoppage.sums] == [
        ("2026-01", 30.0),
        ("2026-02", 70.0),
    ]
    lines = _lines(explanation).splitlines()
    assert (
        "　2026-01 合计 30 分钟，限 60 分钟（合同第 2.5 条）：A 30 分钟（跨月，只计本月的部分："
        "2026-01-31 23:30 至 2026-02-01 00:00）。"
    ) in lines
    assert (
        "　2026-02 合计 70 分钟，限 60 分钟（合同第 2.5 条）：A 50 分钟（跨月，只计本月的部分：2026-02-01 00:00 至 "
        "2026-02-01 00:50） ＋ B 20 分钟（2026-02-03 20:00 至 2026-02-03 20:20）。"
    ) in lines


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cause": "hardware"}, "原因不是软件系统，不计停机"),
        ({"planned": True, "planned_approved_by": "虚构·周老师"}, "没有剩余的停机时间，不计停机"),
        ({"outage_end": None, "resolved_at": None}, "目前尚未结束"),
    ],
)
def test_why_an_outage_is_no_stoppage(contract: Contract, changes: dict[str, object], words: str) -> None:
    ticket = stoppage("2026-03-02 20:00", "2026-03-02 20:40", **changes)
    assert words in _lines(explain_ticket(contract, ticket, as_of=at("2026-03-02 21:00")))


@pytest.mark.parametrize(
    ("ticket", "as_of", "standing", "words"),
    [
        (incident("2027-01-05 09:00"), "2027-01-06 09:00", "outside", "不在合同期内"),
        (incident(), "2026-03-02 19:59", "not_yet", "还没有报修"),
    ],
)
def test_what_is_not_judged_says_why(
    contract: Contract, ticket: TicketFact, as_of: str, standing: str, words: str
) -> None:
    explanation = explain_ticket(contract, ticket, as_of=at(as_of))
    assert (explanation.standing, explanation.clocks, explanation.findings) == (standing, (), ())
    assert words in _lines(explanation)


def test_clauses_with_names_are_explained_by_name(region: Contract) -> None:
    said = _lines(explain_ticket(region, incident("2026-05-06 11:00"), as_of=at("2026-05-06 11:30")))
    assert "响应（合同「Response and resolution」条款，限 15 分钟）" in said


def test_an_explanation_goes_into_json(contract: Contract) -> None:
    ticket = stoppage("2026-03-02 20:00", "2026-03-02 21:30")
    told = asdict(explain_ticket(contract, ticket, as_of=at(FAR)))
    assert json.loads(json.dumps(told, default=str))["stoppage"]["event_minutes"] == 90.0
    assert not any(isinstance(value, timedelta) for clock in told["clocks"] for value in clock.values())


def test_time_that_it_stood_resolved_is_a_reason_only_where_it_stops_the_clock(contract: Contract) -> None:
    ticket = incident(
        OFF_SITE,
        resolved_at=after(OFF_SITE, 30),
        exclusions=(waiting(OFF_SITE, 40, 50),),
        reopened=(Reopening(after(OFF_SITE, 60), after(OFF_SITE, 120)),),
    )
    for reopened, is_said in (("last_resolution", False), ("open_time", True)):
        policy = with_policy(contract, reopened=reopened)
        said = _lines(explain_ticket(policy, ticket, as_of=after(OFF_SITE, 500)))
        assert ("已解决，到重开为止" in said) is is_said
        assert "等待甲方：" in said


def test_an_outage_that_reaches_into_the_term_says_why_it_does_not_count(contract: Contract) -> None:
    ticket = stoppage("2024-11-30 10:00", "2024-12-01 02:00")
    said = _lines(explain_ticket(contract, ticket, as_of=at("2024-12-02 00:00")))
    assert "报修不在合同期内，不计停机。" in said
    assert "没有剩余的停机时间" not in said
