"""The agent's own loop: its beat, its spool and what it says of what was lost, the signals that end it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import patrol_schema
import pytest
from eduops_agent.loop import find_next
from eduops_agent.spool import Spool, SpoolError

AGENT = Path(__file__).resolve().parents[2] / "agent"
QUICK = ("--probe", "memory")


@pytest.fixture
def loop(tmp_path):
    """Starts `eduops-agent loop` on tmp_path/spool; gives back the process, which the fixture ends."""
    started = []

    def start(*words, python=sys.executable, sampling=0.1):
        config = tmp_path / "loop.json"
        config.write_text(json.dumps({"interval_seconds": sampling, "timeout_seconds": 2}))
        command = [
            python,
            "-m",
            "eduops_agent",
            "loop",
            "--spool",
            str(tmp_path / "spool"),
            "--config",
            str(config),
        ]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(AGENT)}
        process = subprocess.Popen(
            [*command, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def documents_of(tmp_path):
    return sorted((tmp_path / "spool").glob("patrol-*.json"))


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never happened")


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [
        (100.0, 100.0, (160.0, 0)),
        (100.0, 101.5, (160.0, 0)),
        (100.0, 159.9, (160.0, 0)),
        # Due at 160 while still running: that one is skipped, the beat is kept.
        (100.0, 160.0, (220.0, 1)),
        (100.0, 161.0, (220.0, 1)),
        (100.0, 400.0, (460.0, 5)),
    ],
)
def test_beat_is_kept_and_never_caught_up(due, now, expected):
    assert find_next(due, now, 60.0) == expected


def test_loop_writes_whole_documents_and_ends_cleanly_on_a_signal(loop, tmp_path, python):
    process = loop("--interval", "1", *QUICK, python=python)
    wait_for(lambda: len(documents_of(tmp_path)) >= 2)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, b"", b"")
    for path in documents_of(tmp_path):
        document = json.loads(path.read_text())
        assert patrol_schema.list_problems(document) == []
        assert document["spool"] == dict.fromkeys(document["spool"], 0)
        assert path.stat().st_mode & 0o777 == 0o600
        assert re.sub(r"[-:.]", "", document["measured_at"]) in path.name
    assert not list((tmp_path / "spool").glob(".*.part"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_signal_in_the_middle_of_measuring_leaves_no_probe_behind(loop, tmp_path, number):
    process = loop("--interval", "60", "--probe", "cpu", sampling=30)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_for(children.read_text)
    probes = children.read_text().split()
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode == 0
    wait_for(lambda: not any(Path("/proc", pid).exists() for pid in probes))


def test_second_loop_on_the_same_spool_is_refused(loop, tmp_path):
    loop("--interval", "60", *QUICK)
    wait_for(lambda: documents_of(tmp_path))
    second = loop("--interval", "60", *QUICK)
    _, err = second.communicate(timeout=10)
    assert second.returncode == 4
    assert "另一个 eduops-agent loop 正在使用" in err.decode() and b"Traceback" not in err


def test_spool_that_cannot_be_made_is_told(run_agent, tmp_path):
    (tmp_path / "file").write_text("")
    done = run_agent("loop", "--spool", str(tmp_path / "file" / "spool"))
    assert done.returncode == 4 and "不能使用缓存目录" in done.stderr.decode()


def test_loop_goes_on_where_a_document_has_no_room_and_tells_it_in_the_next(loop, tmp_path):
    process = loop(
        "--interval",
        "1",
        "--spool-bytes",
        "10000",
        "--probe",
        "cpu",
        "--probe",
        "network",
        "--probe",
        "system",
    )
    # Three probes of this host come to more than a third of that: soon the oldest goes.
    wait_for(
        lambda: any(
            json.loads(path.read_text())["spool"]["dropped_documents"] for path in documents_of(tmp_path)
        )
    )
    assert process.poll() is None
    assert sum(path.stat().st_size for path in documents_of(tmp_path)) <= 10_000


def test_loop_writes_metrics_too(loop, tmp_path):
    loop("--interval", "60", "--prometheus", str(tmp_path / "eduops.prom"), *QUICK)
    wait_for((tmp_path / "eduops.prom").exists)
    assert "eduops_memory_total_bytes " in (tmp_path / "eduops.prom").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["loop"], "缺少选项： --spool"),
        (["loop", "--spool", "x", "--interval", "0.5"], "1 到 86400 秒"),
        (["loop", "--spool", "x", "--spool-bytes", "9999"], "不小于 10000"),
        (["loop", "--spool", "x", "--format", "json"], "不认识的参数"),
    ],
)
def test_loop_options_are_checked(run_agent, words, said):
    done = run_agent(*words)
    assert done.returncode == 2 and said in done.stderr.decode()


def add(spool, second, size, told=None):
    told = spool.tell() if told is None else told
    spool.add(f"2026-03-05T03:50:{second:02}.000Z", b"x" * size, told)


def test_oldest_documents_go_first_and_the_loss_is_told_once(tmp_path):
    spool = Spool(str(tmp_path), 1000)
    (tmp_path / "notes.json").write_text("not ours, x" * 500)
    for second in range(3):
        add(spool, second, 400)
    assert [path.name for path in sorted(tmp_path.glob("patrol-*"))] == [
        "patrol-20260305T035001000Z.json",
        "patrol-20260305T035002000Z.json",
    ]
    told = spool.tell()
    assert (told["dropped_documents"], told["dropped_bytes"]) == (1, 400)
    add(spool, 3, 100, told)
    assert spool.tell()["dropped_documents"] == 0
    assert (tmp_path / "notes.json").exists()


def test_loss_that_nobody_was_told_survives_a_restart(tmp_path):
    spool = Spool(str(tmp_path), 1000)
    for second in range(3):
        add(spool, second, 400)
    spool.close()
    assert Spool(str(tmp_path), 1000).tell()["dropped_documents"] == 1


def test_document_larger_than_the_spool_is_counted_and_nothing_passes_the_bound(tmp_path):
    spool = Spool(str(tmp_path), 1000)
    add(spool, 0, 900)
    with pytest.raises(SpoolError, match="超过缓存上限"):
        add(spool, 1, 1001)
    assert spool.tell()["dropped_bytes"] == 1001 + 900
    assert not list(tmp_path.glob("patrol-*"))


def test_two_documents_of_one_instant_are_both_kept(tmp_path):
    spool = Spool(str(tmp_path), 1000)
    add(spool, 0, 10)
    add(spool, 0, 20)
    assert len(list(tmp_path.glob("patrol-*.json"))) == 2


def test_what_a_killed_loop_left_half_written_is_cleared_away(tmp_path):
    (tmp_path / ".patrol-20260305T035000000Z.json.part").write_text("{")
    Spool(str(tmp_path), 1000).close()
    assert not list(tmp_path.glob(".*.part"))


def test_damaged_record_of_losses_counts_as_none(tmp_path):
    (tmp_path / "losses.json").write_text(
        '{"dropped_documents": "many", "dropped_bytes": -1, "skipped_runs": 2}'
    )
    assert Spool(str(tmp_path), 1000).tell() == {
        "dropped_documents": 0,
        "dropped_bytes": 0,
        "skipped_runs": 2,
        "failed_writes": 0,
    }


def test_document_that_cannot_be_written_is_counted(tmp_path):
    spool = Spool(str(tmp_path / "spool"), 1000)
    spool.note_skipped(2)
    told = spool.tell()
    (tmp_path / "spool").rename(tmp_path / "elsewhere")
    with pytest.raises(SpoolError, match="不能写入缓存目录"):
        add(spool, 0, 10, told)
    assert (spool.tell()["failed_writes"], spool.tell()["skipped_runs"]) == (1, 2)
    (tmp_path / "elsewhere").rename(tmp_path / "spool")
    add(spool, 1, 10)
    assert spool.tell() == dict.fromkeys(spool.tell(), 0)
