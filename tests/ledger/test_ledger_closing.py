"""A closed month stays what it was: later changes of its facts are allowed, and told."""

from datetime import UTC, datetime, timedelta

import pytest
from ledger_store import JULY, add_good_ticket, add_ticket, add_wait, change_ticket
from sqlalchemy import text

from eduops.core.errors import NotAllowed, NotFound
from eduops.ledger import closing, service
from eduops.ledger.models import LedgerClosing
from eduops.ledger.rules import NO_HEAD, Head

NOW = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
CONTRACT_HASH = "c" * 64


def close(store, contract, label="2026-07", *, now=NOW, contract_hash=CONTRACT_HASH, kept=NO_HEAD):
    with store.writing() as session:
        return closing.close(
            session, contract, label, contract_hash=contract_hash, kept=kept, now=now, actor="值班（虚构）"
        )


def find_changes(store, contract, *, contract_hash=CONTRACT_HASH):
    with store.reading() as session:
        return [change for _, change in closing.list_closings(session, contract, contract_hash=contract_hash)]


def verify(store, kept=NO_HEAD):
    with store.reading() as session:
        return closing.verify(session, kept)


def test_closing_freezes_facts_contract_calendar_and_counts(store, contract):
    add_good_ticket(store, 1)
    add_good_ticket(store, 2, responded_at=JULY + timedelta(minutes=45), arrived_at=None)
    add_good_ticket(store, 3, JULY + timedelta(days=40))
    made = close(store, contract)
    assert (made.period, str(made.from_on), str(made.to_on)) == ("2026-07", "2026-07-01", "2026-07-31")
    assert set(made.facts["tickets"]) == {"INC-2026-0001", "INC-2026-0002"}
    assert (made.counted, made.by_clause["2.3"]) == (1, 1)
    assert made.contract_hash == CONTRACT_HASH
    assert made.calendar.startswith("chinesecalendar 1.")
    assert (made.entry_count, made.entry_hash) == (0, NO_HEAD.hash)
    (change,) = find_changes(store, contract)
    assert not change


def test_closing_again_without_a_change_writes_nothing(store, contract):
    add_good_ticket(store, 1)
    close(store, contract)
    assert close(store, contract, now=NOW + timedelta(days=5)) is None
    assert verify(store) == (1, None)


def test_later_change_is_told_ticket_by_ticket_and_figure_by_figure(store, contract):
    add_good_ticket(store, 1)
    add_good_ticket(store, 2)
    close(store, contract)
    change_ticket(
        store, 1, responded_at=JULY + timedelta(minutes=45), arrived_at=JULY + timedelta(minutes=50)
    )
    add_good_ticket(store, 3, JULY + timedelta(days=1))
    (change,) = find_changes(store, contract)
    assert (change.added, change.altered, change.removed) == (("INC-2026-0003",), ("INC-2026-0001",), ())
    (figure,) = change.figures
    assert figure.key.endswith("/2.3/response/INC-2026-0001/")
    assert (figure.before, list(figure.after)) == (None, [1, 45.0])


def test_new_closing_after_a_change_names_the_old_one(store, contract):
    add_good_ticket(store, 1)
    close(store, contract)
    change_ticket(store, 1, title="换了标题（虚构）")
    again = close(store, contract, now=NOW + timedelta(days=1))
    assert (again.id, again.replaces) == (2, 1)
    changes = find_changes(store, contract)
    assert changes[0] is None
    assert not changes[1]
    with store.reading() as session:
        assert closing.verify(session, closing.head(session)) == (2, None)


LATER = NOW + timedelta(days=2)


def test_what_happens_after_the_closing_is_no_change_of_it(sqlite_store, contract):
    add_ticket(sqlite_store, 1, responded_at=JULY + timedelta(minutes=5))
    add_ticket(sqlite_store, 2, impact="system", cause="software")
    add_wait(sqlite_store, 2, JULY + timedelta(minutes=9))
    add_good_ticket(sqlite_store, 3)
    close(sqlite_store, contract)
    change_ticket(sqlite_store, 1, resolved_at=LATER, plan_submitted_at=LATER, closed_at=LATER)
    change_ticket(sqlite_store, 2, outage_end=LATER, responded_at=LATER)
    change_ticket(sqlite_store, 3, closed_at=LATER)
    with sqlite_store.writing() as session:
        session.execute(text("UPDATE ticket_exclusion SET to_at = '2026-08-05 01:00:00.000000'"))
    add_ticket(sqlite_store, 4, LATER)
    (change,) = find_changes(sqlite_store, contract)
    assert not change, change


