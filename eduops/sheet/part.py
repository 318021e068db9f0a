"""Which part of an xlsx package holds which sheet."""

import posixpath
import zipfile
from typing import BinaryIO
from xml.etree import ElementTree

_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def load_sheet_parts(stream: BinaryIO) -> dict[str, str]:
    """Sheet name -> part name; empty where the package does not say. Only for what check_zip has let pass."""
    with zipfile.ZipFile(stream) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        book = names.get("xl/workbook.xml")
        relations = names.get("xl/_rels/workbook.xml.rels")
        if not book or not relations:
            return {}
        try:
            targets = _parse_relations(archive.read(relations))
            root = ElementTree.fromstring(archive.read(book))  # noqa: S314 -- check_zip refused every DTD
        except ElementTree.ParseError:
            return {}
    sheets = {
        element.get("name", ""): targets.get(element.get(_RELATION_ID, ""), "")
        for element in root.iter()
        if element.tag.endswith("}sheet")
    }
    return {name: names[part.lower()] for name, part in sheets.items() if part.lower() in names}


def _parse_relations(data: bytes) -> dict[str, str]:
    root = ElementTree.fromstring(data)  # noqa: S314 -- check_zip refused every DTD
    return {
        element.get("Id", ""): posixpath.normpath(posixpath.join("/xl", element.get("Target", ""))).lstrip(
            "/"
        )
        for element in root
    }
