"""A mapping is proposed from what stands in the columns, and the import understands it."""

from pathlib import Path

import pytest
from made_bank import make_workbook

from eduops.core.errors import InputError
from eduops.sheet.workbook import Cell, Sheet, Workbook
from eduops.training.rules.bank_judge import judge_workbook
from eduops.training.rules.bank_suggestion import suggest_mapping

ROWS: tuple[list[Cell], ...] = (
    ["虚构医院的题"],
    ["编码", "描述", "甲项", "乙项", "丙项", "结论", "录入"],
    [1.0, "虚构的题干一说的是什么", "甲甲", "乙乙", "丙丙", "A", "某人"],
    [2.0, "虚构的题干二说的是什么", "甲甲", "乙乙", None, "b", "某人"],
    [3.0, "虚构的题干三说的是什么", "甲甲", "乙乙", "丙丙", "A、C", "某人"],
)


def test_content_tells_stem_key_and_options() -> None:
    found = suggest_mapping(make_workbook(*ROWS))
    assert found.mapping.header_row == 2
    assert found.mapping.columns == {
        "key": "F", "stem": "B", "option[0]": "C", "option[1]": "D", "option[2]": "E"
    }  # fmt: skip
    assert found.left == (("A", "编码"), ("G", "录入"))


def test_the_proposal_is_understood_by_the_import() -> None:
    book = make_workbook(*ROWS)
    judged = judge_workbook(book, mapping=suggest_mapping(book).mapping)
    assert (judged.errors, len(judged.good)) == ([], 3)


def test_known_headings_are_kept_and_only_the_others_looked_at() -> None:
    book = make_workbook(
        ["题型", "描述", "答案"], ["判断题", "虚构的说法一", "对"], ["判断题", "虚构的说法二", "错"]
    )
    assert suggest_mapping(book).mapping.columns == {"type": "A", "key": "C", "stem": "B"}


def test_the_sheet_is_named_only_where_there_are_several() -> None:
    sheets = (Sheet("说明", [["甲"]]), Sheet("数据", list(ROWS)))
    assert suggest_mapping(Workbook(Path("x"), "xlsx", sheets)).mapping.sheet == "数据"
    assert suggest_mapping(make_workbook(*ROWS)).mapping.sheet is None


def test_nothing_to_look_at_is_told() -> None:
    with pytest.raises(InputError, match="没有可看的工作表"):
        suggest_mapping(make_workbook(["题干"]))


def test_a_proposal_reads_its_own_columns_where_options_are_headed_by_letters() -> None:
    rows: list[list[Cell]] = [["栏型", "栏问", "栏答", "A", "B", "C", "D"]]
    rows += [
        ["单选题", f"虚构的第 {number} 道题问的是什么", "B", "甲项", "乙项", "丙项", "丁项"]
        for number in range(20)
    ]
    book = Workbook(Path("虚构.xlsx"), "xlsx", (Sheet("题", rows),))
    found = suggest_mapping(book)
    judged = judge_workbook(book, mapping=found.mapping)
    assert judged.errors == []
    assert {draft.question.key for draft in judged.good if draft.question} == {(("B",),)}
