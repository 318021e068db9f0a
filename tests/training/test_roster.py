"""What a roster's rows say, however its author laid them out."""

from datetime import date, datetime
from itertools import permutations
from pathlib import Path

import pytest
from closing_line import SHARED_DATA
from hypothesis import given
from hypothesis import strategies as st

from eduops.cli.roster_screen import load_roster
from eduops.sheet.export import Column, Table, write_csv, write_table
from eduops.sheet.workbook import Cell, Range, Sheet, Workbook
from eduops.training.rules.category import CATEGORIES
from eduops.training.rules.roster import LearnerRow, Roster, read_roster

HEAD: list[Cell] = ["工号", "姓名", "科室"]


def find_roster(*sheets: Sheet) -> Roster | None:
    return read_roster(Workbook(Path("虚构名册.xlsx"), "xlsx", sheets))


def read_rows(*rows: list[Cell], merged: tuple[Range, ...] = ()) -> Roster:
    roster = find_roster(Sheet("名册", list(rows), merged=merged))
    assert roster is not None
    return roster


def codes(roster: Roster) -> list[tuple[str, str]]:
    """(place, code) of every error."""
    return [(error.place.partition("!")[2], error.code) for error in roster.errors]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_columns_may_stand_in_any_order(order: tuple[int, ...]) -> None:
    row: list[Cell] = ["1001", "虚构甲", "内科"]
    roster = read_rows([HEAD[place] for place in order], [row[place] for place in order])
    assert roster.learners == (LearnerRow(2, None, "1001", "虚构甲", None, "内科", None),)
    assert roster.columns["staff_number"] == "ABC"[order.index(0)]


@pytest.mark.parametrize(
    "head",
    [
        ["学号", "姓名"],
        ["职工号", "真实姓名"],
        ["员工编号*", "学员姓名（必填）"],
        [" 工 号 ", "姓　名："],
    ],
)
def test_known_names_of_the_columns_are_understood(head: list[Cell]) -> None:
    assert [each.staff_number for each in read_rows(head, ["1001", "虚构甲"]).learners] == ["1001"]


@pytest.mark.parametrize(
    "head", [["姓名", "科室"], ["工号", "科室"], ["用户名", "邮箱"], ["序号", "姓名"], []]
)
def test_without_staff_number_and_name_it_is_no_roster(head: list[Cell]) -> None:
    assert find_roster(Sheet("名册", [head, ["1001", "虚构甲"]])) is None


def test_the_header_is_found_under_notes_and_empty_rows_are_passed_over() -> None:
    notes: list[list[Cell]] = [["填表说明：工号请按文本填写", None], [None, None]]
    roster = read_rows(*notes, HEAD, ["1001", "虚构甲", "内科"], [None, " ", None], ["1002", "虚构乙", None])
    assert roster.header_row == 3
    assert [each.row for each in roster.learners] == [4, 6]
    assert roster.learners[1].department is None


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("00123", "00123"),
        (" 00123\u00a0", "00123"),
        (123, "123"),
        (123.0, "123"),
        (10**15 - 1, "999999999999999"),
        (1e15 - 1, "999999999999999"),
        ("440101199001011234", "440101199001011234"),
        ("E10+2", "E10+2"),
        ("虚-001", "虚-001"),
    ],
)
def test_staff_numbers_keep_what_was_written(cell: Cell, number: str) -> None:
    assert [each.staff_number for each in read_rows(HEAD, [cell, "虚构甲", None]).learners] == [number]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (10**15, "lost_digits"),
        (1e15, "lost_digits"),
        (440101199001011234, "lost_digits"),
        ("4.4E+17", "lost_digits"),
        ("4e+17", "lost_digits"),
        (date(2026, 3, 5), "date"),
        (datetime(2026, 3, 5, 8), "date"),  # noqa: DTZ001 - a cell has no zone
        (None, "missing"),
        (" 　", "missing"),
        ("9" * 65, "too_long"),
    ],
)
def test_a_staff_number_that_is_not_what_was_written_is_refused(cell: Cell, code: str) -> None:
    roster = read_rows(HEAD, [cell, "虚构甲", "内科"])
    assert (codes(roster), roster.learners) == ([("A2", code)], ())


def test_a_name_is_needed_and_has_its_limit() -> None:
    roster = read_rows(HEAD, ["1", None, "内科"], ["2", "虚" * 100, None], ["3", "虚" * 101, None])
    assert codes(roster) == [("B2", "missing"), ("B4", "too_long")]
    assert [each.staff_number for each in roster.learners] == ["2"]


def test_a_row_with_neither_number_nor_name_lacks_both() -> None:
    assert codes(read_rows(HEAD, [None, None, "合计 1 人"])) == [("A2", "missing"), ("B2", "missing")]


def test_a_number_twice_in_a_tenant_is_named_with_the_first_row() -> None:
    head: list[Cell] = ["机构", "工号", "姓名"]
    roster = read_rows(head, ["甲院", "1", "虚构甲"], ["乙院", "1", "虚构乙"], ["甲院", 1.0, "虚构丙"])
    assert codes(roster) == [("B4", "duplicate")]
    assert roster.errors[0].message == "工号与第 2 行重复"


@pytest.mark.parametrize(("word", "chinese"), CATEGORIES.items())
def test_each_category_of_the_contract_is_known(word: str, chinese: str) -> None:
    roster = read_rows([*HEAD, "人员类别"], ["1", "虚构甲", None, chinese])
    assert [each.category for each in roster.learners] == [word]


