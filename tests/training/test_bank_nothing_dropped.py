"""Rows and columns that a question bank's author meant and the import must not pass over in silence."""

from pathlib import Path

import pytest

from eduops.sheet.workbook import Cell, Sheet, Workbook
from eduops.training.rules.bank_judge import judge_workbook
from eduops.training.rules.bank_layout import HeaderNotFound, Role
from eduops.training.rules.bank_mapping import Mapping
from eduops.training.rules.bank_title import is_note, is_title
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


OPEN_STEMS = [
    "一、简述虚构休克的分期",
    "（一）简述虚构抢救的措施",
    "三、何为虚构压疮",
    "第一心音在哪里听",
    "第二骶椎节段指什么",
    "第五节颈椎叫什么",
    "注意：口述虚构三查的内容",
    "说明：为什么不用虚构热水袋",
    "如何写好判断题",
]


def test_open_questions_that_begin_like_titles_or_notes_are_questions() -> None:
    assert stems(["题干", "答案"], *([stem] for stem in OPEN_STEMS), name="简答题") == OPEN_STEMS
    titled: list[list[Cell]] = [["题干", "答案"], ["二、简答题"], *([stem] for stem in OPEN_STEMS)]
    assert stems(*titled) == OPEN_STEMS


@pytest.mark.parametrize(
    "title",
    [
        "一、单选题",
        "二、简答题（共5题，每题10分）",
        "三、名词解释：共4题",
        "一、填空题与简答题",
        "第一部分 单项选择题",
        "第二章 虚构系统",
        "第三部分",
        "二、第二部分",
        "（一）内科护理单选题",
        "A1型题",
        "B1型题（配伍）",
        "五、综合应用题",
    ],
)
def test_titles_are_told_from_questions_and_named_with_their_rows(title: str) -> None:
    assert is_title(title)
    judged = judge(["题干", "答案"], ["二、简答题"], ["一、单选题"], [title], ["虚构的说法", "对"])
    assert f"第 4 行 {title[:20]}" in judged.assumptions[0]


@pytest.mark.parametrize(
    "note", ["注：答对才得分", "说明：题型写单选", "注意：每题只有一个答案", "【注】虚构"]
)
def test_notes_about_the_form_are_notes(note: str) -> None:
    assert is_note(note, is_stem=True)
    judged = judge(["题干", "答案"], [note], ["虚构的说法", "对"])
    assert f"工作表「题库」：当作注释，不是题目：第 2 行 {note}" in judged.assumptions


def test_a_sheet_of_titles_only_is_an_error() -> None:
    judged = judge(["题干", "答案"], ["一、单选题"], ["二、判断题"])
    assert codes(judged) == [(2, "", "no_questions")]


CASE_HEAD: list[Cell] = ["题型", "题组号", "共用题干", "题干", "选项A", "选项B", "答案"]


def case(
    stem: str, *, kind: str | None = "单选题", number: str | None = None, shared: str | None = None
) -> list[Cell]:
    return [kind, number, shared, stem, "甲", "乙", "A"]


def test_a_sections_title_ends_a_shared_stem() -> None:
    judged = judge(
        HEAD,
        ["共用题干", "虚构病例"],
        ["单选题", "第一问", "甲", "乙", None, "A"],
        [None, "二、单选题"],
        ["单选题", "别的题", "甲", "乙", None, "B"],
    )
    assert [draft.group is not None for draft in judged.good] == [True, False]


def test_an_a1_question_ends_a_shared_stem_and_it_is_said() -> None:
    judged = judge(
        HEAD,
        ["共用题干", "虚构病例"],
        ["单选题", "第一问", "甲", "乙", None, "A"],
        ["A1型题", "别的题", "甲", "乙", None, "B"],
        ["单选题", "再一题", "甲", "乙", None, "B"],
    )
    assert [draft.group is not None for draft in judged.good] == [True, False, False]
    assert any("题组到此为止：第 4 行" in sentence for sentence in judged.assumptions)


@pytest.mark.parametrize("kinds", [("A3/A4", None), ("单选题", "单选题"), (None, None)])
def test_rows_under_a_stem_said_once_are_asked_about(kinds: tuple[str | None, str | None]) -> None:
    first, then = kinds
    judged = judge(
        CASE_HEAD,
        case("第一问", kind=first, shared="虚构病例"),
        case("第二问", kind=then),
        case("第三问", kind=then),
    )
    assert codes(judged) == [(row, "C", "group_unclear") for row in (2, 3, 4)]


def test_where_stems_are_said_in_each_row_an_empty_one_is_none() -> None:
    judged = judge(
        CASE_HEAD,
        case("第一问", shared="虚构病例"),
        case("第二问", shared="虚构病例"),
        case("别的题"),
        case("孤题", shared="虚构病例二"),
        case("再一题"),
    )
    assert [draft.group is not None for draft in judged.good] == [True, True, False, True, False]


