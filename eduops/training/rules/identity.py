"""ID numbers, telephones and nurses' levels: read, checked, masked."""

import re
import unicodedata
from datetime import date
from operator import mul

# GB 11643-1999, annex A: ISO 7064 MOD 11-2 with these weights and check characters.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_ID_LENGTH, _MOBILE_LENGTH = 18, 11
_FIRST_YEAR = 1900
_SEPARATORS = re.compile(r"[\s\-‐-―()]+")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}\d{7,8}")
_COUNTRY = re.compile(r"^(?:\+|00)86")
_MASKED = re.compile(r"[0-9A-Za-z]+[*＊•●]{3,}[0-9A-Za-z]+")
_LONG_NUMBER = re.compile(r"\d{7,}")
_LEVEL = re.compile(r"N([0-4])")
LEVELS = ("N0", "N1", "N2", "N3", "N4")


def read_id_number(text: str) -> str:
    """The number as it is kept: half-width, without spaces, X in upper case."""
    # Most are written as they are kept; the way to all others is ten times as long.
    if text.isascii() and text.isdecimal():
        return text
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_id_number(number: str) -> tuple[str, str] | None:
    """(code, Chinese sentence) of what is wrong with a number that was read; None where it is sound.

    18 characters, a birth date that exists, the check character of GB 11643-1999.
    """
    if len(number) != _ID_LENGTH:
        return "id_number_length", f"身份证号有 {len(number)} 位，应是 18 位"
    body, check = number[:-1], number[-1]
    if not (body.isascii() and body.isdecimal()) or check not in _CHECKS:
        return "id_number_characters", "身份证号的前 17 位应是数字，最后一位是数字或 X"
    if not _is_birth_date(body[6:14]):
        return "id_number_birth", "身份证号第 7 到 14 位不是出生日期"
    if _CHECKS[sum(map(mul, map(int, body), _WEIGHTS)) % 11] != check:
        return "id_number_check", "身份证号的校验位不对，有一位写错了"
    return None


def _is_birth_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= _FIRST_YEAR
    except ValueError:
        return False


def read_phone(text: str) -> str:
    """The telephone as it is kept: digits only, without +86."""
    if len(text) == _MOBILE_LENGTH and text.isascii() and text.isdecimal():
        return text
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    return _COUNTRY.sub("", plain)


def check_phone(phone: str) -> tuple[str, str] | None:
    """(code, Chinese sentence) of what is wrong with a telephone that was read."""
    if _MOBILE.fullmatch(phone) or _LANDLINE.fullmatch(phone):
        return None
    return "phone_unknown", "电话应是 11 位手机号，或带区号的固定电话"


def read_level(text: str) -> str:
    """A nurse's level as it is kept: half-width, upper case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper().removesuffix("级")


def check_level(level: str) -> tuple[str, str] | None:
    """(code, Chinese sentence) of what is wrong with a level that was read."""
    return None if _LEVEL.fullmatch(level) else ("unknown_level", f"层级{quote(level)}不在 N0 到 N4 之内")


def is_masked(text: str) -> bool:
    """Whether a cell holds what an export masked: it says nothing new."""
    return bool(_MASKED.fullmatch(text.strip()))


def has_long_number(text: str) -> bool:
    """Whether a text holds what may be a telephone or an ID number, however it is spaced."""
    return bool(_LONG_NUMBER.search(_SEPARATORS.sub("", unicodedata.normalize("NFKC", text))))


def quote(text: str) -> str:
    """A cell as a message may repeat it: shortened, and not where it may be somebody's number."""
    return "（含一串数字，不显示）" if has_long_number(text) else f"「{text[:20]}」"


def mask_phone(phone: str) -> str:
    """138****0000: the first three and the last four."""
    return f"{phone[:3]}****{phone[-4:]}"


def mask_id_number(number: str) -> str:
    """440***********1234: the first three and the last four."""
    return f"{number[:3]}***********{number[-4:]}"
