"""`eduops ticket import|export|template`: tickets from files and into files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import FromOption, ToOption, parse_days
from eduops.cli.noun import Noun
from eduops.cli.target import ForceOption, refuse_existing
from eduops.cli.visible import visible
from eduops.core.errors import InputError
from eduops.desk import queries
from eduops.desk.service import ticket_file as service

verbs = Noun("工单的导入和导出。")


@verbs.verb("import", example="eduops ticket import 工单.xlsx --dry-run")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="工单文件：.jsonl、.csv 或 .xlsx，表头中英文都可以。", metavar="文件")
    ],
    invented: out.InventedOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导入一个文件的工单：有一行错误就全部不写入，并逐行列出；同一份再导入不会重复。"""
    zone = door.contract(ctx).zone_info
    with _every_row_named():
        tickets = service.load_tickets(file, zone)
    for name in tickets.skipped_sheets:
        out.warn(f"工作表「{name}」没有工单表头，没有读")
    if tickets.examples:
        out.warn(f"{tickets.examples} 行示例（工单号以「示例」开头）没有导入")
    with (
        out.progress("导入工单", len(tickets.rows)) as advance,
        _every_row_named(),
        door.work(ctx, dry_run=dry_run) as work,
    ):
        result = service.import_tickets(
            work.session, tickets, file=str(file), now=work.now, actor=work.actor, zone=zone,
            is_invented=invented, progress=advance,
        )  # fmt: skip
        if result.added:
            work.changed(file.name, step="import", added=result.added, unchanged=result.unchanged)
    said = f"{file.name} 共 {result.rows} 张工单：新增 {result.added}，未变 {result.unchanged}"
    out.done(
        said + out.preview(dry_run),
        {"file": str(file), **asdict(result), "dry_run": dry_run},
        as_json=as_json,
    )


@verbs.verb("export", example="eduops ticket export 工单.xlsx --from 2026-01-01 --to 2026-03-31")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="写到哪个文件：.jsonl、.csv 或 .xlsx。", metavar="文件")],
    from_: FromOption = None,
    to: ToOption = None,
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导出工单的全部事实；导入到空的数据目录得到同样的事实。"""
    zone = door.contract(ctx).zone_info
    from_at, to_at = parse_days(from_, to, zone=zone)
    service.check_suffix(file)
    refuse_existing(file, force=force)
    with door.look(ctx) as look:
        facts = queries.load_facts(look.session, from_at=from_at, to_at=to_at)
        service.export_tickets(facts, file, zone)
    item = {"file": str(file), "tickets": len(facts)}
    out.done(f"{len(facts)} 张工单已写到 {file}", item, as_json=as_json)


@verbs.verb("template", example="eduops ticket template 工单模板.xlsx")
def template(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="写到哪个文件：.xlsx、.csv 或 .jsonl。", metavar="文件")],
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """写一份导入模板：表头、填写说明和标明虚构的示例。"""
    service.check_suffix(file)
    refuse_existing(file, force=force)
    service.write_template(file, door.contract(ctx).zone_info)
    out.done(f"导入模板已写到 {file}", {"file": str(file)}, as_json=as_json)


@contextmanager
def _every_row_named() -> Iterator[None]:
    """Names every bad row on stderr; an error that is left to the door has only its first problems shown."""
    try:
        yield
    except InputError as error:
        for problem in error.problems:
            typer.echo(visible(f"  - {problem}"), err=True)
        raise InputError(error.message, hint=error.hint) from error
