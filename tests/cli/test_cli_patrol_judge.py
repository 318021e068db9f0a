"""`eduops patrol judge`, `baseline`, `drift` and `trend`, as a person types them."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli.conftest import Typed
from patrol.healthy_document import build_healthy, put, section, sign

from eduops.core.shipped import find_shipped
from eduops.patrol.rules.trend import FALL_WORDS, Point, build_trend

NOW = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
Ingest = Callable[..., str]


@pytest.fixture
def ingest(typed: Typed, tmp_path: Path) -> Ingest:
    """Registers an invented host and takes in a document of it, measured some days ago."""
    typed("host", "add", "app-1", "--name", "应用服务器（虚构）", "--address", "10.66.0.11", "--invented")

    def call(day: float, used: float = 50.0, **changes: object) -> str:
        made = put(build_healthy(), "disks", "filesystems.0.used_percent", used)
        made["measured_at"] = (NOW - timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        section(made, "system")["data"].update(changes)
        file = tmp_path / "app-1.json"
        file.write_bytes(sign(made))
        ref: str = typed("patrol", "ingest", file, "--host", "app-1", "--json").json()["ref"]
        return ref

    return call


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    text = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    path = tmp_path / "stricter.yaml"
    path.write_text(
        text.replace("disk_percent: {warning: 80,", "disk_percent: {warning: 45,"), encoding="utf-8"
    )
    return path


def states(typed: Typed) -> list[str]:
    return [row["state"] for row in typed("patrol", "list", "--json").json()]


def test_judge_shows_what_would_change_and_writes_only_when_asked(typed, ingest, stricter):
    refs = [ingest(2), ingest(1)]
    said = typed("patrol", "judge", "--thresholds", stricter)
    assert said.code == 0
    assert "正常→警告" in said.out
    assert "没有写入；加 --write 写入" in said.out
    assert states(typed) == ["normal", "normal"]
    told = typed("patrol", "judge", "--thresholds", stricter, "--write", "--json").json()
    assert (told["documents"], told["changed"], told["untrusted"], told["is_written"]) == (2, 2, 0, True)
    assert [(run["ref"], run["old_state"], run["new_state"]) for run in told["runs"]] == [
        (ref, "normal", "warning") for ref in refs
    ]
    assert {check["metric"] for check in told["runs"][0]["checks"]} == {"disk_percent"}
    assert states(typed) == ["warning", "warning"]
    entry = typed("audit", "list", "--json").json()[0]
    assert (entry["subject"], entry["change"]["step"], entry["change"]["changed"]) == ("app-1", "rejudge", 2)
    again = typed("patrol", "judge", "--thresholds", stricter, "--json").json()
    assert (again["changed"], again["runs"]) == (0, [])


def test_judge_takes_one_host_and_whole_days(typed, ingest, stricter):
    ingest(3)
    ingest(0)
    for words, count in (
        (("--host", "app-1"), 2),
        (("--from", "2026-03-03"), 1),
        (("--to", "2026-03-02"), 1),
        (("--from", "2026-03-03", "--to", "2026-03-04"), 0),
    ):
        assert typed("patrol", "judge", *words, "--json").json()["documents"] == count
    assert typed("patrol", "judge", "--host", "nobody").code == 4
    assert typed("patrol", "judge", "--thresholds", "none.yaml").code == 3


def test_judge_names_a_damaged_document_and_leaves_with_one(typed, ingest, home, stricter):
    ref = ingest(1)
    with sqlite3.connect(home / "eduops.db") as connection:
        connection.execute("UPDATE patrol_document SET content = x'00'")
    said = typed("patrol", "judge", "--thresholds", stricter, "--write")
    assert said.code == 1
    assert ref in said.out
    assert "已损坏" in said.out
    assert "原来的结果未动" in said.err
    assert states(typed) == ["normal"]


def test_baseline_is_approved_shown_and_listed_and_drift_is_a_diff(typed, ingest):
    first = ingest(2)
    made = typed("patrol", "baseline", "approve", "app-1", "--note", "上线验收")
    assert made.code == 0
    assert f"基线 1 已批准，取自巡检 {first}" in made.out
    assert typed("patrol", "drift", "app-1").code in (0, 1)
    (row,) = typed("patrol", "baseline", "list", "--json").json()
    assert (row["host"], row["number"], row["run"], row["note"]) == ("app-1", 1, first, "上线验收")
    assert row["actor"] == "工程师甲（虚构）"
    assert (
        typed("patrol", "baseline", "show", "app-1", "--json").json()["facts"]["system"]["架构"] == "x86_64"
    )
    assert "内核" in typed("patrol", "baseline", "show", "app-1").out
    later = ingest(0, kernel="6.1.0-虚构")
    told = typed("patrol", "drift", "app-1", "--json")
    assert told.code == 1
    drift = told.json()
    assert (drift["run"], drift["baseline"]) == (later, 1)
    part = next(each for each in drift["parts"] if each["part"] == "system")
    assert (part["compared"], part["level"]) == (True, "warning")
    assert [(each["item"], each["new"]) for each in part["differences"]] == [("内核", "6.1.0-虚构")]
    said = typed("patrol", "drift", "app-1").out
    assert "~ 内核" in said and "→ 6.1.0-虚构" in said
    assert typed("patrol", "baseline", "approve", "app-1", "--json").json()["number"] == 2
    assert (
        typed("patrol", "drift", "app-1", "--run", first, "--baseline", "1", "--json").json()["run"] == first
    )


def test_approval_is_rehearsed_and_audited(typed, ingest):
    ingest(1)
    assert "预演" in typed("patrol", "baseline", "approve", "app-1", "--dry-run").out
    assert typed("patrol", "baseline", "list", "--json").json() == []
    typed("patrol", "baseline", "approve", "app-1")
    entry = typed("audit", "list", "--json").json()[0]
    assert (entry["subject"], entry["change"]["baseline"]) == ("app-1", 1)


def test_baseline_refuses_with_the_reason(typed, ingest):
    said = typed("patrol", "baseline", "approve", "app-1")
    assert (said.code, "还没有完成的巡检" in said.err) == (4, True)
    said = typed("patrol", "drift", "app-1")
    assert (said.code, "没有已批准的基线" in said.err) == (4, True)
    ref = ingest(1)
    typed("host", "add", "db-1", "--name", "数据库（虚构）", "--address", "10.66.0.12", "--invented")
    said = typed("patrol", "baseline", "approve", "db-1", "--run", ref)
    assert (said.code, "是主机 app-1 的" in said.err) == (4, True)
    assert typed("patrol", "baseline", "approve", "app-1", "--note", "长" * 501).code == 3
    assert typed("patrol", "baseline", "show", "app-1", "--number", "7").code == 4


def test_trend_tells_days_until_full_with_an_interval_and_draws_it(typed, ingest, tmp_path):
    for day in range(12):
        ingest(12 - day, 60 + day)
    rows = typed("patrol", "trend", "app-1", "--json").json()
    disk = next(row for row in rows if (row["metric"], row["item"]) == ("disk_percent", "/"))
    assert (disk["verdict"], disk["value"], disk["change"], disk["slope_per_day"]) == ("growing", 71, 1, 1)
    assert (disk["days_to_full"], disk["days_low"], disk["days_high"], disk["count"]) == (29, 29, 29, 12)
    assert disk["spark"][0] == "▁" and disk["spark"][-1] == "█"
    flat = next(row for row in rows if row["metric"] == "memory_percent")
    assert (flat["verdict"], flat["days_to_full"]) == ("not_growing", None)
    said = typed("patrol", "trend", "app-1", "--metric", "disk_percent").out
    assert "约 29 天后写满" in said.replace("\n", "")
    picture = tmp_path / "趋势.svg"
    assert typed("patrol", "trend", "app-1", "--svg", picture).code == 2
    words = ("--metric", "disk_percent", "--item", "/", "--svg", picture)
    assert typed("patrol", "trend", "app-1", *words).code == 0
    assert ElementTree.fromstring(picture.read_bytes()).tag.endswith("svg")


def test_trend_of_too_few_cannot_tell_and_says_why(typed, ingest, tmp_path):
    said = typed("patrol", "trend", "app-1")
    assert (said.code, "没有测量值" in said.out) == (0, True)
    assert typed("patrol", "trend", "app-1", "--svg", tmp_path / "a.svg").code == 4
    ingest(1)
    (row,) = (
        row
        for row in typed(
            "patrol", "trend", "app-1", "--metric", "disk_percent", "--item", "/", "--json"
        ).json()
    )
    assert (row["verdict"], row["slope_per_day"], row["change"]) == ("cannot_tell", None, None)
    assert "只有 1 次测量" in row["reason"]
    assert json.dumps(row)


def test_limits_of_one_host_go_before_its_roles(typed, ingest, home):
    text = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    own = "hosts:\n  app-1:\n    disk_percent: {warning: 40, critical: 99}\n"
    (home / "patrol.yaml").write_text(text.replace("hosts: {}\n", own), encoding="utf-8")
    ingest(1)
    assert states(typed) == ["warning"]
    told = typed("patrol", "thresholds", "--json").json()
    assert told["hosts"] == {"app-1": {"disk_percent": {"warning": 40.0, "critical": 99.0}}}
    assert "40 / 99" in typed("patrol", "thresholds").out


def test_trend_of_a_figure_that_there_is_not_is_wrong_usage_and_names_what_there_is(typed, ingest):
    said = typed("patrol", "trend", "app-1", "--metric", "disk_procent")
    assert said.code == 2
    assert "disk_percent" in said.err and "jvm_threads" in said.err
    ingest(1)
    said = typed("patrol", "trend", "app-1", "--metric", "disk_procent", "--json")
    assert said.code == 2
    assert "--metric 的值「disk_procent」" in said.err.replace("\n", "")
    assert "disk_percent" in said.err and "jvm_threads" not in said.err
    assert typed("patrol", "trend", "app-1", "--metric", "jvm_threads").code == 0
    said = typed("patrol", "trend", "app-1", "--metric", "disk_percent", "--item", "/dta")
    assert said.code == 2
    assert "--item 的值「/dta」" in said.err and "/" in said.err


def test_a_processor_that_fell_was_not_cleaned_up(typed, ingest):
    for day in range(10):
        ingest(20 - day, 90)
    for day in range(10):
        ingest(10 - day, 40)
    (disk,) = typed("patrol", "trend", "app-1", "--metric", "disk_percent", "--item", "/", "--json").json()
    assert "清理后）" in disk["said"]
    assert FALL_WORDS == {True: "清理", False: "大幅下降"}
    figures = [Point(NOW + timedelta(days=day), 90.0 if day < 10 else 20.0) for day in range(12)]
    assert "最近一次大幅下降之后只有 2 次测量" in build_trend(figures).reason
    assert "最近一次清理之后只有 2 次测量" in build_trend(figures, full=100).reason
