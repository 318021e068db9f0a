"""Two people at once: what both do to one entry or one month is written once; a killed one leaves nothing."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ledger_case import EVENING, judge, late_ticket
from ledger_store import add_good_ticket

from eduops.core.errors import Conflict
from eduops.ledger import closing, queries, service
from eduops.ledger.rules import NO_HEAD
from eduops.store.store import open_store

NOW = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
WHO = {"kept": NO_HEAD, "now": NOW, "actor": "值班（虚构）"}
WAIVER = {"customer": "张主任（虚构）", "document": "信函〔2026〕12号", "reason": "院方断电"}
FINE, REFUSED = 0, 7
_PROCESS = multiprocessing.get_context("fork")


def waive(session, contract):
    service.waive(session, 1, **WAIVER, **WHO)


def correct(session, contract):
    """What was found turns out differently: three revocations and amendments a ticket."""
    early = replace(late_ticket(1), responded_at=EVENING + timedelta(minutes=9))
    service.post(session, judge(contract, early, late_ticket(2)), with_provisional=False, **WHO)


def close(session, contract):
    closing.close(session, contract, "2026-07", contract_hash="c" * 64, **WHO)


def _act(url, act, contract, ready, go):
    store = open_store(url)
    ready.set()
    go.wait()
    try:
        with store.writing() as session:
            act(session, contract)
    except Conflict:
        os._exit(REFUSED)
    os._exit(FINE)


def start(store, act, contract, go):
    ready = _PROCESS.Event()
    url = store.engine.url.render_as_string(hide_password=False)
    process = _PROCESS.Process(target=_act, args=(url, act, contract, ready, go))
    process.start()
    assert ready.wait(30)
    return process


def race(store, act, contract):
    go = _PROCESS.Event()
    both = [start(store, act, contract, go) for _ in range(2)]
    go.set()
    for process in both:
        process.join(60)
    return sorted(process.exitcode for process in both)


@pytest.fixture
def posted(store, contract):
    with store.writing() as session:
        service.post(session, judge(contract, late_ticket(1), late_ticket(2)), with_provisional=False, **WHO)
    return store


def list_kinds(store):
    with store.reading() as session:
        assert service.verify(session, service.head(session))[1] is None
        assert closing.verify(session, closing.head(session))[1] is None
        return [entry.kind for entry in queries.list_entries(session)][8:]


def test_breach_waived_by_two_at_once_is_waived_once(posted, contract):
    assert race(posted, waive, contract) == [FINE, REFUSED]
    assert list_kinds(posted) == ["waive"]


def test_correction_posted_by_two_at_once_is_written_once(posted, contract):
    assert race(posted, correct, contract) == [FINE, FINE]
    assert list_kinds(posted) == ["revoke", "amend"]


def test_month_closed_by_two_at_once_is_closed_once(store, contract):
    add_good_ticket(store, 1)
    assert race(store, close, contract) == [FINE, FINE]
    with store.reading() as session:
        assert closing.verify(session, NO_HEAD) == (1, None)


@pytest.mark.parametrize("act", [waive, correct, close], ids=["waive", "correct", "close"])
def test_whoever_is_killed_at_any_moment_leaves_all_or_nothing(posted, contract, act):
    before = {"waive": ([], ["waive"]), "correct": ([], ["revoke", "amend"]), "close": ([], [])}[act.__name__]
    for milliseconds in (0, 2, 4, 7, 11, 16, 23, 35, 60, 110):
        go = _PROCESS.Event()
        process = start(posted, act, contract, go)
        go.set()
        time.sleep(milliseconds / 1000)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert list_kinds(posted) in before
    with posted.writing() as session:
        if act is not waive or not list_kinds(posted):
            act(session, contract)
    assert list_kinds(posted) == before[1]
    with posted.reading() as session:
        assert closing.verify(session, NO_HEAD) == (int(act is close), None)
