"""What changes meaning is never guessed: cells that can be read in two ways are asked about, those in one are read."""

from decimal import Decimal
from pathlib import Path

import pytest
from made_bank import HEAD, codes, judge

from eduops.core.errors import InputError
from eduops.sheet.workbook import Cell, Range, Sheet, Workbook
from eduops.training.rules.bank_export import build_export
from eduops.training.rules.bank_judge import judge_workbook
from eduops.training.rules.bank_key import Key, read_blanks, read_verdict
from eduops.training.rules.bank_mapping import Mapping
from eduops.training.rules.bank_text import split_options
from eduops.training.rules.bank_word import field_name, find_type_in_title
from eduops.training.rules.question import BankItem, Group, GroupKind, Question, QuestionType

TWO_BLANKS, ONE_BLANK, NO_BLANK = "虚构的____和____", "虚构的____", "虚构的没有标出空"


@pytest.mark.parametrize(
    ("key", "options", "verdict"),
    [
        ("1", ("正确", "错误"), "T"),
        ("1", (), "T"),
        ("0", ("正确", "错误"), "F"),
        ("对", ("错误", "正确"), "T"),
        ("1", ("错误", "正确"), None),
        ("1", ("×", "√"), None),
        ("1", ("0", "1"), None),
        ("2", ("正确", "错误"), None),
    ],
)
def test_a_digit_is_a_verdict_only_where_the_option_at_its_place_agrees(
    key: str, options: tuple[str, ...], verdict: str | None
) -> None:
    reading = read_verdict(key, options)
    assert reading.key == (((verdict,),) if verdict else ())
    assert reading.code == ("" if verdict else "key_unknown")


@pytest.mark.parametrize("options", [["是", "是"], ["是", "对"], ["错误", "否"]])
@pytest.mark.parametrize("key", ["A", "对", "错"])
def test_two_options_of_a_true_false_question_that_mean_the_same_are_an_error(
    options: list[Cell], key: str
) -> None:
    judged = judge(HEAD, ["判断题", "虚构的说法", *options, None, key])
    assert codes(judged) == [(2, "D", "options_equal")]


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("1,000", TWO_BLANKS),
        ("60,100", TWO_BLANKS),
        ("1,000、2,000", "虚构的____、____和____"),
        ("1 000", TWO_BLANKS),
        ("5 mg", TWO_BLANKS),
        ("acute pain", TWO_BLANKS),
        ("甲;乙，丙", TWO_BLANKS),
        ("37℃;37度，60", TWO_BLANKS),
        ("甲;乙\n丙", TWO_BLANKS),
        ("2.甲 1.乙", TWO_BLANKS),
        ("1.甲 3.乙", TWO_BLANKS),
        ("甲;乙", NO_BLANK),
        ("甲\\乙", NO_BLANK),
        ("甲\n乙", NO_BLANK),
    ],
)
def test_answers_that_can_be_parted_in_two_ways_are_asked_about(key: str, stem: str) -> None:
    reading = read_blanks(key, stem)
    assert (reading.key, reading.code) == ((), "key_unknown")
    assert "|" in reading.message


@pytest.mark.parametrize(
    ("key", "stem", "slots"),
    [
        ("1,000|2,000", TWO_BLANKS, (("1,000",), ("2,000",))),
        ("1,000、2,000", TWO_BLANKS, (("1,000",), ("2,000",))),
        ("1,000", ONE_BLANK, (("1,000",),)),
        ("60，100", TWO_BLANKS, (("60",), ("100",))),
        ("3,4", TWO_BLANKS, (("3",), ("4",))),
        ("3、4", TWO_BLANKS, (("3",), ("4",))),
        ("36 37", TWO_BLANKS, (("36",), ("37",))),
        ("甲 乙", TWO_BLANKS, (("甲",), ("乙",))),
        ("甲；乙；", TWO_BLANKS, (("甲",), ("乙",))),
        ("甲；\n乙", TWO_BLANKS, (("甲",), ("乙",))),
        ("甲； 乙", TWO_BLANKS, (("甲",), ("乙",))),
        ("①甲 ②乙", TWO_BLANKS, (("甲",), ("乙",))),
        ("甲;乙|丙", NO_BLANK, (("甲", "乙"), ("丙",))),
        ("甲;乙", ONE_BLANK, (("甲", "乙"),)),
        ("甲、乙", NO_BLANK, (("甲、乙",),)),
    ],
)
def test_answers_that_can_be_parted_in_one_way_are_parted(key: str, stem: str, slots: Key) -> None:
    assert read_blanks(key, stem).key == slots


@pytest.mark.parametrize(
    "key", ["1.5", "60-100", "60～100", "2024年1月1日", "2024-01-01", "甲、乙、丙", "甲"]
)
def test_answers_that_do_not_fit_the_number_of_blanks_are_told_with_what_to_write(key: str) -> None:
    judged = judge(["题型", "题干", "答案"], ["填空题", TWO_BLANKS, key])
    assert codes(judged) == [(2, "C", "blanks_differ")]
    assert "请用 | 分开" in judged.errors[0].message


