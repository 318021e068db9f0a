"""The paste-back script in real shells on a real terminal, and its answer read back through all that terminals do."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.core.errors import InputError
from eduops.patrol.collect import collect_local
from eduops.patrol.configuration import find_config_path, load_config
from eduops.patrol.paste_script import make_nonce, render_script
from eduops.patrol.rules.check import State
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.paste import Paste, compute_cksum, is_paste, read_paste
from eduops.patrol.rules.paste_document import build_document
from eduops.patrol.rules.threshold import PROBES

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))
from patrol_schema import list_problems

SHELLS = ["dash", "bash --posix", "busybox sh"]
CONFIG = {"processes": {"expected": [{"name": "init"}]}, "services": {"expected": ["ssh"]}}
NONCE = "abcdefghij"


def script_for(shell: str, nonce: str = NONCE, host: str = "app-1") -> str:
    return render_script(host, nonce, CONFIG).replace("sh <<", f"{shell} <<", 1)


def run_script(shell: str, **environment: str) -> bytes:
    done = subprocess.run(
        [*shell.split(), "-c", script_for(shell)], capture_output=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def answer() -> str:
    """A whole answer, of this machine."""
    return run_script("dash").decode("ascii")


@pytest.fixture(scope="module")
def measured(answer: str) -> bytes:
    return read_paste(answer.encode()).content


def paste_into_terminal(shell: str, text: str) -> bytes:
    """Everything that a terminal of 80 columns shows while the text is pasted into an interactive shell."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(COLUMNS="80", LINES="24", TERM="xterm", PS1="[ops@app-1 ~]$ ", ENV="")
        words = shell.split()
        os.execvp(words[0], [*words, "-i"])
    shown, rest, until = bytearray(), text.encode() + b"\nexit\n", time.monotonic() + 60
    try:
        while time.monotonic() < until:
            readable, writable, _ = select.select([terminal], [terminal] if rest else [], [], 1)
            if writable:
                rest = rest[os.write(terminal, rest[:256]) :]
            if readable:
                chunk = os.read(terminal, 65536)
                shown += chunk
                if not chunk:
                    break
    except OSError:
        # The terminal is gone with its shell.
        pass
    os.close(terminal)
    os.waitpid(pid, 0)
    return bytes(shown)


@pytest.mark.needs("busybox")
@pytest.mark.parametrize("shell", SHELLS)
def test_script_pasted_into_a_terminal_is_read_back(shell):
    shown = paste_into_terminal(shell, script_for(shell))
    paste = read_paste(shown)
    assert (paste.nonce, paste.host) == (NONCE, "app-1")
    document = parse_document(build_document(paste, CONFIG))
    statuses = {section.name: section.status for section in document.probes}
    assert {"system", "cpu", "memory", "disks", "network", "processes"} <= {
        name for name, status in statuses.items() if status == "ok"
    }


def run_without(shell: str, missing: str, folder: Path) -> Paste:
    """The script's answer on a host that lacks a program."""
    for searched in os.environ["PATH"].split(os.pathsep):
        for path in Path(searched).glob("*") if Path(searched).is_dir() else ():
            if path.name != missing and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    # busybox has its own of everything; only what the script calls by name counts for the others.
    text = script_for(shell).replace(':/usr/local/sbin:/usr/sbin:/sbin"', '"')
    done = subprocess.run([*shell.split(), "-c", text], capture_output=True, env={"PATH": str(folder)})
    return read_paste(done.stdout)


@pytest.mark.needs("busybox")
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("missing", ["sha256sum", "gzip", "base64", "timeout"])
def test_script_does_without_what_a_host_lacks(shell, missing, tmp_path):
    assert b"eduops-script 1" in run_without(shell, missing, tmp_path).content


