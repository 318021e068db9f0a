"""A word of somebody's as it is kept: one line, nothing invisible; and what a word may not hold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FOLDED = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff]*\s[\s\u200b\u200c\u200d\u2060\ufeff]*")
_WEIGHTLESS = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
# What a terminal obeys, what turns the direction of writing around, and half characters.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
CODE_HINT = "用英文字母、数字、点、下划线或连字符，以字母或数字开头，最多 40 个字符，例如 app-1"
MOST_CHARACTERS = 200
MOST_OF_A_NOTE = 1000
"""The longest of a name and of a remark, in characters."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What keeps something from being sound: the field, and a Chinese sentence."""

    field: str
    message: str


def tidy(text: str) -> str:
    """The text on one line, without characters that have no width. What a terminal would obey stays, to be refused."""
    return _WEIGHTLESS.sub("", _FOLDED.sub(" ", text)).strip()


def is_code(text: str) -> bool:
    """Whether people can type it as the code of something."""
    return _CODE.fullmatch(text) is not None


def list_text_slips(field: str, word: str, text: str, *, most: int = MOST_CHARACTERS) -> Iterator[Slip]:
    """What is wrong with a text, called `word` on screen: control characters, or too many characters."""
    if _OBEYED.search(text):
        yield Slip(field, f"{word}里有控制字符，不能保存；重新输入这一项")
    if len(text) > most:
        yield Slip(field, f"{word}超过 {most} 个字")
