"""Templates in, documents out: nasty texts, wrong tags, long tables, equal bytes."""

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docx import Document as open_document
from docx.document import Document

from eduops.core.errors import ConfigError
from eduops.report.render import render_document

Layout = Callable[[Document], object]


def make_template(folder: Path, *layouts: Layout) -> Path:
    document = open_document()
    for layout in layouts:
        layout(document)
    document.save(str(folder / "template.docx"))
    return folder / "template.docx"


def paragraph(text: str) -> Layout:
    return lambda document: document.add_paragraph(text)


def table(head: str, *cells: str) -> Layout:
    def add(document: Document) -> None:
        grid = document.add_table(rows=4, cols=len(cells))
        grid.rows[0].cells[0].text = head
        grid.rows[1].cells[0].text = "{%tr for row in rows %}"
        for cell, text in zip(grid.rows[2].cells, cells, strict=True):
            cell.text = text
        grid.rows[3].cells[0].text = "{%tr endfor %}"

    return add


def render_text(tmp_path: Path, text: object) -> str:
    template = make_template(tmp_path, paragraph("前{{ text }}后"))
    render_document(template, {"text": text}, tmp_path / "out.docx")
    return open_document(str(tmp_path / "out.docx")).paragraphs[0].text


@pytest.mark.parametrize(
    "text",
    [
        "A & B <b>粗</b> &amp; \"引号\" '单引号'",
        "{{ 7 * 7 }} {% if %} {# 注 #}",
        "{_{ 原样 }_} {_% %_} {_ _}",
        "😀🏥 䓬 \U00020000",
        "长" * 5000,
        "]]> <!-- --> <?xml?> </w:t></w:r>",
        "第一行\n第二行\t制表",
        "[[chart:tickets]] {{ chart('x') }}",
    ],
)
def test_a_text_reaches_the_page_undamaged(tmp_path: Path, text: str) -> None:
    assert render_text(tmp_path, text) == f"前{text}后"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("响\x07铃\x0c换页\x0b\x00\x1b[0m", "响铃换页[0m"),
        ("一\r\n二\r三", "一\n二\n三"),
        ("半个\ud83d字", "半个字"),
        ("非\ufffe字\uffff符", "非字符"),
        (None, "—"),
        (0, "0"),
    ],
)
def test_what_word_cannot_hold_is_left_out(tmp_path: Path, text: object, expected: str) -> None:
    assert render_text(tmp_path, text) == f"前{expected}后"


def test_a_table_of_3000_rows_is_written_whole(tmp_path: Path) -> None:
    template = make_template(tmp_path, table("编号", "{{ row.ref }}", "{{ row.title }}"))
    rows = [{"ref": f"INC-{number}", "title": f"虚构 <{number}> & {{{{ x }}}}"} for number in range(3000)]
    render_document(template, {"rows": rows}, tmp_path / "out.docx")
    written = open_document(str(tmp_path / "out.docx")).tables[0]._tbl.tr_lst
    assert len(written) == 3001
    last = [cell.xpath("string(.)") for cell in written[-1].tc_lst]
    assert last == ["INC-2999", "虚构 <2999> & {{ x }}"]


@pytest.mark.parametrize(
    ("layouts", "words"),
    [
        ([paragraph("您好"), paragraph("共 {{ totl }} 件")], ["{{ totl }}", "「totl」", "正文第 2 段", "共"]),
        ([paragraph("{{ row.nummer }}")], ["{{ row.nummer }}", "「nummer」"]),
        ([table("工单编号", "{{ row.nummer }}")], ["「nummer」", "正文第 1 个表格", "工单编号"]),
        ([paragraph("{{ text | upperr }}")], ["{{ text | upperr }}", "过滤器「upperr」"]),
        ([paragraph("{{ text }")], ["{{ text }", "写法有误"]),
        ([paragraph("{% if text %}"), paragraph("完")], ["写法有误", "endif"]),
        ([paragraph("{% endfro %}")], ["{% endfro %}", "「endfro」"]),
        ([paragraph("{{ chart('nobody') }}")], ["{{ chart('nobody') }}", "「nobody」"]),
        ([paragraph("{{ text.__class__.__mro__ }}")], ["__class__", "写法有误"]),
        ([paragraph("{{ text | safe }}")], ["过滤器「safe」"]),
        ([paragraph("{% if false %}{{ late }}{% endif %}")], ["「late」"]),
        ([paragraph("{{ rows + 1 }}")], ["{{ rows + 1 }}", "写法有误"]),
    ],
)
def test_a_wrong_tag_is_refused_by_name_and_place(
    tmp_path: Path, layouts: list[Layout], words: list[str]
) -> None:
    template = make_template(tmp_path, *layouts)
    with pytest.raises(ConfigError) as caught:
        render_document(template, {"text": "x", "row": {}, "rows": [{}]}, tmp_path / "out.docx")
    assert [word for word in ["template.docx", *words] if word not in caught.value.message] == []
    assert caught.value.hint
    assert not (tmp_path / "out.docx").exists()


