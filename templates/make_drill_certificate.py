"""The layout of 恢复演练证明; the names it uses are the fields of eduops.report.drill_certificate."""

from datetime import datetime

from docx.document import Document
from docx.shared import Mm, Pt
from wordkit import (
    add_lines,
    add_paragraph,
    add_signature_table,
    add_table,
    only_if,
    set_header_and_footer,
    start_document,
)

TEXT, CENTRE, CODE = "表格文字", "表格居中", "表格命令"
_INVENTED = "演示数据：本证明中的单位、人员和数据均为虚构"


def make_drill_certificate(made_at: datetime) -> Document:
    """One drill on one page, or two where much was compared."""
    document = start_document(title="{{ title }} {{ ref }}", author="{{ vendor }}", made_at=made_at)
    section = document.sections[0]
    section.top_margin, section.bottom_margin = Mm(28), Mm(24)
    section.header_distance, section.footer_distance = Mm(16), Mm(15)
    set_header_and_footer(
        document, "{% if is_invented %}演示数据　虚构　|　{% endif %}{{ ref }}　{{ version }}"
    )
    with only_if(document, "is_invented"):
        add_paragraph(document, _INVENTED, "演示标记")
    title = add_paragraph(document, "{{ title }}", "封面标题")
    title.paragraph_format.space_before, title.paragraph_format.space_after = Pt(4), Pt(8)
    statement = add_paragraph(document, "{{ statement }}", "正文段落")
    statement.paragraph_format.space_after = Pt(6)
    add_lines(document, "备份", rows="backup", widths=(30, 126))
    add_lines(document, "演练", rows="drill", widths=(30, 126))
    with only_if(document, "differences"):
        add_paragraph(document, "没有通过的原因：", TEXT)
        add_paragraph(document, "{%p for each in differences %}", TEXT)
        add_paragraph(document, "· {{ each }}", TEXT)
        add_paragraph(document, "{%p endfor %}", TEXT)
        add_paragraph(document, "", "表后间隔")
    with only_if(document, "tables"):
        columns = (
            ("比对的表或目录", 42, "{{ row.name }}", TEXT),
            ("备份行数", 20, "{{ row.expected }}", CENTRE),
            ("恢复行数", 20, "{{ row.found }}", CENTRE),
            ("恢复后的校验值", 60, "{{ row.checksum }}", CODE),
            ("结果", 14, "{{ row.verdict }}", CENTRE),
        )
        add_table(document, columns, rows="tables")
        add_paragraph(document, "{{ tables_note }}", TEXT)
        add_paragraph(document, "", "表后间隔")
    columns = (
        ("数字", 36, "{{ row.name }}", TEXT),
        ("值", 36, "{{ row.value }}", TEXT),
        ("出处（命令）", 84, "{{ row.command }}", CODE),
    )
    add_table(document, columns, rows="figures")
    for name in ("audit", "ledger"):
        _add_kept(document, f"{{{{ {name} }}}}", TEXT)
        with only_if(document, f"{name}_hash"):
            _add_kept(document, f"{{{{ {name}_hash }}}}", CODE)
    _add_kept(document, "编制：{{ prepared_by }}　{{ made_on }}", TEXT)
    _add_kept(document, "", "表后间隔")
    add_signature_table(document, (("乙方", "{{ vendor }}"), ("甲方", "{{ customer }}")))
    return document


def _add_kept(document: Document, text: str, style: str) -> None:
    """What stands on the signatures' page, so that they never stand there alone."""
    add_paragraph(document, text, style).paragraph_format.keep_with_next = True
