"""`eduops learner department`: the customer's dictionary of departments and other spellings of them."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.core.errors import InputError, UsageError
from eduops.sheet.read import read_workbook
from eduops.training.queries import learner as queries
from eduops.training.rules.form import iterate_rows, list_forms
from eduops.training.service import department as service

verbs = Noun("科室字典：甲方的科室名称，和名册里的其他写法。")

_VOCABULARY = {"department": ("科室", "科室名称", "部门", "名称", "标准名称", "护理单元")}
_MOST_CHARACTERS = 200


@verbs.verb("list", example="eduops learner department list")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出科室字典、在册学员数和确认过的其他写法。"""
    with door.look(ctx) as look:
        rows = [
            {"name": department.name, "learners": learners, "aliases": aliases}
            for department, learners, aliases in queries.list_departments(look.session)
        ]
    columns = (
        out.Column("name", "科室"),
        out.Column("learners", "学员", right=True),
        out.Column("aliases", "其他写法"),
    )
    empty = "科室字典是空的。登记：eduops learner department add 科室…，或 import 文件"
    out.rows(rows, columns, as_json=as_json, title="科室字典", empty=empty)


@verbs.verb("add", example="eduops learner department add 心血管内科 呼吸内科")
def add(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(help="科室的标准名称，可以几个。", metavar="科室...")],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把科室名称登记到科室字典。"""
    _check_names(names)
    _add(ctx, [name.strip() for name in names], dry_run=dry_run, as_json=as_json)


@verbs.verb("import", example="eduops learner department import 科室字典.xlsx")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="有「科室」一列的文件：xlsx、xls、csv 等。", metavar="文件")],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """从文件登记科室字典；再导入一次不会重复。"""
    forms = list_forms(read_workbook(file), _VOCABULARY, required=[("department",)])
    if not forms:
        raise InputError(f"{file} 里没有「科室」一列", hint="把列名改成「科室」")
    rows = list(iterate_rows(forms[0], shared=("department",)))
    long = [row.number for row in rows if len(row.texts["department"]) > _MOST_CHARACTERS]
    if long:
        raise InputError(f"{file} 第 {long[0]} 行的科室超过 {_MOST_CHARACTERS} 个字", hint="改短后重新导入")
    names = [row.texts["department"] for row in rows if row.texts["department"]]
    _add(ctx, names, dry_run=dry_run, as_json=as_json)


@verbs.verb("suggest", example="eduops learner department suggest --json")
def suggest(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出字典里没有的科室写法、人数，和可能是哪个科室；核对后用 confirm 确认。"""
    with door.look(ctx) as look:
        found = service.list_proposals(look.session)
    rows = [
        {"spelling": each.spelling, "people": each.people, "departments": list(each.departments)}
        for each in found
    ]
    columns = (
        out.Column("spelling", "名册里的写法"),
        out.Column("people", "学员", right=True),
        out.Column("departments", "可能是"),
    )
    out.rows(rows, columns, as_json=as_json, title="待确认的科室", empty="没有要确认的科室写法。")


@verbs.verb("confirm", example="eduops learner department confirm 心内科 --is 心血管内科")
def confirm(
    ctx: typer.Context,
    spelling: Annotated[str, typer.Argument(help="名册里的写法。", metavar="写法")],
    department: Annotated[str, typer.Option("--is", help="字典里的科室名称。")],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """确认一个写法指哪个科室：记住，以后导入自动改写，已有的学员一并改正。"""
    _check_names([spelling])
    with door.work(ctx, dry_run=dry_run) as work:
        done = service.confirm(work.session, spelling, department, now=work.now, actor=work.actor)
        work.changed(f"department {department}", alias=spelling, learners=done.learners)
    said = f"已记住：「{spelling}」就是「{department}」；改正 {done.learners} 名学员"
    out.done(
        said + out.preview(dry_run),
        {"spelling": spelling, "department": department, "learners": done.learners},
        as_json=as_json,
    )


def _check_names(names: list[str]) -> None:
    if any(not name.strip() or len(name) > _MOST_CHARACTERS for name in names):
        raise UsageError(f"科室名称应有 1 到 {_MOST_CHARACTERS} 个字", hint="改正后重试")


def _add(ctx: typer.Context, names: list[str], *, dry_run: bool, as_json: bool) -> None:
    with door.work(ctx, dry_run=dry_run) as work:
        added, known = service.add_departments(work.session, names, now=work.now)
        if added:
            work.changed("department", added=added)
    said = f"科室字典：新增 {added}，已有 {known}" + out.preview(dry_run)
    out.done(said, {"added": added, "known": known}, as_json=as_json)
