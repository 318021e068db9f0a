"""A workbook of a dictionary: a column of codes, one of names, perhaps one of parents; all others are kept as they are."""

import re
from dataclasses import dataclass

from eduops.asset.rules.dictionary import Entry
from eduops.asset.rules.form import Form, FormRow, find_form, iterate_rows
from eduops.asset.rules.text import list_text_slips, tidy
from eduops.core.errors import Problem
from eduops.sheet.header import Name, bare_header
from eduops.sheet.workbook import Sheet, Workbook, cell_text

MOST_CODE = 200
_MOST_TEXT = 2000
_HEAD_ROWS = 30
_CODES: tuple[Name, ...] = ("编码", "代码", "字典编码", "字典代码", "字典值", "编号", "值", "code")
_NAMES: tuple[Name, ...] = ("名称", "字典名称", "含义", "值含义", "中文名称", "name")
_PARENTS: tuple[Name, ...] = (
    "上级编码", "上级代码", "上级", "父级编码", "父级代码", "父级", "父编码", "父代码", "所属上级", "上级编号", "parent",
)  # fmt: skip
_ABOVE = re.compile(r"上级|父|上一级")
_CODE_END = re.compile(r".+(编码|代码|编号)")
_NAME_END = re.compile(r".+名称")
_NO_PARENT = ("", "0", "-", "—", "无", "root", "ROOT")


@dataclass(frozen=True, slots=True)
class DictionarySheet:
    """What a workbook says: the entries, what is wrong, and parents that are no entry of it (code, parent)."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    orphans: tuple[tuple[str, str], ...]
    sheet: str
    columns: dict[str, str]


def read_dictionary(book: Workbook) -> DictionarySheet | None:
    """The first visible sheet that lists entries; None where none has columns of codes and names."""
    forms = [form for sheet in book.sheets if sheet.visible and (form := _find_form(sheet)) is not None]
    if not forms:
        return None
    form, *others = forms
    reader = _Reader(book.path.name, form, {}, [])
    for row in iterate_rows(form, exact=("code", "parent"), with_unknown=True):
        reader.read(row)
    for other in others:
        said = f"工作表「{form.sheet.name}」和这一张都像字典；一次导入一张，请隐藏或删去不要的"
        reader.problems.append(Problem(book.path.name, other.sheet.name, said))
    reader.note_doubt()
    reader.note_loops()
    entries = tuple(entry for entry, _ in reader.entries.values())
    known = reader.entries.keys()
    orphans = tuple(
        (each.code, each.parent_code)
        for each in entries
        if each.parent_code and each.parent_code not in known
    )
    heads = {
        name: cell_text(form.sheet.cell(form.header.row, column))
        for name, column in form.header.columns.items()
    }
    return DictionarySheet(entries, tuple(reader.problems), orphans, form.sheet.name, heads)


def _find_form(sheet: Sheet) -> Form | None:
    """The usual headings first; else those that end like one, such as 科室编码 and 科室名称."""
    codes, names, parents = list(_CODES), list(_NAMES), list(_PARENTS)
    for text in _list_texts(sheet):
        if _ABOVE.search(text):
            if text.endswith(("编码", "代码", "编号")) or text in ("上级", "父级"):
                parents.append(text)
        elif _CODE_END.fullmatch(text):
            codes.append(text)
        elif _NAME_END.fullmatch(text):
            names.append(text)
    return find_form(sheet, {"code": codes, "name": names, "parent": parents}, required=("code", "name"))


def _list_texts(sheet: Sheet) -> list[str]:
    found: dict[str, None] = {}
    for number, cells in sheet.numbered_rows():
        if number >= sheet.first_row + _HEAD_ROWS:
            break
        found |= {
            bare_header(cell): None for cell in cells if isinstance(cell, str) and len(cell) < MOST_CODE
        }
    return list(found)


@dataclass(slots=True)
class _Reader:
    """Rows one after the other; each code once, with the row that it stands in."""

    file: str
    form: Form
    entries: dict[str, tuple[Entry, int]]
    problems: list[Problem]

    def read(self, row: FormRow) -> None:
        texts = {name: tidy(text) for name, text in row.texts.items()}
        code, name = texts.pop("code", ""), texts.pop("name", "")
        parent = texts.pop("parent", "")
        for slip in row.slips:
            self.note(row.number, slip.field, slip.message)
        if not code:
            self.note(row.number, "code", "缺少编码")
        if not name:
            self.note(row.number, "name", "缺少名称")
        for field, text in (("code", code), ("name", name), ("parent", parent), *texts.items()):
            most = MOST_CODE if field in ("code", "parent") else _MOST_TEXT
            for slip in list_text_slips(field, "这一格", text, most=most):
                self.note(row.number, field, slip.message)
        if code in self.entries:
            self.note(row.number, "code", f"编码 {code[:40]} 与第 {self.entries[code][1]} 行重复")
        elif code:
            above = "" if parent in _NO_PARENT and parent != code else parent
            extra = {head: text for head, text in texts.items() if text}
            self.entries[code] = Entry(code, name, above, extra), row.number

    def note(self, row: int, field: str, message: str) -> None:
        place = self.form.place(row, field)
        self.problems.append(Problem(self.file, place.address, message, row))

    def note_doubt(self) -> None:
        """Of two columns that only end like one of codes or names, nobody can tell which is meant."""
        known = {"code": _CODES, "name": _NAMES, "parent": _PARENTS}
        for each in self.form.header.ambiguous:
            heads = [cell_text(self.form.sheet.cell(self.form.header.row, column)) for column in each.columns]
            if bare_header(heads[0]) not in known[each.field]:
                usual = known[each.field][0]
                said = f"几列都像{usual}：{'、'.join(heads)}；把要用的一列改名为「{usual}」"
                self.note(self.form.header.row, each.field, said)

    def note_loops(self) -> None:
        """An entry may not be above itself, however far up."""
        clear: set[str] = set()
        for code in self.entries:
            way: list[str] = []
            while code in self.entries and code not in clear and code not in way:
                way.append(code)
                code = self.entries[code][0].parent_code
            if code in way:
                loop = way[way.index(code) :]
                shown = " → ".join([*loop[:5], *(["…"] if len(loop) > 5 else []), code])
                self.note(self.entries[code][1], "parent", f"上级绕成了圈：{shown}")
            clear.update(way)
