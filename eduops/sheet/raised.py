"""Rich text, which the reader runs together with the rest: raised and lowered letters (10⁹ would read as 109), and
parts that are struck out.

Known for xlsx and xlsm only. Only for packages that check_zip has let pass: there is no DTD in them.
"""

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO
from xml.etree import ElementTree

from eduops.sheet.workbook import column_index

Raised = Mapping[tuple[int, int], tuple[str, str]]
"""(row, column) -> the cell's text as it is read, and as it is meant."""

SIGN = b"vertAlign"
"""What every part with a raised or lowered letter contains."""
STRUCK_SIGN = b"strike"
"""What every part with struck out letters contains."""
_STRINGS = "xl/sharedstrings.xml"
_CHUNK_BYTES = 1024 * 1024
_LONGEST_STRING_BYTES = 512 * 1024
_UPPER = str.maketrans("0123456789+-−=()niab", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱᵃᵇ")
_LOWER = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_SPELLINGS = {"superscript": _UPPER, "subscript": _LOWER}
_EMPTY = re.compile(rb"<si\s?/>")
_CELL = re.compile(rb"""<c\s([^<>]{0,200})>\s{0,20}<v>(\d{1,9})</v>""")
_PLACE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_IS_SHARED = re.compile(rb"""\bt=["']s["']""")


def load_raised(stream: BinaryIO, parts: Mapping[str, str]) -> dict[str, Raised]:
    """By sheet name, the cells whose text has raised or lowered letters. `parts`: sheet name -> part name."""
    return _load(stream, parts, spell)


def load_struck(stream: BinaryIO, parts: Mapping[str, str]) -> dict[str, frozenset[tuple[int, int]]]:
    """By sheet name, the (row, column) of the cells with a part of their text struck out."""
    return {sheet: frozenset(cells) for sheet, cells in _load(stream, parts, leave_struck).items()}


_Read = Callable[[bytes], tuple[str, str] | None]


def _load(stream: BinaryIO, parts: Mapping[str, str], read: _Read) -> dict[str, Raised]:
    with zipfile.ZipFile(stream) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        strings = dict(_list_strings(archive, names[_STRINGS], read)) if _STRINGS in names else {}
        found = {sheet: dict(_list_cells(archive, part, strings, read)) for sheet, part in parts.items()}
    return {sheet: cells for sheet, cells in found.items() if cells}


def spell(text: bytes) -> tuple[str, str] | None:
    """A string item's text as it is read and as it is meant; None where the two are the same or it is no XML.

    `text` is what stands within `<si>` or `<is>`. Letters that Unicode has no raised form of stay as they are.
    """
    plain = meant = ""
    for run, words in _list_runs(text) if SIGN in text else ():
        place = run.find("rPr/vertAlign")
        spelling = _SPELLINGS.get(place.get("val", ""), {}) if place is not None else {}
        plain += words
        meant += words.translate(spelling)
    return (plain, meant) if meant != plain else None


def leave_struck(text: bytes) -> tuple[str, str] | None:
    """A string item's text as it is read and without what is struck out; None where nothing is."""
    plain = left = ""
    for run, words in _list_runs(text) if STRUCK_SIGN in text else ():
        strike = run.find("rPr/strike")
        is_struck = strike is not None and strike.get("val", "1") not in {"0", "false"} and words.strip()
        plain += words
        left += "" if is_struck else words
    return (plain, left) if left != plain else None


def _list_runs(text: bytes) -> Iterator[tuple[ElementTree.Element, str]]:
    """The runs of a string item with their words; none where it is no XML."""
    if len(text) > _LONGEST_STRING_BYTES:
        return
    try:
        root = ElementTree.fromstring(b"<si>" + text + b"</si>")  # noqa: S314 -- check_zip refused every DTD
    except ElementTree.ParseError:
        return
    for run in root:
        yield run, run.text or "" if run.tag == "t" else run.findtext("t", "") if run.tag == "r" else ""


def _list_strings(
    archive: zipfile.ZipFile, part: str, read: _Read
) -> Iterator[tuple[bytes, tuple[str, str]]]:
    """(number, texts) of the shared strings in which something is found; most are only counted."""
    number = 0
    for item in _list_pieces(archive, part, b"</si>"):
        number += len(_EMPTY.findall(item))
        if _has_sign(item) and (texts := read(item.rpartition(b"<si>")[2])):
            yield b"%d" % number, texts
        number += 1


def _list_cells(
    archive: zipfile.ZipFile, part: str, strings: Mapping[bytes, tuple[str, str]], read: _Read
) -> Iterator[tuple[tuple[int, int], tuple[str, str]]]:
    for row in _list_pieces(archive, part, b"</row>"):
        if strings:
            for attributes, number in _CELL.findall(row):
                if number in strings and _IS_SHARED.search(attributes):
                    yield from _at(attributes, strings[number])
        if _has_sign(row):
            for cell in row.split(b"</is>")[:-1]:
                before, _, text = cell.rpartition(b"<is>")
                if texts := read(text):
                    yield from _at(before.rpartition(b"<c ")[2], texts)


def _has_sign(content: bytes) -> bool:
    return SIGN in content or STRUCK_SIGN in content


def _at(attributes: bytes, texts: tuple[str, str]) -> Iterator[tuple[tuple[int, int], tuple[str, str]]]:
    place = _PLACE.search(b" " + attributes)
    if place:
        yield (int(place[2]), column_index(place[1].decode())), texts


def _list_pieces(archive: zipfile.ZipFile, part: str, end: bytes) -> Iterator[bytes]:
    """What stands before each `end`; a piece that is longer than any honest one is let go."""
    rest = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            *pieces, rest = (rest + chunk).split(end)
            yield from pieces
            if len(rest) > 8 * _CHUNK_BYTES:
                return
