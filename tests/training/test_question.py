"""When a question is sound, and when two are the same."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.training.rules.question import (
    Group,
    GroupKind,
    Question,
    QuestionType,
    check,
    count_blanks,
    fingerprint,
    fingerprints,
    fold_stem,
    stem_fingerprint,
)

SINGLE = Question(QuestionType.SINGLE, "虚构题干", ("甲", "乙", "丙"), (("A",),))
MULTIPLE = replace(SINGLE, type=QuestionType.MULTIPLE, key=(("A",), ("C",)))
TRUE = Question(QuestionType.TRUE_FALSE, "虚构的说法", key=(("T",),))
BLANK = Question(QuestionType.BLANK, "甲是____，乙是____。", key=(("一", "1"), ("二",)))
OPEN = Question(QuestionType.SHORT_ANSWER, "简述虚构的流程。")


@pytest.mark.parametrize("question", [SINGLE, MULTIPLE, TRUE, BLANK, OPEN, replace(OPEN, key=(("要点",),))])
def test_sound_questions_have_no_problems(question: Question) -> None:
    assert check(question) == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (replace(SINGLE, stem=""), [("stem_missing", "stem")]),
        (replace(SINGLE, options=("甲",)), [("options_few", "options")]),
        (replace(SINGLE, options=("甲", "", "丙")), [("option_missing", "option[1]")]),
        (replace(SINGLE, options=("甲 乙", "丙", "甲乙")), [("options_equal", "option[2]")]),
        (replace(SINGLE, options=tuple(map(str, range(27)))), [("options_many", "options")]),
        (replace(SINGLE, key=()), [("key_missing", "key")]),
        (replace(SINGLE, key=(("D",),)), [("key_outside", "key")]),
        (replace(SINGLE, key=(("A",), ("B",))), [("key_many", "key")]),
        (replace(MULTIPLE, key=(("A",),)), [("key_few", "key")]),
        (replace(MULTIPLE, key=(("A",), ("A",))), [("key_repeated", "key")]),
        (replace(TRUE, key=()), [("key_missing", "key")]),
        (replace(TRUE, key=(("对",),)), [("key_unknown", "key")]),
        (replace(BLANK, key=()), [("key_missing", "key")]),
        (replace(BLANK, key=(("一",),)), [("blanks_differ", "key")]),
        (replace(BLANK, key=(("一",), ("",))), [("key_missing", "key")]),
        (replace(OPEN, score=Decimal("0")), [("score_invalid", "score")]),
        (replace(OPEN, score=Decimal("1.005")), [("score_invalid", "score")]),
        (replace(OPEN, score=Decimal("NaN")), [("score_invalid", "score")]),
        (replace(OPEN, score=Decimal("1E+30")), [("score_invalid", "score")]),
    ],
)
def test_each_type_has_its_own_check(question: Question, expected: list[tuple[str, str]]) -> None:
    assert [(problem.code, problem.field) for problem in check(question)] == expected


def test_options_that_differ_in_case_or_sign_are_different() -> None:
    assert check(replace(SINGLE, options=("pH", "PH", "-1"))) == []
    assert check(replace(SINGLE, options=("1", "-1", "+1"))) == []


@pytest.mark.parametrize(
    ("stem", "blanks"),
    [
        ("没有空的题干", 0),
        ("甲是____。", 1),
        ("甲是__，乙是________。", 2),
        ("甲是（ ），乙是(　)。", 2),
        ("甲（又称乙）是（）。", 1),
        ("函数 f() 返回____。", 1),
        ("全称是[填空(1)]，简称是[填空(2)]。", 2),
        ("甲是____，乙是（  ）。", 2),
        ("甲是___，乙是_。", 2),
        ("a_b 是[ ]、【】和[填空]。", 3),
    ],
)
def test_blanks_of_every_kind_are_counted(stem: str, blanks: int) -> None:
    assert count_blanks(stem) == blanks


def test_stems_are_compared_without_spaces_and_sentence_punctuation() -> None:
    other = replace(SINGLE, stem="「虚构」 题干。", options=("甲 ", "乙", "丙"))
    assert fingerprint(SINGLE) == fingerprint(other)
    assert fold_stem("体温＞37．3℃？") == "体温>37.3°C"
    assert fold_stem("1.5") != fold_stem("15")


def test_signs_that_carry_meaning_tell_stems_apart() -> None:
    assert len({fold_stem(text) for text in ("a>b", "a<b", "a+b", "a-b", "a/b", "a%b")}) == 6


def test_where_the_blank_stands_counts_and_how_long_it_is_does_not() -> None:
    assert fold_stem("从____中读到") == fold_stem("从__中读到。") != fold_stem("从中读到____")


def test_another_key_has_the_same_stem_fingerprint_and_another_fingerprint() -> None:
    other = replace(SINGLE, key=(("B",),))
    assert stem_fingerprint(SINGLE) == stem_fingerprint(other)
    assert fingerprint(SINGLE) != fingerprint(other)


def test_another_order_of_options_is_another_question() -> None:
    assert stem_fingerprint(SINGLE) != stem_fingerprint(replace(SINGLE, options=("乙", "甲", "丙")))


def test_explanation_and_source_do_not_make_another_question() -> None:
    assert fingerprint(SINGLE) == fingerprint(replace(SINGLE, explanation="另一种说法", source="别处"))


def test_the_same_sub_question_of_another_case_is_another_question() -> None:
    cases = [None, *(Group(GroupKind.SHARED_STEM, stem=text) for text in ("虚构病例一", "虚构病例二"))]
    assert len({fingerprint(SINGLE, case) for case in cases}) == 3


@given(st.text(), st.lists(st.text(), max_size=4))
def test_both_fingerprints_are_the_single_ones(stem: str, options: list[str]) -> None:
    question = replace(SINGLE, stem=stem, options=tuple(options))
    assert fingerprints(question) == (fingerprint(question), stem_fingerprint(question))


@given(st.text(), st.text())
def test_spaces_never_tell_texts_apart(before: str, after: str) -> None:
    assert fold_stem(f" {before}  {after}\n") == fold_stem(f"{before} {after}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("每 3—5 天", "每 35 天"),
        ("虚构 2·5", "虚构 25"),
        ("3(5)片", "35片"),
        ("1…2", "12"),
        ("第1 2肋", "第12肋"),
        ("第1、 2肋", "第1 2肋"),
        ("1:10", "1、10"),
        ("10²", "102"),
        ("10₂", "102"),
        ("x²", "x₂"),
    ],
)
def test_what_stands_between_digits_or_is_raised_makes_another_question(one: str, other: str) -> None:
    assert fold_stem(one) != fold_stem(other)
    as_options = [fingerprint(replace(SINGLE, options=(text, "乙"))) for text in (one, other)]
    assert as_options[0] != as_options[1]


@pytest.mark.parametrize(
    ("one", "other"), [("1， 2", "1,2"), ("CO₂", "CO2"), ("3 天，5 次", "3天5次"), ("１ ２", "1  2")]
)
def test_width_and_spaces_elsewhere_make_no_other_question(one: str, other: str) -> None:
    assert fold_stem(one) == fold_stem(other)
