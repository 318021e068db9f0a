"""Doctor: each check's states, one row each side of every limit, and a remedy wherever something is not fine."""

import shutil
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest

from eduops.backup.service import run as backups
from eduops.contract.loader import load_contract
from eduops.contract.schema import WorkingDayChanges
from eduops.contract.working_day import WorkingDays
from eduops.core.home import FOLDERS, Home
from eduops.ledger import closing as closings
from eduops.ledger.head import CLOSING_FILE, FILE, save_head
from eduops.ledger.rules import NO_HEAD, Head
from eduops.store import audit
from eduops.store.store import open_store
from eduops.store.unit import Unit
from eduops.workflow import backup_run
from eduops.workflow.checkup import check_up
from eduops.workflow.layout import lay_out
from eduops.workflow.schedule import heartbeat


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("laid") / "home")
    lay_out(home)
    return home


@pytest.fixture
def home(laid, tmp_path):
    """A home of this test's own, as `init` leaves it."""
    shutil.copytree(laid.path, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    return Home(tmp_path / "home")


@pytest.fixture
def work(home):
    """Opens the home's database for one unit of work."""
    store = open_store(home.database_url)
    yield store.writing
    store.engine.dispose()


def look(home, now, name):
    found = {check.name: check for check in check_up(home, now=now)}
    for check in found.values():
        assert check.seen
        assert check.state == "fine" or check.remedy, check
    return found.get(name)


def back_up(home, work, at):
    @contextmanager
    def open_unit():
        with work() as session:
            yield Unit(session, at, "值班（虚构）")

    return backup_run.back_up(open_unit, home)


def run(home, statement):
    with closing(sqlite3.connect(home.database_path)) as database:
        database.execute(statement)
        database.commit()


def test_fresh_home_lacks_only_a_backup_somebody_to_tell_and_a_scheduler(home, work, now):
    checks = check_up(home, now=now)
    assert [check.name for check in checks if check.state != "fine"] == [
        "提醒 alert.yaml",
        "备份",
        "计划任务",
    ]
    back_up(home, work, now)
    (home.path / "alert.yaml").write_text(
        "channels: {other: {kind: webhook, url_file: keys/url}}\nroutes: [{channels: [other]}]\n"
    )
    heartbeat.beat(home, by="cron", now=now)
    assert {check.state for check in check_up(home, now=now)} == {"fine"}


def test_home_that_was_never_laid_out_is_a_fault_and_nothing_is_made(tmp_path, now):
    check = look(Home(tmp_path / "none"), now, "数据目录")
    assert (check.state, "eduops init" in check.remedy) == ("fault", True)
    assert list(tmp_path.iterdir()) == []


def test_home_that_is_a_file_is_a_fault(tmp_path, now):
    (tmp_path / "file").write_text("")
    assert look(Home(tmp_path / "file"), now, "数据目录").state == "fault"
    assert look(Home(tmp_path / "file" / "home"), now, "数据目录").state == "fault"


@pytest.mark.parametrize("folder", FOLDERS)
def test_missing_folder_is_named(home, now, folder):
    shutil.rmtree(home.folder(folder))
    check = look(home, now, "数据目录")
    assert check.state == "fault"
    assert folder in check.seen


@pytest.mark.parametrize(("mode", "state"), [(0o700, None), (0o710, "warning"), (0o701, "warning")])
def test_home_open_to_others_is_a_warning(home, now, mode, state):
    home.path.chmod(mode)
    check = look(home, now, "目录权限")
    assert (check and check.state) == state


@pytest.mark.parametrize("content", ["customer: [", "costumer: 虚构\n", "customer: 1\n", "- 列表\n"])
def test_broken_settings_are_a_fault_with_the_line_and_the_contract_is_not_guessed(home, now, content):
    home.settings_path.write_text(content, encoding="utf-8")
    check = look(home, now, "设置 eduops.yaml")
    assert check.state == "fault"
    assert " 行" in check.seen
    assert look(home, now, "合同文件") is None


@pytest.mark.parametrize("content", [None, "", "contract: [", "contract: C1\n"])
def test_broken_or_missing_contract_is_a_fault(home, now, content):
    path = home.path / home.load_settings().contract
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    check = look(home, now, "合同文件")
    assert check.state == "fault"
    assert "处问题，第一处" in check.seen
    assert look(home, now, "合同期限") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [("start: 2024-12-01", "start: 0001-01-01"), ("after_minutes: 480", "after_minutes: 1.0e+18")],
)
def test_contract_whose_days_or_figures_leave_the_calendar_is_a_fault(home, now, old, new):
    path = home.path / home.load_settings().contract
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    check = look(home, now, "合同文件")
    assert (check.state, new.partition(": ")[0] in path.read_text(encoding="utf-8")) == ("fault", True)


