"""What came in with the data cannot steer the terminal, and what a list leaves out is said."""

import json
import re
from pathlib import Path

import pytest
from cli.conftest import Typed, write_roster
from cli.test_cli_terminal import Terminal
from rich.cells import cell_len

from eduops.cli.sla_screen import explain_uncounted
from eduops.cli.visible import visible, visible_in_json

GOLDEN = Path(__file__).parents[1] / "golden" / "patrol" / "demo-host.json"
TRICK = "虚构\x1b[31m\u202e\x9b[/b]\x7f"
SHOWN = "虚构\\x1b[31m\\u202e\\x9b[/b]\\x7f"


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\x08", "\\x08"), ("\t", "\t"), ("\n", "\n"), ("\x0b", "\\x0b"), ("\x1f", "\\x1f"), (" ", " "), ("~", "~"),
        ("\x7f", "\\x7f"), ("\x9f", "\\x9f"), ("\xa0", "\xa0"), ("\u2029", "\u2029"), ("\u202a", "\\u202a"),
        ("\u202e", "\\u202e"), ("\u202f", "\u202f"), ("\u2066", "\\u2066"), ("\u2069", "\\u2069"), ("\u206a", "\u206a"),
    ],
)  # fmt: skip
def test_only_what_a_terminal_obeys_is_written_out(character: str, shown: str) -> None:
    assert visible(character) == shown
    assert json.loads(visible_in_json(json.dumps(character, ensure_ascii=False))) == character


def test_tables_fields_sentences_and_errors_show_what_a_terminal_would_obey(typed: Typed) -> None:
    assert SHOWN in typed("ticket", "open", "--title", TRICK).out
    assert SHOWN in typed("ticket", "list").out
    assert SHOWN in typed("ticket", "show", "INC-2026-0001").out
    assert "虚构\\x1b" in typed("exam", "show", TRICK).err + typed("bank", "show", TRICK).err
    assert "虚构\\x1b" in typed("ticket", "list", "--kind", TRICK).err


def test_json_keeps_the_very_characters_without_sending_one(typed: Typed) -> None:
    typed("ticket", "open", "--title", TRICK)
    told = typed("ticket", "list", "--json")
    assert told.json()[0]["title"] == TRICK
    assert visible(told.out) == told.out


def test_a_list_that_was_cut_says_of_how_many(typed: Typed, quarter: Path) -> None:
    assert typed("learner", "list", "--limit", "3").out.startswith("学员（前 3，共 8；--limit 看更多）")
    assert typed("learner", "list", "--limit", "3", "--tenant", "main").out.startswith("学员（前 3，共 8")
    assert typed("learner", "list", "--limit", "8").out.startswith("学员（8）")
    total = typed("audit", "verify", "--json").json()["count"]
    assert typed("audit", "list", "--limit", "2").out.startswith(f"操作日志（前 2，共 {total}；")
    assert len(typed("learner", "list", "--limit", "3", "--json").json()) == 3


def test_the_count_of_a_cut_list_is_its_tenants_own(typed: Typed, quarter: Path, tmp_path: Path) -> None:
    other = typed("tenant", "list", "--json").json()[1]["name"]
    people = write_roster(tmp_path / "名册.xlsx", ("XN91", "虚构九一"), ("XN92", "虚构九二"))
    assert typed("learner", "import", people, "--tenant", other, "--invented").code == 0
    assert typed("learner", "list", "--limit", "1", "--tenant", other).out.startswith("学员（前 1，共 2；")


def test_references_and_instants_stay_whole_at_80_columns(
    typed: Typed,
) -> None:
    named = ("--name", "应用服务器（虚构）", "--campus", "虚构院区", "--role", "all_in_one")
    assert typed("host", "add", "app-server-1", *named).code == 0
    assert typed("patrol", "ingest", GOLDEN, "--host", "app-server-1").code == 1
    [made] = typed("patrol", "list", "--json").json()
    listed = show_at_80_columns("patrol", "list")
    assert f"│ {made['ref']} │" in listed
    assert re.search(r"│ \d{4}-\d\d-\d\d \d\d:\d\d │", listed)
    assert "│ app-server-1 │" in show_at_80_columns("host", "list")


def show_at_80_columns(*words: str) -> str:
    terminal = Terminal(words, columns=80)
    assert terminal.end() == 0
    assert max(map(cell_len, terminal.shown.splitlines())) <= 80
    return terminal.shown


def test_an_unknown_choice_is_answered_with_the_choices_in_chinese(typed: Typed) -> None:
    told = typed("patrol", "run", "--kind", "大巡检")
    assert told.code == 2
    listed = "daily（日常巡检）、big（大巡检）、monthly（月度评估）、on_demand（临时巡检）"
    assert f"--kind 的值不正确：「大巡检」不在可选范围，可选：{listed}" in told.err
    told = typed("host", "add", "app-1", "--name", "虚构", "--environment", "生产")
    assert "可选：production（生产）、test（测试）" in told.err


@pytest.mark.parametrize(
    ("row", "is_explained"),
    [
        ({"consequence": "breach", "counted": 0}, True),
        ({"consequence": "breach", "counted": 1}, False),
        ({"consequence": "notice", "counted": 0}, False),
        ({"kind": "breach", "state": "in_force", "counted": 0}, True),
        ({"kind": "breach", "state": "waived", "counted": 0}, False),
        ({"kind": "breach", "counted": 0}, True),
        ({"kind": "obligation", "counted": 0, "consequence": "obligation"}, False),
        ({"kind": "revoke", "counted": 0, "consequence": "breach"}, False),
    ],
)
def test_a_breach_that_counts_nothing_is_explained(
    capsys: pytest.CaptureFixture[str], row: dict[str, object], is_explained: bool
) -> None:
    explain_uncounted([row])
    assert ("只计一次" in capsys.readouterr().out) == is_explained


def test_init_says_that_settings_of_before_were_kept(typed: Typed) -> None:
    assert "没有改动" not in typed("init", "--customer", "虚构医院").out
    assert "eduops.yaml 原来就有，没有改动" in typed("init", "--customer", "虚构医院二").out
    assert "没有改动" not in typed("init").out


def test_tickets_are_found_by_references_in_lower_case_and_full_width(typed: Typed) -> None:
    typed("ticket", "open", "--kind", "consult", "--title", "虚构", "--at", "９：００")
    told = typed("ticket", "respond", " ｃｏｎ-2026-0001", "--at", "2026-03-05　09：30")
    assert told.out.startswith("CON-2026-0001 已登记响应：2026-03-05 09:30")
    assert typed("ticket", "show", "con-2026-0001").code == 0


def test_an_instant_in_the_future_is_refused_as_it_was_understood(typed: Typed) -> None:
    typed("ticket", "open", "--title", "虚构", "--at", "9:00")
    told = typed("ticket", "respond", "INC-2026-0001", "--at", "11：51")
    assert told.code == 4
    assert told.err.startswith("错误：时刻 2026-03-05 11:51 还没有到")
