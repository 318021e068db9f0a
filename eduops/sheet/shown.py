"""What a sheet shows of its cells beside their values: rows and columns hidden, cells struck out."""

import re

from eduops.sheet.workbook import column_index

HIDDEN_SIGN = b"hidden="
MAX_HIDDEN = 100_000

_HIDDEN = r"""\bhidden=["'](?:1|true)["']"""
_HIDDEN_ROW = re.compile(
    rf"""<(?:\w{{1,20}}:)?row\s(?=[^<>]{{0,400}}{_HIDDEN})[^<>]{{0,400}}?\br=["'](\d{{1,7}})["']""".encode()
)
_HIDDEN_COLUMNS = re.compile(rf"<(?:\w{{1,20}}:)?col\s(?=[^<>]{{0,400}}{_HIDDEN})([^<>]{{0,400}})>".encode())
_FIRST = re.compile(rb"""\bmin=["'](\d{1,5})["']""")
_LAST = re.compile(rb"""\bmax=["'](\d{1,5})["']""")
_MOST_COLUMNS = 16_384
_FONTS = re.compile(rb"<(?:\w{1,20}:)?fonts\b.*?</(?:\w{1,20}:)?fonts>", re.DOTALL)
_FONT = re.compile(rb"<(?:\w{1,20}:)?font(?:\s?/>|>.*?</(?:\w{1,20}:)?font>)", re.DOTALL)
_STRIKE = re.compile(rb"""<(?:\w{1,20}:)?strike(?!\s[^<>]{0,40}\bval=["'](?:0|false)["'])[\s/>]""")
_STYLES = re.compile(rb"<(?:\w{1,20}:)?cellXfs\b.*?</(?:\w{1,20}:)?cellXfs>", re.DOTALL)
_STYLE = re.compile(rb"<(?:\w{1,20}:)?xf\b([^<>]{0,2000})>")
_FONT_NUMBER = re.compile(rb"""\bfontId=["'](\d{1,6})["']""")
_STYLED_CELL = re.compile(rb"""<(?:\w{1,20}:)?c\s([^<>]{0,200}\bs=["'](\d{1,5})["'][^<>]{0,200})(?<!/)>""")
_PLACE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")


def note_hidden(content: bytes, rows: set[int], columns: set[int]) -> None:
    """Adds the hidden rows (1-based) and columns (0-based), those that a filter hides among them."""
    if HIDDEN_SIGN not in content or len(rows) > MAX_HIDDEN:
        return
    rows.update(map(int, _HIDDEN_ROW.findall(content)))
    for attributes in _HIDDEN_COLUMNS.findall(content):
        first, last = _FIRST.search(attributes), _LAST.search(attributes)
        if first and last:
            columns.update(range(int(first[1]) - 1, min(int(last[1]), _MOST_COLUMNS)))


def find_struck_styles(styles: bytes) -> frozenset[int]:
    """The numbers of the cell styles (attribute `s`) whose font is struck out, out of `xl/styles.xml`."""
    fonts, section = _FONTS.search(styles), _STYLES.search(styles)
    if fonts is None or section is None or not _STRIKE.search(fonts[0]):
        return frozenset()
    struck = {at for at, font in enumerate(_FONT.findall(fonts[0])) if _STRIKE.search(font)}
    numbers = [_FONT_NUMBER.search(attributes) for attributes in _STYLE.findall(section[0])]
    return frozenset(at for at, number in enumerate(numbers) if number and int(number[1]) in struck)


def note_struck(content: bytes, styles: frozenset[int], struck: set[tuple[int, int]]) -> None:
    """Adds the (row, column) of the cells in these styles."""
    if len(struck) > MAX_HIDDEN:
        return
    for attributes, style in _STYLED_CELL.findall(content):
        if int(style) in styles and (found := _PLACE.search(attributes)):
            struck.add((int(found[2]), column_index(found[1].decode())))
