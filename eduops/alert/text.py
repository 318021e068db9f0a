"""Text that leaves the house: nothing hidden in it, no personal numbers, not longer than the channel takes. Pure."""

import re
import unicodedata

_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])(\d{6})\d{8}(\d{3}[\dXx])(?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
_DEFUSED = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "'", "*": "＊", "#": "＃"})


def mask_personal(text: str) -> str:
    """The text with mobile and identity numbers masked in the middle."""
    return _MOBILE.sub(r"\1****\2", _ID_NUMBER.sub(r"\1********\2", text))


def clean(text: str, *, keep_lines: bool = False) -> str:
    """The text without control and direction characters, which may hide or forge what is read; tabs become blanks."""
    kept = ("\n",) if keep_lines else ()
    return "".join(
        sign
        if sign in kept
        else " "
        if sign in "\n\r\t\u2028\u2029"
        else ""
        if unicodedata.category(sign) in ("Cc", "Cf", "Cs")
        else sign
        for sign in text
    )


def defuse(text: str) -> str:
    """The text with the signs in which 企业微信, 钉钉 and 飞书 see mark-up or a call to everybody made harmless."""
    return text.translate(_DEFUSED)


def cut(text: str, *, most_bytes: int, tail: str) -> str:
    """The text if it fits into so many bytes of UTF-8, else its beginning and `tail`; never half a character."""
    data = text.encode()
    if len(data) <= most_bytes:
        return text
    room = max(0, most_bytes - len(tail.encode()))
    kept = data[:room].decode(errors="ignore")
    # What follows belongs to the character before it: an accent, or the rest of a joined sign.
    while kept and len(kept) < len(text) and unicodedata.combining(text[len(kept)]):
        kept = kept[:-1]
    return kept + tail
