"""Problems become tickets, on both databases: patrols judged from documents, tickets of the real desk."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from patrol.healthy_document import build_healthy, put, sign
from sqlmodel import select

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.desk import queries as desk_queries
from eduops.desk.models.ticket import Ticket
from eduops.desk.service import ticket as desk
from eduops.patrol import service
from eduops.patrol.configuration import find_config_path, load_config
from eduops.patrol.models import PatrolProblem, PatrolRun
from eduops.patrol.rules.run import Kind
from eduops.store.unit import unit_of_work
from eduops.workflow.patrol_ticket import follow_hosts

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return load_config(find_config_path(tmp_path_factory.mktemp("home")))


class Site:
    """A host with its patrols, one after the other."""

    def __init__(self, store, config, now, environment=Environment.PRODUCTION):
        self.store, self.config, self.at = store, config, now
        new = NewHost("app-1", "应用（虚构）", Role.APPLICATION, environment, "10.66.0.11", is_invented=True)
        with store.writing() as session:
            self.host = assets.add_host(session, new, now=now)

    def patrol(self, percent: float, *, after: timedelta = HOUR):
        """The root file system of the host at a percentage, and what followed."""
        self.at += after
        document = put(build_healthy(), "disks", "filesystems.0.used_percent", percent)
        document["measured_at"] = document["finished_at"] = f"{self.at:%Y-%m-%dT%H:%M:%S}.000Z"
        with self.store.writing() as session:
            service.ingest(
                session, self.host, sign(document), self.config, kind=Kind.DAILY, now=self.at, actor="工程师",
                zone=ZONE, source="文件",
            )  # fmt: skip
        return self.follow()

    def follow(self, *, dry_run: bool = False):
        return follow_hosts(
            lambda: unit_of_work(
                self.store, now=self.at, actor="工程师（虚构）", command="test", dry_run=dry_run
            ),
            [self.host],
            zone=ZONE,
        )

    def tickets(self):
        with self.store.reading() as session:
            return session.exec(select(Ticket)).all()

    def story(self, ref):
        with self.store.reading() as session:
            events = desk_queries.list_events(session, desk_queries.get_ticket(session, ref))
            return [(event.step, event.values.get("state")) for event in events]


@pytest.fixture
def site(store, config, now):
    return Site(store, config, now)


def test_a_critical_problem_is_an_incident_reported_when_the_patrol_ended(site):
    (found,) = site.patrol(97)
    (ticket,) = site.tickets()
    assert [each.ticket for each in found.opened] == [ticket.ref]
    assert (ticket.kind, ticket.impact, ticket.channel) == ("incident", "limited", "patrol")
    with site.store.reading() as session:
        run = session.exec(select(PatrolRun)).one()
    assert ticket.reported_at == run.finished_at and ticket.is_invented
    assert "app-1" in ticket.title and "97%" in ticket.title
    assert site.story(ticket.ref) == [("open", None), ("note", "found")]


def test_the_same_patrols_again_change_nothing(site):
    site.patrol(97)
    with site.store.reading() as session:
        before = session.exec(select(PatrolProblem)).one().model_dump()
    (again,) = site.follow()
    assert (again.opened, again.notes, again.open_problems) == ((), (), 1)
    with site.store.reading() as session:
        assert session.exec(select(PatrolProblem)).one().model_dump() == before


def test_its_end_is_proposed_and_left_to_the_desk(site):
    site.patrol(97)
    site.patrol(40)
    (ended,) = site.patrol(40)
    (ticket,) = site.tickets()
    assert ended.open_problems == 0 and ticket.resolved_at is None
    assert site.story(ticket.ref)[-1] == ("note", "gone")


def test_back_within_a_day_it_is_the_same_ticket(site):
    for percent in (97, 40, 40, 98):
        site.patrol(percent)
    (ticket,) = site.tickets()
    with site.store.reading() as session:
        problem = session.exec(select(PatrolProblem)).one()
    assert (problem.reopened_count, problem.closed_at, problem.ticket_ref) == (1, None, ticket.ref)


def test_a_ticket_resolved_by_hand_is_told_and_no_second_one_opened(site):
    site.patrol(97)
    (ticket,) = site.tickets()
    with site.store.writing() as session:
        at = site.at + timedelta(minutes=5)
        desk.take_step(session, ticket.ref, "resolve", at=at, now=at, actor="工程师", zone=ZONE)
    (told,) = site.patrol(97)
    assert [note.sort for note in told.notes] == ["settled"] and "reopen" in told.notes[0].text
    assert site.patrol(97)[0].notes == () and len(site.tickets()) == 1
    (ticket,) = site.tickets()
    assert ticket.resolved_at == at, "its clocks are the desk's"


def test_patrols_that_were_not_followed_one_by_one_are_followed_later(site):
    site.patrol(97)
    follow, site.follow = site.follow, lambda: []
    for percent in (40, 40):
        site.patrol(percent)
    site.follow = follow
    (ended,) = site.follow()
    assert [note.sort for note in ended.notes] == ["gone"]


def test_a_rehearsal_leaves_nothing(site):
    follow = site.follow
    site.follow = lambda: follow(dry_run=True)
    (found,) = site.patrol(97)
    assert len(found.opened) == 1 and site.tickets() == []


def test_a_test_host_opens_no_ticket(store, config, now):
    site = Site(store, config, now, Environment.TEST)
    assert site.patrol(97) == [] and site.tickets() == []
