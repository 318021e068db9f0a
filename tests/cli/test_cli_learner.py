"""`eduops learner` as it is typed; everybody is invented (虚构)."""

import contextlib
import io
import subprocess
from pathlib import Path

import openpyxl
import pytest
from cli.conftest import Typed, spawn, write_roster
from training.test_identity import make_id_number

HEAD = ("工号", "姓名", "科室", "手机号", "身份证号", "层级")
PHONE, ID = "13800000001", make_id_number("440101", "19900307", "001")
ANNA = ("1", "虚构甲", "心内科", PHONE, ID, "N2")
BERT = ("2", "虚构乙", "急诊科", "13800000002", "", "")


@pytest.fixture
def main(typed: Typed, tmp_path: Path) -> Path:
    """The contract's tenants and two learners of the main campus; gives their roster."""
    assert typed("tenant", "sync").code == 0
    file = write_roster(tmp_path / "名册.xlsx", ANNA, BERT, head=HEAD)
    assert typed("learner", "import", file, "--tenant", "main").code == 0
    return file


def people(typed: Typed, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = typed("learner", "list", "--json", *words).json()
    return found


def test_the_result_is_told_with_what_was_repaired_and_left_out(typed: Typed, tmp_path: Path) -> None:
    typed("tenant", "sync")
    file = write_roster(
        tmp_path / "名册.xlsx",
        ("1", "张　三", "138 0000 0001", "abc"),
        head=("工号", "姓名", "手机号", "密码"),
    )
    said = typed("learner", "import", file, "--tenant", "main")
    assert "共 1 人：新增 1" in said.out and "去掉姓名中间的空格，1 人" in said.out
    assert "D 密码" in said.err
    assert "abc" not in said.out + said.err
    item = typed("learner", "import", file, "--tenant", "main", "--json").json()
    assert (item["unchanged"], item["columns"]["phone"], item["unused"]) == (1, "C", ["D 密码"])


def test_numbers_are_masked_and_revealed_only_on_record(typed: Typed, main: Path) -> None:
    anna, bert = people(typed)
    assert (anna["phone"], anna["id_number"], bert["id_number"]) == (
        "138****0001",
        f"440***********{ID[-4:]}",
        None,
    )
    assert PHONE not in typed("learner", "list").out
    revealed = people(typed, "--reveal")
    assert (revealed[0]["phone"], revealed[0]["id_number"]) == (PHONE, ID)
    newest = typed("audit", "list", "--json").json()[0]
    assert (newest["command"], newest["actor"], newest["change"]) == (
        "eduops learner list",
        "工程师甲（虚构）",
        {"revealed": 3},
    )


def test_an_export_is_masked_comes_back_unchanged_and_whole_when_asked(
    typed: Typed, main: Path, tmp_path: Path
) -> None:
    for name, words in (("名册.出.xlsx", ()), ("名册.出.csv", ()), ("全.xlsx", ("--reveal",))):
        file = tmp_path / name
        assert typed("learner", "export", file, *words).code == 0
        again = typed("learner", "import", file, "--json").json()
        assert (again["rows"], again["unchanged"], again["doubles"]) == (2, 2, [])
    assert typed("learner", "export", file).code == 4
    cells = [cell.value for row in openpyxl.load_workbook(tmp_path / "名册.出.xlsx").active for cell in row]
    assert ID not in cells and PHONE not in cells
    assert [each["phone"] for each in people(typed, "--reveal")] == [PHONE, "13800000002"]


def test_a_lost_key_hides_the_numbers_and_nothing_else(typed: Typed, main: Path, home: Path) -> None:
    (home / "personal.key").unlink()
    assert [each["phone"] for each in people(typed)] == ["（已加密，打不开）"] * 2
    refused = typed("learner", "list", "--reveal")
    assert (refused.code, "没有密钥文件" in refused.err) == (3, True)
    assert typed("learner", "import", main, "--tenant", "main").code == 3


def test_another_key_is_refused_before_anything_is_written(typed: Typed, main: Path, home: Path) -> None:
    from eduops.store.secret import make_key

    (home / "personal.key").unlink()
    make_key(home / "personal.key")
    refused = typed("learner", "import", main, "--tenant", "main")
    assert (refused.code, "密钥与数据库不符" in refused.err) == (3, True)


def test_wrong_cells_come_back_marked(typed: Typed, main: Path, tmp_path: Path) -> None:
    file = write_roster(tmp_path / "坏.xlsx", ("3", "虚构丙", "", "123", "456", "N7"), head=HEAD)
    marked = tmp_path / "标注.xlsx"
    said = typed("learner", "import", file, "--tenant", "main", "--marked", marked)
    assert said.code == 3
    assert all(part in said.err for part in ("D2", "E2", "F2", "没有写入任何人"))
    book = openpyxl.load_workbook(marked)
    assert [bool(book["名册"][f"{letter}2"].comment) for letter in "ADEF"] == [False, True, True, True]
    assert len(people(typed)) == 2


def test_leavers_are_told_and_suspended_when_asked(typed: Typed, main: Path, tmp_path: Path) -> None:
    file = write_roster(tmp_path / "新.xlsx", ANNA, head=HEAD)
    said = typed("learner", "import", file, "--tenant", "main")
    assert "有 1 名在册学员不在这份名册上" in said.err
    assert "停用 1" in typed("learner", "import", file, "--tenant", "main", "--suspend-absent").out
    assert [each["state"] for each in people(typed)] == ["active", "suspended"]
    assert "不在册 1" in typed("learner", "import", main, "--tenant", "main").out
    assert "在册" in typed("learner", "resume", "2", "--reason", "返岗").out


def test_a_learner_moves_is_merged_and_is_found_again(typed: Typed, main: Path) -> None:
    assert "已调到东院" in typed("learner", "move", "1", "--to", "east", "--reason", "轮转").out
    shown = typed("learner", "show", "1", "--tenant", "main", "--json").json()
    assert (shown["state"], shown["goes_on_as"]) == ("moved", "东院 1")
    assert typed("learner", "show", "1", "--json").json()["tenant"] == "东院"
    assert "已并入" in typed("learner", "merge", "2", "--into", "1", "--reason", "重复登记", "--yes").out
    assert [(each["staff_number"], each["state"]) for each in people(typed, "--all")] == [
        ("1", "moved"),
        ("2", "merged"),
        ("1", "active"),
    ]
    assert typed("learner", "suspend", "2", "--reason", "离职").code == 4
    assert typed("learner", "suspend", "9", "--reason", "离职").code == 4


def test_several_are_suspended_together_or_not_at_all(typed: Typed, main: Path) -> None:
    assert typed("learner", "suspend", "1", "9", "--reason", "离职").code == 4
    assert [each["state"] for each in people(typed)] == ["active", "active"]
    assert "虚构甲（1）、虚构乙（2） 已停用" in typed("learner", "suspend", "1", "2", "--reason", "离职").out


def test_a_number_to_find_is_read_from_the_input_not_from_the_arguments(
    typed: Typed, main: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ID.lower()}\n"))
    (found,) = typed("learner", "find", "--json").json()
    assert found["name"] == "虚构甲"
    monkeypatch.setattr("sys.stdin", io.StringIO("13900000000\n"))
    assert typed("learner", "find").code == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert typed("learner", "find").code == 2


def test_people_entered_twice_are_listed(typed: Typed, main: Path, tmp_path: Path) -> None:
    file = write_roster(tmp_path / "东.xlsx", ("7", "虚构甲", "", "", ID, ""), head=HEAD)
    said = typed("learner", "import", file, "--tenant", "east")
    assert "第 2 行 虚构甲 与 院本部 虚构甲（1） 身份证号相同" in said.err
    doubles = typed("learner", "duplicates", "--json").json()
    assert [(each["by"], each["tenant"], each["staff_number"]) for each in doubles] == [
        ("id_number", "院本部", "1"),
        ("id_number", "东院", "7"),
    ]


def test_spellings_of_departments_are_proposed_confirmed_and_remembered(
    typed: Typed, main: Path, tmp_path: Path
) -> None:
    dictionary = tmp_path / "科室.csv"
    dictionary.write_text("科室名称\n心血管内科\n急诊科\n", encoding="utf-8")
    assert "新增 2，已有 0" in typed("learner", "department", "import", dictionary).out
    assert "新增 0，已有 2" in typed("learner", "department", "add", "心血管内科", "急诊科").out
    assert typed("learner", "department", "suggest", "--json").json() == [
        {"spelling": "心内科", "people": 1, "departments": ["心血管内科"]}
    ]
    assert "心内科（1 人，可能是 心血管内科）" in typed("learner", "import", main, "--tenant", "main").err
    assert "改正 1 名" in typed("learner", "department", "confirm", "心内科", "--is", "心血管内科").out
    assert "科室按科室字典改写，1 人" in typed("learner", "import", main, "--tenant", "main").out
    assert people(typed)[0]["department"] == "心血管内科"
    assert typed("learner", "department", "list", "--json").json() == [
        {"name": "心血管内科", "learners": 1, "aliases": ["心内科"]},
        {"name": "急诊科", "learners": 1, "aliases": []},
    ]
    assert typed("learner", "department", "confirm", "心内科", "--is", "神经科").code == 4
    assert typed("learner", "department", "add", " ").code == 2


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_everybody_or_nobody(
    typed: Typed, home: Path, tmp_path: Path
) -> None:
    typed("tenant", "sync")
    rows = [(f"{number:05d}", f"虚构{number}", "", f"138{number:08d}", "", "") for number in range(4000)]
    file = write_roster(tmp_path / "大.xlsx", *rows, head=HEAD)
    seen = set()
    for wait in range(12):
        process = spawn("learner", "import", str(file), "--tenant", "main")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.4 + wait * 0.15)
        process.kill()
        process.wait()
        seen.add(typed("learner", "count", "--json").json()["learners"])
        assert typed("audit", "verify").code == 0
    assert seen <= {0, 4000}
    assert typed("learner", "import", file, "--tenant", "main").code == 0
    assert typed("learner", "count", "--json").json()["learners"] == 4000


