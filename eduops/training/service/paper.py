"""Building papers and scheduling exams."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import insert
from sqlmodel import Session

from eduops.core.errors import UsageError
from eduops.store import counter
from eduops.training.models.bank import Bank
from eduops.training.models.exam import Exam, Paper, PaperItem
from eduops.training.models.tenant import Programme
from eduops.training.queries import bank as bank_queries
from eduops.training.rules import paper as rules

_SEEDS = 2**31
"""As many as PostgreSQL's integer column tells apart."""


def build_paper(
    session: Session,
    bank: Bank,
    blueprint: Sequence[rules.Part],
    *,
    title: str,
    seed: int,
    now: datetime,
    actor: str,
) -> Paper:
    """Draws a paper and keeps blueprint and seed.

    Raises NotAllowed where the bank has too few questions, UsageError for a seed that cannot be kept.
    """
    if not 0 <= seed < _SEEDS:
        raise UsageError(f"随机种子 {seed} 应为 0 到 {_SEEDS - 1} 的整数", hint="检查 --seed")
    drawn = rules.draw(bank_queries.list_current(session, bank.id), blueprint, seed=seed)
    paper = Paper(
        ref=counter.next_reference(session, "PAP", now.year),
        title=title,
        bank_id=bank.id,
        blueprint=[
            {"kind": part.kind, "count": part.count, "points": str(part.points)} for part in blueprint
        ],
        seed=seed,
        points=sum((item.points for item in drawn), Decimal(0)),
        made_at=now,
        made_by=actor,
    )
    session.add(paper)
    session.flush()
    session.execute(
        insert(PaperItem),
        [
            {
                "paper_id": paper.id,
                "number": item.number,
                "question_id": item.item.question_id,
                "revision": item.item.revision,
                "points": item.points,
            }
            for item in drawn
        ],
    )
    return paper


def schedule_exam(
    session: Session,
    paper: Paper,
    programme: Programme,
    *,
    title: str,
    opens_at: datetime,
    closes_at: datetime,
    minutes_allowed: int,
    pass_percent: Decimal,
    now: datetime,
    is_invented: bool = False,
) -> Exam:
    """Schedules an exam of a programme on a paper. Raises UsageError for a window that ends before it begins."""
    if closes_at <= opens_at:
        raise UsageError("考试的结束时刻不晚于开始时刻", hint="检查 --opens 和 --closes")
    exam = Exam(
        ref=counter.next_reference(session, "EXM", now.year),
        title=title,
        programme_id=programme.id,
        paper_id=paper.id,
        opens_at=opens_at,
        closes_at=closes_at,
        minutes_allowed=minutes_allowed,
        pass_percent=pass_percent,
        is_invented=is_invented,
        scheduled_at=now,
    )
    session.add(exam)
    session.flush()
    return exam
