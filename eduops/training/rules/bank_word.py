"""The words that question workbooks use: names of columns, types, verdicts, difficulties."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from eduops.sheet.header import Vocabulary
from eduops.training.rules.question import LETTERS, Difficulty, GroupKind, QuestionType

_INDEX = r"([a-z]|[1-9]\d?|[一二三四五六七八九十])"
LONE_LETTER = re.compile(r"([a-j])(?:项|[.、])?")
"""An option's heading that may as well be an answer."""

COLUMNS: Vocabulary = {
    "stem": [
        "题干", "试题内容", "问题内容", "题目内容", "题目题干", "试题题干", "题目", "试题", "问题", "小题", "小题题干",
        "题干内容", "试题题目", "题目名称", "题目描述", "题目标题", "题目正文", "试题名称", "试题描述", "试题正文",
        "问题描述", "考题", "病例", "案例题干", "stem", "question",
    ],
    "type": ["题型", "题目类型", "试题类型", "类型", "题目题型", "试题题型", "题类", "type"],
    "key": [
        "正确答案", "答案", "参考答案", "标准答案", "正确选项", "正确答案选项", "试题答案", "题目答案", "答案内容",
        "answer", "key",
    ],
    "option": [
        re.compile(rf"选项{_INDEX}"),
        re.compile(r"([a-z])选项"),
        re.compile(rf"(?:备选答案|备选项|备选|候选答案|候选项|答案选项|option|choice){_INDEX}"),
        LONE_LETTER,
        re.compile(r"答案([a-h])"),
    ],
    "option_text": ["选项内容", "选项", "备选项", "备选答案", "答案选项", "全部选项", "options"],
    "option_right": ["是否正确项", "是否正确选项", "是否正确答案", "是否正确", "是否为正确答案", "是否答案", "正确项"],
    "explanation": [
        "解析", "答案解析", "题目解析", "试题解析", "整体解析", "解析说明", "答案说明", "题解", "explanation",
    ],
    "difficulty": ["难度", "难易度", "难易程度", "难度等级", "难度级别", "难度系数", "difficulty"],
    "score": ["分值", "分数", "题目分值", "试题分值", "默认分值", "得分", "score"],
    "knowledge": ["知识点", "知识点路径", "所属知识点", "考点", "知识分类", "知识点名称", "章节", "疾病组", "knowledge"],
    "source": ["来源", "题目来源", "试题来源", "出处", "source"],
    "tags": ["标签", "试题标签", "题目标签", "关键词", "tags"],
    "level": ["层级", "护士层级", "适用层级", "适用对象", "适用人员"],
    "any_order": ["答案不分顺序", "不分顺序", "顺序无关", "答案可乱序", "可乱序"],
    "group": ["题组号", "题组", "组号", "题组编号", "案例编号", "案例号", "大题号", "group"],
    "shared_stem": ["共用题干", "共同题干", "公共题干", "题干材料", "案例背景", "病例摘要", "材料", "共用材料"],
    "bank_number": ["题库题号"],
    "bank_revision": ["修订号"],
    "number": ["序号", "题号", "编号", "题目序号", "试题编号", "no", "id"],
}  # fmt: skip
"""Field -> the names of its column, the best first; `option` is a family."""

FIELD_NAMES = {
    "stem": "题干", "type": "题型", "key": "答案", "option": "选项", "option_text": "选项内容",
    "option_right": "是否正确项", "explanation": "解析", "difficulty": "难度", "score": "分值", "knowledge": "知识点",
    "source": "来源", "tags": "标签", "level": "层级", "any_order": "答案不分顺序", "group": "题组号",
    "shared_stem": "共用题干", "number": "序号", "bank_number": "题库题号", "bank_revision": "修订号",
}  # fmt: skip
"""What people call a field."""


def field_name(field: str) -> str:
    """What people call a field or one of a family: 选项B for option[1]."""
    family, _, index = field.partition("[")
    letter = LETTERS[int(index[:-1])] if index and int(index[:-1]) < len(LETTERS) else index
    return FIELD_NAMES.get(family, family) + letter.removesuffix("]")


