"""What an answer cell says: letters, a verdict, the answers of blanks. Nothing that changes meaning is guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from eduops.training.rules.bank_text import narrow
from eduops.training.rules.bank_word import NOTHING_WORDS, parse_verdict
from eduops.training.rules.question import LETTERS, count_blanks, fold

Key = tuple[tuple[str, ...], ...]

_LABEL = re.compile(r"^\s*(?:正确|标准|参考)?答案\s*[:：]\s*")
_BETWEEN_LETTERS = re.compile(r"[\s、,，;；/|.．。&+和及与]+")
_LETTERS = re.compile(r"[A-Z]+")
_IN_BRACKETS = re.compile(r"\s*[(\[【](.*)[)\]】]\s*")
_LETTER_AND_TEXT = re.compile(r"([A-Za-zＡ-Ｚａ-ｚ])\s*[、.．:：)）]\s*(\S.*)", re.DOTALL)
_NUMBERED = re.compile(r"(?:^|\s+|(?<=[;；。]))(?:[(（]\d{1,2}[)）]|\d{1,2}[、.．](?!\d)|[①-⑳])\s*")
_BRACKETED = re.compile(r"\s*(?:[(（]\d{1,2}[)）]|[①-⑳])\s*")
_NUMBERED_ONE = re.compile(r"[(（]1[)）]\s*\S|1\s*[、．]|1\.(?!\d)")
_CIRCLED_ONE = re.compile(r"①\s*([^①-⑳]+)")
_CIRCLED = re.compile(r"[①-⑳](?![①-⑳、,，;；\s]*\Z)")
_LEADING_NUMBER = re.compile(r"[(（]?(\d{1,2})\s*[)）、.．]\s*\S")
_BETWEEN_DIGITS = re.compile(r"\d\s*[,，、]\s*\d")
# 3、4 and 60-100，16-20 part in one way only; 3,4-二羟 does not.
_BARE_NUMBER = re.compile(
    r"[<>≤≥±+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:[.．]\d+)?(?:[-~～—–:：/]\d+(?:[.．]\d+)?)*"
)
_NOT_A_DIGIT = re.compile(r"\D+")
_LEFT_OUT = frozenset(
    {"略", "答案略", "从略", "见解析", "详见解析", "见答案解析", "见答案", "见教材", "见书"}
)
"""What people write for the answer of a blank that they do not give."""
_LONGEST_NOTHING = max(map(len, NOTHING_WORDS))
_ALTERNATIVES = re.compile(r"[;；]")
# From the strongest to the weakest: what a weaker mark joins, a stronger one parts.
_BLANK_SEPARATORS = (
    ("换行", re.compile(r"\n+")),
    ("；", _ALTERNATIVES),
    ("，", re.compile(r"[,，]")),
    ("、", re.compile(r"、")),
    ("空格", re.compile(r"[\s\u3000]+")),
)
_AROUND_ANSWERS = " \t\n\u3000;；"
# 1,000 and 1 000, 5 mg, acute pain: one answer, or two?
_WITHIN_AN_ANSWER = {
    "，": re.compile(r"(?<!\d)\d{1,3},\d{3}(?!\d)"),
    "空格": re.compile(
        r"(?<!\d)\d{1,3}\s\d{3}(?!\d)|\d\s+(?:[^\W\d_]|[%℃°])|[A-Za-z]\s+[A-Za-z]{2}|[A-Za-z]{2}\s+[A-Za-z]"
    ),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the key, or why there is none. `repaired`: written otherwise; `assumed`: what was taken for what."""

    key: Key = ()
    code: str = ""
    message: str = ""
    repaired: bool = False
    assumed: str = ""


MISSING = Reading(code="key_missing", message="没有答案")
_FIRST_LETTERS = LETTERS[:8]
_A_LETTER = "答案是一个大写字母，按选项的字母读，虽然另一个选项的文字也是它"
_SINGLE_LETTERS = {letter: Reading(((letter,),)) for letter in LETTERS}


def is_nothing(text: str) -> bool:
    """Whether the text is empty or what programs write for nothing (nan, NULL …)."""
    return not text or (len(text) <= _LONGEST_NOTHING and text.casefold() in NOTHING_WORDS)


def read_letters(text: str, options: Sequence[str]) -> Reading:
    """The letters of a choice: ACD, A、C、D, B,D, a, `A、其文字`, or exactly one option's own words."""
    if is_nothing(text):
        return MISSING
    if len(text) == 1 and text in LETTERS:
        reading = _SINGLE_LETTERS[text]
        # A capital is how keys are written: it is a letter, and that it might be meant otherwise is said.
        return replace(reading, assumed=_A_LETTER) if _names_another(text, text, options) else reading
    plain = narrow(_LABEL.sub("", text)).upper()
    if ".." in plain:
        # A…D: from A to D, or A and D?
        return Reading(
            code="key_unknown", message=f"答案「{text[:30]}」写成一段，分不清包括哪几个；请逐个写出字母"
        )
    whole = fold(plain)
    bracketed = _IN_BRACKETS.fullmatch(plain)
    plain = _BETWEEN_LETTERS.sub("", bracketed.group(1) if bracketed else plain)
    if _LETTERS.fullmatch(plain):
        if len(plain) == 1 and _names_another(text, plain, options):
            return _like_an_option(text)
        if len(plain) > 1 and any(fold(option).upper() in (plain, whole) for option in options):
            # Blood group AB, A和B: that option, or A and B?
            return _like_an_option(text)
        return Reading(tuple((letter,) for letter in sorted(plain)), repaired=not _is_usual(text))
    return _read_option_text(text, options) or Reading(
        code="key_unknown", message=f"答案「{text[:30]}」不是选项字母"
    )


