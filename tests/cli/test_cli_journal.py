"""Every run leaves its line in the home's log, errors another one, and a log that cannot be written stops nothing."""

import json
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import ACTOR, environment, spawn

from eduops.core import log


def call(*words: str, **changes: str) -> tuple[int, str, str]:
    process = spawn(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**changes))
    out, err = process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def logs(home: Path) -> Path:
    (home / "logs").mkdir()
    return home / "logs"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / log.FILE).read_text(encoding="utf-8").splitlines()]


def test_run_leaves_one_line_with_who_what_and_how_it_ended(logs: Path) -> None:
    assert call("--home", str(logs.parent), "ticket", "list", "--json")[0] == 0
    (line,) = lines(logs)
    assert line["actor"] == ACTOR
    assert (line["level"], line["command"], line["arguments"], line["exit_code"]) == (
        "info", "eduops ticket list", ["--json"], 0,
    )  # fmt: skip
    assert line["milliseconds"] > 0
    assert not line["at"].startswith("2026-03-05"), "the log tells the machine's own time"


def test_error_leaves_a_line_of_its_own_without_what_was_typed(logs: Path) -> None:
    code, _, err = call("learner", "show", "XN13800138000")
    assert code == 4
    assert "XN13800138000" in err
    error, run = lines(logs)
    assert (error["level"], error["error"], error["exit_code"], run["exit_code"]) == (
        "error",
        "NotFound",
        4,
        4,
    )
    assert "13800138000" not in (logs / log.FILE).read_text(encoding="utf-8")
    assert "traceback" not in error


def test_debug_keeps_the_calls_that_led_to_an_error(logs: Path) -> None:
    call("--debug", "learner", "show", "XN虚构")
    error = lines(logs)[0]
    assert "Traceback" in error["traceback"]
    assert "XN虚构" not in json.dumps(error, ensure_ascii=False)


def test_database_password_is_in_no_line(logs: Path) -> None:
    code, _, _ = call("--debug", "ticket", "list", EDUOPS_DATABASE_URL="postgresql://u:geheim@127.0.0.1:1/x")
    assert code == 5
    assert lines(logs)[0]["error"] == "OutsideError"
    assert "geheim" not in (logs / log.FILE).read_text(encoding="utf-8")


def test_help_leaves_nothing_and_no_home_is_made(logs: Path, tmp_path: Path) -> None:
    for words in (["--help"], ["--version"], ["ticket", "list", "--help"], ["ticket"]):
        call(*words)
    assert not (logs / log.FILE).exists()
    stranger = tmp_path / "stranger"
    (stranger / "logs").mkdir(parents=True)
    assert call("--home", str(stranger), "ticket", "list")[0] == 3
    assert [path.name for path in stranger.rglob("*")] == ["logs"]


def test_log_that_cannot_be_written_is_one_warning_and_the_command_works(logs: Path) -> None:
    (logs / log.FILE).mkdir()
    code, out, err = call("ticket", "list", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert err.count("运行日志没有写成") == 1
    assert len(err.splitlines()) == 1


def test_disk_that_takes_no_more_is_one_warning_and_the_command_works(logs: Path) -> None:
    most = 2_000_000
    (logs / log.FILE).write_bytes(b"\n" * most)
    process = spawn(
        "ticket", "list", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )  # fmt: skip
    out, err = process.communicate()
    assert (process.returncode, json.loads(out), err.decode().count("运行日志没有写成")) == (0, [], 1)
    assert "文件太大" in err.decode()


def test_broken_settings_do_not_keep_a_log_from_being_rotated(logs: Path) -> None:
    (logs.parent / "eduops.yaml").write_text("customer: [")
    (logs / log.FILE).write_text('{"at": "2026-01-01T00:00:00.000+00:00", "level": "info"}\n')
    _, _, err = call("tenant", "list")
    assert "运行日志" not in err
    assert not (logs / log.FILE).exists()
    assert len(list(logs.glob("eduops-*.jsonl.gz"))) == 1


@pytest.mark.parametrize(("days", "code"), [("179", 1), ("180", 0)])
def test_log_is_never_kept_for_less_than_180_days(logs: Path, days: str, code: int) -> None:
    (logs.parent / "eduops.yaml").write_text(f"log_days: {days}\n")
    told = call("doctor", "--json")[1]
    check = next(each for each in json.loads(told) if each["name"] == "设置 eduops.yaml")
    assert (check["state"] == "fault") == bool(code)
    assert not code or "不小于 180" in check["seen"]
