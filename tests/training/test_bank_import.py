"""Imports on both databases: all or nothing, repeatable, undone by batch, and back out unchanged."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest
from made_bank import HEAD
from sqlmodel import Session, select

from eduops.core.errors import Conflict, NotFound
from eduops.core.shipped import find_shipped
from eduops.sheet.export import Column, Table, write_csv, write_table
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Cell
from eduops.store.store import Store
from eduops.training.models.bank import Bank, ImportBatch, QuestionRevision
from eduops.training.queries import bank as queries
from eduops.training.rules.bank_export import build_export, build_template
from eduops.training.rules.bank_judge import judge_workbook
from eduops.training.rules.question import BankItem
from eduops.training.service import bank as service
from eduops.training.service.bank import ImportResult

GOOD: list[Cell] = ["单选题", "虚构题一", "甲", "乙", "丙", "A"]
BAD: list[Cell] = ["单选题", "虚构题二", "甲", "乙", "丙", "F"]


def write_rows(path: Path, *rows: list[Cell]) -> Path:
    texts = [[str(cell or "") for cell in row] for row in rows]
    write_table(path, [Table("题库", "", "", [Column(str(name)) for name in HEAD], texts)])
    return path


def run_import(session: Session, path: Path, now: datetime, *, skip_bad: bool = False) -> ImportResult:
    return service.import_bank(
        session, read_workbook(path), bank_name="虚构题库", now=now, actor="engineer", skip_bad=skip_bad
    )


def list_items(session: Session, name: str = "虚构题库") -> list[BankItem]:
    return queries.list_current(session, queries.get_bank(session, name).id)


def test_the_shipped_bank_goes_in_whole_and_only_once(store: Store, now: datetime) -> None:
    path = find_shipped("configs", "demo", "questions.csv")
    with store.writing() as session:
        first = run_import(session, path, now)
    with store.writing() as session:
        again = run_import(session, path, now)
    assert (first.errors, first.duplicates, first.imported) == ([], 0, first.rows)
    assert (again.imported, again.duplicates, again.batch) == (0, first.rows, None)
    with store.reading() as session:
        items = list_items(session)
        stats = queries.bank_stats(session, queries.get_bank(session, "虚构题库").id)
        assert queries.list_banks(session)[0].questions == len(items) == first.rows
    assert [item.position for item in items] == list(range(1, first.rows + 1))
    assert stats.by_type == first.by_type
    assert stats.groups == len({item.group_id for item in items if item.group_id})


def test_any_error_means_nothing_is_written(store: Store, now: datetime, tmp_path: Path) -> None:
    with store.writing() as session:
        result = run_import(session, write_rows(tmp_path / "a.xlsx", GOOD, BAD), now)
    assert (result.imported, result.importable, result.rejected, result.batch) == (0, 1, 1, None)
    with store.reading() as session:
        assert session.exec(select(Bank)).all() == []
        assert session.exec(select(ImportBatch)).all() == []


def test_with_skip_bad_the_good_rows_go_in(store: Store, now: datetime, tmp_path: Path) -> None:
    with store.writing() as session:
        result = run_import(session, write_rows(tmp_path / "a.xlsx", GOOD, BAD), now, skip_bad=True)
    assert (result.rows, result.imported, result.rejected) == (2, 1, 1)
    with store.reading() as session:
        batch = queries.find_batch(session, str(result.batch))
        assert batch is not None
        assert (batch.ref, batch.rows, batch.imported, batch.actor) == ("IMP-2026-0001", 2, 1, "engineer")


def test_undo_retires_the_batchs_questions_and_keeps_their_revisions(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "a.xlsx", GOOD)
    with store.writing() as session:
        ref = str(run_import(session, path, now).batch)
    with store.writing() as session:
        assert service.undo_batch(session, ref, now=now) == 1
    with store.reading() as session:
        assert list_items(session) == []
        assert len(session.exec(select(QuestionRevision)).all()) == 1
    with pytest.raises(Conflict), store.writing() as session:
        service.undo_batch(session, ref, now=now)
    with store.writing() as session:
        assert run_import(session, path, now).imported == 1


def test_an_unknown_batch_or_bank_is_not_found(sqlite_store: Store, now: datetime) -> None:
    with sqlite_store.writing() as session:
        with pytest.raises(NotFound):
            service.undo_batch(session, "IMP-2026-0404", now=now)
        with pytest.raises(NotFound):
            queries.get_bank(session, "无此题库")


def test_questions_come_back_as_they_went_in(store: Store, now: datetime, tmp_path: Path) -> None:
    workbook = read_workbook(find_shipped("configs", "demo", "questions.csv"))
    with store.writing() as session:
        service.import_bank(session, workbook, bank_name="虚构题库", now=now, actor="engineer")
    judged = judge_workbook(workbook)
    with store.reading() as session:
        assert [item.question for item in list_items(session)] == [draft.question for draft in judged.good]


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_export_then_import_changes_nothing(
    sqlite_store: Store, now: datetime, tmp_path: Path, suffix: str
) -> None:
    extra = write_rows(
        tmp_path / "a.xlsx",
        ["不定项选择题", "=虚构公式题", "-1", "+1", "@甲", "B"],
        ["填空题", "____与____", "甲|乙", "丙;丁", "", ""],
        ["判断题", "虚构的说法", "", "", "", "×"],
        ["单选题", "换行\n的题干", "110", "3.5", "", "A"],
    )
    with sqlite_store.writing() as session:
        for path in (find_shipped("configs", "demo", "questions.csv"), extra):
            run_import(session, path, now)
    exported = tmp_path / f"export{suffix}"
    with sqlite_store.reading() as session:
        before = list_items(session)
        table = build_export(1, iter(before), options=5)
        if suffix == ".csv":
            write_csv(exported, table)
        else:
            write_table(exported, [table])
    with sqlite_store.writing() as session:
        assert run_import(session, exported, now).duplicates == len(before)
        workbook = read_workbook(exported)
        service.import_bank(session, workbook, bank_name="虚构副本", now=now, actor="engineer")
        after = list_items(session, "虚构副本")
    assert [(item.question, item.group) for item in after] == [(item.question, item.group) for item in before]


def test_the_template_is_understood_once_it_is_filled_in(tmp_path: Path) -> None:
    table, instructions = build_template()
    values = {"题型": "单选题", "题干": "虚构题一", "选项A": "甲", "选项B": "乙", "答案": "B", "分值": "2"}
    filled = Table("题库", "", "", table.columns, [[values.get(column.name, "") for column in table.columns]])
    write_table(tmp_path / "filled.xlsx", [filled, instructions])
    result = service.check_bank(None, read_workbook(tmp_path / "filled.xlsx"))
    assert (result.errors, result.importable) == ([], 1)
    assert [layout.role.value for layout in result.layouts] == ["data", "instructions"]
    assert not result.layouts[0].unknown


def test_progress_counts_every_question(sqlite_store: Store, now: datetime, tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["单选题", f"虚构题{number}", "甲", "乙", "丙", "A"] for number in range(1203)]
    path = write_rows(tmp_path / "a.xlsx", *rows)
    shutil.copy(path, tmp_path / "b.xlsx")
    steps: list[int] = []
    result = service.check_bank(None, read_workbook(path), progress=steps.append)
    assert (sum(steps), result.importable) == (1203, 1203)


def test_a_judgement_made_ahead_is_made_again_where_the_bank_changed_meanwhile(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    workbook = read_workbook(
        write_rows(tmp_path / "a.xlsx", GOOD, ["单选题", "虚构题三", "甲", "乙", "丙", "B"])
    )
    with store.reading() as session:
        known = service.load_known(session, "虚构题库")
    stale = service.judge_ahead(workbook, known)
    with store.writing() as session:
        other = run_import(session, write_rows(tmp_path / "b.xlsx", GOOD), now)
    with store.writing() as session:
        result = service.import_bank(
            session, workbook, bank_name="虚构题库", now=now, actor="engineer", ahead=stale
        )
    assert (known, len(stale.judged.good), other.imported) == ({}, 2, 1)
    assert (result.imported, result.duplicates) == (1, 1)


def test_what_was_judged_ahead_goes_in_as_it_is_where_nothing_changed(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "a.xlsx", GOOD, BAD)
    ahead = service.judge_ahead(read_workbook(path), {})
    assert ahead.known_after(skip_bad=False) == {}
    assert len(ahead.known_after(skip_bad=True)) == 1
    with store.writing() as session:
        result = service.import_bank(
            session, read_workbook(path), bank_name="虚构题库", now=now, actor="engineer", skip_bad=True,
            ahead=ahead,
        )  # fmt: skip
    with store.reading() as session:
        assert service.load_known(session, "虚构题库") == ahead.known_after(skip_bad=True)
    assert (result.imported, result.rejected) == (1, 1)
