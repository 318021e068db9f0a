"""What is asked of the question banks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, SQLColumnExpression, func
from sqlmodel import Session, col, select

from eduops.core.errors import NotFound
from eduops.training.models.bank import Bank, ImportBatch, Question, QuestionGroup, QuestionRevision
from eduops.training.rules import question as rules
from eduops.training.rules.question import BankItem, Group, GroupKind, QuestionType


@dataclass(frozen=True, slots=True)
class BankSummary:
    """A bank and how many current questions it holds."""

    id: int
    name: str
    created_at: datetime
    questions: int


@dataclass(frozen=True, slots=True)
class BankStats:
    """How many current questions a bank has of each kind; "" stands for no difficulty given."""

    questions: int
    groups: int
    retired: int
    by_type: dict[str, int]
    by_difficulty: dict[str, int]


def find_bank(session: Session, name: str) -> Bank | None:
    """The bank of that name."""
    return session.exec(select(Bank).where(Bank.name == name)).one_or_none()


def lock_bank(session: Session, name: str) -> Bank | None:
    """The same, and nobody else imports into it until this unit of work ends (SQLite has one writer anyway)."""
    return session.exec(select(Bank).where(Bank.name == name).with_for_update()).one_or_none()


def get_bank(session: Session, name: str) -> Bank:
    """The bank of that name. Raises NotFound, which names the banks there are."""
    bank = find_bank(session, name)
    if bank is None:
        names = session.exec(select(Bank.name).order_by(Bank.name)).all()
        hint = (
            f"已有的题库：{'、'.join(names)}" if names else "先导入题库：eduops bank import 文件 --bank 名称"
        )
        raise NotFound(f"没有题库「{name}」", hint=hint)
    return bank


def list_banks(session: Session) -> list[BankSummary]:
    """Every bank by name, empty ones too."""
    statement = (
        select(Bank, func.count(col(Question.id)))
        .outerjoin(Question, (col(Question.bank_id) == Bank.id) & col(Question.retired_at).is_(None))
        .group_by(col(Bank.id))
        .order_by(col(Bank.name))
    )
    return [
        BankSummary(bank.id, bank.name, bank.created_at, count) for bank, count in session.exec(statement)
    ]


def bank_stats(session: Session, bank_id: int) -> BankStats:
    """The bank's current questions counted by type and difficulty."""
    retired = select(func.count()).where(Question.bank_id == bank_id, col(Question.retired_at).is_not(None))
    grouped = select(func.count(func.distinct(Question.group_id))).where(*_current(bank_id))
    by_type = _count_by(session, bank_id, col(QuestionRevision.type))
    return BankStats(
        questions=sum(by_type.values()),
        groups=session.exec(grouped).one(),
        retired=session.exec(retired).one(),
        by_type=by_type,
        by_difficulty=_count_by(session, bank_id, func.coalesce(QuestionRevision.difficulty, "")),
    )


def list_current(session: Session, bank_id: int) -> list[BankItem]:
    """The bank's questions as they are now, in their order; retired ones are left out."""
    groups = _groups(session, bank_id)
    return [_item(row, groups) for row in session.execute(_current_rows(bank_id))]


def iterate_current(session: Session, bank_id: int) -> Iterator[BankItem]:
    """The same one by one, for exports of any size."""
    groups = _groups(session, bank_id)
    for row in session.execute(_current_rows(bank_id).execution_options(yield_per=2000)):
        yield _item(row, groups)


def map_fingerprints(session: Session, bank_id: int) -> dict[str, str]:
    """stem_fingerprint -> fingerprint of every current question, for finding duplicates and contradictions."""
    statement = (
        select(QuestionRevision.stem_fingerprint, QuestionRevision.fingerprint)
        .join(Question, _is_current_revision())
        .where(*_current(bank_id))
    )
    return dict(session.exec(statement).all())


