"""One entry of a sheet made into a question, with everything that keeps it from being sound."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from eduops.training.rules.bank_entry import Entry
from eduops.training.rules.bank_group import GroupDraft
from eduops.training.rules.bank_key import (
    Reading,
    is_nothing,
    names_options,
    read_blank_columns,
    read_blanks,
    read_letters,
    read_text,
    read_verdict,
)
from eduops.training.rules.bank_layout import Layout
from eduops.training.rules.bank_mapping import Mapping
from eduops.training.rules.bank_text import are_out_of_order, narrow
from eduops.training.rules.bank_word import (
    TYPE_NAMES,
    TypeWord,
    find_type_in_title,
    parse_difficulty,
    parse_type_word,
    parse_verdict,
)
from eduops.training.rules.form import RowError
from eduops.training.rules.question import (
    CHOICE,
    LETTERS,
    Difficulty,
    GroupKind,
    Question,
    QuestionType,
    check,
    count_blanks,
)

_LEVELS = re.compile(r"\s*(?:&&|/|／|>|＞|→|\\)\s*")
_TAGS = re.compile(r"[,，、;；|\s]+")
_SCORE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*分?")
_PLAIN_VERDICTS = frozenset({"对", "错", "正确", "错误", "√", "×", "TRUE", "FALSE"})
_NO_WORD = TypeWord(None)
# None, NULL and N/A are words that an option may say.
_NO_OPTION = frozenset({"nan", "<na>", "#n/a"})
_LONGEST_NO_OPTION = max(map(len, _NO_OPTION))
_OF_OPTIONS = frozenset({"options", "key"})
"""What cannot be judged while the options of one cell are not told apart."""


@dataclass(slots=True)
class Builder:
    """Builds the questions of one sheet and counts what had to be assumed."""

    layout: Layout
    mapping: Mapping
    assumed: Counter[str] = field(default_factory=Counter)
    sheet_word: TypeWord | None = None
    option_letters: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        names = [name for name in self.layout.columns if name.startswith("option")]
        self.option_letters = frozenset(map(self.layout.letter, names))
        if "type" not in self.layout.columns:
            self.sheet_word = find_type_in_title(self.layout.sheet.name)

    def find_word(self, entry: Entry) -> TypeWord | None:
        """What names the entry's type: its own cell, else the section above it, else the sheet's name."""
        text = entry.texts.get("type", "")
        if text:
            word = parse_type_word(self.mapping.types.get(text, text))
            if word is None and not text.isdecimal():
                message = f"题型「{text[:20]}」认不出；可写 {'、'.join(TYPE_NAMES.values())}、A3/A4、B1"
                self._fail(entry, "type", "type_unknown", message)
            elif word is None:
                self.assumed["题型写的是代码，按答案和选项判定"] += 1
            return word
        if entry.section is not None:
            self.assumed["题型取自这一段的标题"] += 1
        elif self.sheet_word is not None:
            self.assumed["没有题型列，题型取自工作表的名字"] += 1
        return entry.section or self.sheet_word

    def build(self, entry: Entry, word: TypeWord | None, group: GroupDraft | None) -> Question | None:
        """The question, or None where even its type cannot be told; what is wrong is added to the entry's errors."""
        options = self._options(entry, group)
        kind = self._find_type(entry, word or _NO_WORD, options)
        if kind is None:
            return None
        reading = self._read_key(kind, entry.texts.get("key", ""), options, entry.texts.get("stem", ""))
        self._check_flags(entry, kind, options, reading)
        if kind in CHOICE:
            self._check_options(entry, options)
        if reading.code:
            self._fail(entry, "key", reading.code, reading.message)
        if reading.repaired:
            entry.repairs.add("key")
        if reading.assumed:
            self.assumed[reading.assumed] += 1
        question = self._question(entry, kind, options, reading)
        self._check(entry, question, word or _NO_WORD, is_key_told=bool(reading.code))
        return question

    def _options(self, entry: Entry, group: GroupDraft | None) -> tuple[str, ...]:
        if group is not None and group.kind is GroupKind.SHARED_OPTIONS:
            return group.options
        return tuple(entry.options)

    def _find_type(self, entry: Entry, word: TypeWord, options: Sequence[str]) -> QuestionType | None:
        if word.type is not None:
            return word.type
        if entry.errors and any(error.code == "type_unknown" for error in entry.errors):
            return None
        found = infer_type(entry.texts, options, is_choice=word.is_choice)
        if found is not None and "type" not in entry.texts:
            self.assumed["没有写题型，按答案和选项判定"] += 1
        elif found is not None and word.is_choice:
            self.assumed["题型没有说是单选还是多选，按答案的个数判定"] += 1
        if found is None:
            code, field_name, message = "type_unclear", "type", "没有写题型，从答案和选项也看不出来"
            if is_nothing(entry.texts.get("key", "")):
                code, field_name, message = "key_missing", "key", "没有答案，也就看不出是单选还是多选"
                message = message if word.is_choice else "没有答案，也就看不出题型"
            self._fail(entry, field_name, code, message)
        return found

    def _read_key(self, kind: QuestionType, text: str, options: Sequence[str], stem: str) -> Reading:
        match kind:
            case QuestionType.SINGLE | QuestionType.MULTIPLE:
                return read_letters(text, options)
            case QuestionType.TRUE_FALSE:
                return read_verdict(text, options)
            case QuestionType.BLANK if is_nothing(text) and options:
                return read_blank_columns(options)
            case QuestionType.BLANK:
                return read_blanks(text, stem)
            case _:
                return read_text(text)

    def _question(
        self, entry: Entry, kind: QuestionType, options: tuple[str, ...], reading: Reading
    ) -> Question:
        texts = entry.texts
        return Question(
            type=kind,
            stem=texts.get("stem", ""),
            options=self._kept_options(entry, kind, options, reading),
            key=reading.key,
            any_order="any_order" in texts and self._is_any_order(entry, texts["any_order"]),
            explanation=self._explanation(entry),
            difficulty=self._difficulty(entry),
            score=self._score(entry),
            knowledge_path=_split_levels(texts.get("knowledge", "")),
            source=texts.get("source", ""),
            tags=_split_tags(texts.get("tags", "")) + _split_tags(texts.get("level", "")),
        )

    def _kept_options(
        self, entry: Entry, kind: QuestionType, options: tuple[str, ...], reading: Reading
    ) -> tuple[str, ...]:
        """Choices keep them; 正确/错误 of a true/false question and a blank's answers have gone into the key."""
        if kind in CHOICE:
            return options
        given = [option for option in options if option]
        if kind is QuestionType.TRUE_FALSE and self._are_equal_verdicts(entry, options):
            return ()
        is_used = (kind is QuestionType.BLANK and reading.key == tuple((option,) for option in options)) or (
            kind is QuestionType.TRUE_FALSE and all(parse_verdict(option) is not None for option in given)
        )
        if given and not is_used:
            self._fail(entry, "option[0]", "options_unexpected", f"{TYPE_NAMES[kind]}不应有选项")
        return ()

    def _are_equal_verdicts(self, entry: Entry, options: tuple[str, ...]) -> bool:
        """Whether two options mean the same, 是 and 对: which one is right says nothing, and is asked about."""
        verdicts: dict[bool, str] = {}
        for index, option in enumerate(options):
            verdict = parse_verdict(option)
            if verdict in verdicts:
                message = f"判断题的选项「{option[:20]}」与「{verdicts[verdict][:20]}」意思相同；应一个是对，一个是错"
                self._fail(entry, f"option[{index}]", "options_equal", message)
                return True
            if verdict is not None:
                verdicts[verdict] = option
        return False

    def _check_flags(
        self, entry: Entry, kind: QuestionType, options: Sequence[str], reading: Reading
    ) -> None:
        """What the column 是否正确项 says and what the key says must be the same."""
        if not any(entry.flags) or not reading.key:
            return
        flagged = "".join(
            letter for letter, flag in zip(LETTERS, entry.flags, strict=False) if parse_verdict(flag)
        )
        # Where some flags are left empty and none is set, the key alone speaks.
        if (flagged or all(entry.flags)) and self._read_key(kind, flagged, options, "").key != reading.key:
            said = f"「是否正确项」标的是 {flagged or '无'}，与答案不一致；请改成一样，或只留一处"
            self._fail(entry, "key", "flags_differ", said)

    def _check_options(self, entry: Entry, options: Sequence[str]) -> None:
        """No option is what programs write for nothing; letters before options run as the options do."""
        for index, option in enumerate(options):
            if len(option) <= _LONGEST_NO_OPTION and option.casefold() in _NO_OPTION:
                message = f"选项写的是「{option}」，是程序写的空值；请补上选项，没有这个选项就清空"
                self._fail(entry, f"option[{index}]", "option_missing", message)
        if are_out_of_order(options) and not any(error.code == "option_letters" for error in entry.errors):
            message = "选项前写的字母或编号不是按次序排的，分不清答案指哪一个；请排好，或去掉"
            self._fail(entry, "option[0]", "option_letters", message)

    def _is_any_order(self, entry: Entry, text: str) -> bool:
        verdict = parse_verdict(text)
        if verdict is None and not is_nothing(text):
            self._fail(
                entry,
                "any_order",
                "any_order_unknown",
                f"「答案不分顺序」写的「{text[:20]}」认不出；可写 是 或 否",
            )
        return verdict is True

    def _explanation(self, entry: Entry) -> str:
        text = entry.texts.get("explanation", "")
        if text and is_nothing(text):
            entry.repairs.add("nothing_word")
            return ""
        return text

    def _difficulty(self, entry: Entry) -> Difficulty | None:
        text = entry.texts.get("difficulty", "")
        if is_nothing(text):
            return None
        mapped = self.mapping.difficulties.get(text)
        level = Difficulty(mapped) if mapped else parse_difficulty(text)
        if level is None:
            self._fail(
                entry, "difficulty", "difficulty_unknown", f"难度「{text[:20]}」认不出；可写 易、中、难"
            )
        return level

    def _score(self, entry: Entry) -> Decimal | None:
        text = entry.texts.get("score", "")
        if is_nothing(text):
            return None
        plain = narrow(text)
        score = _parse_score(plain)
        if score is None:
            message = f"分值「{text[:20]}」不是数字；请写如 2 或 1.5"
            self._fail(entry, "score", "score_invalid", message)
        elif plain != text:
            entry.repairs.add("number")
        return score

    def _check(self, entry: Entry, question: Question, word: TypeWord, *, is_key_told: bool) -> None:
        is_unsplit = any(self._hides_options(error) for error in entry.errors)
        for problem in check(question):
            if (problem.field == "key" and is_key_told) or (is_unsplit and problem.field in _OF_OPTIONS):
                continue
            if problem.code == "key_few" and word.is_indefinite:
                continue
            self._fail(entry, problem.field, problem.code, problem.message)

    def _fail(self, entry: Entry, field_name: str, code: str, message: str) -> None:
        letter = self.layout.letter(field_name)
        # What stood in a cell with an error value cannot be missed or wrong as well.
        if not any(error.code == "cell_error" and error.column == letter for error in entry.errors):
            entry.errors.append(RowError(self.layout.sheet.name, entry.row, letter, code, message))

    def _hides_options(self, error: RowError) -> bool:
        """Whether the error keeps from telling how many options there are and what each says."""
        return error.code == "options_unsplit" or (
            error.code == "cell_error" and error.column in self.option_letters
        )


