"""Native Word charts: the drawing's XML, its part and the workbook a person edits it with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from xml.sax.saxutils import quoteattr

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.part import Part
from docx.package import Package
from lxml import etree
from pptx.chart.chart import Chart as Styler
from pptx.chart.data import CategoryChartData
from pptx.chart.datalabel import DataLabels
from pptx.chart.xlsx import CategoryWorkbookWriter
from pptx.dml.color import RGBColor
from pptx.dml.fill import FillFormat
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.text.text import Font
from pptx.util import Pt

from eduops.report.chart import Chart
from eduops.report.text import clean_text

EMU_PER_MM = 36000
_LATIN, _EAST_ASIAN = "Times New Roman", "宋体"
# Told apart in colour and, printed in black, by their greys; white figures stand on the dark ones.
_PALETTE = ("1F4E79", "E9A23B", "9DC3E6", "767676", "2F7D4F", "B23A48", "D9C46A", "5E4B8B")
_DARK = {"1F4E79", "767676", "2F7D4F", "B23A48", "5E4B8B"}
_TYPES = {
    "column": XL_CHART_TYPE.COLUMN_CLUSTERED,
    "stacked_column": XL_CHART_TYPE.COLUMN_STACKED,
    "line": XL_CHART_TYPE.LINE_MARKERS,
    "pie": XL_CHART_TYPE.PIE,
}
# The workbook inside says when it was made; a fixed instant keeps equal charts equal.
_MADE_AT = datetime(1980, 1, 1, tzinfo=UTC)


def place_chart(part: Part, chart: Chart) -> str:
    """Adds the chart and its workbook to the part's package; returns the w:drawing that shows it, as XML."""
    package = cast(Package, part.package)
    number = package.next_partname("/word/charts/chart%d.xml")
    workbook = Part(
        package.next_partname("/word/embeddings/chart_data%d.xlsx"),
        CONTENT_TYPE.SML_SHEET,
        _workbook(chart),
        package,
    )
    # A new part's first relationship is always rId1, so the XML can name it before the part exists.
    drawing = Part(number, CONTENT_TYPE.DML_CHART, render_chart(chart, workbook_id="rId1"), package)
    drawing.relate_to(workbook, RELATIONSHIP_TYPE.PACKAGE)
    return _inline(chart, part.relate_to(drawing, RELATIONSHIP_TYPE.CHART))


def render_chart(chart: Chart, *, workbook_id: str) -> bytes:
    """The chart part's XML; `workbook_id` is the relationship to the embedded workbook."""
    space = parse_xml(_chart_data(chart).xml_bytes(_TYPES[chart.kind]))
    styler = Styler(space, None)
    _set_font(styler.font, points=9)
    styler.has_title = True
    title = styler.chart_title.text_frame.paragraphs[0].add_run()
    title.text = clean_text(chart.title)
    _set_font(title.font, points=10.5)
    styler.has_legend = chart.kind == "pie" or len(chart.series) > 1
    if styler.has_legend:
        styler.legend.position = XL_LEGEND_POSITION.BOTTOM
        styler.legend.include_in_layout = False
    if chart.kind == "pie":
        _style_pie(styler, chart)
    else:
        _style_series(styler, chart)
        _style_axes(styler, chart)
    space.get_or_add_externalData().rId = workbook_id
    return cast(bytes, etree.tostring(space, xml_declaration=True, encoding="UTF-8", standalone=True))


def _style_series(styler: Styler, chart: Chart) -> None:
    plot = styler.plots[0]
    if chart.kind == "line":
        for index, series in enumerate(plot.series):
            series.smooth = False
            series.format.line.color.rgb = RGBColor.from_string(_colour(index))
            _fill(series.marker.format.fill, index)
        return
    plot.gap_width = 80
    for index, series in enumerate(plot.series):
        _fill(series.format.fill, index)
        is_inside = chart.kind == "stacked_column"
        _style_labels(series.data_labels, _value_format(chart, hides_zero=is_inside))
        if is_inside and _colour(index) in _DARK:
            series.data_labels.font.color.rgb = RGBColor.from_string("FFFFFF")


