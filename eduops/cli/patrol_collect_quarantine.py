"""`eduops patrol quarantine`: documents that were refused."""

import sys
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.cli.patrol_collect_option import spool_of
from eduops.patrol import spool_quarantine
from eduops.patrol.spool_quarantine import Damaged, Refused

verbs = Noun("隔离：被拒绝的巡检文档和原因。")

NumberArgument = Annotated[str, typer.Argument(help="隔离编号。", metavar="编号")]
_HEADS = {
    "number": "编号",
    "host": "主机",
    "source": "来源",
    "refused_at": "隔离时间",
    "size_bytes": "字节",
    "reason": "原因",
    "hint": "怎么办",
}
_COLUMNS = tuple(
    out.Column(key, _HEADS[key], right=key == "size_bytes", spare=key in ("source", "size_bytes"))
    for key in ("number", "host", "source", "refused_at", "size_bytes", "reason")
)


@verbs.verb("list", example="eduops patrol quarantine list")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出被隔离的巡检文档；损坏的记录也列出，写明文件和原因。"""
    with door.look(ctx):
        whole, damaged = spool_quarantine.list_refused(spool_of(ctx))
    rows = [*map(_row, whole), *map(_damaged_row, damaged)]
    out.rows(rows, _COLUMNS, as_json=as_json, title="隔离的文档", empty="没有被隔离的文档")


@verbs.verb("show", example="eduops patrol quarantine show 0123456789ab")
def show(
    ctx: typer.Context,
    number: NumberArgument,
    document: Annotated[bool, typer.Option("--document", help="只输出文档原文。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """查看一份被隔离的文档为什么被拒绝。"""
    with door.look(ctx):
        refused, content = spool_quarantine.get_refused(spool_of(ctx), number)
    if document and not sys.stdout.isatty():
        sys.stdout.buffer.write(content)
    elif document:
        # On a terminal nothing of it may be obeyed.
        out.say(content.decode("utf-8", "replace"))
    else:
        out.fields(_row(refused), _HEADS, as_json=as_json)


@verbs.verb("drop", example="eduops patrol quarantine drop 0123456789ab --yes")
def drop(
    ctx: typer.Context,
    number: NumberArgument,
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """删除一份被隔离的文档。"""
    spool = spool_of(ctx)
    refused = spool_quarantine.find_refused(spool, number)
    row = _row(refused) if isinstance(refused, Refused) else _damaged_row(refused)
    whose = f"（主机 {refused.host}）" if isinstance(refused, Refused) else "（记录已损坏）"
    out.confirm(f"删除被隔离的文档 {number}{whose}", yes=yes or dry_run)
    with door.work(ctx, dry_run=dry_run) as work:
        work.changed(str(row["host"] or number), action="drop", document=number, reason=row["reason"])
    if not dry_run:
        spool_quarantine.drop(spool, number)
    out.done(f"已删除被隔离的文档 {number}" + out.preview(dry_run), row, as_json=as_json)


def _row(refused: Refused) -> dict[str, object]:
    return {key: getattr(refused, key) for key in _HEADS}


def _damaged_row(damaged: Damaged) -> dict[str, object]:
    hint = f"运行 eduops patrol quarantine drop {damaged.number} 删去它" if damaged.number else "移走它"
    said = {"number": damaged.number or None, "reason": damaged.sentence, "hint": hint}
    return {**dict.fromkeys(_HEADS), **said}