def test_an_unknown_category_is_refused_with_those_that_are_known() -> None:
    roster = read_rows([*HEAD, "人员类别"], ["1", "虚构甲", None, "实习护士"], ["2", "虚构乙", None, None])
    assert codes(roster) == [("D2", "unknown_category")]
    assert "住培生、委培生" in roster.errors[0].message
    assert [each.category for each in roster.learners] == [None]


def test_an_error_cell_is_no_empty_cell() -> None:
    sheet = Sheet("名册", [HEAD, [None, "虚构甲", None]], errors=frozenset({(2, 0), (2, 2)}))
    roster = find_roster(sheet)
    assert roster is not None
    assert sorted(codes(roster)) == [("A2", "cell_error"), ("C2", "cell_error")]


def test_a_department_merged_downwards_holds_for_all_its_rows() -> None:
    rows: list[list[Cell]] = [HEAD, ["1", "虚构甲", "内科"], ["2", "虚构乙", None], ["3", "虚构丙", None]]
    roster = read_rows(*rows, merged=(Range(2, 2, 3, 2),))
    assert [each.department for each in roster.learners] == ["内科", "内科", None]


def test_a_number_merged_downwards_and_a_note_across_name_nobody() -> None:
    rows: list[list[Cell]] = [HEAD, ["1", "虚构甲", None], [None, "虚构乙", None], ["以上共两人", None, None]]
    roster = read_rows(*rows, merged=(Range(2, 0, 3, 0), Range(4, 0, 4, 2)))
    assert codes(roster) == [("A3", "missing"), ("B4", "missing")]


def test_a_heading_merged_downwards_is_nobodys_department() -> None:
    (learner,) = read_rows(HEAD, ["1", "虚构甲", None], merged=(Range(1, 2, 2, 2),)).learners
    assert learner.department is None


def test_a_department_merged_across_is_no_title() -> None:
    rows: list[list[Cell]] = [[*HEAD, "职称"], ["1", "虚构甲", "内科", None]]
    (learner,) = read_rows(*rows, merged=(Range(2, 2, 2, 3),)).learners
    assert (learner.department, learner.title) == ("内科", None)


def test_a_second_sheet_of_people_is_not_left_out_in_silence() -> None:
    people, more = (Sheet(name, [HEAD, ["1", "虚构甲", None]]) for name in ("东院", "西院"))
    empty, hidden = Sheet("模板", [HEAD]), Sheet("旧", [HEAD, ["9", "虚构丁", None]], visible=False)
    both = find_roster(people, more)
    assert both is not None
    assert [(error.place, error.code) for error in both.errors] == [("西院!A1", "second_roster")]
    for sheets in ((people, empty, hidden), (empty, hidden, people)):
        roster = find_roster(*sheets)
        assert roster is not None
        assert (roster.sheet, roster.errors, len(roster.learners)) == ("东院", (), 1)


def test_a_header_alone_is_a_roster_of_nobody() -> None:
    assert (read_rows(HEAD).learners, read_rows(HEAD).errors) == ((), ())


@given(
    st.permutations(["工号", "姓名", "机构", "科室", "职称", "人员类别", "备注"]),
    st.integers(0, 5),
    st.lists(st.from_regex(r"[0-9A-Z]{1,18}", fullmatch=True), unique=True, max_size=5),
)
def test_no_layout_changes_what_a_roster_says(order: list[str], notes: int, numbers: list[str]) -> None:
    said = {
        "姓名": "虚构甲",
        "机构": "甲院",
        "科室": "内科",
        "职称": "中级",
        "人员类别": "护士",
        "备注": "无",
    }
    rows: list[list[Cell]] = [[said.get(name, number) for name in order] for number in numbers]
    above: list[list[Cell]] = [["填表说明"] for _ in range(notes)]
    roster = read_rows(*above, list(order), *rows)
    assert roster.learners == tuple(
        LearnerRow(notes + 2 + place, "甲院", number, "虚构甲", "nurse", "内科", "中级")
        for place, number in enumerate(numbers)
    )


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_leading_zeros_come_through_a_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"虚构名册{ending}"
    table = Table(
        "名册", "", "", [Column("工号"), Column("姓名")], [("00123", "虚构甲"), ("00124", "虚构乙")]
    )
    if ending == ".csv":
        write_csv(path, table)
    else:
        write_table(path, [table])
    assert [each.staff_number for each in load_roster(path).learners] == ["00123", "00124"]


@pytest.mark.needs("../shared/data")
@pytest.mark.parametrize(
    ("file", "people"),
    [
        ("staff_phone_dates.xlsx", 3),
        ("scores_5_components.xlsx", 5),
        ("learners_dept_email.xlsx", 0),
        ("users_with_role.xlsx", 5),
    ],
)
def test_other_peoples_templates_are_read(file: str, people: int) -> None:
    roster = load_roster(SHARED_DATA / "questions" / "roster-templates" / file)
    assert (len(roster.learners), roster.errors) == (people, ())


def test_columns_that_nothing_was_taken_from_are_named() -> None:
    sheet = Sheet("名册", [["工号", "姓名", "岗位", "血型"], ["X1", "虚构某", "文员", "1"]])
    roster = read_roster(Workbook(Path("a.xlsx"), "xlsx", (sheet,)))
    assert roster is not None
    assert roster.unused == ("C 岗位", "D 血型")
    assert [learner.staff_number for learner in roster.learners] == ["X1"]
