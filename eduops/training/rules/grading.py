"""What an answer is worth: pure. Open questions are a person's to grade."""

import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from eduops.training.rules.question import OPEN, Question, QuestionType

NOTHING = Decimal(0)


def grade(question: Question, response: Sequence[str], points: Decimal) -> Decimal | None:
    """The points of a response, or None where a person has to decide.

    Choice and true/false: all points for exactly the right letters, else none. Blanks: an equal share of the
    points for each right blank, rounded down to hundredths, all points for all. A response is one string a
    letter or blank; an empty one is worth nothing. Open questions and those without a key are a person's.
    """
    if not any(map(_plain, response)):
        return NOTHING
    if question.type in OPEN or not question.key:
        return None
    if question.type is QuestionType.BLANK:
        return _grade_blanks(question, response, points)
    right = {slot[0] for slot in question.key}
    return points if set(response) == right and len(response) == len(right) else NOTHING


def _grade_blanks(question: Question, response: Sequence[str], points: Decimal) -> Decimal:
    slots = [{_plain(answer) for answer in slot} for slot in question.key]
    given = [_plain(answer) for answer in response]
    right = _match_any_order(slots, given) if question.any_order else _match_in_order(slots, given)
    if right == len(slots):
        return points
    hundredths = int(points * 100) * right // len(slots)
    return Decimal(hundredths).scaleb(-2)


def _match_in_order(slots: Sequence[set[str]], given: Sequence[str]) -> int:
    return sum(answer in slot for slot, answer in zip(slots, given, strict=False))


def _match_any_order(slots: Sequence[set[str]], given: Sequence[str]) -> int:
    """The most blanks that the answers can fill, each blank and each answer used once (augmenting paths)."""
    holder: dict[int, int] = {}

    def place(answer: int, tried: set[int]) -> bool:
        for index, slot in enumerate(slots):
            if given[answer] in slot and index not in tried:
                tried.add(index)
                if index not in holder or place(holder[index], tried):
                    holder[index] = answer
                    return True
        return False

    return sum(place(answer, set()) for answer in range(min(len(given), len(slots))))


def _plain(text: str) -> str:
    """How two typed answers are compared: full-width as half-width, no spaces, no case."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
