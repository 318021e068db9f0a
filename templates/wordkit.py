"""What the shipped Word templates are built with: page, styles, tables and fields in the manner of GB/T 9704.

GB/T 9704-2012: A4 with margins of 37, 35, 28 and 26 mm; titles 小标宋, headings 黑体 and 楷体, text 仿宋.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from docx import Document as new_document
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

from eduops.core.files import whole_file
from eduops.report.render import write_package

TEXT_WIDTH_MM = 156
TITLE_FACE, HEADING_FACE, SUBHEADING_FACE, TEXT_FACE = "方正小标宋简体", "黑体", "楷体", "仿宋"
LATIN_FACE = "Times New Roman"
# Faces that stand in on a machine without the one named.
_STAND_INS = {TITLE_FACE: "华文中宋", HEADING_FACE: "SimHei", SUBHEADING_FACE: "KaiTi", TEXT_FACE: "FangSong"}
# Chinese type sizes in points.
SIZE_1, SIZE_2, SIZE_3, SIZE_S3, SIZE_4, SIZE_S4, SIZE_5, SIZE_S5, SIZE_6 = (
    26,
    22,
    16,
    15,
    14,
    12,
    10.5,
    9,
    7.5,
)
# Left and right of a cell's text, in twentieths of a point: 1.2 mm.
_CELL_MARGIN = 68
_KEPT_STYLES = {
    "Normal",
    "Heading 1",
    "Heading 2",
    "Default Paragraph Font",
    "Normal Table",
    "No List",
    "Table Grid",
}
_KEPT_STYLES |= {"Header", "Footer"}
_DROPPED_PARTS = (
    "/customXml/",
    "/word/stylesWithEffects.xml",
    "/docProps/thumbnail.jpeg",
    "/word/numbering.xml",
)


def start_document(*, title: str, author: str, made_at: datetime) -> Document:
    """An empty A4 document with the house's styles; title and author may hold tags."""
    document = new_document()
    _drop_ballast(document)
    _set_page(document)
    _set_styles(document)
    _set_fonts_and_settings(document)
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = title, author, "eduops"
    properties.comments = properties.keywords = properties.subject = ""
    properties.language, properties.revision = "zh-CN", 1
    properties.created = properties.modified = made_at
    return document


def save_document(document: Document, target: Path) -> None:
    """Writes the template; equal content is equal bytes."""
    with whole_file(target) as part:
        write_package(document, part)


def _drop_ballast(document: Document) -> None:
    for relationships in (document.part.rels, document.part.package.rels):
        for key, relationship in list(relationships.items()):
            if str(relationship.target_part.partname).startswith(_DROPPED_PARTS):
                del relationships[key]
    for style in list(document.styles):
        if style.name not in _KEPT_STYLES:
            style.delete()


def _set_page(document: Document) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(20), Mm(25)


