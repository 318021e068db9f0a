"""What a person copied out of a terminal: the script's answer found in it, whole or refused with what is missing."""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from eduops.core.errors import InputError, Problem

SOURCE = "粘贴的内容"
_LARGEST_BYTES = 2_000_000
_MOST_NAMED = 30
_NAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
# Colours and cursor moves, window titles, other short ones.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x00-\x08\x0e-\x1f\x7f]"
)
_RECORD = re.compile(
    r"#EDUOPS:(?P<begins>[a-z2-7]{10}):BEGIN:(?P<host>[A-Za-z0-9][A-Za-z0-9._-]{0,39}):(?P<kind>g?(?:64|16))#"
    r"|#EDUOPS:(?P<ends>[a-z2-7]{10}):END:(?P<count>\d{4,6}):(?P<method>sha256|cksum):(?P<sum>[0-9a-f]{1,64})#"
    r"|#(?P<nonce>[a-z2-7]{10}):(?P<number>\d{4,6}):(?P<piece>[A-Za-z0-9+/=]{1,48}):(?P<check>[0-9a-f]{4})#"
)


@dataclass(frozen=True, slots=True)
class Paste:
    """The answer to a script: the request it belongs to, the host it was made for, what was measured."""

    nonce: str
    host: str
    content: bytes


@dataclass
class _Answer:
    """What was found between a beginning and its end."""

    nonce: str
    host: str
    kind: str
    pieces: dict[int, str] = field(default_factory=dict)
    garbled: set[int] = field(default_factory=set)
    count: int | None = None
    method: str = ""
    total: str = ""


def is_paste(content: bytes) -> bool:
    """Whether somebody pasted a script's output rather than a document."""
    return b"EDUOPS:" in content and not content.lstrip().startswith(b"{")


def read_paste(content: bytes) -> Paste:
    """The answer in the pasted text. Raises InputError that says which lines are missing or garbled."""
    if len(content) > _LARGEST_BYTES:
        raise InputError(f"{SOURCE}超过 {_LARGEST_BYTES} 字节", hint="只粘贴脚本的输出")
    answers = list(_find_answers(_strip(content.decode("utf-8", "replace"))))
    if not answers:
        raise InputError(
            f"{SOURCE}里没有脚本输出的开头（#EDUOPS:…:BEGIN:…#）", hint="从这一行起完整复制，再粘贴"
        )
    whole = [answer for answer in answers if not _list_problems(answer)]
    if not whole:
        _refuse(answers[-1])
    if len({answer.host for answer in whole}) > 1:
        raise InputError(f"{SOURCE}里有多台主机的输出", hint="一次只粘贴一台主机的输出")
    newest = whole[-1]
    return Paste(newest.nonce, newest.host, _unpack(newest))


def _strip(text: str) -> str:
    # A terminal may wrap anywhere and pad with blanks: the answer itself has none, so all of them go.
    return "".join(_ESCAPES.sub("", text.replace("\u200b", "").replace("\ufeff", "")).split())


def _find_answers(text: str) -> Iterator[_Answer]:
    open_: _Answer | None = None
    for found in _RECORD.finditer(text):
        if found["begins"]:
            if open_ is not None:
                yield open_
            open_ = _Answer(found["begins"], found["host"], found["kind"])
        elif open_ is not None and found["nonce"] == open_.nonce:
            _add_piece(open_, int(found["number"]), found["piece"], found["check"])
        elif open_ is not None and found["ends"] == open_.nonce:
            open_.count, open_.method, open_.total = int(found["count"]), found["method"], found["sum"]
            yield open_
            open_ = None
    if open_ is not None:
        yield open_


def _add_piece(answer: _Answer, number: int, piece: str, check: str) -> None:
    is_sound = compute_check(number, piece) == int(check, 16)
    if not is_sound or answer.pieces.get(number, piece) != piece:
        answer.garbled.add(number)
        return
    answer.pieces[number] = piece


def compute_check(number: int, piece: str) -> int:
    """A line's check, as the script's awk computes it: position and every character count."""
    check = number
    for character in piece:
        check = (check * 31 + _NAMES.index(character) + 1) % 65521
    return check


def compute_cksum(content: bytes) -> int:
    """The CRC of POSIX `cksum`, which takes the length in after the content."""
    crc, length = 0, len(content)
    tail = length.to_bytes((length.bit_length() + 7) // 8, "little")
    for byte in (*content, *tail):
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1
    return ~crc & 0xFFFFFFFF


def _list_problems(answer: _Answer) -> list[str]:
    if answer.count is None:
        last = max(answer.pieces, default=0)
        return [f"没有结尾（#EDUOPS:{answer.nonce}:END:…#），最后读到第 {last} 行"]
    missing = [number for number in range(1, min(answer.count, 99_999) + 1) if number not in answer.pieces]
    # A garbled line that also came through whole does no harm.
    garbled = [number for number in missing if number in answer.garbled]
    conflicting = [number for number in answer.garbled if number in answer.pieces]
    problems = []
    if absent := [number for number in missing if number not in answer.garbled]:
        problems.append(f"缺少第 {_render(absent)} 行（共 {answer.count} 行）")
    if garbled:
        problems.append(f"第 {_render(garbled)} 行有改动")
    if not problems and not _is_sum_right(answer):
        where = f"，第 {_render(sorted(conflicting))} 行出现过不同的内容" if conflicting else ""
        problems.append(f"总校验和不符{where}")
    return problems


def _is_sum_right(answer: _Answer) -> bool:
    whole = f"{answer.nonce}:{answer.host}:{answer.kind}:{_join(answer)}".encode("ascii")
    if answer.method == "sha256":
        return hashlib.sha256(whole).hexdigest() == answer.total
    return answer.total.isdigit() and compute_cksum(whole) == int(answer.total)


def _join(answer: _Answer) -> str:
    return "".join(answer.pieces[number] for number in range(1, (answer.count or 0) + 1))


def _render(numbers: list[int]) -> str:
    """1、3-5、9"""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return "、".join(words[:_MOST_NAMED]) + ("…" if len(words) > _MOST_NAMED else "")


def _refuse(answer: _Answer) -> None:
    problems = [Problem(SOURCE, f"主机 {answer.host}", problem) for problem in _list_problems(answer)]
    raise InputError(
        f"{SOURCE}不完整或有改动，没有收入",
        hint="把缺的行连同其余重新复制，或在该主机上重新运行脚本",
        problems=problems,
    )


def _unpack(answer: _Answer) -> bytes:
    text = _join(answer)
    try:
        content = base64.b64decode(text, validate=True) if answer.kind.endswith("64") else bytes.fromhex(text)
        if answer.kind.startswith("g"):
            unpacking = zlib.decompressobj(wbits=31)
            content = unpacking.decompress(content, _LARGEST_BYTES)
            if not unpacking.eof:
                raise ValueError
    except (binascii.Error, ValueError, zlib.error):
        raise InputError(f"{SOURCE}解不开", hint="在该主机上重新运行脚本") from None
    return content
