"""Rows and columns that a question bank's author meant and the import must not pass over in silence."""

import pytest

from eduops.sheet.workbook import Cell
from eduops.training.rules.bank_layout import HeaderNotFound
from eduops.training.rules.bank_mapping import Mapping
from tests.training.made_bank import HEAD, codes, judge


def stems(*rows: list[Cell], name: str = "题库") -> list[str]:
    return [draft.entry.texts.get("stem", "") for draft in judge(*rows, name=name).good]


def test_a_richer_header_further_down_drops_no_question_above_it() -> None:
    judged = judge(
        ["题型", "题干", "答案"],
        ["判断题", "虚构说法一", "对"],
        ["判断题", "虚构说法二", "错"],
        ["题型", "题干", "选项A", "选项B", "答案"],
        ["单选题", "虚构题三", "甲", "乙", "B"],
    )
    assert [draft.entry.row for draft in judged.good] == [2, 3]
    assert codes(judged) == [(4, "A", "header_repeated")]
    assert "第 5 行" in judged.errors[0].message


def test_a_later_header_with_its_columns_in_another_order_is_an_error() -> None:
    judged = judge(
        ["题干", "答案", "解析"],
        ["虚构简述一", "三期", "略"],
        ["题干", "解析", "答案"],
        ["虚构简述二", "因为", "两期"],
    )
    assert [draft.entry.row for draft in judged.good] == [2]
    assert codes(judged) == [(3, "A", "header_repeated")]


@pytest.mark.parametrize(
    "again", [HEAD, ["题型", "题目", "A", "B", "C", "正确答案"], [*HEAD[:2], "选项 A", *HEAD[3:]]]
)
def test_a_header_said_again_in_other_words_is_told_and_no_question(again: list[Cell]) -> None:
    question: list[Cell] = ["单选题", "虚构题", "甲", "乙", "丙", "A"]
    judged = judge(HEAD, question, again, [question[0], "虚构题二", *question[2:]])
    assert len(judged.good) == 2
    assert judged.errors == []
    assert "工作表「题库」：第 3 行重复了表头，不是题目" in judged.assumptions


def test_a_question_about_a_heading_is_a_question() -> None:
    judged = judge(HEAD, ["单选题", "护理计划的第二步是什么（虚构）", "评估", "问题", "答案", "A"])
    assert len(judged.good) == 1


@pytest.mark.parametrize(
    ("head", "cells", "field"),
    [
        (
            ["题型", "病例", "题干", "选项A", "选项B", "答案"],
            ["单选题", "虚构病例", "首选检查", "甲", "乙", "A"],
            "stem",
        ),
        (
            ["题型", "题目", "问题", "选项A", "选项B", "答案"],
            ["单选题", "虚构病例", "首选检查", "甲", "乙", "A"],
            "stem",
        ),
        (
            ["题型", "题干", "选项A", "选项B", "答案", "正确答案"],
            ["单选题", "虚构题", "甲", "乙", "A", "B"],
            "key",
        ),
        (
            ["题型", "题干", "选项A", "选项B", "答案", "正确答案"],
            ["单选题", "虚构题", "甲", "乙", "A", None],
            "key",
        ),
    ],
)
def test_two_columns_for_stem_or_key_that_differ_are_refused(
    head: list[Cell], cells: list[Cell], field: str
) -> None:
    with pytest.raises(HeaderNotFound, match="内容却不同（第 2 行）") as refused:
        judge(head, cells)
    assert f"columns.{field}" in refused.value.hint
    assert (
        len(
            judge(
                head,
                cells,
                mapping=Mapping.model_validate({"columns": {field: "C" if field == "stem" else "E"}}),
            ).drafts
        )
        == 1
    )


def test_two_columns_for_the_key_that_agree_are_told_only() -> None:
    head: list[Cell] = ["题型", "题干", "选项A", "选项B", "答案", "正确答案"]
    judged = judge(head, ["单选题", "虚构题", "甲", "乙", "A", "A"])
    assert len(judged.good) == 1
    assert any("有几列都像「答案」" in sentence for sentence in judged.assumptions)
