"""Documents are written down as they lie on disk."""

import hashlib
from zoneinfo import ZoneInfo

from eduops.delivery import queries, service


def record(session, path, now, **named):
    given = {"kind": "quarterly", "period": "2026Q1", **named}
    version = service.next_version(session, kind=given["kind"], period=given["period"])
    return service.record_document(
        session, path, **given, version=version, cut_off_at=now, now=now, zone=ZoneInfo("Asia/Shanghai"),
        actor="值班（虚构）", is_invented=True,
    )  # fmt: skip


def test_document_is_recorded_with_size_and_hash(store, tmp_path, now):
    path = tmp_path / "报告.docx"
    path.write_bytes(b"content (invented)")
    with store.writing() as session:
        record(session, path, now)
    with store.reading() as session:
        (document,) = queries.list_documents(session)
    assert (document.ref, document.version, document.file_name) == ("DOC-2026-0001", "V1", "报告.docx")
    assert document.sha256 == hashlib.sha256(b"content (invented)").hexdigest()
    assert document.size_bytes == 18
    assert document.is_invented


def test_versions_follow_one_another_within_kind_and_period(store, tmp_path, now):
    path = tmp_path / "报告.docx"
    path.write_bytes(b"")
    with store.writing() as session:
        names = [{}, {}, {"period": "2026Q2"}, {"kind": "monthly"}, {}]
        assert [record(session, path, now, **each).version for each in names] == [
            "V1",
            "V2",
            "V1",
            "V1",
            "V3",
        ]


def test_version_of_a_document_that_came_to_nothing_is_given_again(sqlite_store, tmp_path, now):
    with sqlite_store.writing() as session:
        assert service.next_version(session, kind="quarterly", period="2026Q1") == "V1"
    with sqlite_store.writing() as session:
        assert service.next_version(session, kind="quarterly", period="2026Q1") == "V1"
