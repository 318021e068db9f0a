"""The quarterly report: its numbers, its sections, and the document as it is handed in."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from docx import Document as open_document
from docx.oxml.ns import qn
from invented_quarter import ZONE, build_facts

from eduops.cli.noun import load_noun
from eduops.report import rules
from eduops.report.fact import LedgerFact, QuarterlyFacts
from eduops.report.quarterly import TEMPLATE, build_context
from eduops.report.render import as_mapping, render_document
from eduops.report.template import find_template

GOLDEN = Path(__file__).parent.parent / "golden" / "report" / "quarterly_context.json"


def empty_facts() -> QuarterlyFacts:
    facts = build_facts()
    return QuarterlyFacts(
        contract=facts.contract,
        period=facts.period,
        next_period=facts.next_period,
        zone=facts.zone,
        cut_off_at=facts.cut_off_at,
        made_at=facts.made_at,
        prepared_by="王小虚（虚构）",
        version="1.0",
        is_invented=False,
        ledger=LedgerFact((), 0, ""),
        tenant_count=0,
        learner_count=0,
    )


def render(facts: QuarterlyFacts, target: Path) -> Path:
    context = build_context(facts)
    render_document(find_template(None, TEMPLATE), as_mapping(context), target, charts=context.charts)
    return target


def text_of(path: Path) -> str:
    return "\n".join(open_document(str(path)).element.body.xpath(".//w:t/text()"))


def test_the_context_is_as_agreed() -> None:
    """Set EDUOPS_WRITE_GOLDEN=1 to write the file anew, then read its diff."""
    found = json.dumps(asdict(build_context(build_facts())), ensure_ascii=False, indent=1, default=str) + "\n"
    if os.environ.get("EDUOPS_WRITE_GOLDEN"):
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")


def test_every_number_of_the_overview_stands_in_the_appendix() -> None:
    context = build_context(build_facts())
    values = " ".join(figure.value for figure in context.figures)
    for sentence in context.overview[1:]:
        for number in re.findall(r"(?<![\d.])\d+(?:\.\d+)?(?= [件次条项台天家人]|%)", sentence):
            assert re.search(rf"(?<![\d.]){re.escape(number)}\b", values), (number, sentence)


def test_every_figure_names_its_command() -> None:
    context = build_context(build_facts())
    assert all(figure.command.startswith("eduops ") for figure in context.figures)
    assert "--from 2026-07-01 --to 2026-09-30" in context.figures[0].command


def test_every_figures_command_exists_with_its_options() -> None:
    known = {}
    for figure in build_context(build_facts()).figures:
        _, noun, verb, *words = shlex.split(figure.command)
        if (noun, verb) not in known:
            command = load_noun(noun).commands[verb]
            known[noun, verb] = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known[noun, verb], figure.command


def test_the_tables_sum_up_to_the_same_total() -> None:
    context = build_context(build_facts())
    tables = (context.tickets_by_channel, context.tickets_by_department, context.tickets_by_month)
    assert {table[-1].total for table in tables} == {"37"}
    chart = context.charts[0]
    assert sum(value or 0 for series in chart.series for value in series.values) == 37


def test_a_section_without_facts_is_left_out_and_named_as_not_recorded() -> None:
    context = build_context(replace(build_facts(), hosts=(), patrols=(), exams=()))
    assert context.headings["patrol"] == ""
    assert context.headings["backup"] == "五、备份与恢复演练"
    assert context.headings["banks"] == "（一）题库"
    assert context.missing == "巡检、考试"
    assert "_Toc_patrol" not in {entry.bookmark for entry in context.contents}


def test_a_cut_off_inside_the_quarter_is_said() -> None:
    early = replace(build_facts(), cut_off_at=datetime(2026, 9, 30, 23, 59, tzinfo=ZONE))
    assert "尚未结束" in build_context(early).overview[1]
    assert "尚未结束" not in " ".join(build_context(build_facts()).overview)


@pytest.mark.parametrize(
    ("year", "quarter", "label", "first", "last"),
    [
        (2026, 1, "2026年第一季度", date(2026, 1, 1), date(2026, 3, 31)),
        (2024, 1, "2024年第一季度", date(2024, 1, 1), date(2024, 3, 31)),
        (2026, 4, "2026年第四季度", date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_a_quarter_has_its_label_and_days(
    year: int, quarter: int, label: str, first: date, last: date
) -> None:
    period = rules.build_quarter(year, quarter)
    assert (period.label, period.from_on, period.to_on) == (label, first, last)


def test_the_quarter_after_the_fourth_is_the_first_of_the_next_year() -> None:
    assert rules.next_quarter(rules.build_quarter(2026, 4)).label == "2027年第一季度"
    assert rules.next_quarter(rules.build_quarter(2026, 3)).label == "2026年第四季度"


@pytest.mark.parametrize(
    ("utc_hour", "month"), [("2026-07-31T15:59:59+00:00", "7月"), ("2026-07-31T16:00:00+00:00", "8月")]
)
def test_a_ticket_belongs_to_the_month_of_the_contracts_zone(utc_hour: str, month: str) -> None:
    facts = build_facts()
    ticket = replace(facts.tickets[0], reported_at=datetime.fromisoformat(utc_hour))
    tallies = rules.tally_months([ticket], facts.period, ZONE)
    assert [tally.label for tally in tallies if tally.total] == [month]


def test_an_exempt_ticket_is_neither_in_time_nor_late() -> None:
    facts = build_facts()
    late, *others = (ticket for ticket in facts.tickets if ticket.ref in ("INC-2026-0004", "INC-2026-0001"))
    standing = rules.judge_punctuality("", [replace(late, is_exempt=True), *others], facts.findings, ["2.3"])
    assert standing.judged + standing.open == 1


def test_one_late_incident_counts_one_breach_however_many_targets_it_missed() -> None:
    facts = build_facts()
    second = replace(facts.findings[0], rule="response", counted=0)
    ticket = next(ticket for ticket in facts.tickets if ticket.ref == "INC-2026-0004")
    standing = rules.judge_punctuality("", [ticket], [facts.findings[0], second], ["2.3"])
    assert (standing.late, standing.counted) == (1, 1)


def test_two_patrols_of_one_day_are_one_day() -> None:
    facts = build_facts()
    first, host = facts.patrols[0], facts.hosts[0]
    twice = (first, replace(first, state="critical"))
    looked_after = replace(host, name=first.host, from_on=first.on, until_on=first.on + timedelta(days=3))
    (found,) = rules.tally_patrols(replace(facts, hosts=(looked_after,), patrols=twice))
    assert (found.days, found.patrols, found.days_due, found.days_missing) == (1, 2, 3, 2)


def test_a_host_that_was_never_patrolled_is_missed_every_day() -> None:
    facts = replace(build_facts(), patrols=())
    assert [host.days_missing for host in rules.tally_patrols(facts)] == [
        host.days_due for host in rules.tally_patrols(facts)
    ]
    assert build_context(facts).headings["patrol"] != ""


def test_the_rendered_report_says_what_the_context_says(tmp_path: Path) -> None:
    text = text_of(render(build_facts(), tmp_path / "q.docx"))
    for word in (
        "2026年第三季度运维工作报告",
        "虚构市第一人民医院",
        "演示数据：本报告中的人员、工单和成绩均为虚构",
        "七、培训与考试",
        "97.3%",
        "eduops score stats EX-2026-0007 --json",
        build_facts().ledger.head_hash,
    ):
        assert word in text, word


def test_a_report_on_nothing_is_a_report_all_the_same(tmp_path: Path) -> None:
    text = text_of(render(empty_facts(), tmp_path / "q.docx"))
    assert "报告期内未受理工单" in text
    assert "二、违约台账" in text
    assert "尚无登记" in text
    assert "演示数据" not in text
    assert "工单情况" not in text


def test_nasty_facts_reach_the_page_undamaged(tmp_path: Path) -> None:
    nasty = "<b>&amp;{{ x }}😀\x00" + "长" * 5000
    facts = build_facts()
    ticket = replace(facts.tickets[0], department=nasty, channel="<&")
    finding = replace(facts.findings[0], text=nasty, subject="{% x %}")
    hostile = replace(facts, tickets=(ticket,), findings=(finding,), prepared_by=nasty)
    text = text_of(render(hostile, tmp_path / "q.docx"))
    assert text.count(nasty.replace("\x00", "")) == 3
    assert "{% x %}" in text


def test_the_same_facts_make_the_same_bytes(tmp_path: Path) -> None:
    first, second = (render(build_facts(), tmp_path / name) for name in ("a.docx", "b.docx"))
    assert first.read_bytes() == second.read_bytes()


def test_every_contents_entry_points_at_a_heading(tmp_path: Path) -> None:
    body = open_document(str(render(build_facts(), tmp_path / "q.docx"))).element.body
    anchors = [link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink"))]
    bookmarks = [mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))]
    assert anchors == bookmarks
    fields = [part.get(qn("w:fldCharType")) for part in body.iter(qn("w:fldChar"))]
    assert fields.count("begin") == fields.count("end") == len(anchors) + 1


def test_table_heads_repeat_and_rows_stay_whole(tmp_path: Path) -> None:
    tables = open_document(str(render(build_facts(), tmp_path / "q.docx"))).tables
    rows = [row for table in tables for row in table._tbl.tr_lst]
    assert all(row.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in rows)
    heads = [table._tbl.tr_lst[0].find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") for table in tables[1:-1]]
    assert all(head is not None for head in heads)


@pytest.mark.parametrize(
    ("parent", "order"),
    [
        ("tblPr", ["tblStyle", "tblW", "jc", "tblLayout", "tblCellMar", "tblLook"]),
        ("tcPr", ["tcW", "shd", "vAlign"]),
        ("pPr", ["pStyle", "keepNext", "pageBreakBefore", "tabs", "spacing", "ind", "jc"]),
    ],
)
def test_elements_stand_in_the_order_that_word_minds(parent: str, order: list[str]) -> None:
    body = open_document(str(find_template(None, TEMPLATE))).element.body
    for element in body.iter(qn(f"w:{parent}")):
        names = [child.tag.split("}")[1] for child in element]
        assert names == sorted(names, key=order.index)


def test_a_hospitals_own_template_goes_before_the_shipped_one(tmp_path: Path) -> None:
    assert find_template(tmp_path, TEMPLATE) == find_template(None, TEMPLATE)
    own = tmp_path / "templates" / TEMPLATE
    own.parent.mkdir()
    shutil.copyfile(find_template(None, TEMPLATE), own)
    assert find_template(tmp_path, TEMPLATE) == own


def test_the_shipped_template_is_what_the_code_makes(tmp_path: Path) -> None:
    folder = find_template(None, TEMPLATE).parent
    code = folder / "make_templates.py"
    subprocess.run([sys.executable, code, tmp_path], cwd=folder.parent, check=True)
    with zipfile.ZipFile(tmp_path / TEMPLATE) as made, zipfile.ZipFile(folder / TEMPLATE) as shipped:
        assert {name: made.read(name) for name in made.namelist()} == {
            name: shipped.read(name) for name in shipped.namelist()
        }


def test_the_template_names_its_faces_without_a_theme() -> None:
    with zipfile.ZipFile(find_template(None, TEMPLATE)) as package:
        styles = package.read("word/styles.xml").decode()
    assert {"方正小标宋简体", "黑体", "仿宋", "楷体"} <= set(re.findall(r'w:eastAsia="([^"]+)"', styles))
    assert "Theme=" not in styles
    assert '<w:lang w:val="en-US" w:eastAsia="zh-CN"' in styles


@pytest.mark.slow
@pytest.mark.needs("soffice")
@pytest.mark.needs("pdftoppm")
def test_libreoffice_shows_every_page_numbered_and_none_empty(tmp_path: Path) -> None:
    """Needs soffice and pdftotext, which are asked for with the other tools of development."""
    render(build_facts(), tmp_path / "q.docx")
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "q.docx")], check=True, capture_output=True, timeout=120)
    done = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "q.pdf"), "-"], check=True, capture_output=True, text=True
    )
    pages = ["".join(page.split()) for page in done.stdout.split("\f")[:-1]]
    assert 8 <= len(pages) <= 13
    for number, page in enumerate(pages, start=1):
        assert f"第{number}页共{len(pages)}页" in page
        assert len(page) > 100, f"page {number} is empty"
    assert "2026年第三季度运维工作报告" in pages[0]
    assert "演示数据：本报告中的人员、工单和成绩均为虚构" in pages[0]
    assert build_facts().ledger.head_hash in pages[-1]
