"""An exported bank comes back corrected: the next revision of what changed, and papers keep what they hold."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session

from eduops.core.errors import InputError, NotFound
from eduops.sheet.workbook import Cell, Sheet, Workbook, cell_text
from eduops.store.store import Store
from eduops.training.queries import bank as queries
from eduops.training.queries import exam as exams
from eduops.training.rules.bank_export import build_export
from eduops.training.rules.paper import Part
from eduops.training.service import bank as banks
from eduops.training.service import paper as papers
from eduops.training.service.bank_revision import RevisionResult, revise_bank

BANK = "虚构题库"
HEAD: list[Cell] = ["题型", "题组号", "共用题干", "题干", "选项A", "选项B", "答案", "解析", "分值"]
ROWS: list[list[Cell]] = [
    ["单选题", None, None, "虚构甲题", "一", "二", "A", None, 1],
    ["单选题", None, None, "虚构乙题", "一", "二", "B", None, 1],
    ["判断题", None, None, "虚构丙题", None, None, "对", None, None],
    ["填空题", None, None, "虚构丁题____。", None, None, "37℃;37度", None, None],
    ["单选题", "1", "共用的题干（虚构）", "虚构戊题", "一", "二", "A", None, 1],
    ["单选题", "1", None, "虚构己题", "一", "二", "B", None, 1],
]
Row = dict[str, str]
Change = Callable[[list[Row]], None]


def workbook(head: list[Cell], *rows: list[Cell]) -> Workbook:
    # An import keeps the hash of its file: any file will do.
    return Workbook(Path(__file__), "xlsx", (Sheet("题库", [head, *rows]),))


def fill(session: Session, now: datetime) -> None:
    result = banks.import_bank(session, workbook(HEAD, *ROWS), bank_name=BANK, now=now, actor="甲（虚构）")
    assert result.imported == len(ROWS)


def export(session: Session) -> list[Row]:
    """The exported rows, by heading."""
    bank = queries.get_bank(session, BANK)
    table = build_export(bank.id, queries.iterate_current(session, bank.id), options=2)
    names = [column.name for column in table.columns]
    return [dict(zip(names, map(_text, row), strict=True)) for row in table.rows]


def _text(value: object) -> str:
    return "" if value is None else cell_text(float(value) if isinstance(value, Decimal) else value)  # type: ignore[arg-type]


def revise(session: Session, now: datetime, change: Change) -> RevisionResult:
    rows = export(session)
    head: list[Cell] = list(rows[0])
    change(rows)
    corrected = workbook(head, *([row[str(name)] or None for name in head] for row in rows))
    return revise_bank(session, corrected, bank_name=BANK, now=now)


def refuse(store: Store, now: datetime, change: Change) -> list[str]:
    with store.writing() as session:
        fill(session, now)
    with pytest.raises(InputError) as raised, store.writing() as session:
        revise(session, now, change)
    with store.reading() as session:
        bank = queries.get_bank(session, BANK)
        assert {item.revision for item in queries.list_current(session, bank.id)} == {1}
    return [f"{problem.address}：{problem.message}" for problem in raised.value.problems]


def test_an_export_as_it_is_changes_nothing(store: Store, now: datetime) -> None:
    with store.writing() as session:
        fill(session, now)
        assert revise(session, now, lambda rows: None) == RevisionResult(6, 0, 6, {}, ())


def test_a_corrected_row_is_the_next_revision_and_the_old_one_stays(store: Store, now: datetime) -> None:
    def change(rows: list[Row]) -> None:
        rows[0]["答案"], rows[0]["解析"] = "B", "改正（虚构）"
        rows[3]["答案"] = "37℃"

    with store.writing() as session:
        fill(session, now)
        assert revise(session, now, change) == RevisionResult(6, 2, 4, {"key": 2, "explanation": 1}, (1, 4))
        bank = queries.get_bank(session, BANK)
        first, second = queries.list_revisions(session, bank.id, 1)
        assert (first.key, second.key, second.explanation) == ([["A"]], [["B"]], "改正（虚构）")
        assert [each.revision for each in (first, second)] == [1, 2]
        assert revise(session, now, lambda rows: None).revised == 0
        assert [item.revision for item in queries.list_current(session, bank.id)] == [2, 1, 1, 2, 1, 1]


def test_a_paper_keeps_the_revision_it_holds(store: Store, now: datetime) -> None:
    with store.writing() as session:
        fill(session, now)
        bank = queries.get_bank(session, BANK)
        take = [Part("true_false", 1, Decimal(2))]
        paper = papers.build_paper(session, bank, take, title="虚构卷", seed=1, now=now, actor="甲（虚构）")
        revise(session, now, lambda rows: rows[2].update({"答案": "错"}))
        (item,) = exams.load_items(session, paper.id)
        assert item.question.key == (("T",),)
        assert queries.list_current(session, bank.id)[2].question.key == (("F",),)


def test_the_duplicates_of_later_imports_are_those_of_the_new_wording(
    sqlite_store: Store, now: datetime
) -> None:
    with sqlite_store.writing() as session:
        fill(session, now)
        revise(session, now, lambda rows: rows[0].update({"题干": "虚构甲题，改"}))
        again = banks.import_bank(
            session, workbook(HEAD, ROWS[0]), bank_name=BANK, now=now, actor="甲（虚构）"
        )
        assert (again.imported, again.duplicates) == (1, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[0].update({"题库题号": ""}), "题库!A2：没有题库题号；新题用 bank import 导入"),
        (lambda rows: rows[0].update({"题库题号": "1#99"}), "题库!A2：题库里没有题号 1#99，或这道题已停用"),
        (lambda rows: rows[0].update({"题库题号": "一"}), "题库!A2：题库里没有题号 一，或这道题已停用"),
        (lambda rows: rows[1].update({"题库题号": "1#1"}), "题库!A3：题号 1#1 与第 2 行重复"),
        (
            lambda rows: rows[0].update({"题干": "虚构乙题", "答案": "B"}),
            "题库!F2：改成了题库里已有的另一道题",
        ),
    ],
)
def test_a_row_that_cannot_be_taken_over_is_named_and_nothing_is_changed(
    sqlite_store: Store, now: datetime, change: Change, said: str
) -> None:
    assert said in refuse(sqlite_store, now, change)


def test_a_group_is_not_revised_by_halves(sqlite_store: Store, now: datetime) -> None:
    said = refuse(sqlite_store, now, lambda rows: rows[4].update({"共用题干": "另一个题干（虚构）"}))
    assert [each.partition("：")[2] for each in said] == [
        "题组的共用题干、共用选项或成员改动了；题组不能这样修订，请撤销后重新导入整组"
    ] * 2


def test_a_question_of_a_group_is_revised_by_itself(store: Store, now: datetime) -> None:
    with store.writing() as session:
        fill(session, now)
        result = revise(session, now, lambda rows: rows[5].update({"答案": "A"}))
        assert (result.revised, result.numbers) == (1, (6,))


def test_an_unsound_row_is_refused_as_an_import_would(sqlite_store: Store, now: datetime) -> None:
    (said,) = refuse(sqlite_store, now, lambda rows: rows[0].update({"答案": "C"}))
    assert "答案 C 不在选项之内" in said


def test_a_workbook_without_numbers_and_an_unknown_bank_are_refused(
    sqlite_store: Store, now: datetime
) -> None:
    with sqlite_store.writing() as session:
        fill(session, now)
        with pytest.raises(InputError, match="没有「题库题号」一列"):
            revise_bank(session, workbook(HEAD, *ROWS), bank_name=BANK, now=now)
        with pytest.raises(NotFound, match="没有题库「无此题库」"):
            revise_bank(session, workbook(HEAD, *ROWS), bank_name="无此题库", now=now)
        with pytest.raises(NotFound, match="题库里没有题号 99"):
            queries.list_revisions(session, queries.get_bank(session, BANK).id, 99)


def test_a_colleagues_correction_is_not_taken_back_by_an_older_export(store: Store, now: datetime) -> None:
    with store.writing() as session:
        fill(session, now)
        old = export(session)
        revise(session, now, lambda rows: rows[0].update({"答案": "B"}))
    old[1]["答案"] = "A"
    head: list[Cell] = list(old[0])
    mine = workbook(head, *([row[str(name)] or None for name in head] for row in old))
    with pytest.raises(InputError) as raised, store.writing() as session:
        revise_bank(session, mine, bank_name=BANK, now=now)
    assert [problem.address for problem in raised.value.problems] == ["题库!B2"]


def test_a_column_that_was_deleted_keeps_what_stands_in_the_bank(sqlite_store: Store, now: datetime) -> None:
    def drop(rows: list[Row]) -> None:
        for row in rows:
            del row["解析"], row["分值"]
        rows[0]["答案"] = "B"

    with sqlite_store.writing() as session:
        fill(session, now)
        revise(session, now, lambda rows: rows[0].update({"解析": "要留着（虚构）"}))
        rows = export(session)
        drop(rows)
        head: list[Cell] = list(rows[0])
        mine = workbook(head, *([row[str(name)] or None for name in head] for row in rows))
        assert revise_bank(session, mine, bank_name=BANK, now=now).by_part == {"key": 1}
        bank = queries.get_bank(session, BANK)
        kept = queries.list_current(session, bank.id)[0].question
        assert (kept.explanation, kept.score) == ("要留着（虚构）", Decimal(1))