def names_options(text: str) -> bool:
    """Whether a key looks like letters of options: ACD, A、C, `A.其文字`; the options are not needed to say so."""
    found = _LETTER_AND_TEXT.fullmatch(text.strip())
    if found:
        return narrow(found.group(1)).upper() in _FIRST_LETTERS
    letters = _BETWEEN_LETTERS.sub("", narrow(text))
    # CT, DNA and ATP do not run on from A to H.
    return len(letters) > 1 and set(letters) <= set(_FIRST_LETTERS) and list(letters) == sorted(set(letters))


def read_verdict(text: str, options: Sequence[str]) -> Reading:
    """对 or 错 in any of their words; a letter only where the options say what it means, a digit where they agree."""
    if is_nothing(text):
        return MISSING
    written = narrow(text).strip().upper()
    verdict, chosen = parse_verdict(text), _read_place(written, options)
    if len(written) == 1 and written in LETTERS and chosen is not None:
        return Reading(_verdict_key(chosen), assumed="判断题的答案字母按选项的文字判定")
    if verdict is not None and chosen in (None, verdict):
        return Reading(_verdict_key(verdict))
    if verdict is not None:
        meaning = f"分不清指第 {written} 个选项，还是{'对' if verdict else '错'}；请写 对 或 错"
    elif len(written) == 1 and written in LETTERS:
        meaning = "没有选项说明它是对还是错"
    else:
        meaning = "看不出是对还是错"
    return Reading(code="key_unknown", message=f"判断题的答案「{text[:30]}」{meaning}")


def read_blanks(text: str, stem: str) -> Reading:
    r"""The answers of the blanks: parted by `|` or `\`, else by the one separator that fits the stem's count.

    `答案：` before them goes.
    `;` parts the alternatives of one blank, unless it is what parts the blanks. Without a blank in the stem only `|`
    can tell which.
    """
    if is_nothing(text):
        return MISSING
    if text.strip("。. ") in _LEFT_OUT:
        message = (
            f"答案写的是「{text[:30]}」，像是没有写；请写出答案，答案就是这几个字时写成 答案：{text[:30]}"
        )
        return Reading(code="key_unknown", message=message)
    shown, is_labelled = count_blanks(stem), False
    if label := _LABEL.match(text):
        text, is_labelled = text[label.end() :].strip(), True
    reading = _read_slots(text, shown) if text else MISSING
    return replace(reading, repaired=True) if is_labelled and not reading.code else reading


def _read_slots(text: str, shown: int) -> Reading:
    for separator in ("|", "｜", *(("\\",) if shown else ())):
        if separator in text:
            return Reading(tuple(map(_alternatives, text.split(separator))))
    if shown > 1:
        return _split_by_count(text, shown)
    slot = _alternatives(text)
    if shown:
        return _read_only_blank(text, slot)
    if len(slot) > 1 or "\\" in text or "\n" in text:
        return _unclear(
            text, "题干里没有标出空，分不清是几个空的答案，还是一个空的几种写法；请在题干里用____标出空"
        )
    return Reading((slot,))


def _read_only_blank(text: str, slot: tuple[str, ...]) -> Reading:
    """The answer of the one blank that the stem shows, without the number ①."""
    if "\n" in text:
        message = f"填空题的答案「{text[:30]}」有几行，分不清是不是同一空的几种写法；几种写法请用 ; 分开"
        return Reading(code="key_unknown", message=message)
    lone = _CIRCLED_ONE.fullmatch(text)
    if lone:
        slot = _alternatives(lone.group(1))
    elif _CIRCLED.match(text) or _NUMBERED_ONE.match(text):
        message = f"填空题的答案「{text[:30]}」分不清开头的数字是编号还是答案；题干只有一个空，请去掉编号"
        return Reading(code="key_unknown", message=message)
    assumed = "填空题答案里的「；」分开同一空的几种写法" if len(slot) > 1 else ""
    return Reading((slot,), assumed=assumed, repaired=bool(lone))


def read_blank_columns(answers: Sequence[str]) -> Reading:
    """The answers of the blanks that stand in the option columns, one a blank."""
    return Reading(tuple((answer,) for answer in answers), assumed="填空题的答案取自选项各列，一列一空")


def read_text(text: str) -> Reading:
    """A model answer as it is; none is none."""
    return Reading() if is_nothing(text) else Reading(((text,),))


