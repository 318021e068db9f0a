"""`eduops backup list|status|show|copy|prune|certificate`: what is kept, how it stands, and what may go."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.backup import configuration, queries
from eduops.backup.queries import standing as asked
from eduops.backup.rules.standing import State
from eduops.cli import backup_keep_screen as screen
from eduops.cli import door, failure, out
from eduops.cli.backup_screen import watching
from eduops.cli.instant import FromOption, ToOption, parse_days
from eduops.cli.noun import Noun
from eduops.core.errors import UsageError
from eduops.workflow import backup_copy, backup_prune
from eduops.workflow.backup_standing import list_standings

verbs = Noun("备份的保存。")

KINDS = {"backup": "备份", "drill": "恢复演练"}
SourceOption = Annotated[
    str | None, typer.Option("--source", help="只看这个来源（backup.yaml 的 sources）。")
]


@verbs.verb("list", example="eduops backup list --kind drill --json")
def list_(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    kind: Annotated[str | None, typer.Option(help="只看 backup 备份，或 drill 恢复演练。")] = None,
    source: SourceOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """列出备份和恢复演练，新的在前，最后说每个来源的新旧；演练以最近一次的结果为准。"""
    if kind and kind not in KINDS:
        raise UsageError(f"--kind 的值「{kind}」不在可选范围", hint="可选：backup（备份）、drill（恢复演练）")
    from_at, to_at = parse_days(from_, to, zone=door.contract(ctx).zone_info)
    with door.look(ctx) as look:
        runs = queries.list_runs(look.session, from_at=from_at, to_at=to_at)
        records = asked.list_records(look.session, source=source)
        config = configuration.load_config(look.home.path)
        standings = list_standings(look.session, config, now=look.now)
    rows = screen.run_rows(runs, records, standings, kinds=KINDS, now=look.now)
    wanted = [row for row in rows if kind in (None, row["kind"])]
    out.rows(
        wanted,
        screen.RUN_COLUMNS,
        as_json=as_json,
        title="备份与演练",
        empty="没有备份。运行：eduops backup run",
    )
    if not as_json and kind is None:
        _show_standings(
            [screen.standing_row(each, now=look.now) for each in standings if source in (None, each.source)]
        )


@verbs.verb("status", example="eduops backup status --json")
def status(ctx: typer.Context, source: SourceOption = None, as_json: out.JsonOption = False) -> None:
    """每个来源的备份是否够新、校验和演练是否通过；有异常或无法判断的则退出码为 1。"""
    with door.look(ctx) as look:
        config = configuration.load_config(look.home.path)
        standings = list_standings(look.session, config, now=look.now)
    if source:
        if source not in {each.source for each in standings}:
            configuration.get_source(config, source)
        standings = [each for each in standings if each.source == source]
    rows = [screen.standing_row(each, now=look.now) for each in standings]
    out.rows(rows, screen.STANDING_COLUMNS, as_json=as_json, title="来源", empty="backup.yaml 里没有来源")
    if not as_json:
        screen.say_reasons(standings)
    if any(each.standing.state is not State.FINE for each in standings):
        raise typer.Exit(failure.FOUND)


@verbs.verb("show", example="eduops backup show BKP-2026-0001")
def show(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(help="备份编号。", metavar="编号")],
    as_json: out.JsonOption = False,
) -> None:
    """一份备份的全部：来源、校验值、内容、异地副本、每次校验和演练。"""
    with door.look(ctx) as look:
        record = asked.get_record(look.session, ref)
    row = screen.record_row(record)
    out.fields(row, screen.RECORD_HEADS, as_json=as_json)
    if not as_json:
        screen.show_history(record)


@verbs.verb("copy", example="eduops backup copy --all")
def copy(
    ctx: typer.Context,
    ref: Annotated[
        str | None, typer.Argument(help="备份编号；不写就用 --source 或 --all。", metavar="[编号]")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="这个来源还没有副本的全部备份。")] = None,
    with_all: Annotated[bool, typer.Option("--all", help="全部还没有副本的备份。")] = False,
    place: Annotated[
        str | None, typer.Option("--place", help="复制到这个异地存放处；不写就按来源的 places。")
    ] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """复制到异地存放处，到了那里再读回校验才算数；有一份没成则退出码为 1。"""
    if sum(map(bool, (ref, source, with_all))) != 1:
        raise UsageError("编号、--source 和 --all 要写且只写一样", hint="如 eduops backup copy --all")
    with watching(ctx, "复制") as desk:
        if place:
            configuration.get_place(desk.config, place)
        waiting = backup_copy.list_waiting(desk, ref=ref, source=source, place=place)
        if dry_run:
            rows = [screen.waiting_row(each) for each in waiting]
        else:
            outcomes = list(backup_copy.copy_all(desk, waiting))
            rows = [screen.copy_row(each) for each in outcomes]
    title = f"异地副本{out.preview(dry_run)}"
    out.rows(rows, screen.COPY_COLUMNS, as_json=as_json, title=title, empty="没有要复制的备份，都有副本了")
    if not dry_run and not all(each.is_good for each in outcomes):
        raise typer.Exit(failure.FOUND)


@verbs.verb("prune", example="eduops backup prune --dry-run")
def prune(
    ctx: typer.Context,
    source: SourceOption = None,
    dry_run: out.DryRunOption = False,
    yes: out.YesOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """按保留规则（keep）删除旧备份和副本：先列出留哪些、为什么；每个来源最后一份校验过的永远不删。"""
    zone = door.contract(ctx).zone_info
    with watching(ctx, "删除旧备份") as desk:
        if not dry_run:
            backup_prune.resume(desk)
        verdicts = backup_prune.plan(desk, source=source, zone=zone)
    going = [verdict for verdict in verdicts if not verdict.is_kept]
    rows = [screen.verdict_row(each) for each in verdicts]
    if dry_run or not as_json:
        title = f"保留与删除{out.preview(dry_run)}"
        out.rows(rows, screen.VERDICT_COLUMNS, as_json=as_json, title=title, empty="没有备份")
    if dry_run:
        return
    removed = []
    if going:
        out.confirm(f"删除这 {len(going)} 份？", yes=yes)
        with watching(ctx, "删除旧备份") as desk:
            removed = list(backup_prune.prune(desk, verdicts, source=source, zone=zone))
    failed = [each for each in removed if each.error]
    said = f"已删除 {len(removed) - len(failed)} 份，保留 {len(verdicts) - len(going)} 份"
    item = {"kept": len(verdicts) - len(going), "removed": [screen.removed_row(each) for each in removed]}
    out.done(said, item, as_json=as_json)
    for each in failed:
        out.warn(f"{each.verdict.backup.ref} 没有删成：{each.error.message if each.error else ''}")
    if failed:
        raise typer.Exit(failure.FOUND)


@verbs.verb("certificate", example="eduops backup certificate DRL-2026-0001")
def certificate(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(help="演练编号，如 DRL-2026-0001。", metavar="演练编号")],
    target: Annotated[
        Path | None, typer.Option("--out", help="写到哪个 .docx；不写就放进数据目录的 reports/。")
    ] = None,
    as_json: out.JsonOption = False,
) -> None:
    """生成一次恢复演练的证明（Word，恢复演练证明），通过或没有通过都如实写。"""
    # Word costs half a second, and only this command writes it.
    from eduops.workflow.backup_certificate import KIND, build_certificate

    zone = door.contract(ctx).zone_info
    with door.work(ctx) as work:
        made = build_certificate(
            work.session, work.home, ref=ref, target=target, zone=zone, now=work.now, actor=work.actor
        )
        work.changed(made.document.ref, kind=KIND, period=ref, sha256=made.document.sha256)
    said = f"{made.document.ref} 恢复演练证明 {ref} {made.document.version} 已写到 {made.path}"
    out.done(said, {**made.document.model_dump(exclude={"id"}), "path": made.path}, as_json=as_json)


def _show_standings(rows: list[dict[str, object]]) -> None:
    out.rows(rows, screen.STANDING_COLUMNS, as_json=False, title="来源", empty="")
