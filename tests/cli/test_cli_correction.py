"""`eduops correction` as it is typed; people and places are invented (虚构)."""

from pathlib import Path

import pytest
from cli.conftest import ACTOR, Typed

REF = "COR-2026-0001"
WAY = (
    (
        "request",
        "--target",
        "成绩表",
        "--reason",
        "断电写坏",
        "--statement",
        "改回原分",
        "--by",
        "张老师（虚构）",
    ),
    ("approve", REF, "--by", "李主任（虚构）", "--document", "单-1"),
    ("apply", REF, "--before", '{"score": 0}', "--after", '{"score": 81}', "--undo", "改回 0"),
    ("undo", REF, "--reason", "改错了人"),
)


def test_whole_way_is_on_record(typed: Typed, home: Path) -> None:
    for words, state in zip(WAY, ("requested", "approved", "applied", "undone"), strict=True):
        assert "预演" in typed("correction", *words, "--dry-run").out
        assert typed("correction", *words, "--json").json()["state"] == state
    shown = typed("correction", "show", REF, "--json").json()
    assert (shown["before"], shown["after"], shown["applied_by"]) == ({"score": 0}, {"score": 81}, ACTOR)
    assert "改错了人" in typed("correction", "show", REF).out
    assert "已撤回" in typed("correction", "list").out
    assert [each["subject"] for each in typed("audit", "list", "--json").json()] == [REF] * 4


@pytest.mark.parametrize("words", WAY)
def test_nobody_corrects_without_a_name(
    typed: Typed, home: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("EDUOPS_ACTOR")
    said = typed("correction", *words)
    assert said.code == 4
    assert "EDUOPS_ACTOR" in said.err


def test_steps_keep_their_order(typed: Typed, home: Path) -> None:
    typed("correction", *WAY[0])
    said = typed("correction", *WAY[2])
    assert said.code == 4
    assert "待批准，不能执行" in said.err


def test_value_that_is_no_json_stays_as_it_was_typed(typed: Typed, home: Path) -> None:
    for words in WAY[:2]:
        typed("correction", *words)
    made = typed(
        "correction", "apply", REF, "--before", "NaN", "--after", "八十一分", "--undo", "改回", "--json"
    ).json()
    assert (made["before"], made["after"]) == ("NaN", "八十一分")


def test_empty_word_is_wrong_usage(typed: Typed, home: Path) -> None:
    said = typed("correction", *WAY[0][:-1], " ")
    assert said.code == 2
    assert "没有写提出人" in said.err


def test_approval_before_the_request_is_refused_with_both_times(typed: Typed, home: Path) -> None:
    assert typed("correction", *WAY[0], "--at", "11:30").code == 0
    said = typed("correction", *WAY[1], "--at", "11:29")
    assert said.code == 4
    assert "批准 2026-03-05 11:29 早于提出 2026-03-05 11:30" in said.err
    assert typed("correction", *WAY[1], "--at", "11:30").code == 0
    assert (
        "执行 2026-03-05 11:29 早于批准 2026-03-05 11:30" in typed("correction", *WAY[2], "--at", "11:29").err
    )
