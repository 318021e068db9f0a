"""A patrol that goes past midnight is of the day on which it ended, wherever patrols are counted."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from patrol.healthy_document import build_healthy, sign

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.contract.engine import evaluate
from eduops.contract.loader import load_contract
from eduops.core.config import load_yaml
from eduops.core.home import CONTRACT_NAME, Settings
from eduops.core.shipped import find_shipped
from eduops.ledger.queries import load_facts
from eduops.patrol import queries, service
from eduops.patrol.queries.coverage import list_cover_hosts, list_cover_runs
from eduops.patrol.rules.coverage import Mark, build_coverage
from eduops.patrol.rules.paste_document import render_instant
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.patrol.service import plan as plans
from eduops.report.fact import Period
from eduops.report.queries import load_quarterly_facts
from eduops.store.store import Store

CONTRACT = load_contract(find_shipped("configs", "contracts", CONTRACT_NAME))
CONFIG = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig)
ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
FIRST, SECOND = date(2026, 3, 31), date(2026, 4, 1)
BEGAN = datetime(2026, 3, 31, 23, 50, tzinfo=ZONE)
ENDED = datetime(2026, 4, 1, 0, 10, tzinfo=ZONE)
MARCH = {"since": datetime(2026, 3, 1, tzinfo=ZONE), "until": datetime(2026, 4, 1, tzinfo=ZONE)}
APRIL = {"since": datetime(2026, 4, 1, tzinfo=ZONE), "until": datetime(2026, 5, 1, tzinfo=ZONE)}


@pytest.fixture
def patrolled(store: Store) -> Store:
    """A host of one patrol, from ten to midnight until ten past."""
    new = NewHost(
        "app-1", "主机（虚构）", Role.APPLICATION, Environment.PRODUCTION, "10.66.0.11", is_invented=True
    )
    document = build_healthy()
    document["measured_at"] = render_instant(BEGAN)
    with store.writing() as session:
        host = assets.add_host(session, new, now=BEGAN - DAY / 24)
        common = {"kind": Kind.DAILY, "actor": "工程师（虚构）", "zone": ZONE}
        run = service.start_run(session, host, now=BEGAN, **common)
        service.finish_run(session, run.ref, sign(document), CONFIG, now=ENDED)
        plans.link_run(session, run, zone=ZONE)
    return store


def test_coverage_has_it_on_the_second_day(patrolled):
    with patrolled.reading() as session:
        runs = {name: list_cover_runs(session, **days) for name, days in (("march", MARCH), ("april", APRIL))}
        hosts = list_cover_hosts(session, ZONE)
    assert [len(found) for found in runs.values()] == [0, 1]
    (found,) = build_coverage(
        CONTRACT, hosts, runs["april"], from_on=FIRST, to_on=SECOND, as_of=ENDED + 2 * DAY
    )
    assert [each.mark for each in found.days] == [Mark.MISSING, Mark.DAILY]


def test_lists_and_the_contracts_facts_have_it_in_the_second_month(patrolled):
    with patrolled.reading() as session:
        for days, count in ((MARCH, 0), (APRIL, 1)):
            assert len(queries.list_runs(session, **days)) == count
            assert len(queries.list_patrol_facts(session, **days)) == count


def test_the_report_has_it_in_the_second_month_on_the_second_day(patrolled):
    with patrolled.reading() as session:
        periods = (Period("三月", FIRST, FIRST), []), (Period("四月", SECOND, SECOND), [SECOND])
        for period, found in periods:
            facts = load_quarterly_facts(
                session, CONTRACT, Settings(), period=period, cut_off_at=ENDED + 2 * DAY, now=ENDED + 2 * DAY,
                prepared_by="工程师（虚构）", version="0",
            )  # fmt: skip
            assert [fact.on for fact in facts.patrols] == found


def test_the_ledgers_findings_miss_the_first_day(patrolled):
    with patrolled.reading() as session:
        facts = load_facts(session, CONTRACT)
    findings = [
        (each.period, each.text)
        for each in evaluate(CONTRACT, facts, from_on=FIRST, to_on=SECOND, as_of=ENDED + 2 * DAY).findings
        if each.rule == "daily_patrol"
    ]
    assert [period for period, _ in findings] == [FIRST.isoformat()]
    assert "在 2026-03-31 没有完成的巡检记录" in findings[0][1]


def test_a_patrol_that_never_ended_is_of_the_day_on_which_it_began(store):
    new = NewHost(
        "app-1", "主机（虚构）", Role.APPLICATION, Environment.PRODUCTION, "10.66.0.11", is_invented=True
    )
    with store.writing() as session:
        host = assets.add_host(session, new, now=BEGAN - DAY / 24)
        service.start_run(session, host, kind=Kind.DAILY, now=BEGAN, actor="工程师（虚构）", zone=ZONE)
    with store.reading() as session:
        for days, count in ((MARCH, 1), (APRIL, 0)):
            assert len(queries.list_runs(session, **days)) == count
            assert len(list_cover_runs(session, **days)) == count
            assert queries.list_patrol_facts(session, **days) == []
