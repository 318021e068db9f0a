"""Tickets as files bring them: lines and rows read into facts, or refused with every problem. Pure."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from eduops.contract.fact import TicketFact
from eduops.contract.field_reader import Record
from eduops.contract.ticket_fact import parse_ticket
from eduops.contract.ticket_row import COLUMNS, HEADERS, build_record
from eduops.core.errors import InputError, Problem
from eduops.desk.rules.step import list_instants
from eduops.desk.rules.ticket_object import HEADS
from eduops.sheet.header import Header, find_header
from eduops.sheet.workbook import Sheet, Workbook

LONGEST_REF = 64
EXAMPLES = "示例"
"""A sheet with this in its name is never read, nor is a ticket whose reference begins with it: the template's."""
# What neither a database nor a document can hold: control characters, halves of a character.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TEXTS = ("ref", "title", "department", "channel", "reporter", "remote_agreed_by", "planned_approved_by")


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket and where in its file it stands, such as "第 12 行"."""

    fact: TicketFact
    address: str


@dataclass(frozen=True, slots=True)
class TicketFile:
    """What a file holds: tickets in their order, examples left alone, sheets that are no lists of tickets."""

    rows: tuple[TicketRow, ...]
    examples: int = 0
    skipped_sheets: tuple[str, ...] = ()
    say: Callable[[str], str] = str
    """How its fields are named: by the heads of columns in a table."""


def name_column(field: str) -> str:
    """A field by the Chinese head of its column; what lies inside a list keeps its key: `等待甲方[1].from`."""
    whole, bracket, inner = field.replace("plan.", "plan_", 1).partition("[")
    return HEADS.get(whole, "方案" if whole == "plan" else whole) + bracket + inner


def parse_rows(
    records: Iterable[tuple[str, Record | str]],
    zone: ZoneInfo,
    *,
    file: str,
    say: Callable[[str], str] = str,
) -> TicketFile:
    """The tickets in (address, object) pairs; a text in the place of an object says what is wrong with it.

    Raises InputError with every bad row, a reference that stands twice included.
    """
    rows: list[TicketRow] = []
    problems: list[Problem] = []
    first: dict[str, str] = {}
    examples = 0
    for address, record in records:
        if isinstance(record, str):
            problems.append(Problem(file, address, record))
            continue
        if str(record.get("ref", "")).strip().startswith(EXAMPLES):
            examples += 1
            continue
        try:
            fact = parse_ticket(record, zone, file=file, address=address, say=say)
        except InputError as error:
            problems += error.problems
            continue
        except (OverflowError, ValueError):
            # A time at the calendar's end has no local time to be named by.
            problems.append(Problem(file, address, "有时间超出可用的年份"))
            continue
        problems += (Problem(file, address, said) for said in _list_unfit(fact, zone, say))
        if fact.ref in first:
            problems.append(Problem(file, address, f"工单号 {fact.ref} 与{first[fact.ref]}重复"))
        first.setdefault(fact.ref, address)
        rows.append(TicketRow(fact, address))
    if problems:
        raise refused(file, problems)
    return TicketFile(tuple(rows), examples, say=say)


def refused(file: str, problems: Sequence[Problem]) -> InputError:
    """The one error for a file with bad rows."""
    bad = len({problem.address for problem in problems})
    return InputError(
        f"{file} 有 {bad} 行不能导入，整个文件没有写入任何一行",
        hint="按所列各行改正后重新导入；格式见 eduops ticket template 模板.xlsx",
        problems=problems,
    )


def _list_unfit(fact: TicketFact, zone: ZoneInfo, say: Callable[[str], str]) -> Iterator[str]:
    texts = {name: getattr(fact, name) for name in _TEXTS}
    for number, wait in enumerate(fact.exclusions, 1):
        texts |= {
            f"exclusions[{number}].reason": wait.reason,
            f"exclusions[{number}].agreed_by": wait.agreed_by,
        }
    for name, text in texts.items():
        if _UNFIT.search(text):
            yield f"{say(name)}：含有不可见的控制字符"
    if len(fact.ref) > LONGEST_REF:
        yield f"{say('ref')}：超过 {LONGEST_REF} 个字"
    if any(at and not _has_local_time(at, zone) for at in list_instants(fact)):
        yield "有时间超出可用的年份"


def _has_local_time(at: datetime, zone: ZoneInfo) -> bool:
    if 1 < at.year < 9999:
        return True
    try:
        return bool(at.astimezone(zone))
    except OverflowError:
        return False


def read_lines(lines: Iterable[bytes]) -> Iterator[tuple[str, Record | str]]:
    """(address, object) of every line of a .jsonl file that is not empty."""
    for number, line in enumerate(lines, 1):
        data = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if data.strip():
            yield f"第 {number} 行", _read_line(data)


def _read_line(data: bytes) -> Record | str:
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        return "不是 UTF-8 编码的文本"
    except _DoubleKey as error:
        return f"{error}：这个字段写了两次"
    except (ValueError, RecursionError):
        return "不是一个完整的 JSON 对象"
    return value if isinstance(value, dict) else "应是一个 JSON 对象"


class _DoubleKey(ValueError):
    """A key that stands twice in an object: one of its values would be lost without a word."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _DoubleKey(next(name for name in names if names.count(name) > 1))
    return made


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def read_workbook_rows(workbook: Workbook) -> tuple[list[tuple[str, Record | str]], tuple[str, ...]]:
    """(address, object) of every row below a header that names tickets, and the sheets without one.

    Raises InputError where no sheet has such a header, or one has columns that nobody knows.
    """
    headers = {sheet.name: _find_header(sheet) for sheet in workbook.sheets if EXAMPLES not in sheet.name}
    found = [(sheet, headers.get(sheet.name)) for sheet in workbook.sheets]
    read = [(sheet, header) for sheet, header in found if header is not None]
    if not read:
        raise InputError(
            f"{workbook.path} 里找不到工单表：没有同时含工单号和报修时间两列的表头",
            hint="检查表头行；模板：eduops ticket template 模板.xlsx",
        )
    problems = [
        problem for sheet, header in read for problem in _list_header_problems(workbook, sheet, header)
    ]
    if problems:
        raise refused(str(workbook.path), problems)
    rows: list[tuple[str, Record | str]] = []
    for sheet, header in read:
        prefix = f"{sheet.name}!" if len(read) > 1 else ""
        rows += _read_sheet(sheet, header, prefix)
    skipped = tuple(sheet.name for sheet, header in found if header is None and EXAMPLES not in sheet.name)
    return rows, skipped


def _find_header(sheet: Sheet) -> Header | None:
    vocabulary = {
        name: [name, *(head for head, known in HEADERS.items() if known == name)] for name in COLUMNS
    }
    return find_header(sheet, vocabulary, required=("ref", "reported_at"))


def _list_header_problems(workbook: Workbook, sheet: Sheet, header: Header) -> Iterator[Problem]:
    address = f"{sheet.name}!第 {header.row} 行"
    for _, text in header.unknown:
        if not any(
            text == sheet.cell(header.row, column) for each in header.ambiguous for column in each.columns
        ):
            yield Problem(str(workbook.path), address, f"不认识「{text}」这一列")
    for each in header.ambiguous:
        yield Problem(str(workbook.path), address, f"「{HEADS.get(each.field, each.field)}」有不止一列")


def _read_sheet(sheet: Sheet, header: Header, prefix: str) -> Iterator[tuple[str, Record | str]]:
    columns = tuple(header.columns.items())
    for number, cells in sheet.numbered_rows(header.row + 1):
        width = len(cells)
        row = {name: cells[column] for name, column in columns if column < width}
        if any(value not in (None, "") for value in row.values()):
            yield f"{prefix}第 {number} 行", build_record(row)
