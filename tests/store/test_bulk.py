"""Many rows at once are the very rows that one by one would be, on both databases."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from eduops.core.errors import Conflict
from eduops.store.bulk import insert_rows
from eduops.store.store import Store
from eduops.training.models.bank import Bank, Question, QuestionRevision

AT = datetime(2026, 3, 5, 11, 50, 0, 123456, tzinfo=ZoneInfo("Asia/Shanghai"))


def _banks(count: int) -> list[dict[str, Any]]:
    return [
        {"id": number, "name": f"题库{number}（虚构）", "created_at": AT} for number in range(1, count + 1)
    ]


def _questions(session: Session, count: int) -> None:
    insert_rows(session, Bank, _banks(1))
    rows = ({"id": number, "bank_id": 1, "position": number, "revision": 1} for number in range(1, count + 1))
    assert insert_rows(session, Question, rows) == count


def _revision(**values: object) -> dict[str, Any]:
    return {
        "question_id": 1,
        "revision": 1,
        "type": "single",
        "stem": "题干（虚构）",
        "options": ["甲", "乙"],
        "key": [["A"]],
        "any_order": False,
        "explanation": "",
        "difficulty": None,
        "score": Decimal("1.25"),
        "knowledge_path": [],
        "source": "",
        "tags": [],
        "fingerprint": "f",
        "stem_fingerprint": "s",
        "made_at": AT,
        **values,
    }


def test_every_row_is_there_however_many(store: Store) -> None:
    with store.writing() as session:
        _questions(session, 4001)
    with store.reading() as session:
        found = session.exec(select(Question).order_by(col(Question.id))).all()
    assert [(row.id, row.position) for row in found] == [(number, number) for number in range(1, 4002)]


def test_a_column_that_is_left_out_stays_empty(store: Store) -> None:
    with store.writing() as session:
        _questions(session, 1)
    with store.reading() as session:
        found = session.get_one(Question, 1)
    assert (found.batch_id, found.group_id, found.retired_at) == (None, None, None)


@pytest.mark.parametrize(
    "said",
    [
        "=1+1",
        "a\tb\\n\\N\nc\r\nd",
        "\\.",
        "地尔硫䓬 𠀀 😀",
        "'; DROP TABLE bank; --",
        '"引号"',
        "{}",
        " 两边有空格 ",
    ],
)
def test_every_text_comes_back_as_it_went_in(store: Store, said: str) -> None:
    with store.writing() as session:
        _questions(session, 1)
        insert_rows(session, QuestionRevision, [_revision(stem=said, options=[said, "乙"], tags=[said])])
    with store.reading() as session:
        found = session.get_one(QuestionRevision, (1, 1))
    assert (found.stem, found.options, found.tags) == (said, [said, "乙"], [said])


def test_the_column_types_hold_as_for_single_rows(store: Store) -> None:
    with store.writing() as session:
        _questions(session, 2)
        insert_rows(session, QuestionRevision, [_revision()])
        session.add(QuestionRevision(**_revision(question_id=2)))
    with store.reading() as session:
        many, single = session.exec(
            select(QuestionRevision).order_by(col(QuestionRevision.question_id))
        ).all()
    assert many.model_dump(exclude={"question_id"}) == single.model_dump(exclude={"question_id"})
    assert (many.score, many.made_at, many.made_at.tzinfo) == (Decimal("1.25"), AT, UTC)


def test_a_naive_instant_is_refused_among_many_too(store: Store) -> None:
    row = {"id": 1, "name": "题库（虚构）", "created_at": datetime(2026, 3, 5)}  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"), store.writing() as session:
        insert_rows(session, Bank, [row])
    with store.reading() as session:
        assert session.exec(select(Bank)).all() == []


def test_a_row_that_breaks_a_rule_takes_the_whole_unit_of_work_back(store: Store) -> None:
    with pytest.raises(Conflict), store.writing() as session:
        insert_rows(session, Bank, [*_banks(3), {**_banks(1)[0], "id": 4}])
    with store.reading() as session:
        assert session.exec(select(Bank)).all() == []


def test_what_the_session_holds_goes_first(store: Store) -> None:
    with store.writing() as session:
        session.add(Bank(**_banks(1)[0]))
        insert_rows(session, Question, [{"id": 1, "bank_id": 1, "position": 1, "revision": 1}])
    with store.reading() as session:
        assert session.get_one(Question, 1).bank_id == 1


def test_no_rows_are_no_statement(store: Store) -> None:
    with store.writing() as session:
        assert insert_rows(session, Bank, []) == 0


def test_a_row_that_lacks_a_column_is_no_row(store: Store) -> None:
    with pytest.raises(KeyError), store.writing() as session:
        insert_rows(session, Bank, [*_banks(1), {"id": 2}])
    with store.reading() as session:
        assert session.exec(select(Bank)).all() == []


def test_half_a_surrogate_pair_is_kept_as_an_escape(sqlite_store: Store) -> None:
    with sqlite_store.writing() as session:
        _questions(session, 1)
        insert_rows(session, QuestionRevision, [_revision(tags=["\ud800"])])
    with sqlite_store.reading() as session:
        assert session.get_one(QuestionRevision, (1, 1)).tags == ["\ud800"]


def test_json_is_kept_as_a_person_would_read_it(sqlite_store: Store) -> None:
    with sqlite_store.writing() as session:
        _questions(session, 1)
        insert_rows(session, QuestionRevision, [_revision()])
    with sqlite_store.reading() as session:
        kept = session.execute(text("SELECT options FROM question_revision")).scalar_one()
    assert kept == '["甲","乙"]'
