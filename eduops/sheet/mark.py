"""What is wrong with a user's workbook, shown in a copy of it: wrong cells coloured, explained and listed."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from eduops.core.errors import Conflict
from eduops.sheet.extract import write_extract
from eduops.sheet.hostile import ZIP_ERRORS
from eduops.sheet.sniff import Format
from eduops.sheet.workbook import Mark, Workbook

MAX_COPY_ROWS = 5_000
MAX_COPY_BYTES = 12 * 1024 * 1024
MAX_MERGED_CELLS = 100_000
_LOST_PARTS = (
    "xl/drawings/drawing",
    "xl/charts/",
    "xl/media/",
    "xl/pivot",
    "xl/slicer",
    "xl/threadedcomments/",
    "xl/activex/",
    "xl/ctrlprops/",
    "xl/embeddings/",
)

Kind = Literal["copy", "extract"]


def write_marked_copy(
    source: Workbook,
    target: Path,
    *,
    marks: Sequence[Mark],
    summary: Sequence[str],
    header_rows: Mapping[str, int] = MappingProxyType({}),
) -> Kind:
    """Writes an xlsx that shows the marks, whole or not at all, and says which kind it became.

    "copy": the user's own workbook with coloured cells, a comment each and the sheet 问题汇总. "extract": where a copy
    would lose something or take too long (not xlsx, over MAX_COPY_ROWS rows, pictures or charts), a new workbook with
    the wrong rows under the header rows given by sheet name. `summary` are the sentences above the list of problems.
    Raises Conflict where the target is the source, InputError where it cannot be written.
    """
    if target.resolve() == source.path.resolve():
        raise Conflict(f"标注副本不能覆盖原文件 {target}", hint="换一个输出文件名")
    if _is_copyable(source):
        # Loaded only where it is used: openpyxl takes as long to load as a small import.
        from eduops.sheet.annotate import write_annotated

        if write_annotated(source, target, marks=marks, summary=summary):
            return "copy"
    write_extract(source, target, marks=marks, summary=summary, header_rows=header_rows)
    return "extract"


def _is_copyable(source: Workbook) -> bool:
    """Whether openpyxl carries the workbook over unharmed and soon."""
    rows = sum(len(sheet.rows) for sheet in source.sheets)
    merged = sum(
        (area.last_row - area.first_row + 1) * (area.last_column - area.first_column + 1)
        for sheet in source.sheets
        for area in sheet.merged
    )
    if source.format != Format.XLSX or rows > MAX_COPY_ROWS or merged > MAX_MERGED_CELLS:
        return False
    try:
        with zipfile.ZipFile(source.path) as archive:
            members = archive.infolist()
    except (*ZIP_ERRORS, OSError):
        return False
    is_small = sum(member.file_size for member in members) <= MAX_COPY_BYTES
    return is_small and not any(member.filename.lower().startswith(_LOST_PARTS) for member in members)
