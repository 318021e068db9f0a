"""The outbox on SQLite and PostgreSQL: written before it is sent, sent once, kept until it arrives."""

import json
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import alert_receiver
import pytest
from alert_case import URL_KEY, write_closed
from alert_receiver import Receiver, giving, receiving
from sqlmodel import select

from eduops.alert import queries, service
from eduops.alert.configuration import AlertConfig
from eduops.alert.models import Delivery, Message
from eduops.alert.rules import Days
from eduops.alert.service import Notice, Setting
from eduops.core.errors import NotAllowed
from eduops.store.models import AuditEntry
from eduops.store.store import Store, open_store
from eduops.store.unit import unit_of_work
from eduops.workflow.alert_send import Run, flush
from eduops.workflow.alert_trial import try_channels

DAYS = Days(ZoneInfo("Asia/Shanghai"), lambda day: day.weekday() < 5)
FACTS = {
    "name": "虚构医院", "state_text": "合同已到期", "text": "请电 13812345678（虚构）", "command": "eduops tenant renew",
}  # fmt: skip
ACTOR = "工程师甲（虚构）"


def setting_of(home: Path, *, channels: dict[str, object], **more: object) -> Setting:
    """Every message to every channel."""
    routes = [{"channels": list(channels)}]
    return Setting(AlertConfig.model_validate({"channels": channels, "routes": routes, **more}), home, DAYS)


def to_receiver(home: Path, receiver: Receiver, name: str = "group", **keys: object) -> dict[str, object]:
    url = write_closed(home / f"{name}.url", receiver.url(f"/hook/{URL_KEY}"))
    return {name: {"kind": "wecom", "url_file": str(url), "timeout_seconds": 20, **keys}}


def notice(key: str = "tenant:1", *, severity: str = "warning", kind: str = "tenant") -> Notice:
    return Notice(kind, severity, "虚构医院", key, FACTS)


def announce(store: Store, setting: Setting, *notices: Notice, now) -> list[Message | None]:
    with unit_of_work(store, now=now, actor=ACTOR, command="test") as unit:
        return [service.announce(unit.session, setting, each, now=now, actor=ACTOR) for each in notices]


def run_of(store: Store, setting: Setting, now) -> Run:
    return Run(store, setting, ACTOR, "eduops alert send", now)


def deliveries_of(store: Store) -> list[Delivery]:
    with store.reading() as session:
        return list(session.exec(select(Delivery).order_by(Delivery.id)))


FINE = giving(200, {"errcode": 0, "errmsg": "ok"})
BUSY = giving(200, {"errcode": -1, "errmsg": "busy"})


def test_a_message_is_written_once_whatever_is_announced_again(store, tmp_path, now) -> None:
    setting = setting_of(tmp_path, channels={"a": {"kind": "file", "path": "a"}})
    first, again = announce(store, setting, notice(), notice(), now=now)
    assert first is not None and again is None
    assert announce(store, setting, notice(), now=now + timedelta(days=9)) == [None]
    assert (first.ref, first.title) == ("MSG-2026-0001", "【机构】虚构医院：合同已到期")
    assert "138****5678" in first.text and "13812345678" not in json.dumps(first.facts)


def test_whoever_announces_the_same_at_once_writes_it_once(store, tmp_path, now) -> None:
    setting = setting_of(tmp_path, channels={"a": {"kind": "file", "path": "a"}})
    found: list[Message | None] = []
    start = threading.Barrier(4)

    def tell() -> None:
        own = open_store(store.engine.url.render_as_string(hide_password=False))
        start.wait()
        found.extend(announce(own, setting, notice("a"), notice("b"), now=now))
        own.engine.dispose()

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8
    assert len([each for each in found if each]) == 2


