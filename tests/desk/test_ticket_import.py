"""Importing tickets: all or nothing, also when it is killed; the same file again changes nothing. All invented (虚构)."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import func, select

from eduops.contract.fact import Exclusion, Reopening, TicketFact
from eduops.core.errors import InputError
from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped
from eduops.desk import queries
from eduops.desk.models.ticket import Ticket, TicketEvent, TicketExclusion, TicketReopening
from eduops.desk.rules.exchange import TicketFile, TicketRow
from eduops.desk.service import ticket as tickets
from eduops.desk.service import ticket_file as service
from eduops.store.store import open_store

ZONE = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
NOW = NINE + timedelta(days=1)


def told(ref, **fields):
    return TicketFact(ref, NINE, title="考试页面打不开（虚构）", **fields)


def take_in(session, *facts):
    rows = TicketFile(tuple(TicketRow(fact, f"第 {number} 行") for number, fact in enumerate(facts, 1)))
    return service.import_tickets(session, rows, file="工单.jsonl", now=NOW, actor="值班（虚构）", zone=ZONE)


def opened(session):
    new = tickets.NewTicket("incident", "虚构")
    return tickets.open_ticket(session, new, at=NINE, now=NOW, actor="值班（虚构）", zone=ZONE).ref


def test_reference_of_another_form_is_kept_and_the_story_says_where_it_came_from(store):
    with store.writing() as session:
        take_in(session, told("报修单-七（虚构）"))
        ticket = queries.get_ticket(session, "报修单-七（虚构）")
        (event,) = queries.list_events(session, ticket)
    assert (event.step, event.happened_at, event.recorded_at) == ("import", NINE, NOW)
    assert event.values == {"file": "工单.jsonl"}


def test_known_ticket_told_otherwise_is_refused_with_both_values(store):
    with store.writing() as session:
        take_in(session, told("A", responded_at=NINE))
    with store.writing() as session, pytest.raises(InputError) as refused:
        take_in(session, told("B"), told("A", responded_at=NINE + timedelta(minutes=5)))
    (problem,) = refused.value.problems
    assert problem.address == "第 2 行"
    assert "2026-03-05T09:00:00+08:00" in problem.message
    assert "2026-03-05T09:05:00+08:00" in problem.message
    with store.reading() as session:
        assert [fact.ref for fact in queries.load_facts(session)] == ["A"]


def test_imported_reference_of_our_form_is_not_given_out_again(store):
    with store.writing() as session:
        assert opened(session) == "INC-2026-0001"
        take_in(session, told("INC-2026-0041"), told("INC-2026-0007"), told("INC-2025-0100"))
        assert opened(session) == "INC-2026-0042"
        take_in(session, told("INC-2026-0009"))
        assert opened(session) == "INC-2026-0043"


def test_opened_ticket_that_is_imported_as_it_stands_is_unchanged(store):
    with store.writing() as session:
        ref = opened(session)
        fact = queries.get_fact(session, queries.get_ticket(session, ref))
        result = take_in(session, fact, told("B"))
    assert (result.rows, result.added, result.unchanged) == (2, 1, 1)


def test_imported_ticket_goes_on_by_steps(store):
    wait = Exclusion(NINE, None, "等", "张老师（虚构）")
    with store.writing() as session:
        take_in(session, told("A", exclusions=(wait,), resolved_at=NINE, reopened=(Reopening(NINE),)))
        tickets.take_step(
            session, "A", "resolve", at=NINE + timedelta(minutes=9), now=NOW, actor="值班（虚构）", zone=ZONE
        )
        fact = queries.get_fact(session, queries.get_ticket(session, "A"))
    assert fact.exclusions[0].to_at == NINE + timedelta(minutes=9)
    assert fact.reopened == (Reopening(NINE, NINE + timedelta(minutes=9)),)


def test_wait_that_was_imported_as_begun_after_the_resolution_does_not_keep_a_ticket_open(sqlite_store):
    late = NINE + timedelta(minutes=30)
    wait = Exclusion(late, None, "等", "张老师（虚构）")
    with sqlite_store.writing() as session:
        take_in(session, told("A", kind="request", exclusions=(wait,), resolved_at=NINE))
        ticket = tickets.take_step(session, "A", "close", at=late, now=NOW, actor="值班（虚构）", zone=ZONE)
        assert queries.get_fact(session, ticket).exclusions[0].to_at == late


def test_two_imports_of_one_file_at_once_write_it_once(store):
    facts = [told(f"T-{number}") for number in range(300)]
    gate, results = threading.Barrier(2), []

    def run():
        gate.wait()
        with store.writing() as session:
            results.append(take_in(session, *facts))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.added for result in results) == [0, 300]
    with store.reading() as session:
        assert session.exec(select(func.count()).select_from(Ticket)).one() == 300


@pytest.fixture
def big_file(tmp_path):
    path = tmp_path / "工单.jsonl"
    day = "2026-03-05T{:02}:00+08:00"
    with path.open("w", encoding="utf-8") as stream:
        for number in range(6_000):
            record = {
                "ref": f"T-{number}", "title": "虚构", "reported_at": day.format(9), "resolved_at": day.format(10),
                "exclusions": [{"from": day.format(9), "to": day.format(10), "reason": "等", "agreed_by": "张"}],
                "reopened": [{"reopened_at": day.format(11), "resolved_at": day.format(12)}],
            }  # fmt: skip
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def counts(home: Path) -> set[int]:
    store = open_store(f"sqlite:///{home / 'eduops.db'}")
    with store.reading() as session:
        tables = (Ticket, TicketExclusion, TicketReopening, TicketEvent)
        found = {session.exec(select(func.count()).select_from(table)).one() for table in tables}
    store.engine.dispose()
    return found


def test_an_import_that_is_killed_leaves_all_or_nothing(tmp_path, migrated_file, big_file):
    """Killed at ten points of its run; afterwards the same import does what is left to do."""
    command = [sys.executable, "-m", "eduops", "ticket", "import", str(big_file)]
    source = random.Random(7)
    seconds = None
    for turn in range(11):
        home = tmp_path / f"home{turn}"
        (home / "contracts").mkdir(parents=True)
        shutil.copyfile(migrated_file, home / "eduops.db")
        shutil.copy(find_shipped("configs", "contracts", CONTRACT_NAME), home / "contracts")
        environment = {**os.environ, "EDUOPS_HOME": str(home)}
        begun = time.monotonic()
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            if seconds is None:
                assert process.wait() == 0
                seconds = time.monotonic() - begun
                continue
            # The first part of a run is imports of Python modules and reading; most kills fall into the writing.
            time.sleep(seconds * source.uniform(0.3, 1.0))
            process.send_signal(signal.SIGKILL)
        assert counts(home) in ({0}, {6_000})
    done = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout)["rows"] == 6_000
    assert counts(home) == {6_000}