def test_a_revealed_export_is_on_record_before_the_file_is_there(
    typed: Typed, main: Path, tmp_path: Path
) -> None:
    refused = typed("learner", "export", tmp_path / "没有" / ".." / ".." / "dev" / "x.pdf", "--reveal")
    assert refused.code == 2
    entries = len(typed("audit", "list", "--json").json())
    file = tmp_path / "全.xlsx"
    assert typed("learner", "export", file, "--reveal").code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(typed("audit", "list", "--json").json()) == entries + 1
    # A file that cannot be written leaves the entry all the same: the numbers had been opened.
    (tmp_path / "目录.xlsx").mkdir()
    assert typed("learner", "export", tmp_path / "目录.xlsx", "--reveal", "--force").code == 3
    assert len(typed("audit", "list", "--json").json()) == entries + 2


def test_an_export_whose_numbers_do_not_open_is_refused(
    typed: Typed, main: Path, home: Path, tmp_path: Path
) -> None:
    (home / "personal.key").unlink()
    assert typed("learner", "export", tmp_path / "名册.出.xlsx").code == 3
    assert not (tmp_path / "名册.出.xlsx").exists()


def test_a_marked_copy_takes_no_files_place(typed: Typed, main: Path, tmp_path: Path) -> None:
    bad = write_roster(tmp_path / "坏.xlsx", ("3", "虚构丙", "", "123", "", ""), head=HEAD)
    taken = tmp_path / "别的.xlsx"
    taken.write_bytes(b"x")
    assert typed("learner", "import", bad, "--tenant", "main", "--marked", taken).code == 4
    assert taken.read_bytes() == b"x"
    assert typed("learner", "import", bad, "--tenant", "main", "--marked", tmp_path / "标注.csv").code == 2


def test_the_log_says_who_moved_and_what_a_merge_took_over(typed: Typed, main: Path) -> None:
    typed("learner", "move", "2", "--to", "east", "--reason", "轮转")
    moved = typed("audit", "list", "--json").json()[0]
    assert (moved["subject"], moved["change"]["moved_to"]) == ("learner main/2", "east")
    typed(
        "learner",
        "merge",
        "1",
        "--into",
        "2",
        "--tenant",
        "main",
        "--into-tenant",
        "east",
        "--reason",
        "重复",
        "--yes",
    )
    merged = typed("audit", "list", "--json").json()[0]
    assert (merged["subject"], merged["change"]["merged_into"]) == ("learner main/1", "learner east/2")
    assert set(merged["change"]["filled"]) == {"level", "id_number_sealed", "id_number_hash"}


@pytest.mark.parametrize("reason", ["", " ", "电话 13800000001", "440101 19900307 0018"])
def test_a_reason_says_something_and_holds_no_number(typed: Typed, main: Path, reason: str) -> None:
    refused = typed("learner", "suspend", "1", "--reason", reason)
    assert refused.code == 2
    assert "0001" not in typed("audit", "list", "--json").out
