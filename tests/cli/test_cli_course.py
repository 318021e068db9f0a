"""`eduops course` and `eduops programme` as they are typed; courses are invented (虚构)."""

import re
from pathlib import Path

import pytest
from cli.conftest import Typed

ADD = ("course", "add", "安全用血（虚构）", "--programme", "basic-skills")


def write_courses(path: Path, *rows: str) -> Path:
    head = "培训项目,课程名称,授课形式,学时,岗位\n"
    path.write_text(head + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_a_course_through_its_life(typed: Typed, quarter: Path) -> None:
    said = typed(*ADD, "--hours", "1.5", "--lecturer", "王老师（虚构）", "--from", "2026-03-05")
    assert (said.code, said.out) == (
        0, "已登记课程 CRS-2026-0001「安全用血（虚构）」，属于「三基三严培训及考试」\n",
    )  # fmt: skip
    assert "已改动" in typed("course", "change", "crs-2026-0001", "--hours", "2", "--lecturer", "").out
    assert "没有改动" in typed("course", "change", "CRS-2026-0001", "--hours", "2").out
    assert "已撤下" in typed("course", "withdraw", "CRS-2026-0001", "--reason", "内容过时").out
    shown = typed("course", "show", "CRS-2026-0001", "--json").json()
    assert (shown["hours"], shown["lecturer"], shown["mode"]) == (2, None, "online")
    assert (shown["state"], shown["state_reason"]) == ("withdrawn", "内容过时")
    assert typed("course", "list", "--open", "--json").json() == []
    assert "已重新开设" in typed("course", "restore", "CRS-2026-0001", "--reason", "已更新").out
    (row,) = typed("course", "list", "--programme", "basic-skills", "--json").json()
    assert (row["ref"], row["programme"], row["start_on"]) == (
        "CRS-2026-0001", "三基三严培训及考试", "2026-03-05",
    )  # fmt: skip
    assert [each["command"] for each in typed("audit", "list", "--limit", "4", "--json").json()] == [
        f"eduops course {verb}" for verb in ("restore", "withdraw", "change", "add")
    ]
    told = typed("audit", "list").out
    for words in (
        "状态：撤下；理由：内容过时",
        "学时：2.00；原为：（学时：1.50；讲师：王老师（虚构））",
    ):
        assert words in re.sub(r"[\s│]+", "", told), words


def test_a_course_moves_to_another_programme(typed: Typed, quarter: Path) -> None:
    typed(*ADD)
    assert typed("course", "change", "CRS-2026-0001", "--programme", "blood-transfusion").code == 0
    change = typed("audit", "list", "--limit", "1", "--json").json()[0]["change"]
    assert (change["programme"], change["before"]) == ("blood-transfusion", {"programme": "basic-skills"})


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--hours", "0"), 2, "学时应大于 0"),
        (("--hours", "90分钟"), 2, "不是学时"),
        (("--from", "2026-02-30"), 2, "不是日期"),
        (("--from", "2026-02-02", "--to", "2026-02-01"), 2, "早于开始日期"),
        (("--mode", "letter"), 2, "mode"),
        (("--lecturer", "王 13800000001"), 2, "只写姓名"),
        (("--programme", "无此项目"), 4, "没有培训项目「无此项目」"),
    ],
)
def test_slips_are_told_and_nothing_is_written(
    typed: Typed, quarter: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    told = typed(*ADD, *words)
    assert (told.code, said in told.err) == (code, True)
    assert typed("course", "list", "--json").json() == []


def test_each_way_to_be_refused(typed: Typed, quarter: Path) -> None:
    assert typed(*ADD).code == 0
    assert typed(*ADD).code == 4
    assert typed("course", "show", "CRS-2026-0009").code == 4
    assert "没有写要改什么" in typed("course", "change", "CRS-2026-0001").err
    assert typed("course", "withdraw", "CRS-2026-0001", "--reason", " ").code == 2
    assert typed("course", "restore", "CRS-2026-0001", "--reason", "没撤").code == 4
    assert "缺少课程名称" in typed("course", "add", " ", "--programme", "basic-skills").err


def test_a_workbook_goes_in_whole_or_not_at_all(typed: Typed, quarter: Path, tmp_path: Path) -> None:
    file = write_courses(
        tmp_path / "课程.csv", "basic-skills,手卫生（虚构）,直播,2,护士", ",心肺复苏（虚构）,,1,"
    )
    refused = typed("course", "import", file)
    assert refused.code == 3
    assert "课程!A3：没有写培训项目" in refused.err
    options = ("--programme", "blood-transfusion", "--mode", "onsite")
    assert (
        "新增 2，更新 0，未变 0（预演，未写入）" in typed("course", "import", file, *options, "--dry-run").out
    )
    assert typed("course", "list", "--json").json() == []
    said = typed("course", "import", file, *options)
    assert (said.code, "没认出的列，没有用：E 岗位" in said.err) == (0, True)
    entries = len(typed("audit", "list", "--json").json())
    again = typed("course", "import", file, *options, "--json").json()
    assert (again["added"], again["changed"], again["unchanged"], again["header_row"]) == (0, 0, 2, 1)
    assert len(typed("audit", "list", "--json").json()) == entries
    typed("course", "withdraw", "CRS-2026-0001", "--reason", "旧")
    assert "1 门课程已撤下，没有改动" in typed("course", "import", file, *options).err


def test_what_is_no_list_of_courses_is_refused(typed: Typed, quarter: Path, tmp_path: Path) -> None:
    file = tmp_path / "名册.csv"
    file.write_text("工号,姓名\n1,虚构\n", encoding="utf-8")
    told = typed("course", "import", file)
    assert (told.code, "找不到课程清单" in told.err) == (3, True)


def test_a_programme_is_shown_with_its_exams_and_courses(typed: Typed, quarter: Path) -> None:
    typed(*ADD)
    shown = typed("programme", "show", "basic-skills", "--json").json()
    assert shown["department"] == "继续教育科"
    assert [each["ref"] for each in shown["exams"]] == ["EXM-2026-0001"]
    assert [each["title"] for each in shown["courses"]] == ["安全用血（虚构）"]
    table = typed("programme", "show", "basic-skills").out
    assert "考试（1）" in table and "课程（1）" in table
    (row,) = [each for each in typed("programme", "list", "--json").json() if each["code"] == "basic-skills"]
    assert (row["exams"], row["courses"], row["in_contract"]) == (1, 1, True)
    assert typed("programme", "show", "无此项目").code == 4


def test_a_programme_that_left_the_contract_is_named_and_kept(typed: Typed, quarter: Path) -> None:
    typed(*ADD)
    (file,) = (quarter / "contracts").glob("*.yaml")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("code: basic-skills", "code: basic-skills-2"), encoding="utf-8")
    synced = typed("programme", "sync", "--json")
    assert synced.json() == {"added": 1, "changed": 0, "unchanged": 10, "left": ["basic-skills"]}
    assert (
        "合同里没有培训项目「三基三严培训及考试」（basic-skills），保留未动；它还有 1 场考试、1 门课程"
        in synced.err
    )
    listed = {each["code"]: each["in_contract"] for each in typed("programme", "list", "--json").json()}
    assert (listed["basic-skills"], listed["basic-skills-2"]) == (False, True)
    told = typed("course", "add", "手卫生（虚构）", "--programme", "basic-skills")
    assert (told.code, "现在的合同里没有培训项目" in told.err) == (0, True)
