"""Which sheets hold questions, where their header is, and which column is what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice

from eduops.core.errors import InputError
from eduops.sheet.header import Header, bare_header, find_header, normalise_header
from eduops.sheet.workbook import Sheet, Workbook, cell_text, column_index, column_letters
from eduops.training.rules.bank_heading import (
    MOST_TITLES,
    MUST_AGREE,
    SURE_COLUMNS,
    TELLING,
    families,
    find_disagreement,
    find_first_header,
    is_about_the_form,
    list_headed,
    list_unheaded,
    may_be_option,
    read_header,
)
from eduops.training.rules.bank_mapping import NO_MAPPING, Mapping
from eduops.training.rules.bank_word import field_name

_MAX_LETTERS = 3
_MOST_TOLD = 20


class HeaderNotFound(InputError):
    """No sheet has headings that are known: a mapping can say which column is what."""


class Role(StrEnum):
    """What a sheet is for."""

    DATA = "data"
    EMPTY = "empty"
    INSTRUCTIONS = "instructions"
    OTHER = "other"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Layout:
    """How one sheet is laid out: field -> 0-based column; `rows` are those below the header with anything in them."""

    sheet: Sheet
    role: Role
    header_row: int | None = None
    columns: dict[str, int] = field(default_factory=dict)
    unknown: tuple[tuple[int, str], ...] = ()
    ambiguous: tuple[tuple[str, tuple[int, ...]], ...] = ()
    rows: int = 0
    unheaded: tuple[int, ...] = ()
    """Columns without a heading that hold something."""

    @property
    def options(self) -> dict[int, int]:
        """index -> column of the options that have a column each."""
        found = (
            (int(name[7:-1]), column) for name, column in self.columns.items() if name.startswith("option[")
        )
        return dict(sorted(found))

    @property
    def stray(self) -> tuple[int, ...]:
        """The columns that may hold an option: without a heading right behind the options, or headed like 选项0."""
        names = ("option", "option_text")
        options = {column for name, column in self.columns.items() if name.partition("[")[0] in names}
        behind = set(options)
        doubled = {column for _, columns in self.ambiguous for column in columns}
        for column, heading in sorted([*self.unknown, *((bare, "") for bare in self.unheaded)]):
            is_behind = column - 1 in behind
            if (
                options
                and column not in doubled
                and (may_be_option(heading, is_behind_options=is_behind) if heading else is_behind)
            ):
                behind.add(column)
        return tuple(sorted(behind - options))

    def letter(self, name: str) -> str:
        """The letters of a field's column; the stem's where the field has none of its own."""
        column = self.columns.get(name)
        if column is None and name.startswith("option"):
            column = self.columns.get("option_text")
        if column is None:
            column = self.columns.get("stem", 0)
        return column_letters(column)


def find_layouts(workbook: Workbook, mapping: Mapping = NO_MAPPING) -> list[Layout]:
    """Every sheet's layout. Raises InputError where no sheet holds questions, or the mapping names what is not there."""
    name = mapping.sheet
    if name is not None and name not in {sheet.name for sheet in workbook.sheets}:
        raise InputError(
            f"{workbook.path} 里没有工作表「{name}」",
            hint=f"有这些工作表：{'、'.join(sheet.name for sheet in workbook.sheets)}",
        )
    layouts = [
        Layout(sheet, Role.OTHER)
        if name not in (None, sheet.name)
        else _find_layout(workbook, sheet, mapping)
        for sheet in workbook.sheets
    ]
    layouts = _drop_samples(layouts) if name is None else layouts
    if not any(layout.role is Role.DATA for layout in layouts):
        raise _nothing_found(workbook, layouts, mapping)
    for layout in layouts:
        if layout.role is Role.DATA:
            _refuse_disagreement(workbook, layout)
    return layouts


