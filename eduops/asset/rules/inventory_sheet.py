"""The inventory as a workbook: the sheets 主机, 服务, 接口 and 许可, by whatever names and headings are usual."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eduops.asset.rules.form import Form, find_form, iterate_rows, usual_names
from eduops.asset.rules.kind import KINDS, Kind
from eduops.asset.rules.raw_row import RawRow
from eduops.asset.rules.word import said_choices
from eduops.core.errors import Problem
from eduops.sheet.export import Column, Table
from eduops.sheet.header import normalise_header
from eduops.sheet.workbook import Sheet, Workbook

_EXACT = ("code", "codes", "exact")
_EXPLAINED = ("role", "environment", "kind", "direction")
_WIDTHS = {"day": 12, "port": 8, "count": 8, "yes": 8, "code": 14, "codes": 24, "exact": 12}
_WIDTH = 20


@dataclass(frozen=True, slots=True)
class SheetRows:
    """The rows of a workbook, columns that nothing was taken from, sheets that were passed over, what is wrong."""

    rows: tuple[RawRow, ...]
    unused: tuple[str, ...]
    skipped: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_sheets(book: Workbook) -> SheetRows:
    """The rows of every visible sheet that is one of the four; two of one kind are wrong."""
    found: dict[str, Form] = {}
    skipped: list[str] = []
    problems: list[Problem] = []
    for sheet in book.sheets:
        named = _find_named(sheet)
        kind, form = _find_kind(sheet, named) if sheet.visible else (None, None)
        if kind is None or form is None:
            if named and sheet.visible and sheet.rows:
                problems.append(_unreadable(book, sheet, named))
            elif sheet.rows:
                skipped.append(sheet.name)
        elif kind.key in found:
            said = f"工作表「{found[kind.key].sheet.name}」和这一张都是{kind.word}清单；请合成一张，或隐藏不要的一张"
            problems.append(Problem(book.path.name, sheet.name, said))
        else:
            found[kind.key] = form
    rows = [row for kind in KINDS if kind.key in found for row in _list_rows(kind, found[kind.key])]
    unused = [text for form in found.values() for text in form.unused]
    return SheetRows(tuple(rows), tuple(unused), tuple(skipped), tuple(problems))


def _find_named(sheet: Sheet) -> Kind | None:
    plain = normalise_header(sheet.name)
    return next((kind for kind in KINDS if plain in map(normalise_header, kind.sheet_names)), None)


def _find_kind(sheet: Sheet, named: Kind | None) -> tuple[Kind | None, Form | None]:
    """The kind that a sheet's name says; without such a name the one whose headings fit best."""
    if named:
        return named, _find_form(sheet, named)
    forms = [(kind, form) for kind in KINDS if (form := _find_form(sheet, kind, is_named=False))]
    return max(forms, key=lambda each: each[1].header.score, default=(None, None))


def _find_form(sheet: Sheet, kind: Kind, *, is_named: bool = True) -> Form | None:
    vocabulary = usual_names({each.key: each.heads for each in kind.fields})
    # A sheet of another name has to show by its headings what it is.
    keys = {each.attribute: each.key for each in kind.fields}
    required = ("code",) if is_named else tuple(keys[name] for name in kind.required)
    return find_form(sheet, vocabulary, required=required)


def _unreadable(book: Workbook, sheet: Sheet, kind: Kind) -> Problem:
    heads = "、".join(each.heads[0] for each in kind.fields)
    return Problem(
        book.path.name, sheet.name, f"找不到{kind.word}清单的表头（至少要有代码一列）；可用的列名：{heads}"
    )


def _list_rows(kind: Kind, form: Form) -> Iterator[RawRow]:
    exact = [each.key for each in kind.fields if each.reads in _EXACT]
    for row in iterate_rows(form, exact=exact):
        places = form.places(row.number)
        yield RawRow(kind, row.texts, form.place(row.number), places, tuple(row.slips))


def build_template() -> Sequence[Table]:
    """The blank workbook: a sheet a kind with our headings, and a sheet that says what may be written."""
    tables = [
        Table(
            kind.word,
            "",
            "",
            [Column(each.heads[0], _WIDTHS.get(each.reads, _WIDTH)) for each in kind.fields],
            (),
        )
        for kind in KINDS
    ]
    head = [Column("工作表", 10), Column("列", 14), Column("必填", 8), Column("怎么写", 60)]
    return [*tables, Table("填写说明", "", "", head, [row for kind in KINDS for row in _list_help(kind)])]


def _list_help(kind: Kind) -> Iterator[tuple[str, str, str, str]]:
    for each in kind.fields:
        needed = "必填" if each.attribute in kind.required else ""
        yield kind.word, each.heads[0], needed, _explain(each.reads, is_own=each.key == "code")


def _explain(reads: str, *, is_own: bool) -> str:
    if reads in _EXPLAINED:
        return said_choices(reads)
    words = {
        "code": "英文字母、数字、点、下划线或连字符，例如 app-1" if is_own else "已登记的、或本文件里的代码",
        "codes": "一个或几个服务代码，用顿号隔开",
        "day": "例如 2026-03-05",
        "port": "1 到 65535 的整数",
        "count": "整数",
        "yes": "是或否",
        "exact": "照原样写成文字，例如 12.10",
    }
    return words.get(reads, "文字")
