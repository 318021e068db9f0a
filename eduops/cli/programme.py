"""`eduops programme`: the contract's in-house trainings."""

from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.training.queries import exam as exams
from eduops.training.queries import tenant as queries
from eduops.training.service import tenant as service

app = Noun("培训项目：合同约定的院内培训。")


@app.verb("sync", example="eduops programme sync")
def sync(ctx: typer.Context, dry_run: out.DryRunOption = False, as_json: out.JsonOption = False) -> None:
    """按合同文件登记培训项目；再次运行不会重复登记。"""
    contract = door.contract(ctx)
    with door.work(ctx, dry_run=dry_run) as work:
        result = service.sync_programmes(work.session, contract)
        work.changed("programme", added=result.added, changed=result.changed)
    out.synced("培训项目", result, as_json=as_json, dry_run=dry_run)


@app.verb("list", example="eduops programme list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出培训项目、委托科室、开展时间和对象。"""
    with door.look(ctx) as look:
        rows = [programme.model_dump(exclude={"id"}) for programme in queries.list_programmes(look.session)]
    columns = (
        out.Column("code", "代码"),
        out.Column("name", "名称"),
        out.Column("department", "委托科室"),
        out.Column("season", "时间"),
        out.Column("audience", "对象", spare=True),
    )
    out.rows(
        rows,
        columns,
        as_json=as_json,
        title="培训项目",
        empty="还没有培训项目。按合同登记：eduops programme sync",
    )


@app.verb("show", example="eduops programme show basic-skills")
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="培训项目的代码或名称。", metavar="项目")],
    as_json: out.JsonOption = False,
) -> None:
    """查看一个培训项目：委托科室、时间、对象，和它的考试。"""
    with door.look(ctx) as look:
        programme = queries.get_programme(look.session, name)
        item = programme.model_dump(exclude={"id"})
        held = [
            {"ref": exam.ref, "title": exam.title, "opens_at": exam.opens_at, "is_invented": exam.is_invented}
            for exam in exams.list_exams_of(look.session, programme.id)
        ]
    if as_json:
        out.value({**item, "exams": held})
        return
    heads = {"code": "代码", "name": "名称", "department": "委托科室", "season": "时间", "audience": "对象"}
    out.fields(item, heads, as_json=False)
    columns = (
        out.Column("ref", "考试"),
        out.Column("title", "名称"),
        out.Column("opens_at", "开考"),
        out.Column("is_invented", "虚构"),
    )
    out.rows(held, columns, as_json=False, title="考试", empty="这个项目还没有安排考试。")
