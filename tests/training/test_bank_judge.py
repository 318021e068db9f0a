"""A workbook of any usual shape is understood, and every error of every row is named."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_bank import HEAD, codes, judge, make_workbook

from eduops.core.errors import InputError
from eduops.sheet.workbook import Cell, Range, Sheet, Workbook
from eduops.training.rules.bank_judge import Judgement, judge_workbook
from eduops.training.rules.bank_mapping import Mapping
from eduops.training.rules.question import GroupKind, Question, QuestionType, check


def row(stem: str, key: Cell = "A", kind: Cell = "单选题") -> list[Cell]:
    return [kind, stem, "甲", "乙", "丙", key]


def questions(judgement: Judgement) -> list[Question]:
    assert judgement.errors == []
    return [draft.question for draft in judgement.good if draft.question is not None]


def types(judgement: Judgement) -> list[QuestionType]:
    return [question.type for question in questions(judgement)]


def test_data_sheet_is_found_among_instructions_lookups_and_hidden_sheets() -> None:
    book = Workbook(
        Path("虚构.xlsx"),
        "xlsx",
        (
            Sheet("使用说明", [["使用说明"], ["题型：必填"]]),
            Sheet("字典", [["编码", "名称"], ["1", "甲"]]),
            Sheet("旧题", [HEAD, row("旧的虚构题")], visible=False),
            Sheet("题库", [HEAD, row("虚构题一")]),
            Sheet("空表", []),
        ),
    )
    judged = judge_workbook(book)
    assert [layout.role.value for layout in judged.layouts] == [
        "instructions",
        "other",
        "hidden",
        "data",
        "empty",
    ]
    assert [question.stem for question in questions(judged)] == ["虚构题一"]


def test_a_sample_sheet_is_left_alone_where_there_are_real_data() -> None:
    sheets = (Sheet("填写示例", [HEAD, row("示例题")]), Sheet("题库", [HEAD, row("虚构题一")]))
    assert [q.stem for q in questions(judge_workbook(Workbook(Path("x"), "xlsx", sheets)))] == ["虚构题一"]
    assert len(questions(judge_workbook(Workbook(Path("x"), "xlsx", sheets[:1])))) == 1


def test_true_row_numbers_are_told_under_titles_and_empty_rows() -> None:
    judged = judge(["虚构医院题库"], [], HEAD, [], row("虚构题一"), [None], row("虚构题二", "E"))
    assert codes(judged) == [(7, "F", "key_outside")]
    assert any("表头在第 3 行" in sentence for sentence in judged.assumptions)


def test_every_error_of_a_row_is_listed() -> None:
    head: list[Cell] = [*HEAD, "难度", "分值"]
    judged = judge(head, ["单选题", None, "甲", "甲", None, "F", "很行", "零"])
    assert codes(judged) == [
        (2, "B", "stem_missing"),
        (2, "D", "options_equal"),
        (2, "F", "key_outside"),
        (2, "G", "difficulty_unknown"),
        (2, "H", "score_invalid"),
    ]
    assert (judged.rejected, len(judged.good)) == (1, 0)


def test_safe_repairs_are_made_and_counted_by_question() -> None:
    judged = judge(
        HEAD,
        ["多选题", " 虚构题一 ", "A、甲", "B、乙", "C、丙", "ａ、c"],
        ["判断题", "虚构的说法", None, None, None, "对 "],
        row("虚构题三"),
    )
    first, second, _ = questions(judged)
    assert (first.stem, first.options, first.key) == ("虚构题一", ("甲", "乙", "丙"), (("A",), ("C",)))
    assert second.key == (("T",),)
    assert judged.repaired == 2


def test_without_a_type_column_the_sheets_name_tells() -> None:
    judged = judge(["题干", "答案"], ["虚构的说法", "1"], name="判断题")
    assert types(judged) == [QuestionType.TRUE_FALSE]
    assert any("题型取自工作表的名字" in sentence for sentence in judged.assumptions)


def test_without_type_and_name_the_key_tells() -> None:
    head: list[Cell] = ["题干", "选项A", "选项B", "选项C", "答案"]
    judged = judge(
        head,
        ["虚构题一", "甲", "乙", "丙", "B"],
        ["虚构题二", "甲", "乙", "丙", "AB"],
        ["虚构题三", None, None, None, "错误"],
        ["虚构题四是____。", None, None, None, "甲"],
        ["虚构题五", None, None, None, "要点一；要点二"],
        ["虚构题六", "正确", "错误", None, "A"],
    )
    assert types(judged) == [
        QuestionType.SINGLE,
        QuestionType.MULTIPLE,
        QuestionType.TRUE_FALSE,
        QuestionType.BLANK,
        QuestionType.SHORT_ANSWER,
        QuestionType.TRUE_FALSE,
    ]


def test_what_the_key_cannot_tell_is_asked_for() -> None:
    judged = judge(
        ["题干", "选项A", "选项B", "答案"], ["虚构题一", None, None, "A"], ["虚构题二", "甲", "乙", None]
    )
    assert codes(judged) == [(2, "A", "type_unclear"), (3, "D", "key_missing")]


def test_section_titles_give_the_type_of_the_rows_below() -> None:
    judged = judge(
        ["题干", "选项A", "选项B", "答案"],
        ["一、单选题（每题1分）"],
        ["虚构题一", "甲", "乙", "A"],
        ["二、判断题"],
        ["虚构的说法", None, None, "×"],
        ["注：答对才得分"],
    )
    assert types(judged) == [QuestionType.SINGLE, QuestionType.TRUE_FALSE]


def test_a_header_printed_again_between_blocks_is_no_question() -> None:
    assert len(questions(judge(HEAD, row("虚构题一"), HEAD, row("虚构题二")))) == 2


def test_unknown_type_is_an_error_and_a_mapping_explains_it() -> None:
    rows: tuple[list[Cell], ...] = (HEAD, row("虚构题一", kind="最优型"))
    assert codes(judge(*rows)) == [(2, "A", "type_unknown")]
    assert types(judge(*rows, mapping=Mapping(types={"最优型": "单选题"}))) == [QuestionType.SINGLE]


def test_shared_stem_rows_open_groups() -> None:
    judged = judge(
        HEAD,
        ["共用题干", "虚构病例一"],
        row("第一问"),
        row("第二问", "AB", "多选题"),
        ["共用题干", "虚构病例二"],
        row("第一问"),
    )
    groups = [draft.group for draft in judged.good]
    assert [group and group.stem for group in groups] == ["虚构病例一", "虚构病例一", "虚构病例二"]
    assert len(questions(judged)) == 3


def test_a_shared_stem_without_questions_is_an_error() -> None:
    judged = judge(HEAD, ["共用题干", "虚构病例一"], ["共用题干", "虚构病例二"], row("第一问"))
    assert codes(judged) == [(2, "B", "group_empty")]


def test_a_row_that_may_or_may_not_belong_to_the_case_above_is_asked_about() -> None:
    judged = judge(
        HEAD, ["共用题干", "虚构病例"], row("第一问"), ["判断题", "虚构说法", None, None, None, "对"]
    )
    assert (4, "A", "group_unclear") in codes(judged)


CASE_HEAD: list[Cell] = ["题型", "共用题干", "题干", "选项A", "选项B", "答案"]


def test_a_merged_shared_stem_covers_its_rows_and_no_others() -> None:
    judged = judge(
        CASE_HEAD,
        ["单选题", "虚构病例", "第一问", "甲", "乙", "A"],
        ["单选题", None, "第二问", "甲", "乙", "B"],
        ["单选题", None, "另一题", "甲", "乙", "B"],
        merged=(Range(2, 1, 3, 1),),
    )
    assert [bool(draft.group) for draft in judged.good] == [True, True, False]


def test_an_empty_shared_stem_of_an_a3_row_belongs_to_the_group_above() -> None:
    judged = judge(
        CASE_HEAD,
        ["A3/A4", "虚构病例", "第一问", "甲", "乙", "A"],
        ["A3/A4", None, "第二问", "甲", "乙", "AB"],
    )
    assert types(judged) == [QuestionType.SINGLE, QuestionType.MULTIPLE]
    assert len({id(draft.group) for draft in judged.good}) == 1
    assert any("归入上面的题组" in sentence for sentence in judged.assumptions)


def test_an_a3_row_without_any_shared_stem_is_an_error() -> None:
    judged = judge(CASE_HEAD, ["A3/A4", None, "第一问", "甲", "乙", "A"])
    assert codes(judged) == [(2, "B", "group_stem_missing")]


B1_HEAD: list[Cell] = ["题型", "题组号", "题干", "选项A", "选项B", "选项C", "答案"]


@pytest.mark.parametrize("number", ["B01", None])
def test_b1_options_stand_on_the_first_row_only(number: str | None) -> None:
    judged = judge(
        B1_HEAD,
        ["B1", number, "第一问", "甲", "乙", "丙", "A"],
        ["B1", number, "第二问", None, None, None, "C"],
    )
    assert [question.options for question in questions(judged)] == [("甲", "乙", "丙")] * 2
    groups = {id(draft.group): draft.group for draft in judged.good}
    assert [group.kind for group in groups.values() if group] == [GroupKind.SHARED_OPTIONS]


def test_b1_rows_with_options_of_their_own_begin_another_group() -> None:
    judged = judge(
        B1_HEAD,
        ["B1", None, "第一问", "甲", "乙", None, "A"],
        ["B1", None, "第二问", "丙", "丁", None, "A"],
        ["B1", None, "第三问", None, None, None, "B"],
    )
    assert [question.options for question in questions(judged)] == [("甲", "乙"), ("丙", "丁"), ("丙", "丁")]


def test_with_one_bad_member_the_whole_group_stays_out() -> None:
    judged = judge(
        B1_HEAD,
        ["B1", "B01", "第一问", "甲", "乙", None, "A"],
        ["B1", "B01", "第二问", None, None, None, "E"],
        ["单选", None, "另一题", "甲", "乙", None, "A"],
    )
    assert codes(judged) == [(2, "", "in_bad_group"), (3, "G", "key_outside")]
    assert (judged.rejected, len(judged.good)) == (2, 1)


def test_one_row_an_option() -> None:
    head: list[Cell] = ["题目序号", "题目类型", "题目内容", "是否正确项", "选项内容"]
    judged = judge(
        head,
        [1.0, 1.0, "虚构题一", 0.0, "甲"],
        [1.0, None, None, 1.0, "乙"],
        [2.0, 2.0, "虚构题二", 1.0, 110.0],
        [2.0, None, None, 1.0, 3.5],
        [2.0, None, None, 0.0, "丙"],
        [3.0, 3.0, "虚构说法", 1.0, "正确"],
        [3.0, None, None, 0.0, "错误"],
    )
    first, second, third = questions(judged)
    assert (first.type, first.key) == (QuestionType.SINGLE, (("B",),))
    assert (second.type, second.options, second.key) == (
        QuestionType.MULTIPLE,
        ("110", "3.5", "丙"),
        (("A",), ("B",)),
    )
    assert (third.type, third.options, third.key) == (QuestionType.TRUE_FALSE, (), (("T",),))


def test_all_options_in_one_cell() -> None:
    head: list[Cell] = ["题干", "选项", "答案"]
    judged = judge(head, ["虚构题一", "A、甲 B、乙 C、丙", "B"], ["虚构题二", "甲|乙", "A"])
    assert [question.options for question in questions(judged)] == [("甲", "乙", "丙"), ("甲", "乙")]
    assert (2, "B", "options_unsplit") in codes(judge(head, ["虚构题一", "甲乙丙", "B"]))


def test_blank_answers_in_the_option_columns() -> None:
    judged = judge(HEAD, ["填空题", "甲是____，乙是____。", "一", "二", None, None])
    assert questions(judged)[0].key == (("一",), ("二",))
    assert questions(judged)[0].options == ()


def test_indefinite_choice_may_have_one_right_option_and_multiple_choice_may_not() -> None:
    judged = judge(HEAD, row("虚构题一", "A", "不定项选择题"), row("虚构题二", "A", "多选题"))
    assert codes(judged) == [(3, "F", "key_few")]
    assert judged.good[0].question is not None


def test_options_of_an_open_question_are_an_error() -> None:
    assert codes(judge(HEAD, row("虚构题一", "要点", "简答题"))) == [(2, "C", "options_unexpected")]


def test_a_date_where_text_belongs_is_an_error_and_a_long_number_too() -> None:
    judged = judge(
        HEAD,
        ["单选题", "虚构题一", date(2026, 1, 2), "乙", "丙", "A"],
        ["单选题", "虚构题二", 12345678901234567890.0, "乙", "丙", "A"],
    )
    assert codes(judged) == [(2, "C", "cell_date"), (3, "C", "digits_lost")]


def test_an_error_cell_is_an_error() -> None:
    rows: list[list[Cell]] = [HEAD, ["单选题", "虚构题一", None, "乙", "丙", "B"]]
    book = Workbook(Path("x"), "xlsx", (Sheet("题库", rows, errors=frozenset({(2, 2)})),))
    assert (2, "C", "cell_error") in codes(judge_workbook(book))


def test_all_fields_are_read() -> None:
    head: list[Cell] = [*HEAD, "解析", "难度", "分值", "知识点", "来源", "标签", "层级"]
    judged = judge(
        head, [*row("虚构题一"), "因为", "较难", "1.5分", "制度 && 查对/用药", "自编", "急诊，护理", "N1"]
    )
    assert questions(judged) == [
        Question(
            QuestionType.SINGLE, "虚构题一", ("甲", "乙", "丙"), (("A",),), False, "因为", "hard", Decimal("1.5"),
            ("制度", "查对", "用药"), "自编", ("急诊", "护理", "N1"),
        )
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+5", "-5", "@甲", '=HYPERLINK("x")'])
def test_text_that_looks_like_a_formula_stays_as_it_is(text: str) -> None:
    assert questions(judge(HEAD, [*row(text)]))[0].stem == text


def test_second_of_two_equal_rows_is_a_duplicate() -> None:
    judged = judge(HEAD, row("虚构题一"), row("虚构 题一。"), row("虚构题二"))
    assert (judged.errors, judged.duplicates, len(judged.good)) == ([], 1, 2)


def test_equal_stem_and_options_with_another_key_is_an_error_on_both() -> None:
    judged = judge(HEAD, row("虚构题一", "A"), row("虚构题二"), row("虚构题一", "B"))
    assert codes(judged) == [(2, "", "key_conflict"), (4, "", "key_conflict")]
    assert "第 4 行" in judged.errors[0].message


def test_what_the_bank_holds_counts_too() -> None:
    first = judge(HEAD, row("虚构题一"), row("虚构题二")).good
    known = {draft.stem_fingerprint: draft.fingerprint for draft in first}
    book = make_workbook(HEAD, row("虚构题一"), row("虚构题二", "B"), row("虚构题三"))
    judged = judge_workbook(book, known=known)
    assert (judged.duplicates, codes(judged), len(judged.good)) == (1, [(3, "", "key_conflict")], 1)


def test_a_group_is_a_duplicate_only_as_a_whole() -> None:
    rows: list[list[Cell]] = [["共用题干", "虚构病例"], row("第一问"), row("第二问")]
    known = {draft.stem_fingerprint: draft.fingerprint for draft in judge(HEAD, *rows).good}
    again = judge_workbook(make_workbook(HEAD, *rows), known=known)
    longer = judge_workbook(make_workbook(HEAD, *rows, row("第三问")), known=known)
    assert (again.duplicates, longer.duplicates, len(longer.good)) == (2, 0, 3)


def test_mapping_names_sheet_header_row_and_columns() -> None:
    mapping = Mapping.model_validate(
        {
            "header_row": 1,
            "columns": {"stem": "试题描述", "key": "C", "option[0]": "甲项", "option[1]": "乙项"},
        }
    )
    judged = judge(["试题描述", "甲项", "回答", "乙项"], ["虚构题一", "是", "B", "否定"], mapping=mapping)
    assert questions(judged)[0].options == ("是", "否定")
    assert questions(judged)[0].key == (("B",),)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (([["甲", "乙"], ["丙", "丁"]]), "没有找到题库的表头"),
        (([HEAD]), "只有表头"),
    ],
)
def test_a_workbook_without_questions_is_refused(rows: list[list[Cell]], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        judge(*rows)


def test_a_mapping_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="没有工作表「无」"):
        judge(HEAD, row("虚构题一"), mapping=Mapping(sheet="无"))
    with pytest.raises(InputError, match="没有「无此列」"):
        judge(HEAD, row("虚构题一"), mapping=Mapping(columns={"tags": "无此列"}))


CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "单选题",
            "A3/A4",
            "B1",
            "共用题干",
            "判断",
            "填空",
            "选择题",
            "A",
            "AB",
            "对",
            "1",
            "甲；乙",
            "g1",
            "nan",
        ]
    ),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.dates(),
)
WIDE_HEAD: list[Cell] = [
    *HEAD,
    "题组号",
    "共用题干",
    "解析",
    "难度",
    "分值",
    "知识点",
    "标签",
    "答案不分顺序",
]
OPTION_HEAD: list[Cell] = ["题干", "题型", "是否正确项", "选项内容", "答案"]


@given(st.lists(st.lists(CELLS, max_size=14), max_size=8), st.sampled_from([WIDE_HEAD, OPTION_HEAD]))
def test_whatever_stands_in_the_rows_each_question_goes_in_or_is_explained(
    rows: list[list[Cell]], head: list[Cell]
) -> None:
    try:
        judged = judge(head, *rows)
    except InputError:
        return
    assert len(judged.drafts) == len(judged.good) + judged.duplicates + judged.rejected
    for draft in judged.good:
        assert draft.question is not None
        assert {problem.code for problem in check(draft.question)} <= {"key_few"}
    assert all(error.message and 1 < error.row <= len(rows) + 1 for error in judged.errors)


def test_columns_that_are_not_used_are_named() -> None:
    judged = judge([*HEAD, "审核人"], [*row("虚构题一"), "虚构的人"])
    assert any("G 审核人" in sentence for sentence in judged.assumptions)