def test_a1_questions_and_judgements_below_a_single_case_are_themselves() -> None:
    judged = judge(
        CASE_HEAD,
        case("第一问", shared="虚构病例"),
        case("别的题", kind="A1型题"),
        ["判断题", None, None, "虚构说法", None, None, "对"],
    )
    assert [draft.group is not None for draft in judged.good] == [True, False, False]


@pytest.mark.parametrize("nothing", ["无", "/", "-", "—"])
def test_a_word_for_nothing_makes_no_group(nothing: str) -> None:
    judged = judge(CASE_HEAD, case("甲题", shared=nothing, number=nothing), case("乙题", shared=nothing))
    assert [draft.group for draft in judged.good] == [None, None]


def test_a_group_number_that_begins_again_in_a_later_section_is_no_part_of_the_first() -> None:
    rows = (case("第一问", number="1", shared="虚构病例"), case("第二问", number="1"))
    title: list[Cell] = [None, None, None, "二、A3/A4型题"]
    judged = judge(CASE_HEAD, *rows, title, case("第三问", number="1"))
    assert codes(judged) == [(5, "B", "group_split")]
    again = judge(CASE_HEAD, *rows, title, case("第三问", number="1", shared="虚构病例二"))
    assert len(again.good) == 3
    assert len({id(draft.group) for draft in again.good}) == 2


def test_a_group_number_that_comes_back_without_its_options_is_asked_about() -> None:
    judged = judge(
        ["题型", "题组号", "题干", "选项A", "选项B", "答案"],
        ["B1", "1", "甲题", "虚构一", "虚构二", "A"],
        ["B1", "1", "乙题", None, None, "B"],
        ["B1", "2", "丙题", "虚构三", "虚构四", "A"],
        ["B1", "1", "丁题", None, None, "B"],
    )
    assert (5, "B", "group_split") in codes(judged)


def test_what_stands_without_a_heading_behind_the_options_is_an_error() -> None:
    judged = judge(
        ["题型", "题干", "选项A", "选项B", None, "答案"],
        ["单选题", "虚构题一", "甲", "乙", "丙", "A"],
        ["单选题", "虚构题二", "甲", "乙", None, "A"],
    )
    assert codes(judged) == [(2, "E", "column_unheaded")]
    assert len(judged.good) == 1


def test_options_under_one_merged_heading_are_an_error() -> None:
    judged = judge(
        ["题型", "题干", "选项", None, None, "答案"], ["单选题", "虚构题一", "甲|乙", "丙", "丁", "B"]
    )
    assert codes(judged) == [(2, "D", "column_unheaded"), (2, "E", "column_unheaded")]


def test_other_columns_without_a_heading_are_named_as_unused() -> None:
    judged = judge(["题型", "题干", "答案", None, None], ["判断题", "虚构说法", "对", None, "随手记的"])
    assert len(judged.good) == 1
    assert any("没有用到的列：E （没有列名）" in sentence for sentence in judged.assumptions)


PLAIN: list[list[Cell]] = [["题干", "答案"], ["虚构说法", "对"]]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("虚构药品说明书题库", Role.DATA),
        ("帮助病人翻身", Role.DATA),
        ("填写说明", Role.INSTRUCTIONS),
        ("题目示例", Role.INSTRUCTIONS),
        ("示例（1）", Role.INSTRUCTIONS),
        ("使用说明和须知", Role.INSTRUCTIONS),
    ],
)
def test_a_sheet_is_instructions_by_its_whole_name_only(name: str, role: Role) -> None:
    sheets = (Sheet("题库", PLAIN), Sheet(name, [PLAIN[0], ["别的虚构说法", "错"]]))
    judged = judge_workbook(Workbook(Path("虚构.xlsx"), "xlsx", sheets))
    assert [layout.role for layout in judged.layouts] == [Role.DATA, role]


def test_is_it_right_beside_no_options_is_the_key_of_judgements() -> None:
    judged = judge(
        ["题型", "题干", "是否正确"], ["判断题", "虚构说法一", "对"], ["判断题", "虚构说法二", "错"]
    )
    assert [draft.question and draft.question.key for draft in judged.good] == [(("T",),), (("F",),)]


def test_is_it_right_beside_a_key_is_named_as_unused() -> None:
    judged = judge(["题干", "答案", "是否正确"], ["虚构说法一", "对", "错"])
    assert [draft.question and draft.question.key for draft in judged.good] == [(("T",),)]
    assert any("没有用到的列：C 是否正确" in sentence for sentence in judged.assumptions)


@pytest.mark.parametrize(("column", "letter"), [(1, "B"), (2, "C"), (5, "F")])
def test_a_number_that_its_format_shows_as_other_text_is_asked_about(column: int, letter: str) -> None:
    rows = [HEAD, ["单选题", "虚构题", "甲", "乙", "丙", "A"]]
    rows[1][column] = 0.21
    sheet = Sheet("题库", rows, formatted=frozenset({(2, column)}))
    judged = judge_workbook(Workbook(Path("虚构.xlsx"), "xlsx", (sheet,)))
    found = [error for error in judged.errors if error.code == "cell_formatted"]
    assert [(error.row, error.column) for error in found] == [(2, letter)]
    assert "0.21" in found[0].message