def infer_type(texts: dict[str, str], options: Sequence[str], *, is_choice: bool) -> QuestionType | None:
    """The type that key and options show; None where they do not.

    Options: true/false where they are 正确 and 错误, else single or multiple by the number of letters. No options:
    a verdict, blanks in the stem, or a text, in this order; letters show nothing where there are no options.
    """
    key = texts.get("key", "")
    given = [option for option in options if option]
    if (
        given
        and not is_choice
        and len(given) == 2
        and {parse_verdict(option) for option in given} == {True, False}
    ):
        return QuestionType.TRUE_FALSE
    if given or is_choice:
        letters = read_letters(key, options).key
        if not letters:
            return None
        return QuestionType.SINGLE if len(letters) == 1 else QuestionType.MULTIPLE
    if is_nothing(key):
        return None
    if key.strip("。. ").upper() in _PLAIN_VERDICTS:
        return QuestionType.TRUE_FALSE
    if (len(key) == 1 and key.isascii() and key.isalpha()) or names_options(key):
        return None
    return QuestionType.BLANK if count_blanks(texts.get("stem", "")) else QuestionType.SHORT_ANSWER


# Few paths, tags and scores stand in many rows: what was read once is remembered.
@lru_cache(maxsize=4096)
def _split_levels(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _LEVELS.split(text)))


@lru_cache(maxsize=4096)
def _split_tags(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _TAGS.split(text)))


@lru_cache(maxsize=256)
def _parse_score(text: str) -> Decimal | None:
    """Plain digits: 1_0 and 1e2 are a slip of the pen, whatever Python makes of them."""
    found = _SCORE.fullmatch(text)
    return Decimal(found.group(1)) if found else None
