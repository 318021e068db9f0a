"""A row of somebody's file, still text, with the place of each word; and what it says once it is read."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from eduops.asset.rules import word
from eduops.asset.rules.kind import Field, Kind
from eduops.asset.rules.text import Slip, tidy
from eduops.sheet.day import find_day

_BETWEEN_CODES = re.compile(r"[\s,，、;；|/]+")
_NOTHING = frozenset({"", "-", "—", "无", "/"})
_MOST_DIGITS = 9
_CHOICES = ("role", "environment", "kind", "direction", "severity")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a cell (主机!C7) or a line with its key path, and the number to sort by."""

    address: str
    number: int


@dataclass(frozen=True, slots=True)
class RawRow:
    """What a row says, by the keys of its kind's fields; a field without a word is left out or empty."""

    kind: Kind
    texts: Mapping[str, str]
    place: Place
    places: Mapping[str, Place]
    slips: tuple[Slip, ...] = ()

    def place_of(self, key: str) -> Place:
        """Where a field stands, or else the row."""
        return self.places.get(key, self.place)


@dataclass(slots=True)
class Draft:
    """A row once it is read: the values that it gives, by the entry's attributes, and what is wrong, by key."""

    row: RawRow
    given: dict[str, object] = field(default_factory=dict)
    slips: list[Slip] = field(default_factory=list)

    @property
    def code(self) -> str:
        return str(self.given.get("code", ""))


def read_row(row: RawRow) -> Draft:
    """The values of a row. An empty word gives nothing: it leaves what is kept."""
    draft = Draft(row, slips=list(row.slips))
    for each in row.kind.fields:
        text = tidy(row.texts.get(each.key, ""))
        if not text:
            continue
        value = _read(each, text)
        if isinstance(value, Slip):
            draft.slips.append(value)
        elif value is not None:
            draft.given[each.attribute] = value
    return draft


def split_codes(text: str) -> tuple[str, ...]:
    """The codes in a word, parted by spaces, commas or 、."""
    return tuple(code for code in _BETWEEN_CODES.split(text) if code not in _NOTHING)


def _read(each: Field, text: str) -> object:
    """The value of a word, None for one that says "nothing", or what is wrong with it."""
    match each.reads:
        case "port" | "count":
            return None if text in _NOTHING else _read_whole(each, text)
        case "day":
            said = f"「{text[:20]}」不是日期；写成 2026-03-05 的样子"
            return None if text in _NOTHING else find_day(text) or Slip(each.key, said)
        case "yes":
            answer = word.find_yes(text)
            return Slip(each.key, f"「{text[:20]}」不是是或否") if answer is None else answer
        case "codes":
            return split_codes(text) or None
        case choice if choice in _CHOICES:
            said = f"「{text[:20]}」不在可选范围：{word.said_choices(choice)}"
            return word.find_choice(choice, text) or Slip(each.key, said)
    return text


def _read_whole(each: Field, text: str) -> int | Slip:
    plain = unicodedata.normalize("NFKC", text).replace(",", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= _MOST_DIGITS):
        hint = "；一个接口有几个端口时，写主要的一个，其余写进备注" if each.reads == "port" else ""
        return Slip(each.key, f"「{text[:20]}」不是整数{hint}")
    return int(plain)
