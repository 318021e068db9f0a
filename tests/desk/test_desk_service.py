"""Tickets through their whole life, on both databases; people and places are invented (虚构)."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from eduops.contract.fact import Exclusion, TicketFact
from eduops.core.errors import InputError, NotAllowed, NotFound
from eduops.desk import queries
from eduops.desk.models.ticket import TicketExclusion
from eduops.desk.rules.step import LATE_AFTER
from eduops.desk.service import ticket as service

ZONE = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
NOW = NINE + timedelta(hours=20)
WHO = {"now": NOW, "actor": "值班（虚构）", "zone": ZONE}


def at(minutes):
    return NINE + timedelta(minutes=minutes)


def opened(session, minutes=0, **fields):
    new = service.NewTicket(**{"kind": "incident", "title": "考试页面打不开（虚构）", **fields})
    return service.open_ticket(session, new, at=at(minutes), **WHO).ref


def step(session, ref, name, minutes, **values):
    return service.take_step(session, ref, name, at=at(minutes), values=values, **WHO)


def wait(session, ref, minutes, reason="等机房开门（虚构）", agreed_by="张老师（虚构）"):
    return step(session, ref, "wait", minutes, reason=reason, agreed_by=agreed_by)


def go_on(session, ref, minutes):
    return step(session, ref, "go_on", minutes)


def record(session, ref):
    new = service.NewRecord("连接池耗尽", "王工（虚构）", "重启", "改配置后重启", "已恢复")
    return service.record_maintenance(session, ref, new, now=NOW, actor="值班（虚构）")


def test_contract_is_given_what_was_recorded(store):
    with store.writing() as session:
        ref = opened(
            session, impact="system", cause="unknown", department="教务科（虚构）", channel="phone", reporter="李（虚构）"
        )  # fmt: skip
        step(session, ref, "respond", 10)
        wait(session, ref, 20)
        go_on(session, ref, 35)
        step(session, ref, "arrive", 40)
        wait(session, ref, 50, reason="等账号（虚构）")
        step(
            session, ref, "resolve", 90, cause="software", solution="重启", remote_agreed_by="周老师（虚构）"
        )
        record(session, ref)
        step(session, ref, "close", 100)
    with store.reading() as session:
        (fact,) = queries.load_facts(session)
    assert fact == TicketFact(
        ref="INC-2026-0001",
        reported_at=at(0),
        kind="incident",
        title="考试页面打不开（虚构）",
        impact="system",
        cause="software",
        department="教务科（虚构）",
        channel="phone",
        reporter="李（虚构）",
        responded_at=at(10),
        arrived_at=at(40),
        resolved_at=at(90),
        closed_at=at(100),
        remote_agreed_by="周老师（虚构）",
        exclusions=(
            Exclusion(at(20), at(35), "等机房开门（虚构）", "张老师（虚构）"),
            Exclusion(at(50), at(90), "等账号（虚构）", "张老师（虚构）"),
        ),
    )


def test_every_step_says_when_it_happened_when_it_was_written_down_and_by_whom(store):
    with store.writing() as session:
        ref = opened(session)
        step(session, ref, "resolve", 60, solution="重启")
        step(session, ref, "respond", 10)
    with store.reading() as session:
        events = queries.list_events(session, queries.get_ticket(session, ref))
    assert [event.step for event in events] == ["open", "respond", "resolve"]
    assert [event.happened_at for event in events] == [at(0), at(10), at(60)]
    assert {(event.recorded_at, event.actor) for event in events} == {(NOW, "值班（虚构）")}
    assert all(event.recorded_at - event.happened_at > LATE_AFTER for event in events)
    assert events[2].values == {"solution": "重启"}


def test_tickets_are_numbered_by_kind_and_year(store):
    with store.writing() as session:
        refs = [opened(session, kind=kind) for kind in ("incident", "incident", "request", "consult")]
    assert refs == ["INC-2026-0001", "INC-2026-0002", "REQ-2026-0001", "CON-2026-0001"]


@pytest.mark.parametrize(
    ("local", "ref"),
    [
        ("2025-12-31 23:59:59", "INC-2025-0001"),
        ("2026-01-01 00:00:00", "INC-2026-0001"),
        ("2026-01-01 07:59:59", "INC-2026-0001"),
    ],
)
def test_reference_carries_the_year_of_the_contracts_zone(sqlite_store, local, ref):
    instant = datetime.fromisoformat(local).replace(tzinfo=ZONE)
    with sqlite_store.writing() as session:
        ticket = service.open_ticket(session, service.NewTicket("incident", "虚构"), at=instant, **WHO)
    assert ticket.ref == ref
    assert ticket.reported_at == instant


def test_ticket_cannot_be_reported_in_the_future(sqlite_store):
    with sqlite_store.writing() as session:
        service.open_ticket(session, service.NewTicket("incident", "虚构"), at=NOW, **WHO)
        with pytest.raises(NotAllowed, match="报修时刻 2026-03-06 05:01 还没有到"):
            service.open_ticket(
                session, service.NewTicket("incident", "虚构"), at=NOW + timedelta(minutes=1), **WHO
            )


@pytest.mark.parametrize("title", ["", " \n"])
def test_ticket_that_says_nothing_is_refused(sqlite_store, title):
    with sqlite_store.writing() as session, pytest.raises(InputError, match="没有写内容"):
        opened(session, title=title)


def test_refused_step_leaves_the_ticket_as_it_was(store):
    with store.writing() as session:
        ref = opened(session)
        step(session, ref, "respond", 10)
    with pytest.raises(NotAllowed, match=ref), store.writing() as session:
        step(session, ref, "resolve", 5, solution="不该留下")
    with store.reading() as session:
        ticket = queries.get_ticket(session, ref)
        assert (ticket.resolved_at, ticket.solution) == (None, "")
        assert len(queries.list_events(session, ticket)) == 2


@pytest.mark.parametrize(
    ("reason", "agreed_by"), [("", "张老师（虚构）"), (" ", "张老师（虚构）"), ("等", " ")]
)
def test_waiting_needs_a_reason_and_who_agreed(sqlite_store, reason, agreed_by):
    with sqlite_store.writing() as session:
        ref = opened(session)
        with pytest.raises(NotAllowed, match="没有写"):
            wait(session, ref, 10, reason=reason, agreed_by=agreed_by)
        assert session.exec(select(TicketExclusion)).all() == []


def test_state_is_waiting_until_work_goes_on(sqlite_store):
    with sqlite_store.writing() as session:
        ref = opened(session)
        ticket = wait(session, ref, 10)
        assert service.state_of(session, ticket, zone=ZONE) == "waiting"
        go_on(session, ref, 20)
        assert service.state_of(session, ticket, zone=ZONE) == "open"


def test_resolving_ends_the_wait(store):
    with store.writing() as session:
        ref = opened(session)
        wait(session, ref, 10)
        ticket = step(session, ref, "resolve", 45)
        assert queries.find_open_wait(session, ticket) is None
        assert queries.load_facts(session)[0].exclusions[0].to_at == at(45)


def test_past_wait_is_entered_late_with_its_true_end(sqlite_store):
    with sqlite_store.writing() as session:
        ref = opened(session)
        step(session, ref, "resolve", 60)
        wait(session, ref, 10)
        go_on(session, ref, 20)
        (fact,) = queries.load_facts(session)
    assert [(each.from_at, each.to_at) for each in fact.exclusions] == [(at(10), at(20))]


def test_wait_entered_late_ends_at_the_latest_with_the_resolution(sqlite_store):
    with sqlite_store.writing() as session:
        ref = opened(session)
        step(session, ref, "resolve", 60)
        wait(session, ref, 10)
        record(session, ref)
        step(session, ref, "close", 90)
        (fact,) = queries.load_facts(session)
    assert fact.exclusions[0].to_at == at(60)


def test_unknown_ticket_is_not_found(sqlite_store):
    with sqlite_store.writing() as session, pytest.raises(NotFound, match="INC-2026-0404"):
        step(session, "INC-2026-0404", "respond", 10)


def test_tickets_are_listed_by_report_in_half_open_intervals(sqlite_store):
    with sqlite_store.writing() as session:
        late, early = opened(session, 60), opened(session, 0)
        step(session, early, "resolve", 30)

        def refs(**chosen):
            return [ticket.ref for ticket in queries.list_tickets(session, **chosen)]

        assert refs() == [early, late]
        assert refs(from_at=at(0), to_at=at(60)) == [early]
        assert refs(from_at=at(60), to_at=at(61)) == [late]
        assert refs(open_only=True) == [late]
        assert [fact.ref for fact in queries.load_facts(session, from_at=at(60))] == [late]


def test_two_engineers_cannot_record_the_same_step(store):
    with store.writing() as session:
        ref = opened(session)
    gate, done, refused = threading.Barrier(2), [], []

    def respond(minutes):
        gate.wait()
        try:
            with store.writing() as session:
                step(session, ref, "respond", minutes)
                done.append(minutes)
        except NotAllowed as error:
            refused.append(error.message)

    threads = [threading.Thread(target=respond, args=(minutes,)) for minutes in (5, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(refused) == 1
    assert "登记过" in refused[0]
    with store.reading() as session:
        ticket = queries.get_ticket(session, ref)
        assert ticket.responded_at == at(done[0])
        assert len(queries.list_events(session, ticket)) == 2