def describe(layout: Layout) -> Iterator[str]:
    """What was assumed about a sheet, one sentence each."""
    name = layout.sheet.name
    if layout.role is not Role.DATA:
        yield f"工作表「{name}」没有导入（{_ROLE_NAMES[layout.role]}）"
        return
    if layout.header_row != 1:
        yield f"工作表「{name}」的表头在第 {layout.header_row} 行"
    for field_, (taken, *others) in layout.ambiguous:
        left = "、".join(map(column_letters, others))
        yield (
            f"工作表「{name}」有几列都像「{field_name(field_)}」："
            f"取 {column_letters(taken)} 列，没有用 {left} 列"
        )
    if layout.sheet.raised:
        yield f"工作表「{name}」有 {len(layout.sheet.raised)} 格的上标、下标写成 ⁹、₂ 这样的字"
    yield from _describe_hidden(layout)
    unused = [*layout.unknown, *((column, "（没有列名）") for column in layout.unheaded)]
    if unused:
        columns = "、".join(f"{column_letters(column)} {text[:20]}" for column, text in sorted(unused))
        yield f"工作表「{name}」没有用到的列：{columns}（要用就改列名，或用 --mapping 指定）"


def _describe_hidden(layout: Layout) -> Iterator[str]:
    """The hidden rows and columns that were read all the same."""
    sheet = layout.sheet
    rows = [
        row
        for row in sorted(sheet.hidden_rows)
        if row > (layout.header_row or 0) and any(cell is not None for cell in sheet.row(row))
    ]
    if rows:
        told = "、".join(map(str, rows[:_MOST_TOLD]))
        more = f" 等，共 {len(rows)} 行" if len(rows) > _MOST_TOLD else " 行"
        yield f"工作表「{sheet.name}」隐藏的行（或被筛选掉的）也读了：第 {told}{more}"
    columns = sorted(
        (column, name) for name, column in layout.columns.items() if column in sheet.hidden_columns
    )
    if columns:
        told = "、".join(f"{column_letters(column)} {field_name(name)}" for column, name in columns)
        yield f"工作表「{sheet.name}」隐藏的列也读了：{told}"


_ROLE_NAMES = {
    Role.EMPTY: "没有题目",
    Role.INSTRUCTIONS: "是说明",
    Role.OTHER: "没有题库的表头",
    Role.HIDDEN: "是隐藏的工作表",
}


def _find_layout(workbook: Workbook, sheet: Sheet, mapping: Mapping) -> Layout:
    if not sheet.visible and mapping.sheet is None:
        return Layout(sheet, Role.HIDDEN)
    if not sheet.rows:
        return Layout(sheet, Role.EMPTY)
    header = _find_header(sheet, mapping)
    if header is None:
        return Layout(sheet, Role.INSTRUCTIONS if _is_prose(sheet) else Role.OTHER)
    mapped = _mapped_columns(workbook, sheet, header, mapping)
    guessed = {name: column for name, column in header.columns.items() if column not in mapped.values()}
    columns = _as_key({**guessed, **mapped})
    used = set(columns.values())
    rows = sum(any(cell is not None for cell in cells) for _, cells in sheet.numbered_rows(header.row + 1))
    return Layout(
        sheet,
        Role.DATA if rows else Role.EMPTY,
        header.row,
        columns,
        list_headed(sheet, header.row, used),
        tuple(
            (found.field, found.columns) for found in header.ambiguous if found.field not in mapping.columns
        ),
        rows,
        list_unheaded(sheet, header.row, used),
    )


def _as_key(columns: dict[str, int]) -> dict[str, int]:
    """是否正确 beside no options is the key of judgements, or nothing where there is a key; not which option is right."""
    if "option_right" not in columns or "option_text" in columns:
        return columns
    rest = {name: column for name, column in columns.items() if name != "option_right"}
    return {"key": columns["option_right"], **rest}


def _find_header(sheet: Sheet, mapping: Mapping) -> Header | None:
    if mapping.header_row is not None:
        return read_header(sheet, mapping.header_row)
    if "stem" in mapping.columns:
        row = _find_quoted_row(sheet, mapping) or _find_sure_row(sheet)
        return read_header(sheet, row) if row else None
    return find_first_header(sheet, mapping.columns)


def _find_quoted_row(sheet: Sheet, mapping: Mapping) -> int | None:
    """The first row that has every heading that the mapping quotes; letters quote none."""
    quoted = [wanted for wanted in mapping.columns.values() if not _is_letters(wanted)]
    for number, cells in islice(sheet.numbered_rows(), MOST_TITLES) if quoted else ():
        texts = {column: cell_text(cell) for column, cell in enumerate(cells)}
        if all(_find_column(texts, wanted, 0) is not None for wanted in quoted):
            return number
    return None