@pytest.mark.parametrize("text", ["1_0", "1e2", "1E2", "+5", "-1", "Infinity", "0x10", "1,5", "٣", ".5"])
def test_a_score_that_only_a_program_reads_is_an_error_of_its_cell(text: str) -> None:
    judged = judge([*HEAD, "分值"], ["单选题", "虚构题一", "甲", "乙", None, "A", text])
    assert codes(judged) == [(2, "G", "score_invalid")]


@pytest.mark.parametrize(
    ("written", "score", "repaired"),
    [("2", "2", 0), ("1.5分", "1.5", 0), ("２", "2", 1), ("１．５ 分", "1.5", 1)],
)
def test_a_score_in_full_width_digits_is_repaired_and_counted(
    written: str, score: str, repaired: int
) -> None:
    judged = judge([*HEAD, "分值"], ["单选题", "虚构题一", "甲", "乙", None, "A", written])
    (draft,) = judged.good
    assert draft.question is not None
    assert (draft.question.score, judged.repaired) == (Decimal(score), repaired)


ONE_CELL: list[Cell] = ["题干", "题型", "选项", "答案"]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("A、维生素A、B、维生素B、C、钙", ("维生素A", "维生素B", "钙")),
        ("A、甲、B、乙、C、丙、", ("甲", "乙", "丙")),
        ("A、甲；\nB、乙；", ("甲", "乙")),
        ("甲，|乙，", ("甲", "乙")),
    ],
)
def test_the_mark_between_options_is_taken_off_and_counted(text: str, options: tuple[str, ...]) -> None:
    judged = judge(ONE_CELL, ["虚构题一", "单选题", text, "B"])
    (draft,) = judged.good
    assert draft.question is not None
    assert (draft.question.options, judged.repaired) == (options, 1)


@pytest.mark.parametrize(
    "text", ["A、维生素A、B、C、钙", "A、维生素A、B、见下B、钙", "A、钙、B、维生素B、D族、C、铁"]
)
def test_options_that_can_be_cut_in_two_ways_or_would_be_empty_are_not_cut(text: str) -> None:
    assert split_options(text) is None


@pytest.mark.parametrize(
    "title",
    [
        "单选题和多选题",
        "单选和多选题",
        "单选多选题",
        "单选、多选题",
        "选择题及判断题",
        "一、填空题与简答题",
        "试卷B（一）",
    ],
)
def test_a_title_with_two_types_names_none(title: str) -> None:
    assert find_type_in_title(title) is None


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("判断题（对错）", QuestionType.TRUE_FALSE),
        ("A1/A2型题", QuestionType.SINGLE),
        ("选择题（单选题）", QuestionType.SINGLE),
        ("名词解释/简答题", QuestionType.SHORT_ANSWER),
    ],
)
def test_a_title_that_says_one_type_twice_names_it(title: str, kind: QuestionType) -> None:
    word = find_type_in_title(title)
    assert word is not None
    assert word.type is kind


def test_a3_with_a_kind_of_choice_stays_a_group() -> None:
    word = find_type_in_title("A3/A4型题（单选题）")
    assert word is not None
    assert word.group is GroupKind.SHARED_STEM


def test_under_a_name_with_two_types_the_key_tells_and_it_is_said() -> None:
    head: list[Cell] = ["题干", "选项A", "选项B", "答案"]
    judged = judge(head, ["虚构题一", "甲", "乙", "A"], ["虚构题二", "甲", "乙", "AB"], name="单选题和多选题")
    kinds = [draft.question.type for draft in judged.good if draft.question is not None]
    assert kinds == [QuestionType.SINGLE, QuestionType.MULTIPLE]
    assert any("没有写题型，按答案和选项判定（2 题）" in sentence for sentence in judged.assumptions)


def test_a_type_taken_from_a_sections_title_is_said_and_counted() -> None:
    head: list[Cell] = ["题型", "题干", "选项A", "选项B", "答案"]
    judged = judge(
        head,
        [None, "一、单选题（每题1分）"],
        [None, "虚构题一", "甲", "乙", "A"],
        [None, "虚构题二", "甲", "乙", "B"],
        ["判断题", "虚构的说法", None, None, "对"],
    )
    assert judged.assumptions == [
        "工作表「题库」：当作一段的标题，不是题目：第 2 行 一、单选题（每题1分）",
        "工作表「题库」：题型取自这一段的标题（2 题）",
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [["某列", "甲列", "乙列", "回答"], ["虚构题一", "A", "B", "A"], ["虚构题二", "AB", "O", "B"]],
        [["某列", "甲列", "乙列", "回答"], ["虚构题一", "甲", "乙", "A"]],
        [["虚构题一", "A", "B", "A"], ["虚构题二", "甲", "乙", "B"]],
    ],
)
def test_letters_without_a_header_row_never_take_a_question_for_the_headings(rows: list[list[Cell]]) -> None:
    mapping = Mapping.model_validate(
        {"columns": {"stem": "A", "option[0]": "B", "option[1]": "C", "key": "D"}}
    )
    with pytest.raises(InputError, match="看不出") as refused:
        judge(*rows, mapping=mapping)
    assert "header_row" in refused.value.hint


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        (["某列", "甲列", "乙列", "答案"], {"stem": "A", "option[0]": "B", "option[1]": "C"}),
        (["某列", "选项A", "选项B", "回答"], {"stem": "A", "key": "D"}),
        (["某列", "A", "B", "回答"], {"stem": "某列", "key": "D"}),
    ],
)
def test_letters_are_enough_where_a_heading_is_known_or_quoted(
    head: list[Cell], columns: dict[str, str]
) -> None:
    judged = judge(
        ["虚构医院"], head, ["虚构题一", "A", "B", "A"], mapping=Mapping.model_validate({"columns": columns})
    )
    assert [layout.header_row for layout in judged.layouts] == [2]
    assert len(judged.good) == 1


