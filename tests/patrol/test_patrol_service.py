"""Patrols as they are kept, on both databases."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from patrol.healthy_document import GOLDEN, build_healthy, put, sign

from eduops.asset import service as assets
from eduops.asset.models import Host
from eduops.asset.rules import Environment, NewHost, Role
from eduops.contract.fact import PatrolFact
from eduops.core.errors import Conflict, InputError, NotAllowed, NotFound
from eduops.patrol import queries, service
from eduops.patrol.configuration import find_config_path, load_config
from eduops.patrol.rules.run import Kind
from eduops.patrol.service.judge import rejudge

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return load_config(find_config_path(tmp_path_factory.mktemp("home")))


@pytest.fixture
def hosts(store, now) -> dict[str, Host]:
    with store.writing() as session:
        return {
            code: assets.add_host(
                session,
                NewHost(
                    code, "主机（虚构）", Role.APPLICATION, Environment.PRODUCTION, address, is_invented=True
                ),
                now=now,
            )
            for code, address in (("here", "local"), ("app-1", "10.66.0.11"))
        }


def ingest(store, host, content, config, now, kind=Kind.DAILY):
    with store.writing() as session:
        return service.ingest(
            session, host, content, config, kind=kind, now=now, actor="工程师", zone=ZONE, source="文件"
        )


def test_run_is_there_before_it_has_finished_and_does_not_count_until_then(store, hosts, now, config):
    with store.writing() as session:
        begun = service.start_run(session, hosts["here"], kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE)
    day = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    with store.reading() as session:
        ((found, host),) = queries.list_runs(session)
        assert (found.ref, host.code, found.state, found.finished_at) == ("PAT-2026-0001", "here", None, None)
        assert queries.list_patrol_facts(session, **day) == []
    ended_at = now + timedelta(seconds=2)
    with store.writing() as session:
        run, judgement = service.finish_run(session, begun.ref, sign(build_healthy()), config, now=ended_at)
        assert run.state == judgement.state == "normal"
    with store.reading() as session:
        assert queries.list_patrol_facts(session, **day) == [PatrolFact("here", ended_at)]


def test_failed_run_stays_visible_and_never_counts(store, hosts, now, config):
    with store.writing() as session:
        begun = service.start_run(session, hosts["here"], kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE)
    with store.writing() as session:
        service.fail_run(session, begun.ref, "巡检代理没有给出结果", now=now)
    with store.writing() as session, pytest.raises(Conflict):
        service.finish_run(session, begun.ref, sign(build_healthy()), config, now=now)
    with store.reading() as session:
        run, _ = queries.get_run(session, begun.ref)
        assert (run.failure, run.finished_at) == ("巡检代理没有给出结果", None)
        assert queries.find_document(session, run.id) is None


def test_refused_document_leaves_the_run_as_it_was(store, hosts, now, config):
    with store.writing() as session:
        begun = service.start_run(session, hosts["here"], kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE)
    with pytest.raises(InputError, match="here"), store.writing() as session:
        service.finish_run(session, begun.ref, b"{", config, now=now)
    with store.reading() as session:
        run, _ = queries.get_run(session, begun.ref)
        assert (run.state, run.document_hash, run.finished_at) == (None, None, None)


def test_finished_run_is_not_finished_again(store, hosts, now, config):
    with store.writing() as session:
        begun = service.start_run(session, hosts["here"], kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE)
        service.finish_run(session, begun.ref, sign(build_healthy()), config, now=now)
        with pytest.raises(Conflict):
            service.finish_run(session, begun.ref, GOLDEN.read_bytes(), config, now=now)


def test_every_check_and_the_raw_document_are_kept(store, hosts, now, config):
    content = GOLDEN.read_bytes()
    run, judgement = ingest(store, hosts["app-1"], content, config, now)
    with store.reading() as session:
        results = queries.list_results(session, run.id)
        assert [(row.probe, row.metric, row.item, row.state, row.text) for row in results] == [
            (check.probe, check.metric, check.item, check.state, check.text) for check in judgement.checks
        ]
        offset = next(row for row in results if row.metric == "time_offset_seconds")
        assert (offset.value, offset.threshold, offset.unit) == (0.00025, 1.0, " 秒")
        assert queries.find_document(session, run.id) == content.decode()
        assert queries.count_problems(session, [run.id]) == {run.id: len(judgement.problems)}
        assert run.document_hash == json.loads(content)["checksum"]
        assert run.thresholds_hash == config.for_role("application").hash


def test_ingested_document_counts_for_the_day_on_which_it_was_measured(store, hosts, now, config):
    later = now + timedelta(days=9)
    run, _ = ingest(store, hosts["app-1"], sign(build_healthy()), config, later)
    assert run.started_at == now
    assert now <= run.finished_at < now + timedelta(seconds=30)
    assert (run.recorded_at, run.is_ingested) == (later, True)


def test_same_document_is_not_taken_twice_not_even_for_another_host(store, hosts, now, config):
    ingest(store, hosts["app-1"], GOLDEN.read_bytes(), config, now)
    for host in hosts.values():
        with pytest.raises(Conflict, match="PAT-2026-0001"):
            ingest(store, host, GOLDEN.read_bytes(), config, now)


def test_document_from_another_machine_than_last_time_is_refused(store, hosts, now, config):
    ingest(store, hosts["app-1"], sign(build_healthy()), config, now)
    document = put(build_healthy(), "memory", "used_percent", 40.0)
    document["host"]["machine_id_hash"] = "0" * 64
    with pytest.raises(Conflict, match="另一台机器"):
        ingest(store, hosts["app-1"], sign(document), config, now)
    document["host"]["machine_id_hash"] = None
    assert ingest(store, hosts["app-1"], sign(document), config, now)
    document["host"]["hostname"] = "somebody-else"
    with pytest.raises(Conflict, match="也不是主机 app-1 上次的"):
        ingest(store, hosts["app-1"], sign(document), config, now)


def test_machine_known_as_another_host_is_told_on_the_patrol(store, hosts, now, config):
    ingest(store, hosts["app-1"], sign(build_healthy()), config, now)
    with store.writing() as session:
        begun = service.start_run(session, hosts["here"], kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE)
        document = put(build_healthy(), "memory", "used_percent", 40.0)
        run, _ = service.finish_run(session, begun.ref, sign(document), config, now=now)
        assert "与主机 app-1 相同" in run.note


class TestMachineBehindTwoCodes:
    @pytest.fixture
    def patrol(self, store, hosts, config, now):
        """Patrols a host over a connection; each time a minute later and with another figure."""
        minutes = iter(range(100))

        def run(code, machine, hostname="app-1"):
            minute = next(minutes)
            at = now + timedelta(minutes=minute)
            document = put(build_healthy(), "memory", "used_percent", 40.0 + minute)
            document["host"] = {"hostname": hostname, "machine_id_hash": machine * 64}
            with store.writing() as session:
                begun = service.start_run(
                    session, hosts[code], kind=Kind.DAILY, now=at, actor="工程师", zone=ZONE
                )
                made, judgement = service.finish_run(session, begun.ref, sign(document), config, now=at)
                return made.state, [check.item for check in judgement.problems if check.metric == "machine"]

        return run

    def test_the_second_code_is_not_normal_and_names_the_first(self, patrol):
        assert patrol("app-1", "a") == ("normal", [])
        assert patrol("here", "a") == ("cannot_tell", ["app-1"])
        assert patrol("app-1", "a") == ("cannot_tell", ["here"]), "whose figures these are, nobody can tell"

    def test_a_clone_with_another_name_is_told_too(self, patrol):
        patrol("app-1", "a")
        assert patrol("here", "a", "clone") == ("cannot_tell", ["app-1"])

    def test_once_the_identity_is_another_both_are_normal_again(self, patrol):
        patrol("app-1", "a")
        patrol("here", "a")
        assert patrol("here", "b") == ("normal", [])
        assert patrol("app-1", "a") == ("normal", [])
        with pytest.raises(Conflict, match="另一台机器"):
            patrol("here", "c")

    def test_a_retired_host_is_no_twin(self, patrol, store, now):
        patrol("app-1", "a")
        with store.writing() as session:
            assets.retire_host(session, "app-1", now=now)
        assert patrol("here", "a") == ("normal", [])

    def test_judging_again_keeps_what_was_said(self, patrol, store, hosts, config):
        patrol("app-1", "a")
        patrol("here", "a")
        with store.writing() as session:
            (found,) = rejudge(session, hosts["here"], config, write=True)
            assert (found.old, found.new, found.is_other) == ("cannot_tell", "cannot_tell", False)


def test_document_of_the_future_is_refused(store, hosts, now, config):
    with pytest.raises(InputError, match="晚于现在"):
        ingest(store, hosts["app-1"], GOLDEN.read_bytes(), config, now - timedelta(minutes=11))


def test_host_that_is_far_away_has_its_intent_like_any_other(store, hosts, now):
    with store.writing() as session:
        run = service.start_run(
            session, hosts["app-1"], kind=Kind.DAILY, now=now, actor="工程师甲（虚构）", zone=ZONE
        )
        assert (run.started_at, run.finished_at) == (now, None)


def test_retired_host_is_not_patrolled(store, hosts, now, config):
    with store.writing() as session:
        retired = assets.retire_host(session, "app-1", now=now)
    with pytest.raises(NotAllowed, match="已停用"):
        ingest(store, retired, GOLDEN.read_bytes(), config, now)


def test_reference_takes_its_year_from_the_contracts_zone(store, hosts, now, config):
    document = build_healthy()
    document["measured_at"] = "2025-12-31T16:00:00.000Z"
    assert ingest(store, hosts["app-1"], sign(document), config, now)[0].ref == "PAT-2026-0001"
    document["measured_at"] = "2025-12-31T15:59:59.999Z"
    assert ingest(store, hosts["app-1"], sign(document), config, now)[0].ref == "PAT-2025-0001"


def test_list_is_half_open_and_by_host(store, hosts, now, config):
    run, _ = ingest(store, hosts["app-1"], sign(build_healthy()), config, now)
    with store.reading() as session:
        ended_at = run.finished_at
        assert queries.list_runs(session, since=now, until=ended_at) == []
        assert len(queries.list_runs(session, since=ended_at, until=ended_at + timedelta(seconds=1))) == 1
        assert queries.list_runs(session, since=ended_at + timedelta(seconds=1)) == []
        assert queries.list_runs(session, host_code="here") == []
        assert len(queries.list_runs(session, host_code="app-1")) == 1


def test_unknown_run_is_not_found(store):
    with store.reading() as session, pytest.raises(NotFound, match="PAT-2026-0009"):
        queries.get_run(session, "PAT-2026-0009")
