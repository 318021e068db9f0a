"""`eduops survey` as it is typed; people and places are invented (虚构)."""

from pathlib import Path

import pytest
from cli.conftest import Typed


def test_answers_are_typed_listed_and_averaged(typed: Typed, home: Path) -> None:
    assert (
        "92.75 分"
        in typed(
            "survey", "add", "--department", "护理部（虚构）", "--item", "响应=95", "--item", "态度=90.5"
        ).out
    )
    assert (
        typed(
            "survey", "add", "--department", "药剂科（虚构）", "--score", "80", "--on", "2026-01-31", "--json"
        ).code
        == 0
    )
    assert (
        "预演" in typed("survey", "add", "--department", "药剂科（虚构）", "--score", "80", "--dry-run").out
    )
    listed = typed("survey", "list", "--json").json()
    assert [each["score"] for each in listed] == [80, 92.75]
    assert listed[1]["items"] == {"响应": 95.0, "态度": 90.5}
    stats = typed("survey", "stats", "--from", "2026-03-01", "--to", "2026-03-31", "--json").json()
    assert (stats["count"], stats["mean"]) == (1, 92.75)
    assert "0 份，没有调查结果" in typed("survey", "stats", "--to", "2025-01-01").out


def test_file_of_answers_goes_in_once(typed: Typed, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "满意度.csv"
    path.write_text("日期,科室,得分\n2026-03-05,护理部（虚构）,88\n", encoding="utf-8")
    assert "新增 1" in typed("survey", "import", path).out
    assert "已经导入过" in typed("survey", "import", path).out
    path.write_text("日期,科室,得分\n2026-03-05,护理部（虚构）,188\n", encoding="utf-8")
    said = typed("survey", "import", path)
    assert said.code == 3
    assert "第 2 行" in said.err
    assert len(typed("survey", "list", "--json").json()) == 1


def test_longer_export_counts_no_answer_twice(typed: Typed, home: Path, tmp_path: Path) -> None:
    path, old = (
        tmp_path / "满意度.csv",
        "日期,科室,得分\n2026-03-04,护理部（虚构）,88\n2026-03-05,护理部（虚构）,70\n",
    )
    path.write_text(old, encoding="utf-8")
    typed("survey", "import", path)
    path.write_text(old + "2026-03-05,护理部（虚构）,70\n", encoding="utf-8")
    assert typed("survey", "import", path, "--dry-run", "--json").json() == {
        "file": str(path), "rows": 3, "added": 1, "known": 2, "alike": 0, "dry_run": True
    }  # fmt: skip
    assert typed("survey", "import", path).out == "满意度.csv 共 3 份：新增 1，以前导入过 2\n"
    assert typed("survey", "stats", "--json").json()["count"] == 3
    path.write_text(
        "日期,科室,得分\n2026-03-04,护理部（虚构）,88\n2026-03-05,护理部（虚构）,91\n", encoding="utf-8"
    )
    said = typed("survey", "import", path)
    assert ("新增 2" in said.out, "1 份不记名的和以前导入的完全相同" in said.err) == (True, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--score", "101"), 2, "不在 0 到 100 之间"),
        (("--score", "好"), 2, "不是分数"),
        ((), 2, "总分和分项"),
        (("--score", "90", "--item", "响应=90"), 2, "总分和分项"),
        (("--item", "响应"), 2, "写法不对"),
        (("--score", "90", "--on", "2026-03-06"), 2, "还没有到"),
    ],
)
def test_slip_is_told_in_a_sentence(
    typed: Typed, home: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    told = typed("survey", "add", "--department", "护理部（虚构）", *words)
    assert told.code == code
    assert said in told.err


def test_an_answer_of_a_day_to_come_is_refused_in_a_file_too(
    typed: Typed, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "满意度.csv"
    path.write_text(
        "日期,科室,得分\n2026-03-05,内科（虚构）,88\n2027-01-01,内科（虚构）,90\n", encoding="utf-8"
    )
    said = typed("survey", "import", path)
    assert (said.code, "有 1 份答卷的日期还没有到，如 2027-01-01" in said.err) == (3, True)
    assert typed("survey", "list", "--json").json() == []
