"""Number formats that show something else than the number: 21 % for 0.21, 5mg for 5, 010 for 10, 1/2 for 0.5."""

import html
import re

# Of the formats that have a number in every workbook (ECMA-376, part 1, 18.8.30): per cent and fractions.
_BUILT_IN = frozenset({9, 10, 12, 13})
_FORMAT = re.compile(rb"<(?:\w{1,20}:)?numFmt\s([^<>]{0,2000})>")
_STYLES = re.compile(rb"<(?:\w{1,20}:)?cellXfs\b.*?</(?:\w{1,20}:)?cellXfs>", re.DOTALL)
_STYLE = re.compile(rb"<(?:\w{1,20}:)?xf\b([^<>]{0,2000})>")
_NUMBER = re.compile(rb"""\bnumFmtId=["'](\d{1,6})["']""")
_CODE = re.compile(rb"""\bformatCode=(?:"([^"]*)"|'([^']*)')""")
_LITERAL = re.compile(r'"([^"]*)"')
_FRACTION = re.compile(r"[?#0]\s?/\s?[?#0-9]")
_LEADING_ZEROS = re.compile(r"0{2,}")


def find_altering_styles(styles: bytes) -> frozenset[int]:
    """The numbers of the cell styles (attribute `s`) that show a number as other text, out of `xl/styles.xml`."""
    altering = set(_BUILT_IN)
    for attributes in _FORMAT.findall(styles):
        number, code = _NUMBER.search(attributes), _CODE.search(attributes)
        if (
            number
            and code
            and is_altering(html.unescape((code[1] or code[2] or b"").decode("utf-8", "replace")))
        ):
            altering.add(int(number[1]))
    section = _STYLES.search(styles)
    found = _STYLE.findall(section[0]) if section else []
    numbers = [_NUMBER.search(attributes) for attributes in found]
    return frozenset(at for at, number in enumerate(numbers) if number and int(number[1]) in altering)


def is_altering(code: str) -> bool:
    """Whether a format shows per cent, words of its own, leading noughts or a fraction."""
    shown = code.partition(";")[0]
    if any(literal.strip() for literal in _LITERAL.findall(shown)):
        return True
    plain = _LITERAL.sub("", shown).strip()
    return "%" in plain or bool(_FRACTION.search(plain)) or bool(_LEADING_ZEROS.fullmatch(plain))
