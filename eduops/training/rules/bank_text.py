"""A cell's text made tidy: what is safe to repair is repaired, and said."""

import re
import unicodedata
from collections.abc import Sequence

from eduops.training.rules.question import LETTERS

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_BREAKS = re.compile(r"\r\n?|_x000D_\n?")
_PREFIX = re.compile(r"\s*[(（]?([A-Za-zＡ-Ｚａ-ｚ])\s*[)）]?\s*[、.．,，:：)）]\s*(?=\S)")
_CAPITAL = re.compile(r"\s*[(（]?([A-ZＡ-Ｚ])[)）]?\s*[、.．:：)）]\s*(?=\S)")
_LETTER = re.compile(r"(?<![A-Za-zＡ-Ｚａ-ｚ])[(（]?([A-ZＡ-Ｚ])[)）]?\s*[、.．:：)）]\s*")
_PLACE = re.compile(
    r"\s*(?:[(（]?([A-Za-zＡ-Ｚａ-ｚ])(?:[)）]|\s*[、.．,，:：])|([①-⑳]))\s*"
    r"(?![A-Za-z①-⑳]?\s*(?:\Z|[、,，①-⑳]))"
)
_PLACE_STARTS = frozenset("(（①②③④⑤⑥⑦⑧⑨⑩ＡＢＣＤＥＦＧＨＩＪａｂｃｄｅｆｇｈｉｊABCDEFGHIJabcdefghij")
_PARTING = frozenset(" \t\n\r\u3000\xa0;；|。")
_BEFORE_LETTER = _PARTING | frozenset(",，、")
_MARKS_BEHIND = "、，,;；"


def tidy(text: str) -> str:
    """Without spaces around it, invisible and control characters; line breaks as one character."""
    stripped = text.strip()
    if stripped.isprintable():
        return stripped
    return _UNWANTED.sub("", _LINE_BREAKS.sub("\n", stripped)).strip()


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as half-width ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def strip_prefixes(options: Sequence[str]) -> list[str] | None:
    """The options without `A、`, where every one carries its own letter; None where they do not."""
    stripped: list[str] = []
    for letter, option in zip(LETTERS, options, strict=False):
        if not option:
            stripped.append(option)
            continue
        found = _PREFIX.match(option)
        if found is None or narrow(found.group(1)).upper() != letter:
            return None
        stripped.append(option[found.end() :])
    return stripped if any(options) else None


def split_options(text: str) -> list[str] | None:
    """The options that stand in one cell: a line each, parted by `|`, or `A、…B、…` run together; None if unclear.

    An option that is left out between two others keeps its place, so that the letters behind it stay what they are.
    """
    unlettered = None
    for separator in ("\n", "|", "｜"):
        parts = _list_parts(text, separator)
        filled = [part for part in parts if part]
        if len(filled) > 1:
            stripped = strip_prefixes(filled)
            if stripped is not None:
                return stripped
            # Letters that do not run A, B, C: which of them the key means cannot be told.
            unlettered = unlettered or (None if find_letters(filled) else parts)
    return _split_letters(text) or unlettered


def _list_parts(text: str, separator: str) -> list[str]:
    """What stands between the separators, without the empty parts at the end; lines may have one between each two."""
    parts = [part.strip() for part in text.split(separator)]
    while parts and not parts[-1]:
        parts.pop()
    is_spaced = separator == "\n" and all(parts[::2]) and not any(parts[1::2])
    return parts[::2] if is_spaced else parts


def find_letters(options: Sequence[str]) -> str:
    """The capitals that the options are lettered with, `A、` each, two at least; "" where one is not."""
    found = [_CAPITAL.match(option) for option in options if option]
    letters = "".join(narrow(each.group(1)) for each in found if each is not None)
    return letters if len(letters) == len(found) > 1 else ""


def are_out_of_order(options: Sequence[str]) -> bool:
    """Whether letters or circled numbers before the options name the places of others: `b、甲` first, then `a、乙`."""
    if not options or options[0][:1] not in _PLACE_STARTS:
        return False
    named = [(at, found) for at, option in enumerate(options) if (found := _PLACE.match(option))]
    places = [
        LETTERS.index(narrow(found.group(1)).upper()) if found.group(1) else int(narrow(found.group(2))) - 1
        for _, found in named
    ]
    are_places = len(set(places)) == len(places) > 1 and max(places) < len(options)
    return are_places and places != [at for at, _ in named]


def strip_marks(options: Sequence[str]) -> list[str]:
    """The options without the mark that parted them from the next; one that is nothing else keeps it."""
    return [option.rstrip(_MARKS_BEHIND + " ") or option for option in options]


def _split_letters(text: str) -> list[str] | None:
    """Cuts before A, B, C ... where there is only one way to do so; None where an option may hold a letter itself."""
    found = list(_LETTER.finditer(text))
    # Letters behind a space or a strong mark count first, then those behind any: 维生素B、 inside an option is no B.
    parted, marked = (
        [each for each in found if each.start() == 0 or text[each.start() - 1] in before]
        for before in (_PARTING, _BEFORE_LETTER)
    )
    cuts = next((cuts for cuts in (parted, marked, found) if _are_all(cuts, found)), [])
    if len(cuts) < 2 or cuts[0].start() != 0:
        return None
    if cuts != parted and _count_ways(found, len(cuts), len(text)) != 1:
        return None
    ends = [each.start() for each in cuts[1:]] + [len(text)]
    return [text[cut.end() : end].strip(" \t\n;；|") for cut, end in zip(cuts, ends, strict=True)]


def _count_ways(found: Sequence[re.Match[str]], count: int, end: int) -> int:
    """In how many ways the first `count` letters can be picked in order with something written behind each."""
    ways = [int(each.start() == 0 and _letter(each) == LETTERS[0]) for each in found]
    for at, each in enumerate(found):
        if each.start():
            before = LETTERS[LETTERS.index(_letter(each)) - 1]
            ways[at] = sum(
                ways[of]
                for of, other in enumerate(found[:at])
                if _letter(other) == before and other.end() < each.start()
            )
    last = LETTERS[count - 1]
    return sum(ways[at] for at, each in enumerate(found) if _letter(each) == last and each.end() < end)


def _are_all(cuts: Sequence[re.Match[str]], found: Sequence[re.Match[str]]) -> bool:
    """Whether the cuts are A, B, C ... in order, and the letter after the last stands nowhere."""
    return "".join(map(_letter, cuts)) == LETTERS[: len(cuts)] and not (
        set(LETTERS[len(cuts) : len(cuts) + 1]) & set(map(_letter, found))
    )


def _letter(found: re.Match[str]) -> str:
    return narrow(found.group(1))