def map_question_fingerprints(session: Session, bank_id: int) -> dict[int, tuple[str, str]]:
    """Question id -> (fingerprint, stem fingerprint) of every current question."""
    statement = (
        select(QuestionRevision.question_id, QuestionRevision.fingerprint, QuestionRevision.stem_fingerprint)
        .join(Question, _is_current_revision())
        .where(*_current(bank_id))
    )
    return {number: (whole, stem) for number, whole, stem in session.exec(statement)}


def list_revisions(session: Session, bank_id: int, position: int) -> list[QuestionRevision]:
    """Everything that a question of the bank has said, the first first. Raises NotFound."""
    statement = (
        select(QuestionRevision)
        .join(Question, col(QuestionRevision.question_id) == Question.id)
        .where(Question.bank_id == bank_id, Question.position == position)
        .order_by(col(QuestionRevision.revision))
    )
    found = list(session.exec(statement))
    if not found:
        raise NotFound(f"题库里没有题号 {position}", hint="题号是 eduops bank export 写出的第一列")
    return found


def count_most_options(session: Session, bank_id: int) -> int:
    """The largest number of options that a current question has; 0 for an empty bank."""
    length = (
        func.json_array_length if session.get_bind().dialect.name == "sqlite" else func.jsonb_array_length
    )
    statement = (
        select(func.coalesce(func.max(length(QuestionRevision.options)), 0))
        .join(Question, _is_current_revision())
        .where(*_current(bank_id))
    )
    most: int = session.exec(statement).one()
    return most


def last_position(session: Session, bank_id: int) -> int:
    """The highest position given so far; 0 for an empty bank."""
    return session.exec(
        select(func.coalesce(func.max(Question.position), 0)).where(Question.bank_id == bank_id)
    ).one()


def find_batch(session: Session, ref: str) -> ImportBatch | None:
    """The import batch of that reference."""
    return session.exec(select(ImportBatch).where(ImportBatch.ref == ref)).one_or_none()


def list_batches(session: Session, bank_id: int) -> list[ImportBatch]:
    """The bank's imports, the newest first."""
    statement = select(ImportBatch).where(ImportBatch.bank_id == bank_id).order_by(col(ImportBatch.id).desc())
    return list(session.exec(statement))


def _current(bank_id: int) -> tuple[ColumnElement[bool], ...]:
    return (col(Question.bank_id) == bank_id, col(Question.retired_at).is_(None))


def _is_current_revision() -> ColumnElement[bool]:
    return (col(QuestionRevision.question_id) == Question.id) & (
        col(QuestionRevision.revision) == Question.revision
    )


# Any: SQLAlchemy's statements are generic over column tuples too long to spell out.
def _current_rows(bank_id: int) -> Any:
    said = QuestionRevision.__table__.columns  # type: ignore[attr-defined]
    return (
        select(Question.id, Question.group_id, Question.position, *said)
        .join(QuestionRevision, _is_current_revision())
        .where(*_current(bank_id))
        .order_by(col(Question.position))
    )


def _groups(session: Session, bank_id: int) -> dict[int, Group]:
    found = session.exec(select(QuestionGroup).where(QuestionGroup.bank_id == bank_id))
    return {row.id: Group(GroupKind(row.kind), row.stem, tuple(row.options)) for row in found}


def _item(row: Row[Any], groups: dict[int, Group]) -> BankItem:
    question = rules.Question(
        type=QuestionType(row.type),
        stem=row.stem,
        options=tuple(row.options),
        key=tuple(map(tuple, row.key)),
        any_order=row.any_order,
        explanation=row.explanation,
        difficulty=row.difficulty,
        score=row.score,
        knowledge_path=tuple(row.knowledge_path),
        source=row.source,
        tags=tuple(row.tags),
    )
    group = None if row.group_id is None else groups[row.group_id]
    return BankItem(row.id, row.revision, row.group_id, row.position, question, group)


def _count_by(session: Session, bank_id: int, what: SQLColumnExpression[str]) -> dict[str, int]:
    statement = (
        select(what, func.count())
        .join(Question, _is_current_revision())
        .where(*_current(bank_id))
        .group_by(what)
        .order_by(func.count().desc(), what)
    )
    return dict(session.exec(statement).all())
