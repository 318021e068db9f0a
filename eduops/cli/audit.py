"""`eduops audit`: who changed what, whether the log is whole, and what each run of a command came to.

No command takes an entry away: the audit log is kept for as long as the database.
"""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from eduops.cli import door, out
from eduops.cli.change_text import render_change, render_subject
from eduops.cli.instant import FromOption, ToOption, parse_days
from eduops.cli.noun import Noun
from eduops.cli.row import plain_row
from eduops.core import log_reading
from eduops.core.errors import EduopsError, UsageError
from eduops.core.files import OWNERS_ONLY, whole_file
from eduops.sheet import export as sheet
from eduops.store import audit, audit_head
from eduops.store.audit_head import AuditHead
from eduops.store.models import AuditEntry

app = Noun("操作日志：谁在何时改了什么，命令运行的结果；只增不减，至少保留 180 天。")

ActorOption = Annotated[str | None, typer.Option(help="只看这个操作人。")]
CommandOption = Annotated[
    str | None,
    typer.Option("--command", help="只看这条命令，如 'ticket open'；只写 ticket 就是它的全部动作。"),
]
SubjectOption = Annotated[str | None, typer.Option(help="只看这个对象，如 INC-2026-0001。")]
_LEVELS = {"error": "出错", "info": "运行"}
_FORMATS = (".csv", ".xlsx", ".jsonl")


@app.verb("list", example="eduops audit list --command ticket --from 2026-07-01")
def list_(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    actor: ActorOption = None,
    command: CommandOption = None,
    subject: SubjectOption = None,
    limit: Annotated[int, typer.Option(help="最多列出多少条，最新的在前。", min=1, max=out.MOST_ROWS)] = 50,
    as_json: out.JsonOption = False,
) -> None:
    """列出操作日志，最新的在前。"""
    wanted = _wanted(ctx, from_, to, actor, command, subject)
    with door.look(ctx) as look:
        entries = audit.list_entries(look.session, limit=limit, wanted=wanted)
        total = audit.count_entries(look.session, wanted)
    rows = [plain_row(entry, but=()) for entry in entries]
    columns = (
        out.Column("id", "序号", right=True),
        out.Column("at", "时刻"),
        out.Column("actor", "谁"),
        out.Column("command", "命令"),
        out.Column("subject", "对象"),
        out.Column("change", "改动"),
    )
    if not as_json:
        rows = [{**row, **_spoken(entry)} for row, entry in zip(rows, entries, strict=True)]
    empty = "日志是空的。" if wanted == audit.Wanted() else "没有这样的记录。"
    out.rows(rows, columns, as_json=as_json, title="操作日志", empty=empty, total=total)


@app.verb("verify", example="eduops audit verify")
def verify(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """核对操作日志有没有被改动或截短，并在数据库外留下校验值；有问题则退出码为 1。"""
    path = door.state(ctx).home.path / audit_head.FILE
    with door.look(ctx) as look:
        verified = audit.verify_against(look.session, audit_head.load_heads(path))
    if verified.broken is None:
        try:
            audit_head.append_head(path, AuditHead(look.now, verified.count, verified.hash))
        except EduopsError as error:
            out.warn(f"校验值没有留在数据库外：{error.message}")
    item = {
        "count": verified.count,
        "hash": verified.hash if verified.broken is None else None,
        "broken": verified.broken and verified.broken.number,
        "reason": verified.broken and verified.broken.reason,
    }
    out.done(render_verified(verified), item, as_json=as_json)
    if verified.broken:
        raise typer.Exit(1)


@app.verb("export", example="eduops audit export 操作日志.xlsx --from 2026-07-01 --to 2026-09-30")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="写到哪个文件（.csv、.xlsx 或 .jsonl）。", metavar="文件")],
    from_: FromOption = None,
    to: ToOption = None,
    actor: ActorOption = None,
    command: CommandOption = None,
    subject: SubjectOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """把操作日志导出为 CSV、Excel 或 JSONL，附全部条数和末条校验值；日志与校验值不符时不导出。"""
    if file.suffix.lower() not in _FORMATS:
        raise UsageError(f"不认识 {file.name} 的格式", hint="文件名以 .csv、.xlsx 或 .jsonl 结尾")
    wanted = _wanted(ctx, from_, to, actor, command, subject)
    heads = audit_head.load_heads(door.state(ctx).home.path / audit_head.FILE)
    with door.look(ctx) as look:
        verified = audit.verify_against(look.session, heads)
        if verified.broken:
            out.warn(render_verified(verified))
            raise typer.Exit(1)
        written = _write(file, look.session, wanted, verified)
    item = {"file": file, "written": written, "count": verified.count, "hash": verified.hash}
    said = f"已导出 {written} 条到 {file}；日志共 {verified.count} 条，末条校验值 {verified.hash}"
    out.done(said, item, as_json=as_json)


