"""Charts that Word draws itself, each with the workbook a person edits it with."""

import io
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from docx import Document as open_document
from lxml import etree

from eduops.report.chart import Chart, ChartKind, Series
from eduops.report.render import render_document

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
MONTHS = ("7月", "8月 <&", "=9月")
TICKETS = Series("故障 & <x>", (3, 0, None))
REQUESTS = Series("=cmd()", (Decimal("12.5"), 20, 3))


def build_chart(kind: ChartKind) -> Chart:
    series = (TICKETS,) if kind == "pie" else (TICKETS, REQUESTS)
    return Chart("tickets", kind, "各月工单 <&\x07", MONTHS, series)


def render_charts(folder: Path, *charts: Chart) -> zipfile.ZipFile:
    document = open_document()
    for chart in charts:
        document.add_paragraph(f"{{{{ chart('{chart.name}') }}}}")
    document.save(str(folder / "template.docx"))
    render_document(folder / "template.docx", {}, folder / "out.docx", charts=charts)
    return zipfile.ZipFile(folder / "out.docx")


@pytest.mark.parametrize(
    ("kind", "tag", "grouping"),
    [
        ("column", "barChart", "clustered"),
        ("stacked_column", "barChart", "stacked"),
        ("line", "lineChart", "standard"),
        ("pie", "pieChart", None),
    ],
)
def test_each_kind_is_drawn_natively(tmp_path: Path, kind: ChartKind, tag: str, grouping: str | None) -> None:
    package = render_charts(tmp_path, build_chart(kind))
    space = etree.fromstring(package.read("word/charts/chart1.xml"))
    plot = space.find(f".//{C}{tag}")
    assert plot is not None
    found = plot.find(f"{C}grouping")
    assert (None if found is None else found.get("val")) == grouping
    assert {face.get("typeface") for face in space.iter(f"{A}ea")} == {"宋体"}
    assert space.find(f"{C}externalData").get(f"{{{space.nsmap['r']}}}id") == "rId1"


def test_the_workbook_inside_holds_the_values_as_given(tmp_path: Path) -> None:
    package = render_charts(tmp_path, build_chart("column"))
    book = openpyxl.load_workbook(io.BytesIO(package.read("word/embeddings/chart_data1.xlsx")))
    cells = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert cells == [
        [None, "故障 & <x>", "=cmd()"],
        ["7月", 3, 12.5],
        ["8月 <&", 0, 20],
        ["=9月", None, 3],
    ]
    assert {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row} <= {"s", "n"}


def test_the_drawing_and_the_workbook_agree(tmp_path: Path) -> None:
    package = render_charts(tmp_path, build_chart("line"))
    space = etree.fromstring(package.read("word/charts/chart1.xml"))
    series = space.findall(f".//{C}ser")
    names = [each.find(f"{C}tx").findtext(f".//{C}v") for each in series]
    values = [[point.text for point in each.find(f"{C}val").iter(f"{C}v")] for each in series]
    assert names == ["故障 & <x>", "=cmd()"]
    assert values == [["3", "0"], ["12.5", "20", "3"]]


def test_two_charts_have_parts_of_their_own(tmp_path: Path) -> None:
    first, second = (Chart(name, "line", name, MONTHS, (TICKETS,)) for name in ("a", "b"))
    names = render_charts(tmp_path, first, second).namelist()
    assert {"word/charts/chart1.xml", "word/charts/chart2.xml"} <= set(names)
    assert {"word/embeddings/chart_data1.xlsx", "word/embeddings/chart_data2.xlsx"} <= set(names)


def test_a_chart_fits_between_the_margins_of_a4(tmp_path: Path) -> None:
    package = render_charts(tmp_path, build_chart("column"))
    extent = etree.fromstring(package.read("word/document.xml")).find(".//{*}extent")
    assert int(extent.get("cx")) / 36000 <= 156


@pytest.mark.parametrize(
    ("kind", "categories", "series"),
    [
        ("column", (), (TICKETS,)),
        ("column", MONTHS, ()),
        ("column", MONTHS[:2], (TICKETS,)),
        ("pie", MONTHS, (TICKETS, REQUESTS)),
    ],
)
def test_a_chart_of_nothing_cannot_be_built(
    kind: ChartKind, categories: tuple[str, ...], series: tuple[Series, ...]
) -> None:
    with pytest.raises(ValueError, match="chart 'x'"):
        Chart("x", kind, "题", categories, series)
