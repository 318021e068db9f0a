"""The screen of a Thursday at 11:50: what runs out first, what the limits leave; explanations, forecasts, closings."""

import re
from datetime import datetime, timedelta

import pytest

TODAY = "2026-03-05"


def open_ticket(typed, title, at, *words):
    said = typed("ticket", "open", "--title", title, "--at", f"{TODAY} {at}", "--json", *words)
    assert said.code == 0, said.err
    return said.json()["ref"]


@pytest.fixture
def busy(typed):
    """Three open incidents: to be answered in 5 minutes, waiting for the customer, and the platform down."""
    open_ticket(typed, "视频卡顿（虚构）", "11:25", "--department", "护理部（虚构）")
    waiting = open_ticket(typed, "登录慢（虚构）", "11:10")
    typed("ticket", "respond", waiting, "--at", f"{TODAY} 11:15")
    typed(
        "ticket",
        "wait",
        waiting,
        "--reason",
        "等机房开门",
        "--agreed-by",
        "张老师（虚构）",
        "--at",
        f"{TODAY} 11:20",
    )
    down = open_ticket(typed, "平台打不开（虚构）", "11:33", "--impact", "system", "--cause", "software")
    typed("ticket", "respond", down, "--at", f"{TODAY} 11:35")


def test_screen_shows_what_runs_out_first_and_what_is_left(typed, busy):
    shown = typed("sla", "status").out
    assert shown.startswith("2026-03-05 11:50 星期四，现场服务时间，到 12:00\n")
    order = [shown.index(ref) for ref in ("INC-2026-0001", "INC-2026-0003", "INC-2026-0002")]
    assert order == sorted(order)
    for words in (
        "5分钟",
        "响应 11:55",
        "停表 50分钟",
        "正在发生的系统停机：INC-2026-0003 自 03-05 11:33 起 17 分钟，每次限 1 小时（2.5），还剩 43 分钟",
        "系统停机（2.5）：本年（Y2）已用 1 次，限 2 次，还剩 1 次；本月 17 分钟，限 60 分钟，还剩 43 分钟；"
        "合同期内已用 1 次，限 1 次（4.1），还剩 0 次",
        "部门级业务影响（2.6）：本年（Y2）已用 0 次，限 2 次，还剩 2 次；本月已用 0 次，限 1 次，还剩 1 次",
    ):
        assert words in shown, words


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (59, "本月 59 分钟，限 60 分钟，还剩 1 分钟"),
        (60, "本月 60 分钟，限 60 分钟，还剩 0 分钟"),
        (61, "本月 61 分钟，限 60 分钟，已超 1 分钟"),
        # Half a minute used is a minute less.
        (59.5, "本月 60 分钟，限 60 分钟，还剩 0 分钟"),
        (60.5, "本月 61 分钟，限 60 分钟，已超 1 分钟"),
    ],
)
def test_budget_says_what_is_left_or_by_how_much_it_is_passed(typed, minutes, said):
    words = ("--impact", "system", "--cause", "software")
    ref = open_ticket(typed, "平台打不开（虚构）", "09:00", *words)
    end = datetime.fromisoformat(f"{TODAY} 09:00") + timedelta(minutes=minutes)
    assert typed("ticket", "resolve", ref, "--at", f"{end:%Y-%m-%d %H:%M:%S}").code == 0
    assert said in "".join(typed("sla", "status").out.splitlines())


def test_count_that_is_passed_says_by_how_much(typed):
    for hour in ("08", "09", "10"):
        words = ("--impact", "department", "--cause", "software")
        ref = open_ticket(typed, "科室不能用（虚构）", f"{hour}:00", *words)
        typed("ticket", "resolve", ref, "--at", f"{TODAY} {hour}:05")
    shown = typed("sla", "status").out
    assert "本年（Y2）已用 3 次，限 2 次，已超 1 次；本月已用 3 次，限 1 次，已超 2 次" in shown


