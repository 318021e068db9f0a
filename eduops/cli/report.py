"""`eduops report`: the Word documents that managers sign."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import parse_as_of
from eduops.cli.noun import Noun
from eduops.core.errors import UsageError
from eduops.delivery import queries
from eduops.workflow.document import build_quarterly

app = Noun("文档：生成 Word 文档。")

KINDS = {"quarterly": "运维工作季度报告"}
_ALL_KINDS = KINDS | {"drill_certificate": "恢复演练证明"}
"""With what other nouns make."""


@app.verb("build", example="eduops report build quarterly --period 2026Q3")
def build(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="文档种类：quarterly（运维工作季度报告）。")],
    period: Annotated[str, typer.Option(help="季度，如 2026Q3；合同自计季度时如 Y1Q4。")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="数据截至哪个时刻；只写日期指当天结束。不写就是现在。")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="写到哪个 .docx；不写就放进数据目录的 reports/。")
    ] = None,
    as_json: out.JsonOption = False,
) -> None:
    """按台账和各处记录生成一份 Word 文档，登记版本和校验值。"""
    if kind not in KINDS:
        raise UsageError(f"没有文档种类「{kind}」", hint=f"可选：{'、'.join(KINDS)}")
    contract = door.contract(ctx)
    with door.work(ctx) as work:
        cut_off_at = parse_as_of(as_of, now=work.now, zone=contract.zone_info, option="--as-of")
        made = build_quarterly(
            work.session,
            contract,
            work.home,
            period=period,
            cut_off_at=cut_off_at,
            target=target,
            now=work.now,
            actor=work.actor,
        )
        work.changed(made.document.ref, kind=kind, period=period, sha256=made.document.sha256)
    said = f"{made.document.ref} {KINDS[kind]} {period} {made.document.version} 已写到 {made.path}"
    out.done(said, {**made.document.model_dump(exclude={"id"}), "path": made.path}, as_json=as_json)


@app.verb("list", example="eduops report list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出生成过的文档、版本和校验值。"""
    with door.look(ctx) as look:
        rows = [
            {**document.model_dump(exclude={"id"}), "kind_text": _ALL_KINDS.get(document.kind, document.kind)}
            for document in queries.list_documents(look.session)
        ]
    columns = (
        out.Column("ref", "编号"),
        out.Column("kind_text", "种类"),
        out.Column("period", "期间"),
        out.Column("version", "版本"),
        out.Column("cut_off_at", "数据截至", spare=True),
        out.Column("made_at", "生成"),
        out.Column("file_name", "文件"),
    )
    out.rows(
        rows, columns, as_json=as_json, title="文档", empty="还没有文档。生成：eduops report build quarterly"
    )
