"""What could shift a key to another option or cut an answer in two is asked about, not taken."""

import pytest
from made_bank import codes, judge

from eduops.sheet.workbook import Cell
from eduops.training.rules.bank_text import split_options

ONE_CELL: list[Cell] = ["题型", "题干", "选项", "答案"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("虚甲||虚丙|虚丁", "option_missing"),
        ("虚甲|  |虚丙|虚丁", "option_missing"),
        ("|虚甲|虚乙|虚丙", "option_missing"),
        ("虚甲\n\n虚丙\n虚丁", "option_missing"),
    ],
)
def test_an_option_left_out_in_one_cell_keeps_its_place_and_is_missed(text: str, code: str) -> None:
    judged = judge(ONE_CELL, ["单选题", "虚构哪个", text, "C"])
    assert codes(judged) == [(2, "C", code)]


@pytest.mark.parametrize("text", ["虚甲|虚乙|", "虚甲|虚乙| | ", "虚甲\n\n虚乙", "A、虚甲\n\n\nB、虚乙"])
def test_marks_at_the_end_and_empty_lines_between_options_are_no_options(text: str) -> None:
    assert split_options(text) == ["虚甲", "虚乙"]
