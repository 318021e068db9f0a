"""What an answer cell says, in all its spellings."""

import pytest

from eduops.training.rules.bank_key import Key, read_blanks, read_letters, read_verdict
from eduops.training.rules.bank_text import split_options, strip_prefixes, tidy
from eduops.training.rules.bank_title import is_note, is_title
from eduops.training.rules.bank_word import (
    find_type_in_title,
    parse_difficulty,
    parse_type_word,
)
from eduops.training.rules.question import Difficulty, GroupKind, QuestionType

OPTIONS = ("甲", "乙", "丙", "丁")


@pytest.mark.parametrize(
    "written",
    [
        *("ACD", "A、C、D", "A,C,D", "a c d", "ＡＣＤ", "A;C;D", "A|C|D", "DCA", "答案：ACD", "A和C和D"),
        *("（ACD）", "【A、C、D】", "答案：(acd)"),
    ],
)
def test_letters_of_a_multiple_choice_in_every_spelling(written: str) -> None:
    assert read_letters(written, OPTIONS).key == (("A",), ("C",), ("D",))


@pytest.mark.parametrize("written", ["", "nan", "NaN", "NULL", "None", "#N/A"])
def test_what_programs_write_for_nothing_is_a_missing_answer(written: str) -> None:
    assert read_letters(written, OPTIONS).code == "key_missing"


@pytest.mark.parametrize(
    ("written", "options", "letter"),
    [("丙", OPTIONS, "C"), ("C、丙", OPTIONS, "C"), ("c. 丙", OPTIONS, "C"), ("119", ("110", "119"), "B")],
)
def test_an_answer_in_an_options_own_words_is_its_letter(
    written: str, options: tuple[str, ...], letter: str
) -> None:
    assert read_letters(written, options).key == ((letter,),)


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("2", ("3", "2")),  # the second option, or the option that says 2?
        ("1", OPTIONS),
        ("戊", OPTIONS),
        ("C、丁", OPTIONS),
        ("甲", ("甲", "甲")),
        ("甲和丙", OPTIONS),
        ("A(B)", OPTIONS),  # or B?
    ],
)
def test_an_answer_that_might_mean_two_things_is_not_guessed(written: str, options: tuple[str, ...]) -> None:
    reading = read_letters(written, options)
    assert (reading.key, reading.code) == ((), "key_unknown")


@pytest.mark.parametrize("written", ["对", "正确", "√", "是", "T", "true", "1", "TRUE", "对 ", "✓", "正确。"])
def test_every_word_for_true(written: str) -> None:
    assert read_verdict(written, ()).key == (("T",),)


@pytest.mark.parametrize("written", ["错", "错误", "×", "否", "F", "false", "0", "错 ", "x", "不正确"])
def test_every_word_for_false(written: str) -> None:
    assert read_verdict(written, ()).key == (("F",),)


def test_a_letter_is_a_verdict_only_where_the_options_say_what_it_means() -> None:
    assert read_verdict("B", ("正确", "错误")).key == (("F",),)
    assert read_verdict("A", ("错误", "正确")).key == (("F",),)
    assert read_verdict("F", ("", "", "", "", "错误", "正确")).key == (("T",),)
    assert read_verdict("A", ()).code == "key_unknown"


@pytest.mark.parametrize(
    ("written", "stem", "key"),
    [
        ("37℃;37度|60", "体温____，心率____", (("37℃", "37度"), ("60",))),
        ("手势\\一键", "有____和____", (("手势",), ("一键",))),
        ("甲、乙、丙", "____、____、____", (("甲",), ("乙",), ("丙",))),
        ("甲、乙", "方针是____", (("甲、乙",),)),
        ("甲；乙", "有____和____", (("甲",), ("乙",))),
        ("甲；乙", "是____", (("甲", "乙"),)),
        ("1.甲 2.乙", "有____和____", (("甲",), ("乙",))),
        ("（1）甲；（2）乙", "有（ ）和（ ）", (("甲",), ("乙",))),
        ("甲\n乙", "有____和____", (("甲",), ("乙",))),
        ("甲、乙，丙", "有____和____", (("甲、乙",), ("丙",))),
        ("1.5", "系数是____", (("1.5",),)),
        ("甲", "有____和____", (("甲",),)),
    ],
)
def test_answers_of_blanks_are_parted_by_what_fits_the_stem(written: str, stem: str, key: Key) -> None:
    assert read_blanks(written, stem).key == key


