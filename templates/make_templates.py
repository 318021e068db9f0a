"""Makes the shipped Word templates: python templates/make_templates.py [FOLDER]. Same code, same bytes."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt
from make_drill_certificate import make_drill_certificate
from wordkit import (
    add_contents,
    add_heading,
    add_label_table,
    add_paragraph,
    add_signature_table,
    add_table,
    only_if,
    save_document,
    set_header_and_footer,
    start_document,
)

# The day the templates were first laid out; their content, not this date, tells versions apart.
MADE_AT = datetime(2026, 11, 23, tzinfo=UTC)
TEXT, CENTRE, CODE = "表格文字", "表格居中", "表格命令"
INVENTED = "演示数据：本报告中的人员、工单和成绩均为虚构"


def make_quarterly_report() -> Document:
    """运维工作季度报告; the names it uses are the fields of eduops.report.quarterly_context."""
    document = start_document(title="{{ title }}", author="{{ vendor }}", made_at=MADE_AT)
    set_header_and_footer(document, "{% if is_invented %}演示数据　虚构　|　{% endif %}{{ title }}")
    _add_cover(document)
    contents = add_paragraph(document, "目　录", "目录标题")
    contents.paragraph_format.page_break_before = True
    add_contents(document)
    _add_overview(document)
    _add_tickets(document)
    _add_sla(document)
    _add_ledger(document)
    _add_patrol(document)
    _add_backup(document)
    _add_training(document)
    _add_plan(document)
    _add_appendix(document)
    _add_signature(document)
    return document


def _add_cover(document: Document) -> None:
    with only_if(document, "is_invented"):
        add_paragraph(document, INVENTED, "演示标记")
    subtitle = add_paragraph(document, "{{ contract_title }}", "封面副题")
    subtitle.paragraph_format.space_before = Mm(38)
    title = add_paragraph(document, "{{ title }}", "封面标题")
    title.paragraph_format.space_before, title.paragraph_format.space_after = Pt(18), Mm(48)
    labels = (
        ("甲　　方：", "{{ customer }}"),
        ("乙　　方：", "{{ vendor }}"),
        ("报 告 期：", "{{ period_days }}"),
        ("数据截至：", "{{ cut_off }}"),
        ("编　　制：", "{{ prepared_by }}"),
        ("版　　本：", "{{ version }}"),
    )
    add_label_table(document, labels, (34, 112))


def _add_overview(document: Document) -> None:
    add_heading(document, "overview", 1).paragraph_format.page_break_before = True
    add_paragraph(document, "{%p for sentence in overview %}", "正文段落")
    add_paragraph(document, "{{ sentence }}", "正文段落")
    add_paragraph(document, "{%p endfor %}", "正文段落")
    with only_if(document, "missing"):
        add_paragraph(document, "以下事项在报告期内没有记录，本报告不设专节：{{ missing }}。", "正文段落")


def _add_tickets(document: Document) -> None:
    with _section(document, "tickets"):
        for part, rows, label in (
            ("by_channel", "tickets_by_channel", "受理渠道"),
            ("by_department", "tickets_by_department", "科室"),
            ("by_month", "tickets_by_month", "月份"),
        ):
            add_heading(document, part, 2)
            columns = (
                (label, 56, "{{ row.label }}", TEXT),
                ("故障", 25, "{{ row.incident }}", CENTRE),
                ("服务请求", 25, "{{ row.request }}", CENTRE),
                ("咨询", 25, "{{ row.consult }}", CENTRE),
                ("合计", 25, "{{ row.total }}", CENTRE),
            )
            add_table(document, columns, rows=rows)
        chart = add_paragraph(document, "{{ chart('tickets_by_month') }}", "Normal")
        chart.alignment, chart.paragraph_format.line_spacing = WD_ALIGN_PARAGRAPH.CENTER, 1.0


def _add_sla(document: Document) -> None:
    with _section(document, "sla"):
        with _part(document, "punctuality"):
            columns = (
                ("工单", 48, "{{ row.label }}", TEXT),
                ("已判定", 18, "{{ row.judged }}", CENTRE),
                ("按时", 18, "{{ row.in_time }}", CENTRE),
                ("逾期", 18, "{{ row.late }}", CENTRE),
                ("未到期", 18, "{{ row.open }}", CENTRE),
                ("按时率", 18, "{{ row.rate }}", CENTRE),
                ("计入违约", 18, "{{ row.counted }}", CENTRE),
            )
            add_table(document, columns, rows="punctuality")
        with _part(document, "time_findings"):
            _add_findings(document, "time_findings")
        with _part(document, "stoppages"):
            with only_if(document, "availability"):
                columns = (
                    ("月份", 30, "{{ row.month }}", CENTRE),
                    ("条款", 76, "{{ row.clause }}", TEXT),
                    ("次数", 25, "{{ row.events }}", CENTRE),
                    ("分钟", 25, "{{ row.minutes }}", CENTRE),
                )
                add_table(document, columns, rows="availability")
            with only_if(document, "stoppage_findings"):
                _add_findings(document, "stoppage_findings")
        with _part(document, "other_findings"):
            _add_findings(document, "other_findings")


def _add_findings(document: Document, rows: str) -> None:
    columns = (
        ("对象", 26, "{{ row.subject }}", TEXT),
        ("认定", 18, "{{ row.item }}", TEXT),
        ("应于", 21, "{{ row.due }}", CENTRE),
        ("实际", 21, "{{ row.actual }}", CENTRE),
        ("计入", 10, "{{ row.counted }}", CENTRE),
        ("说明", 60, "{{ row.consequence }}：{{ row.text }}", TEXT),
    )
    add_table(document, columns, rows=rows)


def _add_ledger(document: Document) -> None:
    with _section(document, "ledger"):
        with _part(document, "clauses"):
            columns = (
                ("条款", 18, "{{ row.clause }}", CENTRE),
                ("名称", 66, "{{ row.name }}", TEXT),
                ("认定", 24, "{{ row.findings }}", CENTRE),
                ("计入违约", 24, "{{ row.counted }}", CENTRE),
                ("其中暂定", 24, "{{ row.provisional }}", CENTRE),
            )
            add_table(document, columns, rows="clauses")
        with _part(document, "entries"):
            columns = (
                ("编号", 14, "{{ row.number }}", CENTRE),
                ("条款", 16, "{{ row.clause }}", CENTRE),
                ("内容", 81, "{{ row.text }}", TEXT),
                ("登记时间", 27, "{{ row.posted }}", CENTRE),
                ("状态", 18, "{{ row.state }}", CENTRE),
            )
            add_table(document, columns, rows="ledger")
        with _part(document, "obligations"):
            _add_obligations(document, "obligations")


def _add_obligations(document: Document, rows: str) -> None:
    columns = (
        ("条款", 18, "{{ row.clause }}", CENTRE),
        ("内容", 84, "{{ row.text }}", TEXT),
        ("开立", 27, "{{ row.opened }}", CENTRE),
        ("销项", 27, "{{ row.closed }}", CENTRE),
    )
    add_table(document, columns, rows=rows)


def _add_patrol(document: Document) -> None:
    with _section(document, "patrol"):
        columns = (
            ("主机", 38, "{{ row.host }}", TEXT),
            ("已巡／应巡天数", 24, "{{ row.days }}", CENTRE),
            ("缺巡", 13, "{{ row.missing }}", CENTRE),
            ("大巡检", 15, "{{ row.big }}", CENTRE),
            ("正常", 13, "{{ row.normal }}", CENTRE),
            ("警告", 13, "{{ row.warning }}", CENTRE),
            ("严重", 13, "{{ row.critical }}", CENTRE),
            ("未明", 13, "{{ row.unclear }}", CENTRE),
            ("问题", 14, "{{ row.problems }}", CENTRE),
        )
        add_table(document, columns, rows="patrols")
        add_paragraph(document, "“未明”指未检查或无法判断的巡检，不作正常计。", "表格文字")


def _add_backup(document: Document) -> None:
    with _section(document, "backup"):
        with _part(document, "backups"):
            columns = (
                ("来源", 52, "{{ row.source }}", TEXT),
                ("类型", 24, "{{ row.kind }}", CENTRE),
                ("次数", 20, "{{ row.runs }}", CENTRE),
                ("失败", 20, "{{ row.failed }}", CENTRE),
                ("最近一次", 40, "{{ row.last }}", CENTRE),
            )
            add_table(document, columns, rows="backups")
        with _part(document, "drills"):
            columns = (
                ("时间", 38, "{{ row.at }}", CENTRE),
                ("来源", 30, "{{ row.source }}", TEXT),
                ("结果", 40, "{{ row.result }}", TEXT),
                ("核对行数", 26, "{{ row.rows }}", CENTRE),
                ("用时（秒）", 22, "{{ row.seconds }}", CENTRE),
            )
            add_table(document, columns, rows="drills")


def _add_training(document: Document) -> None:
    with _section(document, "training"):
        with _part(document, "exams"):
            columns = (
                ("考试", 72, "{{ row.title }}", TEXT),
                ("场次", 18, "{{ row.sittings }}", CENTRE),
                ("人数", 20, "{{ row.candidates }}", CENTRE),
                ("平均分", 22, "{{ row.average }}", CENTRE),
                ("及格率", 24, "{{ row.pass_rate }}", CENTRE),
            )
            add_table(document, columns, rows="exams")
        with _part(document, "banks"):
            columns = (
                ("题库", 52, "{{ row.name }}", TEXT),
                ("题型", 82, "{{ row.types }}", TEXT),
                ("合计", 22, "{{ row.total }}", CENTRE),
            )
            add_table(document, columns, rows="banks")
        with _part(document, "tenant_findings"):
            columns = (
                ("机构", 46, "{{ row.name }}", TEXT),
                ("发现", 24, "{{ row.kind }}", CENTRE),
                ("说明", 86, "{{ row.text }}", TEXT),
            )
            add_table(document, columns, rows="tenant_findings")


def _add_plan(document: Document) -> None:
    with _section(document, "plan"):
        with _part(document, "duties"):
            columns = (
                ("应于", 30, "{{ row.due }}", CENTRE),
                ("事项（{{ next_period_label }}）", 102, "{{ row.title }}", TEXT),
                ("条款", 24, "{{ row.clause }}", CENTRE),
            )
            add_table(document, columns, rows="duties")
        with _part(document, "open_obligations"):
            _add_obligations(document, "open_obligations")


def _add_appendix(document: Document) -> None:
    add_heading(document, "appendix", 1).paragraph_format.page_break_before = True
    _add_lead(document, "本报告的数字由下列命令得出，可随时重新查询核对。")
    columns = (
        ("数字", 38, "{{ row.name }}", TEXT),
        ("值", 26, "{{ row.value }}", TEXT),
        ("命令", 92, "{{ row.command }}", CODE),
    )
    add_table(document, columns, rows="figures")


def _add_signature(document: Document) -> None:
    add_heading(document, "signature", 1).paragraph_format.page_break_before = True
    _add_lead(document, "双方确认本报告所述{{ period_label }}的运维情况。")
    parties = (("甲方", "{{ customer }}"), ("乙方", "{{ vendor }}"))
    add_signature_table(document, parties)
    add_paragraph(document, "", "表后间隔")
    with only_if(document, "ledger_hash"):
        add_paragraph(
            document,
            "违约台账截至 {{ cut_off }} 共 {{ ledger_count }} 条，末条校验值（供日后核对台账未被删改）：",
            "表格文字",
        )
        add_paragraph(document, "{{ ledger_hash }}", CODE)
    with only_if(document, "not ledger_hash"):
        add_paragraph(document, "违约台账截至 {{ cut_off }} 尚无登记。", "表格文字")


def _add_lead(document: Document, text: str) -> None:
    lead = add_paragraph(document, text, "正文段落")
    lead.paragraph_format.space_after, lead.paragraph_format.keep_with_next = Pt(6), True


@contextmanager
def _section(document: Document, name: str) -> Iterator[None]:
    with only_if(document, f"headings.{name}"):
        add_heading(document, name, 1)
        yield


@contextmanager
def _part(document: Document, name: str) -> Iterator[None]:
    with only_if(document, f"headings.{name}"):
        add_heading(document, name, 2)
        yield


TEMPLATES: dict[str, Callable[[], Document]] = {
    "quarterly_report.docx": make_quarterly_report,
    "drill_certificate.docx": lambda: make_drill_certificate(MADE_AT),
}


def main(arguments: Sequence[str]) -> None:
    """Writes every template into the folder given, or beside this file."""
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    for name, make in TEMPLATES.items():
        save_document(make(), folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])
