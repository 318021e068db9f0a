"""The store keeps its promises on both databases."""

import threading
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import StatementError
from sqlmodel import col, select

from eduops.core.errors import ConfigError, Conflict, NotAllowed
from eduops.store import audit, counter
from eduops.store.engine import open_engine
from eduops.store.migration import list_revisions
from eduops.store.models import AuditEntry
from eduops.store.schema import HEAD, KNOWN, require_current
from eduops.store.store import Store


def test_known_revisions_are_those_of_the_migrations() -> None:
    assert list(KNOWN) == list_revisions()
    assert KNOWN[-1] == HEAD


def test_audit_entries_form_a_chain(store: Store, now: datetime) -> None:
    with store.writing() as session:
        for number in range(3):
            audit.record(
                session, at=now, actor="值班", command="x y", subject=f"S{number}", change={"a": number}
            )
    with store.reading() as session:
        assert audit.verify(session) == (3, None)


def test_an_altered_audit_entry_is_found(store: Store, now: datetime) -> None:
    with store.writing() as session:
        for number in range(3):
            audit.record(
                session, at=now, actor="值班", command="x y", subject=f"S{number}", change={"a": number}
            )
    with store.writing() as session:
        entry = session.exec(select(AuditEntry).where(col(AuditEntry.id) == 2)).one()
        entry.actor = "别人"
    with store.reading() as session:
        _, broken = audit.verify(session)
    assert broken is not None
    assert (broken.number, broken.reason) == (2, "content")


def test_an_audit_entry_cut_off_the_end_is_found(store: Store, now: datetime) -> None:
    with store.writing() as session:
        for number in range(3):
            audit.record(session, at=now, actor="值班", command="x y", subject=f"S{number}", change={})
    with store.writing() as session:
        session.delete(session.get_one(AuditEntry, 3))
    with store.reading() as session:
        count, broken = audit.verify(session)
    assert count == 2
    assert broken is not None
    assert broken.number == 3


CHANGES = (
    "change = 'not json'",
    "change = '[]'",
    "at = 'garbage'",
    "at = 5",
    "at = '9999-12-31 23:59:59'",
    "at = '0001-01-01 00:00:00'",
    "actor = x'ff00'",
    "actor = CAST(x'ff00' AS TEXT)",
    f"change = '{'[' * 100_000}'",
)


@pytest.mark.parametrize("change", CHANGES)
def test_an_entry_that_cannot_be_read_any_more_is_named_and_work_goes_on(
    sqlite_store: Store, now: datetime, change: str
) -> None:
    who = {"actor": "值班（虚构）", "command": "x y"}
    for number in range(3):
        with sqlite_store.writing() as session:
            audit.record(session, at=now, subject=f"S{number}", change={}, **who)
    with sqlite_store.writing() as session:
        session.execute(text(f"UPDATE audit_entry SET {change} WHERE id = 3"))
    with sqlite_store.reading() as session:
        count, broken = audit.verify(session)
        assert (count, broken and broken.number) == (3, 3)
        with pytest.raises(NotAllowed, match="已读不出来") as caught:
            audit.list_entries(session, limit=9)
        assert "audit verify" in caught.value.hint
    with sqlite_store.writing() as session:
        audit.record(session, at=now, subject="S3", change={}, **who)


@pytest.mark.parametrize(
    "change", ["DELETE FROM audit_entry", "DELETE FROM counter", "UPDATE counter SET last = 0"]
)
def test_audit_entries_and_the_numbers_given_out_must_agree(store: Store, now: datetime, change: str) -> None:
    with store.writing() as session:
        audit.record(session, at=now, actor="值班（虚构）", command="x y", subject="S", change={})
    with store.writing() as session:
        session.execute(text(change))
    with store.reading() as session:
        assert audit.verify(session)[1] is not None


def test_an_entry_reads_the_same_whatever_zone_its_instant_was_given_in(store: Store, now: datetime) -> None:
    with store.writing() as session:
        shanghai = now.astimezone(ZoneInfo("Asia/Shanghai"))
        audit.record(session, at=shanghai, actor="值班", command="x y", subject="S", change={})
    with store.reading() as session:
        assert audit.verify(session) == (1, None)


def test_a_naive_instant_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="naive"), store.writing() as session:
        audit.record(session, at=datetime(2026, 3, 5), actor="a", command="c", subject="s", change={})  # noqa: DTZ001


def test_an_instant_comes_back_aware_and_in_utc(store: Store) -> None:
    at = datetime.fromisoformat("2026-03-05T11:50:00.123456+08:00")
    with store.writing() as session:
        audit.record(session, at=at, actor="a", command="c", subject="s", change={})
    with store.reading() as session:
        found = session.exec(select(AuditEntry)).one().at
    assert found == at
    assert found.tzinfo is UTC


def test_a_failed_unit_of_work_leaves_nothing_and_gives_its_numbers_back(store: Store, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), store.writing() as session:
        audit.record(session, at=now, actor="a", command="c", subject="s", change={})
        raise ZeroDivisionError
    with store.writing() as session:
        assert session.exec(select(AuditEntry)).all() == []
        assert counter.next_reference(session, "INC", 2026) == "INC-2026-0001"


def test_two_writers_at_once_never_get_the_same_number(store: Store) -> None:
    taken: list[int] = []

    def take() -> None:
        for _ in range(10):
            with store.writing() as session:
                taken.extend(counter.allocate(session, "learner", 3))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 121))


def test_a_file_that_somebody_else_holds_is_a_conflict_and_no_fault_of_the_file(sqlite_store: Store) -> None:
    waiter = open_engine(sqlite_store.engine.url)
    event.listen(waiter, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 20"))
    with sqlite_store.writing() as holder:
        holder.execute(text("SELECT 1"))
        with pytest.raises(Conflict, match="被另一个程序占用") as caught, Store(waiter).writing() as session:
            session.execute(text("SELECT 1"))
    assert "重试" in caught.value.hint
    waiter.dispose()


def test_a_database_from_a_newer_version_is_refused(sqlite_store: Store) -> None:
    with sqlite_store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '20990101_future'"))
    with pytest.raises(ConfigError, match=r"20990101_future.*比本程序.*新"):
        require_current(sqlite_store.engine)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://u:geheim@h/d"])
def test_an_unusable_address_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_engine(url)
    assert "geheim" not in caught.value.message + caught.value.hint