def test_every_unknown_name_is_listed_in_reading_order(tmp_path: Path) -> None:
    template = make_template(tmp_path, paragraph("{{ second_b }} {{ second_a }}"), paragraph("{{ third }}"))
    with pytest.raises(ConfigError) as caught:
        render_document(template, {}, tmp_path / "out.docx")
    assert [problem.message.split("：")[0] for problem in caught.value.problems] == [
        "{{ second_b }}",
        "{{ second_a }}",
        "{{ third }}",
    ]
    assert "另有 2 处" in caught.value.message


def test_a_name_that_a_template_asks_about_may_be_missing(tmp_path: Path) -> None:
    template = make_template(tmp_path, paragraph("{% if extra is defined %}有{% else %}无{% endif %}"))
    render_document(template, {}, tmp_path / "out.docx")
    assert open_document(str(tmp_path / "out.docx")).paragraphs[0].text == "无"


@pytest.mark.parametrize(("part", "word"), [("header", "页眉"), ("footer", "页脚")])
def test_a_wrong_tag_in_header_or_footer_says_so(tmp_path: Path, part: str, word: str) -> None:
    def add(document: Document) -> None:
        getattr(document.sections[0], part).paragraphs[0].text = "第 {{ pgae }} 页"

    with pytest.raises(ConfigError, match=rf"{word}第 1 段.*pgae"):
        render_document(make_template(tmp_path, add), {}, tmp_path / "out.docx")


def test_a_tag_in_the_properties_is_filled_and_cut_to_what_word_allows(tmp_path: Path) -> None:
    def add(document: Document) -> None:
        document.core_properties.title = "{{ text }}"

    made_at = datetime(2026, 10, 8, 1, 30, tzinfo=UTC)
    context = {"text": "甲 & <乙>" + "长" * 300, "made_at": made_at}
    render_document(make_template(tmp_path, add), context, tmp_path / "out.docx")
    properties = open_document(str(tmp_path / "out.docx")).core_properties
    assert properties.title == ("甲 & <乙>" + "长" * 300)[:255]
    assert properties.created == properties.modified == made_at


@pytest.mark.parametrize("content", [None, b"", b"no zip at all"])
def test_what_is_no_word_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    template = tmp_path / "own.docx"
    if content is not None:
        template.write_bytes(content)
    with pytest.raises(ConfigError, match=r"own\.docx"):
        render_document(template, {}, tmp_path / "out.docx")


def test_a_workbook_under_a_word_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "own.docx", "w") as package:
        package.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(ConfigError, match=r"own\.docx"):
        render_document(tmp_path / "own.docx", {}, tmp_path / "out.docx")


def test_a_short_table_stays_on_one_page_and_a_sum_never_stands_alone(tmp_path: Path) -> None:
    def kept_rows(count: int) -> list[bool]:
        template = make_template(tmp_path, table("编号", "{{ row.ref }}"))
        render_document(template, {"rows": [{"ref": str(n)} for n in range(count)]}, tmp_path / "out.docx")
        rows = open_document(str(tmp_path / "out.docx")).tables[0].rows
        return [bool(row.cells[0].paragraphs[0].paragraph_format.keep_with_next) for row in rows]

    assert kept_rows(3) == [True, True, True, False]
    assert kept_rows(14) == [False] * 13 + [True, False]
