"""The tick on SQLite and PostgreSQL: what broke in any room is told once, and one room's trouble costs no other."""

import threading
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlmodel import select

from eduops.alert.configuration import AlertConfig
from eduops.alert.models import Delivery, Message
from eduops.alert.rules import Days
from eduops.alert.service import Setting
from eduops.asset.models import Host, Licence, Vulnerability
from eduops.backup.models import Backup, Drill
from eduops.contract.loader import load_contract
from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped
from eduops.desk.models.ticket import Ticket
from eduops.ledger.models import LedgerEntry
from eduops.patrol.models import PatrolProblem, PatrolRun
from eduops.store.models import AuditEntry, JobRun
from eduops.store.store import open_store
from eduops.training.models.tenant import Tenant, TenantContract
from eduops.workflow.alert_send import Run
from eduops.workflow.alert_tick import tick

CONTRACT = load_contract(find_shipped("configs", "contracts", CONTRACT_NAME))
CONFIG = AlertConfig.model_validate(
    {"channels": {"local": {"kind": "file", "path": "alerts"}}, "routes": [{"channels": ["local"]}]}
)


@pytest.fixture(autouse=True)
def no_age_limits(tmp_path):
    """A home whose sources have no age limit, unless a test writes one."""
    (tmp_path / "backup.yaml").write_text("sources: {home: {engine: home}}\n")


@pytest.fixture
def ticked(store, tmp_path, now):
    """Ticks at an instant and gives the titles of what was told."""
    setting = Setting(CONFIG, tmp_path, Days(ZoneInfo("Asia/Shanghai"), lambda day: True))

    def call(at=now, *, dry_run=False) -> list[str]:
        told = tick(Run(store, setting, "cron", "eduops alert tick", at), CONTRACT, dry_run=dry_run)
        assert told.faults == ()
        return [message.title for message in told.messages]

    return call


def add(store, *rows) -> None:
    with store.writing() as session:
        for row in rows:
            session.add(row)
            session.flush()


def change(store, statement: str) -> None:
    with store.writing() as session:
        session.execute(text(statement))


def make_ticket(now, *, minutes: int, **values) -> Ticket:
    reported_at = now - timedelta(minutes=minutes)
    known = {
        "id": 1,
        "ref": "INC-2026-0001",
        "kind": "incident",
        "title": "打不开（虚构）",
        "reported_at": reported_at,
    }
    return Ticket(**{**known, **values})


def make_backup(number: int, at, *, state: str = "failed", **values) -> Backup:
    return Backup(
        id=number, ref=f"BAK-{number}", source="platform", path=f"b{number}", state=state, started_at=at,
        actor="cron", fault="磁盘已满" if state == "failed" else None, **values,
    )  # fmt: skip


def make_run(number: int, state: str, at, *, job: str = "patrol", **values) -> JobRun:
    return JobRun(id=number, job=job, state=state, due_at=at, started_at=at, actor="cron", **values)


def test_nothing_to_tell_writes_nothing(store, ticked) -> None:
    assert ticked() == []
    with store.reading() as session:
        assert session.exec(select(AuditEntry)).all() == []


def test_a_ticket_s_deadlines_are_told_once_with_an_audit_entry_each(store, ticked, now) -> None:
    add(store, make_ticket(now, minutes=16))
    assert ticked() == ["【响应时限过半】INC-2026-0001 打不开（虚构）"]
    assert ticked() == ticked(now - timedelta(hours=1)) == ticked(now + timedelta(minutes=1)) == []
    assert ticked(now + timedelta(minutes=26)) == [
        "【响应时限已过】INC-2026-0001 打不开（虚构）",
        "【解决时限过半】INC-2026-0001 打不开（虚构）",
    ]
    with store.reading() as session:
        messages = session.exec(select(Message).order_by(Message.id)).all()
        assert [message.severity for message in messages] == ["info", "critical", "info"]
        assert "已超时 12 分钟（截至 2026-03-05 12:16）" in messages[1].text
        assert "eduops ticket respond INC-2026-0001" in messages[1].text
        assert len(session.exec(select(AuditEntry)).all()) == 3
        assert len(session.exec(select(Delivery)).all()) == 3


