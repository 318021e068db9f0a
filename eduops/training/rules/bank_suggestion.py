"""A mapping proposed for a workbook whose headings nobody knows: from the names it has, else from what stands below."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from eduops.core.errors import InputError
from eduops.sheet.header import find_header, normalise_header
from eduops.sheet.workbook import Sheet, Workbook, cell_text, column_letters
from eduops.training.rules.bank_key import read_letters
from eduops.training.rules.bank_mapping import Mapping
from eduops.training.rules.bank_word import COLUMNS, parse_type_word, parse_verdict

_SAMPLE = 200
_MOST = 0.8
_SOME = 0.2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A mapping to look over, and the columns (letters, heading) for which nothing was found."""

    mapping: Mapping
    headings: dict[str, str]
    """Letters -> heading of the columns that the mapping names."""
    left: tuple[tuple[str, str], ...]


def suggest_mapping(workbook: Workbook, *, sheet_name: str | None = None) -> Suggestion:
    """A proposal for the named sheet, or the one with most rows. Raises InputError where nothing looks like questions."""
    candidates = [
        sheet for sheet in workbook.sheets if sheet_name in (None, sheet.name) and len(sheet.rows) > 1
    ]
    if not candidates:
        raise InputError(f"{workbook.path} 里没有可看的工作表", hint="给出有表头和题目的工作表")
    sheet = max(candidates, key=lambda one: len(one.rows))
    header = find_header(sheet, COLUMNS, required=())
    row = header.row if header is not None and header.score > 1 else _first_full_row(sheet)
    headings = {column: cell_text(cell).strip() for column, cell in enumerate(sheet.row(row))}
    columns = dict(header.columns) if header is not None and header.row == row else {}
    _add_by_content(columns, sheet, row)
    if "stem" not in columns or not {"key", "option_right"} & columns.keys():
        raise InputError(
            f"{workbook.path} 的工作表「{sheet.name}」里看不出哪一列是题干、哪一列是答案",
            hint='这多半不是题库；若是，自己写一份对应关系（YAML），如 columns: {stem: B, key: F, "option[0]": C}',
        )
    used = set(columns.values())
    return Suggestion(
        Mapping(
            # A single sheet needs no name: next month's file will call it otherwise.
            sheet=sheet.name if len(workbook.sheets) > 1 else None,
            header_row=row,
            columns={name: _name_column(column, headings) for name, column in columns.items()},
        ),
        {column_letters(column): headings.get(column, "") for column in used},
        tuple(
            (column_letters(column), text) for column, text in headings.items() if text and column not in used
        ),
    )


def _name_column(column: int, headings: dict[int, str]) -> str:
    """The column's letters; its heading where another column is headed by those letters, as options often are."""
    letters = column_letters(column)
    others = {normalise_header(text) for at, text in headings.items() if at != column}
    return headings.get(column) or letters if normalise_header(letters) in others else letters


def _first_full_row(sheet: Sheet) -> int:
    """The first row with as many cells as the fullest of the sample has, less the few that are often empty."""
    filled = [(number, sum(cell is not None for cell in cells)) for number, cells in sheet.numbered_rows()][
        :_SAMPLE
    ]
    most = max(count for _, count in filled)
    return next(number for number, count in filled if count * 2 > most)


def _add_by_content(columns: dict[str, int], sheet: Sheet, header_row: int) -> None:
    """Names the columns that only their content can tell: type, key, stem, then the options between or after."""
    samples = _samples(sheet, header_row)
    free = [column for column in samples if column not in columns.values()]
    for name, is_one in (("type", _is_type), ("key", _is_key)):
        if name not in columns:
            found = next((column for column in free if _share(samples[column], is_one) >= _MOST), None)
            if found is not None:
                columns[name] = found
                free.remove(found)
    if "stem" not in columns and free:
        columns["stem"] = max(free, key=lambda column: mean(map(len, samples[column])))
        free.remove(columns["stem"])
    if not any(name.startswith("option") for name in columns):
        _add_options(columns, [column for column in free if column > columns.get("stem", -1)])


def _add_options(columns: dict[str, int], free: Sequence[int]) -> None:
    """The first run of neighbouring columns, two at least."""
    run: list[int] = []
    for column in free:
        if run and column != run[-1] + 1:
            break
        run.append(column)
    if len(run) > 1:
        columns.update({f"option[{index}]": column for index, column in enumerate(run)})


def _samples(sheet: Sheet, header_row: int) -> dict[int, list[str]]:
    """The texts below the header of each column that is filled often enough."""
    rows = [cells for _, cells in sheet.numbered_rows(header_row + 1)][:_SAMPLE]
    samples = {
        column: [text for cells in rows if column < len(cells) and (text := cell_text(cells[column]).strip())]
        for column in range(sheet.width)
    }
    return {column: texts for column, texts in samples.items() if texts and len(texts) >= _SOME * len(rows)}


def _share(texts: Sequence[str], is_one: Callable[[str], bool]) -> float:
    return sum(map(is_one, texts)) / len(texts)


def _is_type(text: str) -> bool:
    return parse_type_word(text) is not None and len(text) > 1


def _is_key(text: str) -> bool:
    return len(text) <= 12 and (bool(read_letters(text, ()).key) or parse_verdict(text) is not None)
