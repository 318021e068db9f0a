"""Tickets from files and into files: all of a file or nothing, and the same file again changes nothing."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlmodel import Session

from eduops.contract.fact import Plan, TicketFact
from eduops.contract.ticket_fact import PLAN_FIELDS
from eduops.contract.ticket_row import COLUMNS
from eduops.core.errors import InputError, Problem, UsageError
from eduops.core.files import whole_file
from eduops.desk import queries
from eduops.desk.models.ticket import Ticket, TicketEvent, TicketExclusion, TicketReopening
from eduops.desk.rules import exchange, ticket_object
from eduops.desk.rules.exchange import TicketFile, TicketRow
from eduops.desk.service.ticket_save import FACT_FIELDS
from eduops.sheet.export import Column, Table, write_csv, write_table
from eduops.sheet.read import read_workbook
from eduops.store import counter

SUFFIXES = (".jsonl", ".csv", ".xlsx")
_AT_ONCE = 2_000
_OWN_REF = re.compile(r"(INC|REQ|CON)-(\d{4})-(\d{4,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many tickets of a file were new, and how many stood here exactly so already."""

    rows: int
    added: int
    unchanged: int


def load_tickets(path: Path, zone: ZoneInfo) -> TicketFile:
    """The tickets in a .jsonl file or a table of any kind.

    Raises InputError with every bad row, or where the file holds no ticket.
    """
    found = _load_lines(path, zone) if path.suffix.lower() == ".jsonl" else _load_table(path, zone)
    if not found.rows:
        examples = f"（{found.examples} 行示例不算）" if found.examples else ""
        raise InputError(
            f"{path} 里没有一张工单{examples}", hint="填好再导入；格式见 eduops ticket template 模板.xlsx"
        )
    return found


def _load_lines(path: Path, zone: ZoneInfo) -> TicketFile:
    try:
        with path.open("rb") as stream:
            return exchange.parse_rows(exchange.read_lines(stream), zone, file=str(path))
    except OSError as error:
        raise InputError(f"不能读取 {path}：{error.strerror or error}", hint="检查文件名和权限") from error


def _load_table(path: Path, zone: ZoneInfo) -> TicketFile:
    rows, skipped = exchange.read_workbook_rows(read_workbook(path))
    found = exchange.parse_rows(rows, zone, file=str(path), say=exchange.name_column)
    return replace(found, skipped_sheets=skipped)


def import_tickets(
    session: Session,
    tickets: TicketFile,
    *,
    file: str,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
    is_invented: bool = False,
    progress: Callable[[int], object] = lambda _count: None,
) -> ImportResult:
    """Writes the tickets that are not known yet. Raises InputError where a known one is told otherwise."""
    # Holds the counter, so that a second import waits here and then sees what the first one wrote.
    counter.allocate(session, "ticket", 0)
    known = queries.load_facts_of(session, [row.fact.ref for row in tickets.rows])
    problems = [
        Problem(file, row.address, f"工单号 {row.fact.ref} 已登记而内容不同：{'；'.join(differences)}")
        for row in tickets.rows
        if row.fact.ref in known and known[row.fact.ref] != row.fact
        for differences in [ticket_object.list_differences(known[row.fact.ref], row.fact, zone, tickets.say)]
    ]
    if problems:
        raise exchange.refused(file, problems)
    fresh = [row for row in tickets.rows if row.fact.ref not in known]
    _pass_references(session, fresh)
    _insert(session, fresh, file=file, now=now, actor=actor, is_invented=is_invented, progress=progress)
    return ImportResult(len(tickets.rows), len(fresh), len(known))


def _pass_references(session: Session, rows: Sequence[TicketRow]) -> None:
    """Moves the counters behind imported references of our own form, so that none is given out again."""
    highest: dict[str, int] = {}
    for row in rows:
        match = _OWN_REF.fullmatch(row.fact.ref)
        if match:
            name = f"{match[1]}-{match[2]}"
            highest[name] = max(highest.get(name, 0), int(match[3]))
    for name, number in sorted(highest.items()):
        following = counter.allocate(session, name, 0).start
        counter.allocate(session, name, max(0, number - following + 1))


def _insert(
    session: Session,
    rows: Sequence[TicketRow],
    *,
    file: str,
    now: datetime,
    actor: str,
    is_invented: bool,
    progress: Callable[[int], object],
) -> None:
    numbered = zip(counter.allocate(session, "ticket", len(rows)), rows, strict=True)
    story = {"file": Path(file).name}
    while part := list(islice(numbered, _AT_ONCE)):
        facts = [(number, row.fact) for number, row in part]
        tickets = [{**_columns(fact), "id": number, "is_invented": is_invented} for number, fact in facts]
        session.execute(insert(Ticket), tickets)
        _insert_some(session, TicketExclusion, [
            {"ticket_id": number, "from_at": each.from_at, "to_at": each.to_at, "reason": each.reason,
             "agreed_by": each.agreed_by}
            for number, fact in facts for each in fact.exclusions
        ])  # fmt: skip
        _insert_some(session, TicketReopening, [
            {"ticket_id": number, "reopened_at": each.reopened_at, "resolved_at": each.resolved_at}
            for number, fact in facts for each in fact.reopened
        ])  # fmt: skip
        _insert_some(session, TicketEvent, [
            {"ticket_id": number, "step": "import", "happened_at": fact.reported_at, "recorded_at": now,
             "actor": actor, "values": story}
            for number, fact in facts
        ])  # fmt: skip
        progress(len(part))


