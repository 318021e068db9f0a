"""A bank's questions written back in the columns they can be imported from, and the empty template of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from eduops.core.errors import InputError
from eduops.sheet.export import MAX_CELL_CHARACTERS, Column, Table, Value
from eduops.training.rules.bank_word import FIELD_NAMES, TYPE_NAMES
from eduops.training.rules.question import (
    LETTERS,
    BankItem,
    Difficulty,
    GroupKind,
    Question,
    QuestionType,
)

_DIFFICULTY_NAMES = {Difficulty.EASY: "易", Difficulty.MEDIUM: "中", Difficulty.HARD: "难"}
_BEFORE = ("题型", "题组号", "共用题干", "题干")
_AFTER = ("答案", "答案不分顺序", "解析", "难度", "分值", "知识点", "来源", "标签")
_WIDTHS = {"题型": 12.0, "题组号": 10.0, "题干": 50.0, "共用题干": 40.0, "解析": 50.0}
_USUAL_OPTIONS = 5
_SEPARATORS = frozenset("|｜\\;；\n")

_INSTRUCTIONS = (
    ("题型", "必填", "单选题、多选题、不定项选择题、判断题、填空题、简答题、案例分析题、A3/A4、B1", "单选题"),
    ("题组号", "题组必填", "同一题组的各行写同一个号，并且连着写；不是题组就空着", "案例01"),
    ("共用题干", "A3/A4 必填", "写在题组的第一行，其余各行空着", "患者男，60 岁（虚构）……"),
    ("题干", "必填", "填空题的空写成四个下划线", "洗手时揉搓时间不少于____秒。"),
    ("选项A、选项B…", "选择题必填", "从 A 起连着写，不要写「A、」；B1 只在题组的第一行写", "佩戴口罩"),
    (
        "答案",
        "客观题必填",
        "选择题写字母；判断题写 对 或 错；填空题各空用 | 分开，同一空的几种写法用 ; 分开",
        "ACD",
    ),
    ("答案不分顺序", "选填", "填空题各空可以互换时写 是", "是"),
    ("解析", "选填", "", "依据本院制度第三条。"),
    ("难度", "选填", "易、中、难", "中"),
    ("分值", "选填", "大于 0，最多两位小数", "1"),
    ("知识点", "选填", "各级之间用 / 分开", "核心制度/查对制度"),
    ("来源", "选填", "", "本院自编"),
    ("标签", "选填", "几个标签之间用逗号分开", "N1,岗前"),
)


def build_export(bank_id: int, items: Iterable[BankItem], *, options: int) -> Table:
    """The questions as one table; `options` is the largest number of options, at least five columns are written.

    The first columns are bank and number of each question, and the revision that it stands at: `bank revise` knows a
    corrected row by them, and whether it was corrected since.
    """
    shown = max(options, _USUAL_OPTIONS)
    heads = [Column(FIELD_NAMES[name], 10.0) for name in ("bank_number", "bank_revision")]
    rows = (
        [render_number(bank_id, item.position), str(item.revision), *row]
        for item, row in _list_rows(items, shown)
    )
    return Table("题库", "", "", [*heads, *_columns(shown)], rows)


def refuse_long(table: Table) -> Table:
    """The table, whose rows raise InputError at a text that no cell of Excel holds: cut off, it would come back so."""
    return replace(table, rows=_list_whole(table))


def _list_whole(table: Table) -> Iterator[Sequence[Value]]:
    for row in table.rows:
        for column, value in zip(table.columns, row, strict=True):
            if isinstance(value, str) and len(value) > MAX_CELL_CHARACTERS:
                raise InputError(
                    f"题库题号 {row[0]} 的{column.name}有 {len(value)} 字，"
                    f"Excel 一格最多 {MAX_CELL_CHARACTERS} 字，没有写出",
                    hint="改为写 .csv 文件",
                )
        yield row


def render_number(bank_id: int, position: int) -> str:
    """A question's number as exports carry it: 3#12. No spreadsheet takes that for a date or a number."""
    return f"{bank_id}#{position}"


def build_template() -> tuple[Table, Table]:
    """The empty sheet to fill in, and the sheet that says how."""
    heads = (Column("列"), Column("必填"), Column("怎么写", 70), Column("例", 40))
    return (
        Table("题库", "", "", _columns(_USUAL_OPTIONS), ()),
        Table("填写说明", "题库模板填写说明", "题目填在「题库」表里，一行一题。", heads, _INSTRUCTIONS),
    )


def _columns(options: int) -> list[Column]:
    names = (*_BEFORE, *(f"选项{letter}" for letter in LETTERS[:options]), *_AFTER)
    return [
        Column(
            name,
            _WIDTHS.get(name, 18.0 if name.startswith("选项") else 14.0),
            "number" if name == "分值" else "text",
        )
        for name in names
    ]


def _list_rows(items: Iterable[BankItem], options: int) -> Iterator[tuple[BankItem, list[Value]]]:
    # Counted anew in every export: the numbers that groups have in the database are no bank's own.
    numbers: dict[int, int] = {}
    above: int | None = None
    for item in items:
        number = None if item.group_id is None else numbers.setdefault(item.group_id, len(numbers) + 1)
        # Said again behind rows of others: a number alone would not tell that the group goes on.
        yield (
            item,
            _row(item, options, group_number=number, says_shared=number is not None and number != above),
        )
        above = number


def _row(item: BankItem, options: int, *, group_number: int | None, says_shared: bool) -> list[Value]:
    question, group = item.question, item.group
    shares_options = group is not None and group.kind is GroupKind.SHARED_OPTIONS
    shown = question.options if says_shared or not shares_options else ()
    key = _key(question)
    if question.type is QuestionType.BLANK and _needs_columns(question):
        key, shown = "", tuple(slot[0] for slot in question.key)
    return [
        "B1" if shares_options else _type_name(question),
        "" if group_number is None else str(group_number),
        group.stem if group is not None and says_shared else "",
        question.stem,
        *(shown[index] if index < len(shown) else "" for index in range(options)),
        key,
        "是" if question.any_order else "",
        question.explanation,
        _DIFFICULTY_NAMES[Difficulty(question.difficulty)] if question.difficulty else "",
        question.score,
        "/".join(question.knowledge_path),
        question.source,
        ",".join(question.tags),
    ]


def _type_name(question: Question) -> str:
    if question.type is QuestionType.MULTIPLE and len(question.key) == 1:
        return "不定项选择题"
    return TYPE_NAMES[question.type]


def _key(question: Question) -> str:
    match question.type:
        case QuestionType.SINGLE | QuestionType.MULTIPLE:
            return "".join(slot[0] for slot in question.key)
        case QuestionType.TRUE_FALSE:
            return "对" if question.key == (("T",),) else "错"
        case QuestionType.BLANK:
            return "|".join(";".join(slot) for slot in question.key)
        case _:
            return question.key[0][0] if question.key else ""


def _needs_columns(question: Question) -> bool:
    """Whether an answer contains what would part it again: then each blank's answer gets an option column."""
    return all(len(slot) == 1 for slot in question.key) and any(
        _SEPARATORS & set(slot[0]) for slot in question.key
    )
