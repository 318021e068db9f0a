"""What a question is, when it is sound, and when two are the same."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from string import ascii_uppercase

LETTERS = ascii_uppercase
"""The names of options, in order."""

MOST_POINTS = 1000
"""More than any paper has: a larger score is a slip of the pen."""


class QuestionType(StrEnum):
    """The kinds of question; A3/A4 and B1 are groups of `single` or `multiple` ones."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"
    BLANK = "blank"
    SHORT_ANSWER = "short_answer"
    CASE_ANALYSIS = "case_analysis"


class GroupKind(StrEnum):
    """What the questions of a group share: the stem (A3/A4) or the options (B1)."""

    SHARED_STEM = "shared_stem"
    SHARED_OPTIONS = "shared_options"


class Difficulty(StrEnum):
    """How hard a question is."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


CHOICE = (QuestionType.SINGLE, QuestionType.MULTIPLE)
OPEN = (QuestionType.SHORT_ANSWER, QuestionType.CASE_ANALYSIS)


@dataclass(frozen=True, slots=True)
class Group:
    """What a group's questions share; they are drawn and shown together."""

    kind: GroupKind
    stem: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `key` has a slot for each thing to answer, and in each slot the answers that are right.

    single (("A",),); multiple (("A",), ("C",)); true_false (("T",),) or (("F",),); blank one slot a blank:
    (("37℃", "37度"), ("60",)); open questions ((model answer,),) or (). The questions of a B1 group carry the
    group's options. `any_order`: the blanks' answers may stand in any order. `score` is in points.
    """

    type: QuestionType
    stem: str
    options: tuple[str, ...] = ()
    key: tuple[tuple[str, ...], ...] = ()
    any_order: bool = False
    explanation: str = ""
    difficulty: str | None = None
    score: Decimal | None = None
    knowledge_path: tuple[str, ...] = ()
    source: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BankItem:
    """A question as it stands in a bank: its identity, its current revision, its place, its group."""

    question_id: int
    revision: int
    group_id: int | None
    position: int
    question: Question
    group: Group | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a question is not sound: `field` is the Question's, options as `option[0]`."""

    code: str
    field: str
    message: str


_OPTION_MARK, _KEY_MARK = "\x1e", "\x1d"
_HUNDREDTH = Decimal("0.01")
_BLANK_MARK = re.compile(
    r"_{2,}|＿+|﹍+|(?<![A-Za-z0-9_])_(?![A-Za-z0-9_])"
    r"|\[填空[^\]]*\]|【填空[^】]*】"
    r"|[(（【\[][\s\u3000]+[)）】\]]|[（【][)）】\]]|(?<![A-Za-z0-9_])[(\[][)）】\]]"
)
_UNDERSCORES = re.compile("_+")
_MARKS = (
    "[" + re.escape("，,。、；;：:？?！!“”\"‘’'「」『』（）()【】[]〔〕《》…—·\u200b\ufeff\u3000") + r"\s]"
)
# What stands between two digits stays: 第1、2肋 is not 第12肋, 3—5 not 35, and 1:10 not 110.
_SENTENCE_MARKS = re.compile(rf"(?<!\d){_MARKS}+|{_MARKS}++(?!\d)")
# NFKC makes digits of them, but 10² is not 102, and x² not x₂; H₂O is H2O.
_RAISED = re.compile(r"[⁰¹²³⁴-⁹]+|(?<=\d)[₀-₉]+")


def check(question: Question) -> list[Problem]:
    """Everything that keeps the question from being sound, in the order of its fields; empty for a sound one."""
    problems: list[Problem] = []
    if not question.stem:
        problems.append(Problem("stem_missing", "stem", "没有题干"))
    if question.type in CHOICE:
        problems += _check_options(question.options)
        problems += _check_letters(question)
    elif question.type is QuestionType.TRUE_FALSE:
        problems += _check_verdict(question)
    elif question.type is QuestionType.BLANK:
        problems += _check_blanks(question)
    if question.score is not None and not _is_possible_score(question.score):
        problems.append(
            Problem(
                "score_invalid",
                "score",
                f"分值 {question.score} 应大于 0、不超过 {MOST_POINTS}，最多两位小数",
            )
        )
    return problems


def count_blanks(stem: str) -> int:
    """How many blanks the stem shows, of any kind: underscores, `[填空(1)]`, empty brackets; 0 for none.

    `f()` is how a function is written.
    """
    return len(_BLANK_MARK.findall(stem))


# Remembered briefly: a question's check and its fingerprints fold the same options one after the other.
@lru_cache(maxsize=64)
def fold(text: str) -> str:
    """The text for comparison: compatibility forms (NFKC), no spaces. Letters keep their case: pH is not PH.

    Raised digits, those set low behind a digit, and a space between two digits stay what they are.
    """
    return _join_words(_normalise(text))


def fold_stem(text: str) -> str:
    """`fold` without sentence punctuation and brackets; blanks and signs that carry meaning (+ - % / . < >) stay.

    So does every mark between two digits: 1、2 is not 12.
    """
    # Without its usual punctuation most text is in normal form already, which is quick to see.
    bare = _SENTENCE_MARKS.sub("", text)
    folded = _normalise(bare)
    if folded != bare:
        folded = _SENTENCE_MARKS.sub("", folded)
    if "_" in folded:
        folded = _UNDERSCORES.sub("_", folded)
    return _join_words(folded).rstrip(".")


