"""Where in a Word template a tag is wrong, in words that find it again in Word."""

import re
from collections.abc import Collection, Iterator

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from eduops.core.errors import Problem

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{[{%].*")
_MARKUP = re.compile(r"<[^>]+>")
_MESSAGES = (
    (re.compile(r"^'([^']+)' is undefined$"), "名称「{}」未知"),
    (re.compile(r"has no attribute '([^']+)'$"), "名称「{}」未知"),
    (re.compile(r"[Nn]o filter named '([^']+)'"), "过滤器「{}」未知"),
    (re.compile(r"[Nn]o test named '([^']+)'"), "判断「{}」未知"),
    (re.compile(r"unknown tag '([^']+)'"), "语句「{}」未知或位置不对"),
)
# A name that a template asks about ("x is defined") or replaces may be missing.
_FORGIVING = {"defined", "undefined", "default", "d"}


def list_unknown_names(
    source: str, environment: Environment, known: Collection[str], *, file: str, part: str
) -> list[Problem]:
    """One problem for each name that the part uses and nobody gives, in reading order.

    Raises jinja2.TemplateSyntaxError where the part cannot be parsed at all.
    """
    tree = environment.parse(source)
    unknown = meta.find_undeclared_variables(tree) - set(known) - set(environment.globals)
    unknown -= {name.name for name in _forgiven_names(tree)}
    first_lines: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in unknown:
            first_lines[node.name] = min(node.lineno, first_lines.get(node.name, node.lineno))
    found = sorted((*_find_tag(source, line, name), name) for name, line in first_lines.items())
    return [
        Problem(file, describe_place(source, offset, part), f"{tag}：名称「{name}」未知")
        for offset, tag, name in found
    ]


def _forgiven_names(tree: nodes.Template) -> Iterator[nodes.Name]:
    for node in tree.find_all((nodes.Test, nodes.Filter)):
        if node.name in _FORGIVING and isinstance(node.node, nodes.Name):
            yield node.node


def build_problem(error: Exception, source: str, *, file: str, part: str) -> Problem | None:
    """What is wrong at the tag that raised the error; None where no tag did."""
    line = _template_line(error)
    if line is None:
        return None
    message, name = translate(error)
    offset, tag = _find_tag(source, line, name)
    return Problem(file, describe_place(source, offset, part), f"{tag}：{message}")


def _template_line(error: Exception) -> int | None:
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def translate(error: Exception) -> tuple[str, str]:
    """The error in Chinese, and the name it is about ("" where it is about none)."""
    text = str(error)
    for pattern, message in _MESSAGES:
        if found := pattern.search(text):
            return message.format(found[1]), found[1]
    return f"写法有误（{text}）", ""


def _find_tag(source: str, line: int, name: str) -> tuple[int, str]:
    """Offset and text of the tag on that line that holds the name, else of the line's first tag."""
    lines = source.split("\n")
    start = sum(len(text) + 1 for text in lines[: line - 1])
    tags = list(_TAG.finditer(source, start, start + len(lines[line - 1])))
    chosen = next((tag for tag in tags if name and name in tag[0]), tags[0] if tags else None)
    return (chosen.start(), _shorten(_plain(chosen[0]))) if chosen else (start, "（标签不明）")


def describe_place(source: str, offset: int, part: str) -> str:
    """The table with the words of its first row, or the paragraph with its words, that holds the offset."""
    before = source[:offset]
    tables = list(re.finditer(r"<w:tbl[ >]", before))
    if len(tables) > before.count("</w:tbl>"):
        first_row = source[tables[-1].start() :].split("</w:tr>")[0]
        return f"{_part_name(part)}第 {len(tables)} 个表格（首行「{_shorten(_words(first_row))}」）"
    number = len(re.findall(r"<w:p[ >]", before))
    until = source.find("</w:p>", offset)
    texts = (_words(text) for text in reversed(source[: until if until > 0 else None].split("\n")))
    return f"{_part_name(part)}第 {max(number, 1)} 段（「{_shorten(next(filter(None, texts), ''))}」）"


def _part_name(part: str) -> str:
    file = part.rsplit("/", 1)[-1]
    return "页眉" if file.startswith("header") else "页脚" if file.startswith("footer") else "正文"


def _words(xml: str) -> str:
    return " ".join(_plain(xml.replace("</w:p>", " </w:p>")).split())


def _plain(xml: str) -> str:
    return _MARKUP.sub("", xml).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
