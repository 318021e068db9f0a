"""What could shift a key to another option or cut an answer in two is asked about, not taken."""

import pytest
from made_bank import HEAD, codes, judge

from eduops.sheet.workbook import Cell
from eduops.training.rules.bank_key import Key, read_blanks, read_letters
from eduops.training.rules.bank_text import split_options

TWO_BLANKS, ONE_BLANK = "虚构的____和____", "虚构的____"
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


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("A+B", ("甲", "乙", "A+B", "丁")),
        ("A和B", ("甲", "乙", "A和B", "丁")),
        ("A、B", ("甲", "乙", "A、B", "丁")),
        ("Ａ", ("O", "A", "B", "AB")),
        ("AB", ("O", "A", "B", "AB")),
        ("b", ("b", "a", "c", "d")),
    ],
)
def test_a_key_that_another_option_says_word_for_word_is_asked_about(
    key: str, options: tuple[str, ...]
) -> None:
    assert read_letters(key, options).code == "key_unknown"


def test_a_capital_that_another_option_says_is_a_letter_and_that_is_said() -> None:
    reading = read_letters("A", ("O", "A", "B", "AB"))
    assert reading.key == (("A",),)
    assert "另一个选项" in reading.assumed


@pytest.mark.parametrize(
    ("key", "options", "letters"),
    [
        ("D", ("O", "A", "B", "AB"), "D"),
        ("A", ("A", "B", "C"), "A"),
        ("b", ("a", "b", "c"), "B"),
        ("A", ("维生素A", "维生素B"), "A"),
    ],
)
def test_a_key_that_names_one_option_only_is_read(key: str, options: tuple[str, ...], letters: str) -> None:
    reading = read_letters(key, options)
    assert (reading.key, reading.code) == (tuple((letter,) for letter in letters), "")


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("3,4-虚构酸", TWO_BLANKS),
        ("1,25-虚构素", TWO_BLANKS),
        ("第1、2肋", TWO_BLANKS),
        ("[3,5]", TWO_BLANKS),
        ("(1,2)", TWO_BLANKS),
        ("1、37 2、80", TWO_BLANKS),
        ("1、37，2、80", TWO_BLANKS),
        ("1.37 2.80", TWO_BLANKS),
        ("3 次", TWO_BLANKS),
        ("1. 37", ONE_BLANK),
        ("1、37", ONE_BLANK),
        ("（1）37", ONE_BLANK),
        ("①37②80", ONE_BLANK),
        ("37\n三十七", ONE_BLANK),
    ],
)
def test_answers_of_blanks_that_may_be_cut_or_numbered_are_asked_about(key: str, stem: str) -> None:
    assert (read_blanks(key, stem).key, read_blanks(key, stem).code) == ((), "key_unknown")


@pytest.mark.parametrize(
    ("key", "stem", "slots", "repaired"),
    [
        ("3、4", TWO_BLANKS, (("3",), ("4",)), False),
        ("3,4", TWO_BLANKS, (("3",), ("4",)), False),
        ("1.5，2.5", TWO_BLANKS, (("1.5",), ("2.5",)), False),
        ("60-100，16-20", TWO_BLANKS, (("60-100",), ("16-20",)), False),
        ("（1）37（2）80", TWO_BLANKS, (("37",), ("80",)), False),
        ("①37②80", TWO_BLANKS, (("37",), ("80",)), False),
        ("答案：37，38", TWO_BLANKS, (("37",), ("38",)), True),
        ("答案：37", ONE_BLANK, (("37",),), True),
        ("①37", ONE_BLANK, (("37",),), True),
        ("①③", ONE_BLANK, (("①③",),), False),
        ("1.37", ONE_BLANK, (("1.37",),), False),
    ],
)
def test_answers_of_blanks_that_can_be_read_in_one_way_are_read(
    key: str, stem: str, slots: Key, repaired: bool
) -> None:
    reading = read_blanks(key, stem)
    assert (reading.key, reading.code, reading.repaired) == (slots, "", repaired)


