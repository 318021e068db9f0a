"""What is written and kept about a ticket: plan, maintenance record, attachments, corrections."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.actor import require_actor
from eduops.cli.change_text import render_value
from eduops.cli.instant import parse_as_of, parse_happened
from eduops.cli.noun import Noun
from eduops.cli.target import ForceOption, refuse_existing
from eduops.cli.ticket_screen import AtOption, RefArgument, ticket_row
from eduops.cli.usage import typed_here
from eduops.desk.rules import word
from eduops.desk.service import attachment as attachments
from eduops.desk.service import ticket as service

verbs = Noun("工单的书面材料。")


@verbs.verb("plan", example="eduops ticket plan INC-2026-0001 --deadline '2026-03-06 21:00' --file 方案.docx")
def plan(
    ctx: typer.Context,
    ref: RefArgument,
    deadline: Annotated[str, typer.Option(help="方案约定的期限；只写日期指当天结束。")],
    file: Annotated[Path | None, typer.Option(help="方案文件，作为附件保存。")] = None,
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记提交书面方案（2.3）：故障 8 小时不能解决时要有。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work:
        instant = parse_happened(at, now=work.now, zone=zone)
        due = parse_as_of(deadline, now=work.now, zone=zone, option="--deadline")
        ticket = service.take_step(
            work.session, ref, "plan", at=instant, now=work.now, actor=work.actor, zone=zone,
            values={"deadline": due},
        )  # fmt: skip
        if file:
            attachments.attach(
                work.session, work.home.folder("attachments"), ref, file, now=work.now, actor=work.actor,
                is_rehearsal=dry_run,
            )  # fmt: skip
        row = ticket_row(ticket)
        work.changed(ref, step="plan", at=instant.isoformat(), deadline=due.isoformat())
    said = f"{ref} 已登记提交方案：{out.text(instant)}，约定期限 {out.text(due)}"
    out.done(said + out.preview(dry_run), row, as_json=as_json)


@verbs.verb(
    "record",
    example="eduops ticket record INC-2026-0001 --cause 连接池耗尽 --engineer 王工（虚构） --solution 扩大连接池 "
    "--process 改配置后重启 --result 已恢复",
)
def record(
    ctx: typer.Context,
    ref: RefArgument,
    cause: Annotated[str, typer.Option(help="故障原因。")],
    engineer: Annotated[str, typer.Option(help="实施工程师。")],
    solution: Annotated[str, typer.Option(help="解决办法。")],
    process: Annotated[str, typer.Option(help="实施过程。")],
    result: Annotated[str, typer.Option(help="维护结果。")],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """写维护记录（5.3.4）：关闭故障和计划内作业之前要有；再写就替换，原来的留在经过里。"""
    new = service.NewRecord(cause, engineer, solution, process, result)
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        made = service.record_maintenance(work.session, ref, new, now=work.now, actor=work.actor)
        row = {"ref": ref, **made.model_dump(exclude={"ticket_id"})}
        work.changed(ref, step="record")
    out.done(f"{ref} 的维护记录已写好" + out.preview(dry_run), row, as_json=as_json)


@verbs.verb("attach", example="eduops ticket attach INC-2026-0001 截图.png")
def attach(
    ctx: typer.Context,
    ref: RefArgument,
    file: Annotated[Path, typer.Argument(help="要保存的文件。", metavar="文件")],
    name: Annotated[str, typer.Option(help="保存成什么名字；不写就用文件名。")] = "",
    as_json: out.JsonOption = False,
) -> None:
    """给工单加一个附件：内容按校验值存一份。"""
    with door.work(ctx) as work:
        made, is_new = attachments.attach(
            work.session,
            work.home.folder("attachments"),
            ref,
            file,
            name=name,
            now=work.now,
            actor=work.actor,
        )
        row = {"ref": ref, **made.model_dump(exclude={"ticket_id"}), "is_new": is_new}
        if is_new:
            work.changed(ref, step="attach", name=made.name, sha256=made.sha256)
    said = (
        f"{ref} 已保存附件「{row['name']}」" if is_new else f"{ref} 已有同样的附件「{row['name']}」，没有改动"
    )
    out.done(said, row, as_json=as_json)


@verbs.verb("attachment", example="eduops ticket attachment INC-2026-0001 截图.png --out 截图.png")
def attachment(
    ctx: typer.Context,
    ref: RefArgument,
    name: Annotated[str, typer.Argument(help="附件的名字，见 ticket show。", metavar="名字")],
    target: Annotated[Path, typer.Option("--out", help="写到哪里。")],
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """取出一个附件，先核对内容没有变。"""
    refuse_existing(target, force=force)
    with door.look(ctx) as look:
        folder = look.home.folder("attachments")
        made = attachments.hand_out(look.session, folder, ref, name, target=target)
        row = {"ref": ref, "out": str(target), **made.model_dump(exclude={"ticket_id"})}
    out.done(f"附件「{name}」已写到 {target}", row, as_json=as_json)


@verbs.verb(
    "correct", example="eduops ticket correct INC-2026-0001 responded_at '2026-03-05 12:05' --reason 记错了"
)
def correct(
    ctx: typer.Context,
    ref: RefArgument,
    field: Annotated[
        str, typer.Argument(help="字段，如 responded_at、plan_deadline、exclusions[1].to。", metavar="字段")
    ],
    value: Annotated[str, typer.Argument(help="正确的值；写成空的 '' 就是去掉。", metavar="值")],
    reason: Annotated[str, typer.Option(help="为什么更正。")],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """更正一个时刻或一项内容：原来的值留在经过里；须设 EDUOPS_ACTOR。"""
    require_actor("更正工单")
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        before, after = service.correct(
            work.session, ref, field, value, reason=reason, now=work.now, actor=work.actor, zone=zone
        )
        row = {"ref": ref, "field": field, "before": before, "after": after, "reason": reason}
        work.changed(ref, step="correct", field=field, before=before, after=after, reason=reason)
    was, now = render_value(field, before), render_value(field, after)
    said = f"{ref} 的{word.name_field(field)}已更正：{was} → {now}"
    out.done(said + out.preview(dry_run), row, as_json=as_json)
