"""The daemon and its rivals as real processes: each due instant once, kill -9, SIGTERM, a job that hangs."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import psycopg
import pytest
import schedule
from workflow_schedule import write_home, write_jobs

from eduops.core.home import Home
from eduops.store.store import open_store
from eduops.workflow.schedule import record
from eduops.workflow.schedule.daemon import keep_polling

BEGIN = "2026-03-05T07:29:55+08:00"
DAILY = "daily: {title: 虚构, command: [audit, list], when: {every: day, at: 07:30}}"


@pytest.fixture
def place_of():
    """The environment of whoever works in a home."""

    def build(home: Path, url: str | None = None) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("EDUOPS_", "INVOCATION_ID"))
        }
        ours = {"EDUOPS_HOME": str(home), "EDUOPS_ACTOR": "值班（虚构）", "EDUOPS_NOW": BEGIN}
        return kept | ours | ({"EDUOPS_DATABASE_URL": url} if url else {})

    return build


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def place(request, tmp_path, migrated_file, place_of):
    """A home and the environment of whoever works in it."""
    home = write_home(tmp_path / "home", migrated_file, DAILY)
    if request.param == "sqlite":
        return home, place_of(home)
    server = request.getfixturevalue("postgresql_server")
    return home, place_of(home, server.create_database(template="migrated"))


def begin(environment, *words, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "eduops", "schedule", *words], env={**environment, **more},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(environment, *words, **more):
    process = begin(environment, *words, **more)
    out, err = process.communicate(timeout=90)
    return process.returncode, out, err


@contextmanager
def daemon(environment, **more) -> Iterator["subprocess.Popen[str]"]:
    process = begin(environment, "run", **more)
    try:
        assert process.stdout.readline().startswith("调度器开始运行")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def runs(environment):
    """The run table, read beside whoever writes it."""
    home = Home(Path(environment["EDUOPS_HOME"]), environment.get("EDUOPS_DATABASE_URL"))
    store = open_store(home.database_url)
    try:
        with store.reading() as session:
            return record.list_runs(session)
    finally:
        store.engine.dispose()


def wait_until(find, seconds=90):
    until = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.3)
    return found


def _drop_connections(environment):
    """What a restart of the server does to those who hold a connection."""
    if "EDUOPS_DATABASE_URL" in environment:
        with psycopg.connect(environment["EDUOPS_DATABASE_URL"], autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL"
            )


def test_daemon_runs_what_is_due_beside_ticks_of_cron_each_instant_once_and_a_second_daemon_is_refused(place):
    _, environment = place
    run(environment, "tick")
    with daemon(environment) as first:
        code, _, err = run(environment, "run")
        assert (code, "已经有一个 eduops schedule run 在运行" in err) == (4, True)
        _drop_connections(environment)
        rivals = [begin(environment, "tick", EDUOPS_NOW="2026-03-05T07:30:02+08:00") for _ in range(3)]
        for rival in rivals:
            out, err = rival.communicate(timeout=90)
            assert (rival.returncode, out, err) == (0, "", "")
        wait_until(lambda: [each for each in runs(environment) if each.state == "succeeded"])
        time.sleep(1)
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0
        assert first.stdout.read() == "调度器已停止。\n"
    (only,) = runs(environment)
    assert (f"{only.due_at:%d %H:%M}", only.state) == ("04 23:30", "succeeded")


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_ticks_at_once_share_what_is_due_between_them(place):
    home, environment = place
    jobs = [DAILY.replace("daily:", f"job-{number}:") for number in range(3)]
    write_jobs(home, *jobs)
    run(environment, "tick")
    ticks = [begin(environment, "tick", EDUOPS_NOW="2026-03-05T07:30:20+08:00") for _ in range(3)]
    for each in ticks:
        out, err = each.communicate(timeout=120)
        assert (each.returncode, out, err) == (0, "", "")
    found = runs(environment)
    assert Counter(each.job for each in found) == Counter(f"job-{number}" for number in range(3))
    assert {each.state for each in found} == {"succeeded"}


@pytest.mark.server
def test_two_machines_on_one_database_run_each_due_instant_once_between_them(
    tmp_path, migrated_file, postgresql_server, place_of
):
    url = postgresql_server.create_database(template="migrated")
    jobs = [DAILY.replace("daily:", f"job-{number}:") for number in range(3)]
    places = [place_of(write_home(tmp_path / name, migrated_file, *jobs), url) for name in ("a", "b")]
    for each in places:
        run(each, "tick")
    ticks = [begin(each, "tick", EDUOPS_NOW="2026-03-05T07:30:20+08:00") for each in places * 2]
    for each in ticks:
        out, err = each.communicate(timeout=120)
        assert (each.returncode, out, err) == (0, "", "")
    found = runs(places[0])
    assert Counter(each.job for each in found) == Counter(f"job-{number}" for number in range(3))
    assert {each.state for each in found} == {"succeeded"}


@contextmanager
def stuck(home: Path, environment) -> Iterator[None]:
    """A job that hangs: a patrol of a host that takes the connection and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    (home / "remote.yaml").write_text(
        f"defaults: {{user: eduops, port: {port}, connect_seconds: 600, overall_seconds: 600, use_agent: true}}\n"
    )
    subprocess.run(
        [sys.executable, "-m", "eduops", "host", "add", "far", "--name", "虚构", "--address", "127.0.0.1"],
        env=environment, check=True, capture_output=True,
    )  # fmt: skip
    write_jobs(
        home,
        "hangs: {title: 虚构, command: [patrol, trust, far], when: {every: day, at: 07:30}}",
        "quick: {title: 虚构, command: [audit, list], when: {every: day, at: 07:30}}",
    )
    try:
        yield
    finally:
        listener.close()


