"""Judging with memory: in order of measuring, the same again, otherwise with other limits, never from damaged storage."""

import json
import zlib
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from patrol.healthy_document import build_healthy, put, section, sign
from sqlalchemy import text

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.core.errors import Conflict, InputError
from eduops.patrol import queries, service
from eduops.patrol.configuration import find_config_path, load_config
from eduops.patrol.queries import history
from eduops.patrol.rules.check import State
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import Ceiling
from eduops.patrol.service import baseline as baselines
from eduops.patrol.service.judge import rejudge

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return load_config(find_config_path(tmp_path_factory.mktemp("home")))


@pytest.fixture
def host(store, now):
    return add_host(store, "app-1", now)


def add_host(store, code, now, address=""):
    with store.writing() as session:
        address = address or f"{code}.example.org"
        new = NewHost(
            code, "主机（虚构）", Role.APPLICATION, Environment.PRODUCTION, address, is_invented=True
        )
        return assets.add_host(session, new, now=now)


def document(now, day: float, used: float = 50.0, **changes):
    """A healthy document measured some days before now, with so much of its disk used."""
    made = put(build_healthy(), "disks", "filesystems.0.used_percent", used)
    made["measured_at"] = (now - timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made["host"].update(changes)
    return made


def ingest(store, host, made, config, now):
    with store.writing() as session:
        return service.ingest(
            session, host, sign(made), config,
            kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE, source="文件",
        )  # fmt: skip


def disk_state(store, ref):
    with store.reading() as session:
        run, _ = queries.get_run(session, ref)
        rows = queries.list_results(session, run.id)
    return next(row.state for row in rows if (row.metric, row.item) == ("disk_percent", "/"))


def stricter(config, **limits):
    default = config.default.model_copy(update=limits)
    return config.model_copy(update={"default": default})


def test_level_is_held_by_the_patrol_before(store, host, now, config):
    refs = [ingest(store, host, document(now, 9 - day, used), config, now)[0].ref
            for day, used in enumerate((78, 81, 78, 75.9, 78))]  # fmt: skip
    assert [disk_state(store, ref) for ref in refs] == ["normal", "warning", "warning", "normal", "normal"]


def test_older_document_is_judged_by_the_one_before_it_in_time_and_says_so(store, host, now, config):
    ingest(store, host, document(now, 9, 81), config, now)
    ingest(store, host, document(now, 1, 50), config, now)
    late, _ = ingest(store, host, document(now, 5, 78), config, now)
    assert disk_state(store, late.ref) == "warning"
    assert "早于已有的巡检 PAT-2026-0002" in late.note
    first, _ = ingest(store, host, document(now, 10, 78), config, now)
    assert disk_state(store, first.ref) == "normal"


def test_other_hosts_patrols_are_no_memory(store, host, now, config):
    other = add_host(store, "app-2", now)
    ingest(store, other, document(now, 9, 81, machine_id_hash="1" * 64), config, now)
    run, _ = ingest(store, host, document(now, 8, 78), config, now)
    assert disk_state(store, run.ref) == "normal"


def fill(store, host, now, config, values, *, first: int = 40):
    return [ingest(store, host, document(now, first - day, used), config, now)[0]
            for day, used in enumerate(values)]  # fmt: skip


def test_disk_that_fills_is_told_in_days(store, host, now, config):
    runs = fill(store, host, now, config, [50 + 2 * day for day in range(12)])
    with store.reading() as session:
        found = [
            row
            for row in queries.list_results(session, runs[-1].id)
            if (row.metric, row.item) == ("disk_days", "/")
        ]
        assert not [row for row in queries.list_results(session, runs[5].id) if row.metric == "disk_days"]
    assert [(row.value, row.state, row.probe) for row in found] == [(14.0, "warning", "disks")]


def test_judging_again_with_the_same_limits_changes_nothing(store, host, now, config):
    fill(
        store, host, now, config, [78, 81, 78, 75, 95, 88, 84, 77, 70, 91, 92, 60, 61, 62, 63, 64, 65, 66, 67]
    )
    with store.writing() as session:
        baselines.approve(
            session, host, run_ref="PAT-2026-0004", note="", actor="工程师", now=now - timedelta(30)
        )
    with store.writing() as session:
        rejudge(session, host, config, write=True)
    before = dump(store)
    with store.writing() as session:
        again = rejudge(session, host, config, write=True)
    assert len(again) == 19
    assert not any(run.is_other or run.shifts or run.failure for run in again)
    assert dump(store) == before


def dump(store):
    with store.reading() as session:
        return (
            session.execute(text("SELECT ref, state, thresholds_hash FROM patrol_run ORDER BY ref")).all(),
            session.execute(
                text("SELECT run_id, metric, item, state, value, threshold, text FROM patrol_result ORDER BY id")
            ).all(),
            [(name, zlib.crc32(bytes(packed)))
             for name, packed in session.execute(text("SELECT run_id, content FROM patrol_document ORDER BY run_id"))],
        )  # fmt: skip


def test_other_limits_show_what_would_change_and_write_nothing_unasked(store, host, now, config):
    refs = [run.ref for run in fill(store, host, now, config, [60, 71, 69, 60])]
    before = dump(store)
    other = stricter(config, disk_percent=Ceiling(warning=70, critical=90))
    with store.writing() as session:
        found = rejudge(session, host, other)
    assert dump(store) == before
    assert [(run.ref, run.old, run.new) for run in found] == [
        (refs[0], State.NORMAL, State.NORMAL),
        (refs[1], State.NORMAL, State.WARNING),
        (refs[2], State.NORMAL, State.WARNING),
        (refs[3], State.NORMAL, State.NORMAL),
    ]
    (shift,) = found[2].shifts
    assert (shift.metric, shift.item, shift.old, shift.new) == (
        "disk_percent",
        "/",
        State.NORMAL,
        State.WARNING,
    )
    assert "才解除" in shift.text
    with store.writing() as session:
        rejudge(session, host, other, write=True)
    assert [disk_state(store, ref) for ref in refs] == ["normal", "warning", "warning", "normal"]
    with store.reading() as session:
        hashes = {run.thresholds_hash for run, _ in queries.list_runs(session)}
        assert hashes == {other.for_host("app-1", "application").hash}
    assert dump(store)[2] == before[2]


def test_only_the_time_asked_for_is_judged_with_the_memory_of_what_came_before(store, host, now, config):
    refs = [run.ref for run in fill(store, host, now, config, [60, 81, 78, 60], first=4)]
    since, until = now - timedelta(days=2.5), now - timedelta(days=1.5)
    with store.writing() as session:
        found = rejudge(session, host, config, since=since, until=until)
    assert [(run.ref, run.new, run.is_other) for run in found] == [(refs[2], State.WARNING, False)]


def damage(store, run_id, content: bytes):
    with store.writing() as session:
        session.execute(
            text("UPDATE patrol_document SET content = :content WHERE run_id = :run_id"),
            {"content": content, "run_id": run_id},
        )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda packed: packed[:-20], "已损坏"),
        (lambda packed: packed[:100] + bytes([packed[100] ^ 1]) + packed[101:], "已损坏"),
        (lambda packed: b"", "已损坏"),
        (lambda packed: zlib.compress(b"{}"), "不是 eduops-agent 的输出"),
        (lambda packed: zlib.compress(zlib.decompress(packed)[:200]), "不是完整的 JSON"),
        (lambda packed: zlib.compress(sign(put(build_healthy(), "cpu", "count", 3))), "不是当时判定的那一份"),
    ],
)
def test_damaged_document_is_never_judged_and_what_was_said_stands(store, host, now, config, spoil, reason):
    runs = fill(store, host, now, config, [81, 81, 78])
    with store.reading() as session:
        query = text("SELECT content FROM patrol_document WHERE run_id = :run_id")
        packed = bytes(session.execute(query, {"run_id": runs[1].id}).scalar_one())
    damage(store, runs[1].id, spoil(packed))
    with store.writing() as session:
        found = rejudge(session, host, config, write=True)
    assert reason in found[1].failure
    assert (found[1].new, found[0].failure, found[2].failure) == (None, "", "")
    # The damaged one holds no level for the next.
    assert found[2].new is State.NORMAL
    assert [disk_state(store, run.ref) for run in runs] == ["warning", "warning", "normal"]


