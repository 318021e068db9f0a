"""Whose clock a patrol over a live connection is judged by."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from patrol.healthy_document import build_healthy, sign

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.core import clock
from eduops.core.config import load_yaml
from eduops.core.errors import InputError
from eduops.core.shipped import find_shipped
from eduops.patrol import queries, service
from eduops.patrol.rules.paste_document import render_instant
from eduops.patrol.rules.run import Kind, check_clock_near
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.store.unit import unit_of_work
from eduops.workflow import patrol_run

ZONE = ZoneInfo("Asia/Shanghai")
CONFIG = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def host(store, now):
    new = NewHost("here", "本机（虚构）", Role.APPLICATION, Environment.PRODUCTION, "local", is_invented=True)
    with store.writing() as session:
        return assets.add_host(session, new, now=now)


def patrol(store, host, measured_at, config=CONFIG, **instants):
    document = build_healthy()
    document["measured_at"] = render_instant(measured_at)
    with store.writing() as session:
        run = service.start_run(
            session, host, kind=Kind.DAILY, now=instants["now"], actor="工程师（虚构）", zone=ZONE
        )
        return service.finish_run(session, run.ref, sign(document), config, **instants)[0]


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (timedelta(), ""),
        (10 * MINUTE, ""),
        (-10 * MINUTE, ""),
        (10 * MINUTE + SECOND, "该主机的时钟比本机快 10 分"),
        (-11 * MINUTE, "该主机的时钟比本机慢 11 分"),
        (3 * HOUR + MINUTE, "该主机的时钟比本机快 3 小时 1 分"),
        (24 * HOUR, "该主机的时钟比本机快 1 天"),
        (-24 * HOUR, "该主机的时钟比本机慢 1 天"),
    ],
)
def test_a_clock_that_is_less_than_a_day_off_is_noted_from_ten_minutes_on(now, off, said):
    at = now + off
    assert check_clock_near("here", at, at, received_at=now, largest_hours=24) == said


@pytest.mark.parametrize(("off", "way"), [(24 * HOUR + SECOND, "快 1 天"), (-24 * HOUR - SECOND, "慢 1 天")])
def test_a_clock_that_is_more_than_a_day_off_is_refused(now, off, way):
    at = now + off
    with pytest.raises(InputError, match=f"时钟比本机{way}") as caught:
        check_clock_near("here", at, at, received_at=now, largest_hours=24)
    assert "largest_clock_error_hours" in caught.value.hint


def test_a_patrol_that_took_hours_is_not_a_clock_that_is_behind(now):
    assert check_clock_near("here", now - 2 * HOUR, now, received_at=now, largest_hours=1) == ""


@pytest.mark.parametrize("days", [365 * 170, 400, -300])
def test_nothing_is_judged_by_a_clock_of_another_year(store, host, now, days):
    with pytest.raises(InputError, match="时钟比本机"):
        patrol(store, host, now + timedelta(days=days), now=now)
    with store.reading() as session:
        assert queries.list_runs(session) == []


def test_how_far_a_clock_may_be_off_is_a_setting(store, host, now):
    strict = CONFIG.model_copy(update={"largest_clock_error_hours": 1.0})
    with pytest.raises(InputError, match="超过允许的 1 小时"):
        patrol(store, host, now + 2 * HOUR, strict, now=now)
    run = patrol(store, host, now + 2 * HOUR, now=now)
    assert (run.state, run.note) == ("normal", "该主机的时钟比本机快 2 小时 0 分")


def test_in_a_rehearsal_the_hosts_clock_is_compared_with_the_real_one(store, host, now):
    real = clock.now()
    run = patrol(store, host, real, now=now, received_at=real)
    assert (run.note, run.finished_at) == ("", now)
    with pytest.raises(InputError, match="时钟比本机"):
        patrol(store, host, now - timedelta(days=2), now=now, received_at=real)


def test_the_real_clock_is_asked_when_a_document_comes(store, host, now):
    def unit():
        return unit_of_work(store, now=now, actor="工程师（虚构）", command="patrol run")

    begun = patrol_run.begin_run(unit, host, kind=Kind.DAILY, zone=ZONE)
    document = build_healthy()
    document["measured_at"] = render_instant(clock.now() + timedelta(days=3))
    with pytest.raises(InputError, match="时钟比本机快 2 天"):
        patrol_run.finish_run(unit, begun, host, sign(document), CONFIG, seconds=2.0, zone=ZONE)
    document["measured_at"] = render_instant(clock.now())
    done = patrol_run.finish_run(unit, begun, host, sign(document), CONFIG, seconds=2.0, zone=ZONE)
    assert done.finished_at == now + timedelta(seconds=2)