def test_it_is_sent_and_noted_with_an_audit_entry(store, tmp_path, now) -> None:
    with receiving(FINE) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver))
        announce(store, setting, notice(), now=now)
        assert [each.state for each in flush(run_of(store, setting, now))] == ["delivered"]
        assert flush(run_of(store, setting, now)) == []
        assert len(receiver.seen) == 1
    sent = receiver.seen[0].json["markdown"]["content"]
    assert sent.startswith("### 【机构】虚构医院：合同已到期")
    (delivery,) = deliveries_of(store)
    assert (delivery.state, delivery.attempts, delivery.claimed_until) == ("delivered", 1, None)
    with store.reading() as session:
        entry = session.exec(select(AuditEntry)).one()
    assert (entry.subject, entry.change) == ("MSG-2026-0001", {"channel": "group", "state": "delivered"})


def test_what_does_not_arrive_is_kept_and_tried_again_after_a_pause(store, tmp_path, now) -> None:
    with receiving(BUSY) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver))
        announce(store, setting, notice(), now=now)
        at = now
        for attempt in range(1, 9):
            assert [each.state for each in flush(run_of(store, setting, at))] == ["failed"]
            (delivery,) = deliveries_of(store)
            assert (delivery.state, delivery.attempts) == ("pending", attempt)
            assert "系统繁忙" in (delivery.last_fault or "")
            assert delivery.next_at is not None and at < delivery.next_at <= at + timedelta(minutes=37)
            assert [
                each.state for each in flush(run_of(store, setting, delivery.next_at - timedelta(seconds=5)))
            ] == ["waiting"]
            at = delivery.next_at
        receiver.answer = FINE
        assert [each.state for each in flush(run_of(store, setting, at))] == ["delivered"]
        assert len(receiver.seen) == 9


def test_a_clock_set_back_by_years_does_not_hold_a_message(store, tmp_path, now) -> None:
    with receiving(BUSY) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver))
        announce(store, setting, notice(), now=now)
        flush(run_of(store, setting, now + timedelta(days=1500)))
        receiver.answer = FINE
        assert [each.state for each in flush(run_of(store, setting, now))] == ["delivered"]


def test_two_senders_at_once_send_once(store, tmp_path, now) -> None:
    def slow(handler: alert_receiver.Answering, request: alert_receiver.Request) -> None:
        handler.receiver.let_go.wait(0.1)
        FINE(handler, request)

    with receiving(slow) as receiver, ExitStack() as stack:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver))
        announce(store, setting, *[notice(f"tenant:{number}") for number in range(6)], now=now)
        outcomes: list[str] = []
        start = threading.Barrier(3)

        def send() -> None:
            own = open_store(store.engine.url.render_as_string(hide_password=False))
            start.wait()
            outcomes.extend(each.state for each in flush(run_of(own, setting, now)))
            own.engine.dispose()

        threads = [threading.Thread(target=send) for _ in range(3)]
        for each in threads:
            each.start()
            stack.callback(each.join)
        for each in threads:
            each.join()
        assert outcomes.count("delivered") == 6
        assert len(receiver.seen) == 6
    assert {each.state for each in deliveries_of(store)} == {"delivered"}


def test_a_sender_that_vanished_is_waited_for_and_then_the_message_says_that_it_may_be_the_second(
    store, tmp_path, now
) -> None:
    with receiving(FINE) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver))
        announce(store, setting, notice(), now=now)
        (delivery,) = deliveries_of(store)
        with store.writing() as session:
            assert service.claim(session, delivery, now=now)
            assert not service.claim(session, delivery, now=now)
        assert [each.state for each in flush(run_of(store, setting, now + timedelta(minutes=9)))] == [
            "waiting"
        ]
        assert [each.state for each in flush(run_of(store, setting, now + timedelta(minutes=10)))] == [
            "delivered"
        ]
    assert "可能收到两次" in receiver.seen[0].json["markdown"]["content"]
    assert len(receiver.seen) == 1


