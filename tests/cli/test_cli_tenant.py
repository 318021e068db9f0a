"""`eduops tenant` as it is typed; hospitals and people are invented (虚构)."""

import io
from pathlib import Path

import pytest
from cli.conftest import Typed, write_roster
from cli.test_cli_terminal import Terminal

ADD = ("tenant", "add", "xu-hospital", "虚构医院")
HOSPITALS = "机构名称,上级单位,人数,开始日期,到期日期,联系人,联系电话\n"


def say(patch: pytest.MonkeyPatch, line: str) -> None:
    """Gives the next command a line on its standard input."""
    patch.setattr("sys.stdin", io.StringIO(f"{line}\n"))


def write_hospitals(path: Path, *rows: str) -> Path:
    path.write_text(HOSPITALS + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_a_tenant_through_its_life(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, "138 0000 0001")
    said = typed(*ADD, "--quota", "120", "--from", "2026-01-01", "--to", "2026-04-04", "--contact-phone")
    assert (said.code, said.out) == (0, "已登记外院「虚构医院」（xu-hospital）\n")
    (listed,) = typed("tenant", "list", "--json").json()
    assert (listed["headcount_quota"], listed["contract_until"], listed["state"]) == (
        120,
        "2026-04-04",
        "active",
    )
    checked = typed("tenant", "check", "--json")
    assert (checked.code, [(each["code"], each["days_left"], each["within"]) for each in checked.json()]) == (
        1,
        [("expires", 30, 30)],
    )
    renewed = typed("tenant", "renew", "虚构医院", "--to", "2027-04-04", "--json").json()
    assert (renewed["start_on"], renewed["last_on"], renewed["headcount_quota"]) == (
        "2026-04-05",
        "2027-04-04",
        120,
    )
    assert typed("tenant", "check").code == 0
    shown = typed("tenant", "show", "虚构医院", "--json").json()
    assert [each["last_on"] for each in shown["contracts"]] == ["2026-04-04", "2027-04-04"]
    assert shown["contact_phone"] == "138****0001"
    assert "已停用" in typed("tenant", "suspend", "xu-hospital", "--reason", "欠费").out
    assert typed("tenant", "suspend", "xu-hospital", "--reason", "欠费").code == 4
    assert "已恢复使用" in typed("tenant", "resume", "xu-hospital", "--reason", "已付费").out
    assert typed("tenant", "close", "xu-hospital", "--reason", "期满").code == 2  # nobody can answer here
    assert "已关闭" in typed("tenant", "close", "xu-hospital", "--reason", "期满", "--yes").out
    assert typed("tenant", "renew", "xu-hospital", "--to", "2028-04-04").code == 4
    assert typed("tenant", "show", "xu-hospital", "--json").json()["state_reason"] == "期满"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--quota", "-1"), 2, "quota"),
        (("--to", "2026-02-30"), 2, "不是日期"),
        (("--from", "2026-02-02", "--to", "2026-02-01"), 2, "早于 --from"),
        (("--fee-yuan", "很多"), 2, "不是金额"),
        (("--contact-phone", "13800000001"), 2, "13800000001"),
        (("--kind", "clinic"), 2, "kind"),
    ],
)
def test_slips_are_told_and_nothing_is_written(
    typed: Typed, words: tuple[str, ...], code: int, said: str
) -> None:
    told = typed(*ADD, *words)
    assert told.code == code
    assert said in told.err
    assert typed("tenant", "list", "--json").json() == []


@pytest.mark.parametrize(("line", "said"), [("123", "11 位手机号"), ("", "没有输入联系人电话")])
def test_a_telephone_that_is_none_is_refused(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, line: str, said: str
) -> None:
    say(monkeypatch, line)
    told = typed(*ADD, "--contact-phone")
    assert (told.code, said in told.err) == (2, True)
    assert typed("tenant", "list", "--json").json() == []


def test_a_telephone_is_asked_for_on_a_terminal_and_not_shown(typed: Typed) -> None:
    terminal = Terminal([*ADD, "--contact-phone"])
    # The blank behind the colon is written once the terminal is silent; what is typed before is thrown away.
    terminal.wait_for("联系人电话: ")
    terminal.type("13800000001\n")
    assert terminal.end() == 0
    assert "13800000001" not in terminal.shown
    assert typed("tenant", "show", "xu-hospital", "--json").json()["contact_phone"] == "138****0001"