def test_status_as_json_has_every_clock_with_its_figures(typed, busy):
    answer = typed("sla", "status", "--json").json()
    assert (answer["now"], answer["on_site"]) == ("2026-03-05T03:50:00Z", True)
    first = answer["tickets"][0]
    assert (first["ref"], first["department"]) == ("INC-2026-0001", "护理部（虚构）")
    assert first["clocks"][0] == {
        "clause": "2.3",
        "rule": "response",
        "due_at": "2026-03-05T03:55:00Z",
        "left_minutes": 5.0,
        "limit_minutes": 30.0,
        "level": "soon",
    }
    assert [clock["level"] for clock in answer["tickets"][-1]["clocks"]] == ["paused", "fine"]
    assert answer["tickets"][-1]["waiting_since"] == "2026-03-05T03:20:00Z"
    assert answer["stoppages"][0]["lasted_minutes"] == 17.0
    assert [budget["left"] for budget in answer["budgets"]] == [1.0, 43.0, 0.0, 2.0, 1.0]


def test_empty_status_says_so(typed):
    shown = typed("sla", "status")
    assert (shown.code, "没有在计时的工单。" in shown.out) == (0, True)


def test_screen_names_what_it_leaves_out(typed, monkeypatch):
    for minute in range(10, 35):
        open_ticket(typed, "一起来的故障（虚构）", f"11:{minute}")
    shown = typed("sla", "status").out
    assert shown.count("INC-2026-") == 20
    assert "其余 5 张没有列出（快到时 0 张" not in shown
    assert re.search(r"其余 5 张没有列出（(快到时|尚早) 5 张）", shown)
    assert typed("sla", "status", "--all").out.count("INC-2026-") == 25


def test_forecast_names_what_will_be_missed_if_nothing_happens(typed, busy):
    rows = typed("sla", "forecast", "--until", "12:00", "--json").json()
    assert [(row["subject"], row["rule"]) for row in rows] == [("INC-2026-0001", "response")]
    assert "不会新增认定" in typed("sla", "forecast", "--until", "11:52").out
    said = typed("sla", "forecast", "--until", "11:49")
    assert (said.code, "已经过去" in said.err) == (2, True)


def test_explanation_tells_every_stretch_with_its_clause(typed, busy):
    shown = typed("sla", "explain", "INC-2026-0002").out
    for words in ("星期四，工作日", "现场服务时间：08:00–12:00", "停表，顺延 30 分钟", "合同第 2.3 条"):
        assert words in shown, words
    answer = typed("sla", "explain", "INC-2026-0002", "--json").json()
    assert answer["lines"] == shown.splitlines()
    assert typed("sla", "explain", "INC-2026-0099").code == 4


def test_closed_month_tells_which_tickets_changed_since(typed, home):
    ref = "INC-2026-0001"
    typed("ticket", "open", "--title", "二月的故障（虚构）", "--at", "2026-02-03 09:00")
    typed("ticket", "respond", ref, "--at", "2026-02-03 09:05")
    typed("ticket", "resolve", ref, "--cause", "network", "--at", "2026-02-03 09:50")
    said = typed("sla", "close", "2026-02", "--yes")
    assert said.out == "2026-02 已结账（第 1 条）：工单 1 张，计违约 0 次\n"
    assert "没有变化" in typed("sla", "closings").out
    assert typed("sla", "close", "2026-02", "--yes").out == "2026-02 已经结账，此后没有变化，不再记入\n"
    typed("ticket", "open", "--title", "补录的故障（虚构）", "--at", "2026-02-05 09:00")
    shown = typed("sla", "closings").out
    assert "有变化" in shown
    assert "2026-02 结账后：新增工单 INC-2026-0002" in shown
    assert "新增认定 2.3/response/INC-2026-0002（计 1 次" in shown
    [row] = typed("sla", "closings", "--json").json()
    assert (row["period"], row["change"]["added"]) == ("2026-02", ["INC-2026-0002"])
    assert "接替第 1 条" in typed("sla", "close", "2026-02", "--yes").out
    assert "由第 2 条接替" in typed("sla", "closings").out
    assert "结账记录 2 条" in typed("sla", "verify").out


def test_rehearsed_closing_writes_nothing(typed):
    assert "预演" in typed("sla", "close", "2026-02", "--dry-run").out
    assert "还没有结过账" in typed("sla", "closings").out


def test_period_that_cannot_be_closed_is_refused(typed):
    assert typed("sla", "close", "2026-03", "--yes").code == 4
    assert typed("sla", "close", "二月", "--yes").code == 4
    # Whether the month can be closed at all is said before anybody is asked.
    for period, said in (("2026-13", "合同期内没有「2026-13」"), ("2026-03", "还没有结束")):
        told = typed("sla", "close", period)
        assert (told.code, said in told.err, "需要确认" in told.err) == (4, True, False)
    assert typed("sla", "close", "2026-02").code == 2