def test_use_of_the_processor_is_not_checked_where_nothing_could_wait_between_two_readings(tmp_path):
    content = build_document(run_without("dash", "sleep", tmp_path), CONFIG)
    assert list_problems(json.loads(content)) == []
    document = parse_document(content)
    found = {section.name: section for section in document.probes}
    assert (found["cpu"].status, found["cpu"].data) == ("not_checked", None)
    assert "没有可用的 sleep 命令" in found["cpu"].reason
    assert (found["processes"].status, found["processes"].data["top_cpu"]) == ("ok", [])
    assert {row["sent_bytes_per_second"] for row in found["network"].data["interfaces"]} == {None}
    checks = judge(document, load_config(find_config_path(tmp_path / "home")).for_role("application")).checks
    assert [check.state for check in checks if check.probe == "cpu"] == [State.NOT_CHECKED]


def test_script_writes_nothing_and_changes_nothing(tmp_path):
    text = render_script("app-1", NONCE, {})
    assert not re.search(r"\b(rm|mv|cp|tee|chmod|kill|sudo|curl|wget|touch|mkdir|dd)\b ", text)
    assert not re.search(r">\s*(?!/dev/null|&|[ 1])\S", re.sub(r"[<]{2}'\w+'|NR > 1|while \(.*", "", text))
    assert "\t" not in text, "a tab would start completion in an interactive shell"
    assert "!" not in text, "history expansion would change it"
    assert max(map(len, text.splitlines())) < 1000
    subprocess.run(["dash", "-c", text], cwd=tmp_path, check=True, capture_output=True)
    assert list(tmp_path.iterdir()) == []


def test_document_of_the_script_follows_the_agents_schema(measured):
    content = build_document(Paste(NONCE, "app-1", measured), CONFIG)
    document = json.loads(content)
    assert list_problems(document) == []
    assert {item["name"] for item in document["probes"]} == set(PROBES) - {"drift"}


def test_host_that_was_only_looked_at_by_the_script_is_not_called_normal(measured):
    document = parse_document(build_document(Paste(NONCE, "app-1", measured), {}))
    thresholds = load_config(find_config_path(Path("/nowhere"))).for_host("app-1", "application")
    wanted = thresholds.model_copy(update={"mandatory": ("certificates",)})
    judgement = judge(document, wanted)
    (check,) = [check for check in judgement.checks if check.probe == "certificates"]
    assert check.state is State.NOT_CHECKED
    assert "eduops-agent" in check.text
    assert judgement.state is not State.NORMAL


def test_machine_is_the_one_that_the_agent_sees(measured):

    by_script = parse_document(build_document(Paste(NONCE, "app-1", measured), {}))
    by_agent = parse_document(collect_local({"interval_seconds": 0.1}).content)
    assert by_script.host.machine_id_hash == by_agent.host.machine_id_hash
    assert by_script.host.hostname == by_agent.host.hostname


