"""A Word template and a context make a Word document; with the other render files, the only door to docxtpl."""

import html
import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.opc.part import Part
from docx.oxml.ns import qn
from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import Markup, escape

from eduops.core.errors import ConfigError, Problem
from eduops.core.files import whole_file
from eduops.report.chart import Chart
from eduops.report.render_chart import place_chart
from eduops.report.render_fault import build_problem, list_unknown_names, translate
from eduops.report.text import ABSENT, clean_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# The earliest instant a zip entry can carry: equal documents are equal bytes.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_PROPERTY_LENGTH = 255
_SHORT_TABLE_ROWS = 14
_HINT = "在 Word 中打开模板，按位置找到这个标签改正；标签中的名称须与随附模板一致"


def render_document(
    template: Path, context: Mapping[str, object], target: Path, *, charts: Sequence[Chart] = ()
) -> None:
    """Writes the document whole or not at all; the same template, context and charts give the same bytes.

    Values reach the page as text, whatever they hold; a line feed becomes a line break, None a dash. A chart
    stands where the template says `{{ chart('name') }}`. `made_at` (aware datetime) in the context dates the
    file; title, author and subject come from the template's own properties, which may hold tags.
    Raises ConfigError where the template is missing, is no Word file, or holds a wrong tag; InputError where
    the target cannot be written.
    """
    document = _Template(template, charts)
    document.fill(context)
    keep_tables_together(document.docx)
    drop_space_before_pages(document.docx)
    made_at = context.get("made_at")
    if isinstance(made_at, datetime):
        properties = document.docx.core_properties
        properties.created = properties.modified = made_at.astimezone(UTC)
    with whole_file(target) as part:
        write_package(document.docx, part)


def keep_tables_together(document: Document) -> None:
    """A short table stays on one page; of a long one the last row, often a sum, never stands there alone."""
    for table in document.element.body.iter(qn("w:tbl")):
        rows = table.findall(qn("w:tr"))
        for row in rows[:-1] if len(rows) <= _SHORT_TABLE_ROWS else rows[-2:-1]:
            for paragraph in row.iter(qn("w:p")):
                paragraph.get_or_add_pPr().get_or_add_keepNext()


def drop_space_before_pages(document: Document) -> None:
    """Takes out the empty paragraph between a table and a new page: on a full page it would make an empty one."""
    for mark in list(document.element.body.iterfind(f"{qn('w:p')}/{qn('w:pPr')}/{qn('w:pageBreakBefore')}")):
        space = mark.getparent().getparent().getprevious()
        if space is None or space.tag != qn("w:p") or space.find(qn("w:r")) is not None:
            continue
        table = space.getprevious()
        if table is not None and table.tag == qn("w:tbl"):
            space.getparent().remove(space)


def as_mapping(values: "DataclassInstance") -> dict[str, object]:
    """A dataclass's own fields by name, as the context of a template."""
    return {field.name: getattr(values, field.name) for field in fields(values)}


