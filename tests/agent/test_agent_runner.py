"""The runner with probes that hang, crash, lie and leave programs behind: each costs only itself."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from eduops_agent.context import Context, Failed, NotChecked
from eduops_agent.rows import measure_rows
from eduops_agent.runner import run_probes


def run(timeout_seconds: float = 0.5, **measures):
    probes = {name: SimpleNamespace(NAME=name, measure=measure) for name, measure in measures.items()}
    contexts = {name: Context(None, 0.1, timeout_seconds, None) for name in measures}
    return {section["name"]: section for section in run_probes(probes, contexts)}


def is_alive(pid: str) -> bool:
    try:
        return ") Z " not in Path("/proc", pid, "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def good(context):
    return {"seen": 1}


def hanging(context):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    time.sleep(60)


def crashing(context):
    os.kill(os.getpid(), signal.SIGKILL)


def leaving(context):
    os._exit(7)


def exiting(context):
    raise SystemExit(1)


def raising(context):
    raise ZeroDivisionError("nought")


def refusing(context):
    raise NotChecked("没有权限")


def failing(context):
    raise Failed("坏了")


def too_large(context):
    return {"x": "x" * 3_000_000}


def no_json(context):
    return {"x": float("nan")}


def broken_text(context):
    return {"name": "caf\udce9 \ud83d", "deep": [{"备份".encode().decode("ascii", "surrogateescape"): 1}]}


def chatty(context):
    os.write(1, b"this must not get into the document")
    os.write(2, b"nor this")
    return {}


@pytest.mark.parametrize(
    ("measure", "status", "said"),
    [
        (hanging, "failed", "秒没有结果，已终止"),
        (crashing, "failed", "信号 9"),
        (leaving, "failed", "退出码 7"),
        (exiting, "failed", "SystemExit"),
        (raising, "failed", "ZeroDivisionError: nought（test_agent_runner.py:"),
        (refusing, "not_checked", "没有权限"),
        (failing, "failed", "坏了"),
        (too_large, "failed", "已丢弃"),
        (no_json, "failed", "ValueError"),
    ],
)
def test_bad_probe_costs_only_itself(measure, status, said):
    sections = run(first=good, bad=measure, last=good)
    assert (sections["bad"]["status"], sections["bad"]["data"]) == (status, None)
    assert said in sections["bad"]["reason"]
    for name in ("first", "last"):
        assert (sections[name]["status"], sections[name]["data"]) == ("ok", {"seen": 1})


def test_all_hanging_probes_together_cost_one_allowance():
    started = time.monotonic()
    run(a=hanging, b=hanging, c=hanging)
    assert time.monotonic() - started < 3


def test_large_result_within_the_limit_comes_through():
    assert len(run(a=lambda context: {"x": "x" * 1_000_000})["a"]["data"]["x"]) == 1_000_000


def test_programs_of_a_killed_probe_are_killed_too(tmp_path):
    def starts_a_program(context):
        child = subprocess.Popen(["sleep", "60"])
        (tmp_path / "pid").write_text(str(child.pid))
        child.wait()

    assert run(a=starts_a_program)["a"]["status"] == "failed"
    pid = (tmp_path / "pid").read_text()
    for _ in range(100):
        if not is_alive(pid):
            return
        time.sleep(0.02)
    raise AssertionError("the program lives on")


def test_thread_left_behind_by_a_probe_does_not_hold_the_document_up():
    def leaves_a_thread(context):
        threading.Thread(target=time.sleep, args=(60,)).start()
        return {"seen": 2}

    started = time.monotonic()
    assert run(timeout_seconds=20, a=leaves_a_thread)["a"]["data"] == {"seen": 2}
    assert time.monotonic() - started < 2


def test_output_of_a_probe_stays_out_of_the_document(capfd):
    assert run(a=chatty)["a"]["status"] == "ok"
    assert capfd.readouterr() == ("", "")


def test_names_that_are_no_utf8_become_legal_json():
    data = run(a=broken_text)["a"]["data"]
    assert data == {"name": "caf\ufffd \ufffd", "deep": [{"备份": 1}]}


def test_silent_row_costs_only_itself():
    def fail():
        raise Failed("坏了")

    def forbid():
        raise PermissionError(13, "Permission denied")

    calls = [("a", dict), ("b", lambda: time.sleep(30)), ("c", fail), ("d", forbid), ("e", lambda: 1 // 0)]
    started = time.monotonic()
    rows = measure_rows([({"name": name}, call) for name, call in calls], 0.3)
    assert time.monotonic() - started < 2
    assert [(row["name"], row["status"]) for row in rows] == [
        ("a", "ok"),
        ("b", "failed"),
        ("c", "failed"),
        ("d", "not_checked"),
        ("e", "failed"),
    ]
    assert (rows[1]["reason"], rows[2]["reason"], rows[3]["reason"]) == (
        "0.3 秒内没有答复",
        "坏了",
        "没有权限",
    )


def test_agent_that_is_told_to_stop_leaves_no_probe_behind(tmp_path):
    agent = Path(__file__).resolve().parents[2] / "agent"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(agent)}
    words = [sys.executable, "-m", "eduops_agent", "--interval", "30"]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = []
    for _ in range(200):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if len(children) >= 4:
            break
        time.sleep(0.02)
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (143, b"", b"")
    assert children
    for _ in range(100):
        # Killed at once; whoever adopts them may take a moment to bury them.
        if not any(is_alive(pid) for pid in children):
            return
        time.sleep(0.02)
    raise AssertionError("a probe lives on")
