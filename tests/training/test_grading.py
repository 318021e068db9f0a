"""What an answer is worth, against tables and against trying every order."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training.made_exam import BLANK, MULTIPLE, OPEN, SINGLE, TRUE_FALSE

from eduops.training.rules.grading import grade
from eduops.training.rules.question import Question, QuestionType

TWO = Decimal(2)
WORDS = st.sampled_from(["心", "肝", "脾"])
SLOTS = st.lists(st.sets(WORDS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4).map(tuple)
GIVEN = st.lists(st.one_of(WORDS, st.just("")), max_size=4)


def blanks(*slots: tuple[str, ...], any_order: bool = False) -> Question:
    return Question(QuestionType.BLANK, "虚构", (), slots, any_order=any_order)


@pytest.mark.parametrize(
    ("question", "response", "points"),
    [
        (SINGLE, ["A"], "2"),
        (SINGLE, ["B"], "0"),
        (SINGLE, ["A", "B"], "0"),
        (SINGLE, ["A", "A"], "0"),
        (SINGLE, [], "0"),
        (SINGLE, [""], "0"),
        (MULTIPLE, ["A", "C"], "2"),
        (MULTIPLE, ["C", "A"], "2"),
        (MULTIPLE, ["A"], "0"),
        (MULTIPLE, ["A", "B", "C"], "0"),
        (MULTIPLE, ["A", "A", "C"], "0"),
        (TRUE_FALSE, ["T"], "2"),
        (TRUE_FALSE, ["F"], "0"),
        (BLANK, ["37度", "60"], "2"),
        (BLANK, [" ３７ 度", "６０ "], "2"),
        (BLANK, ["37℃"], "1"),
        (BLANK, ["", "60"], "1"),
        (BLANK, ["60", "37℃"], "0"),
        (BLANK, ["", ""], "0"),
    ],
)
def test_closed_questions_are_worth_all_or_a_share_for_each_blank(
    question: Question, response: list[str], points: str
) -> None:
    assert grade(question, response, TWO) == Decimal(points)


def test_an_open_question_waits_for_a_person_unless_nothing_was_written() -> None:
    assert grade(OPEN, ["要点"], TWO) is None
    assert grade(OPEN, ["  "], TWO) == grade(OPEN, [], TWO) == 0


@pytest.mark.parametrize("type_", [QuestionType.SINGLE, QuestionType.BLANK])
def test_a_question_without_a_key_is_a_persons_to_grade(type_: QuestionType) -> None:
    assert grade(Question(type_, "虚构"), ["A"], TWO) is None


@pytest.mark.parametrize(("right", "points"), [(0, "0"), (1, "0.33"), (2, "0.66"), (3, "1")])
def test_shares_are_rounded_down_and_still_make_the_whole(right: int, points: str) -> None:
    question = blanks(("一",), ("二",), ("三",))
    response = ["一", "二", "三"][:right] + ["错"] * (3 - right)
    assert grade(question, response, Decimal(1)) == Decimal(points)


def test_blanks_in_any_order_use_each_answer_once() -> None:
    question = blanks(("心",), ("肝",), any_order=True)
    assert grade(question, ["肝", "心"], TWO) == 2
    assert grade(question, ["心", "心"], TWO) == 1


def test_an_answer_that_fits_two_blanks_makes_room_for_one_that_fits_only_one() -> None:
    question = blanks(("心", "肝"), ("心",), any_order=True)
    assert grade(question, ["心", "肝"], TWO) == grade(question, ["肝", "心"], TWO) == 2


def test_more_answers_than_blanks_buy_nothing() -> None:
    question = blanks(("心",), ("肝",), any_order=True)
    assert grade(question, ["脾", "肺", "心", "肝"], TWO) == 0


@settings(max_examples=400)
@given(SLOTS.filter(lambda slots: len(slots) > 1), st.lists(WORDS, min_size=2, max_size=4))
def test_any_order_finds_the_best_of_all_orders(
    slots: tuple[tuple[str, ...], ...], response: list[str]
) -> None:
    taken = (response + [""] * len(slots))[: len(slots)]
    best = max(
        sum(word in slot for word, slot in zip(order, slots, strict=True)) for order in permutations(taken)
    )
    each = Decimal(12)
    assert grade(blanks(*slots, any_order=True), response, each) == each * best / len(slots)


@given(SLOTS, GIVEN, st.integers(1, 1000))
def test_points_lie_between_nothing_and_all_and_any_order_is_never_worse(
    slots: tuple[tuple[str, ...], ...], response: list[str], hundredths: int
) -> None:
    points = Decimal(hundredths).scaleb(-2)
    strict = grade(blanks(*slots), response, points)
    free = grade(blanks(*slots, any_order=True), response, points)
    assert strict is not None
    assert free is not None
    assert 0 <= strict <= free <= points
    assert free == free.quantize(Decimal("0.01"))