def _names_another(text: str, letter: str, options: Sequence[str]) -> bool:
    """Whether the key is what the option of another letter says: key A, where option B is blood group A."""
    short = [(at, option) for at, option in enumerate(options) if len(option) <= len(text)]
    wanted = {fold(text), letter} if short else set()
    return any(fold(option) in wanted and at != LETTERS.index(letter) for at, option in short)


def _like_an_option(text: str) -> Reading:
    message = (
        f"答案「{text[:30]}」既是一个选项的文字，又是别的选项的字母；请把选项写全（如 A 型血），答案只写字母"
    )
    return Reading(code="key_unknown", message=message)


def _is_usual(text: str) -> bool:
    return text.isascii() and text.isalpha() and text.isupper()


def _read_option_text(text: str, options: Sequence[str]) -> Reading | None:
    """`A、其文字` where both agree, or the words of exactly one option; a bare number might be either, so neither."""
    folded = [fold(option) for option in options]
    found = _LETTER_AND_TEXT.fullmatch(text.strip())
    if found:
        letter = narrow(found.group(1)).upper()
        index = LETTERS.index(letter)
        if index < len(folded) and folded[index] == fold(found.group(2)):
            return Reading(((letter,),), repaired=True)
    wanted = fold(text)
    if folded.count(wanted) != 1 or wanted in map(str, range(len(options) + 1)):
        return None
    return Reading(((LETTERS[folded.index(wanted)],),), assumed="答案写的是选项的文字，换成了它的字母")


def _alternatives(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in _ALTERNATIVES.split(text))
    return tuple(part for part in parts if part) or ("",)


def _read_place(written: str, options: Sequence[str]) -> bool | None:
    """The verdict of the option that stands at the place a letter or number names; None where there is none."""
    if len(written) != 1 or not options:
        return None
    place = LETTERS.find(written) if written in LETTERS else "123456789".find(written)
    return parse_verdict(options[place]) if 0 <= place < len(options) else None


def _verdict_key(verdict: bool) -> Key:
    return (("T" if verdict else "F",),)


def _split_by_count(text: str, shown: int) -> Reading:
    for mark in (_NUMBERED, _BRACKETED):
        numbered = [part.strip() for part in mark.split(text)]
        if numbered[0] == "" and len(numbered) == shown + 1 and all(numbered[1:]):
            return _read_numbered(text, mark, numbered[1:])
    fitting = _list_fitting(text, shown)
    if not fitting:
        # Too few or too many: what counts blanks says so.
        return Reading(((text,),))
    name, parts = next(iter(fitting.items()))
    if name in _WITHIN_AN_ANSWER and _WITHIN_AN_ANSWER[name].search(text):
        return _unclear(text, f"分不清其中的{'逗号' if name == '，' else name}是不是分开两个空")
    if why := _find_doubt(text, name, parts):
        return _unclear(text, why)
    ways = {way for other, way in fitting.items() if other != "空格"} | {parts}
    if _ALTERNATIVES.search(text) and (len(ways) > 1 or any(map(_ALTERNATIVES.search, parts))):
        return _unclear(text, "分不清「；」分开的是几个空，还是同一空的几种写法")
    return Reading(tuple((part,) for part in parts), assumed=f"填空题的答案按「{name}」分成各空")


def _find_doubt(text: str, name: str, parts: Sequence[str]) -> str:
    """Why the parts may not be the answers: a term cut within, numbers that may be the blanks'; "" for none."""
    are_numbers = all(map(_BARE_NUMBER.fullmatch, parts))
    is_list = name in ("，", "、")
    if is_list and not are_numbers and _BETWEEN_DIGITS.search(text):
        return f"分不清数字之间的「{name}」是不是分开两个空"
    leading = [found.group(1) for part in parts if (found := _LEADING_NUMBER.match(part))]
    if leading == [str(number) for number in range(1, len(parts) + 1)] and not (is_list and are_numbers):
        return "分不清各部分开头的数字是编号还是答案"
    return ""


def _list_fitting(text: str, shown: int) -> dict[str, tuple[str, ...]]:
    """What parts the text into as many answers as the stem shows blanks -> those answers, the strongest mark first."""
    fitting = {}
    for name, separator in _BLANK_SEPARATORS:
        parts = tuple(part.strip(_AROUND_ANSWERS) for part in separator.split(text.rstrip(_AROUND_ANSWERS)))
        if len(parts) == shown and all(parts):
            fitting[name] = parts
    return fitting


def _read_numbered(text: str, mark: re.Pattern[str], answers: Sequence[str]) -> Reading:
    """Answers that carry the number of their blank: 1 to the last, in order."""
    numbers = [_number_of(found.group()) for found in mark.finditer(text)]
    if numbers != list(range(1, len(answers) + 1)):
        return _unclear(text, "编号不是从 1 起连着的")
    return Reading(tuple((answer.rstrip("；;"),) for answer in answers), assumed="填空题的答案按编号分成各空")


def _number_of(mark: str) -> int:
    return int(_NOT_A_DIGIT.sub("", narrow(mark)))


def _unclear(text: str, why: str) -> Reading:
    message = f"填空题的答案「{text[:30]}」{why}；各空的答案请用 | 分开"
    return Reading(code="key_unknown", message=message)
