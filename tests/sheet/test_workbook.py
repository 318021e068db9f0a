"""Cells put into words, and addresses."""

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.sheet.workbook import (
    Cell,
    Range,
    Sheet,
    address,
    cell_text,
    column_index,
    column_letters,
    has_lost_digits,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        (" 题 ", " 题 "),
        (12.0, "12"),
        (-0.0, "0"),
        (3.5, "3.5"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (13800138000.0, "13800138000"),
        (4.4e17, "440000000000000000"),
        (440000199001011234.0, "440000199001011000"),
        (9007199254740991.0, "9007199254740991"),
        (7, "7"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02 03:04:05"),  # noqa: DTZ001 -- a cell has no zone
        (time(3, 4), "03:04:00"),
    ],
)
def test_cell_text_is_what_a_person_sees(value: Cell, text: str) -> None:
    assert cell_text(value) == text


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_whole_numbers_read_as_floats_keep_every_digit(number: int) -> None:
    assert cell_text(float(number)) == str(number)


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_no_number_has_an_exponent_and_fifteen_digits_survive(number: float) -> None:
    text = cell_text(number)
    assert "e" not in text.lower()
    assert float(text) == pytest.approx(number, rel=1e-14, abs=0)


@given(st.text())
def test_text_stays_as_it_is(text: str) -> None:
    assert cell_text(text) == text


@pytest.mark.parametrize(
    ("value", "is_lost"),
    [
        (999999999999999.0, False),
        (1e15, True),
        (440000199001011000, True),
        ("440000199001011234", False),
        (True, False),
    ],
)
def test_numbers_past_fifteen_digits_are_known_to_be_damaged(value: Cell, is_lost: bool) -> None:
    assert has_lost_digits(value) is is_lost


@pytest.mark.parametrize(
    ("row", "column", "name"),
    [(7, 2, "C7"), (1, 0, "A1"), (9, 25, "Z9"), (9, 26, "AA9"), (1048576, 16383, "XFD1048576")],
)
def test_addresses_are_those_of_excel(row: int, column: int, name: str) -> None:
    assert address(row, column) == name


@given(st.integers(min_value=0, max_value=20_000))
def test_column_letters_and_index_are_inverse(column: int) -> None:
    assert column_index(column_letters(column)) == column


def test_cells_are_found_by_their_true_place() -> None:
    sheet = Sheet("题库", [[None, "甲"], [None, None, 3.0]], first_row=5)
    assert (sheet.cell(5, 1), sheet.cell(6, 2), sheet.cell(4, 1), sheet.cell(7, 0), sheet.cell(5, 9)) == (
        "甲",
        3.0,
        None,
        None,
        None,
    )
    assert (sheet.last_row, sheet.width) == (6, 3)
    assert [number for number, _ in sheet.numbered_rows(6)] == [6]
    assert [number for number, _ in sheet.numbered_rows()] == [5, 6]


def test_merged_cells_lead_to_their_top_left_and_never_past_the_used_area() -> None:
    whole_sheet = Range(1, 0, 1048576, 16383)
    sheet = Sheet("题库", [["题干", "a"], [None, "b"]], merged=(Range(1, 0, 2, 0),))
    assert sheet.merged_anchors() == {(2, 0): (1, 0)}
    assert len(Sheet("大", [["题干", "a"]], merged=(whole_sheet,)).merged_anchors()) == 1