def test_agent_that_is_installed_on_the_host_is_used(tmp_path):
    document = b'{"schema": 1, "whatever": "the agent says"}\n'
    agent = tmp_path / "eduops-agent"
    agent.write_text(f"#!/bin/sh\necho '{document.decode().strip()}'\n")
    agent.chmod(0o755)
    shown = run_script("dash", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert build_document(read_paste(shown), {}) == document


def test_cksum_is_that_of_posix():
    for content in (b"", b"a", b"eduops\n" * 1000):
        said = subprocess.run(["cksum"], input=content, capture_output=True, check=True).stdout
        assert compute_cksum(content) == int(said.split()[0])


def test_nonces_differ_and_hosts_are_told_from_documents(answer):
    assert len({make_nonce() for _ in range(100)}) == 100
    assert is_paste(answer.encode())
    assert not is_paste(b'{"schema": 1}')


def records(answer: str) -> list[str]:
    return [line for line in answer.splitlines() if line.startswith("#")]


NOISE = st.sampled_from(
    [
        "[ops@app-1 ~]$ ", "Broadcast message from root@app-1 (Tue):", "\x1b[0m\x1b[K", "\x1b]0;ops@app-1\x07",
        "-- MORE --",
        "printf '#EDUOPS:%s:BEGIN:%s:%s#\\n' \"$nonce\" \"$host\" \"$kind\"", "#EDUOPS:$nonce:BEGIN:app-1:g64#", "# 备注",
        "#abcdefghij:0001:AAAA:ffff#",
    ]
)  # fmt: skip


@given(
    width=st.integers(20, 200),
    noise=st.lists(st.tuples(st.integers(0, 400), NOISE), max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r\r\n", " \n"]),
)
@settings(max_examples=60, deadline=None)
def test_wraps_prompts_colours_and_line_ends_do_not_matter(answer, measured, width, noise, end):
    lines = list(records(answer))
    for place, text in noise:
        lines.insert(min(place, len(lines)), text)
    wrapped = [line[start : start + width] for line in lines for start in range(0, len(line), width)]
    assert read_paste(end.join(wrapped).encode()).content == measured


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_is_done_to_an_answer_it_is_read_right_or_refused(answer, measured, data):
    text = bytearray("\n".join(records(answer)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        match data.draw(st.sampled_from(["change", "cut", "add", "double"])):
            case "change":
                text[place] = data.draw(st.integers(32, 126))
            case "cut":
                del text[place : place + data.draw(st.integers(1, 400))]
            case "add":
                text[place:place] = data.draw(st.binary(max_size=40))
            case "double":
                text[place:place] = text[place : place + 300]
        if not text:
            text += b"#"
    try:
        paste = read_paste(bytes(text))
    except InputError as error:
        assert error.hint
    else:
        assert (paste.nonce, paste.host, paste.content) == (NONCE, "app-1", measured)


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_anything_else_is_refused_with_a_reason(content):
    with pytest.raises(InputError):
        read_paste(b"#EDUOPS:" + content)


def test_missing_and_altered_lines_are_named(answer):
    lines = records(answer)
    altered = lines[7].replace(lines[7].split(":")[2][:4], "AAAA")
    kept = [*lines[:3], *lines[6:7], altered, *lines[8:]]
    with pytest.raises(InputError) as caught:
        read_paste("\n".join(kept).encode())
    said = " ".join(map(str, caught.value.problems))
    assert "缺少第 3-5 行" in said
    assert "第 7 行有改动" in said
    with pytest.raises(InputError) as caught:
        read_paste("\n".join(lines[:-1]).encode())
    assert "没有结尾" in str(caught.value.problems[0])
    with pytest.raises(InputError, match="没有脚本输出的开头"):
        read_paste("\n".join(lines[1:]).encode())


def test_second_attempt_counts_where_the_first_was_garbled(answer, measured):
    lines = records(answer)
    twice = "\n".join([*lines[:5], *lines[8:], "[ops@app-1 ~]$", *lines])
    assert read_paste(twice.encode()).content == measured


def test_answer_of_which_the_host_was_changed_is_refused(answer):
    with pytest.raises(InputError) as caught:
        read_paste(answer.replace(":BEGIN:app-1:", ":BEGIN:app-2:").encode())
    assert "总校验和不符" in str(caught.value.problems[0])


def test_script_that_was_cut_off_on_the_host_is_refused(measured):
    with pytest.raises(InputError, match="没有运行完"):
        build_document(Paste(NONCE, "app-1", measured[: len(measured) // 2]), {})
    with pytest.raises(InputError, match="不是这一版脚本"):
        build_document(Paste(NONCE, "app-1", b"something else"), {})


def test_process_that_is_not_seen_by_its_name_is_not_said_to_be_missing(measured):
    config = {"processes": {"expected": [{"name": "nowhere"}, {"name": "java", "command": "catalina"}]}}
    document = parse_document(build_document(Paste(NONCE, "app-1", measured), config))
    expected = next(item for item in document.probes if item.name == "processes").data["expected"]
    assert [row["status"] for row in expected] == ["not_checked", "not_checked"]
