"""Tickets as files bring them: read, or refused with every problem and both times."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from contract_case import SHANGHAI, at
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.contract.fact import Exclusion, Plan, Reopening
from eduops.contract.instant import parse_instant
from eduops.contract.ticket_fact import FIELDS, parse_ticket
from eduops.contract.ticket_row import COLUMNS, HEADERS, build_record
from eduops.core.errors import InputError

REPORTED = "2026-03-05 11:50"


def _record(**fields: Any) -> dict[str, Any]:
    return {"ref": "INC-0001", "reported_at": REPORTED, **fields}


def _refusals(**fields: Any) -> list[str]:
    with pytest.raises(InputError) as error:
        parse_ticket(_record(**fields), SHANGHAI, file="工单.jsonl", address="第 3 行")
    assert all((each.file, each.address) == ("工单.jsonl", "第 3 行") for each in error.value.problems)
    return [each.message for each in error.value.problems]


def test_whole_numbers_are_references_too() -> None:
    assert [parse_ticket(_record(ref=ref), SHANGHAI).ref for ref in (17, 17.0, 2**70)] == [
        "17",
        "17",
        str(2**70),
    ]


def test_two_fields_are_enough() -> None:
    ticket = parse_ticket(_record(), SHANGHAI)
    assert (ticket.kind, ticket.impact, ticket.cause, ticket.planned) == (
        "incident",
        "limited",
        "unknown",
        False,
    )
    assert ticket.reported_at == datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
    assert ticket.reported_at.tzinfo is UTC


def test_every_field_is_read() -> None:
    ticket = parse_ticket(
        _record(
            kind="故障",
            impact="部门级业务影响",
            cause="软件",
            title=" 登录页打不开 ",
            department="信息科",
            responded_at="2026-03-05T12:00:00+08:00",
            arrived_at="2026-03-05T04:10:00Z",
            resolved_at="2026/3/5 13:00",
            closed_at="2026-03-07 09:00:00",
            planned="是",
            planned_approved_by="虚构·周老师",
            plan={"submitted_at": "2026-03-05 12:30", "deadline": "2026-03-06"},
            exclusions=[
                {"from": "2026-03-05 12:00", "to": None, "reason": "等授权", "agreed_by": "虚构·周老师"}
            ],
            reopened=[{"reopened_at": "2026-03-05 14:00", "resolved_at": "2026-03-05 15:00"}],
        ),
        SHANGHAI,
    )
    assert (ticket.impact, ticket.cause, ticket.title, ticket.planned) == (
        "department",
        "software",
        "登录页打不开",
        True,
    )
    assert ticket.responded_at == at("2026-03-05 12:00") and ticket.arrived_at == at("2026-03-05 12:10")
    # A bare day as a plan's deadline is the end of that day.
    assert ticket.plan == Plan(at("2026-03-05 12:30"), None, None, at("2026-03-07 00:00"))
    assert ticket.exclusions == (Exclusion(at("2026-03-05 12:00"), None, "等授权", "虚构·周老师"),)
    assert ticket.reopened == (Reopening(at("2026-03-05 14:00"), at("2026-03-05 15:00")),)


BEFORE = "2026-03-05 11:49"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"responded_at": BEFORE}, ["响应时间 2026-03-05 11:49", "报修时间 2026-03-05 11:50"]),
        ({"arrived_at": BEFORE}, ["到场时间 2026-03-05 11:49"]),
        ({"resolved_at": BEFORE}, ["解决时间 2026-03-05 11:49"]),
        ({"closed_at": BEFORE}, ["关闭时间 2026-03-05 11:49"]),
        (
            {"resolved_at": "2026-03-05 12:00", "closed_at": "2026-03-05 11:59"},
            ["关闭时间 2026-03-05 11:59", "最后一次解决时间 2026-03-05 12:00"],
        ),
        (
            {
                "resolved_at": "2026-03-05 12:00",
                "closed_at": "2026-03-05 12:30",
                "reopened": [{"reopened_at": "2026-03-05 12:10", "resolved_at": "2026-03-05 13:00"}],
            },
            ["关闭时间 2026-03-05 12:30", "最后一次解决时间 2026-03-05 13:00"],
        ),
        ({"outage_end": BEFORE}, ["停机结束 2026-03-05 11:49", "停机开始 2026-03-05 11:50"]),
        (
            {"outage_start": "2026-03-05 13:00", "resolved_at": "2026-03-05 12:00"},
            ["停机结束 2026-03-05 12:00"],
        ),
        (
            {"planned": True, "planned_from": "2026-03-05 22:00", "planned_to": "2026-03-05 21:00"},
            ["计划结束 2026-03-05 21:00", "计划开始 2026-03-05 22:00"],
        ),
        (
            {"planned": True, "planned_from": "2026-03-05 22:00", "outage_end": "2026-03-05 21:00"},
            ["停机结束 2026-03-05 21:00"],
        ),
        (
            {
                "exclusions": [
                    {"from": "2026-03-05 13:00", "to": "2026-03-05 12:00", "reason": "a", "agreed_by": "b"}
                ]
            },
            ["第 1 段等待甲方的结束 2026-03-05 12:00", "2026-03-05 13:00"],
        ),
        (
            {"exclusions": [{"from": "2026-03-05 13:00", "agreed_by": "b"}]},
            ["exclusions[1].reason：不能为空"],
        ),
        (
            {"exclusions": [{"from": "2026-03-05 13:00", "reason": "a", "agreed_by": " "}]},
            ["exclusions[1].agreed_by"],
        ),
        ({"exclusions": [{"reason": "a", "agreed_by": "b"}]}, ["exclusions[1].from：不能为空"]),
        ({"plan": {"submitted_at": BEFORE}}, ["方案提交时间 2026-03-05 11:49"]),
        (
            {"plan": {"submitted_at": "2026-03-05 13:00", "department_approved_at": "2026-03-05 12:59"}},
            ["科室审批时间 2026-03-05 12:59", "方案提交时间 2026-03-05 13:00"],
        ),
        (
            {"plan": {"submitted_at": "2026-03-05 13:00", "management_approved_at": "2026-03-05 12:59"}},
            ["管理部门审批时间 2026-03-05 12:59"],
        ),
        (
            {"plan": {"submitted_at": "2026-03-05 13:00", "deadline": "2026-03-04"}},
            ["方案约定期限 2026-03-05 00:00"],
        ),
        (
            {"resolved_at": "2026-03-05 13:00", "reopened": [{"reopened_at": "2026-03-05 12:59"}]},
            ["第 1 次重开时间 2026-03-05 12:59", "解决时间 2026-03-05 13:00"],
        ),
        (
            {
                "resolved_at": "2026-03-05 13:00",
                "reopened": [{"reopened_at": "2026-03-05 14:00", "resolved_at": "2026-03-05 13:59"}],
            },
            ["第 1 次重开后的解决时间 2026-03-05 13:59"],
        ),
        (
            {"reopened": [{"reopened_at": "2026-03-05 14:00"}]},
            ["第 1 次重开时间 2026-03-05 14:00 之前没有解决时间"],
        ),
        ({"ref": "  "}, ["ref：不能为空"]),
        ({"reported_at": None}, ["reported_at：不能为空"]),
        ({"reported_at": "2026-03-05"}, ["reported_at：「2026-03-05」只有日期没有时间"]),
        ({"reported_at": "昨天"}, ["reported_at：「昨天」不是可识别的时间"]),
        ({"reported_at": 1772682600}, ["不是可识别的时间"]),
        ({"reported_at": "0001-01-01 00:00"}, ["超出可用的年份"]),
        (
            {"kind": "alarm"},
            ["kind：「alarm」不在允许的值里：incident（故障）、request（服务请求）、consult（咨询）"],
        ),
        ({"impact": "huge"}, ["impact：「huge」"]),
        ({"cause": "magic"}, ["cause：「magic」"]),
        ({"planned": "maybe"}, ["planned：「maybe」应写 是（true）或 否（false）"]),
        ({"title": ["x"]}, ["title：「['x']」应是文字"]),
        ({"resolve_at": "2026-03-05 12:00"}, ["resolve_at：不认识这个字段，是不是 resolved_at？"]),
        ({"plan": "later"}, ["plan：应是一个对象"]),
        (
            {"plan": {"submited_at": "2026-03-05 13:00"}},
            ["plan.submited_at：不认识这个字段，是不是 submitted_at？"],
        ),
        ({"exclusions": {"from": "x"}}, ["exclusions：应是对象的列表"]),
        ({"reopened": ["x"]}, ["reopened：应是对象的列表"]),
    ],
)
def test_what_cannot_be_is_refused_with_both_times(fields: dict[str, Any], words: list[str]) -> None:
    messages = " ".join(_refusals(**fields))
    for word in words:
        assert word in messages


def test_equal_instants_can_be() -> None:
    same = dict.fromkeys(
        ("responded_at", "arrived_at", "resolved_at", "closed_at", "outage_start", "outage_end"), REPORTED
    )
    reopened = [{"reopened_at": REPORTED, "resolved_at": REPORTED}]
    ticket = parse_ticket(_record(**same, reopened=reopened), SHANGHAI)
    assert ticket.closed_at == ticket.resolved_at == ticket.reported_at == ticket.reopened[0].reopened_at


def test_planned_times_are_not_read_on_tickets_that_are_not_planned() -> None:
    ticket = parse_ticket(_record(planned_from="2026-03-05 22:00", planned_to="2026-03-05 21:00"), SHANGHAI)
    assert ticket.planned is False


def test_all_problems_of_a_ticket_are_named() -> None:
    messages = _refusals(kind="x", responded_at="?", planned="?", exclusions=[{}], nonsense=1)
    assert len(messages) == 7


def test_bare_days_are_the_end_of_the_day_only_where_they_may_be() -> None:
    assert parse_instant("2026-03-05", SHANGHAI, day_end=True) == at("2026-03-06 00:00")
    assert parse_instant(datetime(2026, 3, 5, 9, 0), SHANGHAI) == at("2026-03-05 09:00")  # noqa: DTZ001
    for value in ("2026-03-05", "20260305", at("2026-03-05 09:00").date(), "2026-W10-4", "2026/3/5"):
        with pytest.raises(InputError, match="只有日期没有时间"):
            parse_instant(value, SHANGHAI)


def test_a_row_with_chinese_headers_is_the_same_ticket() -> None:
    exclusions = [
        {"from": "2026-03-05 12:00", "to": "2026-03-05 12:10", "reason": "等授权", "agreed_by": "虚构·周老师"}
    ]
    row = {
        " 工单号 ": "INC-0001",
        "报修时间": REPORTED,
        "响应时间": "",
        "方案提交时间": "2026-03-05 13:00",
        "方案期限": "2026-03-06",
        "等待甲方": json.dumps(exclusions, ensure_ascii=False),
        "重开": "",
    }
    plan = {"submitted_at": "2026-03-05 13:00", "deadline": "2026-03-06"}
    assert parse_ticket(build_record(row), SHANGHAI) == parse_ticket(
        _record(plan=plan, exclusions=exclusions), SHANGHAI
    )


def test_a_cell_that_is_no_json_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="exclusions：应是对象的列表"):
        parse_ticket(build_record({**_record(), "exclusions": "等甲方"}), SHANGHAI)


def test_every_column_has_a_chinese_header_and_leads_to_a_field() -> None:
    assert set(HEADERS.values()) == set(COLUMNS)
    assert set(build_record(dict.fromkeys(COLUMNS, "x"))) == set(FIELDS)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([REPORTED, "2026-03-05", "是"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "from", "odd"]), _JSON, max_size=8))
@settings(max_examples=400, deadline=None)
def test_any_object_is_a_ticket_or_is_refused_in_chinese(record: dict[str, Any]) -> None:
    try:
        assert parse_ticket(record, SHANGHAI).ref
    except InputError as error:
        assert error.problems and all(re.search("[一-鿿]", each.message) for each in error.problems)


@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys(("from", "to", "reason", "agreed_by"), _JSON)), max_size=2)
)
@settings(max_examples=100, deadline=None)
def test_any_list_of_exclusions_is_read_or_refused(exclusions: list[Any]) -> None:
    try:
        assert len(parse_ticket(_record(exclusions=exclusions), SHANGHAI).exclusions) == len(exclusions)
    except InputError as error:
        assert error.problems


@pytest.mark.parametrize("again", [None, "2026-03-05 12:00"])
def test_outage_of_a_reopened_ticket_may_begin_after_the_first_resolution(again: str | None) -> None:
    ticket = parse_ticket(
        {
            "ref": "INC-0001",
            "reported_at": "2026-03-05 08:00",
            "resolved_at": "2026-03-05 08:01",
            "reopened": [{"reopened_at": "2026-03-05 11:01", "resolved_at": again}],
            "outage_start": "2026-03-05 08:30",
        },
        SHANGHAI,
    )
    assert ticket.outage_start == at("2026-03-05 08:30")


def test_outage_that_begins_after_the_last_resolution_is_refused_still() -> None:
    again = [{"reopened_at": "2026-03-05 14:00", "resolved_at": "2026-03-05 15:00"}]
    assert _refusals(resolved_at="2026-03-05 12:00", reopened=again, outage_start="2026-03-05 15:01") == [
        "停机结束 2026-03-05 15:00 早于停机开始 2026-03-05 15:01"
    ]
