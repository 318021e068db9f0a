"""Copies, retention and standing over a real home: what is shown is so, and the last good backup never goes."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from backup_home import Place
from killed import count_changes, kill_before, ten_points
from servers import sshd
from sqlmodel import select

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.backup import configuration, keep
from eduops.backup.keep.opening import find_store
from eduops.backup.models import Backup, BackupCheck, BackupCopy, Drill
from eduops.backup.queries import standing
from eduops.backup.rules.standing import State
from eduops.core.errors import ConfigError, NotAllowed
from eduops.core.home import Home
from eduops.workflow import backup_copy, backup_prune
from eduops.workflow.backup_job import kept_of
from eduops.workflow.backup_run import back_up_source
from eduops.workflow.backup_standing import list_standings

ZONE = ZoneInfo("Asia/Shanghai")
CONFIGURATION = """
places:
  nas: {{kind: directory, path: {folder}/nas}}
sources:
  exam: {{engine: sqlite, path: {folder}/exam.db, places: [nas], max_age_hours: 26, keep: {keep}}}
  home: {{engine: home}}
"""
NOTHING = "{last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0}"
ONE = "{last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0}"


@pytest.fixture
def place(sqlite_store, tmp_path, now):
    home = Home(tmp_path)
    home.folder("backups").mkdir()
    (tmp_path / "nas").mkdir()
    made = Place(home, sqlite_store, now)
    with closing(sqlite3.connect(tmp_path / "exam.db")) as database:
        database.execute("CREATE TABLE answer (id INTEGER, text TEXT)")
        database.execute("INSERT INTO answer VALUES (1, 'invented')")
        database.commit()
    configure(made, ONE)
    return made


def configure(place, rules):
    place.configure(CONFIGURATION.format(folder=place.home.path, keep=rules))


def back_up(place, times=1):
    return [back_up_source(place.desk, "exam") for _ in range(times)]


def prune(place):
    verdicts = backup_prune.plan(place.desk, source=None, zone=ZONE)
    return list(backup_prune.prune(place.desk, verdicts, source=None, zone=ZONE))


def copy(place, **wanted):
    return list(backup_copy.copy_all(place.desk, backup_copy.list_waiting(place.desk, **wanted)))


def records(place):
    with place.store.reading() as session:
        return {record.backup.ref: record for record in standing.list_records(session)}


def judge(place, *, now=None):
    config = configuration.load_config(place.home.path)
    with place.store.reading() as session:
        found = list_standings(session, config, now=now or place.now)
    return {each.source: each for each in found}


def change(place, row, **values):
    with place.store.writing() as session:
        found = session.get_one(type(row), row.id)
        for name, value in values.items():
            setattr(found, name, value)
        session.add(found)


def add(place, row):
    with place.store.writing() as session:
        session.add(row)


class TestCopy:
    """Second places."""

    def test_what_has_no_copy_is_copied_verified_and_then_there_is_nothing_to_copy(self, place):
        back_up(place, 2)

        outcomes = copy(place)

        assert [each.is_good for each in outcomes] == [True, True]
        assert [path.name for path in (place.home.path / "nas").iterdir() if path.name[0] == "."] == []
        found = records(place).values()
        assert [[row.state for row in each.copies] for each in found] == [["verified"], ["verified"]]
        assert all(each.checks[0].passed and each.checks[0].copy_id for each in found)
        assert backup_copy.list_waiting(place.desk) == []

    def test_a_copy_that_fails_is_written_down_holds_up_no_other_and_is_tried_again(self, place):
        first, second = back_up(place, 2)
        (place.home.folder("backups") / first.path / "manifest.json").write_text("{}")

        outcomes = copy(place)

        assert [each.is_good for each in outcomes] == [False, True]
        assert "manifest.json 被改动" in outcomes[0].error.message
        (row,) = records(place)[first.ref].copies
        assert row.state == "failed"
        assert "manifest.json 被改动" in row.fault
        assert [each.backup.ref for each in backup_copy.list_waiting(place.desk)] == [first.ref]
        assert second.ref in {each.waiting.backup.ref for each in outcomes if each.is_good}

    def test_a_new_backup_goes_to_the_places_of_its_source(self, place):
        (made,) = back_up(place)

        (outcome,) = backup_copy.copy_after_run(place.desk, made)

        assert outcome.is_good

    def test_a_backup_that_is_not_good_or_has_no_place_is_refused(self, place):
        (made,) = back_up(place)
        change(place, made, state="failed")
        with pytest.raises(NotAllowed, match="不复制"):
            backup_copy.list_waiting(place.desk, ref=made.ref)
        change(place, made, state="verified")
        place.configure("sources: {home: {engine: home}}")
        with pytest.raises(ConfigError, match="没有写 places"):
            backup_copy.list_waiting(place.desk, ref=made.ref)

    def test_killed_copies_leave_a_truthful_catalogue_and_nothing_but_whole_copies(self, place):
        (made,) = back_up(place)

        def work():
            copy(place)

        changes = count_changes(work)
        for number in ten_points(changes):
            forget_copies(place)
            kill_before(work, number)
            assert all(
                each.state != "verified" or whole(place, made) for each in records(place)[made.ref].copies
            )
            copy(place)
            states = [each.state for each in records(place)[made.ref].copies]
            assert states.count("verified") == 1, states
            assert set(states) <= {"verified", "failed"}
            assert whole(place, made)
            assert [path.name for path in (place.home.path / "nas").iterdir()] == [made.path]


@pytest.mark.server
@pytest.mark.needs("sshd")
def test_a_host_behind_a_bastion_is_a_second_place(place, tmp_path_factory):
    far = tmp_path_factory.mktemp("far") / "copies"
    with sshd.network(tmp_path_factory.mktemp("ssh")) as network:
        network.write_home(place.home.path)
        with place.store.writing() as session:
            new = NewHost(
                "bak-01",
                "备份机（虚构）",
                Role.APPLICATION,
                Environment.PRODUCTION,
                "127.0.0.1",
                bastion="main",
            )
            assets.add_host(session, new, now=place.now)
        configure(place, ONE)
        text = (
            (place.home.path / "backup.yaml")
            .read_text()
            .replace(
                f"kind: directory, path: {place.home.path}/nas", f"kind: sftp, host: bak-01, path: {far}"
            )
        )
        place.configure(text)
        old, new = back_up(place, 2)

        assert [each.is_good for each in copy(place)] == [True, True]
        assert {path.name for path in far.iterdir()} == {old.path, new.path}
        assert [each.error for each in prune(place)] == [None, None]
        assert {path.name for path in far.iterdir()} == {new.path}
        known = place.home.path / "known_hosts"
        known.write_text("")
        (new2,) = back_up(place)
        (refused,) = copy(place, ref=new2.ref)
        assert "主机密钥还没有登记" in refused.error.message
        assert records(place)[new2.ref].copies[0].state == "failed"


class TestPrune:
    """Retention."""

    def test_what_no_rule_keeps_goes_with_its_copy_and_stays_in_the_catalogue(self, place):
        old, new = back_up(place, 2)
        copy(place)

        removed = prune(place)

        assert [(each.verdict.backup.ref, each.error) for each in removed] == [(old.ref, None)] * 2
        gone = records(place)[old.ref]
        assert (gone.backup.state, gone.copies[0].state) == ("removed", "removed")
        assert gone.backup.removed_because == backup_prune.BY_RETENTION
        assert gone.backup.removed_at == place.now
        assert place.kept() == [new.path]
        assert [path.name for path in (place.home.path / "nas").iterdir()] == [new.path]
        assert prune(place) == []

    def test_no_rule_at_all_still_keeps_the_last_good_one_though_newer_ones_failed(self, place):
        good, bad = back_up(place, 2)
        configure(place, NOTHING)
        add(place, BackupCheck(backup_id=bad.id, at=place.now, passed=False, fault="磁盘", actor="某人"))
        add(
            place,
            Backup(
                ref="BKP-2026-0099", source="exam", path="x", state="failed", started_at=place.now, actor="a"
            ),
        )

        removed = prune(place)

        assert [each.verdict.backup.ref for each in removed] == [bad.ref]
        assert place.kept() == [good.path]

    def test_a_failed_drill_of_the_newest_keeps_the_one_before_it(self, place):
        good, newest = back_up(place, 2)
        add(
            place,
            Drill(ref="DRL-2026-0001", backup_id=newest.id, started_at=place.now, passed=False, actor="a"),
        )

        assert prune(place) == []
        assert place.kept() == [good.path, newest.path]

    def test_where_none_is_good_all_stay(self, place):
        for made in back_up(place, 2):
            change(place, made, state="failed")
        configure(place, NOTHING)

        assert prune(place) == []
        assert len(place.kept()) == 2

    def test_nothing_goes_where_the_last_good_one_is_not_there_any_more(self, place):
        old, newest = back_up(place, 2)
        shutil.rmtree(place.home.folder("backups") / newest.path)

        with pytest.raises(NotAllowed, match="没有删除任何备份") as caught:
            prune(place)
        assert newest.ref in caught.value.message
        assert place.kept() == [old.path]
        assert records(place)[old.ref].backup.state == "verified"

    def test_a_source_that_left_the_configuration_loses_nothing(self, place):
        back_up(place, 2)
        place.configure("sources: {home: {engine: home}}")

        assert prune(place) == []
        assert {each.reasons for each in backup_prune.plan(place.desk, source=None, zone=ZONE)} == {
            ("backup.yaml 里没有这个来源，不删",)
        }

    def test_what_became_good_to_keep_since_it_was_shown_stays(self, place):
        back_up(place, 2)
        shown = backup_prune.plan(place.desk, source=None, zone=ZONE)
        configure(place, "{last: 5}")

        assert list(backup_prune.prune(place.desk, shown, source=None, zone=ZONE)) == []
        assert len(place.kept()) == 2

    def test_one_that_is_being_restored_stays_until_that_ends(self, place):
        old, new = back_up(place, 2)
        drill = Drill(ref="DRL-2026-0001", backup_id=old.id, started_at=place.now, actor="a")
        add(place, drill)
        assert prune(place) == []

        add(place, Drill(ref="DRL-2026-0002", backup_id=new.id, started_at=place.now, finished_at=place.now,
                         passed=True, actor="a"))  # fmt: skip
        backup_prune.resume(place.desk)
        assert [each.verdict.backup.ref for each in prune(place)] == [old.ref]

    @pytest.mark.needs("restic")
    def test_a_snapshot_is_forgotten_and_its_room_given_back(self, place):
        password = place.home.path / "restic.password"
        password.write_text("a good password")
        password.chmod(0o600)
        place.configure(
            "stores: {repo: {kind: restic, repository: repository, password_file: restic.password}}\n"
            f"sources: {{exam: {{engine: sqlite, path: {place.home.path}/exam.db, store: repo, keep: {ONE}}},"
            " home: {engine: home, store: repo}}"
        )
        old, new = back_up(place, 2)
        assert old.encryption == "restic"

        assert [(each.verdict.backup.ref, each.error) for each in prune(place)] == [(old.ref, None)]

        assert (records(place)[old.ref].backup.state, whole_backup(place, new)) == ("removed", True)
        assert not whole_backup(place, old)
        assert place.warned == []

    def test_one_that_cannot_be_removed_is_told_and_is_no_backup_meanwhile(self, place):
        old, _new = back_up(place, 2)
        change(place, old, path="../outside")

        (removed,) = prune(place)

        assert "位置" in removed.error.message
        assert records(place)[old.ref].backup.state == "removing"
        change(place, old, path=old.path)
        assert [each.error for each in backup_prune.resume(place.desk)] == [None]
        assert records(place)[old.ref].backup.state == "removed"

    def test_killed_prunes_leave_a_truthful_catalogue_and_end_at_the_next_start(self, place):
        old, new = back_up(place, 2)
        copy(place)
        saved = place.home.path / "saved"
        shutil.copytree(place.home.folder("backups"), saved / "backups")
        shutil.copytree(place.home.path / "nas", saved / "nas")

        def work():
            prune(place)

        changes = count_changes(work)
        for number in ten_points(changes):
            restore(place, saved, old)
            kill_before(work, number)
            for record in records(place).values():
                if record.backup.state == "verified":
                    assert whole_backup(place, record.backup)
                if record.backup.state == "removed":
                    assert record.backup.path not in place.kept()
            backup_prune.resume(place.desk)
            prune(place)
            assert (
                records(place)[old.ref].backup.state == records(place)[old.ref].copies[0].state == "removed"
            )
            assert [path.name for path in place.home.folder("backups").iterdir()] == [new.path]
            assert [path.name for path in (place.home.path / "nas").iterdir()] == [new.path]
            assert records(place)[new.ref].backup.state == "verified"


class TestStanding:
    """How a source stands."""

    def test_a_source_without_a_backup_is_bad_and_one_without_a_limit_is_never_fine(self, place):
        found = judge(place)
        assert (found["exam"].standing.state, found["exam"].standing.reasons) == (
            State.BAD,
            ("没有可用的备份",),
        )
        back_up_source(place.desk, "home")
        assert judge(place)["home"].standing.state is State.CANNOT_TELL
        assert "无法判断" in judge(place)["home"].standing.reasons[0]

    def test_age_counts_from_the_newest_good_one_to_the_minute(self, place):
        (made,) = back_up(place)
        backup_copy.copy_after_run(place.desk, made)

        edge = made.started_at + timedelta(hours=26)
        assert judge(place, now=edge)["exam"].standing.state is State.FINE
        late = judge(place, now=edge + timedelta(minutes=1))["exam"].standing
        assert late.state is State.BAD
        assert "超过 26 小时" in late.reasons[0]

    def test_a_backup_from_the_future_cannot_be_judged(self, place):
        (made,) = back_up(place)
        backup_copy.copy_after_run(place.desk, made)

        found = judge(place, now=made.started_at - timedelta(hours=2))["exam"].standing
        assert found.state is State.CANNOT_TELL
        assert "时钟" in found.reasons[0]

    def test_a_failed_or_killed_drill_replaces_the_earlier_success(self, place):
        (made,) = back_up(place)
        backup_copy.copy_after_run(place.desk, made)
        at = place.now
        add(
            place,
            Drill(
                ref="DRL-2026-0001", backup_id=made.id, started_at=at, finished_at=at, passed=True, actor="a"
            ),
        )
        assert judge(place)["exam"].standing.state is State.FINE
        add(
            place,
            Drill(
                ref="DRL-2026-0002", backup_id=made.id, started_at=at, passed=False, fault="中断了", actor="a"
            ),
        )
        found = judge(place)["exam"].standing
        assert (found.state, found.reasons) == (State.BAD, ("最近一次恢复演练没有通过：中断了",))

    def test_a_missing_copy_a_failed_check_and_a_failed_run_are_each_told(self, place):
        (made,) = back_up(place)
        add(place, BackupCheck(backup_id=made.id, at=place.now, passed=False, fault="磁盘", actor="a"))
        add(place, Backup(ref="BKP-2026-0099", source="exam", path="x", state="failed", fault="磁盘已满",
                          started_at=place.now, actor="a"))  # fmt: skip

        assert judge(place)["exam"].standing.reasons == (
            "最近一次备份失败：磁盘已满",
            "最近一次校验没有通过",
            "异地存放处 nas 没有最新备份的副本",
        )

    def test_a_source_that_only_the_catalogue_knows_is_listed_too(self, place):
        back_up(place)
        place.configure("sources: {home: {engine: home}}")

        found = judge(place)["exam"]
        assert (found.is_configured, found.standing.state) == (False, State.CANNOT_TELL)


def whole_backup(place, backup):
    return (
        keep.check(find_store(place.desk.config, backup.store, place.home.path), kept_of(backup)).faults == ()
    )


def whole(place, backup):
    there = keep.DirectoryStore("nas", place.home.path / "nas")
    return keep.check(there, keep.Kept(backup.path, 0, backup.sha256)).faults == ()


def forget_copies(place):
    shutil.rmtree(place.home.path / "nas")
    (place.home.path / "nas").mkdir()
    with place.store.writing() as session:
        for table in (BackupCheck, BackupCopy):
            for row in session.exec(select(table)).all():
                session.delete(row)


def restore(place, saved, old):
    """As it was before anything was pruned."""
    for name in ("backups", "nas"):
        shutil.rmtree(place.home.path / name)
        shutil.copytree(saved / name, place.home.path / name)
    change(place, old, state="verified", removed_at=None, removed_because=None)
    for row in records(place)[old.ref].copies:
        change(place, row, state="verified", removed_at=None)
