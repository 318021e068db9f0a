"""Heads of the audit log outside the database: a tail cut with its counter, or a chain written anew, is noticed."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from eduops.core.errors import ConfigError
from eduops.store import audit, audit_head
from eduops.store.audit_head import AuditHead, append_head, load_heads
from eduops.store.chain import GENESIS
from eduops.store.store import Store


def write(session: Session, now, count: int, actor: str = "甲（虚构）") -> None:
    for number in range(count):
        audit.record(
            session, at=now, actor=actor, command="eduops x y", subject=f"S{number}", change={"a": number}
        )


def head_of(store: Store, now) -> AuditHead:
    with store.reading() as session:
        verified = audit.verify_against(session, ())
    return AuditHead(now, verified.count, verified.hash)


def test_whole_log_fits_every_head_that_was_kept(store: Store, now, tmp_path: Path) -> None:
    path = tmp_path / audit_head.FILE
    assert append_head(path, AuditHead(now, 0, GENESIS))
    for _ in range(3):
        with store.writing() as session:
            write(session, now, 2)
        assert append_head(path, head_of(store, now))
    with store.reading() as session:
        verified = audit.verify_against(session, load_heads(path))
    assert (verified.count, verified.broken, verified.unfit) == (6, None, None)
    assert [head.count for head in load_heads(path)] == [0, 2, 4, 6]
    assert path.stat().st_mode & 0o777 == 0o600


def test_tail_cut_together_with_its_counter_is_noticed(store: Store, now) -> None:
    with store.writing() as session:
        write(session, now, 5)
    kept = head_of(store, now)
    with store.writing() as session:
        session.execute(text("DELETE FROM audit_entry WHERE id > 3"))
        session.execute(text("UPDATE counter SET last = 3 WHERE name = 'audit_entry'"))
    with store.reading() as session:
        assert audit.verify(session) == (3, None), "the chain alone says nothing"
        verified = audit.verify_against(session, [kept])
    assert verified.broken is not None
    assert (verified.broken.reason, verified.broken.number, verified.unfit) == ("head", 4, kept)


def test_chain_that_was_written_anew_is_noticed(store: Store, now) -> None:
    with store.writing() as session:
        write(session, now, 3)
    kept = head_of(store, now)
    with store.writing() as session:
        session.execute(text("DELETE FROM audit_entry"))
        session.execute(text("UPDATE counter SET last = 0 WHERE name = 'audit_entry'"))
    with store.writing() as session:
        write(session, now, 4, actor="乙（虚构）")
    with store.reading() as session:
        assert audit.verify(session) == (4, None)
        verified = audit.verify_against(session, [kept])
    assert verified.broken is not None
    assert (verified.broken.reason, verified.broken.number) == ("head", 3)


def test_same_head_is_kept_once_a_day(tmp_path: Path, now) -> None:
    path = tmp_path / audit_head.FILE
    added = [
        append_head(path, AuditHead(now + timedelta(hours=hours), 3, "a" * 64)) for hours in (0, 23, 24, 25)
    ]
    assert added == [True, False, True, False]
    assert append_head(path, AuditHead(now + timedelta(hours=25), 4, "b" * 64))
    assert len(load_heads(path)) == 3


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"at": "2026-03-05", "count": 1, "hash": "' + "a" * 64 + '"}', '{"count": 1}', "\x00\x00",
     '{"at": "2026-03-05T00:00:00+00:00", "count": -1, "hash": "' + "a" * 64 + '"}',
     '{"at": "2026-03-05T00:00:00+00:00", "count": 1, "hash": "x"}'],
)  # fmt: skip
def test_damaged_file_of_heads_is_named_with_its_line_and_not_written_to(
    tmp_path: Path, now, line: str
) -> None:
    path = tmp_path / audit_head.FILE
    append_head(path, AuditHead(now, 1, "a" * 64))
    with path.open("a") as stream:
        stream.write(line + "\n")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="第 2 行已损坏"):
        append_head(path, AuditHead(now, 9, "b" * 64))
    assert path.read_bytes() == before


def test_verifying_takes_no_more_memory_for_more_entries(sqlite_store: Store, now) -> None:
    import tracemalloc

    peaks = []
    for more in (4000, 8000):
        with sqlite_store.writing() as session:
            write(session, now, more)
            session.expunge_all()
        tracemalloc.start()
        with sqlite_store.reading() as session:
            assert audit.verify(session)[1] is None
            assert sum(1 for _ in audit.stream_entries(session, audit.Wanted())) in (4000, 12000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3