TYPE_NAMES = {
    QuestionType.SINGLE: "单选题",
    QuestionType.MULTIPLE: "多选题",
    QuestionType.TRUE_FALSE: "判断题",
    QuestionType.BLANK: "填空题",
    QuestionType.SHORT_ANSWER: "简答题",
    QuestionType.CASE_ANALYSIS: "案例分析题",
}
"""What people call a type."""


@dataclass(frozen=True, slots=True)
class TypeWord:
    """What a word in the type column says. `type` is None where only the key can tell.

    `is_choice`: at least that it has options. `opens_group`: the row is a shared stem, not a question.
    `is_indefinite`: 不定项, where one right option is as good as several.
    """

    type: QuestionType | None
    group: GroupKind | None = None
    is_choice: bool = False
    opens_group: bool = False
    is_indefinite: bool = False


_SINGLE = TypeWord(QuestionType.SINGLE, is_choice=True)
_MULTIPLE = TypeWord(QuestionType.MULTIPLE, is_choice=True)
_INDEFINITE = TypeWord(QuestionType.MULTIPLE, is_choice=True, is_indefinite=True)
_ANY_CHOICE = TypeWord(None, is_choice=True)
_SHARED_STEM = TypeWord(None, GroupKind.SHARED_STEM, is_choice=True)
_SHARED_OPTIONS = TypeWord(QuestionType.SINGLE, GroupKind.SHARED_OPTIONS, is_choice=True)
_STEM_ROW = TypeWord(None, GroupKind.SHARED_STEM, opens_group=True)
_TRUE_FALSE = TypeWord(QuestionType.TRUE_FALSE)
_BLANK = TypeWord(QuestionType.BLANK)
_SHORT = TypeWord(QuestionType.SHORT_ANSWER)
_CASE = TypeWord(QuestionType.CASE_ANALYSIS)

_TYPE_WORDS: tuple[tuple[TypeWord, str], ...] = (
    (_SINGLE, "单选 单项选择 单项 单选择 最佳选择 a1 a2 a1a2 a1/a2 single radio singlechoice"),
    (_MULTIPLE, "多选 多项选择 多项 多选择 x multiple checkbox multiplechoice"),
    (_INDEFINITE, "不定项 不定项选择"),
    (_ANY_CHOICE, "选择 choice"),
    (_SHARED_STEM, "a3/a4 a3a4 a3 a4 a3、a4 a3-a4 病例组 案例选择 共用题干选择 共用题干单选"),
    (_SHARED_OPTIONS, "b1 b 配伍 配伍选择 共用选项 共用备选答案 标准配伍 b1标准配伍"),
    (_STEM_ROW, "共用题干 公共题干 共同题干 题干"),
    (_TRUE_FALSE, "判断 是非 判断正误 判断对错 对错 正误 judge truefalse true_false"),
    (_BLANK, "填空 客观填空 主观填空 blank fill"),
    (
        _SHORT,
        "简答 问答 主观 论述 名词解释 简述 名词解释/简答 名词解释与简答 解答 计算 shortanswer short_answer essay",
    ),
    (_CASE, "案例分析 病例分析 病案分析 案例 病例 病案 案例分析简答 case caseanalysis case_analysis"),
)
_TYPES = {name: word for word, names in _TYPE_WORDS for name in names.split()}
_LONGEST_FIRST = sorted(map(re.escape, _TYPES), key=len, reverse=True)
ANY_TYPE = "|".join(_LONGEST_FIRST)
"""A pattern for every name of a type, the longest first."""
# Behind a type's name in a title: its ending, or another name (单选和多选题).
_NAMED_TYPE = re.compile(rf"(?<![a-z0-9])({ANY_TYPE})(型|题|\(|$|[和与及或、/+&,;]|(?={ANY_TYPE}))")
_SPACES_AND_BRACKETS = re.compile(r"\s+|\([^()]*\)|【[^【】]*】|\[[^\[\]]*\]")
_TYPE_ENDING = re.compile(r"(?:试题|型题|题型|题|型)+$")
_WEAK_IN_TITLES = frozenset({"病例", "病案", "案例"})
_ENDINGS = frozenset({"型", "题"})

