"""Questions that are nearly the same, as pairs for a person to look at."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from eduops.training.rules.question import Group, Question, fold, fold_stem

_SIZE = 3


@dataclass(frozen=True, slots=True)
class Similar:
    """Two questions by their index in the sequence asked about, and how alike they are in whole percent."""

    first: int
    second: int
    percent: int


def cut_pieces(question: Question, group: Group | None = None) -> frozenset[str]:
    """What is compared: the pieces of three characters of shared stem, stem and each option, in no order."""
    texts = [fold_stem(question.stem), *map(fold, question.options)]
    if group is not None and group.stem:
        texts.append(fold_stem(group.stem))
    return frozenset(
        text[start : start + _SIZE] for text in texts for start in range(max(1, len(text) - _SIZE + 1))
    )


def find_similar(pieces: Sequence[frozenset[str]], *, least_percent: int) -> list[Similar]:
    """Every pair that shares at least `least_percent` of its pieces (Jaccard), the most alike first.

    Only pairs that share one of their rarest pieces are compared: two sets of n and m pieces, n <= m, that share less
    than that cannot reach the limit (prefix filtering; Chaudhuri, Ganti, Kaushik 2006).
    """
    counts = Counter(piece for own in pieces for piece in own)
    holders: defaultdict[str, list[int]] = defaultdict(list)
    found: list[Similar] = []
    for second, own in enumerate(pieces):
        rarest = sorted(own, key=lambda piece: (counts[piece], piece))
        kept = rarest[: len(own) - -(-len(own) * least_percent // 100) + 1]
        candidates = {first for piece in kept for first in holders[piece]}
        found += _compare(pieces, candidates, second, least_percent)
        for piece in kept:
            holders[piece].append(second)
    return sorted(found, key=lambda pair: (-pair.percent, pair.first, pair.second))


def _compare(
    pieces: Sequence[frozenset[str]], candidates: set[int], second: int, least_percent: int
) -> list[Similar]:
    found = []
    own = pieces[second]
    for first in candidates:
        shared = len(own & pieces[first])
        together = len(own) + len(pieces[first]) - shared
        if together and shared * 100 >= least_percent * together:
            found.append(Similar(first, second, shared * 100 // together))
    return found
