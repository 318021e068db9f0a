"""`eduops patrol problem`, `run --open-tickets` and patrols on exam days, as they are typed."""

from datetime import datetime, timedelta

import pytest
from patrol.healthy_document import build_healthy, put, sign

from eduops.core.shipped import find_shipped

NOW = datetime.fromisoformat("2026-03-05T11:50:00+08:00")


@pytest.fixture
def app_1(typed):
    words = ("--name", "应用（虚构）", "--address", "10.66.0.11", "--role", "application", "--invented")
    assert typed("host", "add", "app-1", *words).code == 0


@pytest.fixture
def ingest(typed, tmp_path, monkeypatch, app_1):
    """Takes a patrol in, so many hours later, that found the root file system at a percentage."""

    def call(hours: int, percent: float) -> None:
        at = NOW + timedelta(hours=hours)
        monkeypatch.setenv("EDUOPS_NOW", at.isoformat())
        document = put(build_healthy(), "disks", "filesystems.0.used_percent", percent)
        document["measured_at"] = document["finished_at"] = (at - timedelta(hours=8, minutes=5)).strftime(
            "%Y-%m-%dT%H:%M:%S.000Z"
        )
        file = tmp_path / f"{hours}.json"
        file.write_bytes(sign(document))
        assert typed("patrol", "ingest", file, "--host", "app-1").code in (0, 1)

    return call


def follow(typed, *words):
    said = typed("patrol", "problem", "open-tickets", *words, "--json")
    assert said.code == 0, said.err
    return said.json()


def test_a_critical_problem_has_a_ticket_and_is_shown_with_it(typed, ingest):
    ingest(0, 97)
    (done,) = follow(typed)
    (opened,) = done["opened"]
    assert (opened["ticket"], done["open_problems"]) == ("INC-2026-0001", 1)
    shown = typed("ticket", "show", "INC-2026-0001").out
    assert "巡检发现" in shown and "97%" in shown and "PAT-2026-0001" in shown and "巡检备注" in shown
    (row,) = typed("patrol", "problem", "list", "--json").json()
    assert (row["host"], row["ticket_ref"], row["state"], row["metric"]) == (
        "app-1", "INC-2026-0001", "critical", "disk_percent",
    )  # fmt: skip
    one = typed("patrol", "problem", "show", row["number"], "--json").json()
    assert (one["first_run"], one["seen_count"]) == ("PAT-2026-0001", 1)
    assert "INC-2026-0001" in typed("patrol", "problem", "show", row["number"]).out
    assert typed("patrol", "problem", "show", 99).code == 4


def test_it_may_be_called_as_often_as_one_likes(typed, ingest):
    ingest(0, 97)
    follow(typed)
    again = follow(typed)
    assert [(each["opened"], each["notes"]) for each in again] == [([], [])]
    assert "已有工单" in typed("patrol", "problem", "open-tickets").out
    assert len(typed("ticket", "list", "--json").json()) == 1


def test_a_rehearsal_opens_nothing(typed, ingest):
    ingest(0, 97)
    said = typed("patrol", "problem", "open-tickets", "--dry-run")
    assert "新工单" in said.out and "预演" in said.err
    assert typed("ticket", "list", "--json").json() == []
    assert typed("patrol", "problem", "list", "--json").json() == []


def test_its_end_is_proposed_and_the_ticket_stays_the_desks(typed, ingest):
    ingest(0, 97)
    follow(typed)
    for hours in (1, 2):
        ingest(hours, 40)
        (done,) = follow(typed)
    (note,) = done["notes"]
    assert note["sort"] == "gone" and "eduops ticket resolve INC-2026-0001" in note["text"]
    assert typed("patrol", "problem", "list", "--json").json() == []
    assert len(typed("patrol", "problem", "list", "--all", "--json").json()) == 1
    assert typed("ticket", "show", "INC-2026-0001", "--json").json()["state"] == "open"


def test_of_a_host_that_was_retired_nobody_says_that_its_problem_is_gone(typed, ingest):
    ingest(0, 97)
    follow(typed)
    assert typed("host", "retire", "app-1", "--yes").code == 0
    assert follow(typed) == []
    assert "主机已停用" in typed("patrol", "problem", "list").out


def test_no_problem_is_said_plainly(typed, ingest):
    ingest(0, 40)
    assert "没有严重问题" in typed("patrol", "problem", "open-tickets").out
    assert "没有登记过" in typed("patrol", "problem", "list").out


@pytest.fixture
def here(typed):
    assert typed("host", "add", "here", "--name", "本机（虚构）", "--invented").code == 0


def test_a_patrol_that_is_run_can_open_tickets_itself(typed, here, home):
    shipped = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    full = shipped.replace(
        "memory_percent: {warning: 85, critical: 95}", "memory_percent: {warning: 0, critical: 0}"
    )
    (home / "patrol.yaml").write_text(full, encoding="utf-8")
    run = typed("patrol", "run", "--open-tickets", "--json").json()
    opened = run["tickets"]["opened"]
    assert any("内存" in each["title"] for each in opened)
    tickets = typed("ticket", "list", "--json").json()
    assert {ticket["ref"] for ticket in tickets} == {each["ticket"] for each in opened}


def test_while_people_sit_an_exam_heavy_probes_are_left_out_and_that_is_said(typed, here, monkeypatch):
    for words in (
        ("tenant", "sync"),
        ("programme", "sync"),
        ("bank", "import", find_shipped("configs", "demo", "questions.csv"), "--bank", "虚构题库"),
        ("paper", "build", "--bank", "虚构题库", "--title", "虚构卷", "--take", "single=4:2.5"),
        ("exam", "schedule", "--paper", "PAP-2026-0001", "--programme", "basic-skills", "--title", "虚构考试",
         "--opens", "2026-03-05 11:00", "--invented"),
    ):  # fmt: skip
        assert typed(*words).code == 0, words
    said = typed("patrol", "run", "--json")
    run = said.json()
    assert "考试进行中（虚构考试）" in said.err and "--full" in said.err
    assert run["is_light"] and "未做重负载检查" in run["note"] and "轻量" in run["kind_text"]
    assert run["finished_at"] is not None, "it counts as a finished patrol"
    full = typed("patrol", "run", "--full", "--json")
    assert not full.json()["is_light"] and "考试" not in full.err
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-05T12:00:00+08:00")
    (day,) = typed("patrol", "coverage", "--from", "2026-03-05", "--to", "2026-03-05", "--json").json()[
        "hosts"
    ][0]["days"]
    assert day["mark"] == "daily"
