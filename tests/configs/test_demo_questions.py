"""The shipped demonstration bank is whole: every key fits its options, every group stands together."""

import csv
import io
from collections import Counter
from itertools import groupby

import pytest

from eduops.core import shipped

COLUMNS = ["题型", "题组号", "共用题干", "题干", *(f"选项{letter}" for letter in "ABCDE")]
COLUMNS += ["答案", "解析", "难度", "分值", "知识点", "来源"]
LETTERS = "ABCDE"
LEAST = {"单选": 60, "多选": 25, "判断": 25, "填空": 20, "简答": 8, "案例分析": 5}
POINTS = {"单选": 1, "多选": 2, "判断": 1, "简答": 5, "案例分析": 10, "A3/A4": 1, "B1": 1}
GROUPED = {"A3/A4": (6, 2, 3), "B1": (5, 2, 4)}  # least groups, least and most questions in one

Row = dict[str, str]


def _options(row: Row) -> dict[str, str]:
    return {letter: row[f"选项{letter}"] for letter in LETTERS if row[f"选项{letter}"]}


def _groups(rows: list[Row], kind: str) -> list[list[Row]]:
    of_kind = (row for row in rows if row["题型"] == kind)
    return [list(group) for _, group in groupby(of_kind, key=lambda row: row["题组号"])]


def _of(rows: list[Row], *kinds: str) -> list[Row]:
    return [row for row in rows if row["题型"] in kinds]


@pytest.fixture(scope="module")
def text() -> str:
    return shipped.find_shipped("configs", "demo", "questions.csv").read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def rows(text: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_file_has_exactly_the_documented_columns_and_no_byte_order_mark(text: str) -> None:
    table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert table[0] == COLUMNS
    assert {len(record) for record in table} == {len(COLUMNS)}


def test_every_type_is_there_often_enough(rows: list[Row]) -> None:
    counts = Counter(row["题型"] for row in rows)
    assert len(rows) >= 170
    assert set(counts) == set(LEAST) | set(GROUPED)
    assert {kind: counts[kind] for kind, least in LEAST.items() if counts[kind] < least} == {}


def test_every_single_choice_has_one_letter_that_is_among_five_different_options(rows: list[Row]) -> None:
    for row in _of(rows, "单选", "A3/A4"):
        options = _options(row)
        assert len(set(options.values())) == 5, row["题干"]
        assert len(row["答案"]) == 1 and row["答案"] in options, row["题干"]


def test_every_multiple_choice_has_two_to_five_sorted_letters_among_its_options(rows: list[Row]) -> None:
    multiples = _of(rows, "多选")
    for row in multiples:
        options, key = _options(row), row["答案"]
        assert len(set(options.values())) == 5, row["题干"]
        assert set(key) <= set(options) and len(key) >= 2, row["题干"]
        assert key == "".join(sorted(set(key))), row["题干"]
    assert {len(row["答案"]) for row in multiples} == {2, 3, 4, 5}


def test_right_letters_are_spread_over_all_five(rows: list[Row]) -> None:
    singles = _of(rows, "单选")
    counts = Counter(row["答案"] for row in singles)
    for letter in LETTERS:
        having = sum(1 for row in singles if letter in _options(row))
        assert counts[letter] >= having * 0.10, letter


def test_right_option_is_not_given_away_by_its_length(rows: list[Row]) -> None:
    singles = _of(rows, "单选")
    longest = 0
    for row in singles:
        options = _options(row)
        right = len(options.pop(row["答案"]))
        longest += right > max(map(len, options.values()))
    assert longest <= len(singles) * 0.35


def test_every_judgement_is_right_or_wrong_and_both_are_common(rows: list[Row]) -> None:
    counts = Counter(row["答案"] for row in _of(rows, "判断"))
    assert set(counts) == {"对", "错"}
    assert min(counts.values()) >= 10


def test_every_blank_has_its_answer_and_its_point(rows: list[Row]) -> None:
    for row in _of(rows, "填空"):
        answers = row["答案"].split("|")
        assert row["题干"].replace("____", "").count("_") == 0, row["题干"]
        assert row["题干"].count("____") == len(answers) == int(row["分值"]) >= 1, row["题干"]
        for answer in answers:
            alternatives = answer.split(";")
            assert all(alternatives) and len(set(alternatives)) == len(alternatives), row["题干"]


@pytest.mark.parametrize("kind", GROUPED)
def test_groups_stand_together_and_are_neither_too_few_nor_too_big(rows: list[Row], kind: str) -> None:
    least_groups, least, most = GROUPED[kind]
    groups = _groups(rows, kind)
    numbers = [group[0]["题组号"] for group in groups]
    assert all(numbers) and len(set(numbers)) == len(numbers) >= least_groups
    assert all(least <= len(group) <= most for group in groups)
    assert [row["题型"] for row in rows if row["题组号"] in numbers] == [kind] * len(_of(rows, kind))


def test_group_rows_follow_each_other_in_the_file(rows: list[Row]) -> None:
    runs = [number for number, _ in groupby(rows, key=lambda row: row["题组号"]) if number]
    assert len(runs) == len(set(runs))


def test_a_shared_stem_stands_on_the_first_row_of_its_group_only(rows: list[Row]) -> None:
    for first, *others in _groups(rows, "A3/A4"):
        assert first["共用题干"]
        assert not any(row["共用题干"] for row in others)
    assert not any(row["共用题干"] or row["题组号"] for row in _of(rows, *LEAST))


def test_shared_options_stand_on_the_first_row_of_their_group_only(rows: list[Row]) -> None:
    for first, *others in _groups(rows, "B1"):
        options = _options(first)
        assert len(set(options.values())) == 5
        assert not any(_options(row) for row in others)
        assert not any(row["共用题干"] for row in (first, *others))
        assert all(row["答案"] in options for row in (first, *others))


def test_types_without_options_have_none(rows: list[Row]) -> None:
    assert not any(_options(row) for row in _of(rows, "判断", "填空", "简答", "案例分析"))


def test_no_question_occurs_twice(rows: list[Row]) -> None:
    counts = Counter((row["题干"], *sorted(_options(row).values())) for row in rows)
    assert [stem for (stem, *_), count in counts.items() if count > 1] == []


def test_every_question_has_stem_answer_reason_difficulty_points_and_topic(rows: list[Row]) -> None:
    for row in rows:
        assert row["题干"] and row["答案"] and row["解析"], row["题干"]
        assert row["难度"] in {"易", "中", "难"}, row["题干"]
        assert row["题型"] == "填空" or int(row["分值"]) == POINTS[row["题型"]], row["题干"]
        assert len(row["知识点"].split("/")) == 2 and all(row["知识点"].split("/")), row["题干"]
        assert row["来源"] == "eduops 自编"


def test_no_cell_is_padded_or_could_be_taken_for_a_formula(rows: list[Row]) -> None:
    for row in rows:
        for cell in row.values():
            assert cell == cell.strip() and not cell.startswith(("=", "+", "-", "@")), cell
