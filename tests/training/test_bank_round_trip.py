"""Whatever an import can bring in, an export gives back: the same questions, the same groups."""

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from made_bank import make_workbook

from eduops.sheet.export import Table, Value, write_csv, write_table
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Cell, Workbook
from eduops.training.rules.bank_export import build_export
from eduops.training.rules.bank_judge import Draft, judge_workbook
from eduops.training.rules.question import BankItem, Group, Question

FIELDS = {
    "type": "题型", "group": "题组号", "shared_stem": "共用题干", "stem": "题干", "a": "选项A", "b": "选项B", "c": "选项C",
    "d": "选项D", "key": "答案", "any_order": "答案不分顺序", "explanation": "解析", "difficulty": "难度", "score": "分值",
    "knowledge": "知识点", "source": "来源", "tags": "标签",
}  # fmt: skip
NASTY = "=+-@'|;；\\/、，,. \t\n　()（）[]【】:：&<>\"“”%#0123ABCDabcd①甲乙丙丁对错是否虚构题干共用℃²ａＡ䓬𠀀"
TEXTS = st.text(st.sampled_from(NASTY), max_size=12)
WORDS = TEXTS.map(lambda text: text if text.strip() else f"虚构{text}")
Row = dict[str, Cell]


def rows_of(kind: str, **fields: st.SearchStrategy[Cell]) -> st.SearchStrategy[Row]:
    """Rows of one type: the fields given, and anything where every type may have something."""
    anywhere: dict[str, st.SearchStrategy[Cell]] = {
        "stem": WORDS,
        "explanation": TEXTS,
        "difficulty": st.sampled_from(["", "易", "较难", "中等"]),
        "score": st.sampled_from(["", "1", "2.5分", "0.01", 3.0]),
        "knowledge": st.lists(TEXTS, max_size=3).map("/".join),
        "source": TEXTS,
        "tags": st.lists(TEXTS, max_size=3).map("，".join),
    }
    return st.fixed_dictionaries({"type": st.just(kind), **anywhere, **fields})


def options(count: int) -> dict[str, st.SearchStrategy[Cell]]:
    """Option columns; each text ends with another letter, so that no two are equal."""
    return {
        letter: TEXTS.map(f"{{}}{letter.upper()}。".format) if index < count else st.just("")
        for index, letter in enumerate("abcd")
    }


def stem_with(blanks: int) -> st.SearchStrategy[Cell]:
    plain = st.text(st.sampled_from("=+-@|;\\/、 虚构题干℃䓬"), max_size=6)
    return st.lists(plain, min_size=blanks + 1, max_size=blanks + 1).map("____".join)


def blanks(count: int) -> st.SearchStrategy[Row]:
    """The answers by `|` and `;`, a line each, or an option column each."""
    answer = TEXTS.map(lambda text: f"虚{text}构")
    lists = st.lists(answer, min_size=count, max_size=count)
    parted = st.lists(st.lists(answer, min_size=1, max_size=3).map(";".join), min_size=count, max_size=count)
    stem, order = stem_with(count), st.sampled_from(["", "是"])
    return st.one_of(
        rows_of("填空题", stem=stem, key=parted.map("|".join), any_order=order),
        rows_of("填空题", stem=stem, key=lists.map("\n".join), any_order=order),
        lists.flatmap(
            lambda answers: rows_of(
                "填空", stem=stem, **dict(zip("abcd", map(st.just, answers), strict=False))
            )
        ),
    )


CHOICES = st.one_of(
    rows_of("单选题", key=st.sampled_from(["A", "b", "Ｂ", "A."]), **options(2)),
    rows_of("A1", key=st.sampled_from(["A", "D"]), **options(4)),
    rows_of("多选题", key=st.sampled_from(["AB", "c、a", "A,B,C"]), **options(3)),
    rows_of("不定项", key=st.sampled_from(["A", "AD"]), **options(4)),
)
LONE = st.one_of(
    CHOICES,
    rows_of("判断题", key=st.sampled_from(["对", "√", "错 ", "1", "F"])),
    st.integers(1, 4).flatmap(blanks),
    rows_of("简答题", key=TEXTS),
    rows_of("案例分析题", key=TEXTS),
)


