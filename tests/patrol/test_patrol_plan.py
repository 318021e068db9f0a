"""Plans, patrols by hand and coverage as they are kept, on both databases; what became of visits."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from patrol.healthy_document import build_healthy, sign

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.contract.fact import HostFact, PatrolFact
from eduops.contract.period import end_of, start_of
from eduops.core.errors import Conflict, NotAllowed
from eduops.patrol import queries, service
from eduops.patrol.configuration import find_config_path, load_config
from eduops.patrol.queries import coverage
from eduops.patrol.queries import plan as plan_queries
from eduops.patrol.rules.check import State
from eduops.patrol.rules.exam import make_light
from eduops.patrol.rules.plan import VisitState
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import Thresholds
from eduops.patrol.service import manual
from eduops.patrol.service import plan as plans

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 5)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return load_config(find_config_path(tmp_path_factory.mktemp("home")))


@pytest.fixture
def host(store, now):
    return add(store, now, "app-1")


def add(store, now, code, environment=Environment.PRODUCTION):
    new = NewHost(
        code, "主机（虚构）", Role.APPLICATION, environment, f"{code}.example.org", is_invented=True
    )
    with store.writing() as session:
        return assets.add_host(session, new, now=now - 3 * DAY)


def record(store, host, at, now, kind=Kind.DAILY):
    with store.writing() as session:
        return manual.record_run(
            session,
            host,
            kind=kind,
            state=State.NORMAL,
            note="看过",
            at=at,
            now=now,
            actor="工程师",
            zone=ZONE,
        )


def add_plan(store, host, days, now, kind=Kind.DAILY):
    with store.writing() as session:
        new = plans.NewPlan("计划（虚构）", kind, min(days), max(days), [host], days)
        return plans.add_plan(session, new, now=now, actor="工程师", zone=ZONE)


def states(store, plan):
    with store.reading() as session:
        visits = plan_queries.list_visits(session, [plan], today=TODAY, zone=ZONE)[plan.id]
    return [visit.state for visit in visits]


def test_a_patrol_by_hand_has_no_document_and_is_a_fact(store, host, now):
    run = record(store, host, now - DAY, now, Kind.BIG)
    assert (run.is_manual, run.document_hash, run.measured_at) == (True, None, None)
    with store.reading() as session:
        facts = queries.list_patrol_facts(session, since=now - 2 * DAY, until=now)
    assert facts == [PatrolFact("app-1", now - DAY, is_big=True)]
    with pytest.raises(Conflict):
        record(store, host, now - DAY, now)


def test_the_rules_hear_of_production_hosts_from_the_day_they_were_added_until_retired(store, host, now):
    add(store, now, "try-1", Environment.TEST)
    with store.writing() as session:
        assets.retire_host(session, "app-1", now=now)
    with store.reading() as session:
        assert queries.list_host_facts(session, ZONE) == [HostFact("app-1", date(2026, 3, 2), TODAY)]


def ingest(store, host, config, now, kind):
    with store.writing() as session:
        return service.ingest(
            session, host, sign(build_healthy()), config, kind=kind, now=now, actor="工程师", zone=ZONE, source="文件"
        )  # fmt: skip


@pytest.mark.parametrize(("needs_baseline", "is_big"), [(True, False), (False, True)])
def test_a_big_patrol_counts_as_one_when_every_mandatory_probe_gave_something(
    store, host, now, config, needs_baseline, is_big
):
    without = {"big_mandatory": config.default.big_mandatory - {"drift"}}
    roles = {role: limits.model_copy(update=without) for role, limits in config.roles.items()}
    own = config.model_copy(update={"default": config.default.model_copy(update=without), "roles": roles})
    run, judgement = ingest(store, host, config if needs_baseline else own, now, Kind.BIG)
    assert (judgement.state is State.NORMAL) is is_big, "nobody has approved a baseline"
    finished_at = run.finished_at
    with store.reading() as session:
        (fact,) = queries.list_patrol_facts(session, since=finished_at, until=finished_at + DAY)
        (seen,) = coverage.list_cover_runs(session, since=finished_at, until=finished_at + DAY)
    assert (fact.is_big, seen.is_complete, seen.kind) == (is_big, is_big, Kind.BIG)


def test_a_probe_that_does_not_exist_cannot_be_mandatory_of_big_patrols(config):
    plain = config.default.model_dump() | {"big_mandatory": ["backups", "moon"]}
    with pytest.raises(ValueError, match=r"big_mandatory\n  没有这样的检查项：moon"):
        Thresholds.model_validate(plain)


def test_a_daily_patrol_needs_none_of_it(store, host, now, config):
    _, judgement = ingest(store, host, config, now, Kind.DAILY)
    assert judgement.state is State.NORMAL


def test_visits_are_judged_from_patrols_and_patrols_point_at_their_plan(store, host, now):
    days = [TODAY - 2 * DAY, TODAY - DAY, TODAY, TODAY + DAY]
    before = record(store, host, start_of(days[0], ZONE), now)
    plan = add_plan(store, host, days, now)
    after = record(store, host, now, now)
    with store.writing() as session:
        assert plans.link_run(session, session.merge(after), zone=ZONE).ref == plan.ref
    with store.reading() as session:
        linked = {run.ref for run, _ in queries.list_runs(session) if run.plan_id == plan.id}
    assert linked == {before.ref, after.ref}
    done, missed = VisitState.DONE, VisitState.MISSED
    assert states(store, plan) == [done, missed, done, VisitState.TO_COME]


def test_one_patrol_makes_visits_of_several_plans(store, host, now):
    made = [add_plan(store, host, [TODAY - DAY], now, kind) for kind in (Kind.DAILY, Kind.BIG)]
    record(store, host, now - DAY, now, Kind.BIG)
    assert [states(store, plan) for plan in made] == [[VisitState.DONE]] * 2


def test_a_plan_that_was_withdrawn_takes_no_patrol_and_no_change(store, host, now):
    plan = add_plan(store, host, [TODAY], now)
    with store.writing() as session:
        plans.withdraw(session, plan.ref, now=now)
    run = record(store, host, now, now)
    with store.writing() as session:
        assert plans.link_run(session, session.merge(run), zone=ZONE) is None
        with pytest.raises(NotAllowed):
            plans.agree(session, plan.ref, agreed_with="张老师", agreed_on=TODAY, now=now, zone=ZONE)


def test_patrols_of_a_day_are_found_by_when_they_ended_and_failed_ones_by_when_they_began(store, host, now):
    with store.writing() as session:
        begun = service.start_run(session, host, kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE)
        service.fail_run(session, begun.ref, "连不上", now=now)
    old_big = record(store, host, now - 2 * DAY, now, Kind.BIG)
    since, until = start_of(TODAY, ZONE), end_of(TODAY, ZONE)
    with store.reading() as session:
        found = coverage.list_cover_runs(session, since=since, until=until, big_since=now - 30 * DAY)
    assert [(run.ref, run.finished_at is None) for run in found] == [(old_big.ref, False), (begun.ref, True)]


def test_agents_of_the_named_hosts_alone_are_told_to_be_light(config):
    own = config.model_copy(update={"agents": {"app-1": {"timeout_seconds": 9}, "db-1": {}}})
    light = make_light(own, ["app-1", "web-1"])
    assert light.agents == {
        "app-1": {"timeout_seconds": 9, "light": True},
        "db-1": {},
        "web-1": {"light": True},
    }


def test_a_document_without_its_heavy_probes_says_so_on_the_run(store, host, now, config):
    document = build_healthy() | {"light": True}
    document["probes"][-1] |= {"status": "not_checked", "reason": "考试进行中，未做重负载检查", "data": None}
    with store.writing() as session:
        run, _ = service.ingest(
            session, host, sign(document), config, kind=Kind.DAILY, now=now, actor="工程师", zone=ZONE, source="文件"
        )  # fmt: skip
    assert run.is_light and "整项未查" in run.note and run.finished_at is not None
