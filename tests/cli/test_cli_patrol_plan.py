"""`eduops patrol plan` as it is typed: what was agreed beforehand (5.3.3), and what became of it."""

import pytest

ADD = ("--title", "三月检查（虚构）", "--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def hosts(typed, monkeypatch):
    """Two production hosts and a test one since Sunday the first; it is Thursday the fifth."""
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-01T09:00:00+08:00")
    for code, environment in (("app-1", "production"), ("db-1", "production"), ("try-1", "test")):
        words = (
            "--name",
            "虚构",
            "--address",
            f"{code}.example.org",
            "--environment",
            environment,
            "--invented",
        )
        assert typed("host", "add", code, *words).code == 0
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-05T11:50:00+08:00")


def add(typed, *words):
    said = typed("patrol", "plan", "add", *ADD, *words, "--json")
    assert said.code == 0, said.err
    return said.json()


def visits(typed, ref="PLN-2026-0001"):
    found = typed("patrol", "plan", "show", ref, "--json").json()["visits"]
    return [(each["host"], each["day"][5:], each["state"]) for each in found]


def record(typed, host, at, kind):
    words = ("--at", at, "--kind", kind, "--state", "normal", "--note", "看过", "--json")
    return typed("patrol", "record", host, *words).json()


def test_a_plan_is_of_all_production_hosts_and_of_the_days_that_were_said(typed, hosts):
    made = add(typed, "--kind", "big", "--days", "5,31", "--on", "2026-03-10", "--every", "3w")
    assert (made["ref"], made["kind"], made["visits"]) == ("PLN-2026-0001", "big", 10)
    days = ["03-01", "03-05", "03-10", "03-22", "03-31"]
    assert [day for host, day, _ in visits(typed) if host == "db-1"] == days


def test_visits_are_done_missed_and_to_come(typed, hosts):
    add(typed, "--kind", "big", "--every", "2d", "--host", "app-1", "--host", "db-1", "--to", "2026-03-07")
    made = record(typed, "app-1", "2026-03-03 09:00", "big")
    assert made["plan"] == "PLN-2026-0001"
    record(typed, "db-1", "2026-03-03 09:00", "daily")
    assert visits(typed) == [
        ("app-1", "03-01", "missed"),
        ("db-1", "03-01", "missed"),
        ("app-1", "03-03", "done"),
        ("db-1", "03-03", "missed"),
        *((host, day, "to_come") for day in ("03-05", "03-07") for host in ("app-1", "db-1")),
    ]
    (row,) = typed("patrol", "plan", "list", "--json").json()
    assert (row["done"], row["missed"], row["to_come"]) == (1, 3, 4)
    assert "PAT-2026-0001" in typed("patrol", "plan", "show", "PLN-2026-0001").out


def test_a_daily_visit_is_made_by_any_patrol_and_a_monthly_one_only_by_its_own(typed, hosts):
    for kind in ("daily", "monthly"):
        add(typed, "--kind", kind, "--on", "2026-03-04", "--host", "app-1")
    made = record(typed, "app-1", "2026-03-04 09:00", "big")
    assert made["plan"] == "PLN-2026-0001"
    assert [visits(typed, f"PLN-2026-000{number}")[0][2] for number in (1, 2)] == ["done", "missed"]
    made = record(typed, "app-1", "2026-03-04 10:00", "monthly")
    assert made["plan"] == "PLN-2026-0002", "a plan of its own kind comes before one that it happens to make"
    assert visits(typed, "PLN-2026-0002")[0][2] == "done"


def test_a_patrol_that_was_made_before_the_plan_was_written_down_is_linked_with_it(typed, hosts):
    record(typed, "app-1", "2026-03-04 09:00", "monthly")
    add(typed, "--on", "2026-03-04", "--host", "app-1")
    assert visits(typed) == [("app-1", "03-04", "done")]
    (run,) = typed("patrol", "list", "--json").json()
    assert run["plan_id"] is not None


@pytest.mark.parametrize(("agreed_on", "late"), [("2026-03-04", False), ("2026-03-05", True)])
def test_agreement_is_before_or_on_the_first_visits_day_or_it_is_told(typed, hosts, agreed_on, late):
    add(typed, "--on", "2026-03-04", "--on", "2026-03-20", "--host", "app-1")
    unagreed = typed("patrol", "plan", "show", "PLN-2026-0001")
    assert "还没有经甲方管理员同意" in unagreed.err
    said = typed("patrol", "plan", "agree", "PLN-2026-0001", "--with", "张老师（虚构）", "--on", agreed_on)
    assert said.code == 0
    assert ("事后同意" in said.err) is late
    again = typed("patrol", "plan", "agree", "PLN-2026-0001", "--with", "张老师（虚构）")
    assert again.code == 4 and "已于" in again.err


def test_nobody_agrees_tomorrow(typed, hosts):
    add(typed, "--on", "2026-03-20", "--host", "app-1")
    refused = typed(
        "patrol", "plan", "agree", "PLN-2026-0001", "--with", "张老师（虚构）", "--on", "2026-03-06"
    )
    assert refused.code == 4 and "还没有到" in refused.err


def test_what_was_agreed_to_may_change_and_is_to_be_agreed_again(typed, hosts):
    add(
        typed,
        "--on",
        "2026-03-20",
        "--host",
        "app-1",
        "--with",
        "张老师（虚构）",
        "--agreed-on",
        "2026-03-02",
    )
    assert typed("patrol", "plan", "change", "PLN-2026-0001", "--title", "改名").code == 0
    assert typed("patrol", "plan", "show", "PLN-2026-0001", "--json").json()["agreed_on"] == "2026-03-02"
    words = ("--drop-on", "2026-03-20", "--add-on", "2026-03-21", "--add-host", "db-1")
    said = typed("patrol", "plan", "change", "PLN-2026-0001", *words)
    assert "重新同意" in said.out
    assert [each[:2] for each in visits(typed)] == [("app-1", "03-21"), ("db-1", "03-21")]
    assert typed("patrol", "plan", "show", "PLN-2026-0001", "--json").json()["agreed_on"] is None


def test_days_that_are_over_cannot_be_planned_away(typed, hosts):
    add(typed, "--on", "2026-03-04", "--on", "2026-03-20", "--host", "app-1")
    refused = typed("patrol", "plan", "change", "PLN-2026-0001", "--drop-on", "2026-03-04")
    assert refused.code == 4 and "已经过去" in refused.err
    words = ("--add-host", "db-1", "--drop-host", "app-1")
    assert typed("patrol", "plan", "change", "PLN-2026-0001", *words).code == 0
    assert [each[:2] for each in visits(typed)] == [("app-1", "03-04"), ("db-1", "03-20")]


def test_a_withdrawn_plan_keeps_what_was_and_takes_no_more(typed, hosts):
    add(typed, "--on", "2026-03-04", "--on", "2026-03-05", "--host", "app-1")
    assert typed("patrol", "plan", "withdraw", "PLN-2026-0001").code == 2, "nobody is there to answer"
    assert typed("patrol", "plan", "withdraw", "PLN-2026-0001", "--yes").code == 0
    assert [each[2] for each in visits(typed)] == ["missed", "withdrawn"]
    assert record(typed, "app-1", "2026-03-05 09:00", "monthly")["plan"] is None
    for words in (("withdraw", "PLN-2026-0001", "--yes"), ("change", "PLN-2026-0001", "--title", "改")):
        assert typed("patrol", "plan", *words).code == 4


def test_a_host_that_was_retired_misses_no_visit(typed, hosts, monkeypatch):
    add(typed, "--on", "2026-03-05", "--on", "2026-03-06", "--host", "app-1")
    assert typed("host", "retire", "app-1", "--yes").code == 0
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-09T11:50:00+08:00")
    assert [each[2] for each in visits(typed)] == ["retired", "retired"]
    assert "已停用" in typed("patrol", "plan", "add", *ADD, "--on", "2026-03-20", "--host", "app-1").err


def test_rest_days_move_to_the_next_working_day(typed, hosts):
    add(typed, "--days", "7,28,31", "--host", "app-1", "--working-days")
    assert [each[1] for each in visits(typed)] == ["03-09", "03-30", "03-31"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "没有写哪些天"),
        (("--every", "soon"), "间隔"),
        (("--every", "0d"), "间隔"),
        (("--days", "0,5"), "每月几号"),
        (("--days", "5;6"), "每月几号"),
        (("--on", "2026-04-01"), "不在计划的"),
        (("--on", "2026-03-05", "--to", "2026-02-01"), "早于第一天"),
        (("--on", "2026-03-05", "--title", " "), "标题"),
        (("--on", "2026-03-05", "--agreed-on", "2026-03-01"), "谁同意"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_as_wrong_usage(typed, hosts, words, said):
    refused = typed("patrol", "plan", "add", *ADD, *words)
    assert refused.code == 2 and said in refused.err
    assert typed("patrol", "plan", "list", "--json").json() == []


def test_a_rehearsed_plan_leaves_nothing(typed, hosts):
    assert "预演" in typed("patrol", "plan", "add", *ADD, "--on", "2026-03-05", "--dry-run").out
    assert typed("patrol", "plan", "list", "--json").json() == []
    assert typed("patrol", "plan", "show", "PLN-2026-0001").code == 4
