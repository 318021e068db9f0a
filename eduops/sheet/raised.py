"""Raised and lowered letters of rich text, which the reader runs together with the rest: 10⁹ would read as 109.

Known for xlsx and xlsm only. Only for packages that check_zip has let pass: there is no DTD in them.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from xml.etree import ElementTree

from eduops.sheet.workbook import column_index

Raised = Mapping[tuple[int, int], tuple[str, str]]
"""(row, column) -> the cell's text as it is read, and as it is meant."""

SIGN = b"vertAlign"
"""What every part with a raised or lowered letter contains."""
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
    with zipfile.ZipFile(stream) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        strings = dict(_list_strings(archive, names[_STRINGS])) if _STRINGS in names else {}
        found = {sheet: dict(_list_cells(archive, part, strings)) for sheet, part in parts.items()}
    return {sheet: cells for sheet, cells in found.items() if cells}


def spell(text: bytes) -> tuple[str, str] | None:
    """A string item's text as it is read and as it is meant; None where the two are the same or it is no XML.

    `text` is what stands within `<si>` or `<is>`. Letters that Unicode has no raised form of stay as they are.
    """
    if SIGN not in text or len(text) > _LONGEST_STRING_BYTES:
        return None
    try:
        root = ElementTree.fromstring(b"<si>" + text + b"</si>")  # noqa: S314 -- check_zip refused every DTD
    except ElementTree.ParseError:
        return None
    plain = meant = ""
    for run in root:
        words = run.text or "" if run.tag == "t" else run.findtext("t", "") if run.tag == "r" else ""
        place = run.find("rPr/vertAlign")
        spelling = _SPELLINGS.get(place.get("val", ""), {}) if place is not None else {}
        plain += words
        meant += words.translate(spelling)
    return (plain, meant) if meant != plain else None


def _list_strings(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[bytes, tuple[str, str]]]:
    """(number, texts) of the shared strings with raised letters; most are only counted."""
    number = 0
    for item in _list_pieces(archive, part, b"</si>"):
        number += len(_EMPTY.findall(item))
        if SIGN in item and (texts := spell(item.rpartition(b"<si>")[2])):
            yield b"%d" % number, texts
        number += 1


def _list_cells(
    archive: zipfile.ZipFile, part: str, strings: Mapping[bytes, tuple[str, str]]
) -> Iterator[tuple[tuple[int, int], tuple[str, str]]]:
    for row in _list_pieces(archive, part, b"</row>"):
        if strings:
            for attributes, number in _CELL.findall(row):
                if number in strings and _IS_SHARED.search(attributes):
                    yield from _at(attributes, strings[number])
        if SIGN in row:
            for cell in row.split(b"</is>")[:-1]:
                before, _, text = cell.rpartition(b"<is>")
                if texts := spell(text):
                    yield from _at(before.rpartition(b"<c ")[2], texts)


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
