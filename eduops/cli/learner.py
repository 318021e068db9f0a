"""`eduops learner`: the people who learn."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, learner_department, learner_life, out
from eduops.cli.learner_screen import HEADS, StaffNumberArgument, TenantOption, learner_item
from eduops.cli.noun import Noun
from eduops.cli.personal import RevealOption, looking, read_number
from eduops.cli.roster_screen import find_roster, tell, warn_unused, write_marked
from eduops.cli.target import ForceOption, check_table, check_workbook
from eduops.core.errors import InputError, NotFound
from eduops.core.files import OWNERS_ONLY, READABLE
from eduops.sheet.export import write_csv, write_table
from eduops.sheet.read import read_workbook
from eduops.training.models.learner import Learner
from eduops.training.queries import learner as queries
from eduops.training.queries import tenant as tenants
from eduops.training.rules.roster_export import build_roster_table
from eduops.training.service import learner as service
from eduops.training.service.roster import import_roster

app = Noun("学员：名册、查询、调动、停用、合并。")
app.add_typer(learner_life.verbs)
app.add_typer(learner_department.verbs, name="department")

_COLUMNS = (
    out.Column("tenant", "机构"),
    out.Column("staff_number", "工号"),
    out.Column("name", "姓名"),
    out.Column("category_text", "人员类别"),
    out.Column("department", "科室"),
    out.Column("title", "职称", spare=True),
    out.Column("level", "层级", spare=True),
    out.Column("phone", "手机号", spare=True),
    out.Column("id_number", "身份证号", spare=True),
    out.Column("state_text", "状态", style_key="state_style"),
)
_PRESENT = ("active", "suspended")


@app.verb("import", example="eduops learner import 名册.xlsx --tenant main")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="名册：xlsx、xls、csv 等，至少有姓名和工号（或邮箱、身份证号、手机号）。", metavar="文件"
        ),
    ],
    tenant: Annotated[str | None, typer.Option(help="名册没有机构列时，学员所属机构的代码或名称。")] = None,
    suspend_absent: Annotated[
        bool, typer.Option("--suspend-absent", help="不在名册上的在册学员视为已离开，停用（不删除）。")
    ] = False,
    marked: Annotated[Path | None, typer.Option(help="有错误时，标注了错误的副本写到哪里（.xlsx）。")] = None,
    invented: Annotated[bool, typer.Option("--invented", help="标明这些人是虚构的（演示用）。")] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导入一份名册：有一处错误就全部不写入，并逐格列出；同一份再导入不会重复。"""
    if marked is not None:
        check_workbook(marked, force=False)
    workbook = read_workbook(file)
    roster = find_roster(workbook)
    warn_unused(file, roster)
    try:
        with door.work(ctx, dry_run=dry_run) as work:
            owner = tenants.get_tenant(work.session, tenant) if tenant else None
            result = import_roster(
                work.session, roster, file=file.name, tenant=owner, cipher=door.cipher(work), now=work.now,
                is_invented=invented, suspend_absent=suspend_absent,
            )  # fmt: skip
            if result.added or result.changed or result.suspended:
                work.changed(
                    file.name, added=result.added, changed=result.changed, suspended=result.suspended
                )
    except InputError as error:
        if marked is not None and error.problems:
            write_marked(workbook, roster, marked, error)
            out.warn(f"标注了错误的副本：{marked}")
            error.hint = "改正所列单元格后重新导入"
        raise
    said = f"名册 {file.name} 共 {result.rows} 人：新增 {result.added}，更新 {result.changed}，未变 {result.unchanged}"
    said += f"，不在册 {len(result.inactive)}" if result.inactive else ""
    said += f"；停用 {result.suspended}" if result.suspended else ""
    said += out.preview(dry_run)
    said += "".join(f"\n  · {sentence}" for sentence in roster.assumptions)
    if result.departments_mapped:
        said += f"\n  · 科室按科室字典改写，{result.departments_mapped} 人"
    if not as_json:
        tell(result)
        out.done(said)
        return
    where = {
        "file": str(file),
        "sheet": roster.sheet,
        "header_row": roster.header_row,
        "columns": roster.columns,
    }
    told = {"unused": roster.unused, "assumptions": roster.assumptions}
    out.value({**where, **told, **asdict(result)})


