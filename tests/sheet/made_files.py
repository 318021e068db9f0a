"""Workbooks the tests make themselves, byte by byte where no library writes the format."""

import io
import struct
import zipfile
from pathlib import Path

from openpyxl import Workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
ROWS: list[list[str | float]] = [["题干", "答案"], ["虚构题干䓬", "A"], ["第二题", 3.5]]


def make_xlsx(path: Path, rows: list[list[str | float]] = ROWS, *, name: str = "题库") -> Path:
    """A plain workbook by openpyxl."""
    book = Workbook()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def make_raw_xlsx(
    path: Path,
    sheet_data: str,
    *,
    content_type: str = XLSX_TYPE,
    before: str = "",
    extra: dict[str, bytes] | None = None,
) -> Path:
    """A workbook with one sheet 题库 whose <sheetData> is given word for word; `before` stands above the root."""
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{content_type}"/></Types>'
    )
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="题库" sheetId="1" r:id="rId1"/></sheets>'
        "</workbook>"
    )
    parts = {
        "[Content_Types].xml": types,
        "_rels/.rels": _relations("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": _relations("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in (parts | (extra or {})).items():
            archive.writestr(part, content)
    return path


def _relations(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{PACKAGE_RELATIONS}"><Relationship Id="rId1" Type="{RELATIONS}/{kind}" '
        f'Target="{target}"/></Relationships>'
    )


def make_ods(path: Path, rows: list[list[str | float]] = ROWS, *, repeated: int = 1) -> Path:
    """An OpenDocument spreadsheet; each row stands `repeated` times."""
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    cells = (
        f'<table:table-row table:number-rows-repeated="{repeated}">'
        + "".join(map(_ods_cell, row))
        + "</table:table-row>"
        for row in rows
    )
    content = (
        f'<office:document-content xmlns:office="{office}" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="题库">{"".join(cells)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return path


def _ods_cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


def make_xlsb(path: Path, cells: dict[tuple[int, int], str | float]) -> Path:
    """A binary workbook; `cells` by 0-based (row, column) in order."""
    sheet = _record(129) + _record(
        148, struct.pack("<4I", 0, max(r for r, _ in cells), 0, max(c for _, c in cells))
    )
    sheet += _record(145)
    last_row = -1
    for (row, column), value in cells.items():
        if row != last_row:
            sheet += _record(0, struct.pack("<I", row) + bytes(21))
            last_row = row
        head = struct.pack("<II", column, 0)
        is_text = isinstance(value, str)
        sheet += _record(6, head + _wide(value)) if is_text else _record(5, head + struct.pack("<d", value))
    sheet += _record(146) + _record(130)
    bundle = _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("题库"))
    book = _record(131) + _record(143) + bundle + _record(144) + _record(132)
    binary = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/xl/workbook.bin" ContentType="{binary}"/></Types>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", _relations("officeDocument", "xl/workbook.bin"))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", _relations("worksheet", "worksheets/sheet1.bin"))
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return path


def _record(kind: int, body: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, rest = b"", len(body)
    while True:
        rest, low = rest >> 7, rest & 0x7F
        size += bytes([low | (0x80 if rest else 0)])
        if not rest:
            return head + size + body


def _wide(value: str) -> bytes:
    encoded = value.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


def make_xls(path: Path, cells: dict[tuple[int, int], str | float]) -> Path:
    """A BIFF8 workbook with one sheet 题库; `cells` by 0-based (row, column)."""
    name = "题库".encode("utf-16-le")
    head = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
    sheet_at = len(head) + 4 + 8 + len(name) + 4
    bundle = _biff(0x0085, struct.pack("<IBBBB", sheet_at, 0, 0, len(name) // 2, 1) + name)
    sheet = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0))
    for (row, column), value in cells.items():
        place = struct.pack("<HHH", row, column, 0)
        if isinstance(value, str):
            encoded = value.encode("utf-16-le")
            sheet += _biff(0x0204, place + struct.pack("<HB", len(encoded) // 2, 1) + encoded)
        else:
            sheet += _biff(0x0203, place + struct.pack("<d", value))
    path.write_bytes(make_ole({"Workbook": head + bundle + _biff(0x0A) + sheet + _biff(0x0A)}))
    return path


def _biff(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def make_ole(streams: dict[str, bytes]) -> bytes:
    """An OLE container with at most three small streams, each padded past the mini stream's limit."""
    padded = {name: data.ljust(4096, b"\0") for name, data in streams.items()}
    fat, body = [0xFFFFFFFD, 0xFFFFFFFE], b""
    entries = [_ole_entry("Root Entry", 5, child=1, start=0xFFFFFFFE, size=0)]
    for number, (name, data) in enumerate(padded.items(), 1):
        count = -(-len(data) // 512)
        right = number + 1 if number < len(padded) else 0xFFFFFFFF
        entries.append(_ole_entry(name, 2, right=right, start=len(fat), size=len(data)))
        fat += [*range(len(fat) + 1, len(fat) + count), 0xFFFFFFFE]
        body += data.ljust(count * 512, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    header += struct.pack("<108I", *[0xFFFFFFFF] * 108)
    table = struct.pack("<128I", *fat, *[0xFFFFFFFF] * (128 - len(fat)))
    return header + table + b"".join(entries).ljust(512, b"\0") + body


def _ole_entry(
    name: str, kind: int, *, start: int, size: int, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF
) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0"
    head = written.ljust(64, b"\0") + struct.pack("<HBB", len(written), kind, 1)
    return head + struct.pack("<III", 0xFFFFFFFF, right, child) + bytes(36) + struct.pack("<IQ", start, size)


def zip_bytes(parts: dict[str, bytes]) -> bytes:
    """Any zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()
