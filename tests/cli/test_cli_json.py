"""Every command speaks JSON, with the same numbers as the table that people read."""

import re
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import Typed, run
from house.test_commands import commands_of

from eduops.cli import out
from eduops.cli.table_of_nouns import NOUNS

EXAM, PAPER = "EXM-2026-0001", "PAP-2026-0001"
DAYS = ("--from", "2026-03-02", "--to", "2026-03-05")


READING = {
    "list",
    "show",
    "count",
    "stats",
    "explain",
    "check",
    "evaluate",
    "review",
    "ledger",
    "verify",
    "doctor",
}


@pytest.mark.parametrize("noun", NOUNS)
def test_every_reading_command_takes_json(noun: str) -> None:
    assert not [
        name
        for name, command in commands_of(noun)
        if name.split()[-1] in READING and not any("--json" in each.opts for each in command.params)
    ]


@pytest.mark.parametrize(
    ("words", "rows", "keys"),
    [
        (["tenant", "list"], 31, ["name", "learners"]),
        (["learner", "list"], 8, ["staff_number", "name"]),
        (["programme", "list"], 11, ["code", "name"]),
        (["bank", "list"], 1, ["name", "questions"]),
        (["paper", "list"], 1, ["ref", "items", "points"]),
        (["paper", "show", PAPER], 4, ["number", "points"]),
        (["exam", "list"], 1, ["ref", "paper", "minutes_allowed"]),
        (["score", "list", EXAM], 3, ["staff_number", "points"]),
        (["ticket", "list"], 2, ["ref", "title"]),
        (["ticket", "list", "--open"], 1, ["ref", "title"]),
        (["ticket", "list", "--from", "2026-03-04", "--to", "2026-03-04"], 1, ["ref"]),
        (["sla", "ledger"], 1, ["id", "clause", "counted"]),
        (["backup", "list"], 2, ["ref", "kind_text"]),
        (["backup", "list", "--kind", "drill"], 1, ["ref"]),
        (["report", "list"], 1, ["ref", "period", "version"]),
        (["audit", "list"], 22, ["id", "command"]),
        (["audit", "list", "--limit", "2"], 2, ["id"]),
    ],
)
def test_table_and_json_hold_the_same_rows(
    typed: Typed, quarter: Path, words: list[str], rows: int, keys: list[str]
) -> None:
    listed = typed(*words, "--json")
    assert listed.code == 0
    assert len(listed.json()) == rows
    table = typed(*words).out
    assert re.search(f"（(前 )?{rows}[），]", table.splitlines()[0])
    cells = [cell.strip() for line in table.splitlines() for cell in line.split("│")]
    for row in listed.json():
        for key in keys:
            assert as_cell(key, row[key]) in cells


def as_cell(key: str, value: Any) -> str:  # Any: a JSON value
    """How the table writes a value: points with the two digits that the database keeps."""
    return f"{value:.2f}" if key == "points" else out.text(value)


@pytest.mark.parametrize(
    "words",
    [
        ["score", "stats", EXAM],
        ["ticket", "show", "INC-2026-0001"],
        ["learner", "count"],
        ["sla", "evaluate", *DAYS],
        ["sla", "review", *DAYS],
        ["sla", "verify"],
        ["audit", "verify"],
        ["contract", "show"],
        ["contract", "explain", "2.3"],
        ["bank", "show", "虚构题库"],
        ["bank", "stats", "虚构题库"],
        ["host", "list"],
        ["patrol", "list"],
        ["doctor"],
    ],
)
def test_every_other_question_is_answered_in_json_too(typed: Typed, quarter: Path, words: list[str]) -> None:
    told = typed(*words, "--json")
    assert told.err == ""
    assert told.json() is not None
    assert typed(*words).code == told.code


def test_statistics_are_the_scores_own(typed: Typed, quarter: Path) -> None:
    points = [row["points"] for row in typed("score", "list", EXAM, "--json").json()]
    stats = typed("score", "stats", EXAM, "--json").json()
    assert (stats["attempts"], stats["graded"], stats["full_points"]) == (3, 3, 10)
    assert (stats["highest"], stats["lowest"]) == (max(points), min(points))
    assert stats["passed"] == sum(each >= 6 for each in points)
    assert f"{stats['average']:.2f}" in typed("score", "stats", EXAM).out


def test_a_late_response_is_one_breach_in_every_place(typed: Typed, quarter: Path) -> None:
    evaluated = typed("sla", "evaluate", *DAYS, "--json").json()
    assert evaluated["counted"] == 1
    assert "计违约 1 次（2.3 1 次" in typed("sla", "evaluate", *DAYS).out
    [entry] = typed("sla", "ledger", "--json").json()
    assert (entry["clause"], entry["subject"], entry["counted"]) == ("2.3", "INC-2026-0001", 1)
    assert typed("sla", "review", *DAYS, "--json").json() == []


def test_a_tickets_steps_carry_both_instants(typed: Typed, quarter: Path) -> None:
    shown = typed("ticket", "show", "INC-2026-0001", "--json").json()
    steps = ["open", "respond", "wait", "go_on", "resolve", "close", "record"]
    assert [event["step"] for event in shown["events"]] == steps
    assert {event["recorded_at"] for event in shown["events"]} == {"2026-03-05T03:50:00Z"}
    assert shown["state"] == "closed"
    table = typed("ticket", "show", "INC-2026-0001").out
    # A record happens when it is written.
    assert len(re.findall(r"2026-03-05 11:50", table)) == len(steps) + 1


def test_reading_changes_nothing(typed: Typed, quarter: Path) -> None:
    before = (quarter / "eduops.db").read_bytes()
    for words in (["ticket", "list"], ["sla", "evaluate", *DAYS], ["score", "stats", EXAM], ["doctor"]):
        run(*words)
    assert (quarter / "eduops.db").read_bytes() == before