def test_a_code_or_name_is_given_once(typed: Typed) -> None:
    assert typed(*ADD, "--parent-body", "虚构区卫健局").code == 0
    for words in (("xu-hospital", "另一家（虚构）"), ("xu-er", "虚构医院"), ("xu-san", "虚构区卫健局")):
        told = typed("tenant", "add", *words)
        assert (told.code, "已经有机构或上级单位在用" in told.err) == (4, True)


def test_a_rehearsal_writes_nothing(typed: Typed) -> None:
    assert "预演" in typed(*ADD, "--dry-run").out
    assert typed("tenant", "list", "--json").json() == []


def test_a_telephone_is_shown_whole_only_to_somebody_with_a_name_and_that_is_logged(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, "13800000001")
    typed(*ADD, "--contact-phone")
    revealed = typed("tenant", "show", "xu-hospital", "--reveal", "--json").json()
    assert revealed["contact_phone"] == "13800000001"
    newest = typed("audit", "list", "--json").json()[0]
    assert (newest["command"], newest["subject"], newest["change"]) == (
        "eduops tenant show",
        "xu-hospital",
        {"revealed": 1},
    )
    assert "13800000001" not in typed("audit", "list", "--json").out
    monkeypatch.delenv("EDUOPS_ACTOR")
    refused = typed("tenant", "show", "xu-hospital", "--reveal")
    assert (refused.code, "EDUOPS_ACTOR" in refused.err) == (4, True)


def test_hospitals_and_rosters_in_one_go_and_again(typed: Typed, tmp_path: Path) -> None:
    rosters = tmp_path / "名册"
    rosters.mkdir()
    write_roster(rosters / "虚构甲医院名册.xlsx", ("1", "虚构一"), ("2", "虚构二"))
    file = write_hospitals(
        tmp_path / "医院.csv",
        "虚构甲医院,虚构区卫健局,1,2026-01-01,2026-12-31,周老师（虚构）,020-81234567",
        "虚构乙医院,虚构区卫健局,,,,,",
    )
    rehearsed = typed("tenant", "import", file, "--rosters", rosters, "--dry-run")
    assert "预演" in rehearsed.out
    assert typed("tenant", "list", "--json").json() == []
    said = typed("tenant", "import", file, "--rosters", rosters)
    assert "共 2 家机构：新增 2，更新 0，未变 0；学员新增 2，更新 0" in said.out
    assert "1 家没有名册：虚构乙医院" in said.err
    entries = len(typed("audit", "list", "--json").json())
    again = typed("tenant", "import", file, "--rosters", rosters)
    assert "与已登记的完全相同，什么都没有变" in again.out
    assert len(typed("audit", "list", "--json").json()) == entries
    found = [(each["code"], each["name"]) for each in typed("tenant", "check", "--json").json()]
    assert found == [("over_quota", "虚构甲医院"), ("no_end", "虚构区卫健局")]


def test_one_wrong_cell_anywhere_and_nothing_goes_in(typed: Typed, tmp_path: Path) -> None:
    rosters = tmp_path / "名册"
    rosters.mkdir()
    write_roster(rosters / "虚构甲医院.xlsx", ("1", "虚构一"), ("1", "虚构二"))
    file = write_hospitals(tmp_path / "医院.csv", "虚构甲医院,,很多,,,,")
    said = typed("tenant", "import", file, "--rosters", rosters)
    assert said.code == 3
    assert "医院.csv" in said.err and "不是整数" in said.err
    assert typed("tenant", "list", "--json").json() == []


def test_a_roster_that_is_nobodys_or_is_missing_is_named(typed: Typed, tmp_path: Path) -> None:
    rosters = tmp_path / "名册"
    rosters.mkdir()
    write_roster(rosters / "陌生.xlsx", ("1", "虚构一"))
    file = tmp_path / "医院.csv"
    file.write_text("机构名称,名册\n虚构甲医院,甲.xlsx\n", encoding="utf-8")
    said = typed("tenant", "import", file, "--rosters", rosters)
    assert said.code == 3
    assert "陌生.xlsx" in said.err and "对不上清单里的任何一家" in said.err
    assert "第 2 行" in said.err and "名册「甲.xlsx」不在" in said.err
    assert typed("tenant", "import", file, "--rosters", tmp_path / "没有").code == 3


def test_what_is_no_list_of_hospitals_is_refused(typed: Typed, tmp_path: Path) -> None:
    said = typed("tenant", "import", write_roster(tmp_path / "名册.xlsx", ("1", "虚构一")))
    assert (said.code, "找不到医院清单" in said.err) == (3, True)