def grouped(rows: list[Row], number: int, shared: Cell) -> list[Row]:
    """Rows under one shared stem."""
    return [
        {**row, "group": f"组{number}", "shared_stem": "" if index else shared}
        for index, row in enumerate(rows)
    ]


def sharing(rows: list[Row]) -> list[Row]:
    """B1 rows; the options stand on the first only."""
    return [row if not index else {**row, **dict.fromkeys("abcd", "")} for index, row in enumerate(rows)]


UNITS = st.one_of(
    st.lists(LONE, min_size=1, max_size=3),
    st.builds(
        grouped, st.lists(st.one_of(CHOICES, LONE), min_size=1, max_size=3), st.integers(1, 10**9), WORDS
    ),
    st.lists(rows_of("B1型题", key=st.sampled_from("ABC"), **options(3)), min_size=1, max_size=3).map(
        sharing
    ),
)


def as_items(drafts: list[Draft]) -> list[BankItem]:
    """The questions as a bank would hold them."""
    numbers: dict[int, int] = {}
    items = []
    for position, draft in enumerate(drafts, start=1):
        assert draft.question is not None
        number = None if draft.group is None else numbers.setdefault(id(draft.group), len(numbers) + 1)
        group = None if draft.group is None else draft.group.finished()
        items.append(BankItem(position, 1, number, position, draft.question, group))
    return items


def import_anew(workbook: Workbook) -> list[tuple[Question, Group | None, int | None]]:
    judged = judge_workbook(workbook)
    assert [(error.row, error.column, error.code) for error in judged.errors] == []
    assert judged.duplicates == 0
    return [(item.question, item.group, item.group_id) for item in as_items(judged.good)]


def in_memory(table: Table) -> Workbook:
    def cell(value: Value) -> Cell:
        return float(value) if isinstance(value, Decimal) else value or None

    rows = [[cell(value) for value in row] for row in table.rows]
    return make_workbook([column.name for column in table.columns], *rows)


def check_round_trip(units: list[list[Row]], travel: Callable[[Table], Workbook]) -> None:
    rows: list[list[Cell]] = [[row.get(name) or None for name in FIELDS] for unit in units for row in unit]
    items = as_items(judge_workbook(make_workbook(list(FIELDS.values()), *rows)).good)
    if not items:
        return
    table = build_export(1, items, options=max(len(item.question.options) for item in items))
    assert import_anew(travel(table)) == [(item.question, item.group, item.group_id) for item in items]


@settings(max_examples=300, deadline=None)
@given(st.lists(UNITS, min_size=1, max_size=4))
def test_export_then_import_changes_nothing_for_whatever_was_imported(units: list[list[Row]]) -> None:
    check_round_trip(units, in_memory)


@settings(max_examples=15, deadline=None)
@given(st.lists(UNITS, min_size=3, max_size=6))
def test_neither_do_the_files_between_them(units: list[list[Row]]) -> None:
    with tempfile.TemporaryDirectory() as folder:

        def through_xlsx(table: Table) -> Workbook:
            write_table(Path(folder) / "a.xlsx", [table])
            return read_workbook(Path(folder) / "a.xlsx")

        def through_csv(table: Table) -> Workbook:
            write_csv(Path(folder) / "a.csv", table)
            return read_workbook(Path(folder) / "a.csv")

        for travel in (through_xlsx, through_csv):
            check_round_trip(units, travel)


def test_a_group_whose_rows_stand_apart_says_its_stem_again_behind_the_others() -> None:
    one = {"type": "单选题", "key": "A", "a": "甲", "b": "乙"}
    member = {**one, "group": "组1", "shared_stem": "虚构病例"}
    rows: list[Row] = [
        {**member, "stem": "虚构一"},
        {**one, "stem": "虚构二"},
        {**member, "stem": "虚构三"},
        {**member, "stem": "虚构四"},
    ]
    check_round_trip([rows], in_memory)
    judged = judge_workbook(
        make_workbook(list(FIELDS.values()), *[[row.get(name) for name in FIELDS] for row in rows])
    )
    table = build_export(1, as_items(judged.good), options=4)
    column = [column.name for column in table.columns].index("共用题干")
    assert [row[column] for row in table.rows] == ["虚构病例", "", "虚构病例", ""]