def _style_pie(styler: Styler, chart: Chart) -> None:
    plot = styler.plots[0]
    plot.has_data_labels = True
    _style_labels(plot.data_labels, "0.0%")
    plot.data_labels.show_percentage = True
    plot.data_labels.show_value = False
    plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    for index in range(len(chart.categories)):
        _fill(plot.series[0].points[index].format.fill, index)


def _style_labels(labels: DataLabels, number_format: str) -> None:
    _set_font(labels.font, points=8)
    labels.number_format = number_format
    labels.number_format_is_linked = False
    labels.show_value = True


def _style_axes(styler: Styler, chart: Chart) -> None:
    values = styler.value_axis
    values.major_gridlines.format.line.color.rgb = RGBColor.from_string("D9D9D9")
    values.tick_labels.number_format = _value_format(chart)
    values.tick_labels.number_format_is_linked = False
    styler.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    known = [Decimal(value) for series in chart.series for value in series.values if value is not None]
    if min(known, default=0) >= 0:
        values.minimum_scale = 0
    # Half a ticket is no mark on an axis.
    if _is_whole(chart) and sum(abs(value) for value in known) <= 8:
        values.major_unit = 1


def _value_format(chart: Chart, *, hides_zero: bool = False) -> str:
    number = "#,##0" if _is_whole(chart) else "#,##0.0"
    return f"{number};-{number};;" if hides_zero else number


def _is_whole(chart: Chart) -> bool:
    known = [value for series in chart.series for value in series.values if value is not None]
    return all(value == int(value) for value in known)


def _set_font(font: Font, *, points: float) -> None:
    font.size = Pt(points)
    font.bold = False
    font.name = _LATIN
    # python-pptx sets the Latin face alone; Word takes Chinese glyphs from a:ea, which follows a:latin.
    properties = font._element
    for old in properties.findall(qn("a:ea")):
        properties.remove(old)
    east_asian = etree.SubElement(properties, qn("a:ea"))
    east_asian.set("typeface", _EAST_ASIAN)
    properties.find(qn("a:latin")).addnext(east_asian)


def _fill(fill: FillFormat, index: int) -> None:
    fill.solid()
    fill.fore_color.rgb = RGBColor.from_string(_colour(index))


def _colour(index: int) -> str:
    return _PALETTE[index % len(_PALETTE)]


class _PlainWorkbookWriter(CategoryWorkbookWriter):
    """Writes a name that begins with = as text, never as a formula, and the same bytes each time."""

    @contextmanager
    def _open_worksheet(
        self, xlsx_file: Any
    ) -> Iterator[tuple[Any, Any]]:  # Any: XlsxWriter carries no types
        with super()._open_worksheet(xlsx_file) as (workbook, worksheet):
            workbook.set_properties({"created": _MADE_AT})
            worksheet.strings_to_formulas = False
            worksheet.strings_to_urls = False
            yield workbook, worksheet


def _workbook(chart: Chart) -> bytes:
    writer = _PlainWorkbookWriter(_chart_data(chart))  # type: ignore[no-untyped-call]
    return cast(bytes, writer.xlsx_blob)


def _chart_data(chart: Chart) -> CategoryChartData:
    data = CategoryChartData(number_format="General")
    data.categories = [clean_text(category) for category in chart.categories]
    for series in chart.series:
        data.add_series(clean_text(series.name), [_number(value) for value in series.values])
    return data


def _number(value: int | Decimal | None) -> int | float | None:
    return float(value) if isinstance(value, Decimal) else value


def _inline(chart: Chart, relationship_id: str) -> str:
    width, height = chart.width_mm * EMU_PER_MM, chart.height_mm * EMU_PER_MM
    name = quoteattr(clean_text(chart.title))
    return (
        '<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
        ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
        ' xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        f'<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{width}" cy="{height}"/>'
        f'<wp:docPr id="1" name={name} descr={name}/><wp:cNvGraphicFramePr/><a:graphic>'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
        f'<c:chart r:id="{relationship_id}"/></a:graphicData></a:graphic></wp:inline></w:drawing>'
    )
