"""`eduops patrol coverage` as it is typed."""

import pytest

from eduops.sheet.read import read_workbook


@pytest.fixture
def hosts(typed, monkeypatch):
    """A production and a test host since Monday; the first was patrolled by hand on Tuesday and Wednesday."""
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-02T09:00:00+08:00")
    for code, environment in (("app-1", "production"), ("try-1", "test")):
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
    for at, kind in (("2026-03-03 09:00", "daily"), ("2026-03-04 09:00", "big")):
        words = ("--at", at, "--kind", kind, "--state", "normal", "--note", "看过")
        assert typed("patrol", "record", "app-1", *words).code == 0


def test_a_gap_of_a_production_host_ends_with_one_and_a_test_host_is_not_counted(typed, hosts):
    said = typed("patrol", "coverage")
    assert said.code == 1
    assert "主机 app-1 缺巡检：2026-03-02" in said.out
    assert "主机 try-1" not in said.out and "try-1（测试，不计）" in said.out
    full = typed("patrol", "coverage", "--from", "2026-03-03", "--to", "2026-03-04", "--host", "app-1")
    assert full.code == 0 and "100%" in full.out
    assert typed("patrol", "coverage", "--host", "try-1").code == 0


def test_the_calendar_reads_without_colours_and_folds_at_the_terminals_width(typed, hosts, monkeypatch):
    said = typed("patrol", "coverage", "--month", "2026-03").out
    row = next(line for line in said.splitlines() if line.startswith("app-1"))
    assert row.split() == ["app-1", ".", "X", "d", "b", *"?" * 27]
    assert "X 缺巡检" in said and "小写 人工登记" in said

    from rich.console import Console

    from eduops.cli import out

    monkeypatch.setattr(out, "console", lambda: Console(width=80, soft_wrap=False))
    narrow = typed("patrol", "coverage", "--month", "2026-03").out
    rows = [line for line in narrow.splitlines() if line.startswith("app-1 ")]
    assert sum(line.count("?") for line in rows if "%" not in line) == 27
    assert max(map(len, rows)) <= 80 and len([line for line in rows if "%" not in line]) == 2


def test_programs_get_days_gaps_and_when_the_next_big_one_is_due(typed, hosts):
    found = typed("patrol", "coverage", "--host", "app-1", "--json").json()
    (host,) = found["hosts"]
    assert (found["from"], found["to"]) == ("2026-03-01", "2026-03-31")
    assert host["gaps"] == [{"first_on": "2026-03-02", "last_on": "2026-03-02", "days": 1}]
    assert (host["done"], host["due"], host["percent"]) == (2, 3, 66.6)
    assert (host["big"]["last_on"], host["big"]["due_on"], host["big"]["days_since"]) == (
        "2026-03-04",
        "2026-03-18",
        1,
    )
    assert host["days"][3] == {
        "day": "2026-03-04",
        "mark": "big",
        "is_manual": True,
        "runs": ["PAT-2026-0002"],
    }


def test_a_workbook_holds_the_calendar_and_the_gaps(typed, hosts, tmp_path):
    file = tmp_path / "覆盖.xlsx"
    assert typed("patrol", "coverage", "--xlsx", file).code == 1
    calendar, gaps = read_workbook(file).sheets
    assert any("app-1" in row for row in calendar.rows)
    assert any("缺巡检：2026-03-02" in str(row) for row in gaps.rows)
    assert typed("patrol", "coverage", "--xlsx", file).code == 4, "never over one that is there"


@pytest.mark.parametrize(
    "words",
    [
        ("--month", "2026"),
        ("--month", "2026-13"),
        ("--month", "2026-03", "--from", "2026-03-01"),
        ("--from", "2026-03-05", "--to", "2026-03-04"),
        ("--from", "2020-01-01", "--to", "2026-03-04"),
    ],
)
def test_days_that_cannot_be_are_refused_as_wrong_usage(typed, hosts, words):
    assert typed("patrol", "coverage", *words).code == 2


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026-3", "9999-12"])
def test_a_month_that_there_is_not_is_said_as_it_was_typed(typed, hosts, month):
    said = typed("patrol", "coverage", "--month", month)
    assert (said.code, said.out) == (2, "")
    assert f"--month 的值「{month}" in said.err


def test_nobody_under_care_is_said(typed, home):
    said = typed("patrol", "coverage")
    assert said.code == 0 and "没有看护中的主机" in said.out
