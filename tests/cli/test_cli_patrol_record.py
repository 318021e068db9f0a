"""`eduops patrol record` as it is typed: patrols made by hand."""

import pytest


@pytest.fixture
def app_1(typed, monkeypatch):
    """A host added on Monday 2026-03-02; it is Thursday again afterwards."""
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-02T09:00:00+08:00")
    said = typed("host", "add", "app-1", "--name", "应用（虚构）", "--address", "10.66.0.11", "--invented")
    assert said.code == 0, said.err
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-05T11:50:00+08:00")


def record(typed, *words, at="2026-03-05 09:30", state="normal", note="逐项看过配置、备份、日志"):
    return typed("patrol", "record", "app-1", "--at", at, "--state", state, "--note", note, *words)


def test_a_patrol_by_hand_is_kept_shown_as_such_and_counted(typed, app_1):
    said = record(typed, "--kind", "big", "--json").json()
    assert (said["ref"], said["kind"], said["state"], said["is_manual"]) == (
        "PAT-2026-0001",
        "big",
        "normal",
        True,
    )
    assert said["started_at"] == said["finished_at"] == "2026-03-05T01:30:00Z"
    assert said["actor"] == "工程师甲（虚构）"
    assert "大巡检（人工）" in typed("patrol", "list").out
    shown = typed("patrol", "show", "PAT-2026-0001").out
    assert "逐项看过配置、备份、日志" in shown and "人工" in shown
    assert "是人工登记的" in typed("patrol", "show", "PAT-2026-0001", "--document").err
    found = typed("patrol", "coverage", "--from", "2026-03-02", "--to", "2026-03-05", "--json").json()
    (host,) = found["hosts"]
    assert [(day["mark"], day["is_manual"]) for day in host["days"]] == [
        ("missing", False),
        ("missing", False),
        ("missing", False),
        ("big", True),
    ]


def test_the_ledgers_rules_hear_of_it(typed, app_1):
    days = ("--from", "2026-03-02", "--to", "2026-03-04", "--as-of", "2026-03-05 00:00")

    def periods() -> list[str]:
        found = typed("sla", "evaluate", *days, "--json").json()["findings"]
        return [each["period"] for each in found if each["rule"] == "daily_patrol"]

    assert periods() == ["2026-03-02"]
    assert record(typed, at="2026-03-03 18:00").code == 0
    assert periods() == ["2026-03-02", "2026-03-04"]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-05 11:51", "还没有到"),
        ("2026-03-01 23:59", "自 2026-03-02 起登记在册"),
    ],
)
def test_not_in_the_future_and_not_before_the_host_was_there(typed, app_1, at, said):
    refused = record(typed, at=at)
    assert refused.code == 4 and said in refused.err
    assert typed("patrol", "list", "--json").json() == []


def test_on_the_day_on_which_the_host_was_added_a_patrol_before_that_hour_counts(typed, app_1):
    assert record(typed, at="2026-03-02 08:00").code == 0


def test_not_twice_for_one_instant(typed, app_1):
    assert record(typed).code == 0
    again = record(typed, "--kind", "big")
    assert again.code == 4 and "已有巡检 PAT-2026-0001" in again.err
    assert record(typed, at="2026-03-05 09:31").code == 0


def test_not_after_the_host_was_retired(typed, app_1):
    assert typed("host", "retire", "app-1", "--yes").code == 0
    assert "不再看护" in record(typed, at="2026-03-05 11:50").err
    assert record(typed, at="2026-03-05 11:49").code == 0, "it was under care then"


def test_who_did_it_and_what_was_looked_at_must_be_said(typed, app_1, monkeypatch):
    assert "没有写看了什么" in record(typed, note=" ").err
    monkeypatch.delenv("EDUOPS_ACTOR")
    assert "谁做的" in record(typed).err


def test_a_rehearsed_record_leaves_nothing(typed, app_1):
    assert "预演" in record(typed, "--dry-run").out
    assert typed("patrol", "list", "--json").json() == []


def test_what_stands_in_a_note_cannot_move_the_cursor(typed, app_1):
    assert record(typed, note="好\x1b[2J了").code == 0
    assert "\x1b[2J" not in typed("patrol", "show", "PAT-2026-0001").out
