"""Correcting questions of a bank: a corrected question is its next revision, papers keep the one they hold."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import Session, col

from eduops.core.errors import InputError, Problem
from eduops.sheet.workbook import Workbook
from eduops.store.bulk import insert_rows
from eduops.training.models.bank import Question, QuestionRevision
from eduops.training.queries import bank as queries
from eduops.training.rules import bank_revision as rules
from eduops.training.rules.bank_judge import Progress, judge_workbook
from eduops.training.rules.bank_revision import Revised
from eduops.training.service.bank import revision_values


@dataclass(frozen=True, slots=True)
class RevisionResult:
    """What became of a corrected workbook."""

    rows: int
    revised: int
    unchanged: int
    by_part: dict[str, int]
    numbers: tuple[int, ...]
    """The revised questions' numbers in the bank."""


def revise_bank(
    session: Session,
    workbook: Workbook,
    *,
    bank_name: str,
    now: datetime,
    progress: Progress = lambda _rows: None,
) -> RevisionResult:
    """Writes the next revision of every question that the workbook says otherwise; all of them or none.

    The workbook is an export of the bank, corrected. Raises NotFound for an unknown bank, InputError with every row
    that cannot be taken over.
    """
    queries.lock_bank(session, bank_name)
    bank = queries.get_bank(session, bank_name)
    judged = judge_workbook(workbook, progress=progress)
    if not rules.has_numbers(judged):
        raise InputError(
            f"{workbook.path} 没有「{rules.NUMBER_HEADING}」一列，分不清各行是题库里的哪道题",
            hint=f"先用 eduops bank export {bank_name} 文件 导出，在导出的文件里改，再用 bank revise",
        )
    items, kept = queries.list_current(session, bank.id), queries.map_question_fingerprints(session, bank.id)
    plan = rules.plan_revisions(judged, items, kept, bank_id=bank.id)
    if plan.errors:
        raise InputError(
            f"{workbook.path.name} 有 {len(plan.errors)} 处错误，一道题都没有改",
            hint="改正所列单元格后重试",
            problems=[
                Problem(workbook.path.name, f"{each.sheet}!{each.column}{each.row}", each.message, each.row)
                for each in plan.errors
            ],
        )
    _write(session, plan.revised, now)
    return RevisionResult(
        rows=len(judged.drafts),
        revised=len(plan.revised),
        unchanged=plan.unchanged,
        by_part=rules.count_parts(plan.revised),
        numbers=tuple(each.item.position for each in plan.revised),
    )


def _write(session: Session, revised: list[Revised], now: datetime) -> None:
    if not revised:
        return
    insert_rows(
        session,
        QuestionRevision,
        (
            revision_values(
                each.question,
                question_id=each.item.question_id,
                revision=each.item.revision + 1,
                fingerprints=(each.fingerprint, each.stem_fingerprint),
                now=now,
            )
            for each in revised
        ),
    )
    statement = (
        update(Question.__table__)  # type: ignore[attr-defined]  # SQLModel hides the table
        .where(col(Question.id) == bindparam("at_id"))
        .values(revision=bindparam("to_revision"))
    )
    session.connection().execute(
        statement,
        [{"at_id": each.item.question_id, "to_revision": each.item.revision + 1} for each in revised],
    )
    session.expire_all()
