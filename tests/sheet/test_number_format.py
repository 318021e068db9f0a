"""Numbers that a cell shows as other text are known, and others are left alone."""

import pytest
from xlsxwriter import Workbook

from eduops.sheet.number_format import find_altering_styles, is_altering
from eduops.sheet.read import read_workbook


@pytest.mark.parametrize("code", ["0%", "0.00%", '0"mg"', '"第"0"天"', "000", "# ?/?", '0"分";[Red]-0'])
def test_format_that_shows_other_text_is_known(code):
    assert is_altering(code)


@pytest.mark.parametrize(
    "code", ["General", "0", "0.00", "#,##0", "@", "0.00E+00", '0" "', "yyyy/m/d", "0_ "]
)
def test_format_that_shows_the_number_is_left_alone(code):
    assert not is_altering(code)


def test_styles_without_formats_of_their_own_alter_nothing():
    assert (
        find_altering_styles(b'<styleSheet><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>') == frozenset()
    )


def test_cells_are_known_by_their_place(tmp_path):
    path = tmp_path / "formats.xlsx"
    with Workbook(path) as book:
        sheet, plain = book.add_worksheet("题"), book.add_worksheet("原样")
        for row, (code, value) in enumerate([("0%", 0.21), ('0"mg"', 5), ("0.00", 3.5), ("General", 7)]):
            sheet.write(row, 1, value, book.add_format({"num_format": code}))
        sheet.write_string(4, 1, "21%", book.add_format({"num_format": "0%"}))
        sheet.write_formula(5, 1, "=0.2+0.01", book.add_format({"num_format": "0%"}), 0.21)
        plain.write(0, 0, 0.21)
    found, other = read_workbook(path).sheets
    assert found.formatted == {(1, 1), (2, 1), (6, 1)}
    assert other.formatted == frozenset()
    assert [found.cell(row, 1) for row in (1, 3, 5)] == [0.21, 3.5, "21%"]
