"""A cell's text made tidy: what is safe to repair is repaired, and said."""

import re
import unicodedata
from collections.abc import Sequence

from eduops.training.rules.question import LETTERS

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_BREAKS = re.compile(r"\r\n?|_x000D_\n?")
_PREFIX = re.compile(r"\s*[(（]?([A-Za-zＡ-Ｚａ-ｚ])\s*[)）]?\s*[、.．,，:：)）\s]\s*(?=\S)")
_RUN_TOGETHER = re.compile(r"(?:^|(?<=[\s;；|,，。、]))[(（]?([A-ZＡ-Ｚ])[)）]?\s*[、.．:：)）]\s*")


def tidy(text: str) -> str:
    """Without spaces around it, invisible and control characters; line breaks as one character."""
    stripped = text.strip()
    if stripped.isprintable():
        return stripped
    return _UNWANTED.sub("", _LINE_BREAKS.sub("\n", stripped)).strip()


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as half-width ones."""
    return unicodedata.normalize("NFKC", text)


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
    """The options that stand in one cell: `A、…B、…` run together, a line each, or parted by `|`; None if unclear."""
    lettered = _split_letters(text)
    if lettered:
        return lettered
    for separator in ("\n", "|", "｜"):
        parts = [part.strip() for part in text.split(separator) if part.strip()]
        if len(parts) > 1:
            return strip_prefixes(parts) or parts
    return None


def _split_letters(text: str) -> list[str] | None:
    """Cuts before A, B, C ... in their order, so that a letter inside an option does not cut it."""
    cuts: list[tuple[int, int]] = []
    for found in _RUN_TOGETHER.finditer(text):
        if len(cuts) < len(LETTERS) and narrow(found.group(1)) == LETTERS[len(cuts)]:
            cuts.append(found.span())
    if len(cuts) < 2 or text[: cuts[0][0]].strip():
        return None
    ends = [start for start, _ in cuts[1:]] + [len(text)]
    return [text[start:end].strip(" \t\n;；|") for (_, start), end in zip(cuts, ends, strict=True)]
