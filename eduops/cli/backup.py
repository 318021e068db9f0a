"""`eduops backup`: backups that are read back, and drills that restore them."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.backup import queries
from eduops.backup.models import Backup
from eduops.cli import backup_keep, door, failure, out
from eduops.cli import backup_screen as screen
from eduops.cli.backup_keep_screen import copy_row
from eduops.cli.noun import Noun
from eduops.core.errors import EduopsError, UsageError
from eduops.workflow.backup_copy import Outcome, copy_after_run
from eduops.workflow.backup_job import Desk
from eduops.workflow.backup_run import back_up_source, plan_backup
from eduops.workflow.backup_verify import verify as verify_all

app = Noun("备份：备份、校验、恢复演练。")
app.add_typer(backup_keep.verbs)

SourceOption = Annotated[str | None, typer.Option("--source", help="来源的名称（backup.yaml 的 sources）。")]
PlaceOption = Annotated[str | None, typer.Option("--place", help="用异地存放处的副本，而不是原来的那份。")]
RefArgument = Annotated[
    str | None, typer.Argument(help="备份编号；不写就是最新的可用备份。", metavar="[编号]")
]


@app.verb("run", example="eduops backup run --all")
def run(
    ctx: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(help="来源的名称，可以多个；不写就是 home。", metavar="[来源]...")
    ] = None,
    with_all: Annotated[bool, typer.Option("--all", help="backup.yaml 里的全部来源。")] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """备份：来源边用边备也一致，备完整份读回核对才算数，再复制到来源的 places；一个来源失败不影响其他来源。"""
    if sources and with_all:
        raise UsageError("来源和 --all 只能写一样", hint="去掉其中一个")
    made, copies, errors = list[Backup](), list[Outcome](), list[EduopsError]()
    with screen.watching(ctx, "备份") as desk:
        names = list(desk.config.sources) if with_all else list(dict.fromkeys(sources or ["home"]))
        if dry_run:
            _preview(desk, names, as_json=as_json)
            return
        for name in names:
            try:
                made.append(back_up_source(desk, name))
                copies += copy_after_run(desk, made[-1])
            except EduopsError as error:
                errors.append(error)
    _show_made(made, alone=len(names) == 1 and not with_all, as_json=as_json)
    for before in errors[:-1]:
        out.warn(before.message)
    _tell_copies(copies, as_json=as_json)
    if errors:
        raise errors[-1]
    if not all(copy.is_good for copy in copies):
        raise typer.Exit(failure.FOUND)


def _tell_copies(copies: list[Outcome], *, as_json: bool) -> None:
    for copy in copies:
        row = copy_row(copy)
        if not copy.is_good:
            out.warn(f"{row['ref']} 备份好了，但没有复制到异地存放处 {row['place']}：{row['fault']}")
        elif not as_json:
            out.say(f"{row['ref']} 已复制到异地存放处 {row['place']}，并在那里读回校验")


def _preview(desk: Desk, names: list[str], *, as_json: bool) -> None:
    planned = [plan_backup(desk, name) for name in names]
    rows = [
        {
            "source": each.source,
            "engine": each.engine,
            "origin": each.origin,
            "store": each.store,
            "newest": each.newest.ref if each.newest else None,
            "newest_at": each.newest.started_at if each.newest else None,
        }
        for each in planned
    ]
    columns = (
        out.Column("source", "来源"),
        out.Column("engine", "引擎"),
        out.Column("origin", "位置"),
        out.Column("store", "存放处"),
        out.Column("newest", "最近一份", spare=True),
        out.Column("newest_at", "时刻", spare=True),
    )
    out.rows(rows, columns, as_json=as_json, title="将要备份（预演，未写入）", empty="没有来源")


def _show_made(made: list[Backup], *, alone: bool, as_json: bool) -> None:
    if not alone and as_json:
        out.rows([screen.backup_row(backup) for backup in made], (), as_json=True, title="", empty="")
        return
    for backup in made:
        where = f"存放处 {backup.store} 的 {backup.path}"
        said = f"{backup.ref} 已备份并校验：{screen.describe(backup)}，{where}"
        out.done(said, screen.backup_row(backup), as_json=as_json)


@app.verb("verify", example="eduops backup verify --all")
def verify(
    ctx: typer.Context,
    ref: RefArgument = None,
    source: SourceOption = None,
    with_all: Annotated[bool, typer.Option("--all", help="全部还在的备份。")] = False,
    place: PlaceOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """校验：把存着的备份整份读回，与登记的校验值比对；每次都留记录，有一份没通过则退出码为 1。"""
    if sum(map(bool, (ref, source, with_all))) > 1:
        raise UsageError("编号、--source 和 --all 只能写一样", hint="去掉多余的")
    rows = []
    with screen.watching(ctx, "校验") as desk:
        if not (ref or source or with_all):
            with door.look(ctx) as look:
                ref = queries.get_backup(look.session, None).ref
        rows = [
            screen.outcome_row(outcome) for outcome in verify_all(desk, ref=ref, source=source, place=place)
        ]
    columns = (
        out.Column("ref", "编号"),
        out.Column("source", "来源"),
        out.Column("place", "存放处"),
        out.Column("passed_text", "结果", style_key="passed_style"),
        out.Column("seconds", "用时（秒）", right=True, spare=True),
        out.Column("fault", "说明"),
    )
    out.rows(rows, columns, as_json=as_json, title="校验", empty="")
    if not all(row["passed"] for row in rows):
        raise typer.Exit(failure.FOUND)


@app.verb("drill", example="eduops backup drill --key /media/usb/personal.key")
def drill(
    ctx: typer.Context,
    ref: RefArgument = None,
    source: SourceOption = None,
    place: PlaceOption = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(
            "--key", help="另外保存的密钥（personal.key 的第二份，或 age 密钥）：用它解密来证明它能用。"
        ),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", help="临时库或临时目录的名称，以 eduops_scratch_ 开头；不写就自动起名。"),
    ] = None,
    as_json: out.JsonOption = False,
) -> None:
    """恢复演练：把备份恢复到临时的库或目录，逐表比对行数和内容、查找哨兵、计时，最后清理；没有通过则退出码为 1。"""
    if ref and source:
        raise UsageError("编号和 --source 只能写一样", hint="去掉其中一个")
    # What proves keys knows the rooms that seal things: a backup need not wait for them.
    from eduops.workflow.backup_drill import Wanted
    from eduops.workflow.backup_drill import drill as drill_one

    wanted = Wanted(ref, source or (None if ref else "home"), place, tuple(key or ()), into)
    with screen.watching(ctx, "恢复演练") as desk:
        made, backup = drill_one(desk, wanted)
    out.done(screen.drill_sentence(made, backup), screen.drill_row(made, backup), as_json=as_json)
    if not made.passed:
        raise typer.Exit(failure.FOUND)
    if backup.engine == "home" and not key and not as_json:
        out.warn("这次没有证明密钥：加 --key 指向另外保存的 personal.key，才知道丢了原件还能读出个人信息")
