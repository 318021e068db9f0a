"""`eduops course import`: a workbook of courses."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.course_screen import ModeOption
from eduops.cli.noun import Noun
from eduops.core.errors import InputError
from eduops.sheet.read import read_workbook
from eduops.training.queries import tenant as programmes
from eduops.training.rules.course_sheet import CourseSheet, read_courses
from eduops.training.service.course import import_courses

verbs = Noun("课程的批量登记。")


@verbs.verb("import", example="eduops course import 课程表.xlsx --programme basic-skills --mode online")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="课程清单：xlsx、xls、csv 等，至少有课程名称和另外一列。", metavar="文件"),
    ],
    programme: Annotated[
        str | None, typer.Option(help="清单没有写培训项目的行，属于哪个（代码或名称）。")
    ] = None,
    mode: ModeOption = None,
    invented: out.InventedOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导入课程清单：有一处错误就全部不写入，并逐格列出；同一份再导入什么都不会变。"""
    sheet = _load(file)
    if sheet.form.unused:
        out.warn(f"{file.name} 有没认出的列，没有用：{'、'.join(sheet.form.unused)}")
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work:
        owner = programmes.get_programme(work.session, programme) if programme else None
        result = import_courses(
            work.session, sheet, file=file.name, programme=owner, mode=mode and mode.value, now=work.now,
            zone=zone, is_invented=invented,
        )  # fmt: skip
        if result.added or result.changed:
            work.changed(file.name, added=result.added, changed=result.changed)
    if result.withdrawn:
        refs = "、".join(result.withdrawn[:10]) + (" 等" if len(result.withdrawn) > 10 else "")
        out.warn(f"{len(result.withdrawn)} 门课程已撤下，没有改动（恢复用 course restore）：{refs}")
    said = f"{file.name} 共 {result.rows} 门课程：新增 {result.added}，更新 {result.changed}，未变 {result.unchanged}"
    where = {"file": str(file), "sheet": sheet.form.sheet.name, "header_row": sheet.form.header.row}
    told = {"columns": sheet.form.columns, "unused": sheet.form.unused}
    out.done(said + out.preview(dry_run), {**where, **told, **asdict(result)}, as_json=as_json)


def _load(file: Path) -> CourseSheet:
    sheet = read_courses(read_workbook(file))
    if sheet is None:
        raise InputError(
            f"{file} 里找不到课程清单：没有含课程名称、以及培训项目、授课形式、学时、讲师、科室或日期之一的表头",
            hint="检查表头行；列名可用：培训项目、课程名称、授课形式、学时、讲师、授课科室、开始日期、结束日期",
        )
    return sheet
