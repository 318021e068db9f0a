"""Real workbooks, where they lie beside the checkout: how many questions each gives, and which rows are wrong."""

from collections import Counter
from pathlib import Path

import pytest
from closing_line import SHARED_DATA

from eduops.core.errors import InputError
from eduops.sheet.read import read_workbook
from eduops.training.rules.bank_judge import judge_workbook

pytestmark = pytest.mark.needs("../shared/data")
FOLDER = SHARED_DATA / "questions"
MEDICAL_ERRORS = {
    (1880, "options_equal"), (2295, "options_equal"), (2437, "options_equal"), (2553, "options_equal"),
    (4208, "options_equal"), (5358, "key_missing"), (5534, "options_equal"), (5591, "option_missing"),
    (5598, "option_missing"), (7483, "options_equal"), (10026, "options_equal"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "rows", "good", "duplicates", "codes"),
    [
        ("b1_shared_options.xlsx", 527, 527, 0, {}),
        ("bank_by_type_sheets.xlsx", 823, 821, 0, {"key_conflict": 2}),
        (
            "bank_medical_12k.xlsx",
            11965,
            11941,
            13,
            {"options_equal": 8, "option_missing": 2, "key_missing": 1},
        ),
        ("bank_mixed_200.xlsx", 200, 185, 0, {"key_missing": 15}),
        ("case_a3a4_merged_stem.xlsx", 51, 51, 0, {}),
        ("case_a3a4_stem_row.xlsx", 51, 51, 0, {}),
        ("nursing_papers_no_answers.xlsx", 103, 15, 0, {"key_missing": 88}),
        ("templates/tpl_judge_1_0_elder_care.xlsx", 12, 11, 0, {"key_outside": 1}),
        ("templates/tpl_letters_as_headers.xlsx", 10, 10, 0, {}),
        ("templates/tpl_notes_row_knowledge_first.xlsx", 6, 6, 0, {}),
        ("templates/tpl_one_row_per_option.xlsx", 4, 4, 0, {}),
        ("templates/tpl_plain_8col.xlsx", 5, 5, 0, {}),
        ("templates/tpl_required_marks_in_header.xlsx", 1, 1, 0, {}),
        ("templates/tpl_two_sheets_with_instructions.xlsx", 50, 50, 0, {}),
    ],
)
def test_every_workbook_gives_what_is_in_it(
    file: str, rows: int, good: int, duplicates: int, codes: dict[str, int]
) -> None:
    judged = judge_workbook(read_workbook(FOLDER / file))
    assert (len(judged.drafts), len(judged.good), judged.duplicates) == (rows, good, duplicates)
    assert Counter(error.code for error in judged.errors) == codes


@pytest.mark.slow
def test_the_large_bank_has_the_errors_of_the_medical_one() -> None:
    judged = judge_workbook(read_workbook(FOLDER / "bank_large_36k.xlsx"))
    assert (len(judged.drafts), len(judged.good), judged.duplicates) == (36006, 35937, 58)
    assert {(error.row, error.code) for error in judged.errors} == MEDICAL_ERRORS


def test_the_known_bad_rows_are_named() -> None:
    judged = judge_workbook(read_workbook(FOLDER / "bank_medical_12k.xlsx"))
    assert {(error.row, error.code) for error in judged.errors} == MEDICAL_ERRORS


def test_both_layouts_of_the_cases_give_the_same_groups() -> None:
    merged, stem_rows = (
        judge_workbook(read_workbook(FOLDER / name))
        for name in ("case_a3a4_merged_stem.xlsx", "case_a3a4_stem_row.xlsx")
    )
    assert len({id(draft.group) for draft in merged.good}) == 14
    assert [draft.fingerprint for draft in merged.good] == [draft.fingerprint for draft in stem_rows.good]


def test_a_template_without_questions_is_refused() -> None:
    path: Path = FOLDER / "templates" / "tpl_title_row_empty_styled_rows.xlsx"
    with pytest.raises(InputError, match="只有表头"):
        judge_workbook(read_workbook(path))