def test_a_preview_tells_and_writes_nothing(store, ticked, now) -> None:
    add(store, make_ticket(now, minutes=16))
    assert len(ticked(dry_run=True)) == 1
    assert len(ticked()) == 1


def test_two_ticks_at_once_tell_once(store, tmp_path, now) -> None:
    add(store, make_ticket(now, minutes=35), make_backup(1, now))
    setting = Setting(CONFIG, tmp_path, Days(ZoneInfo("Asia/Shanghai"), lambda day: True))
    start, told = threading.Barrier(3), []

    def call() -> None:
        own = open_store(store.engine.url.render_as_string(hide_password=False))
        start.wait()
        told.extend(tick(Run(own, setting, "cron", "eduops alert tick", now), CONTRACT).messages)
        own.engine.dispose()

    threads = [threading.Thread(target=call) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with store.reading() as session:
        messages = session.exec(select(Message)).all()
    assert len(told) == len(messages) == 3


def test_new_breaches_are_one_message_and_older_ones_are_not_told_again(store, ticked, now) -> None:
    def entry(number: int, kind: str = "breach", **values) -> LedgerEntry:
        return LedgerEntry(
            id=number, kind=kind, finding_key=f"k{number}", clause="2.3", rule="response", subject="INC-2026-0001",
            falls_on=date(2026, 3, 4), counted=1, finding={"text": f"响应超时 {number} 分钟（虚构）"}, detail={},
            posted_at=now, posted_by="cron", previous_hash="", hash="", **values,
        )  # fmt: skip

    add(store, *[entry(number) for number in range(1, 13)])
    assert ticked() == ["【违约台账】新记 12 条，计违约 12 次"]
    with store.reading() as session:
        (message,) = session.exec(select(Message)).all()
    assert "响应超时 10 分钟（虚构）" in message.text and "响应超时 11 分钟" not in message.text
    assert "另有 2 条没有列出" in message.text
    assert ticked() == []
    add(store, entry(13, "waive", refers_to=1), entry(14, "obligation"))
    assert ticked(now - timedelta(days=3)) == ["【违约台账】新记 1 条"]
    assert ticked() == []


def test_what_one_patrol_found_on_a_host_is_one_message_and_again_when_it_is_back(store, ticked, now) -> None:
    host = Host(id=1, code="app-1", name="应用（虚构）", role="application", environment="production",
                address="10.66.0.1", added_at=now)  # fmt: skip
    run = PatrolRun(id=1, ref="PAT-1", host_id=1, kind="daily", actor="cron", started_at=now, finished_at=now)

    def problem(number: int, metric: str, state: str = "critical") -> PatrolProblem:
        return PatrolProblem(
            id=number, host_id=1, probe="disk", metric=metric, item="/", state=state, text=f"磁盘 {metric} 已满",
            opened_at=now, opened_run_id=1, last_seen_at=now, last_run_id=1,
        )  # fmt: skip

    add(store, host, run, problem(1, "used"), problem(2, "inodes"), problem(3, "other", "cannot_tell"))
    assert ticked() == ["【巡检】app-1 新发现 2 处严重问题"]
    assert ticked() == []
    change(store, "UPDATE patrol_problem SET reopened_count = 1 WHERE id = 2")
    assert ticked() == ["【巡检】app-1 又出现 1 处严重问题"]
    assert ticked() == []


def test_a_source_whose_newest_backup_failed_is_told_with_the_last_good_one(store, ticked, now) -> None:
    add(store, make_backup(1, now - timedelta(days=1), state="verified"), make_backup(2, now))
    assert ticked() == ["【备份失败】platform（BAK-2）"]
    with store.reading() as session:
        (message,) = session.exec(select(Message)).all()
    assert "磁盘已满" in message.text and "最近一份可用的备份：BAK-1" in message.text
    add(store, make_backup(3, now, state="verified"))
    assert ticked() == []


def test_a_source_without_a_good_backup_for_too_long_is_told_once(store, ticked, tmp_path, now) -> None:
    limits = "{home: {engine: home}, platform: {engine: sqlite, path: /srv/p.db, max_age_hours: 26}}"
    (tmp_path / "backup.yaml").write_text(f"sources: {limits}\n")
    assert ticked() == ["【没有备份】platform"]
    add(store, make_backup(1, now, state="verified"))
    assert ticked(now + timedelta(hours=26)) == []
    old = ticked(now + timedelta(hours=26, minutes=1))
    assert old == ["【备份过旧】platform：超过 26 小时没有好的备份"]
    assert ticked(now + timedelta(hours=50)) == []


def test_trouble_with_sending_is_not_told_by_messages(store, ticked, now) -> None:
    def sender(number: int, words: str) -> JobRun:
        return make_run(number, "failed", now, job=words, exit_code=5, command=f"eduops {words}")

    add(store, sender(1, "alert send"), sender(2, "alert tick --send"), sender(3, "alert tick"))
    assert ticked() == ["【计划任务】alert tick 失败"]


def test_a_drill_that_failed_or_was_broken_off_is_told(store, ticked, now) -> None:
    def drill(number: int, backup: int, **values) -> Drill:
        return Drill(id=number, ref=f"DRL-{number}", backup_id=backup, started_at=now, actor="cron", **values)

    add(store, make_backup(1, now, state="verified"), drill(1, 1, finished_at=now, passed=True))
    assert ticked() == []
    add(store, drill(2, 1, finished_at=now, passed=False, differences=["表 ticket 行数 3 与 4 不同"]))
    assert ticked() == ["【恢复演练没有通过】platform（DRL-2，备份 BAK-1）"]
    add(store, drill(3, 1))
    assert ticked(now + timedelta(hours=11)) == []
    assert ticked(now + timedelta(hours=13)) == ["【恢复演练没有通过】platform（DRL-3，备份 BAK-1）"]
    with store.reading() as session:
        texts = [message.text for message in session.exec(select(Message).order_by(Message.id))]
    assert "行数 3 与 4 不同" in texts[0] and "没有做完就中断了" in texts[1]


def test_a_job_that_goes_wrong_is_told_once_until_it_went_well_again(store, ticked, now) -> None:
    day = timedelta(days=1)
    add(store, make_run(1, "succeeded", now - 5 * day), make_run(2, "failed", now - 4 * day, exit_code=5))
    assert ticked(now - 4 * day) == ["【计划任务】patrol 失败"]
    add(store, make_run(3, "failed", now - 3 * day), make_run(4, "running", now))
    assert ticked() == []
    add(store, make_run(5, "found", now + day), make_run(6, "missed", now + 2 * day, note="机器没有开"))
    add(store, make_run(7, "missed", now + 3 * day), make_run(8, "skipped", now + 4 * day))
    assert ticked(now + 3 * day) == ["【计划任务】patrol 到点没有运行，连续 2 次"]
    assert ticked(now + 3 * day) == []


def test_contracts_of_tenants_that_run_out_are_told_at_ninety_thirty_and_seven_days(
    store, ticked, now
) -> None:
    tenant = Tenant(id=1, code="h1", name="外院（虚构）", kind="outside_hospital", created_at=now)
    terms = TenantContract(
        id=1, tenant_id=1, start_on=date(2025, 1, 1), last_on=date(2026, 6, 30), recorded_at=now, actor="cron"
    )
    add(store, tenant, terms)
    days = (118, 117, 90, 88, 87, 60, 58, 57, 30, 29, 10, 7, 0, -1, -20)
    last = now.replace(month=6, day=30)
    assert told_by_day(ticked, last, days) == [
        (90, "【机构】外院（虚构）：合同 90 天内到期"), (30, "【机构】外院（虚构）：合同 30 天内到期"),
        (7, "【机构】外院（虚构）：合同 7 天内到期"), (-1, "【机构】外院（虚构）：合同已到期"),
    ]  # fmt: skip


def told_by_day(ticked, last, days) -> list[tuple[int, str]]:
    """What ticks told on the days that lie so many before the last one."""
    return [(left, title) for left in days for title in ticked(last - timedelta(days=left))]


def test_licences_that_run_out_are_told_at_ninety_thirty_and_seven_days(store, ticked, now) -> None:
    last = now.replace(month=6, day=30)
    known = {"product": "数据库", "added_at": now}
    add(
        store,
        Licence(id=1, code="lic-db", valid_until=last.date(), **known),
        Licence(id=2, code="lic-os", is_perpetual=True, **known),
        Licence(id=3, code="lic-x", **known),
        Licence(id=4, code="lic-old", valid_until=last.date(), retired_at=now, **known),
    )
    assert told_by_day(ticked, last, (91, 90, 60, 31, 30, 8, 7, 0, -1, -9)) == [
        (90, "【应办事项】许可 lic-db 快到期"), (30, "【应办事项】许可 lic-db 快到期"),
        (7, "【应办事项】许可 lic-db 快到期"), (-1, "【应办事项】许可 lic-db 已过期"),
    ]  # fmt: skip


def test_weaknesses_to_be_mended_are_told_a_week_and_a_day_before_and_when_it_is_too_late(
    store, ticked, now
) -> None:
    last = now.replace(month=6, day=30)
    known = {"title": "弱口令（虚构）", "severity": "high", "found_on": now.date(), "recorded_at": now}
    add(
        store,
        Vulnerability(id=1, ref="VUL-1", due_on=last.date(), **known),
        Vulnerability(id=2, ref="VUL-2", due_on=last.date(), fixed_on=now.date(), **known),
        Vulnerability(id=3, ref="VUL-3", **known),
    )
    assert told_by_day(ticked, last, (8, 7, 3, 1, 0, -1, -9)) == [
        (7, "【应办事项】漏洞 VUL-1 整改快到期：弱口令（虚构）"), (1, "【应办事项】漏洞 VUL-1 整改快到期：弱口令（虚构）"),
        (-1, "【应办事项】漏洞 VUL-1 整改已逾期：弱口令（虚构）"),
    ]  # fmt: skip


def test_a_source_that_cannot_be_read_costs_no_other(store, tmp_path, now) -> None:
    (tmp_path / "backup.yaml").write_text("sources: [\n")
    add(store, make_ticket(now, minutes=31), make_backup(1, now))
    change(store, "ALTER TABLE drill RENAME TO drill_gone")
    setting = Setting(CONFIG, tmp_path, Days(ZoneInfo("Asia/Shanghai"), lambda day: True))
    told = tick(Run(store, setting, "cron", "eduops alert tick", now), CONTRACT)
    assert len(told.messages) == 3
    assert [fault.partition("：")[0] for fault in told.faults] == ["备份的新旧", "恢复演练"]


def test_a_message_that_cannot_be_written_keeps_no_other_from_being(sqlite_store, tmp_path, now) -> None:
    add(sqlite_store, make_ticket(now, minutes=31), make_backup(1, now), make_run(1, "failed", now))
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON message WHEN NEW.kind = 'backup' BEGIN SELECT RAISE(ABORT, 'x'); END"
    change(sqlite_store, refuse)
    setting = Setting(CONFIG, tmp_path, Days(ZoneInfo("Asia/Shanghai"), lambda day: True))
    told = tick(Run(sqlite_store, setting, "cron", "eduops alert tick", now), CONTRACT)
    assert [message.kind for message in told.messages] == ["deadline", "deadline", "schedule"]
    assert [fault.partition("：")[0] for fault in told.faults] == ["备份 platform"]
