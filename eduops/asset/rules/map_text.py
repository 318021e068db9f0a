"""How wide words are when drawn, and words cut or broken to fit."""

import unicodedata
from dataclasses import dataclass

_NARROW = 0.6
_WIDE_LATIN = 0.92
"""Widths in parts of the font size, on the wide side of what usual fonts do, so that nothing runs out of its box."""
_NEVER_FIRST = "）】》」』，。、；：！？)]},.;:!?"


@dataclass(frozen=True, slots=True)
class Label:
    """Lines as they are drawn, and the whole text where something was cut off."""

    lines: tuple[str, ...]
    full: str = ""


def width_of(text: str, size: float) -> float:
    """How wide a text is in pixels at a font size in pixels."""
    return sum(_share(letter) for letter in text) * size


def cut(text: str, room: float, size: float) -> Label:
    """The text in one line, cut with … where it is wider than `room` pixels."""
    return wrap(text, room, size, most=1)


def wrap(text: str, room: float, size: float, *, most: int) -> Label:
    """The text in at most so many lines of `room` pixels, the last cut with … where there is more."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most:
        kept = _count_fitting(rest, room, size)
        if len(lines) == most - 1 and kept < len(rest):
            kept = _count_fitting(rest, room - width_of("…", size), size)
            return Label((*lines, rest[:kept] + "…"), text)
        kept = _break_before(rest, kept)
        lines.append(rest[:kept].strip())
        rest = rest[kept:].lstrip()
    return Label(tuple(lines) or ("",))


def _count_fitting(text: str, room: float, size: float) -> int:
    used = 0.0
    for count, letter in enumerate(text):
        used += _share(letter) * size
        if used > room:
            return max(1, count)
    return len(text)


def _break_before(text: str, kept: int) -> int:
    """Not within a word of Latin letters, where a space is near enough; no line begins with a closing mark."""
    if 1 < kept < len(text) and text[kept] in _NEVER_FIRST:
        return kept - 1
    if kept >= len(text) or not (text[kept].isascii() and text[kept - 1].isascii()):
        return kept
    space = text.rfind(" ", kept // 2, kept + 1)
    return space if space > 0 else kept


def _share(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WFA":
        return 1.0
    return _WIDE_LATIN if letter in "MW@%mw" else _NARROW
