"""`eduops dictionary`, `vulnerability` and `optimisation` as they are typed; everything is invented (虚构)."""

from pathlib import Path

from cli.conftest import Typed
from openpyxl import load_workbook


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_dictionary_through_its_versions(typed: Typed, tmp_path: Path) -> None:
    assert typed("dictionary", "add", "dept", "--name", "科室字典（虚构）").code == 0
    assert typed("dictionary", "diff", "dept").code == 4
    first = write(tmp_path / "一.csv", "编码,名称,上级,备注\n001,内科,,\n002,=外科,9,x\n")
    said = typed("dictionary", "import", "dept", first)
    assert ("第 1 版：2 条" in said.out, "1 个条目的上级不在这个文件里：002（上级 9）" in said.err) == (
        True,
        True,
    )
    assert "没有产生新版本" in typed("dictionary", "import", "dept", first).out
    second = write(tmp_path / "二.csv", "编码,名称,上级,备注\n001,大内科,,\n003,儿科,001,\n")
    told = typed("dictionary", "import", "dept", second, "--json").json()
    assert (told["version"], told["counts"]) == (
        2,
        {"added": 1, "removed": 1, "renamed": 1, "moved": 0, "other": 0},
    )
    diff = typed("dictionary", "diff", "dept", "--json").json()
    assert (diff["from"], diff["to"], diff["removed"][0]["code"]) == (1, 2, "002")
    assert "改名" in typed("dictionary", "diff", "dept").out
    assert typed("dictionary", "sync", "dept", "--system", "HIS", "--version", "1").code == 0
    assert (
        typed("dictionary", "sync", "dept", "--system", "HIS", "--failed", "--at", "2026-03-05 11:51").code
        == 4
    )
    assert typed("dictionary", "sync", "dept", "--system", "HIS", "--failed", "--note", "超时").code == 0
    assert typed("dictionary", "sync", "dept", "--system", "LIS", "--version", "9").code == 4
    (system,) = typed("dictionary", "show", "dept", "--json").json()["systems"]
    assert (system["version"], system["behind"], system["state_text"]) == (
        1,
        1,
        "落后 1 版；最近一次没有成功",
    )
    assert typed("dictionary", "list", "--json").json()[0]["behind"] == ["HIS"]


def test_an_exported_version_comes_back_the_same_and_no_formula_wakes(typed: Typed, tmp_path: Path) -> None:
    typed("dictionary", "add", "dept", "--name", "科室字典（虚构）")
    typed("dictionary", "import", "dept", write(tmp_path / "一.csv", "编码,名称,备注\n001,=1+1,+2\n"))
    for name in ("出.xlsx", "出.csv"):
        assert typed("dictionary", "export", "dept", tmp_path / name).code == 0
        assert "没有产生新版本" in typed("dictionary", "import", "dept", tmp_path / name).out
    cell = load_workbook(tmp_path / "出.xlsx").active["B2"]  # type: ignore[index]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_a_wrong_dictionary_is_refused(typed: Typed, tmp_path: Path) -> None:
    typed("dictionary", "add", "dept", "--name", "科室字典（虚构）")
    said = typed("dictionary", "import", "dept", write(tmp_path / "错.csv", "编码,名称\n1,甲\n1,乙\n"))
    assert (said.code, "错!A3：编码 1 与第 2 行重复" in said.err) == (3, True)
    assert typed("dictionary", "import", "dept", write(tmp_path / "无.csv", "甲,乙\n1,2\n")).code == 3
    assert typed("dictionary", "show", "无").code == 4


def test_a_weakness_through_its_life(typed: Typed) -> None:
    assert typed("vulnerability", "check").code == 0
    add = ("vulnerability", "add", "弱口令（虚构）", "--severity", "high", "--found", "2026-02-01")
    assert "VUL-2026-0001" in typed(*add).out
    assert "1 个没有整改期限" in typed("vulnerability", "check").err
    ref = "vul-2026-0001"
    demand = ("vulnerability", "demand", ref, "--by", "信息科", "--on", "2026-02-02", "--due")
    assert typed(*demand, "2026-03-04").code == 0
    found = typed("vulnerability", "check", "--json")
    assert (found.code, found.json()[0]["days"]) == (1, 1)
    assert typed("vulnerability", "verify", ref, "--by", "信息科").code == 2
    assert typed("vulnerability", "fix", ref, "--fix", "改口令", "--on", "2026-01-31").code == 2
    assert typed("vulnerability", "fix", ref, "--fix", "改口令").code == 0
    assert typed("vulnerability", "check").code == 0
    assert typed("vulnerability", "verify", ref, "--by", "信息科").code == 0
    assert typed("vulnerability", "list", "--open", "--json").json() == []
    assert typed("vulnerability", "reopen", ref, "--reason", "仍可利用").code == 0
    shown = typed("vulnerability", "show", ref, "--json").json()
    assert (shown["state"], shown["overdue"], shown["fix"]) == ("demanded", True, "")
    assert [each["change"]["action"] for each in shown["history"]] == [
        "add",
        "demand",
        "fix",
        "verify",
        "reopen",
    ]
    assert "整改措施：改口令" in typed("vulnerability", "show", ref).out


def test_a_scan_is_imported_and_its_terminal_escapes_are_refused(typed: Typed, tmp_path: Path) -> None:
    head = "漏洞名称,等级,发现日期,岗位\n"
    said = typed("vulnerability", "import", write(tmp_path / "一.csv", head + "弱口令,高,2026-03-01,x\n"))
    assert ("新增 1" in said.out, "没有用：一!D 岗位" in said.err) == (True, True)
    said = typed(
        "vulnerability", "import", write(tmp_path / "二.csv", head + "弱\u202e口令,高,2026-03-01,x\n")
    )
    assert (said.code, "控制字符" in said.err, "\u202e" in said.err) == (3, True, False)


def test_an_optimisation_tells_its_change(typed: Typed) -> None:
    add = (
        "optimisation",
        "add",
        "提速（虚构）",
        "--measure",
        "打开时间",
        "--action",
        "加缓存",
        "--unit",
        "秒",
    )
    assert "-75.0%，变好" in typed(*add, "--before", "3.2", "--after", "0.8").out
    assert "变差" in typed(*add, "--before", "3.2", "--after", "0.8", "--higher-better").out
    assert typed(*add, "--before", "3.2秒", "--after", "0.8").code == 2
    assert typed(*add, "--before", "1", "--after", "2", "--host", "无").code == 2
    assert [each["verdict"] for each in typed("optimisation", "list", "--json").json()] == ["worse", "better"]
    assert typed("optimisation", "show", "OPT-2026-0001", "--json").json()["change_percent"] == -75
