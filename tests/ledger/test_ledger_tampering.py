"""Every kind of entry is evidence: not a byte of any row can be changed, no row dropped or swapped, unnoticed."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from ledger_case import EVENING, judge, late_ticket
from sqlalchemy import text

from eduops.contract.engine import evaluate
from eduops.contract.fact import Facts, SurveyFact
from eduops.ledger import queries, service
from eduops.ledger.models import LedgerEntry
from eduops.ledger.rules import KINDS, NO_HEAD, Head
from eduops.store.store import open_store

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
WHO = {"kept": NO_HEAD, "now": NOW, "actor": "值班（虚构）"}
TYPED = ("id", "refers_to", "counted", "falls_on")
"""Numbers and days: a database lets them be changed as values only."""
TEXTS = tuple(name for name in LedgerEntry.model_fields if name not in TYPED)


def write_all_kinds(session, contract):
    """Ten entries: four breaches, an obligation, a revocation, amendment, waiver, discharge, a breach."""
    service.post(session, judge(contract, late_ticket(1)), with_provisional=False, **WHO)
    survey = Facts(surveys=(SurveyFact(date(2026, 1, 15), Decimal(80)),))
    days = {"from_on": date(2026, 1, 1), "to_on": date(2026, 3, 31)}
    answer = evaluate(contract, survey, as_of=NOW, **days)
    quarter_end = (date(2026, 3, 31), date(2026, 3, 31))
    service.post(session, answer, days=quarter_end, with_provisional=False, **WHO)
    early = replace(late_ticket(1), responded_at=EVENING + timedelta(minutes=9))
    march = (date(2026, 3, 1), date(2026, 3, 30))
    service.post(session, judge(contract, early), days=march, with_provisional=False, **WHO)
    service.waive(
        session, 2, customer="张主任（虚构）", document="信函〔2026〕12号", reason="院方断电", **WHO
    )
    service.discharge(
        session, 5, obligations=(), figure=Decimal(90), document="纪要〔2026〕3号", as_of=NOW, **WHO
    )
    service.post(session, judge(contract, early, late_ticket(2)), days=march, with_provisional=False, **WHO)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def ledger(request, contract, migrated_file, tmp_path_factory):
    """A store with entries of every kind and the head kept of them; no test of this file commits anything."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("tampering") / "eduops.db"
        shutil.copyfile(migrated_file, path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgresql_server").create_database(template="migrated")
    store = open_store(url)
    with store.writing() as session:
        write_all_kinds(session, contract)
        head = service.head(session)
    yield store, head
    store.engine.dispose()


@pytest.fixture
def session(ledger):
    with ledger[0].reading() as session:
        if session.get_bind().dialect.name == "postgresql":
            # Whoever may write into the table may drop its constraints too; this is rolled back.
            for name in ("fk_ledger_entry_refers_to_ledger_entry", "pk_ledger_entry"):
                session.execute(text(f"ALTER TABLE ledger_entry DROP CONSTRAINT {name}"))
        else:
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
        yield session


def find_fault(session, kept):
    session.expire_all()
    return service.verify(session, kept)[1]


def test_every_kind_of_entry_is_there(ledger):
    store, kept = ledger
    with store.reading() as session:
        entries = queries.list_entries(session)
        assert {entry.kind for entry in entries} == set(KINDS)
        assert service.verify(session, kept) == (len(entries), None)


@pytest.mark.parametrize("column", TEXTS)
def test_no_byte_of_any_row_can_be_changed_unnoticed(ledger, session, column):
    """In SQLite every byte, in PostgreSQL every seventh: there each try costs a round trip."""
    store, kept = ledger
    step = 1 if store.engine.dialect.name == "sqlite" else 7
    kinds = session.execute(text(f"SELECT id, kind, {column} FROM ledger_entry ORDER BY id")).all()
    one_of_each = {kind: (number, value) for number, kind, value in kinds}
    for number, value in one_of_each.values():
        said = "" if value is None else str(value)
        for place in range(0, max(len(said), 1), step):
            other = said[:place] + ("b" if said[place : place + 1] == "a" else "a") + said[place + 1 :]
            _check_change(session, kept, column, number, other)


@pytest.mark.parametrize("column", TYPED)
def test_no_number_and_no_day_of_any_row_can_be_changed_unnoticed(ledger, session, column):
    _, kept = ledger
    for entry in queries.list_entries(session):
        value = getattr(entry, column)
        if isinstance(value, date):
            _check_change(session, kept, column, entry.id, (value + timedelta(days=1)).isoformat())
        else:
            for other in (0, (value or 0) + 1, -1, 99):
                if other != value and not (column == "id" and 1 <= other <= kept.count):
                    _check_change(session, kept, column, entry.id, other)


def _check_change(session, kept, column, number, value):
    session.execute(text("SAVEPOINT change"))
    statement = text(f"UPDATE ledger_entry SET {column} = :value WHERE id = :id")
    session.execute(statement, {"value": value, "id": number})
    assert find_fault(session, kept) is not None, (column, number, value)
    session.execute(text("ROLLBACK TO SAVEPOINT change"))


BLANKS = (" ", "\t", "\n")


@pytest.mark.parametrize("column", ["finding", "detail", "as_of", "posted_at"])
def test_blanks_that_change_no_meaning_are_found_too(ledger, session, column):
    _, kept = ledger
    for number, value in session.execute(text(f"SELECT id, {column} FROM ledger_entry")).all():
        for blank in BLANKS if value else ():
            for changed in (value + blank, blank + value, value.replace(",", f",{blank}")):
                if changed != value:
                    _check_change(session, kept, column, number, changed)


def test_every_single_deleted_row_is_found(ledger, session):
    _, kept = ledger
    for number in range(1, kept.count + 1):
        session.execute(text("SAVEPOINT change"))
        session.execute(text("DELETE FROM ledger_entry WHERE id = :id"), {"id": number})
        assert find_fault(session, kept) is not None, number
        session.execute(text("ROLLBACK TO SAVEPOINT change"))


def test_every_two_swapped_rows_are_found(ledger, session):
    _, kept = ledger
    for first in range(1, kept.count):
        for second in range(first + 1, kept.count + 1):
            session.execute(text("SAVEPOINT change"))
            for old, new in ((first, -1), (second, first), (-1, second)):
                statement = text("UPDATE ledger_entry SET id = :new WHERE id = :old")
                session.execute(statement, {"new": new, "old": old})
            assert find_fault(session, kept) is not None, (first, second)
            session.execute(text("ROLLBACK TO SAVEPOINT change"))


def test_correction_dropped_off_the_end_is_found_whether_the_head_is_kept_or_lowered_too(ledger, session):
    _, kept = ledger
    session.execute(text("DELETE FROM ledger_entry WHERE id > 8"))
    lowered = Head(8, queries.list_links(session)[-1].hash)
    for head in (kept, lowered):
        assert find_fault(session, head) == f"末尾缺少记录：登记过 {kept.count} 条，现在只有 8 条"
    session.execute(text("UPDATE counter SET last = 8 WHERE name = 'ledger_entry'"))
    assert find_fault(session, kept) is not None
    assert find_fault(session, lowered) is None