def _find_sure_row(sheet: Sheet) -> int | None:
    """The row with headings that no question holds: a lone A or B is an option's heading, and an answer."""
    found = find_header(sheet, SURE_COLUMNS, required=())
    return found.row if found and families(found.columns) & {*TELLING, "stem"} else None


def _refuse_disagreement(workbook: Workbook, layout: Layout) -> None:
    """Raises HeaderNotFound where two columns may be the stem, the key or one option, and do not say the same."""
    for name, columns in layout.ambiguous:
        must_agree = name.partition("[")[0] in MUST_AGREE
        row = find_disagreement(layout.sheet, layout.header_row or 0, columns) if must_agree else None
        if row is not None:
            letters = "、".join(map(column_letters, columns))
            raise HeaderNotFound(
                f"{workbook.path} 的工作表「{layout.sheet.name}」有几列都像「{field_name(name)}」（{letters}），"
                f"内容却不同（第 {row} 行）",
                hint=f"改掉用不到的那一列的列名，或用 --mapping 写明 columns.{name} 是哪一列",
            )


def _mapped_columns(workbook: Workbook, sheet: Sheet, header: Header, mapping: Mapping) -> dict[str, int]:
    texts = {column: cell_text(cell) for column, cell in enumerate(sheet.row(header.row))}
    columns: dict[str, int] = {}
    for name, wanted in mapping.columns.items():
        column = _find_column(texts, wanted, sheet.width)
        if column is None:
            raise InputError(
                f"{workbook.path} 的工作表「{sheet.name}」第 {header.row} 行没有「{wanted}」这一列",
                hint=f"改正对应关系里的 columns.{name}：写表头上的文字，或列的字母",
            )
        columns[name] = column
    return columns


def _find_column(texts: dict[int, str], wanted: str, width: int) -> int | None:
    for plain in (normalise_header, bare_header):
        for column, text in texts.items():
            if text and plain(text) == plain(wanted):
                return column
    column = column_index(wanted.upper()) if _is_letters(wanted) else width
    return column if column < width else None


def _is_letters(wanted: str) -> bool:
    return wanted.isascii() and wanted.isalpha() and len(wanted) <= _MAX_LETTERS


def _is_prose(sheet: Sheet) -> bool:
    return is_about_the_form(sheet) or sheet.width == 1


def _drop_samples(layouts: Sequence[Layout]) -> list[Layout]:
    """Sheets called 示例 or 说明 are no data where another sheet is."""
    named = [is_about_the_form(layout.sheet) for layout in layouts]
    if not any(
        layout.role is Role.DATA and not is_sample for layout, is_sample in zip(layouts, named, strict=True)
    ):
        return list(layouts)
    return [
        replace(layout, role=Role.INSTRUCTIONS) if is_sample and layout.role is Role.DATA else layout
        for layout, is_sample in zip(layouts, named, strict=True)
    ]


def _nothing_found(workbook: Workbook, layouts: Sequence[Layout], mapping: Mapping) -> InputError:
    headed = [layout for layout in layouts if layout.header_row is not None]
    if headed:
        where = "、".join(f"「{layout.sheet.name}」第 {layout.header_row} 行" for layout in headed)
        return InputError(
            f"{workbook.path} 只有表头（{where}），下面没有题目", hint="在表头下面填好题目再导入"
        )
    if mapping.columns and mapping.header_row is None:
        return InputError(
            f"看不出 {workbook.path} 的表头在第几行，对应关系里也没有写",
            hint="在对应关系里加上 header_row: 表头的行号；题目从它的下一行起",
        )
    seen = "；".join(
        f"「{layout.sheet.name}」" + "、".join(_first_texts(layout.sheet)) for layout in layouts[:5]
    )
    return HeaderNotFound(
        f"{workbook.path} 里没有找到题库的表头（至少要有题干，以及答案、题型或选项）。看到的是：{seen}",
        hint="对照 eduops bank template 的模板改表头，或用 --mapping 给出哪一列是什么",
    )


def _first_texts(sheet: Sheet) -> list[str]:
    first = next((cells for _, cells in sheet.numbered_rows() if any(cell is not None for cell in cells)), [])
    return [cell_text(cell).strip()[:15] for cell in first if cell is not None][:12]
