"""Departments as rosters spell them, against the customer's dictionary: known, or proposed for a person to confirm."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

_KIND = re.compile(r"(?:科室?|病区|病房|门诊|中心|室|部|组)$")
_BRACKETED = re.compile(r"\([^()]*\)")
_LEAST_LIKENESS = 0.6
_MOST_PROPOSALS = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """A spelling that nobody knows, how many people have it, and the likeliest departments, best first."""

    spelling: str
    people: int
    departments: tuple[str, ...]


def plain_department(text: str) -> str:
    """A department's name for comparison: half-width, without spaces. Brackets stay: 内科(东区) is another place."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def find_department(spelling: str, known: Mapping[str, str]) -> str | None:
    """The dictionary's name for a spelling; `known` maps plain names and confirmed aliases to it."""
    return known.get(plain_department(spelling))


def propose(spellings: Mapping[str, int], dictionary: Iterable[str]) -> list[Proposal]:
    """For each spelling (→ people) the likeliest names of the dictionary, the commonest spelling first."""
    names = list(dictionary)
    return [
        Proposal(spelling, people, tuple(_list_likely(spelling, names)))
        for spelling, people in sorted(spellings.items(), key=lambda item: (-item[1], item[0]))
    ]


def measure_likeness(spelling: str, name: str) -> float:
    """How alike two names are, 0 to 1: a shortening (心内 of 心血管内) counts as alike, else common characters do."""
    short, long = sorted((_core(spelling), _core(name)), key=len)
    if not short:
        return 0.0
    if _is_shortening(short, long):
        return 0.7 + 0.3 * len(short) / len(long)
    return SequenceMatcher(None, short, long).ratio()


def _core(name: str) -> str:
    return _KIND.sub("", _BRACKETED.sub("", plain_department(name)))


def _is_shortening(short: str, long: str) -> bool:
    """Whether the characters of one stand in the other in the same order, at least two of them."""
    rest = iter(long)
    return len(short) > 1 and all(character in rest for character in short)


def _list_likely(spelling: str, names: Iterable[str]) -> list[str]:
    likely = [(measure_likeness(spelling, name), name) for name in names]
    likely = [pair for pair in likely if pair[0] >= _LEAST_LIKENESS]
    return [name for _, name in sorted(likely, key=lambda pair: (-pair[0], pair[1]))][:_MOST_PROPOSALS]