def test_one_broken_channel_costs_one_attempt_and_holds_up_no_other(store, tmp_path, now) -> None:
    with receiving(alert_receiver.hanging) as broken, receiving(FINE) as fine:
        channels = {
            **to_receiver(tmp_path, broken, "broken", timeout_seconds=0.3),
            **to_receiver(tmp_path, fine, "fine"),
        }
        setting = setting_of(tmp_path, channels=channels)
        announce(store, setting, *[notice(f"tenant:{number}") for number in range(4)], now=now)
        outcomes = flush(run_of(store, setting, now))
        assert [each.state for each in outcomes if each.channel == "fine"] == ["delivered"] * 4
        assert [each.state for each in outcomes if each.channel == "broken"] == ["failed", *["waiting"] * 3]
        assert len(broken.seen) == 1


def test_a_service_that_asks_to_be_left_alone_is_left_alone_with_every_message(store, tmp_path, now) -> None:
    with receiving(giving(200, {"errcode": 45009, "errmsg": "freq"})) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver))
        announce(store, setting, notice("a"), now=now)
        assert [each.state for each in flush(run_of(store, setting, now))] == ["failed"]
        announce(store, setting, notice("b", severity="critical"), now=now)
        minute = timedelta(minutes=1)
        assert [each.state for each in flush(run_of(store, setting, now + minute))] == ["waiting", "waiting"]
        assert len(receiver.seen) == 1
        receiver.answer = FINE
        late = flush(run_of(store, setting, now + 3 * minute))
        assert [(each.ref, each.state) for each in late] == [
            ("MSG-2026-0002", "delivered"), ("MSG-2026-0001", "delivered"),
        ]  # fmt: skip


def test_a_message_that_is_refused_does_not_hold_up_the_next(store, tmp_path, now) -> None:
    with receiving(giving(200, {"errcode": 40058, "errmsg": "bad content"})) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver))
        announce(store, setting, notice("a"), notice("b"), now=now)
        assert [each.state for each in flush(run_of(store, setting, now))] == ["failed", "failed"]


def test_the_most_urgent_goes_first_and_a_robot_is_not_overrun(store, tmp_path, now) -> None:
    with receiving(FINE) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver, per_minute=2))
        severities = ("info", "warning", "critical", "info")
        announce(store, setting, *[notice(f"{n}", severity=s) for n, s in enumerate(severities)], now=now)
        assert [each.state for each in flush(run_of(store, setting, now))] == [
            "delivered", "delivered", "waiting", "waiting",
        ]  # fmt: skip
        assert {each.state for each in flush(run_of(store, setting, now + timedelta(seconds=30)))} == {
            "waiting"
        }
        later = flush(run_of(store, setting, now + timedelta(seconds=90)))
        assert [each.state for each in later] == ["delivered", "delivered"]
    with store.reading() as session:
        order = {each.ref: each.severity for each in queries.list_messages(session, limit=9)[0]}
    assert sorted(order.values()) == ["critical", "info", "info", "warning"]


def test_a_file_takes_as_many_as_there_are(sqlite_store, tmp_path, now) -> None:
    setting = setting_of(tmp_path, channels={"local": {"kind": "file", "path": "logs/alerts.jsonl"}})
    announce(sqlite_store, setting, *[notice(f"{number}") for number in range(40)], now=now)
    assert {each.state for each in flush(run_of(sqlite_store, setting, now))} == {"delivered"}
    assert len((tmp_path / "logs" / "alerts.jsonl").read_text().splitlines()) == 40


def test_quiet_hours_hold_what_can_wait_until_they_end(store, tmp_path, now) -> None:
    quiet = {"from": "11:00", "to": "14:00"}
    with receiving(FINE) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver), quiet=quiet)
        announce(store, setting, notice("a"), notice("b", severity="critical"), now=now)
        outcomes = flush(run_of(store, setting, now))
        assert [each.state for each in outcomes] == ["delivered", "waiting"]
        waiting = next(each for each in deliveries_of(store) if each.state == "pending")
        assert waiting.next_at == now.replace(hour=6, minute=0)
        assert flush(run_of(store, setting, now.replace(hour=5, minute=59)))[0].state == "waiting"
        assert flush(run_of(store, setting, now.replace(hour=6, minute=0)))[0].state == "delivered"


