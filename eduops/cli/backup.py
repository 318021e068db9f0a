"""`eduops backup`: backups that are read back, and drills that restore them."""

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from eduops.backup import queries
from eduops.backup.models import Backup
from eduops.cli import door, out
from eduops.cli.instant import FromOption, ToOption, parse_days
from eduops.cli.noun import Noun
from eduops.core.errors import UsageError
from eduops.workflow.backup_run import back_up, drill_backup

app = Noun("备份：备份、校验、恢复演练。")

KINDS = {"backup": "备份", "drill": "恢复演练"}
STATES = {"started": "未完成", "verified": "已校验", "failed": "失败"}


@app.verb("run", example="eduops backup run")
def run(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """备份数据库：边用边备也一致，备完逐表读回核对。"""
    backup = back_up(partial(door.unit, ctx), door.state(ctx).home)
    rows = sum(table["rows"] for table in backup.tables.values())
    target = door.state(ctx).home.folder("backups") / backup.path
    said = f"{backup.ref} 已备份并校验：{len(backup.tables)} 张表 {rows} 行，{target}"
    out.done(said, _row(backup), as_json=as_json)


@app.verb("list", example="eduops backup list --kind drill --json")
def list_(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    kind: Annotated[str | None, typer.Option(help="只看 backup 备份，或 drill 恢复演练。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """列出备份和恢复演练，新的在前；一份备份以最近一次演练的结果为准。"""
    if kind and kind not in KINDS:
        raise UsageError(f"--kind 的值「{kind}」不在可选范围", hint="可选：backup（备份）、drill（恢复演练）")
    from_at, to_at = parse_days(from_, to, zone=door.contract(ctx).zone_info)
    with door.look(ctx) as look:
        runs = queries.list_runs(look.session, from_at=from_at, to_at=to_at)
    rows = [
        {
            **asdict(run),
            "kind_text": KINDS[run.kind],
            "good_text": "成功" if run.is_good else "失败",
            "age_hours": round((look.now - run.at).total_seconds() / 3600, 1),
        }
        for run in runs
        if kind in (None, run.kind)
    ]
    columns = (
        out.Column("ref", "编号"),
        out.Column("kind_text", "类别"),
        out.Column("source", "来源", spare=True),
        out.Column("at", "时刻"),
        out.Column("age_hours", "距今（小时）", right=True),
        out.Column("good_text", "结果"),
        out.Column("result", "说明"),
    )
    out.rows(rows, columns, as_json=as_json, title="备份与演练", empty="没有备份。运行：eduops backup run")


@app.verb("drill", example="eduops backup drill")
def drill(
    ctx: typer.Context,
    ref: Annotated[str | None, typer.Argument(help="备份编号；不写就是最新的可用备份。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """恢复演练：把备份恢复到临时文件，逐表比对行数和内容；不一致则退出码为 1。"""
    made, backup = drill_backup(partial(door.unit, ctx), door.state(ctx).home, ref)
    counted = f"{made.tables_compared} 张表 {made.rows_compared} 行，恢复用时 {made.restore_milliseconds / 1000:.2f} 秒"
    verdict = "全部一致" if made.passed else "不一致：" + "；".join(made.differences)
    said = f"{made.ref} 恢复演练（{backup.ref}）：{counted}，{verdict}"
    out.done(said, {**made.model_dump(exclude={"id", "backup_id"}), "backup": backup.ref}, as_json=as_json)
    if not made.passed:
        raise typer.Exit(1)


def _row(backup: Backup) -> dict[str, object]:
    return {**backup.model_dump(exclude={"id"}), "state_text": STATES.get(backup.state, backup.state)}
