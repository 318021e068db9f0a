"""`eduops db`: the database's own care: is it whole, bring it up to date, move it."""

import shlex
from dataclasses import asdict
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.core.errors import EduopsError
from eduops.store import audit_head
from eduops.workflow import db_check, db_migrate, db_move

app = Noun("数据库：检查、升级、搬家。")

_PARTS = {
    "version": "版本", "integrity": "完整性", "keys": "外键", "schema": "表结构", "values": "内容",
    "counters": "编号", "chains": "校验链", "files": "附件",
}  # fmt: skip


@app.verb("check", example="eduops db check --json")
def check(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """检查数据库：完整性、外键、表结构、每一行的内容、编号、操作日志和台账的校验链、附件；发现问题则退出码为 1。"""
    home = door.state(ctx).home
    report = db_check.check(home)
    if report.head and not report.findings:
        try:
            audit_head.append_head(home.path / audit_head.FILE, report.head)
        except EduopsError as error:
            out.warn(f"校验值没有留在数据库外：{error.message}")
    if as_json:
        out.value({**asdict(report), "findings": [asdict(each) for each in report.findings]})
    elif not report.findings:
        out.say(f"数据库完好：{report.kind}，版本 {report.revision}，{report.tables} 张表 {report.rows} 行")
    else:
        _show(report)
    if report.findings:
        raise typer.Exit(1)


@app.verb("migrate", example="eduops db migrate --dry-run")
def migrate(
    ctx: typer.Context,
    no_backup: Annotated[
        bool, typer.Option("--no-backup", help="升级前不备份；只在另有备份而本机没有 pg_dump 时用。")
    ] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把旧版数据库升级到本程序的版本：先备份到数据目录的 backups，在一个事务里升级，失败则全部撤回。"""
    run = door.state(ctx)
    done = db_migrate.migrate(
        run.home,
        now=run.now,
        actor=run.actor,
        command=ctx.command_path,
        needs_backup=not no_backup,
        dry_run=dry_run,
    )
    out.done(_render_migrated(done, dry_run=dry_run), asdict(done), as_json=as_json)


@app.verb("move", example="eduops db move --to postgresql://eduops@127.0.0.1/eduops --dry-run")
def move(
    ctx: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            help="搬到哪里：postgresql://用户@主机/库名，或 sqlite:////完整路径；须是空的，不写口令。"
        ),
    ],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把全部数据搬到另一个数据库并逐行读回比对；搬的时候别人不能写入；原数据库不改动。"""
    run = door.state(ctx)
    done = db_move.move_to(
        run.home,
        to,
        now=run.now,
        actor=run.actor,
        command=ctx.command_path,
        progress=out.progress,
        dry_run=dry_run,
    )
    item = {**asdict(done), "rows": done.rows}
    if done.problems:
        out.done(_render_problems(done), item, as_json=as_json)
        raise typer.Exit(1)
    counted = f"{len(done.tables)} 张表 {done.rows} 行，{done.source} → {done.target}"
    said = (
        f"可以搬：{counted}{out.preview(True)}"
        if dry_run
        else f"已搬完并逐行核对一致：{counted}\n{_next(to)}"
    )
    out.done(said, item, as_json=as_json)


def _show(report: db_check.Report) -> None:
    rows = [{**asdict(finding), "part_text": _PARTS[finding.part]} for finding in report.findings]
    columns = (
        out.Column("part_text", "检查"),
        out.Column("where", "哪里"),
        out.Column("seen", "情况"),
        out.Column("remedy", "怎么办"),
    )
    out.rows(
        rows, columns, as_json=False, title=f"数据库（{report.kind}，版本 {report.revision}）的问题", empty=""
    )


def _render_migrated(done: db_migrate.Migrated, *, dry_run: bool) -> str:
    if not done.steps:
        return f"数据库已是最新版本 {done.after}，不用升级"
    steps = "".join(f"\n  - {revision}：{said}" for revision, said in done.steps)
    if dry_run:
        return f"将从 {done.before} 升级到 {done.after}：{steps}{out.preview(True)}"
    new = f"\n新增的表：{'、'.join(done.new_tables)}" if done.new_tables else ""
    saved = f"\n升级前的备份：{done.backup}" if done.backup else "\n升级前没有备份"
    return f"数据库已从 {done.before} 升级到 {done.after}：{steps}{new}{saved}"


def _render_problems(done: db_move.Moved) -> str:
    said = "".join(f"\n  - {problem}" for problem in done.problems)
    return (
        f"还不能搬：{len(done.problems)} 处内容 {done.target} 存不下{said}\n怎么办：在原数据库里改正这些记录"
    )


def _next(to: str) -> str:
    return (
        f"下一步：设置环境变量 EDUOPS_DATABASE_URL={shlex.quote(to)}，运行 eduops db check 和 eduops doctor；\n"
        "改好之前不要再在原数据库登记，那里新写的不会跟过来；计划任务的环境也要改"
    )
