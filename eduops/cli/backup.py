"""`eduops backup`: backups that are read back, and drills that restore them."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.backup import queries, service
from eduops.backup.models import Backup
from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.core import clock
from eduops.core.errors import EduopsError, NotAllowed

app = Noun("备份：备份、校验、恢复演练。")

STATES = {"started": "未完成", "verified": "已校验", "failed": "失败"}


@app.verb("run", example="eduops backup run")
def run(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """备份数据库：边用边备也一致，备完逐表读回核对。"""
    home = door.state(ctx).home
    if not home.database_url.startswith("sqlite"):
        raise NotAllowed("当前版本只备份 SQLite 数据库", hint="PostgreSQL 请先用 pg_dump -Fc 备份")
    with door.work(ctx) as work:
        begun = service.begin_backup(work.session, now=work.now, actor=work.actor)
        work.changed(begun.ref, step="begin")
    target = home.folder("backups") / begun.path
    try:
        dump = service.make_dump(home.database_path, target)
    except EduopsError as error:
        with door.work(ctx) as work:
            service.fail_backup(work.session, begun.ref, fault=error.message, now=clock.now())
            work.changed(begun.ref, step="fail", fault=error.message)
        raise
    with door.work(ctx) as work:
        backup = service.finish_backup(work.session, begun.ref, dump, now=clock.now())
        work.changed(backup.ref, step="finish", sha256=backup.sha256)
    rows = sum(image.rows for image in dump.images.values())
    said = f"{backup.ref} 已备份并校验：{len(dump.images)} 张表 {rows} 行，{dump.size_bytes // 1024} KB，{target}"
    out.done(said, _row(backup), as_json=as_json)


@app.verb("list", example="eduops backup list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出备份、状态和最近一次恢复演练。"""
    with door.look(ctx) as look:
        rows = []
        for backup in queries.list_backups(look.session):
            drill = queries.last_drill(look.session, backup)
            verdict = None if drill is None else ("通过" if drill.passed else "未通过")
            age_hours = round((look.now - backup.started_at).total_seconds() / 3600, 1)
            rows.append({**_row(backup), "age_hours": age_hours, "drill": verdict})
    columns = (
        out.Column("ref", "编号"),
        out.Column("source", "来源"),
        out.Column("state_text", "状态"),
        out.Column("started_at", "开始"),
        out.Column("age_hours", "距今（小时）", right=True),
        out.Column("size_bytes", "字节", right=True),
        out.Column("drill", "恢复演练"),
    )
    out.rows(rows, columns, as_json=as_json, title="备份", empty="还没有备份。运行：eduops backup run")


@app.verb("drill", example="eduops backup drill")
def drill(
    ctx: typer.Context,
    ref: Annotated[str | None, typer.Argument(help="备份编号；不写就是最新的可用备份。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """恢复演练：把备份恢复到临时文件，逐表比对行数和内容；不一致则退出码为 1。"""
    with service.scratch_folder() as scratch, door.work(ctx) as work:
        made = service.drill(
            work.session,
            ref,
            folder=work.home.folder("backups"),
            scratch=Path(scratch),
            now=work.now,
            actor=work.actor,
        )
        backup_ref = next(owner.ref for drill, owner in queries.list_drills(work.session, limit=1))
        work.changed(made.ref, backup=backup_ref, passed=made.passed)
    counted = f"{made.tables_compared} 张表 {made.rows_compared} 行，恢复用时 {made.restore_milliseconds / 1000:.2f} 秒"
    verdict = "全部一致" if made.passed else "不一致：" + "；".join(made.differences)
    said = f"{made.ref} 恢复演练（{backup_ref}）：{counted}，{verdict}"
    out.done(said, {**made.model_dump(exclude={"id", "backup_id"}), "backup": backup_ref}, as_json=as_json)
    if not made.passed:
        raise typer.Exit(1)


def _row(backup: Backup) -> dict[str, object]:
    return {**backup.model_dump(exclude={"id"}), "state_text": STATES[backup.state]}