@app.verb("log", example="eduops audit log --level error --json")
def log(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    level: Annotated[str | None, typer.Option(help="只看 error 出错，或 info 运行。")] = None,
    limit: Annotated[int, typer.Option(help="最多列出多少行，最新的在前。", min=1, max=out.MOST_ROWS)] = 50,
    as_json: out.JsonOption = False,
) -> None:
    """列出运行日志（数据目录的 logs）：每次运行的命令、退出码、用时和错误；参数的内容不记。"""
    if level is not None and level not in _LEVELS:
        raise UsageError(f"--level 的值「{level}」不在可选范围", hint="可选：error（出错）、info（运行）")
    home = door.state(ctx).home
    home.require()
    zone = door.contract(ctx).zone_info
    out.use_zone(lambda: zone)
    from_at, to_at = parse_days(from_, to, zone=zone)
    entries = log_reading.list_entries(
        home.folder("logs"), limit=limit, from_at=from_at, to_at=to_at, level=level
    )
    columns = (
        out.Column("at", "时刻"),
        out.Column("level_text", "类别"),
        out.Column("actor", "谁"),
        out.Column("command", "命令"),
        out.Column("exit_code", "退出码", right=True),
        out.Column("milliseconds", "毫秒", right=True),
        out.Column("message", "错误", spare=True),
    )
    rows = [{**entry, "level_text": _LEVELS.get(str(entry.get("level")), "")} for entry in entries]
    out.rows(rows, columns, as_json=as_json, title="运行日志", empty="没有这样的记录。")


def render_verified(verified: audit.Verified) -> str:
    """Whether the log is whole, in one sentence."""
    broken, unfit = verified.broken, verified.unfit
    if broken is None:
        return f"操作日志完好：{verified.count} 条，末条校验值 {verified.hash}"
    if broken.reason == "head" and unfit:
        return (
            f"操作日志与留在数据库外的校验值不符：{out.text(unfit.at)} 时有 {unfit.count} 条，"
            f"现在 {verified.count} 条，第 {unfit.count} 条不是当时的那一条；保留现场，从备份核对"
        )
    return f"操作日志第 {broken.number} 条与校验值不符"


def _wanted(
    ctx: typer.Context,
    from_: str | None,
    to: str | None,
    actor: str | None,
    command: str | None,
    subject: str | None,
) -> audit.Wanted:
    from_at, to_at = parse_days(from_, to, zone=door.contract(ctx).zone_info) if from_ or to else (None, None)
    return audit.Wanted(from_at, to_at, actor, command, subject)


def _spoken(entry: AuditEntry) -> dict[str, object]:
    return {"subject": render_subject(entry.subject), "change": render_change(entry.change)}


def _write(file: Path, session: Session, wanted: audit.Wanted, verified: audit.Verified) -> int:
    """Writes what is asked for and, last, how many entries the log has and its last hash; how many were written."""
    counted = count()
    entries = _counted(audit.stream_entries(session, wanted), counted)
    head = f"日志共 {verified.count} 条，末条校验值 {verified.hash}"
    if file.suffix.lower() == ".jsonl":
        _write_lines(file, entries, verified)
    else:
        names = ("序号", "时刻（UTC）", "谁", "命令", "对象", "改动", "前一条校验值", "校验值")
        table = sheet.Table(
            "操作日志", "操作日志", head, [sheet.Column(name) for name in names], _cells(entries, head)
        )
        if file.suffix.lower() == ".csv":
            sheet.write_csv(file, table, mode=OWNERS_ONLY)
        else:
            sheet.write_table(file, [table], mode=OWNERS_ONLY)
    return next(counted)


def _counted(entries: Iterator[AuditEntry], counted: "count[int]") -> Iterator[AuditEntry]:
    for entry in entries:
        next(counted)
        yield entry


def _cells(entries: Iterator[AuditEntry], head: str) -> Iterator[tuple[sheet.Value, ...]]:
    for entry in entries:
        written = audit.payload(entry)
        change = json.dumps(entry.change, ensure_ascii=False, sort_keys=True)
        yield (
            str(entry.id), str(written["at"]), entry.actor, entry.command, entry.subject, change,
            entry.previous_hash, entry.hash,
        )  # fmt: skip
    yield ("", "", "", "", "", head, "", "")


def _write_lines(file: Path, entries: Iterator[AuditEntry], verified: audit.Verified) -> None:
    with whole_file(file, mode=OWNERS_ONLY) as part, part.open("w", encoding="utf-8") as stream:
        for entry in entries:
            hashes = {"previous_hash": entry.previous_hash, "hash": entry.hash}
            stream.write(_line({**audit.payload(entry), **hashes}))
        stream.write(_line({"head": {"count": verified.count, "hash": verified.hash}}))


def _line(item: dict[str, Any]) -> str:  # Any: JSON values
    return json.dumps(item, ensure_ascii=False, sort_keys=True) + "\n"
