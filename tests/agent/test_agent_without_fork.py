"""A system without fork, uname, /proc and the Unix modules, as near as an interpreter here can be made to it.

It stands for Windows, where nobody of us has run the agent: what is proved is that nothing needs what is missing there.
"""

import json
from pathlib import Path

import patrol_schema
import pytest

# Loaded by the interpreter before anything else. /proc is hidden from the agent alone: psutil needs it here.
SITE = """
import builtins, os, sys

for name in ("fork", "forkpty", "uname", "getloadavg", "setsid", "killpg"):
    if hasattr(os, name):
        delattr(os, name)

load = builtins.__import__

def load_less(name, globals=None, *words, **named):
    # psutil is another one on Windows; here it needs some of these.
    if name in ("pwd", "grp", "fcntl", "resource") and not str((globals or {}).get("__name__")).startswith("psutil"):
        raise ImportError("No module named " + name)
    return load(name, globals, *words, **named)

builtins.__import__ = load_less

def hide(function, answer):
    def hidden(path, *words, **named):
        asks = sys._getframe(1).f_globals.get("__name__", "")
        if asks.startswith("eduops_agent") and isinstance(path, str) and path.startswith(("/proc", "/run/systemd")):
            return answer(path)
        return function(path, *words, **named)
    return hidden

def missing(path):
    raise FileNotFoundError(2, "No such file or directory", path)

builtins.open = hide(open, missing)
os.listdir = hide(os.listdir, missing)
os.path.exists = hide(os.path.exists, lambda path: False)
"""
HONEST = {"ok", "not_checked"}


@pytest.fixture
def bare(tmp_path):
    """Variables under which an interpreter starts without what Windows lacks."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE)
    agent = Path(__file__).resolve().parents[2] / "agent"
    return {"PYTHONPATH": f"{folder}:{agent}"}


def sections_of(done):
    assert (done.returncode, done.stderr) == (0, b"")
    document = json.loads(done.stdout)
    assert patrol_schema.list_problems(document) == []
    return {section["name"]: section for section in document["probes"]}


def test_every_probe_measures_or_says_why_not(run_agent, bare):
    sections = sections_of(run_agent("--interval", "0.2", **bare))
    assert [name for name, section in sections.items() if section["status"] not in HONEST] == []
    for name in ("system", "cpu", "memory", "disks", "network", "processes"):
        assert sections[name]["status"] == "ok", sections[name]
    assert sections["system"]["data"]["uptime_seconds"] > 0
    assert sections["disks"]["data"]["filesystems"]
    assert sections["network"]["data"]["interfaces"]
    processes = sections["processes"]["data"]
    assert processes["count"] > 1 and processes["is_complete"]
    assert sections["cpu"]["data"]["load_5m"] is None and sections["cpu"]["data"]["load_reason"]


def test_old_python_without_psutil_says_what_it_could_not_look_at(run_agent, bare, python, tmp_path):
    (tmp_path / "site" / "psutil.py").write_text("raise ImportError('not here')")
    sections = sections_of(run_agent("--interval", "0.1", python=python, **bare))
    assert {section["status"] for section in sections.values()} <= HONEST
    for name in ("memory", "processes", "network"):
        assert sections[name]["status"] == "not_checked" and "/proc" in sections[name]["reason"]


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        # What a probe loads takes its process along, as a broken library would.
        ("lambda: os._exit(7)", "探针进程意外退出，退出码 7"),
        ("lambda: time.sleep(60)", "超过 6.1 秒没有结果，已终止"),
    ],
    ids=["dies", "hangs"],
)
def test_probe_that_dies_or_hangs_costs_only_itself(run_agent, bare, tmp_path, deed, said):
    (tmp_path / "site" / "psutil.py").write_text(
        f"import os, time\n__version__ = '0'\nvirtual_memory = {deed}\n"
    )
    config = tmp_path / "agent.json"
    config.write_text('{"timeout_seconds": 1, "interval_seconds": 0.1}')
    words = ("--config", str(config), "--probe", "memory", "--probe", "accounts")
    sections = sections_of(run_agent(*words, **bare))
    assert (sections["memory"]["status"], sections["memory"]["reason"]) == ("failed", said)
    assert sections["accounts"]["status"] == "ok"


def test_logs_are_not_read_where_nothing_can_be_locked(run_agent, bare, tmp_path):
    log = tmp_path / "app.log"
    log.write_text("error\n")
    config = tmp_path / "agent.json"
    config.write_text(json.dumps({"logs": {"files": [{"path": str(log), "patterns": []}]}}))
    section = sections_of(run_agent("--config", str(config), "--probe", "logs", **bare))["logs"]
    assert (section["status"], section["reason"]) == ("not_checked", "本系统没有文件锁")
