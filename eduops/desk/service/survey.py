"""Satisfaction surveys: one answer typed, or a file of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from eduops.core.errors import InputError
from eduops.desk import queries
from eduops.desk.models.quality import Survey
from eduops.desk.rules.survey import NewSurvey, average
from eduops.desk.rules.survey_known import sort_out
from eduops.store import counter


@dataclass(frozen=True, slots=True)
class SurveyStats:
    """The answers of a period: how many, their mean (None without any) and each department's."""

    from_on: date | None
    to_on: date | None
    count: int
    mean: Decimal | None
    departments: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class SurveyImport:
    """What came of a file: answers written, known already, and those of the written that equal unsigned known ones."""

    added: int
    known: int
    alike: int


def add_survey(
    session: Session, new: NewSurvey, *, now: datetime, actor: str, is_invented: bool = False
) -> Survey:
    """Writes down one answer."""
    survey = Survey(**_columns(new, now=now, actor=actor, is_invented=is_invented))
    session.add(survey)
    session.flush()
    return survey


def import_surveys(
    session: Session,
    surveys: Sequence[NewSurvey],
    *,
    sha256: str,
    now: datetime,
    actor: str,
    is_invented: bool = False,
) -> SurveyImport:
    """Writes those of a file's answers that no earlier import wrote; all are known in a file of the same content."""
    # Holds the counter, so that a second import waits here and then sees what the first one wrote.
    counter.allocate(session, "survey", 0)
    _refuse_future(surveys, now)
    if queries.has_survey_file(session, sha256):
        return SurveyImport(0, len(surveys), 0)
    found = sort_out(surveys, list(map(_read_batch, queries.list_survey_batches(session))))
    if found.new:
        rows = [_columns(each, now=now, actor=actor, is_invented=is_invented) for each in found.new]
        session.execute(insert(Survey), [{**row, "source_sha256": sha256} for row in rows])
    return SurveyImport(len(found.new), found.known, found.alike)


def _refuse_future(surveys: Sequence[NewSurvey], now: datetime) -> None:
    # A day further east may have begun already: only what lies ahead everywhere is refused.
    latest = (now + timedelta(hours=14)).date()
    ahead = sorted(each.answered_on for each in surveys if each.answered_on > latest)
    if ahead:
        raise InputError(
            f"有 {len(ahead)} 份答卷的日期还没有到，如 {ahead[0]}；没有写入任何一份",
            hint="改正日期后重新导入",
        )


def _read_batch(batch: Sequence[Survey]) -> list[NewSurvey]:
    return [
        NewSurvey(
            each.answered_on, each.score, each.department, each.respondent, each.comment,
            {name: Decimal(str(value)) for name, value in each.items.items()},
        )
        for each in batch
    ]  # fmt: skip


def build_stats(surveys: Sequence[Survey], *, from_on: date | None, to_on: date | None) -> SurveyStats:
    """What the answers come to; means in hundredths, halves up."""
    departments: dict[str, list[Decimal]] = {}
    for survey in surveys:
        departments.setdefault(survey.department or "（未写）", []).append(survey.score)
    return SurveyStats(
        from_on=from_on,
        to_on=to_on,
        count=len(surveys),
        mean=average([survey.score for survey in surveys]) if surveys else None,
        departments={name: average(scores) for name, scores in sorted(departments.items())},
    )


def _columns(
    new: NewSurvey, *, now: datetime, actor: str, is_invented: bool
) -> dict[str, Any]:  # Any: each column's own type
    return {
        "answered_on": new.answered_on,
        "department": new.department,
        "respondent": new.respondent,
        "score": new.score,
        "items": {name: float(value) for name, value in new.items.items()},
        "comment": new.comment,
        "recorded_at": now,
        "actor": actor,
        "is_invented": is_invented,
    }
