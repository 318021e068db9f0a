"""Nearly equal questions are found, and only they."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.training.rules.bank_similarity import Similar, cut_pieces, find_similar
from eduops.training.rules.question import Group, GroupKind, Question, QuestionType


def single(stem: str, *options: str) -> Question:
    return Question(QuestionType.SINGLE, stem, options, (("A",),))


def test_one_changed_word_and_another_order_of_options_are_nearly_the_same() -> None:
    questions = [
        single("虚构的题干里说的是下列哪一项制度", "查对制度", "交接班制度", "会诊制度"),
        single("虚构的题干里说到的是下列哪一项制度", "会诊制度", "查对制度", "交接班制度"),
        single("完全不同的另一道虚构的题", "甲", "乙", "丙"),
    ]
    pairs = find_similar([cut_pieces(question) for question in questions], least_percent=70)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1)]


def test_the_same_question_under_another_case_is_another_one() -> None:
    question = single("最可能的诊断是", "甲", "乙")
    cases = [
        Group(GroupKind.SHARED_STEM, f"虚构病例：{text}，请作答")
        for text in ("头痛三天伴发热", "外伤后两小时来院")
    ]
    assert find_similar([cut_pieces(question, case) for case in cases], least_percent=80) == []


def test_short_texts_and_empty_ones_do_no_harm() -> None:
    pieces = [cut_pieces(single(stem)) for stem in ("甲", "甲", "")]
    assert find_similar(pieces, least_percent=100) == [Similar(0, 1, 100)]


@pytest.mark.parametrize(("least_percent", "is_found"), [(50, True), (51, False)])
def test_the_limit_itself_counts(least_percent: int, is_found: bool) -> None:
    pieces = [frozenset("abc"), frozenset("bcd")]
    assert bool(find_similar(pieces, least_percent=least_percent)) is is_found


@given(st.lists(st.frozensets(st.sampled_from("abcdefgh")), max_size=12), st.integers(1, 100))
def test_no_pair_is_missed_by_the_short_cut(pieces: list[frozenset[str]], least_percent: int) -> None:
    expected = {
        (first, second)
        for first, second in combinations(range(len(pieces)), 2)
        if pieces[first] | pieces[second]
        and 100 * len(pieces[first] & pieces[second]) >= least_percent * len(pieces[first] | pieces[second])
    }
    assert {
        (pair.first, pair.second) for pair in find_similar(pieces, least_percent=least_percent)
    } == expected