def _set_styles(document: Document) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for old in (*defaults.findall(qn("w:rFonts")), *defaults.findall(qn("w:lang"))):
        defaults.remove(old)
    defaults.insert(0, _fonts(TEXT_FACE))
    defaults.append(parse_xml(f'<w:lang {nsdecls("w")} w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'))
    normal = document.styles["Normal"]
    _shape(normal, TEXT_FACE, SIZE_S4, line=22)
    normal.paragraph_format.space_after = Pt(0)
    _shape(document.styles["Heading 1"], HEADING_FACE, SIZE_3, line=28, before=14, after=6, keep=True)
    _shape(document.styles["Heading 2"], SUBHEADING_FACE, SIZE_4, line=24, before=10, after=4, keep=True)
    _shape(document.styles["Header"], TEXT_FACE, SIZE_S5)
    _shape(document.styles["Footer"], TEXT_FACE, SIZE_5)
    body = _new_style(document, "正文段落", "BodyText", TEXT_FACE, SIZE_S4, line=22)
    body.paragraph_format.first_line_indent = Pt(2 * SIZE_S4)
    body.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    _new_style(document, "封面标题", "CoverTitle", TITLE_FACE, SIZE_1, centred=True)
    _new_style(document, "封面副题", "CoverSubtitle", TITLE_FACE, SIZE_S3, centred=True)
    _new_style(document, "封面文字", "CoverText", TEXT_FACE, SIZE_3)
    _new_style(document, "演示标记", "InventedMark", HEADING_FACE, SIZE_4, centred=True)
    _new_style(document, "目录标题", "ContentsTitle", HEADING_FACE, SIZE_3, after=12, centred=True)
    _new_style(document, "表格文字", "TableText", TEXT_FACE, SIZE_5)
    _new_style(document, "表格居中", "TableCentre", TEXT_FACE, SIZE_5, centred=True)
    _new_style(document, "表格表头", "TableHead", HEADING_FACE, SIZE_5, centred=True, keep=True)
    _new_style(document, "表格命令", "TableCode", TEXT_FACE, SIZE_6, latin="Consolas")
    _new_style(document, "表后间隔", "AfterTable", TEXT_FACE, 6)
    for level, indent in ((1, 0), (2, 24)):
        entry = _new_style(document, f"toc {level}", f"TOC{level}", TEXT_FACE, SIZE_S4, line=20)
        entry.paragraph_format.left_indent = Pt(indent)
        entry.paragraph_format.tab_stops.add_tab_stop(
            Mm(TEXT_WIDTH_MM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
        )


def _new_style(
    document: Document,
    name: str,
    style_id: str,
    face: str,
    size: float,
    *,
    latin: str = LATIN_FACE,
    **shape: object,
) -> ParagraphStyle:
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=name.startswith("toc"))
    style.element.set(qn("w:styleId"), style_id)
    style.base_style = document.styles["Normal"]
    style.quick_style = not name.startswith("toc")
    _shape(style, face, size, latin=latin, **shape)
    return style


def _shape(
    style: ParagraphStyle,
    face: str,
    size: float,
    *,
    line: float = 0,
    before: float = 0,
    after: float = 0,
    keep: bool = False,
    centred: bool = False,
    latin: str = LATIN_FACE,
) -> None:
    properties = style.element.get_or_add_rPr()
    for old in list(properties):
        properties.remove(old)
    properties.append(_fonts(face, latin))
    style.font.size = Pt(size)
    style.font.color.rgb = None
    form = style.paragraph_format
    form.space_before, form.space_after, form.keep_with_next = Pt(before), Pt(after), keep
    if line:
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
    else:
        form.line_spacing = 1.0
    if centred:
        form.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _fonts(face: str, latin: str = LATIN_FACE) -> OxmlElement:
    # Names only: a theme attribute beside them would win over the name.
    return parse_xml(
        f'<w:rFonts {nsdecls("w")} w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{face}" w:cs="{latin}"/>'
    )


def _set_fonts_and_settings(document: Document) -> None:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in _STAND_INS.items()
    )
    _replace(document, "/word/fontTable.xml", f"<w:fonts {nsdecls('w')}>{fonts}</w:fonts>")
    settings = document.settings.element
    for child in list(settings):
        settings.remove(child)
    wanted = (
        '<w:zoom w:percent="100"/><w:defaultTabStop w:val="420"/>'
        '<w:characterSpacingControl w:val="compressPunctuation"/>'
        '<w:compat><w:useFELayout/><w:compatSetting w:name="compatibilityMode"'
        ' w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
        '<w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/>'
    )
    for child in list(parse_xml(f"<w:settings {nsdecls('w')}>{wanted}</w:settings>")):
        settings.append(child)


def _replace(document: Document, name: str, xml: str) -> None:
    part: Part = next(part for part in document.part.package.iter_parts() if part.partname == name)
    part._blob = xml.encode()


def add_paragraph(document: Document, text: str, style: str) -> Paragraph:
    """A paragraph in one of the house's styles, by the style's Chinese name."""
    return document.add_paragraph(text, style)


