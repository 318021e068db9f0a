"""What a reader of the bank import found: keys that would have pointed elsewhere, words that were cut off."""

from pathlib import Path

import pytest

from eduops.sheet.workbook import Cell, Sheet, Workbook
from eduops.training.rules.bank_judge import Judgement, judge_workbook
from eduops.training.rules.bank_word import find_type_in_title

HEAD: list[Cell] = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案"]


def judge(*rows: list[Cell], head: list[Cell] = HEAD, name: str = "题库") -> Judgement:
    return judge_workbook(Workbook(Path("虚构.xlsx"), "xlsx", (Sheet(name, [head, *rows]),)))


def codes(judged: Judgement) -> list[tuple[int, str]]:
    return [(error.row, error.code) for error in judged.errors]


@pytest.mark.parametrize("keys", ["AAB", "ABA", "BAA", "ABC"])
def test_of_three_that_contradict_each_other_none_goes_in(keys: str) -> None:
    judged = judge(*(["单选题", "虚构三同", "甲", "乙", "丙", "丁", key] for key in keys))
    assert codes(judged) == [(row, "key_conflict") for row in (2, 3, 4)]
    assert judged.good == []


@pytest.mark.parametrize(
    "options",
    [["A 型超声", "B 超", "C 臂", "D 二聚体"], ["A 群链球菌", "B 群病毒", "C 反应蛋白", "D 二聚体"]],
)
def test_an_option_that_begins_with_a_letter_keeps_it(options: list[str]) -> None:
    (draft,) = judge(["单选题", "虚构题", *options, "A"]).good
    assert draft.question is not None
    assert list(draft.question.options) == options
    assert draft.entry.repairs == set()


@pytest.mark.parametrize(
    "text", ["A、甲\nB、乙\nD、丁\nE、戊", "A、甲\nA、乙\nC、丙", "B、甲|C、乙", "A.甲\nC.乙\nB.丙"]
)
def test_letters_in_one_cell_that_do_not_run_on_are_not_guessed_at(text: str) -> None:
    judged = judge(["单选题", "虚构题", text, "B"], head=["题型", "题干", "选项", "答案"])
    assert [code for _, code in codes(judged)][:1] == ["options_unsplit"]
    assert judged.good == []


def test_letters_in_columns_that_are_not_the_columns_are_not_guessed_at() -> None:
    assert codes(judge(["单选题", "虚构题", "A、甲", "C、乙", "B、丙", "D、丁", "B"])) == [
        (2, "option_letters")
    ]


@pytest.mark.parametrize("key", ["A…D", "A..D", "A...D"])
def test_a_run_of_letters_is_not_two_letters(key: str) -> None:
    assert codes(judge(["多选题", "虚构题", "甲", "乙", "丙", "丁", key])) == [(2, "key_unknown")]


@pytest.mark.parametrize("title", ["试卷B", "第一章 维生素B", "试卷A4", "第三章 病例", "附录X"])
def test_a_letter_or_a_case_in_a_title_names_no_type(title: str) -> None:
    assert find_type_in_title(title) is None


@pytest.mark.parametrize(
    "title", ["B1型题", "一、A1型题", "病例分析题", "案例分析", "B", "x", "判断", "一、多项选择题（每题2分）"]
)
def test_a_type_in_a_title_is_still_known(title: str) -> None:
    assert find_type_in_title(title) is not None


def test_a_sheet_called_paper_b_holds_plain_questions() -> None:
    judged = judge(["虚构题", "甲", "乙", "A"], head=["题干", "选项A", "选项B", "答案"], name="试卷B")
    (draft,) = judged.good
    assert draft.group is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("位于第1、2肋", "位于第12肋"),
        ("稀释1:10", "稀释110"),
        ("稀释1：10", "稀释110"),
        ("记1，5分", "记15分"),
    ],
)
def test_a_mark_between_digits_tells_questions_apart(first: str, second: str) -> None:
    rows: list[list[Cell]] = [
        ["判断题", stem, key] for stem, key in ((first, "对"), (second, "错"), (first, "对"))
    ]
    judged = judge(*rows, head=["题型", "题干", "答案"])
    assert (len(judged.good), judged.duplicates, judged.errors) == (2, 1, [])


@pytest.mark.parametrize("type_", ["单选题", "多选题", None])
def test_a_key_that_is_an_options_own_letters_is_asked_about(type_: str | None) -> None:
    judged = judge([type_, "虚构的血型题", "A", "B", "AB", "O", "AB"])
    assert [code for _, code in codes(judged)] == ["key_unknown" if type_ else "type_unclear"]
    assert len(judge([type_, "虚构的血型题", "A", "B", "AB", "O", "C"]).good) == (type_ != "多选题")