def write_package(document: Document, target: Path) -> None:
    """Saves the document with every entry dated 1980, so that equal content is equal bytes."""
    buffer = io.BytesIO()
    document.save(buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for entry in source.infolist():
            fixed = zipfile.ZipInfo(entry.filename, _ZIP_EPOCH)
            fixed.compress_type, fixed.create_system, fixed.external_attr = (
                zipfile.ZIP_DEFLATED,
                3,
                0o644 << 16,
            )
            package.writestr(fixed, source.read(entry))


# docxtpl carries no types, so its class is Any to mypy.
class _Template(DocxTemplate):  # type: ignore[misc]
    """docxtpl's template with strict, sandboxed tags, whose faults are told with their place."""

    def __init__(self, path: Path, charts: Sequence[Chart]) -> None:
        super().__init__(path)
        self._path = path
        self._charts = {chart.name: chart for chart in charts}
        self._drawings: dict[str, Markup] = {}
        self._known: set[str] = set()

    def fill(self, context: Mapping[str, object]) -> None:
        """Renders body, headers, footers and properties."""
        environment = build_environment(_page_text)
        environment.globals["chart"] = self._place_chart
        self._known = set(context)
        try:
            self.render(dict(context), environment)
        except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            if self.docx is not None:
                raise
            raise ConfigError(
                f"模板 {self._path} 不存在，或不是 Word 文档（.docx）",
                hint="检查模板目录；删去自己的副本即恢复使用随附模板",
            ) from error

    # The three below replace docxtpl's own: Any stands for its Part and Environment.
    def render_xml_part(self, src_xml: str, part: Part, context: Any, jinja_env: Any = None) -> str:
        """The part's XML with its tags filled in. Raises ConfigError."""
        # docxtpl begins a line at each paragraph, so a line number tells the paragraph.
        source = re.sub(r"<w:p([ >])", r"\n<w:p\1", src_xml)
        place = {"file": self._path.name, "part": str(part.partname)}
        try:
            problems = list_unknown_names(source, jinja_env, self._known, **place)
            if problems:
                raise _wrong_template(self._path, problems)
            xml = super().render_xml_part(src_xml, part, context, jinja_env)
        except ConfigError:
            raise
        except Exception as error:
            problem = build_problem(error, source, **place)
            if problem is None:
                raise
            raise _wrong_template(self._path, [problem]) from error
        self._check_whole(xml, place["part"])
        return str(xml)

    def _check_whole(self, xml: str, part: str) -> None:
        try:
            etree.fromstring(xml.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))
        except etree.XMLSyntaxError as error:
            problem = Problem(
                self._path.name,
                part,
                f"填写后的文档不完整，{{%p …%}} 须独占一段，{{%tr …%}} 须独占一行（{error.msg}）",
            )
            raise _wrong_template(self._path, [problem]) from error

    def render_properties(self, context: Any, jinja_env: Any = None) -> None:
        """Title, author, subject, keywords and comments, which are plain text and at most 255 characters."""
        environment = build_environment(clean_text)
        properties = self.docx.core_properties
        for name in ("title", "author", "subject", "keywords", "comments"):
            tag = getattr(properties, name)
            try:
                text = html.unescape(environment.from_string(tag).render(context))
            except Exception as error:
                problem = Problem(self._path.name, f"文档属性 {name}", f"{tag}：{translate(error)[0]}")
                raise _wrong_template(self._path, [problem]) from error
            setattr(properties, name, text[:_PROPERTY_LENGTH])

    def _place_chart(self, name: str) -> Markup:
        if name not in self._charts:
            raise UndefinedError(f"'{name}' is undefined")
        drawing = place_chart(self.current_rendering_part, self._charts[name])
        # The tag stands inside a w:t; a drawing stands in a run of its own.
        return Markup("</w:t></w:r><w:r>{}</w:r><w:r><w:t>").format(Markup(drawing))  # noqa: S704


def build_environment(finalize: Callable[[str], str]) -> Environment:
    """The sandbox every template runs in: unknown names are errors, `finalize` makes text of a value."""

    def as_text(value: object) -> object:
        if value is None:
            return ABSENT
        return value if isinstance(value, Markup) else finalize(str(value))

    environment = ImmutableSandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, finalize=as_text, keep_trailing_newline=True
    )
    # These would let a value through unescaped.
    for name in ("safe", "xmlattr", "tojson", "urlize"):
        del environment.filters[name]
    return environment


def _page_text(text: str) -> Markup:
    # docxtpl turns {_{ and its like into braces after the values are in; as entities they stay what they were.
    escaped = str(escape(clean_text(text)))
    return Markup(escaped.replace("{_", "{&#95;").replace("_}", "&#95;}"))  # noqa: S704


def _wrong_template(path: Path, problems: Sequence[Problem]) -> ConfigError:
    first = problems[0]
    more = f"；另有 {len(problems) - 1} 处" if len(problems) > 1 else ""
    return ConfigError(
        f"模板 {path} 有误：{first.address} {first.message}{more}", hint=_HINT, problems=problems
    )
