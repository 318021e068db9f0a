"""On a terminal: what is missing is asked for, tables fit its width; completion knows nouns and verbs."""

import codecs
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from cli.conftest import Typed, environment, spawn
from rich.cells import cell_len

from eduops.cli.table_of_nouns import NOUNS
from eduops.cli.width import least_width, share_widths

COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
PATIENCE_SECONDS = 30


class Terminal:
    """A command on a pseudo-terminal: what it shows, and what is typed into it."""

    def __init__(self, words: Sequence[str], *, columns: int = 80) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self._process = spawn(
            *words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env={**plain, "TERM": "xterm"},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        # A character may be cut in two by the end of a read.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.shown = ""

    def wait_for(self, words: str) -> None:
        for piece in self._pieces():
            self.shown += piece
            if words in self.shown:
                return
        raise AssertionError(f"{words!r} was never shown in {self.shown!r}")

    def type(self, words: str) -> None:
        os.write(self._ours, words.encode())

    def press(self, key: str) -> None:
        """Presses a key until the command ends, as a person does: one that comes while Python cleans up is lost."""
        for _ in range(5):
            self.type(key)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_SECONDS / 5)
                return

    def end(self) -> int:
        """The exit code, when everything was shown."""
        self.shown += "".join(self._pieces())
        os.close(self._ours)
        return self._process.wait(PATIENCE_SECONDS)

    def _pieces(self) -> Iterator[str]:
        while select.select([self._ours], [], [], PATIENCE_SECONDS)[0]:
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                return
            if not data:
                return
            yield COLOURS.sub("", self._decoder.decode(data))


def test_a_missing_option_is_asked_for(typed: Typed) -> None:
    terminal = Terminal(["ticket", "open", "--department", "虚构科", "--json"])
    terminal.wait_for("一句话说明")
    terminal.type("考试页面打不开（虚构）\n")
    assert terminal.end() == 0
    assert typed("ticket", "list", "--json").json()[0]["title"] == "考试页面打不开（虚构）"


def test_several_missing_words_are_asked_for_one_after_the_other(typed: Typed, quarter: Path) -> None:
    terminal = Terminal(["ticket", "wait"])
    for question, answer in (
        ("工单编号", "CON-2026-0001"),
        ("等待甲方的原因", "等名单（虚构）"),
        ("甲方谁同意", "张老师（虚构）"),
    ):
        terminal.wait_for(question)
        terminal.type(f"{answer}\n")
    assert terminal.end() == 0
    assert typed("ticket", "show", "CON-2026-0001", "--json").json()["state"] == "waiting"


@pytest.mark.parametrize(("key", "said"), [("\x03", "已中止"), ("\x04", "已中止")])
def test_ctrl_c_and_ctrl_d_at_a_question_stop_and_say_so(typed: Typed, key: str, said: str) -> None:
    terminal = Terminal(["ticket", "open"])
    terminal.wait_for("一句话说明")
    terminal.press(key)
    assert terminal.end() == 130
    assert said in terminal.shown
    assert "Traceback" not in terminal.shown
    assert typed("ticket", "list", "--json").json() == []


def test_what_cannot_be_taken_back_is_asked_about(typed: Typed, home: Path) -> None:
    assert typed("ticket", "open", "--title", "虚构", "--at", "09:00").code == 0
    words = ["sla", "post", "--from", "2026-03-05", "--to", "2026-03-05"]
    for answer, code, entries in (("n", 130, 0), ("y", 0, 2)):
        terminal = Terminal(words)
        terminal.wait_for("确定记入吗")
        terminal.type(f"{answer}\n")
        assert terminal.end() == code
        assert len(typed("sla", "ledger", "--json").json()) == entries


def test_nobody_is_asked_where_nobody_can_answer(typed: Typed) -> None:
    process = spawn("ticket", "open", stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert "缺少选项 --title" in process.communicate()[1].decode()
    assert process.returncode == 2


@pytest.mark.parametrize(("columns", "left_out"), [(80, "响应"), (160, None)])
def test_tables_fit_the_terminal_and_keep_references_whole(
    quarter: Path, columns: int, left_out: str | None
) -> None:
    terminal = Terminal(["ticket", "list"], columns=columns)
    assert terminal.end() == 0
    lines = terminal.shown.splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert "│ INC-2026-0001 │" in terminal.shown
    assert "2026-03-04" in terminal.shown
    assert ("没有显示" in terminal.shown) == (left_out is not None)
    if left_out:
        assert f"没有显示：{left_out}；" in terminal.shown


def test_open_readings_keep_their_settings_whole_at_80_columns(home: Path) -> None:
    terminal = Terminal(["contract", "conflicts", "--from", "2026-01-01", "--to", "2026-03-31"])
    assert terminal.end() == 0
    lines = terminal.shown.splitlines()
    assert max(map(cell_len, lines)) <= 80
    for word in (
        "off_site_resolution:",
        "second_resolution",
        "stoppage_count:",
        "stoppages_of_term",
        "计违约",
    ):
        assert word in terminal.shown, word
    assert "没有显示" not in terminal.shown


def test_help_is_not_cut_off_at_80_columns(home: Path) -> None:
    terminal = Terminal(["report", "build", "--help"], columns=80)
    assert terminal.end() == 0
    assert "…" not in terminal.shown
    assert max(map(cell_len, terminal.shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("texts", "width"),
    [
        (["编号", "INC-2026-0001"], 13),
        (["报修", "2026-03-05 11:50"], 12),
        (["类别", "故障"], 4),
        (["内容", "考试页面打不开以后又反复出现"], 12),
        (["改动", "a" * 33], 12),
        (["改动", "a" * 32], 32),
        ([], 0),
    ],
)
def test_a_column_is_at_least_as_wide_as_its_longest_word(texts: list[str], width: int) -> None:
    assert least_width(texts) == width


@pytest.mark.parametrize(
    ("natural", "least", "available", "widths"),
    [
        ([10, 20], [10, 12], 30, None),
        ([10, 20], [10, 12], 29, [10, 19]),
        ([10, 20], [10, 12], 22, [10, 12]),
        ([10, 20], [10, 12], 21, None),
        ([30, 60], [10, 10], 50, [25, 25]),
    ],
)
def test_widths_are_shared_between_the_least_and_the_natural(
    natural: list[int], least: list[int], available: int, widths: list[int] | None
) -> None:
    assert share_widths(natural, least, available) == widths


def complete(line: str) -> list[str]:
    """What bash would offer at the end of the line."""
    asked = environment(
        _EDUOPS_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(line.split(" ")) - 1)
    )
    return spawn(stdout=subprocess.PIPE, env=asked).communicate()[0].decode().split()


def test_completion_knows_nouns_verbs_and_options(home: Path) -> None:
    assert complete("eduops ") == list(NOUNS)
    assert complete("eduops ti") == ["ticket"]
    assert complete("eduops ticket re") == ["respond", "resolve", "reopen", "record", "recurring"]
    assert complete("eduops ticket list --f") == ["--from"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_printed(home: Path, shell: str) -> None:
    asked = environment(_EDUOPS_COMPLETE=f"source_{shell}")
    script = spawn(stdout=subprocess.PIPE, env=asked).communicate()[0].decode()
    assert f"_EDUOPS_COMPLETE=complete_{shell}" in script


def test_colours_and_questions_stay_out_of_a_pipe(quarter: Path) -> None:
    process = spawn("ticket", "list", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, warned = process.communicate()
    assert len(json.loads(said)) == 2
    assert warned == b""
