"""Question banks: importing workbooks, undoing imports."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from eduops.core.errors import Conflict, NotFound, UsageError
from eduops.core.files import hash_file
from eduops.sheet.workbook import Workbook
from eduops.store import counter
from eduops.store.bulk import insert_rows
from eduops.training.models.bank import Bank, ImportBatch, Question, QuestionGroup, QuestionRevision
from eduops.training.queries import bank as queries
from eduops.training.rules.bank_group import GroupDraft
from eduops.training.rules.bank_judge import Draft, Judgement, Progress, judge_workbook
from eduops.training.rules.bank_layout import Layout
from eduops.training.rules.bank_mapping import NO_MAPPING, Mapping
from eduops.training.rules.form import RowError
from eduops.training.rules.question import Question as SoundQuestion

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a workbook: rows = imported + duplicates + rejected where it was written.

    Nothing was written where `batch` is None; `importable` says how many questions could have been.
    """

    file: str
    layouts: list[Layout]
    rows: int
    imported: int
    importable: int
    duplicates: int
    rejected: int
    repaired: int
    by_type: dict[str, int]
    errors: list[RowError]
    assumptions: list[str]
    batch: str | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A workbook judged before the unit of work began, against what the bank held then."""

    known: dict[str, str]
    judged: Judgement

    def known_after(self, *, skip_bad: bool) -> dict[str, str]:
        """What the bank will hold once this workbook is in."""
        if self.judged.errors and not skip_bad:
            return self.known
        return self.known | {draft.stem_fingerprint: draft.fingerprint for draft in self.judged.good}


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No search for cycles while hundreds of thousands of values without any are made: a third of the time.

    Around all that makes and uses them: they are gone again when the search resumes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@collector_at_rest()
def check_bank(
    session: Session | None,
    workbook: Workbook,
    *,
    bank_name: str | None = None,
    mapping: Mapping = NO_MAPPING,
    progress: Progress = lambda _rows: None,
) -> ImportResult:
    """What an import would do, without writing; with session and bank, what the bank holds counts too.

    Raises InputError where no sheet holds questions.
    """
    known = load_known(session, bank_name) if session is not None and bank_name else {}
    judged = judge_workbook(workbook, mapping=mapping, known=known, progress=progress)
    return _result(workbook, judged, imported=0, batch=None)


def load_known(session: Session, bank_name: str) -> dict[str, str]:
    """stem_fingerprint -> fingerprint of what the bank of that name holds; empty where there is none yet."""
    bank = queries.find_bank(session, bank_name.strip())
    return queries.map_fingerprints(session, bank.id) if bank is not None else {}


def judge_ahead(
    workbook: Workbook,
    known: dict[str, str],
    *,
    mapping: Mapping = NO_MAPPING,
    progress: Progress = lambda _rows: None,
) -> Ahead:
    """Judges a workbook for `import_bank` without a session: on SQLite a writer keeps every other one waiting.

    Raises InputError where no sheet holds questions.
    """
    return Ahead(known, judge_workbook(workbook, mapping=mapping, known=known, progress=progress))


@collector_at_rest()
def import_bank(
    session: Session,
    workbook: Workbook,
    *,
    bank_name: str,
    now: datetime,
    actor: str,
    skip_bad: bool = False,
    mapping: Mapping = NO_MAPPING,
    ahead: Ahead | None = None,
    progress: Progress = lambda _rows: None,
) -> ImportResult:
    """Imports a workbook into the bank of that name, which is made where it is not there yet.

    With any error nothing is written, unless `skip_bad`; nor is anything where all is there already. `ahead` is the
    same workbook judged by the same mapping; where the bank changed meanwhile it is judged again. Raises InputError
    where no sheet holds questions, UsageError for a name that nobody could type again.
    """
    bank_name = check_name(bank_name)
    bank = queries.lock_bank(session, bank_name)
    known = queries.map_fingerprints(session, bank.id) if bank else {}
    if ahead is None or ahead.known != known:
        ahead = judge_ahead(workbook, known, mapping=mapping, progress=progress)
    judged = ahead.judged
    good = judged.good
    if not good or (judged.errors and not skip_bad):
        return _result(workbook, judged, imported=0, batch=None)
    bank = bank or _make_bank(session, bank_name, now)
    batch = _save_batch(session, bank, workbook, judged, now=now, actor=actor)
    _save_questions(session, bank, batch, good, now=now)
    return _result(workbook, judged, imported=len(good), batch=batch.ref)


def undo_batch(session: Session, ref: str, *, now: datetime) -> int:
    """Retires the questions of an import and says how many; papers that hold them keep their revisions.

    Raises NotFound, or Conflict where it was undone before.
    """
    batch = queries.find_batch(session, ref)
    if batch is None:
        raise NotFound(f"没有导入批次 {ref}", hint="用 eduops bank show 题库名称 查看它的导入批次")
    if batch.undone_at is not None:
        raise Conflict(f"导入批次 {ref} 已经撤销过", hint="不需要再做什么")
    batch.undone_at = now
    session.add(batch)
    retired = session.execute(
        update(Question)
        .where(col(Question.batch_id) == batch.id, col(Question.retired_at).is_(None))
        .values(retired_at=now)
        .execution_options(synchronize_session=False)
    )
    # Any: an UPDATE always gives a cursor result, whatever execute() promises.
    count: int = retired.rowcount  # type: ignore[attr-defined]
    return count


def check_name(name: str) -> str:
    """The name of a bank, without blanks around it. Raises UsageError for one that nobody could type again."""
    plain = name.strip()
    if not plain or not plain.isprintable() or len(plain) > _LONGEST_NAME:
        raise UsageError(
            f"题库名称「{plain[:30]}」不能用", hint=f"用 1 到 {_LONGEST_NAME} 个字，不要换行，如：三基题库"
        )
    return plain


def _make_bank(session: Session, name: str, now: datetime) -> Bank:
    bank = Bank(id=counter.allocate(session, "bank")[0], name=name, created_at=now)
    session.add(bank)
    session.flush()
    return bank


def _save_batch(
    session: Session, bank: Bank, workbook: Workbook, judged: Judgement, *, now: datetime, actor: str
) -> ImportBatch:
    batch = ImportBatch(
        id=counter.allocate(session, "import_batch")[0],
        bank_id=bank.id,
        ref=counter.next_reference(session, "IMP", now.year),
        file_name=workbook.path.name,
        file_hash=hash_file(workbook.path),
        at=now,
        actor=actor,
        rows=len(judged.drafts),
        imported=len(judged.good),
        duplicates=judged.duplicates,
        rejected=judged.rejected,
        repaired=judged.repaired,
        assumptions=judged.assumptions,
    )
    session.add(batch)
    session.flush()
    return batch


def _save_questions(
    session: Session, bank: Bank, batch: ImportBatch, drafts: Sequence[Draft], *, now: datetime
) -> None:
    group_ids = _save_groups(session, bank, batch, drafts)
    ids = counter.allocate(session, "question", len(drafts))
    position = queries.last_position(session, bank.id)
    numbered = list(zip(ids, drafts, strict=True))
    insert_rows(
        session,
        Question,
        (
            {
                "id": number,
                "bank_id": bank.id,
                "batch_id": batch.id,
                "group_id": group_ids.get(id(draft.group)),
                "position": position + offset,
                "revision": 1,
                "retired_at": None,
            }
            for offset, (number, draft) in enumerate(numbered, start=1)
        ),
    )
    insert_rows(session, QuestionRevision, (_revision(number, draft, now) for number, draft in numbered))


def _save_groups(session: Session, bank: Bank, batch: ImportBatch, drafts: Sequence[Draft]) -> dict[int, int]:
    """id(draft) of each group -> its new id."""
    groups: dict[int, GroupDraft] = {
        id(draft.group): draft.group for draft in drafts if draft.group is not None
    }
    if not groups:
        return {}
    ids = dict(zip(groups, counter.allocate(session, "question_group", len(groups)), strict=True))
    finished = {key: group.finished() for key, group in groups.items()}
    insert_rows(
        session,
        QuestionGroup,
        (
            {
                "id": ids[key],
                "bank_id": bank.id,
                "batch_id": batch.id,
                "kind": group.kind.value,
                "stem": group.stem,
                "options": group.options,
            }
            for key, group in finished.items()
        ),
    )
    return ids


def _revision(number: int, draft: Draft, now: datetime) -> dict[str, Any]:  # Any: a row's values
    assert draft.question is not None  # noqa: S101 -- a good draft has one
    return revision_values(
        draft.question,
        question_id=number,
        revision=1,
        fingerprints=(draft.fingerprint, draft.stem_fingerprint),
        now=now,
    )


def revision_values(
    question: SoundQuestion, *, question_id: int, revision: int, fingerprints: tuple[str, str], now: datetime
) -> dict[str, Any]:  # Any: a row's values
    """A question as a row of `question_revision`; `fingerprints` with and without the key."""
    fingerprint, stem_fingerprint = fingerprints
    return {
        "question_id": question_id,
        "revision": revision,
        "type": question.type.value,
        "stem": question.stem,
        "options": question.options,
        "key": question.key,
        "any_order": question.any_order,
        "explanation": question.explanation,
        "difficulty": question.difficulty,
        "score": question.score,
        "knowledge_path": question.knowledge_path,
        "source": question.source,
        "tags": question.tags,
        "fingerprint": fingerprint,
        "stem_fingerprint": stem_fingerprint,
        "made_at": now,
    }


def _result(workbook: Workbook, judged: Judgement, *, imported: int, batch: str | None) -> ImportResult:
    by_type = Counter(draft.question.type.value for draft in judged.good if draft.question is not None)
    return ImportResult(
        file=str(workbook.path),
        layouts=judged.layouts,
        rows=len(judged.drafts),
        imported=imported,
        importable=len(judged.good),
        duplicates=judged.duplicates,
        rejected=judged.rejected,
        repaired=judged.repaired,
        by_type=dict(by_type.most_common()),
        errors=judged.errors,
        assumptions=judged.assumptions,
        batch=batch,
    )
