"""`eduops learner`: the people who learn."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.core.errors import InputError
from eduops.sheet.read import read_workbook
from eduops.training.queries import tenant as queries
from eduops.training.rules.roster import CATEGORIES, VOCABULARY, Roster, read_roster
from eduops.training.service import learner as service

app = Noun("学员：导入名册、查询。")


@app.verb("import", example="eduops learner import 名册.xlsx --tenant main")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="名册文件：xlsx、xls、csv 等，至少有工号和姓名两列。")],
    tenant: Annotated[str | None, typer.Option(help="名册没有机构列时，学员所属机构的代码或名称。")] = None,
    invented: Annotated[bool, typer.Option("--invented", help="标明这些人是虚构的（演示用）。")] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导入一份名册：有一处错误就全部不写入，并逐格列出；同一份再导入不会重复。"""
    roster = load_roster(file)
    if roster.unused:
        known = "、".join(names[0] for names in VOCABULARY.values())
        out.warn(
            f"{file.name} 的工作表「{roster.sheet}」第 {roster.header_row} 行有没认出的列，其内容不会导入："
            f"{'、'.join(roster.unused)}。要导入就把列名改成 {known} 之一，再导入一次"
        )
    with door.work(ctx, dry_run=dry_run) as work:
        owner = queries.get_tenant(work.session, tenant) if tenant else None
        result = service.import_roster(
            work.session, roster, file=file.name, tenant=owner, now=work.now, is_invented=invented
        )
        work.changed(file.name, added=result.added, changed=result.changed)
    said = f"名册 {file.name} 共 {result.rows} 人：新增 {result.added}，更新 {result.changed}，未变 {result.unchanged}"
    said += "（预演，未写入）" if dry_run else ""
    out.done(
        said,
        {"file": str(file), "header_row": roster.header_row, "unused": roster.unused, **asdict(result)},
        as_json=as_json,
    )


@app.verb("list", example="eduops learner list --tenant main --limit 20")
def list_(
    ctx: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="只看这个机构（代码或名称）。")] = None,
    limit: Annotated[int, typer.Option(help="最多列出多少人。", min=1, max=out.MOST_ROWS)] = 50,
    as_json: out.JsonOption = False,
) -> None:
    """列出学员。"""
    with door.look(ctx) as look:
        tenant_id = queries.get_tenant(look.session, tenant).id if tenant else None
        rows = [
            {
                "tenant": owner,
                "staff_number": learner.staff_number,
                "name": learner.name,
                "category": CATEGORIES.get(learner.category or ""),
                "department": learner.department,
                "title": learner.title,
                "state": learner.state,
                "is_invented": learner.is_invented,
            }
            for learner, owner in queries.list_learners(look.session, tenant_id=tenant_id, limit=limit)
        ]
        total = queries.count_learners(look.session, tenant_id=tenant_id)
    columns = (
        out.Column("tenant", "机构"),
        out.Column("staff_number", "工号"),
        out.Column("name", "姓名"),
        out.Column("category", "人员类别"),
        out.Column("department", "科室"),
        out.Column("title", "职称"),
    )
    out.rows(
        rows,
        columns,
        as_json=as_json,
        title="学员",
        empty="没有学员。导入名册：eduops learner import 文件",
        total=total,
    )


@app.verb("count", example="eduops learner count --json")
def count(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """在册学员共多少人；真实的数据目录里，演练用的虚构学员另计。"""
    with door.look(ctx) as look:
        everybody = queries.count_learners(look.session)
        real = queries.count_learners(look.session, with_invented=look.home.load_settings().invented)
    apart = everybody - real
    said = f"在册学员 {real} 人" + (f"，另有虚构 {apart} 人" if apart else "")
    out.done(said, {"learners": real, "invented_apart": apart}, as_json=as_json)


def load_roster(file: Path) -> Roster:
    """The roster in a file. Raises InputError where no sheet of it is one."""
    roster = read_roster(read_workbook(file))
    if roster is None:
        raise InputError(
            f"{file} 里找不到名册：没有同时含工号和姓名两列的表头", hint="检查表头行，或换一个文件"
        )
    return roster