@pytest.mark.parametrize("content", ["hosts: [", "unknown: 1\n", "- 列表\n"])
@pytest.mark.parametrize("title", ["巡检阈值 patrol.yaml", "远程连接 remote.yaml"])
def test_broken_configuration_of_patrols_is_a_fault(home, now, title, content):
    (home.path / title.split()[1]).write_text(content, encoding="utf-8")
    check = look(home, now, title)
    assert check.state == "fault"
    assert " 行" in check.seen


@pytest.mark.parametrize("section", ["hosts", "agents"])
def test_code_that_patrol_yaml_names_and_no_host_has_is_a_warning(home, work, now, section):
    path = home.path / "patrol.yaml"
    assert look(home, now, "巡检主机代码").state == "fine"
    shipped = path.read_text(encoding="utf-8")
    named = "{mandatory: [cpu]}" if section == "hosts" else "{redis: [{name: 虚构, port: 6379}]}"
    path.write_text(shipped.replace(f"{section}: {{}}", f"{section}: {{h11: {named}}}"), encoding="utf-8")
    check = look(home, now, "巡检主机代码")
    assert (check.state, "h11" in check.seen) == ("warning", True)


def noon(day):
    """04:00 UTC is noon of that day in Shanghai."""
    return datetime(day.year, day.month, day.day, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days_left", "state", "said"),
    [
        (61, "fine", "放假安排已知到"),
        (60, "warning", "还有 60 天"),
        (59, "warning", "还有 59 天"),
        (0, "warning", "还有 0 天"),
        (-1, "warning", "已过期 1 天"),
    ],
)
def test_working_day_data_that_end_within_sixty_days_are_a_warning(home, days_left, state, said):
    check = look(
        home, noon(WorkingDays(WorkingDayChanges()).known_until() - timedelta(days=days_left)), "工作日数据"
    )
    assert check.state == state
    assert said in check.seen


@pytest.mark.parametrize(
    ("day", "state", "said"),
    [
        (date(2024, 11, 30), "warning", "2024-12-01 才开始"),
        (date(2024, 12, 1), "fine", "到 2026-11-30，还有 729 天"),
        (date(2026, 9, 30), "fine", "还有 61 天"),
        (date(2026, 10, 1), "warning", "还有 60 天"),
        (date(2026, 11, 30), "warning", "还有 0 天"),
        (date(2026, 12, 1), "warning", "已于 2026-11-30 期满"),
    ],
)
def test_contract_that_ends_within_sixty_days_is_a_warning(home, day, state, said):
    check = look(home, noon(day), "合同期限")
    assert check.state == state
    assert said in check.seen


def test_term_ends_at_midnight_of_the_contracts_zone(home):
    last_minute = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    assert "还有 0 天" in look(home, last_minute, "合同期限").seen
    assert "期满" in look(home, last_minute + timedelta(minutes=1), "合同期限").seen


def test_home_without_database_is_a_fault_and_none_is_made(home, now):
    home.database_path.unlink()
    assert look(home, now, "数据库").state == "fault"
    assert not home.database_path.exists()


def test_database_from_a_newer_version_is_a_fault(home, now):
    run(home, "UPDATE alembic_version SET version_num = '20990101_future'")
    check = look(home, now, "数据库")
    assert (check.state, "20990101_future" in check.seen) == ("fault", True)
    assert look(home, now, "操作日志") is None


def test_file_that_is_no_database_is_a_fault(home, now):
    home.database_path.write_bytes(b"no database at all " * 100)
    assert look(home, now, "数据库").state == "fault"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = '别人' WHERE id = 2",
        "UPDATE audit_entry SET at = 'gestern' WHERE id = 2",
        "UPDATE audit_entry SET change = '{' WHERE id = 2",
        "UPDATE audit_entry SET actor = x'ff00' WHERE id = 2",
        "DELETE FROM audit_entry WHERE id = 2",
    ],
)
def test_tampered_audit_log_is_a_fault(home, work, now, statement):
    with work() as session:
        for number in range(3):
            audit.record(session, at=now, actor="甲", command="x y", subject=f"S{number}", change={})
    assert look(home, now, "操作日志").seen.startswith("3 条，校验一致")
    run(home, statement)
    check = look(home, now, "操作日志")
    assert check.state == "fault"
    assert "保留现场" in check.remedy