def _insert_some(session: Session, table: type, rows: list[dict[str, object]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _columns(fact: TicketFact) -> dict[str, object]:
    plan = fact.plan or Plan()
    columns: dict[str, object] = {name: getattr(fact, name) for name in FACT_FIELDS}
    columns["ref"] = fact.ref
    for name in PLAN_FIELDS:
        columns[f"plan_{name}"] = getattr(plan, name)
    return columns


def export_tickets(facts: Sequence[TicketFact], path: Path, zone: ZoneInfo) -> None:
    """Writes tickets as .jsonl, .csv or .xlsx, by the suffix; importing the file gives the same facts.

    Raises UsageError for another suffix, InputError where the path cannot be written.
    """
    suffix = check_suffix(path)
    if suffix == ".jsonl":
        with whole_file(path) as part, part.open("w", encoding="utf-8") as stream:
            for fact in facts:
                stream.write(json.dumps(ticket_object.build_object(fact, zone), ensure_ascii=False) + "\n")
        return
    table = build_table("工单", "", (ticket_object.build_row(fact, zone) for fact in facts))
    if suffix == ".csv":
        write_csv(path, table)
    else:
        write_table(path, [table])


def write_template(path: Path, zone: ZoneInfo) -> None:
    """Writes a file to fill in: the heads, notes, and invented examples that an import leaves alone."""
    suffix = check_suffix(path)
    if suffix != ".xlsx":
        export_tickets(EXAMPLE_TICKETS, path, zone)
        return
    notes = [Column("列", 24), Column("怎样填", 80)]
    rows = [[ticket_object.HEADS[name], note] for name, note in NOTES.items()]
    examples = (ticket_object.build_row(fact, zone) for fact in EXAMPLE_TICKETS)
    write_table(
        path,
        [
            build_table("工单", "", iter(())),
            build_table(f"填写{exchange.EXAMPLES}（虚构）", "", examples),
            Table("填写说明", "工单导入模板", "填在「工单」这张表；示例表不会导入。", notes, rows),
        ],
    )


def check_suffix(path: Path) -> str:
    """The file's suffix. Raises UsageError where tickets are not written as such."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"不认识文件类型「{path.suffix}」", hint="文件名以 .jsonl、.csv 或 .xlsx 结尾")
    return suffix


def build_table(name: str, note: str, rows: Iterator[list[str | None]]) -> Table:
    """Rows of COLUMNS under their Chinese heads."""
    return Table(name, "", note, [Column(ticket_object.HEADS[column]) for column in COLUMNS], rows)


_DAY = "2026-03-05T{}:00+08:00"


def _example(ref: str, title: str, **minutes: str) -> TicketFact:
    instants = {name: datetime.fromisoformat(_DAY.format(said)) for name, said in minutes.items()}
    # Any of TicketFact's instants, by name.
    return TicketFact(ref, title=f"{title}（虚构）", department="教务科（虚构）", channel="phone", **instants)  # type: ignore[arg-type]


EXAMPLE_TICKETS = (
    replace(
        _example("示例-1", "考试页面打不开", reported_at="11:50", responded_at="12:05", resolved_at="12:40"),
        cause="software",
        reporter="张老师（虚构）",
    ),
    replace(
        _example("示例-2", "怎样导入题库", reported_at="14:10", responded_at="14:12", resolved_at="14:20"),
        kind="consult",
    ),
)
NOTES = {
    "ref": "必填，不能重复。",
    "kind": "incident 故障（不填就是）、request 服务请求、consult 咨询；写中文也可以。",
    "title": "一句话说明。",
    "impact": "system 系统停机、department 部门级业务影响、limited 有限影响（不填就是）。",
    "cause": "software 软件、hardware 硬件、network 网络、third_party 第三方、customer 甲方、unknown 未知（不填就是）。",
    "channel": "onsite 现场、phone 电话、online 在线、remote 远程。",
    "reported_at": "必填，如 2026-03-05 11:50，按合同时区；其余各时间写法相同，没有就空着。",
    "resolved_at": "第一次解决的时间；重开后的解决写在「重开」一列。",
    "planned": "是 或 否。",
    "plan_deadline": "书面方案约定的期限；只写日期指当天结束。",
    "exclusions": '等待甲方的各段，如 [{"from": "2026-03-05 12:00", "to": "2026-03-05 13:00", "reason": "等机房开门", '
    '"agreed_by": "张老师（虚构）"}]',
    "reopened": '各次重开，如 [{"reopened_at": "2026-03-06 09:00", "resolved_at": "2026-03-06 09:30"}]',
}
