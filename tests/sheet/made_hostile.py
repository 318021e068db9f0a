"""Workbooks made to harm whoever opens them; each function writes one and gives back its path."""

import itertools
import zipfile
from pathlib import Path

from sheet.made_files import make_raw_xlsx, make_xlsx

ENTITY = '<!DOCTYPE x [<!ENTITY a "虚构"><!ENTITY b "&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'
MB = 1024 * 1024


def make_bomb(path: Path) -> Path:
    make_raw_xlsx(path, CELL)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/styles.xml", "w") as part,
    ):
        part.write(b"<x>")
        for _ in range(300):
            part.write(b" " * MB)
    return path


def make_wide_bomb(path: Path) -> Path:
    """Many parts, each below any limit for one."""
    part = b"<x>" + b" " * (8 * MB)
    return make_raw_xlsx(
        path, CELL, extra={f"xl/worksheets/sheet{number}.xml": part for number in range(2, 42)}
    )


def make_far_cell(path: Path) -> Path:
    return make_raw_xlsx(path, CELL + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def make_far_cell_in_one_row(path: Path) -> Path:
    """The row says 1, the cell says otherwise."""
    return make_raw_xlsx(path, '<row r="1"><c r="A1"><v>1</v></c><c s="0" r="XFD1048576"><v>1</v></c></row>')


def make_far_cell_spelt_oddly(path: Path) -> Path:
    return make_raw_xlsx(path, CELL + '<row r="1048576"><c r = "XFD1048576"><v>1</v></c></row>')


def make_shared_text_bomb(path: Path) -> Path:
    """One long text that every cell repeats: 1 GB once read, 30 KB of strings in the file."""
    text = "长" * 10_000
    rows = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 40_001))
    strings = (
        f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{text}</t></si></sst>'
    )
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    )
    extra = {"xl/sharedStrings.xml": strings.encode(), "xl/_rels/workbook.xml.rels": relations.encode()}
    return make_raw_xlsx(path, rows, extra=extra)


def make_quadratic(path: Path) -> Path:
    """Attributes without end, to make a regular expression walk back and forth."""
    return make_raw_xlsx(path, CELL + '<c r="AAA1" ' + 'r="AAA1" ' * 3_000_000)


def make_slip(path: Path) -> Path:
    return make_raw_xlsx(path, CELL, extra={"../../etc/cron.d/x": b"x"})


def make_backslash_slip(path: Path) -> Path:
    return make_raw_xlsx(path, CELL, extra={"xl\\..\\..\\x": b"x"})


def make_bad_checksum(path: Path) -> Path:
    make_xlsx(path)
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 14
    data = bytearray(path.read_bytes())
    central = data.rfind(b"xl/worksheets/sheet1.xml") - 46 + 16
    for place in (at, central):
        data[place] ^= 0xFF
    path.write_bytes(data)
    return path


def make_crowd(path: Path) -> Path:
    """Two hundred thousand parts of nothing."""
    path.write_bytes(make_xlsx(path).read_bytes() + b"PK\x01\x02" + (b"PK\x01\x02" + bytes(42)) * 200_000)
    return path


def make_lzma(path: Path) -> Path:
    make_raw_xlsx(path, CELL)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("xl/x.xml", b"<x/>")
    return path


def make_utf16_part(path: Path) -> Path:
    hidden = (EXTERNAL + "<x/>").encode("utf-16")
    return make_raw_xlsx(path, CELL, extra={"xl/styles.xml": hidden})


def make_encrypted_part(path: Path) -> Path:
    data = bytearray(make_raw_xlsx(path, CELL).read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        if data[at + 46 :].startswith(b"xl/worksheets"):
            data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 1)
    path.write_bytes(data)
    return path


def make_entity_bomb(path: Path) -> Path:
    """Entities that name ten others each, ten times over."""
    names = "abcdefghij"
    nested = "".join(f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in itertools.pairwise(names))
    return make_raw_xlsx(path, CELL, before=f'<!DOCTYPE x [<!ENTITY a "虚构">{nested}]>')


def make_entity(path: Path) -> Path:
    return make_raw_xlsx(path, CELL, before=ENTITY)


def make_external_entity(path: Path) -> Path:
    return make_raw_xlsx(path, CELL, before=EXTERNAL)


def make_truncated(path: Path) -> Path:
    path.write_bytes(make_xlsx(path).read_bytes()[:-400])
    return path


def make_empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def make_sentence(path: Path) -> Path:
    path.write_text("请把题库发给我，谢谢。", encoding="utf-8")
    return path