def test_baseline_holds_for_what_was_measured_after_its_approval(store, host, now, config):
    fill(store, host, now, config, [50, 50], first=4)
    changed = document(now, 1)
    section(changed, "system")["data"]["kernel"] = "6.1.0"
    with store.writing() as session:
        at = now - timedelta(days=2.5)
        baselines.approve(session, host, run_ref="PAT-2026-0001", note="验收", actor="工程师", now=at)
    run, judgement = ingest(store, host, changed, config, now)
    assert [(check.metric, check.item) for check in judgement.problems] == [("system", "内核")]
    assert run.state == "warning"
    with store.writing() as session:
        found = rejudge(session, host, config)
    assert [each.new for each in found] == [State.NORMAL, State.NORMAL, State.WARNING]
    assert not any(each.is_other for each in found)


def test_clock_that_ran_backwards_is_refused_where_the_host_was_measured_just_now(store, now, config):
    here = add_host(store, "here", now, "local")

    def patrol(made, at):
        with store.writing() as session:
            run = service.start_run(session, here, kind=Kind.DAILY, now=at, actor="工程师", zone=ZONE)
            return service.finish_run(session, run.ref, sign(made), config, now=at)

    patrol(document(now, 0), now)
    with pytest.raises(InputError, match="早于上次巡检 PAT-2026-0001") as caught:
        patrol(document(now, 0.02), now + timedelta(hours=1))
    assert "校正该主机的时钟" in caught.value.hint
    assert patrol(document(now, 0.006), now + timedelta(hours=1))


def test_clock_that_was_ahead_once_may_be_put_right(store, now, config):
    here = add_host(store, "here", now, "local")
    for day in (-0.5, 0):
        with store.writing() as session:
            run = service.start_run(session, here, kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE)
            assert service.finish_run(session, run.ref, sign(document(now, day)), config, now=now)


def test_document_of_another_host_in_use_is_refused(store, host, now, config):
    other = add_host(store, "app-2", now)
    ingest(store, host, document(now, 3), config, now)
    with pytest.raises(Conflict, match="文档来自主机 app-1"):
        ingest(store, other, document(now, 2), config, now)
    with store.reading() as session:
        assert history.find_last_run(session, other.id) is None
    renamed = document(now, 2, hostname="克隆机（虚构）")
    assert ingest(store, other, renamed, config, now)
    with store.writing() as session:
        assets.retire_host(session, "app-1", now=now)
    third = add_host(store, "app-3", now)
    assert ingest(store, third, document(now, 1), config, now)


def test_stored_documents_lie_packed(store, host, now, config):
    run, _ = ingest(store, host, document(now, 1), config, now)
    with store.reading() as session:
        (stored,) = history.list_stored(session, [run.id])
        packed = session.execute(text("SELECT content FROM patrol_document")).scalar_one()
    assert stored.content is not None
    assert json.loads(stored.content)["checksum"] == run.document_hash
    assert len(bytes(packed)) * 3 < len(stored.content)
