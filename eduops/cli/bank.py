"""`eduops bank`: question banks, from Excel and back."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import bank_mapping, bank_revise, bank_screen, door, out
from eduops.cli.failure import FOUND
from eduops.cli.noun import Noun
from eduops.cli.target import ForceOption, check_table, refuse_existing
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Workbook
from eduops.training.queries import bank as queries
from eduops.training.rules.bank_export import build_export, build_template, refuse_long
from eduops.training.rules.bank_mapping import Mapping
from eduops.training.rules.bank_similarity import cut_pieces, find_similar
from eduops.training.service import bank as service

app = Noun("题库：从 Excel 导入、核对、查询。")
app.add_typer(bank_mapping.verbs, name="mapping")
app.add_typer(bank_revise.verbs)

FilesArgument = Annotated[
    list[Path], typer.Argument(help="题库文件：xlsx、xls、csv 等，可以给几个。", metavar="文件...")
]
NameArgument = Annotated[str, typer.Argument(help="题库名称。", metavar="题库")]
MappingOption = Annotated[
    Path | None, typer.Option(help="列的对应关系：YAML 文件，或保存过的名字；认不出表头时使用。")
]
SheetOption = Annotated[str | None, typer.Option(help="只用这张工作表。")]
MarkedOption = Annotated[
    Path | None,
    typer.Option(help="标注了错误的副本写到哪里；不写时只有 --skip-bad 写出副本，在原文件旁边。"),
]
CheckMarkedOption = Annotated[Path | None, typer.Option(help="标注了错误的副本写到哪里；不写就不写出副本。")]


@app.verb("import", example="eduops bank import 三基题库.xlsx --bank 三基题库 --skip-bad")
def import_(
    ctx: typer.Context,
    files: FilesArgument,
    bank: Annotated[str, typer.Option(help="导入到哪个题库；没有就新建。")],
    mapping: MappingOption = None,
    sheet: SheetOption = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="有错的题不导入，其余的导入，并写出标注副本。")
    ] = False,
    marked: MarkedOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导入题库；有一处错误就全部不写入（除非 --skip-bad），并逐行列出。"""
    bank_screen.check_marked(marked, files)
    plan = bank_screen.load_mapping(mapping, sheet, door.state(ctx).home)
    results = _import_all(
        ctx, files, bank, plan, skip_bad=skip_bad, dry_run=dry_run, as_json=as_json, marked=marked
    )
    bank_screen.show(results, as_json=as_json, note="（预演，没有写入）" if dry_run else "")


@service.collector_at_rest()
def _import_all(
    ctx: typer.Context, files: list[Path], bank: str, plan: Mapping, *, skip_bad: bool, dry_run: bool, as_json: bool,
    marked: Path | None,
) -> list[bank_screen.Shown]:  # fmt: skip
    """One unit of work; read and judged before it begins: on SQLite it keeps every other writer waiting."""
    workbooks = list(map(read_workbook, files))
    judged = _judge_ahead(ctx, workbooks, bank, plan, skip_bad=skip_bad)
    with door.work(ctx, dry_run=dry_run) as work:
        results = []
        for workbook, ahead in zip(workbooks, judged, strict=True):
            result = service.import_bank(
                work.session, workbook, bank_name=bank, now=work.now, actor=work.actor, skip_bad=skip_bad,
                mapping=plan, ahead=ahead,
            )  # fmt: skip
            results.append(bank_screen.Shown(workbook, bank_screen.undone(result) if dry_run else result))
            if result.batch:
                work.changed(result.batch, bank=bank, file=workbook.path.name, imported=result.imported)
        # Before the commit: without its marked copy nothing goes in.
        for shown in results:
            shown.write_marked(marked, is_wanted=skip_bad and not dry_run)
        if not skip_bad:
            bank_screen.refuse_errors(results, as_json=as_json)
    return results


def _judge_ahead(
    ctx: typer.Context, workbooks: list[Workbook], bank: str, plan: Mapping, *, skip_bad: bool
) -> list[service.Ahead]:
    """Each against what the bank holds, and will hold when those before it are in."""
    with door.look(ctx) as look:
        known = service.load_known(look.session, service.check_name(bank))
    judged = []
    for workbook in workbooks:
        with bank_screen.judging("导入", workbook) as advance:
            judged.append(service.judge_ahead(workbook, known, mapping=plan, progress=advance))
        if len(judged) < len(workbooks):
            known = judged[-1].known_after(skip_bad=skip_bad)
    return judged