@app.verb("list", example="eduops learner list --tenant main --limit 20")
def list_(
    ctx: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="只看这个机构（代码或名称）。")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="连同已调走、已合并的一起列出。")] = False,
    limit: Annotated[int, typer.Option(help="最多列出多少人。", min=1, max=out.MOST_ROWS)] = 50,
    reveal: RevealOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出学员；手机号和身份证号打码显示。"""
    states = () if everybody else _PRESENT
    with looking(ctx, reveal=reveal, subject=f"learner list {tenant or ''}".strip()) as personal:
        session = personal.look.session
        tenant_id = tenants.get_tenant(session, tenant).id if tenant else None
        found = queries.list_learners(session, tenant_id=tenant_id, states=states, limit=limit)
        rows = [learner_item(learner, owner, personal) for learner, owner in found]
        total = queries.count_listed(session, tenant_id=tenant_id, states=states)
    out.rows(
        rows,
        _COLUMNS,
        as_json=as_json,
        title="学员",
        empty="没有学员。导入名册：eduops learner import 文件",
        total=total,
    )


@app.verb("show", example="eduops learner show 10023 --tenant main")
def show(
    ctx: typer.Context,
    number: StaffNumberArgument,
    tenant: TenantOption = None,
    reveal: RevealOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """查看一名学员：机构、科室、状态，以及调动或合并到哪里。"""
    with looking(ctx, reveal=reveal, subject=f"learner {number}") as personal:
        session = personal.look.session
        tenant_id = tenants.get_tenant(session, tenant).id if tenant else None
        learner = queries.get_learner(session, number, tenant_id=tenant_id)
        item = learner_item(learner, _tenant_name(personal.look, learner), personal)
        present = service.find_present(session, learner)
        if present is not learner:
            item["goes_on_as"] = f"{_tenant_name(personal.look, present)} {present.staff_number}"
    item.pop("state_style")
    out.fields(item, {key: head for key, head in HEADS.items() if key in item}, as_json=as_json)


@app.verb("find", example="eduops learner find")
def find(ctx: typer.Context, reveal: RevealOption = False, as_json: out.JsonOption = False) -> None:
    """按手机号或身份证号找学员；号码从键盘或标准输入读，不写在命令行里。"""
    said = read_number("手机号或身份证号")
    with looking(ctx, reveal=reveal, subject="learner find") as personal:
        found = queries.find_by_personal(personal.look.session, said, door.cipher(personal.look))
        rows = [learner_item(learner, owner, personal) for learner, owner in found]
    if not rows:
        raise NotFound("没有这个手机号或身份证号的学员", hint="核对号码是否完整")
    out.rows(rows, _COLUMNS, as_json=as_json, title="学员", empty="")


@app.verb("duplicates", example="eduops learner duplicates --json")
def duplicates(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出身份证号或手机号相同的学员，同一机构和不同机构之间；核对后用 learner merge 合并。"""
    with looking(ctx, reveal=False, subject="") as personal:
        rows = [
            {"by": field, "by_text": word, **learner_item(learner, owner, personal)}
            for field, word in (("id_number", "身份证号"), ("phone", "手机号"))
            for learner, owner in queries.list_double_hashes(personal.look.session, field)
        ]
    columns = (out.Column("by_text", "相同的是"), *_COLUMNS)
    out.rows(rows, columns, as_json=as_json, title="可能重复的学员", empty="没有身份证号或手机号相同的学员。")


@app.verb("export", example="eduops learner export 名册.xlsx --tenant main")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="写到哪个文件（.xlsx 或 .csv）。", metavar="文件")],
    tenant: Annotated[str | None, typer.Option(help="只写这个机构（代码或名称）。")] = None,
    reveal: RevealOption = False,
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把在册学员写成名册，列和导入的相同；手机号和身份证号打码，打码的再导入不会改动已存的值。"""
    check_table(file, force=force)
    subject = f"learner export {tenant or ''}".strip()
    with looking(ctx, reveal=reveal, subject=subject, must_open=True) as personal:
        session = personal.look.session
        tenant_id = tenants.get_tenant(session, tenant).id if tenant else None
        found = queries.list_learners(session, tenant_id=tenant_id, states=("active",))
        rows = [learner_item(learner, owner, personal) for learner, owner in found]
    table = build_roster_table(rows, is_masked=not reveal)
    mode = OWNERS_ONLY if reveal else READABLE
    if file.suffix.lower() == ".csv":
        write_csv(file, table, is_for_people=True, mode=mode)
    else:
        write_table(file, [table], mode=mode)
    said = f"{len(rows)} 名学员已写到 {file}" + ("" if reveal else "（手机号、身份证号已打码）")
    out.done(said, {"file": str(file), "learners": len(rows), "masked": not reveal}, as_json=as_json)


@app.verb("count", example="eduops learner count --json")
def count(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """在册学员共多少人；真实的数据目录里，演练用的虚构学员另计。"""
    with door.look(ctx) as look:
        everybody = queries.count_learners(look.session)
        real = queries.count_learners(look.session, with_invented=look.home.load_settings().invented)
    apart = everybody - real
    said = f"在册学员 {real} 人" + (f"，另有虚构 {apart} 人" if apart else "")
    out.done(said, {"learners": real, "invented_apart": apart}, as_json=as_json)


def _tenant_name(look: door.Look, learner: Learner) -> str:
    return next(
        row.tenant.name for row in tenants.list_tenants(look.session) if row.tenant.id == learner.tenant_id
    )