def _normalise(text: str) -> str:
    # Most text is in that form, and then holds no raised digits: quickly seen, and the search is not quick.
    if text.isascii() or unicodedata.is_normalized("NFKC", text):
        return text
    return unicodedata.normalize("NFKC", _RAISED.sub(_spell_raised, text))


def _spell_raised(found: re.Match[str]) -> str:
    return ("^" if found.group() < "₀" else "~") + found.group()


def _join_words(text: str) -> str:
    """The text without spaces; one stays between two digits."""
    words = text.split()
    if len(words) < 2:
        return words[0] if words else ""
    joined = words[0]
    for word in words[1:]:
        joined += (" " if joined[-1].isdecimal() and word[0].isdecimal() else "") + word
    return joined


def stem_fingerprint(question: Question, group: Group | None = None) -> str:
    """SHA-256 (hex) of what is asked: shared stem, stem and options, folded."""
    return _digest(_asked(question, group))


def fingerprint(question: Question, group: Group | None = None) -> str:
    """SHA-256 (hex) of what is asked and what is right: two equal ones are duplicates."""
    return _digest(_asked(question, group) + _KEY_MARK + _right(question))


def fingerprints(question: Question, group: Group | None = None) -> tuple[str, str]:
    """(fingerprint, stem_fingerprint), folding and hashing the text once: an import computes both for every row."""
    digest = hashlib.sha256(_encode(_asked(question, group)))
    of_stem = digest.hexdigest()
    digest.update(_encode(_KEY_MARK + _right(question)))
    return digest.hexdigest(), of_stem


def _asked(question: Question, group: Group | None) -> str:
    shared = fold_stem(group.stem) + _KEY_MARK if group and group.stem else ""
    return shared + _OPTION_MARK.join((fold_stem(question.stem), *map(fold, question.options)))


def _right(question: Question) -> str:
    return _KEY_MARK.join(_OPTION_MARK.join(map(fold, slot)) for slot in question.key)


def _digest(text: str) -> str:
    return hashlib.sha256(_encode(text)).hexdigest()


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _check_options(options: tuple[str, ...]) -> Iterator[Problem]:
    if len(options) < 2:
        yield Problem("options_few", "options", f"选择题至少要有两个选项，这里有 {len(options)} 个")
    if len(options) > len(LETTERS):
        yield Problem("options_many", "options", f"选项有 {len(options)} 个，最多 {len(LETTERS)} 个")
    if len(set(map(fold, options)) - {""}) == len(options):
        return
    seen: dict[str, str] = {}
    for index, (letter, option) in enumerate(zip(LETTERS, options, strict=False)):
        folded = fold(option)
        if not folded:
            yield Problem("option_missing", f"option[{index}]", f"选项 {letter} 空着，后面却还有选项")
        elif folded in seen:
            yield Problem("options_equal", f"option[{index}]", f"选项 {letter} 与选项 {seen[folded]} 相同")
        seen.setdefault(folded, letter)


def _check_letters(question: Question) -> Iterator[Problem]:
    letters = [alternative for slot in question.key for alternative in slot]
    known = LETTERS[: len(question.options)]
    if not letters:
        yield Problem("key_missing", "key", "没有答案")
        return
    for letter in letters:
        if len(letter) != 1 or letter not in known:
            yield Problem("key_outside", "key", f"答案 {letter} 不在选项之内（选项到 {known[-1:] or '无'}）")
        elif letters.count(letter) > 1:
            yield Problem("key_repeated", "key", f"答案里 {letter} 出现了不止一次")
            return
    if question.type is QuestionType.SINGLE and len(letters) > 1:
        yield Problem("key_many", "key", f"单选题只能有一个答案，这里有 {len(letters)} 个")
    if question.type is QuestionType.MULTIPLE and len(letters) == 1:
        yield Problem(
            "key_few", "key", "多选题至少要有两个答案，这里只有一个；不定项的题请写题型「不定项选择题」"
        )


def _check_verdict(question: Question) -> Iterator[Problem]:
    if not question.key:
        yield Problem("key_missing", "key", "没有答案")
    elif question.key not in ((("T",),), (("F",),)):
        yield Problem("key_unknown", "key", "判断题的答案应是 对 或 错")


def _check_blanks(question: Question) -> Iterator[Problem]:
    if not question.key:
        yield Problem("key_missing", "key", "没有答案")
        return
    for number, slot in enumerate(question.key, start=1):
        if not slot or not all(map(fold, slot)):
            yield Problem("key_missing", "key", f"第 {number} 空没有答案")
    shown = count_blanks(question.stem)
    if shown and shown != len(question.key):
        said = f"题干有 {shown} 个空，答案给了 {len(question.key)} 个；各空的答案请用 | 分开"
        yield Problem("blanks_differ", "key", said)


def _is_possible_score(score: Decimal) -> bool:
    return score.is_finite() and 0 < score <= MOST_POINTS and score == score.quantize(_HUNDREDTH)
