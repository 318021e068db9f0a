"""The header row under titles and notes, whatever its author did to the names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.sheet.header import Ambiguity, bare_header, find_header, normalise_header
from eduops.sheet.workbook import Cell, Sheet

VOCABULARY = {
    "type": ["题型", "题目类型"],
    "stem": ["题干", "题目"],
    "answer": ["正确答案", "答案"],
    "option": [re.compile(r"选项([a-z]|\d+|[一二三四五六七八九十])"), re.compile(r"([a-h])")],
}


def make_sheet(*rows: list[Cell], first_row: int = 1) -> Sheet:
    return Sheet("题库", list(rows), first_row=first_row)


def test_header_is_found_under_a_title_and_a_note() -> None:
    sheet = make_sheet(
        ["护理题库导入模板"],
        [],
        ["说明：题型写单选、多选"],
        ["题型", "题干", "答案"],
        ["单选", "虚构题干", "A"],
        first_row=3,
    )
    header = find_header(sheet, VOCABULARY, required=["stem", "answer"])
    assert header is not None
    assert (header.row, header.columns) == (6, {"type": 0, "stem": 1, "answer": 2})


@pytest.mark.parametrize(
    "written",
    [
        "题干",
        " 题 干 ",
        "*题干",
        "题干*",
        "题干（必填）",
        "【必填】题干",
        "题干：",
        "题干(必填)＊",
        "题\n干\ufeff",
    ],
)
def test_marks_and_spaces_around_a_name_do_not_hide_it(written: str) -> None:
    header = find_header(make_sheet([written, "答案"]), VOCABULARY, required=["stem"])
    assert header is not None
    assert header.columns["stem"] == 0


def test_full_width_and_lower_case_letters_are_the_same_option() -> None:
    header = find_header(
        make_sheet(["题干", "选项Ａ", "选项b（必填）", "选项 C"]), VOCABULARY, required=["option"]
    )
    assert header is not None
    assert header.family("option") == {0: 1, 1: 2, 2: 3}


def test_letters_numbers_and_chinese_numerals_name_options() -> None:
    for names in (["A", "B"], ["选项1", "选项2"], ["选项一", "选项二"]):
        header = find_header(make_sheet(["题干", *names]), VOCABULARY, required=["stem", "option"])
        assert header is not None
        assert header.columns == {"stem": 0, "option[0]": 1, "option[1]": 2}


def test_missing_required_field_finds_nothing() -> None:
    assert find_header(make_sheet(["题型", "题干"]), VOCABULARY, required=["stem", "answer"]) is None
    assert find_header(make_sheet(), VOCABULARY, required=["stem"]) is None
    assert find_header(make_sheet(["甲", "乙"]), VOCABULARY, required=[]) is None


def test_the_better_name_wins_and_the_other_column_is_reported() -> None:
    header = find_header(make_sheet(["答案", "题干", "正确答案", "备注"]), VOCABULARY, required=["answer"])
    assert header is not None
    assert header.columns["answer"] == 2
    assert header.ambiguous == (Ambiguity("answer", (2, 0)),)
    assert header.unknown == ((0, "答案"), (3, "备注"))


def test_two_columns_with_the_same_name_are_ambiguous_and_the_left_one_is_taken() -> None:
    header = find_header(make_sheet(["题干", "题干", "答案"]), VOCABULARY, required=["stem"])
    assert header is not None
    assert header.columns["stem"] == 0
    assert header.ambiguous == (Ambiguity("stem", (0, 1)),)


def test_a_column_serves_one_field_only() -> None:
    vocabulary = {"name": ["姓名"], "learner": ["姓名", "学员"]}
    header = find_header(make_sheet(["姓名"]), vocabulary, required=[])
    assert header is not None
    assert list(header.columns.values()) == [0]


def test_the_fullest_row_wins_and_the_first_of_equals() -> None:
    sheet = make_sheet(["题干", "填在这里"], ["题型", "题干", "答案"], ["题型", "题干", "答案"])
    header = find_header(sheet, VOCABULARY, required=["stem"])
    assert header is not None
    assert header.row == 2


@pytest.mark.parametrize(("blank_rows", "is_found"), [(29, True), (30, False)])
def test_only_the_first_thirty_rows_are_scanned(blank_rows: int, is_found: bool) -> None:
    sheet = make_sheet(*[[None]] * blank_rows, ["题干", "答案"])
    assert (find_header(sheet, VOCABULARY, required=["stem"]) is not None) is is_found


def test_a_bracketed_part_can_be_the_name() -> None:
    vocabulary = {"usual": ["成绩(平时)"], "final": ["成绩（期末）"]}
    header = find_header(make_sheet(["成绩（平时）", "成绩(期末)"]), vocabulary, required=["usual", "final"])
    assert header is not None
    assert header.columns == {"usual": 0, "final": 1}


@given(st.text())
def test_normalising_twice_changes_nothing_that_matters(text: str) -> None:
    once = normalise_header(text)
    assert not any(letter.isspace() for letter in once)
    assert normalise_header(f"  {text}\n") == once
    assert bare_header(text) or not once


@given(
    st.sampled_from(["题干", "选项a", "正确答案"]),
    st.sampled_from(["（必填）", "(选填)", "*", "：", "【必填】", " ", "＊"]),
)
def test_any_mark_after_a_name_leaves_the_name(name: str, mark: str) -> None:
    assert bare_header(name + mark) == name
