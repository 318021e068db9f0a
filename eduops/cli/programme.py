"""`eduops programme`: the contract's in-house trainings."""

from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.course_screen import COLUMNS, course_item
from eduops.cli.noun import Noun
from eduops.training.queries import course as courses
from eduops.training.queries import exam as exams
from eduops.training.queries import tenant as queries
from eduops.training.service import tenant as service

app = Noun("培训项目：合同约定的院内培训。")

_HEADS = {
    "code": "代码",
    "name": "名称",
    "department": "委托科室",
    "season": "时间",
    "audience": "对象",
    "in_contract": "合同里有",
}


@app.verb("sync", example="eduops programme sync")
def sync(ctx: typer.Context, dry_run: out.DryRunOption = False, as_json: out.JsonOption = False) -> None:
    """按合同文件登记培训项目；再次运行不会重复登记，合同里没有的保留并指出。"""
    contract = door.contract(ctx)
    with door.work(ctx, dry_run=dry_run) as work:
        result = service.sync_programmes(work.session, contract)
        rows = [_item(row) for row in courses.list_programme_rows(work.session, contract)]
        work.changed("programme", added=result.added, changed=result.changed)
    left = [row for row in rows if not row["in_contract"]]
    for row in left:
        has = f"还有 {row['exams']} 场考试、{row['courses']} 门课程" if row["exams"] or row["courses"] else ""
        out.warn(f"合同里没有培训项目「{row['name']}」（{row['code']}），保留未动" + (has and f"；它{has}"))
    out.synced("培训项目", result, as_json=as_json, dry_run=dry_run, left=[row["code"] for row in left])


@app.verb("list", example="eduops programme list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出培训项目、委托科室、开展时间和对象，各有几场考试、几门课程。"""
    contract = door.contract(ctx)
    with door.look(ctx) as look:
        rows = [_item(row) for row in courses.list_programme_rows(look.session, contract)]
    columns = (
        out.Column("code", "代码"),
        out.Column("name", "名称"),
        out.Column("department", "委托科室"),
        out.Column("season", "时间"),
        out.Column("exams", "考试", right=True),
        out.Column("courses", "课程", right=True),
        out.Column("audience", "对象", spare=True),
        out.Column("in_contract", "合同里有", spare=True),
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
    """查看一个培训项目：委托科室、时间、对象，和它的考试、课程。"""
    contract = door.contract(ctx)
    with door.look(ctx) as look:
        programme = queries.get_programme(look.session, name)
        row = next(
            each
            for each in courses.list_programme_rows(look.session, contract)
            if each.programme.id == programme.id
        )
        item = _item(row)
        held = [
            {"ref": exam.ref, "title": exam.title, "opens_at": exam.opens_at, "is_invented": exam.is_invented}
            for exam in exams.list_exams_of(look.session, programme.id)
        ]
        given = [
            course_item(course, owner)
            for course, owner in courses.list_courses(look.session, programme_id=programme.id)
        ]
    if as_json:
        plain = [{key: part for key, part in each.items() if key != "state_style"} for each in given]
        out.value({**item, "exams": held, "courses": plain})
        return
    out.fields(item, _HEADS, as_json=False)
    columns = (
        out.Column("ref", "考试"),
        out.Column("title", "名称"),
        out.Column("opens_at", "开考"),
        out.Column("is_invented", "虚构"),
    )
    out.rows(held, columns, as_json=False, title="考试", empty="这个项目还没有安排考试。")
    own = tuple(column for column in COLUMNS if column.key != "programme")
    out.rows(given, own, as_json=False, title="课程", empty="这个项目还没有课程。")


def _item(row: courses.ProgrammeRow) -> dict[str, object]:
    """A programme for people and programs."""
    said = row.programme.model_dump(exclude={"id"})
    return {**said, "in_contract": row.in_contract, "exams": row.exams, "courses": row.courses}