@pytest.mark.parametrize("column", [1, 2, 3, 4, 5])
def test_a_cell_with_an_error_value_is_told_once(column: int) -> None:
    cells: list[Cell] = ["多选题", "虚构题一", "甲", "乙", "丙", "AC"]
    cells[column] = None
    book = Workbook(Path("x"), "xlsx", (Sheet("题库", [HEAD, cells], errors=frozenset({(2, column)})),))
    assert codes(judge_workbook(book)) == [(2, "ABCDEF"[column], "cell_error")]


def test_a_heading_that_stands_twice_is_told_by_its_chinese_name() -> None:
    judged = judge([*HEAD, "选项A"], ["单选题", "虚构题一", "甲", "乙", None, "A", "甲"])
    assert any("有几列都像「选项A」：取 C 列，没有用 G 列" in sentence for sentence in judged.assumptions)
    assert (field_name("option[1]"), field_name("key")) == ("选项B", "答案")


def test_two_columns_for_one_option_that_differ_are_asked_about() -> None:
    head: list[Cell] = ["题型", "题干", "选项A", "选项B", "选项C", "选项C", "答案"]
    with pytest.raises(InputError, match=r"选项C.*（E、F）.*第 2 行"):
        judge(head, ["单选题", "虚构题一", "甲", "乙", "丙", "丁", "A"])


@pytest.mark.parametrize(
    ("headings", "column"),
    [
        (["选项0", "选项1", "选项2"], "C"),
        (["选项A", "选项B", "选项Ⅲ"], "E"),
        ([*"ABCDEFGHIJK"], "M"),
        (["Option A", "Option B", "Option 100"], "E"),
    ],
)
def test_a_heading_of_an_option_that_cannot_be_placed_is_an_error_and_moves_no_other(
    headings: list[str], column: str
) -> None:
    options = [f"虚构的选项{number}" for number in range(len(headings))]
    judged = judge(["题型", "题干", *headings, "答案"], ["单选题", "虚构题一", *options, "A"])
    assert codes(judged) == [(2, column, "column_unheaded")]
    assert f"列名「{headings[ord(column) - ord('C')]}」看不出是第几个选项" in judged.errors[0].message


@pytest.mark.parametrize("heading", ["选项数", "选项解析", "选项图片", "备注", "选项个数"])
def test_a_column_that_tells_about_the_options_is_no_option(heading: str) -> None:
    judged = judge([*HEAD, heading], ["单选题", "虚构题一", "甲", "乙", None, "A", "4"])
    assert len(judged.good) == 1


@pytest.mark.parametrize("key", ["略", "略。", "见解析", "答案略"])
def test_an_answer_that_is_left_out_is_no_answer_of_a_blank(key: str) -> None:
    judged = judge(["题型", "题干", "答案"], ["填空题", ONE_BLANK, key])
    assert codes(judged) == [(2, "C", "key_unknown")]


def test_an_answer_that_is_that_very_word_is_written_behind_a_label() -> None:
    assert read_blanks("答案：略", ONE_BLANK).key == (("略",),)


def test_a_merged_explanation_is_that_of_each_row_it_covers() -> None:
    judged = judge(
        [*HEAD, "解析"],
        ["单选题", "虚构题一", "甲", "乙", None, "A", "虚构的解析"],
        ["单选题", "虚构题二", "甲", "乙", None, "B", None],
        merged=(Range(2, 6, 3, 6),),
    )
    assert [draft.question.explanation for draft in judged.good if draft.question] == ["虚构的解析"] * 2


def test_groups_are_numbered_anew_in_every_export() -> None:
    question = Question(QuestionType.SINGLE, "虚构题", ("甲", "乙"), (("A",),))
    group = Group(GroupKind.SHARED_STEM, stem="虚构病例")
    items = [
        BankItem(number, 1, group_id, number, question, group)
        for number, group_id in enumerate((170, 170, 38, 901), 1)
    ]
    rows = list(build_export(1, items, options=2).rows)
    assert [row[3] for row in rows] == ["1", "1", "2", "3"]
