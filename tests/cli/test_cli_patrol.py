"""`eduops host` and `eduops patrol` as they are typed."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from patrol.healthy_document import GOLDEN, build_healthy, put, sign

from eduops.cli import failure
from eduops.cli.main import app
from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped
from eduops.patrol import queries
from eduops.store import audit
from eduops.store.store import open_store

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copyfile(migrated_file, tmp_path / "eduops.db")
    (tmp_path / "contracts").mkdir()
    shutil.copy(find_shipped("configs", "contracts", CONTRACT_NAME), tmp_path / "contracts")
    monkeypatch.setenv("EDUOPS_HOME", str(tmp_path))
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-05T12:00:00+08:00")
    monkeypatch.setenv("EDUOPS_ACTOR", "工程师甲（虚构）")
    monkeypatch.delenv("EDUOPS_DATABASE_URL", raising=False)
    return tmp_path


@pytest.fixture
def typed(home: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs a command line; gives exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        arguments = list(words)
        code = failure.guarded(lambda: app(arguments, standalone_mode=False, prog_name="eduops"), debug=False)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def hosts(typed: Typed) -> None:
    for words in (
        ("here", "--name", "本机（虚构）"),
        ("app-1", "--name", "应用（虚构）", "--address", "10.66.0.11"),
    ):
        assert typed("host", "add", *words, "--role", "application", "--invented")[0] == 0


def count_runs(typed: Typed) -> int:
    return len(json.loads(typed("patrol", "list", "--json")[1]))


def test_hosts_are_added_listed_shown_and_retired(typed, hosts):
    listed = json.loads(typed("host", "list", "--json")[1])
    assert [(row["code"], row["address"], row["role"]) for row in listed] == [
        ("app-1", "10.66.0.11", "application"),
        ("here", "local", "application"),
    ]
    assert "应用（虚构）" in typed("host", "show", "app-1")[1]
    assert typed("host", "retire", "app-1")[0] == 2, "nobody is there to answer"
    assert typed("host", "retire", "app-1", "--yes")[0] == 0
    assert [row["code"] for row in json.loads(typed("host", "list", "--json")[1])] == ["here"]
    assert len(json.loads(typed("host", "list", "--all", "--json")[1])) == 2
    assert typed("host", "show", "nobody")[0] == 4


def test_preview_writes_no_host(typed):
    assert typed("host", "add", "app-1", "--name", "应用（虚构）", "--dry-run")[0] == 0
    assert json.loads(typed("host", "list", "--json")[1]) == []


def test_this_machine_is_measured_judged_and_kept(typed, hosts, home):
    code, said, _ = typed("patrol", "run", "--kind", "big", "--json")
    run = json.loads(said)
    assert (run["ref"], run["host"], run["kind"], run["actor"]) == (
        "PAT-2026-0001",
        "here",
        "big",
        "工程师甲（虚构）",
    )
    assert code == (0 if run["state"] == "normal" else 1)
    assert run["started_at"] == "2026-03-05T04:00:00Z" < run["finished_at"]
    assert {"cpu_percent", "memory_percent", "disk_percent"} <= {check["metric"] for check in run["checks"]}
    assert json.loads(typed("patrol", "show", run["ref"], "--json")[1]) == run
    raw = json.loads(typed("patrol", "show", run["ref"], "--document")[1])
    assert raw["checksum"] == run["document_hash"]
    with open_store(f"sqlite:///{home / 'eduops.db'}").reading() as session:
        (newest,) = audit.list_entries(session, limit=1)
        assert (newest.command, newest.subject) == ("eduops patrol run", run["ref"])


def test_what_the_agent_refuses_leaves_a_failed_run_that_shows_why(typed, hosts, home):
    shipped = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    # A path as Windows has them: right in the file, and wrong on this machine.
    wrong = shipped.replace("agents: {}", "agents: {here: {configuration: ['C:/edu/edu.ini']}}")
    (home / "patrol.yaml").write_text(wrong, encoding="utf-8")
    code, _, said = typed("patrol", "run")
    assert code == 3
    assert "configuration[0]" in said
    (row,) = json.loads(typed("patrol", "list", "--json")[1])
    assert (row["state"], row["finished_at"], row["problems"]) == (None, None, None)
    shown = typed("patrol", "show", row["ref"])[1]
    assert "失败" in shown
    assert "agents" in shown
    assert typed("patrol", "show", row["ref"], "--document")[0] == 4


def test_what_is_misspelt_for_an_agent_is_refused_with_its_line_whichever_way_a_document_comes(
    typed, hosts, home
):
    shipped = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    wrong = shipped.replace("agents: {}", "agents:\n  here:\n    servces: {expected: [nginx]}")
    (home / "patrol.yaml").write_text(wrong, encoding="utf-8")
    line = wrong.split("\n").index("    servces: {expected: [nginx]}") + 1
    for words in (("run",), ("ingest", str(GOLDEN), "--host", "here"), ("script", "here"), ("thresholds",)):
        code, _, said = typed("patrol", *words)
        assert code == 3
        assert f"第 {line} 行 agents.here.servces：没有这个键，是否想写「services」" in said
    assert typed("patrol", "list", "--json")[1].strip() == "[]"


def test_run_that_is_killed_stays_visible_as_unfinished_and_does_not_count(typed, hosts, home):
    shipped = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    slow = shipped.replace("agents: {}", "agents: {here: {interval_seconds: 8}}")
    (home / "patrol.yaml").write_text(slow, encoding="utf-8")
    running = subprocess.Popen([sys.executable, "-m", "eduops", "patrol", "run"], start_new_session=True)
    try:
        until = time.monotonic() + 60
        while not (runs := json.loads(typed("patrol", "list", "--json")[1])):
            assert time.monotonic() < until, "the intent never appeared"
            time.sleep(0.1)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    assert (runs[0]["state_text"], runs[0]["finished_at"]) == ("未完成", None)
    with open_store(f"sqlite:///{home / 'eduops.db'}").reading() as session:
        started_at = queries.list_runs(session)[0][0].started_at
        day = timedelta(days=1)
        assert queries.list_patrol_facts(session, since=started_at - day, until=started_at + day) == []


def test_run_says_what_is_missing(typed):
    code, _, said = typed("patrol", "run")
    assert code == 4
    assert "eduops host add" in said


def test_far_host_of_which_nobody_said_how_to_log_in_leaves_a_failed_run(typed, hosts):
    code, _, said = typed("patrol", "run", "app-1")
    assert code == 3
    assert "remote.yaml 没有写登录用户" in said
    (row,) = json.loads(typed("patrol", "list", "--json")[1])
    assert (row["state_text"], row["host"]) == ("失败", "app-1")


def test_ingested_document_is_judged_with_the_worst_first(typed, hosts):
    code, said, _ = typed("patrol", "ingest", str(GOLDEN), "--host", "app-1", "--json")
    run = json.loads(said)
    assert (code, run["state"], run["is_ingested"]) == (1, "critical", True)
    problems = [check["is_problem"] for check in run["checks"]]
    assert problems == sorted(problems, reverse=True)
    assert run["checks"][0]["state"] == "critical"
    shown = typed("patrol", "show", run["ref"])[1].partition("\n")[2]
    assert shown.index("问题（") < shown.index("严重") < shown.index("警告") < shown.index("其余检查（")


def test_healthy_document_from_standard_input_ends_with_nought(typed, hosts, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sign(build_healthy()))))
    code, said, _ = typed("patrol", "ingest", "-", "--host", "app-1")
    assert code == 0
    assert "正常" in said
    assert "问题：无" in said


@pytest.mark.parametrize("percent", [79.9, 80.0])
def test_exit_code_tells_a_warning_from_none(typed, hosts, tmp_path, percent):
    file = tmp_path / "app-1.json"
    file.write_bytes(sign(put(build_healthy(), "cpu", "total.used_percent", percent)))
    assert typed("patrol", "ingest", str(file), "--host", "app-1")[0] == int(percent >= 80)


def test_host_whose_mandatory_check_was_not_made_does_not_end_with_nought(typed, hosts, tmp_path):
    file = tmp_path / "app-1.json"
    document = build_healthy()
    document["probes"] = [item for item in document["probes"] if item["name"] != "memory"]
    file.write_bytes(sign(document))
    code, said, _ = typed("patrol", "ingest", str(file), "--host", "app-1", "--json")
    assert (code, json.loads(said)["state"]) == (1, "not_checked")


def test_bad_documents_write_nothing(typed, hosts, tmp_path):
    file = tmp_path / "app-1.json"
    for content in (
        b"",
        GOLDEN.read_bytes()[:500],
        GOLDEN.read_bytes().replace(b"75.0", b"15.0"),
        b"x" * 3_000_000,
    ):
        file.write_bytes(content)
        code, _, said = typed("patrol", "ingest", str(file), "--host", "app-1")
        assert code == 3
        assert str(file) in said
        assert "怎么办" in said
    assert typed("patrol", "ingest", str(tmp_path / "none.json"), "--host", "app-1")[0] == 3
    assert count_runs(typed) == 0


def test_preview_judges_and_writes_nothing(typed, hosts):
    code, said, _ = typed("patrol", "ingest", str(GOLDEN), "--host", "app-1", "--dry-run", "--json")
    assert (code, json.loads(said)["state"]) == (1, "critical")
    assert count_runs(typed) == 0


def test_list_takes_whole_days_of_the_contracts_zone(typed, hosts):
    typed("patrol", "ingest", str(GOLDEN), "--host", "app-1")
    for words, count in (
        (("--from", "2026-03-05", "--to", "2026-03-05"), 1),
        (("--to", "2026-03-04"), 0),
        (("--from", "2026-03-06"), 0),
        (("--host", "here"), 0),
    ):
        code, said, _ = typed("patrol", "list", *words, "--json")
        assert (code, len(json.loads(said))) == (0, count)
    assert typed("patrol", "list", "--host", "nobody")[0] == 4
    assert typed("patrol", "list", "--from", "5 March")[0] == 2
    assert "PAT-2026-0001" in typed("patrol", "list")[1]


def test_thresholds_in_force_are_told_with_their_file(typed, home):
    code, said, _ = typed("patrol", "thresholds", "--json")
    told = json.loads(said)
    assert (code, told["file"]) == (0, str(find_shipped("configs", "patrol.yaml")))
    assert told["default"]["cpu_percent"] == {"warning": 80.0, "critical": 95.0}
    assert told["roles"]["database"]["memory_percent"]["warning"] == 92.0
    text = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    (home / "patrol.yaml").write_text(
        text.replace("cpu_percent: {warning: 80,", "cpu_percent: {warning: 70,")
    )
    said = typed("patrol", "thresholds")[1]
    assert str(home / "patrol.yaml") in said.replace("\n", "")
    assert "70 / 95" in said
    (home / "patrol.yaml").write_text(
        text.replace("cpu_percent: {warning: 80,", "cpu_percent: {warning: 99,")
    )
    code, _, said = typed("patrol", "thresholds")
    assert code == 3
    assert "第 9 行" in said
