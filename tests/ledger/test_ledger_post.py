"""Posting: each finding once, whoever posts and however often; a poster that is killed leaves all or nothing."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from ledger_case import judge, late_ticket

from eduops.contract.engine import Evaluation
from eduops.core.errors import ConfigError, NotAllowed
from eduops.desk.service import ticket as desk
from eduops.ledger import queries, service
from eduops.ledger.head import FILE, load_head, save_head
from eduops.ledger.rules import NO_HEAD, Head
from eduops.store.store import Store, open_store

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
_PROCESS = multiprocessing.get_context("fork")


def post(store, evaluation, *, kept=NO_HEAD, with_provisional=False, now=NOW):
    with store.writing() as session:
        return service.post(
            session, evaluation, kept=kept, with_provisional=with_provisional, now=now, actor="值班（虚构）"
        )


def verify(store, kept=NO_HEAD):
    with store.reading() as session:
        return service.verify(session, kept)


def head(store):
    with store.reading() as session:
        return service.head(session)


def list_keys(store):
    with store.reading() as session:
        return [entry.finding_key for entry in queries.list_entries(session)]


def test_breaches_are_posted_with_their_figures_and_chained(store, evaluation):
    entries = post(store, evaluation)
    assert [(entry.id, entry.clause, entry.rule) for entry in entries] == [
        (1, "2.3", "response"),
        (2, "2.3", "arrival"),
        (3, "2.3", "resolution"),
        (4, "2.3", "plan"),
    ]
    with store.reading() as session:
        kept = queries.list_entries(session)
    wanted = {finding.key: finding.to_json() for finding in evaluation.findings}
    assert [entry.finding for entry in kept] == [wanted[entry.finding_key] for entry in kept]
    assert {(entry.kind, entry.posted_at, entry.posted_by) for entry in kept} == {
        ("breach", NOW, "值班（虚构）")
    }
    assert head(store) == Head(4, kept[-1].hash)
    assert verify(store, head(store)) == (4, None)


def test_posting_again_writes_nothing(store, evaluation):
    post(store, evaluation)
    before = head(store)
    assert post(store, evaluation, kept=before, now=NOW + timedelta(days=1)) == []
    assert head(store) == before


def test_later_answer_adds_only_what_is_new(store, contract, evaluation, large_evaluation):
    post(store, evaluation)
    assert len(post(store, large_evaluation)) == 11 * 4
    assert len(set(list_keys(store))) == 48
    assert verify(store, head(store)) == (48, None)


def test_notices_are_never_posted(sqlite_store, evaluation):
    assert "notice" in {finding.consequence for finding in evaluation.findings}
    entries = post(sqlite_store, evaluation, with_provisional=True)
    assert {entry.kind for entry in entries} == {"breach"}


def test_obligations_are_posted_and_breaches_without_count_too(sqlite_store, evaluation):
    first, second, *rest = evaluation.findings
    changed = (replace(first, consequence="obligation", counted=0), replace(second, counted=0), *rest)
    entries = post(sqlite_store, replace(evaluation, findings=changed))
    assert [(entry.kind, entry.counted) for entry in entries[:2]] == [("obligation", 0), ("breach", 0)]


def test_provisional_findings_are_posted_only_when_asked(sqlite_store, evaluation):
    changed = tuple(
        replace(each, provisional=True) if each.rule == "plan" else each for each in evaluation.findings
    )
    guessed = replace(evaluation, findings=changed)
    assert {entry.rule for entry in post(sqlite_store, guessed)} == {"response", "arrival", "resolution"}
    with sqlite_store.reading() as session:
        assert [each.rule for each in service.review(session, guessed, with_provisional=True)] == ["plan"]
        assert service.review(session, guessed, with_provisional=False) == []
    assert [entry.rule for entry in post(sqlite_store, guessed, with_provisional=True)] == ["plan"]


def test_the_zone_in_which_an_instant_was_given_does_not_break_the_chain(store, evaluation):
    post(store, evaluation, now=NOW.astimezone(timezone(timedelta(hours=8))))
    assert verify(store) == (4, None)


def test_what_the_desk_recorded_is_what_is_judged(store, contract):
    reported_at = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    who = {"now": NOW, "actor": "值班（虚构）", "zone": contract.zone_info}
    with store.writing() as session:
        new = desk.NewTicket("incident", "视频卡顿（虚构）")
        ref = desk.open_ticket(session, new, at=reported_at, **who).ref
        desk.take_step(session, ref, "respond", at=reported_at + timedelta(minutes=31), **who)
        answer = service.evaluate_period(
            session, contract, from_on=reported_at.date(), to_on=reported_at.date(), as_of=NOW
        )
    found = {(finding.rule, finding.subject, finding.actual) for finding in answer.findings}
    assert ("response", ref, 31) in found
    assert [entry.subject for entry in post(store, answer)] == [ref] * 4


def test_failed_unit_of_work_leaves_no_entry(store, evaluation):
    with pytest.raises(ZeroDivisionError), store.writing() as session:
        service.post(session, evaluation, kept=NO_HEAD, with_provisional=False, now=NOW, actor="值班（虚构）")
        raise ZeroDivisionError
    assert list_keys(store) == []
    post(store, evaluation)
    assert verify(store) == (4, None)


def _address(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def _post_in_process(url: str, evaluation: Evaluation, ready, go, written, hold: bool) -> None:
    store = open_store(url)
    ready.set()
    go.wait()
    with store.writing() as session:
        service.post(session, evaluation, kept=NO_HEAD, with_provisional=False, now=NOW, actor="值班（虚构）")
        if hold:
            written.set()
            time.sleep(60)
    os._exit(0)


def _start_poster(store, evaluation, go, *, hold=False):
    ready, written = _PROCESS.Event(), _PROCESS.Event()
    process = _PROCESS.Process(
        target=_post_in_process, args=(_address(store), evaluation, ready, go, written, hold)
    )
    process.start()
    assert ready.wait(30)
    return process, written


def test_two_processes_posting_at_once_write_each_entry_once(store, large_evaluation):
    go = _PROCESS.Event()
    posters = [_start_poster(store, large_evaluation, go)[0] for _ in range(2)]
    go.set()
    for poster in posters:
        poster.join(60)
    assert [poster.exitcode for poster in posters] == [0, 0]
    keys = list_keys(store)
    assert len(keys) == len(set(keys)) == 48
    assert verify(store, head(store)) == (48, None)


def test_poster_killed_before_its_commit_leaves_nothing(store, large_evaluation):
    go = _PROCESS.Event()
    poster, written = _start_poster(store, large_evaluation, go, hold=True)
    go.set()
    assert written.wait(30)
    os.kill(poster.pid, signal.SIGKILL)
    poster.join()
    assert verify(store) == (0, None)
    assert len(post(store, large_evaluation)) == 48
    assert verify(store, head(store)) == (48, None)


def test_poster_killed_at_any_moment_leaves_all_or_nothing(store, contract):
    for round_number, milliseconds in enumerate((0, 2, 4, 7, 11, 16, 23, 35, 60, 110)):
        # Each round brings twelve new tickets to those of the rounds before.
        answer = judge(contract, *map(late_ticket, range(1, round_number * 12 + 13)))
        go = _PROCESS.Event()
        poster, _ = _start_poster(store, answer, go)
        go.set()
        time.sleep(milliseconds / 1000)
        os.kill(poster.pid, signal.SIGKILL)
        poster.join()
        count, fault = verify(store)
        assert (count - round_number * 48 in (0, 48), fault) == (True, None)
        post(store, answer)
        assert verify(store, head(store)) == (round_number * 48 + 48, None)


def test_head_is_kept_beside_the_table(tmp_path, sqlite_store, evaluation):
    assert load_head(tmp_path) == NO_HEAD
    post(sqlite_store, evaluation)
    save_head(tmp_path, head(sqlite_store))
    assert load_head(tmp_path) == head(sqlite_store)


def test_slower_poster_does_not_put_an_older_head_back(tmp_path):
    save_head(tmp_path, Head(5, "5" * 64))
    save_head(tmp_path, Head(3, "3" * 64))
    assert load_head(tmp_path) == Head(5, "5" * 64)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b'{"count": 3}',
        b'{"hash": "a"}',
        b'{"count": "x", "hash": "a"}',
        b"\xff\xfe",
        b"null",
        b'{"count":-5,"hash":3}',
        b'{"count": -1, "hash": "%s"}' % (b"a" * 64),
        b'{"count": true, "hash": "%s"}' % (b"a" * 64),
        b'{"count": 1.0, "hash": "%s"}' % (b"a" * 64),
        b'{"count": 1, "hash": "%s"}' % (b"a" * 63),
        b'{"count": 1, "hash": "%s"}' % (b"A" * 64),
        b'{"count": 1, "hash": 3}',
        b'{"count": 1e999, "hash": "%s"}' % (b"a" * 64),
        b'{"count": %s, "hash": "%s"}' % (b"9" * 5000, b"a" * 64),
        b"[" * 900,
        b"[" * 100_000,
        b'{"count": 1, "hash": "%s"}' % (b"a" * 64) + b" " * 1000,
    ],
)
def test_damaged_head_is_a_configuration_error_and_is_not_overwritten(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    for use in (lambda: load_head(tmp_path), lambda: save_head(tmp_path, Head(9, "9" * 64))):
        with pytest.raises(ConfigError, match=FILE) as caught:
            use()
        assert "从备份恢复" in caught.value.hint
    assert (tmp_path / FILE).read_bytes() == content


def test_nothing_is_posted_onto_a_ledger_that_does_not_fit(store, evaluation, large_evaluation):
    post(store, evaluation)
    with pytest.raises(NotAllowed, match=r"末尾缺少记录.*5 条.*4 条"):
        post(store, large_evaluation, kept=Head(5, "5" * 64))
    assert len(list_keys(store)) == 4