def test_ticket_of_the_month_before_that_reaches_into_it_belongs_to_it(sqlite_store, contract):
    june = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
    add_good_ticket(sqlite_store, 1, june, resolved_at=june + timedelta(days=2))
    add_good_ticket(sqlite_store, 2, june)
    made = close(sqlite_store, contract)
    assert set(made.facts["tickets"]) == {"INC-2026-0001"}


def test_changed_contract_file_is_told(sqlite_store, contract):
    close(sqlite_store, contract)
    (change,) = find_changes(sqlite_store, contract, contract_hash="d" * 64)
    assert (change.contract, change.calendar, bool(change)) == (True, False, True)


def test_quarter_is_closed_by_its_label(sqlite_store, contract):
    made = close(sqlite_store, contract, "2026Q2")
    assert (str(made.from_on), str(made.to_on)) == ("2026-04-01", "2026-06-30")


@pytest.mark.parametrize("label", ["2026-08", "2026Q3"])
def test_period_that_is_not_over_cannot_be_closed(sqlite_store, contract, label):
    with pytest.raises(NotAllowed, match="还没有结束"):
        close(sqlite_store, contract, label)


@pytest.mark.parametrize("label", ["2026-13", "2019-01", "七月", "", "Y1"])
def test_unknown_period_is_refused(sqlite_store, contract, label):
    with pytest.raises(NotFound, match="月或季度"):
        close(sqlite_store, contract, label)


@pytest.mark.parametrize(
    ("instant", "is_over"), [("15:59:59", False), ("16:00:00", True), ("16:00:01", True)]
)
def test_month_is_over_at_midnight_of_the_contracts_zone(sqlite_store, contract, instant, is_over):
    now = datetime.fromisoformat(f"2026-07-31T{instant}+00:00")
    if is_over:
        assert close(sqlite_store, contract, now=now)
    else:
        with pytest.raises(NotAllowed):
            close(sqlite_store, contract, now=now)


def test_nothing_is_closed_onto_closings_that_do_not_fit(sqlite_store, contract):
    with pytest.raises(NotAllowed, match="末尾缺少结账记录"):
        close(sqlite_store, contract, kept=Head(1, "1" * 64))


def test_no_byte_of_a_closing_can_be_changed_unnoticed(sqlite_store, contract):
    add_good_ticket(sqlite_store, 1, responded_at=JULY + timedelta(minutes=45))
    close(sqlite_store, contract)
    close(sqlite_store, contract, "2026-06")
    with sqlite_store.reading() as session:
        kept = closing.head(session)
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        for column in LedgerClosing.model_fields:
            found = session.execute(text(f"SELECT {column} FROM ledger_closing WHERE id = 1")).scalar()
            value = "" if found is None else str(found)
            for place in range(len(value)):
                other = value[:place] + ("7" if value[place] == "1" else "1") + value[place + 1 :]
                session.execute(text("SAVEPOINT change"))
                statement = text(f"UPDATE ledger_closing SET {column} = :value WHERE id = 1")
                session.execute(statement, {"value": other})
                session.expire_all()
                assert closing.verify(session, kept)[1] is not None, (column, other)
                session.execute(text("ROLLBACK TO SAVEPOINT change"))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_deleted_closing_is_found(store, contract, number):
    for label in ("2026-05", "2026-06", "2026-07"):
        close(store, contract, label)
    with store.reading() as session:
        kept = closing.head(session)
        session.execute(text(f"DELETE FROM ledger_closing WHERE id = {number}"))
        assert closing.verify(session, kept)[1] is not None
        assert service.verify(session, NO_HEAD) == (0, None)
