"""`eduops audit`: who changed what, and whether the log is whole."""

from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.change_text import render_change, render_subject
from eduops.cli.noun import Noun
from eduops.cli.row import plain_row
from eduops.store import audit
from eduops.store.models import AuditEntry

app = Noun("操作日志：谁在何时改了什么。")


@app.verb("list", example="eduops audit list --limit 20")
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(help="最多列出多少条，最新的在前。", min=1, max=out.MOST_ROWS)] = 50,
    as_json: out.JsonOption = False,
) -> None:
    """列出操作日志，最新的在前。"""
    with door.look(ctx) as look:
        entries = audit.list_entries(look.session, limit=limit)
    # Entries are numbered without a gap, so the newest one's number is how many there are.
    total = entries[0].id if entries else 0
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
    out.rows(rows, columns, as_json=as_json, title="操作日志", empty="日志是空的。", total=total)


@app.verb("verify", example="eduops audit verify")
def verify(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """核对操作日志有没有被改动；有则退出码为 1。"""
    with door.look(ctx) as look:
        count, broken = audit.verify(look.session)
    said = f"操作日志完好：{count} 条" if broken is None else f"操作日志第 {broken.number} 条与校验值不符"
    out.done(said, {"count": count, "broken": broken and broken.number}, as_json=as_json)
    if broken:
        raise typer.Exit(1)


def _spoken(entry: AuditEntry) -> dict[str, object]:
    return {"subject": render_subject(entry.subject), "change": render_change(entry.change)}
