"""What is asked of what is kept, on both databases; and a removal that somebody else was faster with."""

from datetime import datetime

import pytest

from eduops.backup import queries
from eduops.backup.models import Backup, BackupCheck, BackupCopy, Drill
from eduops.backup.queries import standing
from eduops.backup.service import prune
from eduops.core.errors import Conflict, NotFound
from eduops.store.store import Store


@pytest.fixture
def backup(store: Store, now: datetime) -> Backup:
    """One with a copy, two verifications and two drills, beside one of another source."""
    with store.writing() as session:
        made = Backup(
            ref="BKP-2026-0001", source="exam", path="a", state="verified", started_at=now, actor="某人"
        )
        other = Backup(ref="BKP-2026-0002", source="home", path="b", started_at=now, actor="某人")
        session.add_all([made, other])
        session.flush()
        copy = BackupCopy(backup_id=made.id, place="nas", path="a", started_at=now)
        session.add(copy)
        session.flush()
        session.add_all(
            [
                BackupCheck(backup_id=made.id, at=now, passed=True, actor="某人"),
                BackupCheck(backup_id=made.id, copy_id=copy.id, at=now, passed=False, actor="某人"),
                Drill(ref="DRL-2026-0001", backup_id=made.id, started_at=now, passed=True, actor="某人"),
                Drill(ref="DRL-2026-0002", backup_id=made.id, started_at=now, actor="某人"),
            ]
        )
        return made


def test_a_backup_comes_with_its_copies_checks_and_drills(store: Store, backup: Backup) -> None:
    with store.reading() as session:
        record = standing.get_record(session, backup.ref)
        assert record.last_check is not None and record.last_check.passed
        assert record.last_drill is not None and record.last_drill.ref == "DRL-2026-0002"
        assert [copy.place for copy in standing.list_unfinished_copies(session, "nas")] == ["nas"]
        assert [each.backup.ref for each in standing.list_records(session, source="home")] == [
            "BKP-2026-0002"
        ]
        assert [each.backup.ref for each in standing.list_records(session)] == ["BKP-2026-0002", backup.ref]
        with pytest.raises(NotFound, match="没有备份 BKP-2026-0009"):
            standing.get_record(session, "BKP-2026-0009")


def test_what_was_removed_was_good_all_the_same_and_is_no_failure_in_a_report(
    store: Store, backup: Backup, now: datetime
) -> None:
    with store.writing() as session:
        prune.begin_removal(session, backup, because="按保留规则删除了")
    with store.writing() as session:
        prune.finish_removal(session, backup, now=now)

    with store.reading() as session:
        run = next(run for run in queries.list_runs(session) if run.ref == backup.ref)
    assert run.is_good
    assert run.result.endswith("后来按保留规则删除了")


def test_a_removal_that_was_judged_by_an_older_state_is_refused(store: Store, backup: Backup) -> None:
    with store.writing() as session:
        session.get_one(Backup, backup.id).state = "failed"

    with store.writing() as session, pytest.raises(Conflict, match="verified → failed"):
        prune.begin_removal(session, backup, because="按保留规则删除了")
