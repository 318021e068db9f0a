"""The steps of a ticket's life: `eduops ticket respond|arrive|wait|go-on|resolve|confirm|reopen|close|…`."""

from typing import Annotated

import typer

from eduops.cli import out
from eduops.cli.noun import Noun
from eduops.cli.ticket_screen import AtOption, RefArgument, check_word, parse_optional, take_step
from eduops.core.errors import UsageError
from eduops.desk.rules import word

verbs = Noun("工单的每一步。")


def _add_plain(name: str, said: str, summary: str) -> None:
    """A step of which nothing is told but when."""

    def take(
        ctx: typer.Context,
        ref: RefArgument,
        at: AtOption = None,
        dry_run: out.DryRunOption = False,
        as_json: out.JsonOption = False,
    ) -> None:
        take_step(ctx, ref, name.replace("-", "_"), said, at=at, as_json=as_json, dry_run=dry_run)

    take.__doc__ = summary
    verbs.verb(name, example=f"eduops ticket {name} INC-2026-0001 --at 12:05")(take)


@verbs.verb("assign", example="eduops ticket assign INC-2026-0001 --to 王工（虚构）")
def assign(
    ctx: typer.Context,
    ref: RefArgument,
    to: Annotated[str, typer.Option(help="指派给谁。")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """指派给一个人处理。"""
    values = {"assignee": to}
    take_step(ctx, ref, "assign", f"指派给{to}", at=at, as_json=as_json, dry_run=dry_run, values=values)


@verbs.verb(
    "escalate", example="eduops ticket escalate INC-2026-0001 --to 二线李工（虚构） --reason 需要改代码"
)
def escalate(
    ctx: typer.Context,
    ref: RefArgument,
    to: Annotated[str, typer.Option(help="升级给支持团队的谁。")],
    reason: Annotated[str, typer.Option(help="为什么升级。")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """升级到支持团队（2.2）。"""
    values = {"escalated_to": to, "reason": reason}
    take_step(ctx, ref, "escalate", f"升级给{to}", at=at, as_json=as_json, dry_run=dry_run, values=values)


_add_plain("respond", "响应", "登记响应。")
_add_plain("arrive", "到场", "登记到达现场。")


@verbs.verb("wait", example="eduops ticket wait INC-2026-0001 --reason 等机房开门 --agreed-by 张老师（虚构）")
def wait(
    ctx: typer.Context,
    ref: RefArgument,
    reason: Annotated[str, typer.Option(help="等待甲方的原因。")],
    agreed_by: Annotated[str, typer.Option(help="甲方谁同意。")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记等待甲方：2.3 的时限从此刻起暂停。"""
    values = {"reason": reason, "agreed_by": agreed_by}
    take_step(ctx, ref, "wait", "等待甲方", at=at, as_json=as_json, dry_run=dry_run, values=values)


_add_plain("go-on", "继续计时", "登记等待结束：时限继续走。")


@verbs.verb("resolve", example="eduops ticket resolve INC-2026-0001 --cause software --solution 重启应用服务")
def resolve(
    ctx: typer.Context,
    ref: RefArgument,
    cause: Annotated[
        str | None, typer.Option(help="查明的原因：software、hardware、network、third_party、customer。")
    ] = None,
    solution: Annotated[str | None, typer.Option(help="解决办法。")] = None,
    remote_agreed_by: Annotated[
        str | None, typer.Option(help="甲方谁同意远程解决（2.4），免于到场。")
    ] = None,
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记解决；重开过的工单登记的是又一次解决，第一次的时刻不变。"""
    if cause:
        check_word("--cause", cause, word.CAUSES)
    values = {"cause": cause, "solution": solution, "remote_agreed_by": remote_agreed_by}
    take_step(ctx, ref, "resolve", "解决", at=at, as_json=as_json, dry_run=dry_run, values=values)


@verbs.verb("confirm", example="eduops ticket confirm INC-2026-0001 --by 张老师（虚构） --how 电话")
def confirm(
    ctx: typer.Context,
    ref: RefArgument,
    by: Annotated[str, typer.Option(help="甲方谁确认。")],
    how: Annotated[str, typer.Option(help="怎样确认，如 电话、签字、微信。")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记甲方对服务的确认（5.3.3）：谁、怎样、何时。"""
    values = {"confirmed_by": by, "confirmed_how": how}
    take_step(ctx, ref, "confirm", f"{by}的确认", at=at, as_json=as_json, dry_run=dry_run, values=values)


@verbs.verb("reopen", example="eduops ticket reopen INC-2026-0001 --reason 又打不开了")
def reopen(
    ctx: typer.Context,
    ref: RefArgument,
    reason: Annotated[str, typer.Option(help="为什么重开。")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """重开一张已解决或已关闭的工单：到再次解决为止算没有解决。"""
    values = {"reason": reason}
    take_step(ctx, ref, "reopen", "重开", at=at, as_json=as_json, dry_run=dry_run, values=values)


_add_plain("close", "关闭", "关闭已解决的工单；故障和计划内作业要先写维护记录。")


@verbs.verb("approve-plan", example="eduops ticket approve-plan INC-2026-0001 --by-department 张主任（虚构）")
def approve_plan(
    ctx: typer.Context,
    ref: RefArgument,
    by_department: Annotated[str | None, typer.Option(help="使用科室谁批准。")] = None,
    by_management: Annotated[str | None, typer.Option(help="管理部门谁批准。")] = None,
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记书面方案的批准：两方都批准后，解决时限改按方案约定的期限（2.3）。"""
    if not by_department and not by_management:
        raise UsageError("没有写谁批准", hint="写 --by-department 或 --by-management，后面跟姓名")
    values = {"department": by_department, "management": by_management}
    take_step(ctx, ref, "approve_plan", "方案批准", at=at, as_json=as_json, dry_run=dry_run, values=values)


@verbs.verb("agree-remote", example="eduops ticket agree-remote INC-2026-0001 --by 张老师（虚构）")
def agree_remote(
    ctx: typer.Context,
    ref: RefArgument,
    by: Annotated[str, typer.Option(help="甲方谁同意。")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记甲方同意远程处理（2.4）：免于到场。"""
    values = {"remote_agreed_by": by}
    take_step(
        ctx, ref, "agree_remote", f"{by}同意远程", at=at, as_json=as_json, dry_run=dry_run, values=values
    )


@verbs.verb(
    "outage", example="eduops ticket outage INC-2026-0001 --start '2026-03-05 09:00' --end '2026-03-05 09:40'"
)
def outage(
    ctx: typer.Context,
    ref: RefArgument,
    start: Annotated[str | None, typer.Option(help="何时停的。")] = None,
    end: Annotated[str | None, typer.Option(help="何时恢复的。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记停机的起止（2.5、2.6）；不登记就从报修算到解决。"""
    if start is None and end is None:
        raise UsageError("没有写停机的起止", hint="写 --start、--end 或两个都写")
    begins, ends = parse_optional(ctx, start, "--start"), parse_optional(ctx, end, "--end")
    values = {"outage_start": begins, "outage_end": ends}
    take_step(ctx, ref, "outage", "停机起止", at=None, as_json=as_json, dry_run=dry_run, values=values)


@verbs.verb("cause", example="eduops ticket cause INC-2026-0001 software")
def cause(
    ctx: typer.Context,
    ref: RefArgument,
    cause: Annotated[
        str,
        typer.Argument(
            help="software、hardware、network、third_party、customer 或 unknown。", metavar="原因"
        ),
    ],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记查明的原因；原来写的留在经过里。"""
    check_word("原因", cause, word.CAUSES)
    said, values = f"原因为{word.CAUSES[cause]}", {"cause": cause}
    take_step(ctx, ref, "cause", said, at=at, as_json=as_json, dry_run=dry_run, values=values)


@verbs.verb("impact", example="eduops ticket impact INC-2026-0001 department")
def impact(
    ctx: typer.Context,
    ref: RefArgument,
    impact: Annotated[str, typer.Argument(help="system、department 或 limited。", metavar="影响")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """改定影响范围；原来写的留在经过里。"""
    check_word("影响", impact, word.IMPACTS)
    said, values = f"影响为{word.IMPACTS[impact]}", {"impact": impact}
    take_step(ctx, ref, "impact", said, at=at, as_json=as_json, dry_run=dry_run, values=values)


@verbs.verb(
    "plan-window",
    example="eduops ticket plan-window REQ-2026-0001 --from '2026-03-07 22:00' --to '2026-03-07 23:00'",
)
def plan_window(
    ctx: typer.Context,
    ref: RefArgument,
    from_: Annotated[str | None, typer.Option("--from", help="计划从何时开始。")] = None,
    to: Annotated[str | None, typer.Option(help="计划到何时结束。")] = None,
    approved_by: Annotated[str | None, typer.Option(help="甲方谁批准；没有批准就是普通停机。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """标明是计划内作业，登记计划的起止和批准人。"""
    values = {
        "planned_from": parse_optional(ctx, from_, "--from"),
        "planned_to": parse_optional(ctx, to, "--to"),
        "planned_approved_by": approved_by,
    }
    take_step(ctx, ref, "plan_window", "计划内作业", at=None, as_json=as_json, dry_run=dry_run, values=values)