@app.verb("check", example="eduops bank check 三基题库.xlsx")
def check(
    ctx: typer.Context,
    files: FilesArgument,
    bank: Annotated[str | None, typer.Option(help="连同这个题库里已有的题一起核对。")] = None,
    mapping: MappingOption = None,
    sheet: SheetOption = None,
    marked: CheckMarkedOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """核对题库文件，不写入；有错误时退出码为 1。"""
    bank_screen.check_marked(marked, files)
    plan = bank_screen.load_mapping(mapping, sheet, door.state(ctx).home)
    results = []
    for workbook in map(read_workbook, files):
        with bank_screen.judging("核对", workbook) as advance:
            if bank is None:
                result = service.check_bank(None, workbook, mapping=plan, progress=advance)
            else:
                with door.look(ctx) as look:
                    result = service.check_bank(
                        look.session, workbook, bank_name=bank, mapping=plan, progress=advance
                    )
        results.append(bank_screen.Shown(workbook, result))
        results[-1].write_marked(marked, is_wanted=False)
    bank_screen.show(results, as_json=as_json, note="（核对，没有写入）")
    if any(shown.result.errors for shown in results):
        raise typer.Exit(FOUND)


@app.verb("undo", example="eduops bank undo IMP-2026-0001")
def undo(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(help="导入批次，如 IMP-2026-0001。", metavar="批次")],
    dry_run: out.DryRunOption = False,
    yes: out.YesOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """撤销一次导入：它的题不再用于组卷；已经组好的试卷不受影响。"""
    if not dry_run:
        out.confirm(f"撤销导入批次 {batch}？", yes=yes)
    with door.work(ctx, dry_run=dry_run) as work:
        retired = service.undo_batch(work.session, batch, now=work.now)
        work.changed(batch, retired=retired)
    said = f"批次 {batch} 的 {retired} 道题已停用" + ("（预演，没有写入）" if dry_run else "")
    out.done(said, {"batch": batch, "retired": retired}, as_json=as_json)


@app.verb("list", example="eduops bank list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出题库和题数。"""
    with door.look(ctx) as look:
        rows = [asdict(bank) for bank in queries.list_banks(look.session)]
    columns = (
        out.Column("name", "题库"),
        out.Column("questions", "题数", right=True),
        out.Column("created_at", "建立时间"),
    )
    out.rows(
        rows,
        columns,
        as_json=as_json,
        title="题库",
        empty="还没有题库。导入：eduops bank import 文件 --bank 名称",
    )


@app.verb("show", example="eduops bank show 三基题库")
def show(ctx: typer.Context, name: NameArgument, as_json: out.JsonOption = False) -> None:
    """列出一个题库的导入批次。"""
    with door.look(ctx) as look:
        bank = queries.get_bank(look.session, name)
        rows = [
            batch.model_dump(exclude={"id", "bank_id"})
            for batch in queries.list_batches(look.session, bank.id)
        ]
    columns = (
        out.Column("ref", "批次"),
        out.Column("file_name", "文件"),
        out.Column("at", "时间"),
        out.Column("actor", "经手人"),
        out.Column("imported", "导入", right=True),
        out.Column("duplicates", "重复", right=True),
        out.Column("rejected", "有错", right=True),
        out.Column("undone_at", "撤销时间"),
    )
    out.rows(
        rows,
        columns,
        as_json=as_json,
        title=f"题库「{name}」的导入批次",
        empty=f"题库「{name}」还没有导入过。",
    )


@app.verb("stats", example="eduops bank stats 三基题库 --json")
def stats(ctx: typer.Context, name: NameArgument, as_json: out.JsonOption = False) -> None:
    """按题型和难度统计一个题库。"""
    with door.look(ctx) as look:
        found = queries.bank_stats(look.session, queries.get_bank(look.session, name).id)
    out.fields(bank_screen.stats_item(name, found, as_json=as_json), bank_screen.STATS_HEADS, as_json=as_json)


@app.verb("duplicates", example="eduops bank duplicates 三基题库 --least 85")
def duplicates(
    ctx: typer.Context,
    name: NameArgument,
    least: Annotated[int, typer.Option(help="相似度达到百分之几才列出。", min=50, max=100)] = 85,
    limit: Annotated[int, typer.Option(help="最多列出多少对（JSON 总是全部）。", min=1)] = 50,
    as_json: out.JsonOption = False,
) -> None:
    """列出题库里几乎相同的题，供人工核对；完全相同的在导入时已经挡住。"""
    with door.look(ctx) as look:
        items = queries.list_current(look.session, queries.get_bank(look.session, name).id)
    pairs = find_similar([cut_pieces(item.question, item.group) for item in items], least_percent=least)
    rows = [bank_screen.pair_item(pair, items) for pair in pairs]
    columns = (
        out.Column("percent", "相似 %", right=True),
        out.Column("first_position", "题号", right=True),
        out.Column("first_stem", "题干"),
        out.Column("second_position", "题号", right=True),
        out.Column("second_stem", "题干"),
    )
    empty = f"题库「{name}」里没有相似度达到 {least}% 的题。"
    title = f"题库「{name}」里相似的题，共 {len(pairs)} 对，列出"
    out.rows(rows if as_json else rows[:limit], columns, as_json=as_json, title=title, empty=empty)


@app.verb("template", example="eduops bank template 题库模板.xlsx")
def template(
    file: Annotated[Path, typer.Argument(help="写到哪个文件（.xlsx）。", metavar="文件")],
    force: ForceOption = False,
) -> None:
    """写出一份题库模板：表头和填写说明。"""
    from eduops.sheet.export import write_table

    refuse_existing(file, force=force)
    write_table(file, build_template())
    out.done(f"模板已写到 {file}")


@app.verb("export", example="eduops bank export 三基题库 三基题库.xlsx")
def export(
    ctx: typer.Context,
    name: NameArgument,
    file: Annotated[Path, typer.Argument(help="写到哪个文件（.xlsx 或 .csv）。", metavar="文件")],
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把题库写成 Excel 或 CSV，列和模板相同，可以再导入。"""
    from eduops.sheet.export import write_csv, write_table

    check_table(file, force=force)
    with door.look(ctx) as look:
        bank = queries.get_bank(look.session, name)
        options = queries.count_most_options(look.session, bank.id)
        table = build_export(bank.id, queries.iterate_current(look.session, bank.id), options=options)
        if file.suffix.lower() == ".csv":
            write_csv(file, table, is_for_people=True)
        else:
            write_table(file, [refuse_long(table)])
        questions = queries.bank_stats(look.session, bank.id).questions
    said = f"题库「{name}」的 {questions} 道题已写到 {file}"
    out.done(said, {"bank": name, "file": str(file), "questions": questions}, as_json=as_json)