_VERDICTS = {
    word: verdict
    for verdict, words in (
        (True, "对 正确 √ ✓ ✔ ☑ 是 t true y yes 1 真 同意 right 正 对的 正确的"),
        (False, "错 错误 × ✗ ✘ x ☒ 否 f false n no 0 假 不同意 wrong 误 不正确 不对 错的 错误的 非"),
    )
    for word in words.split()
}
_DIFFICULTIES = {
    name: level
    for level, names in (
        (Difficulty.EASY, "易 简单 容易 较易 较简单 很易 低 easy"),
        (Difficulty.MEDIUM, "中 中等 一般 适中 普通 中级 medium normal"),
        (Difficulty.HARD, "难 困难 较难 很难 高 高难 hard difficult"),
    )
    for name in names.split()
}
NO_GROUP_WORDS = frozenset(
    {"无", "没有", "无共用题干", "/", "\\", "-", "--", "—", "——", "－", "／", "nan", "null", "none"}
)
"""What people write as group or shared stem of a question that has none."""
NOTHING_WORDS = frozenset({"nan", "null", "none", "#n/a", "n/a", "<na>"})
"""What programs write where there was nothing."""


@lru_cache(maxsize=4096)
def parse_type_word(text: str) -> TypeWord | None:
    """What a type column's text says; None where the word is not known."""
    plain = _SPACES_AND_BRACKETS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return _TYPES.get(plain) or _TYPES.get(_TYPE_ENDING.sub("", plain))


@lru_cache(maxsize=4096)
def is_single_type(text: str) -> bool:
    """Whether a type column's text says A1 or A2: questions that never stand under a shared stem."""
    plain = _SPACES_AND_BRACKETS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return _TYPE_ENDING.sub("", plain) in {"a1", "a2", "a1a2", "a1/a2"}


@lru_cache(maxsize=1024)
def find_type_in_title(text: str) -> TypeWord | None:
    """The type that a sheet's name or a section's title names, such as 多选题 or 一、单项选择题（每题1分）.

    None where it names two, such as 单选题和多选题: only the key can tell.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    named: set[TypeWord] = set()
    is_whole = False
    for found in _NAMED_TYPE.finditer(plain):
        name, behind = found.groups()
        is_ended = behind in _ENDINGS
        is_closed = is_ended or behind == "(" or found.end() == len(plain)
        # 试卷B and 第三章 病例 name no type; 病例题 and A1型题 do.
        is_weak = name.isascii() or name in _WEAK_IN_TITLES
        if is_ended or not is_weak or (is_closed and found.start() == 0):
            named.add(_TYPES[name])
            is_whole = is_whole or is_closed
    return _find_common(named) if is_whole else None


def _find_common(words: set[TypeWord]) -> TypeWord | None:
    """The one type that all these words can mean: 选择题 and A3/A4 go with 单选题, which goes with no 多选题."""
    exact = {word for word in words if word.type is not None}
    open_ones = words - exact
    if len(exact) > 1 or (open_ones and not all(word.is_choice for word in exact)):
        return None
    grouped = [word for word in open_ones if word.group is not None]
    return next(iter((*grouped, *exact, *open_ones)), None)


@lru_cache(maxsize=4096)
def parse_verdict(text: str) -> bool | None:
    """True for 对, 正确, √, 1 …, False for their opposites, None for anything else."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip().strip("。.!,;、")
    return _VERDICTS.get(plain)


@lru_cache(maxsize=1024)
def parse_difficulty(text: str) -> Difficulty | None:
    """The difficulty that a word names; None where the word is not known."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    return _DIFFICULTIES.get(plain) or _DIFFICULTIES.get(plain.removesuffix("题"))
