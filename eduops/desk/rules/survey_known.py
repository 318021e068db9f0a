"""Which answers of a file were imported before, where two real answers may be equal: pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from eduops.desk.rules.survey import NewSurvey

_Identity = tuple[date, str, str, Decimal, tuple[tuple[str, float], ...], str]


@dataclass(frozen=True, slots=True)
class Sorted:
    """A file's answers: those to be written, how many are known, how many unsigned ones only look like known ones."""

    new: tuple[NewSurvey, ...]
    known: int
    alike: int


def sort_out(answers: Sequence[NewSurvey], batches: Iterable[Sequence[NewSurvey]]) -> Sorted:
    """Compares a file with what each earlier import wrote, oldest first.

    A signed answer is known as often as it was imported. Unsigned ones may be equal and yet two: they are known where
    the file holds everything that one earlier import wrote, as a longer export of the same survey does.
    """
    told = Counter(map(_identify, answers))
    earlier = [Counter(map(_identify, batch)) for batch in batches]
    imported = sum(earlier, Counter[_Identity]())
    left = told.copy()
    for batch in earlier:
        if batch <= left:
            left -= batch
    wanted = {
        each: max(0, count - imported[each]) if _is_signed(each) else left[each]
        for each, count in told.items()
    }
    alike = sum(min(count, imported[each]) for each, count in wanted.items() if _is_alike(each, told, wanted))
    new = tuple(_take(answers, Counter(wanted)))
    return Sorted(new, len(answers) - len(new), alike)


def _is_signed(answer: _Identity) -> bool:
    return bool(answer[2])


def _is_alike(answer: _Identity, told: "Counter[_Identity]", wanted: dict[_Identity, int]) -> bool:
    """An unsigned answer of which nothing in the file counts as known."""
    return not _is_signed(answer) and wanted[answer] == told[answer]


def _take(answers: Iterable[NewSurvey], wanted: "Counter[_Identity]") -> Iterable[NewSurvey]:
    for answer in answers:
        identity = _identify(answer)
        if wanted[identity] > 0:
            wanted[identity] -= 1
            yield answer


def _identify(answer: NewSurvey) -> _Identity:
    items = tuple(sorted((name, float(value)) for name, value in answer.items.items()))
    return (answer.answered_on, answer.department, answer.respondent, answer.score, items, answer.comment)