def add_heading(document: Document, name: str, level: int) -> Paragraph:
    """The heading `headings.<name>`, with the bookmark that the contents point at."""
    heading = document.add_paragraph(style=f"Heading {level}")
    number = str(len(document.element.body.findall(f".//{qn('w:bookmarkStart')}")) + 1)
    start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    start.set(qn("w:id"), number)
    start.set(qn("w:name"), f"_Toc_{name}")
    end.set(qn("w:id"), number)
    heading._p.append(start)
    heading.add_run(f"{{{{ headings.{name} }}}}")
    heading._p.append(end)
    return heading


def add_table(
    document: Document, columns: Sequence[tuple[str, float, str, str]], *, rows: str, name: str = "row"
) -> Table:
    """A table of one row for each of `rows`; a column is its head, width in mm, cell text and style.

    The head repeats on each page, no row splits across pages, and a little space follows.
    """
    table = _grid(document, [width for _, width, _, _ in columns], height=4)
    for cell, (head, _, _, _) in zip(table.rows[0].cells, columns, strict=True):
        _write(cell, head, "表格表头")
        shade = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="EDEDED"/>')
        cell._tc.get_or_add_tcPr().find(qn("w:vAlign")).addprevious(shade)
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    _write(table.rows[1].cells[0], f"{{%tr for {name} in {rows} %}}", "表格文字")
    for cell, (_, _, text, style) in zip(table.rows[2].cells, columns, strict=True):
        _write(cell, text, style)
    _write(table.rows[3].cells[0], "{%tr endfor %}", "表格文字")
    document.add_paragraph(style="表后间隔")
    return table


@contextmanager
def only_if(document: Document, condition: str) -> Iterator[None]:
    """What is added within stands only where the condition holds."""
    add_paragraph(document, f"{{%p if {condition} %}}", "Normal")
    yield
    add_paragraph(document, "{%p endif %}", "Normal")


def add_lines(document: Document, head: str, *, rows: str, widths: tuple[float, float]) -> Table:
    """A table under one head: in each row a label, a value and below it a code, either of which may be empty."""
    table = _grid(document, widths, height=4)
    joined = table.rows[0].cells[0].merge(table.rows[0].cells[1])
    _write(joined, head, "表格表头")
    _write(table.rows[1].cells[0], f"{{%tr for row in {rows} %}}", "表格文字")
    _write(table.rows[2].cells[0], "{{ row.label }}", "表格文字")
    cell = table.rows[2].cells[1]
    _write(cell, "{%p if row.value %}", "表格文字")
    for text, style in (
        ("{{ row.value }}", "表格文字"),
        ("{%p endif %}", "表格文字"),
        ("{%p if row.code %}", "表格文字"),
        ("{{ row.code }}", "表格命令"),
        ("{%p endif %}", "表格文字"),
    ):
        cell.add_paragraph(text, style)
    _write(table.rows[3].cells[0], "{%tr endfor %}", "表格文字")
    document.add_paragraph(style="表后间隔")
    return table


def _grid(
    document: Document, widths: Sequence[float], *, height: int, style: str | None = "Table Grid"
) -> Table:
    table = document.add_table(rows=height, cols=len(widths), style=style)
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    sides = "".join(
        f'<w:{side} w:w="{width}" w:type="dxa"/>'
        for side, width in (("top", 20), ("left", _CELL_MARGIN), ("bottom", 20), ("right", _CELL_MARGIN))
    )
    margins = parse_xml(f"<w:tblCellMar {nsdecls('w')}>{sides}</w:tblCellMar>")
    # Word minds the order of the elements: margins before the look, shading before the alignment.
    table._tbl.tblPr.find(qn("w:tblLook")).addprevious(margins)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for row in table.rows:
        _keep_whole(row)
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    return table


def _keep_whole(row: _Row) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _write(cell: _Cell, text: str, style: str) -> None:
    cell.paragraphs[0].style = cell.part.document.styles[style]
    cell.paragraphs[0].add_run(text)


