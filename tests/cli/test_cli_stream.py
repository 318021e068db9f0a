"""The process's streams: full, closed, of another encoding, and the signal that ends it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli.conftest import Typed, environment, spawn

NOT_SHOWN = "已执行完，但结果没有完全显示出来（No space left on device）；请用查询命令核对，不要重复执行\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["--help"],
        ["ticket", "open", "--help"],
        ["tenant", "list"],
        ["tenant", "list", "--json"],
    ],
)
def test_a_full_screen_is_told_apart_from_a_fault_of_ours(home: Path, words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        process = spawn(*words, stdout=full, stderr=subprocess.PIPE)
    assert process.communicate()[1].decode() == NOT_SHOWN
    assert process.returncode == 5


def test_what_could_not_be_shown_was_done_all_the_same(typed: Typed) -> None:
    with Path("/dev/full").open("wb") as full:
        process = spawn("ticket", "open", "--title", "虚构", stdout=full, stderr=subprocess.PIPE)
    assert process.communicate()[1].decode() == NOT_SHOWN
    assert [ticket["title"] for ticket in typed("ticket", "list", "--json").json()] == ["虚构"]


def test_a_full_error_stream_leaves_the_code(home: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        assert spawn("ticket", "show", "INC-2026-9999", stderr=full).wait() == 4


@pytest.mark.parametrize(
    ("closed", "words", "code"),
    [
        (">&-", "ticket list", 0),
        ("2>&-", "ticket list", 0),
        ("2>&-", "ticket show INC-2026-9999", 4),
        ("<&-", "ticket list", 0),
        ("<&-", "ticket open", 2),
        ("<&- >&- 2>&-", "ticket open --title 虚构", 0),
    ],
)
def test_closed_streams_change_nothing(home: Path, closed: str, words: str, code: int) -> None:
    line = f"exec {sys.executable} -m eduops {words} {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=False)
    assert done.returncode == code
    assert b"Error" not in done.stderr


@pytest.mark.parametrize(
    "changes", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}]
)  # fmt: skip
def test_chinese_is_shown_whatever_the_locale(home: Path, changes: dict[str, str]) -> None:
    process = spawn("ticket", "list", stdout=subprocess.PIPE, env=environment(**changes))
    assert "没有工单" in process.communicate()[0].decode()


def test_a_chinese_locale_keeps_its_encoding(home: Path) -> None:
    asked = environment(PYTHONIOENCODING="gb18030")
    process = spawn("ticket", "list", stdout=subprocess.PIPE, env=asked)
    assert "没有工单" in process.communicate()[0].decode("gb18030")


def test_an_argument_that_is_no_text_is_wrong_usage(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "eduops", "ticket", "open", "--title", b"\xff"], stderr=subprocess.PIPE
    )
    assert "第 4 个参数「\\udcff」不是 UTF-8 文字" in process.communicate()[1].decode()
    assert process.returncode == 2


def test_a_wish_to_stop_unwinds_and_says_so(home: Path) -> None:
    reading, writing = os.pipe()
    words = ["patrol", "ingest", "-", "--host", "app-1"]
    process = spawn(*words, stdin=reading, stderr=subprocess.PIPE)
    os.close(reading)
    # It waits for a document: the folder of its home is asked for first, so look until it reads.
    while "pipe" not in Path(f"/proc/{process.pid}/wchan").read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.communicate()[1].decode() == "收到终止信号，已中止；没有做完的部分没有写入。\n"
    assert process.returncode == 143
    os.close(writing)