def test_blanks_of_different_kinds_are_no_place_for_two_ways_to_write_one_answer() -> None:
    assert read_blanks("37；80", "虚构体温____，虚构脉搏（  ）").key == (("37",), ("80",))


@pytest.mark.parametrize("key", ["AB", "ACD", "A、C", "A.虚甲"])
@pytest.mark.parametrize("stem", ["虚构原因有（  ）\nA.虚甲 B.虚乙 C.虚丙 D.虚丁", "虚构原因有"])
def test_letters_as_key_without_type_and_options_are_asked_about(key: str, stem: str) -> None:
    judged = judge(["题干", "选项A", "选项B", "答案"], [stem, None, None, key])
    assert codes(judged) == [(2, "A", "type_unclear")]


@pytest.mark.parametrize("key", ["CT", "DNA", "ATP"])
def test_an_abbreviation_as_key_is_no_row_of_letters(key: str) -> None:
    (draft,) = judge(["题干", "选项A", "选项B", "答案"], ["虚构简称是____", None, None, key]).good
    assert draft.question is not None
    assert draft.question.key == ((key,),)


@pytest.mark.parametrize(
    "options",
    [
        ["b、虚甲", "a、虚乙", None],
        ["(b)虚甲", "(a)虚乙", "(c)虚丙"],
        ["②虚甲", "①虚乙", None],
        ["B,虚甲", "A,虚乙", None],
        ["B、虚甲", "虚乙", "A、虚丙"],
    ],
)
def test_letters_or_numbers_before_options_out_of_order_are_asked_about(options: list[Cell]) -> None:
    judged = judge(HEAD, ["单选题", "虚构哪个", *options, "A"])
    assert codes(judged) == [(2, "C", "option_letters")]


@pytest.mark.parametrize(
    "options", [["①②", "②③", "①③"], ["b、c", "a、b", "a、c"], ["②、③", "①、②", None], ["B 超", "A 超", None]]
)
def test_options_that_are_lists_themselves_stay(options: list[Cell]) -> None:
    assert codes(judge(HEAD, ["单选题", "虚构哪个", *options, "A"])) == []


@pytest.mark.parametrize("nothing", ["nan", "NaN"])
def test_what_programs_write_for_nothing_is_no_option(nothing: str) -> None:
    judged = judge(HEAD, ["单选题", "虚构哪个", "虚甲", "虚乙", nothing, "A"])
    assert codes(judged) == [(2, "E", "option_missing")]


def test_an_unknown_word_for_any_order_is_an_error() -> None:
    head: list[Cell] = ["题型", "题干", "答案", "答案不分顺序"]
    rows: list[list[Cell]] = [
        ["填空题", f"虚构{word}____和____", "虚甲|虚乙", word] for word in ("大概", "是", "否")
    ]
    assert codes(judge(head, *rows)) == [(2, "D", "any_order_unknown")]


@pytest.mark.parametrize(("key", "expected"), [("B", [(2, "E", "flags_differ")]), ("A", []), (None, [])])
def test_the_flags_of_options_and_the_key_must_agree(
    key: str | None, expected: list[tuple[int, str, str]]
) -> None:
    head: list[Cell] = ["题型", "题干", "选项内容", "是否正确", "答案"]
    judged = judge(head, ["单选题", "虚构哪个", "虚甲", "1", key], [None, None, "虚乙", "0", None])
    assert codes(judged) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("A、虚甲 B、虚乙", []), ("A、虚甲 B、虚丙", [(2, "C", "options_differ")])]
)
def test_options_written_twice_must_be_the_same(text: str, expected: list[tuple[int, str, str]]) -> None:
    head: list[Cell] = ["题型", "题干", "选项", "A", "B", "答案"]
    assert codes(judge(head, ["单选题", "虚构哪个", text, "虚甲", "虚乙", "B"])) == expected