@pytest.mark.parametrize(
    ("options", "stripped"),
    [
        (["A、甲", "B、乙"], ["甲", "乙"]),
        (["A.甲", "B．乙", "C: 丙"], ["甲", "乙", "丙"]),
        (["（A）甲", "(B) 乙"], ["甲", "乙"]),
        (["a) 甲", "ｂ）乙"], ["甲", "乙"]),
        (["A、甲", "乙"], None),
        (["B、甲", "A、乙"], None),
        (["A型流感", "B型流感"], None),
        (["A", "B"], None),
    ],
)
def test_prefixes_go_only_where_every_option_has_its_own(
    options: list[str], stripped: list[str] | None
) -> None:
    assert strip_prefixes(options) == stripped


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("A、甲 B、乙 C、丙", ["甲", "乙", "丙"]),
        ("A.甲\nB.乙", ["甲", "乙"]),
        ("A.甲|B.乙|C.丙", ["甲", "乙", "丙"]),
        ("甲\n乙\n丙", ["甲", "乙", "丙"]),
        ("甲|乙", ["甲", "乙"]),
        ("A、甲B、乙C、丙", ["甲", "乙", "丙"]),
        ("A.甲B.乙", ["甲", "乙"]),
        ("(A)甲(B)乙", ["甲", "乙"]),
        ("A、甲 B、乙C、丙", ["甲", "乙", "丙"]),
        ("A、甲\n续行\nB、乙", ["甲\n续行", "乙"]),
        ("A、DNA、RNA B、RNA", ["DNA、RNA", "RNA"]),
        ("A、维生素A B、维生素B、C C、钙", ["维生素A", "维生素B、C", "钙"]),
        ("A、维生素A、B\nB、维生素C、D", ["维生素A、B", "维生素C、D"]),
        ("A、维生素 B、钙 B、乙", None),
        ("A、见C、B、乙C、丙", None),
        ("A、甲 B、乙 D、丁", None),
        ("B、甲C、乙", None),
        ("甲；乙；丙", None),
        ("甲", None),
    ],
)
def test_options_in_one_cell_are_parted(written: str, options: list[str] | None) -> None:
    assert split_options(written) == options


@pytest.mark.parametrize(
    ("written", "tidied"),
    [
        (" 甲\u3000", "甲"),
        ("\xa0甲\u200b", "甲"),
        ("甲\r\n乙", "甲\n乙"),
        ("甲\x00乙\x07", "甲乙"),
        ("=1+1", "=1+1"),
        ("-5", "-5"),
        ("甲  乙", "甲  乙"),
    ],
)
def test_tidying_takes_only_what_nobody_sees(written: str, tidied: str) -> None:
    assert tidy(written) == tidied


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("单选题", QuestionType.SINGLE),
        ("A1型题", QuestionType.SINGLE),
        ("Ａ２", QuestionType.SINGLE),
        ("多项选择题", QuestionType.MULTIPLE),
        ("X型题", QuestionType.MULTIPLE),
        ("判断", QuestionType.TRUE_FALSE),
        ("判断题（对错）", QuestionType.TRUE_FALSE),
        ("客观填空题", QuestionType.BLANK),
        ("名词解释/简答题", QuestionType.SHORT_ANSWER),
        ("主观", QuestionType.SHORT_ANSWER),
        ("案例分析题", QuestionType.CASE_ANALYSIS),
        ("选择题", None),
        ("A3/A4型题", None),
    ],
)
def test_words_for_types(written: str, kind: QuestionType | None) -> None:
    word = parse_type_word(written)
    assert word is not None
    assert word.type is kind


def test_words_for_groups() -> None:
    kinds = {text: word.group for text in ("A3A4型题", "B1型题", "单选") if (word := parse_type_word(text))}
    assert kinds == {"A3A4型题": GroupKind.SHARED_STEM, "B1型题": GroupKind.SHARED_OPTIONS, "单选": None}
    assert parse_type_word("共用题干") is not None
    assert parse_type_word("虚构题型") is None
    assert parse_type_word("1") is None


@pytest.mark.parametrize(
    ("title", "kind"),
    [("判断题", QuestionType.TRUE_FALSE), ("一、单项选择题（每题1分）", QuestionType.SINGLE), ("题库", None)],
)
def test_titles_name_types(title: str, kind: QuestionType | None) -> None:
    word = find_type_in_title(title)
    assert (word.type if word else None) is kind


def test_titles_and_notes_are_told_from_questions() -> None:
    assert all(map(is_title, ("一、单选题", "第二章 虚构", "（三）多选题")))
    assert not any(map(is_title, ("1、虚构题干", "一般情况下应当", "1.下列正确的是")))
    assert is_note("注：每题一分")
    assert not is_note("注射时应注意")


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("易", Difficulty.EASY),
        ("一般", Difficulty.MEDIUM),
        ("难题", Difficulty.HARD),
        ("3", None),
        ("很行", None),
    ],
)
def test_words_for_difficulty(written: str, level: Difficulty | None) -> None:
    assert parse_difficulty(written) is level