def test_ledger_that_lost_its_tail_is_a_fault(home, now):
    assert look(home, now, "违约台账").seen == "0 条，校验一致"
    save_head(home.path, Head(2, "2" * 64))
    check = look(home, now, "违约台账")
    assert (check.state, "末尾缺少记录" in check.seen) == ("fault", True)


def test_damaged_head_of_the_ledger_is_a_fault(home, now):
    (home.path / FILE).write_text("{")
    assert look(home, now, "违约台账").state == "fault"


def test_missing_head_of_a_whole_ledger_is_a_warning_that_says_how_to_renew_it(home, work, now):
    contract = load_contract(home.path / home.load_settings().contract)
    with work() as session:
        closings.close(
            session, contract, "2025-12", contract_hash="c" * 64, kept=NO_HEAD, now=now, actor="值班（虚构）"
        )
        head = closings.head(session)
    check = look(home, now, "违约台账")
    assert (check.state, CLOSING_FILE in check.seen, "sla close" in check.remedy) == ("warning", True, True)
    save_head(home.path, head, CLOSING_FILE)
    assert look(home, now, "违约台账").state == "fine"
    (home.path / CLOSING_FILE).unlink()
    run(home, "DELETE FROM ledger_closing")
    check = look(home, now, "违约台账")
    assert (check.state, "末尾缺少结账记录" in check.seen) == ("fault", True)


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(0), "fine"),
        (timedelta(hours=26), "fine"),
        (timedelta(hours=26, seconds=1), "warning"),
        (timedelta(days=30), "warning"),
    ],
)
def test_newest_backup_older_than_its_limit_is_a_warning(home, work, now, age, state):
    back_up(home, work, now - age - timedelta(days=3))
    back_up(home, work, now - age)
    check = look(home, now, "备份")
    assert check.state == state
    assert "BKP-2026-0002" in check.seen


def test_a_source_without_an_age_limit_cannot_be_judged(home, work, now):
    back_up(home, work, now)
    (home.path / "backup.yaml").write_text("sources: {home: {engine: home}}\n")
    check = look(home, now, "备份")
    assert (check.state, "判断不了新旧" in check.seen) == ("warning", True)


def test_a_source_that_was_never_backed_up_is_named(home, work, now):
    back_up(home, work, now)
    text = "sources: {home: {engine: home, max_age_hours: 26}, exam: {engine: sqlite, path: /srv/exam.db}}\n"
    (home.path / "backup.yaml").write_text(text)
    check = look(home, now, "备份")
    assert (check.state, check.seen) == ("warning", "来源 exam：还没有可用的备份")
    assert "eduops backup run exam" in check.remedy


def test_backup_that_failed_or_was_not_finished_is_none(home, work, now):
    place = backups.Place("home", "home", str(home.path))
    with work() as session:
        failed = backups.begin_backup(session, place, now=now, actor="值班（虚构）")
        backups.fail_backup(session, failed.ref, fault="磁盘满（虚构）", now=now)
        backups.begin_backup(session, place, now=now, actor="值班（虚构）")
    check = look(home, now, "备份")
    assert (check.state, check.seen) == ("warning", "还没有可用的备份")


def test_backup_whose_file_is_gone_is_a_fault(home, work, now):
    shutil.rmtree(home.folder("backups") / back_up(home, work, now).path)
    check = look(home, now, "备份")
    assert (check.state, "不在" in check.seen) == ("fault", True)


def test_wrong_backup_yaml_is_a_fault_with_its_line(home, work, now):
    (home.path / "backup.yaml").write_text("sources:\n  home: {engine: tape}\n")
    check = look(home, now, "备份设置 backup.yaml")
    assert (check.state, "第 2 行" in check.seen) == ("fault", True)


@pytest.mark.server
def test_postgresql_is_checked_too(home, now, postgresql_server):
    home = Home(home.path, postgresql_server.create_database(template="migrated"))
    assert look(home, now, "数据库").seen == "PostgreSQL，版本正确"
    assert look(home, now, "违约台账").state == "fine"
    assert look(home, now, "备份").seen == "还没有可用的备份"


def test_database_server_that_does_not_answer_is_a_fault(home, now, tmp_path):
    home = Home(home.path, f"postgresql://nobody@/none?host={tmp_path}&connect_timeout=2")
    assert look(home, now, "数据库").state == "fault"
