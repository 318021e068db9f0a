"""A host whose programs and logs hold what a terminal would obey: the document has none of it and is judged."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from eduops_agent.document import clean

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol.paste_script import render_script
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.paste import read_paste
from eduops.patrol.rules.paste_document import build_document
from eduops.patrol.rules.threshold import PatrolConfig

NAME = "up\x1b[2J\x07"
SHOWN = "up\ufffd[2J\ufffd"
LIMITS = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig).default
# Takes a name of its own and works, so that it is among those that work most.
_BUSY = (
    "import ctypes, sys\n"
    f"ctypes.CDLL(None).prctl(15, {NAME.encode()!r}, 0, 0, 0)\n"
    "print('ready', flush=True)\n"
    "while True: pass"
)


@pytest.fixture
def busy() -> Iterator[int]:
    """A process whose title clears the screen."""
    process = subprocess.Popen([sys.executable, "-c", _BUSY, "\x1b]0;title\x07"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def test_process_that_clears_the_screen_is_measured_and_judged(busy, run_agent, tmp_path):
    config, log = tmp_path / "agent.json", tmp_path / "app.log"
    log.write_bytes(b"ERROR \x1b[31mred\x1b[0m \x9b2J \xc2\x9b2J \x00 end\r\n")
    watched = {"files": [{"path": str(log), "patterns": [{"name": "\u9519\u8bef", "pattern": "ERROR"}]}]}
    expected = {"expected": [{"name": NAME}]}
    settings = {"interval_seconds": 0.5, "logs": watched, "processes": expected}
    config.write_text(json.dumps(settings), encoding="utf-8")
    done = run_agent("--config", str(config), "--probe", "processes", "--probe", "logs")
    assert done.returncode == 0, done.stderr
    document = parse_document(done.stdout)
    data = {section.name: section.data for section in document.probes}
    assert [row["name"] for row in data["processes"]["top_cpu"] if row["pid"] == busy] == [SHOWN]
    assert data["processes"]["expected"][0]["count"] == 1, "it is found by its own name all the same"
    (match,) = data["logs"]["logs"][0]["matches"]
    assert "ERROR \ufffd[31mred\ufffd[0m" in json.dumps(match, ensure_ascii=False)
    checks = judge(document, LIMITS).checks
    assert any(check.metric == "process_running" and check.state == "normal" for check in checks)
    assert all(check.text.isprintable() for check in checks)


def test_pasted_answer_of_such_a_host_is_judged_too(busy):
    printed = subprocess.run(
        ["sh", "-c", render_script("app-1", "abcdefghij", {})], capture_output=True, check=True
    )
    document = parse_document(build_document(read_paste(printed.stdout), {}))
    (section,) = [section for section in document.probes if section.name == "processes"]
    assert section.status == "ok"
    assert judge(document, LIMITS).checks


def test_tab_and_newline_stay_and_every_other_control_character_goes():
    for number in [*range(0x20), *range(0x7F, 0xA0)]:
        found = clean({chr(number): chr(number)})
        kept = {9: "\t", 10: "\n", 13: " "}.get(number, "\ufffd")
        assert found == {kept: kept}, number
    assert clean("虚构\u3000\u202e") == "虚构\u3000\u202e", "others are for whoever shows it"