def add_label_table(
    document: Document, labels: Sequence[tuple[str, str]], widths: tuple[float, float]
) -> Table:
    """A table without lines: a label and its value in each row, as on a cover."""
    table = _grid(document, widths, height=len(labels), style=None)
    for row, (label, value) in zip(table.rows, labels, strict=True):
        _write(row.cells[0], label, "封面文字")
        _write(row.cells[1], value, "封面文字")
        row.height = Mm(11)
    return table


def add_signature_table(document: Document, parties: Sequence[tuple[str, str]]) -> Table:
    """A block for each party to sign, seal and date, side by side."""
    widths = [TEXT_WIDTH_MM / len(parties)] * len(parties)
    table = _grid(document, widths, height=1)
    for cell, (party, name) in zip(table.rows[0].cells, parties, strict=True):
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.TOP
        _write(cell, f"{party}：{name}", "表格文字")
        for line in ("（盖章）", "代表（签字）：", "日期：　　　　年　　月　　日"):
            paragraph = cell.add_paragraph(line, "表格文字")
            paragraph.paragraph_format.space_before = Pt(34 if line == "（盖章）" else 20)
        cell.paragraphs[-1].paragraph_format.space_after = Pt(12)
    return table


def add_contents(document: Document) -> None:
    """A contents field whose entries stand already; their pages are fields that Word fills when it prints."""
    add_paragraph(document, "{%p for entry in contents %}", "toc 1")
    for level in (1, 2):
        add_paragraph(document, f"{{%p if entry.level == {level} %}}", "toc 1")
        entry = add_paragraph(document, "", f"toc {level}")
        if level == 1:
            # The field begins in the first entry and ends in the paragraph below the last.
            entry.add_run("{%r if loop.first %}")
            _add_field_part(entry, "begin")
            _add_field_part(entry, r' TOC \o "1-2" \h \z \u ')
            _add_field_part(entry, "separate")
            entry.add_run("{%r endif %}")
        _add_entry(entry)
        add_paragraph(document, "{%p endif %}", "toc 1")
    add_paragraph(document, "{%p endfor %}", "toc 1")
    _add_field_part(add_paragraph(document, "", "表后间隔"), "end")


def _add_entry(paragraph: Paragraph) -> None:
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), "{{ entry.bookmark }}")
    link.set(qn("w:history"), "1")
    before = len(paragraph._p)
    paragraph.add_run("{{ entry.heading }}")
    paragraph.add_run().add_tab()
    _add_field(paragraph, r" PAGEREF {{ entry.bookmark }} \h ", "")
    for run in list(paragraph._p)[before:]:
        link.append(run)
    paragraph._p.append(link)


def set_header_and_footer(document: Document, header: str) -> None:
    """The header's text (tags allowed) and 第 X 页 共 Y 页 at the foot of every page."""
    section = document.sections[0]
    top = section.header.paragraphs[0]
    top.style, top.alignment = document.styles["Header"], WD_ALIGN_PARAGRAPH.RIGHT
    top.add_run(header)
    foot = section.footer.paragraphs[0]
    foot.style, foot.alignment = document.styles["Footer"], WD_ALIGN_PARAGRAPH.CENTER
    foot.add_run("第 ")
    _add_field(foot, " PAGE ", "1")
    foot.add_run(" 页 共 ")
    _add_field(foot, " NUMPAGES ", "1")
    foot.add_run(" 页")


def _add_field(paragraph: Paragraph, instruction: str, cached: str) -> None:
    for part in ("begin", instruction, "separate"):
        _add_field_part(paragraph, part)
    paragraph.add_run(cached)
    _add_field_part(paragraph, "end")


def _add_field_part(paragraph: Paragraph, part: str) -> None:
    if part in ("begin", "separate", "end"):
        element = OxmlElement("w:fldChar")
        element.set(qn("w:fldCharType"), part)
    else:
        element = OxmlElement("w:instrText")
        element.set(qn("xml:space"), "preserve")
        element.text = part
    paragraph.add_run()._r.append(element)