def test_what_is_withdrawn_is_not_sent_and_what_arrived_cannot_be_withdrawn(store, tmp_path, now) -> None:
    with receiving(FINE) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver))
        announce(store, setting, notice("a"), notice("b"), now=now)
        with store.writing() as session:
            assert service.withdraw(session, "MSG-2026-0001", because="误报（虚构）") == ["group"]
        assert [each.ref for each in flush(run_of(store, setting, now))] == ["MSG-2026-0002"]
        with store.writing() as session, pytest.raises(NotAllowed):
            service.withdraw(session, "MSG-2026-0002", because="误报（虚构）")
    assert [each.state for each in deliveries_of(store)] == ["withdrawn", "delivered"]


def test_a_channel_that_alert_yaml_has_no_more_is_said_and_loses_nothing(store, tmp_path, now) -> None:
    setting = setting_of(tmp_path, channels={"old": {"kind": "file", "path": "a"}})
    announce(store, setting, notice(), now=now)
    renamed = setting_of(tmp_path, channels={"new": {"kind": "file", "path": "a"}})
    (outcome,) = flush(run_of(store, renamed, now))
    assert (outcome.state, "没有渠道 old" in outcome.why) == ("failed", True)
    assert [each.state for each in flush(run_of(store, setting, now + timedelta(minutes=3)))] == ["delivered"]


def test_a_test_goes_out_in_quiet_hours_and_is_withdrawn_when_it_fails(store, tmp_path, now) -> None:
    quiet = {"from": "11:00", "to": "14:00"}
    with receiving(BUSY) as receiver:
        channels = {**to_receiver(tmp_path, receiver), "local": {"kind": "file", "path": "local.jsonl"}}
        setting = setting_of(tmp_path, channels=channels, quiet=quiet)
        outcomes = try_channels(run_of(store, setting, now), ["group", "local"])
        assert {each.channel: each.state for each in outcomes} == {"group": "failed", "local": "delivered"}
        assert flush(run_of(store, setting, now + timedelta(days=1))) == []
    assert {each.channel: each.state for each in deliveries_of(store)} == {
        "group": "withdrawn",
        "local": "delivered",
    }
    line = json.loads((tmp_path / "local.jsonl").read_text())
    assert line["title"] == "【测试】eduops 的提醒可以送达"
    assert (tmp_path / "local.jsonl").stat().st_mode & 0o777 == 0o600


def test_what_is_too_long_says_where_the_rest_is(sqlite_store, tmp_path, now) -> None:
    with receiving(FINE) as receiver:
        setting = setting_of(tmp_path, channels=to_receiver(tmp_path, receiver, mention=["zhangsan"]))
        long = Notice("tenant", "critical", "虚构", "long", {**FACTS, "text": "很长的说明（虚构）" * 800})
        announce(sqlite_store, setting, long, now=now)
        flush(run_of(sqlite_store, setting, now))
    content = receiver.seen[0].json["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert content.endswith("…（全文：eduops alert show MSG-2026-0001）\n<@zhangsan>")


def test_a_file_that_cannot_be_written_is_a_fault_and_a_pipe_holds_nobody_up(
    sqlite_store, tmp_path, now
) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    channels = {name: {"kind": "file", "path": name} for name in ("pipe", "folder")}
    setting = setting_of(tmp_path, channels=channels)
    announce(sqlite_store, setting, notice(), now=now)
    outcomes = flush(run_of(sqlite_store, setting, now))
    assert [each.state for each in outcomes] == ["failed", "failed"]
    assert all("不能写入" in each.why for each in outcomes)
