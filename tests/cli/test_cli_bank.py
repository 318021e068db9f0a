"""`eduops bank` as it is called: what it prints, what it writes, with which exit code it ends."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from eduops.cli.failure import guarded
from eduops.cli.main import app
from eduops.core.shipped import find_shipped
from eduops.sheet.export import Column, Table, write_table
from eduops.sheet.read import read_workbook

HEAD = ("题型", "题干", "选项A", "选项B", "答案")
GOOD = ("单选题", "虚构题一", "甲", "乙", "A")
BAD = ("单选题", "虚构题二", "甲", "乙", "F")
Run = Callable[..., int]


@pytest.fixture
def run(migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a fresh home and gives back its exit code."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(migrated_file, home / "eduops.db")
    monkeypatch.setenv("EDUOPS_HOME", str(home))
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-05T11:50:00+08:00")

    def call(*words: object) -> int:
        arguments = list(map(str, words))
        return guarded(lambda: app(arguments, standalone_mode=False, prog_name="eduops"), debug=False)

    return call


def write_rows(path: Path, *rows: tuple[str, ...]) -> Path:
    write_table(path, [Table("题库", "", "", [Column(name) for name in HEAD], rows)])
    return path


def test_import_prints_the_promised_json(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD)
    assert run("bank", "import", file, "--bank", "虚构题库", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "file": str(file),
        "sheets": [
            {
                "name": "题库",
                "role": "data",
                "header_row": 1,
                "columns": {"type": "A", "stem": "B", "option[0]": "C", "option[1]": "D", "key": "E"},
                "rows": 1,
            }
        ],
        "rows": 1,
        "imported": 1,
        "importable": 1,
        "duplicates": 0,
        "rejected": 0,
        "repaired": 0,
        "by_type": {"single": 1},
        "errors": [],
        "assumptions": [],
        "batch": "IMP-2026-0001",
    }


def test_an_error_ends_with_3_and_writes_nothing(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD, BAD)
    assert run("bank", "import", file, "--bank", "虚构题库") == 3
    told = capsys.readouterr().err
    assert "题库!E3：答案 F 不在选项之内" in told
    assert "什么都没有写入" in told
    assert run("bank", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_json_tells_the_errors_of_a_refused_import(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD, BAD)
    assert run("bank", "import", file, "--bank", "虚构题库", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["imported"], told["rejected"], told["batch"]) == (0, 1, None)
    assert [(error["sheet"], error["row"], error["column"], error["code"]) for error in told["errors"]] == [
        ("题库", 3, "E", "key_outside")
    ]


def test_one_bad_file_keeps_all_files_out(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write_rows(tmp_path / "a.xlsx", GOOD), write_rows(tmp_path / "b.xlsx", BAD)
    assert run("bank", "import", good, bad, "--bank", "虚构题库", "--json") == 3
    assert [told["batch"] for told in json.loads(capsys.readouterr().out)] == [None, None]
    assert run("bank", "show", "虚构题库") == 4


def test_skip_bad_imports_the_rest_and_writes_a_marked_copy(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD, BAD)
    assert run("bank", "import", file, "--bank", "虚构题库", "--skip-bad") == 0
    assert "导入 1" in capsys.readouterr().out
    marked = read_workbook(tmp_path / "a.标注.xlsx")
    assert any("答案 F 不在选项之内" in str(row) for sheet in marked.sheets for row in sheet.rows)


def test_a_dry_run_writes_nothing_at_all(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD, BAD)
    assert run("bank", "import", file, "--bank", "虚构题库", "--skip-bad", "--dry-run") == 0
    assert "预演" in capsys.readouterr().out
    assert not (tmp_path / "a.标注.xlsx").exists()
    assert run("bank", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_check_needs_no_home_and_ends_with_1_on_errors(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDUOPS_HOME", str(tmp_path / "nowhere"))
    assert run("bank", "check", write_rows(tmp_path / "a.xlsx", GOOD)) == 0
    assert run("bank", "check", write_rows(tmp_path / "b.xlsx", BAD), "--marked", tmp_path / "c.xlsx") == 1
    assert (tmp_path / "c.xlsx").exists()


def test_check_against_a_bank_knows_what_it_holds(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD)
    assert run("bank", "import", file, "--bank", "虚构题库") == 0
    capsys.readouterr()
    assert run("bank", "check", file, "--bank", "虚构题库", "--json") == 0
    assert json.loads(capsys.readouterr().out)["duplicates"] == 1
    assert run("bank", "import", file, "--bank", "虚构题库") == 0
    assert "都已在题库里" in capsys.readouterr().out


def test_a_mapping_names_columns_that_nobody_would_guess(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("描述,甲项,乙项,结论\n虚构题一,是,否,B\n", encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "header_row: 1\ncolumns: {stem: 描述, 'option[0]': 甲项, 'option[1]': C, key: 结论}\n",
        encoding="utf-8",
    )
    assert run("bank", "import", file, "--bank", "虚构题库") == 3
    assert run("bank", "import", file, "--bank", "虚构题库", "--mapping", mapping) == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("columns: {nothing: A}\n", "columns.nothing"),
        ("types: {甲: 虚构题型}\n", "虚构题型"),
        ("header_row: 0\n", "header_row"),
    ],
)
def test_a_wrong_mapping_is_told_by_its_place(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, place: str
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD)
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(text, encoding="utf-8")
    assert run("bank", "check", file, "--mapping", mapping) == 3
    assert place in capsys.readouterr().err


def test_a_proposed_mapping_is_saved_and_used_by_name(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.csv"
    rows = [f"虚构的题干{number}说的是什么,甲甲,乙乙,A" for number in range(3)]
    file.write_text("\n".join(["描述,甲项,乙项,结论", *rows]), encoding="utf-8")
    assert run("bank", "check", file) == 3
    refused = capsys.readouterr().err
    assert "bank mapping suggest" in refused
    assert "  key: D  # 答案：结论" in refused
    assert run("bank", "mapping", "suggest", file) == 0
    proposed = tmp_path / "proposed.yaml"
    proposed.write_text(capsys.readouterr().out, encoding="utf-8")
    assert run("bank", "mapping", "save", "外院", proposed) == 0
    assert run("bank", "mapping", "save", "外院", proposed) == 4
    assert run("bank", "mapping", "save", "../外院", proposed) == 2
    capsys.readouterr()
    assert run("bank", "mapping", "list", "--json") == 0
    assert [told["name"] for told in json.loads(capsys.readouterr().out)] == ["外院"]
    assert run("bank", "import", file, "--bank", "虚构题库", "--mapping", "外院") == 0
    assert run("bank", "check", file, "--mapping", "不存在") == 3


def test_a_workbook_without_questions_gets_no_mapping_proposed(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "名册.csv"
    file.write_text("姓名,科室\n虚构甲,内科\n虚构乙,外科\n", encoding="utf-8")
    assert run("bank", "check", file) == 3
    assert "columns" not in capsys.readouterr().err
    assert run("bank", "mapping", "suggest", file) == 3
    assert "看不出哪一列是题干" in capsys.readouterr().err


def test_a_refusal_names_the_columns_that_were_not_used(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("题干,头一种说法,另一种说法,正确答案\n虚构题一,甲,乙,A\n", encoding="utf-8")
    assert run("bank", "import", file, "--bank", "虚构题库") == 3
    assert "没有用到的列：B 头一种说法、C 另一种说法" in capsys.readouterr().err


def test_options_that_cannot_be_told_apart_are_one_error(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("题干,题型,选项,答案\n虚构题一,单选题,甲；乙；丙,B\n", encoding="utf-8")
    assert run("bank", "check", file, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert [(error["column"], error["code"]) for error in told["errors"]] == [("C", "options_unsplit")]


@pytest.mark.parametrize("name", ["", "  ", "虚构\n题库", "长" * 101])
def test_a_bank_needs_a_name_that_can_be_typed_again(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD)
    assert run("bank", "import", file, "--bank", name) == 2
    assert "题库名称" in capsys.readouterr().err
    assert run("bank", "import", file, "--bank", " 虚构题库 ") == 0
    assert run("bank", "stats", "虚构题库") == 0


def test_undo_asks_first_and_is_told_in_show(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("bank", "import", write_rows(tmp_path / "a.xlsx", GOOD), "--bank", "虚构题库") == 0
    assert run("bank", "undo", "IMP-2026-0001") == 2
    assert run("bank", "undo", "IMP-2026-0001", "--yes") == 0
    assert run("bank", "undo", "IMP-2026-0001", "--yes") == 4
    capsys.readouterr()
    assert run("bank", "show", "虚构题库", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["undone_at"] == "2026-03-05T03:50:00Z"


def test_stats_export_and_template(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("bank", "import", find_shipped("configs", "demo", "questions.csv"), "--bank", "虚构题库") == 0
    capsys.readouterr()
    assert run("bank", "stats", "虚构题库", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(told["by_type"].values()) == told["questions"]
    exported = tmp_path / "export.xlsx"
    assert run("bank", "export", "虚构题库", exported) == 0
    assert run("bank", "export", "虚构题库", exported) == 4
    capsys.readouterr()
    assert run("bank", "check", exported, "--bank", "虚构题库", "--json") == 0
    assert json.loads(capsys.readouterr().out)["duplicates"] == told["questions"]
    assert run("bank", "template", tmp_path / "template.xlsx") == 0
    assert [sheet.name for sheet in read_workbook(tmp_path / "template.xlsx").sheets] == ["题库", "填写说明"]


def test_a_text_that_no_cell_of_excel_holds_is_exported_as_csv_and_never_cut_off(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "长题.csv", tmp_path / "导出.xlsx"
    source.write_text(f"题型,题干,答案\n简答题,{'长' * 32_768},虚构\n")
    assert run("bank", "import", source, "--bank", "虚构题库") == 0
    assert run("bank", "export", "虚构题库", target) == 3
    assert "的题干有 32768 字" in capsys.readouterr().err
    assert not target.exists()
    assert run("bank", "export", "虚构题库", tmp_path / "导出.csv") == 0
    capsys.readouterr()
    assert run("bank", "revise", tmp_path / "导出.csv", "--bank", "虚构题库", "--json") == 0
    assert json.loads(capsys.readouterr().out)["revised"] == 0


def test_nearly_equal_questions_are_listed_side_by_side(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ("单选题", "虚构的题干里说的是下列哪一项制度", "查对制度", "交接班制度", "A")
    second = ("单选题", "虚构的题干里说的是下列的哪一项制度", "查对制度", "交接班制度", "B")
    assert (
        run("bank", "import", write_rows(tmp_path / "a.xlsx", first, second, GOOD), "--bank", "虚构题库") == 0
    )
    capsys.readouterr()
    assert run("bank", "duplicates", "虚构题库", "--least", 70, "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["first_position"], told["second_position"]) == (1, 2)
    assert run("bank", "duplicates", "虚构题库", "--least", 100) == 0
    assert "没有相似度达到 100% 的题" in capsys.readouterr().out


def test_a_damaged_file_is_told_in_a_sentence(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(write_rows(tmp_path / "b.xlsx", GOOD).read_bytes()[:400])
    assert run("bank", "import", file, "--bank", "虚构题库") == 3
    assert "a.xlsx" in capsys.readouterr().err


def test_a_marked_copy_never_takes_the_place_of_an_earlier_one(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD, BAD)
    earlier = tmp_path / "a.标注.xlsx"
    earlier.write_bytes(b"corrected by hand")
    for _ in range(2):
        assert run("bank", "import", file, "--bank", "虚构题库", "--skip-bad") == 0
    assert "标注副本：" + str(tmp_path / "a.标注.3.xlsx") in capsys.readouterr().out
    assert earlier.read_bytes() == b"corrected by hand"
    assert {path.name for path in tmp_path.glob("a.标注.*")} == {
        "a.标注.xlsx",
        "a.标注.2.xlsx",
        "a.标注.3.xlsx",
    }
    for verb in (("import", "--bank", "虚构题库", "--skip-bad"), ("check",)):
        assert run("bank", verb[0], file, *verb[1:], "--marked", earlier) == 4
    assert earlier.read_bytes() == b"corrected by hand"


def test_one_marked_copy_is_not_that_of_two_files(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [write_rows(tmp_path / name, BAD) for name in ("a.xlsx", "b.xlsx")]
    for verb in (("import", "--bank", "虚构题库", "--skip-bad"), ("check",)):
        assert run("bank", verb[0], *files, *verb[1:], "--marked", tmp_path / "c.xlsx") == 2
    assert not (tmp_path / "c.xlsx").exists()
    assert "一个一个地运行" in capsys.readouterr().err
    assert run("bank", "check", files[0], "--marked", tmp_path / "c.csv") == 2


def test_a_dry_run_gives_no_batch_number(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "a.xlsx", GOOD)
    assert run("bank", "import", file, "--bank", "虚构题库", "--dry-run") == 0
    told = capsys.readouterr().out
    assert "可导入 1" in told
    assert "批次" not in told
    assert run("bank", "import", file, "--bank", "虚构题库", "--dry-run", "--json") == 0
    item = json.loads(capsys.readouterr().out)
    assert (item["imported"], item["importable"], item["batch"]) == (0, 1, None)


@pytest.mark.parametrize(
    ("field", "said"),
    [("foo", "没有「foo」这一项；可写 stem、"), ("stems", "是否想写「stem」"), ("option", "option[0]")],
)
def test_a_mapping_of_an_unknown_field_is_told_what_there_is(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, said: str
) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(f"columns: {{{field}: A}}\n", encoding="utf-8")
    assert run("bank", "check", write_rows(tmp_path / "a.xlsx", GOOD), "--mapping", mapping) == 3
    assert said in capsys.readouterr().err


def test_an_export_imported_elsewhere_and_exported_again_is_the_same_but_for_its_own_numbers(
    run: Run, tmp_path: Path
) -> None:
    demo = find_shipped("configs", "demo", "questions.csv")
    assert run("bank", "import", demo, "--bank", "另一个虚构题库") == 0
    case = tmp_path / "case.csv"
    case.write_text(
        "题型,题组号,共用题干,题干,选项A,选项B,答案\n"
        "单选题,G7,虚构病例甲,第一问,甲,乙,A\n单选题,G7,,第二问,甲,乙,B\nB1,G9,,第三问,丙,丁,A\nB1,G9,,第四问,,,B\n",
        encoding="utf-8",
    )
    assert run("bank", "import", case, "--bank", "另一个虚构题库") == 0
    exports = []
    for number, name in enumerate(("虚构题库二", "虚构题库三")):
        source = exports[-1] if exports else case
        assert run("bank", "import", source, "--bank", name) == 0
        exports.append(tmp_path / f"{number}.csv")
        assert run("bank", "export", name, exports[-1]) == 0
    first, second = (
        [line.split(",", 2)[2] for line in path.read_text(encoding="utf-8-sig").splitlines()]
        for path in exports
    )
    assert first == second
    assert [line.split(",")[1] for line in first] == ["题组号", "1", "1", "2", "2"]
