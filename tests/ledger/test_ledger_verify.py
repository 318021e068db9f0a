"""Whatever is done to the ledger's rows behind eduops's back is found by `verify` with the kept head."""

import shutil
from datetime import UTC, datetime

import pytest
from ledger_case import judge, late_ticket
from sqlalchemy import text
from sqlmodel import select

from eduops.core.errors import NotAllowed
from eduops.ledger import queries, service
from eduops.ledger.models import LedgerEntry
from eduops.ledger.rules import NO_HEAD, Head
from eduops.store.chain import GENESIS, link_hash
from eduops.store.store import open_store

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def ledger(request, contract, migrated_file, tmp_path_factory):
    """A store with four entries, and the head that was kept of them; no test of this file commits anything."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("ledger") / "eduops.db"
        shutil.copyfile(migrated_file, path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgresql_server").create_database(template="migrated")
    store = open_store(url)
    with store.writing() as session:
        service.post(
            session,
            judge(contract, late_ticket(1)),
            kept=NO_HEAD,
            with_provisional=False,
            now=NOW,
            actor="值班",
        )
        head = service.head(session)
    yield store, head
    store.engine.dispose()


@pytest.fixture
def kept(ledger):
    return ledger[1]


@pytest.fixture
def session(ledger):
    with ledger[0].reading() as session:
        yield session


def run(session, *statements):
    for statement in statements:
        session.execute(text(statement))
    session.expire_all()


def find_fault(session, kept):
    return service.verify(session, kept)[1]


def test_untouched_ledger_is_whole(session, kept):
    assert find_fault(session, kept) is None


CHANGES = {
    "kind": "'obligation'",
    "refers_to": "2",
    "finding_key": "'C/2.3/other//'",
    "clause": "'2.4'",
    "rule": "'arrivals'",
    "subject": "NULL",
    "falls_on": "'2026-03-03'",
    "counted": "counted + 1",
    "as_of": "'2026-03-31T00:00:00.000001Z'",
    "posted_at": "'2026-04-02T01:00:00.000000Z'",
    "posted_by": "'别人（虚构）'",
    "previous_hash": f"'{'a' * 64}'",
    "hash": f"'{'a' * 64}'",
}


def test_every_field_but_number_finding_and_detail_is_in_the_table_of_changes():
    assert CHANGES.keys() | {"id", "finding", "detail"} == set(LedgerEntry.model_fields)


@pytest.mark.parametrize("number", [1, 3, 4])
@pytest.mark.parametrize("field", CHANGES)
def test_changed_field_is_found(session, kept, field, number):
    run(session, f"UPDATE ledger_entry SET {field} = {CHANGES[field]} WHERE id = {number}")
    assert f"第 {number} 条记录不符" in find_fault(session, kept)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", "另一句话"),
        ("counted", 7),
        ("actual", 12.5),
        ("due_at", "2026-03-02T12:30:01Z"),
        ("provisional", True),
    ],
)
def test_changed_figure_of_a_finding_is_found(session, kept, key, value):
    entry = session.get(LedgerEntry, 2)
    entry.finding = {**entry.finding, key: value}
    session.flush()
    assert find_fault(session, kept) == "第 2 条记录不符：内容被改动"


def test_changed_detail_is_found(session, kept):
    session.get(LedgerEntry, 2).detail = {"document": "补上的文号（虚构）"}
    session.flush()
    assert find_fault(session, kept) == "第 2 条记录不符：内容被改动"


@pytest.mark.parametrize("change", [{"note": "添上的（虚构）"}, {"counted": None}])
def test_added_or_emptied_part_of_a_finding_is_found(session, kept, change):
    entry = session.get(LedgerEntry, 2)
    entry.finding = {**entry.finding, **change}
    session.flush()
    assert find_fault(session, kept) == "第 2 条记录不符：内容被改动"


def test_changed_number_is_found(session, kept):
    run(session, "UPDATE ledger_entry SET id = 7 WHERE id = 4")
    assert "第 4 条记录不符：次序不对" in find_fault(session, kept)


def test_entry_deleted_from_the_middle_is_found(session, kept):
    run(session, "DELETE FROM ledger_entry WHERE id = 2")
    assert "第 2 条记录不符：次序不对" in find_fault(session, kept)


def test_entry_deleted_from_the_middle_is_found_after_renumbering(session, kept):
    run(
        session,
        "DELETE FROM ledger_entry WHERE id = 2",
        "UPDATE ledger_entry SET id = 2 WHERE id = 3",
        "UPDATE ledger_entry SET id = 3 WHERE id = 4",
    )
    assert "第 2 条记录不符" in find_fault(session, kept)


def test_deleted_first_entry_is_found(session, kept):
    run(session, "DELETE FROM ledger_entry WHERE id = 1")
    assert "第 1 条记录不符" in find_fault(session, kept)


@pytest.mark.parametrize(("first_gone", "left"), [(4, 3), (3, 2), (1, 0)])
def test_cut_off_tail_is_found_by_the_kept_head_and_by_the_numbers_given_out(session, kept, first_gone, left):
    run(session, f"DELETE FROM ledger_entry WHERE id >= {first_gone}")
    said = f"末尾缺少记录：登记过 4 条，现在只有 {left} 条"
    assert find_fault(session, kept) == find_fault(session, NO_HEAD) == said
    run(session, f"UPDATE counter SET last = {left} WHERE name = 'ledger_entry'")
    assert find_fault(session, kept) == said


@pytest.mark.parametrize(
    "change", ["DELETE FROM counter WHERE name = 'ledger_entry'", "UPDATE counter SET last = 3"]
)
def test_fewer_numbers_given_out_than_entries_are_there_are_found(session, kept, change):
    run(session, change)
    assert "编号的登记被改动" in find_fault(session, kept)


def test_nothing_is_posted_over_a_tail_cut_off_together_with_the_kept_head(sqlite_store, contract):
    who = {"with_provisional": False, "now": NOW, "actor": "值班（虚构）", "kept": NO_HEAD}
    with sqlite_store.writing() as session:
        service.post(session, judge(contract, late_ticket(1)), **who)
    for gone in ("id = 4", "id > 0"):
        with sqlite_store.writing() as session:
            run(session, f"DELETE FROM ledger_entry WHERE {gone}")
        with sqlite_store.writing() as session, pytest.raises(NotAllowed, match="末尾缺少记录：登记过 4 条"):
            service.post(session, judge(contract, late_ticket(1), late_ticket(2)), **who)


def test_two_swapped_entries_are_found(session, kept):
    run(
        session,
        "UPDATE ledger_entry SET id = 99 WHERE id = 2",
        "UPDATE ledger_entry SET id = 2 WHERE id = 3",
        "UPDATE ledger_entry SET id = 3 WHERE id = 99",
    )
    assert "第 2 条记录不符：次序不对" in find_fault(session, kept)


def _rewrite(session, entries):
    previous = GENESIS
    for entry in entries:
        entry.previous_hash = previous
        entry.hash = previous = link_hash(previous, queries.payload(entry))
        session.flush()


@pytest.mark.parametrize("number", [1, 4])
def test_chain_rewritten_from_an_entry_on_is_found_by_the_kept_head(session, kept, number):
    session.get(LedgerEntry, number).counted += 1
    session.flush()
    _rewrite(session, session.exec(select(LedgerEntry).order_by(LedgerEntry.id)).all())
    assert find_fault(session, NO_HEAD) is None
    assert find_fault(session, kept) == "第 4 条记录与另存的校验值不符：台账可能被整体改写"


@pytest.mark.parametrize("count", [0, 1, 3, 4])
def test_head_that_lags_behind_is_fine(session, kept, count):
    hashes = [GENESIS, *session.exec(select(LedgerEntry.hash).order_by(LedgerEntry.id))]
    assert find_fault(session, Head(count, hashes[count])) is None


def test_entry_that_cannot_be_read_any_more_is_found(sqlite_store, contract):
    with sqlite_store.writing() as session:
        answer = judge(contract, late_ticket(1))
        service.post(session, answer, kept=NO_HEAD, with_provisional=False, now=NOW, actor="值班（虚构）")
    for change in (
        "posted_at = 'gestern'",
        "posted_at = 5",
        "posted_at = replace(posted_at, 'T', ' ')",
        "as_of = replace(as_of, 'Z', 'z')",
        "finding = replace(finding, ',', ', ')",
        "detail = '{ }'",
        "finding = '{'",
        "finding = 7",
        "finding = x'ff'",
        "counted = 'viel'",
        "posted_by = x'ff00'",
        "posted_by = CAST(x'ff00' AS TEXT)",
        f"finding = '{'[' * 100_000}'",
        "finding = '[]'",
        "kind = 'zzz'",
        "falls_on = 'x'",
        "as_of = '9999-12-31T23:59:59.999999Z'",
        "previous_hash = x'00'",
    ):
        with sqlite_store.reading() as session:
            run(session, f"UPDATE ledger_entry SET {change} WHERE id = 3")
            count, fault = service.verify(session, NO_HEAD)
        assert (count, fault.partition("：")[0]) == (4, "第 3 条记录不符"), change


def test_hash_covers_the_finding_as_it_was_printed(session, contract):
    findings = {finding.key: finding.to_json() for finding in judge(contract, late_ticket(1)).findings}
    for entry in queries.list_entries(session):
        assert queries.payload(entry)["finding"] == findings[entry.finding_key]
        assert entry.hash == link_hash(entry.previous_hash, queries.payload(entry))
