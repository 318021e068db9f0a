"""`eduops learner suspend|resume|move|merge`: what becomes of a learner; nobody is deleted."""

from collections.abc import Callable
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.learner_screen import STATES, ReasonOption, StaffNumberArgument, TenantOption
from eduops.cli.noun import Noun
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Tenant
from eduops.training.queries import learner as queries
from eduops.training.queries import tenant as tenants
from eduops.training.service import learner as service

verbs = Noun("学员的停用、调动和合并。")

NumbersArgument = Annotated[list[str], typer.Argument(help="工号，可以几个。", metavar="工号...")]


def _add_change(name: str, act: Callable[..., None], state: str, example: str, summary: str) -> None:
    """A verb that needs nothing but a reason, and can be taken back."""

    def change(
        ctx: typer.Context,
        numbers: NumbersArgument,
        reason: ReasonOption,
        tenant: TenantOption = None,
        dry_run: out.DryRunOption = False,
        as_json: out.JsonOption = False,
    ) -> None:
        _change(ctx, act, state, numbers, tenant, reason, dry_run=dry_run, as_json=as_json)

    change.__doc__ = summary
    verbs.verb(name, example=example)(change)


_add_change(
    "suspend",
    service.suspend,
    "suspended",
    "eduops learner suspend 10023 10024 --tenant main --reason 离职",
    "停用离开的学员：不能参加新的考试，成绩和记录都保留。",
)
_add_change(
    "resume",
    service.resume,
    "active",
    "eduops learner resume 10023 --tenant main --reason 返岗",
    "恢复停用的学员。",
)


@verbs.verb("move", example="eduops learner move 10023 --tenant main --to east --reason 轮转")
def move(
    ctx: typer.Context,
    number: StaffNumberArgument,
    to: Annotated[str, typer.Option("--to", help="调到哪家机构（代码或名称）。")],
    reason: ReasonOption,
    tenant: TenantOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把学员调到另一家机构；已考的成绩留在原机构，可由原记录查到现在的。"""
    with door.work(ctx, dry_run=dry_run) as work:
        learner = _get(work, number, tenant)
        target = tenants.get_tenant(work.session, to)
        there = service.move(work.session, learner, target, reason=reason, now=work.now)
        item = {
            "staff_number": there.staff_number,
            "name": there.name,
            "tenant": target.name,
            "reason": reason,
        }
        work.changed(_subject(work, learner), moved_to=target.code, id_there=there.id, reason=reason)
    out.done(
        f"{item['name']}（{number}）已调到{item['tenant']}" + out.preview(dry_run), item, as_json=as_json
    )


@verbs.verb("merge", example="eduops learner merge 10023 --into 20001 --tenant main --reason 重复登记")
def merge(
    ctx: typer.Context,
    number: StaffNumberArgument,
    into: Annotated[str, typer.Option("--into", help="保留的那一条的工号。")],
    reason: ReasonOption,
    tenant: TenantOption = None,
    into_tenant: Annotated[
        str | None, typer.Option("--into-tenant", help="保留的那一条所属的机构；不写就与 --tenant 相同。")
    ] = None,
    dry_run: out.DryRunOption = False,
    yes: out.YesOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """同一个人登记了两次：保留一条，另一条并入；并入的成绩和记录仍可查。"""
    if not dry_run:
        out.confirm(f"把工号 {number} 并入 {into}？", yes=yes)
    with door.work(ctx, dry_run=dry_run) as work:
        learner, kept = _get(work, number, tenant), _get(work, into, into_tenant or tenant)
        filled = service.merge(work.session, learner, kept, reason=reason, now=work.now)
        item = {"merged": number, "into": kept.staff_number, "name": kept.name, "reason": reason}
        work.changed(
            _subject(work, learner), merged_into=_subject(work, kept), filled=list(filled), reason=reason
        )
    out.done(f"工号 {number} 已并入 {item['name']}（{into}）" + out.preview(dry_run), item, as_json=as_json)


def _change(
    ctx: typer.Context,
    act: Callable[..., None],
    state: str,
    numbers: list[str],
    tenant: str | None,
    reason: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """All of them or none."""
    with door.work(ctx, dry_run=dry_run) as work:
        names, subjects = [], []
        for number in dict.fromkeys(numbers):
            learner = _get(work, number, tenant)
            act(work.session, learner, reason=reason, now=work.now)
            names.append(f"{learner.name}（{number}）")
            subjects.append(_subject(work, learner))
        work.changed("learner", state=state, learners=subjects, reason=reason)
    item = {"state": state, "staff_numbers": list(dict.fromkeys(numbers)), "reason": reason}
    verb = "已恢复，现在" if state == "active" else ""
    out.done("、".join(names) + f" {verb}{STATES[state]}" + out.preview(dry_run), item, as_json=as_json)


def _get(work: door.Work, number: str, tenant: str | None) -> Learner:
    tenant_id = tenants.get_tenant(work.session, tenant).id if tenant else None
    return queries.get_learner(work.session, number, tenant_id=tenant_id)


def _subject(work: door.Work, learner: Learner) -> str:
    """A learner as the audit log names one: a staff number alone may stand in several tenants."""
    tenant = work.session.get(Tenant, learner.tenant_id)
    return f"learner {tenant.code if tenant else learner.tenant_id}/{learner.staff_number}"