def _jobs(environment, job):
    return [each for each in runs(environment) if each.job == job]


def test_a_job_that_hangs_holds_nobody_up_kill_9_is_told_at_the_next_start_and_the_lock_is_free(place):
    home, environment = place
    with stuck(home, environment):
        run(environment, "tick")
        with daemon(environment) as first:
            wait_until(lambda: [each for each in _jobs(environment, "quick") if each.state == "succeeded"])
            (hanging,) = _jobs(environment, "hangs")
            assert hanging.state == "running"
            child = psutil.Process(hanging.process)
            first.kill()
            first.wait(10)
            assert child.is_running()
        code, _, _ = run(environment, "tick", EDUOPS_NOW="2026-03-05T07:31:20+08:00")
        assert code == 0
        assert not child.is_running()
        (broken,) = _jobs(environment, "hangs")
        assert (broken.state, "残留的进程已结束" in broken.note) == ("interrupted", True)
        code, out, _ = run(environment, "missed", "--json", EDUOPS_NOW="2026-03-05T07:32:00+08:00")
        assert (code, [each["state"] for each in json.loads(out)]) == (1, ["interrupted"])
        # The lock is free: the job may be begun again, and SIGTERM ends it with its scheduler.
        again = begin(environment, "run-job", "hangs")
        wait_until(lambda: len(_jobs(environment, "hangs")) == 2)
        time.sleep(1)
        again.send_signal(signal.SIGTERM)
        assert again.wait(30) == 143
        assert [each.state for each in _jobs(environment, "hangs")] == ["interrupted"] * 2


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_sigterm_ends_the_daemon_with_its_children_and_says_so_in_their_lines(place):
    home, environment = place
    with stuck(home, environment):
        run(environment, "tick")
        with daemon(environment) as first:
            (hanging,) = wait_until(lambda: [each for each in _jobs(environment, "hangs") if each.process])
            child = psutil.Process(hanging.process)
            first.send_signal(signal.SIGTERM)
            assert first.wait(40) == 0
            assert not child.is_running()
        (broken,) = _jobs(environment, "hangs")
        assert (broken.state, broken.note) == ("interrupted", "调度器停止，任务随之中止")


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_schedule_that_became_wrong_leaves_what_was_in_force_and_is_told_once(place):
    home, environment = place
    run(environment, "tick")
    with daemon(environment) as first:
        (home / "schedule.yaml").write_text("jobs: [\n")
        wait_until(lambda: [each for each in runs(environment) if each.state == "succeeded"])
        first.send_signal(signal.SIGTERM)
        first.wait(30)
        assert first.stdout.read().count("处问题") == 1


class _Listener(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.called.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_an_address_is_called_while_a_scheduler_lives_and_is_never_written_anywhere(place):
    home, environment = place
    server = HTTPServer(("127.0.0.1", 0), _Listener)
    server.called = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    secret = home / "ping.url"
    secret.write_text(f"http://127.0.0.1:{server.server_port}/geheim-7\n")
    secret.chmod(0o600)
    write_jobs(home, DAILY, ping="{url_file: ping.url}")
    assert run(environment, "tick") == (0, "", "")
    with daemon(environment) as first:
        wait_until(lambda: len(server.called) >= 2)
        first.send_signal(signal.SIGTERM)
        first.wait(30)
        assert "geheim-7" not in first.stdout.read() + first.stderr.read()
    assert set(server.called) == {"/geheim-7"}
    server.shutdown()
    server.server_close()
    code, _, err = run(environment, "tick")
    assert (code, "geheim" in err) == (0, False)
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and path != secret)
    assert b"geheim-7" not in written


def test_a_clock_that_was_put_back_does_not_make_the_daemon_wait_for_it():
    asked = []
    scheduler, tasks = schedule.Scheduler(), {lambda: asked.append(1): 1}
    keep_polling(scheduler, tasks)
    (job,) = scheduler.get_jobs()
    job.next_run += timedelta(hours=3)
    keep_polling(scheduler, tasks)
    (again,) = scheduler.get_jobs()
    assert (again is job, scheduler.idle_seconds < 2) == (False, True)
    keep_polling(scheduler, tasks)
    assert scheduler.get_jobs() == [again]
    assert isinstance(again.next_run, datetime)
