"""Finding the header row under titles and notes, and which column holds which field."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eduops.sheet.workbook import Sheet, cell_text

Name = str | re.Pattern[str]
Vocabulary = Mapping[str, Sequence[Name]]

_SPACES = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
_MARKS = re.compile(r"[*※★☆]+|:+$")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|<[^<>]*>|〔[^〔〕]*〕")
_DIGITS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Several columns of the header row answer to one field: the first of `columns` was taken."""

    field: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """A header row (1-based) and the 0-based column of each field; a family's fields are `option[0]`, `option[1]`..."""

    row: int
    columns: dict[str, int]
    unknown: tuple[tuple[int, str], ...]
    ambiguous: tuple[Ambiguity, ...]
    score: int

    def family(self, field: str) -> dict[int, int]:
        """index -> column of a repeating field, in the order of the index."""
        found = (
            (int(name[len(field) + 1 : -1]), column)
            for name, column in self.columns.items()
            if name.startswith(f"{field}[")
        )
        return dict(sorted(found))


@dataclass(frozen=True, slots=True, order=True)
class _Fit:
    """How well a column's text fits a field: smaller is better."""

    loose: bool
    rank: int
    column: int
    field: str


def find_header(
    sheet: Sheet,
    vocabulary: Vocabulary,
    *,
    required: Collection[str],
    max_scan: int = 30,
) -> Header | None:
    """The row among the first `max_scan` that names most fields and all the required ones; the first of equals.

    `vocabulary` gives each field its known names, the best first. A compiled pattern is a family: it must match the
    whole normalised (lower-case) text, and its first group (a letter, a number, 一..十) gives the index of
    `field[index]`. A required family needs one column. None when no row has all required fields.
    """
    known = {field: _split_names(names) for field, names in vocabulary.items()}
    best: Header | None = None
    for number, cells in sheet.numbered_rows():
        if number >= sheet.first_row + max_scan:
            break
        texts = {column: cell_text(cell) for column, cell in enumerate(cells)}
        header = _match_row(number, texts, known)
        fields = {name.partition("[")[0] for name in header.columns}
        if fields.issuperset(required) and header.columns and (best is None or header.score > best.score):
            best = header
    return best


def normalise_header(text: str) -> str:
    """A header's text for comparison: half-width, lower case, without spaces, stars and a colon at the end."""
    plain = _SPACES.sub("", unicodedata.normalize("NFKC", text).casefold())
    return _MARKS.sub("", plain)


def bare_header(text: str) -> str:
    """The same without what stands in brackets, such as （必填）; unchanged where nothing else would be left."""
    plain = normalise_header(text)
    return _MARKS.sub("", _BRACKETED.sub("", plain)) or plain


def _split_names(names: Sequence[Name]) -> tuple[dict[str, int], list[tuple[int, re.Pattern[str]]]]:
    words = [(normalise_header(name), rank) for rank, name in enumerate(names) if isinstance(name, str)]
    patterns = [(rank, name) for rank, name in enumerate(names) if isinstance(name, re.Pattern)]
    return dict(reversed(words)), patterns


def _match_row(
    number: int,
    texts: Mapping[int, str],
    known: Mapping[str, tuple[dict[str, int], list[tuple[int, re.Pattern[str]]]]],
) -> Header:
    named = {column: text for column, text in texts.items() if normalise_header(text)}
    fits = sorted(fit for column, text in named.items() for fit in _list_fits(column, text, known))
    columns: dict[str, int] = {}
    for fit in fits:
        if fit.field not in columns and fit.column not in columns.values():
            columns[fit.field] = fit.column
    rest = {column: text for column, text in named.items() if column not in columns.values()}
    return Header(
        row=number,
        columns=columns,
        unknown=tuple((column, text.strip()) for column, text in rest.items()),
        ambiguous=tuple(_list_ambiguities(columns, [fit for fit in fits if fit.column in rest])),
        score=len(columns),
    )


def _list_fits(
    column: int,
    text: str,
    known: Mapping[str, tuple[dict[str, int], list[tuple[int, re.Pattern[str]]]]],
) -> Iterator[_Fit]:
    for loose, plain in ((False, normalise_header(text)), (True, bare_header(text))):
        for field, (words, patterns) in known.items():
            if plain in words:
                yield _Fit(loose, words[plain], column, field)
            for rank, pattern in patterns:
                found = pattern.fullmatch(plain)
                if found:
                    yield _Fit(loose, rank, column, f"{field}[{_parse_index(found.group(1))}]")


def _parse_index(text: str) -> int:
    """A or 1 or 一 is 0."""
    if text.isdecimal():
        return int(text) - 1
    if text in _DIGITS:
        return _DIGITS.index(text)
    return ord(text.lower()) - ord("a")


def _list_ambiguities(columns: Mapping[str, int], left: Sequence[_Fit]) -> Iterator[Ambiguity]:
    others: dict[str, set[int]] = {}
    for fit in left:
        others.setdefault(fit.field, set()).add(fit.column)
    for field, extra in others.items():
        yield Ambiguity(field, (columns[field], *sorted(extra)))
