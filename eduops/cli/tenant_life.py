"""`eduops tenant renew|suspend|resume|close`: what becomes of a tenant."""

from dataclasses import asdict

import typer

from eduops.cli import door, out
from eduops.cli.learner_screen import ReasonOption
from eduops.cli.noun import Noun
from eduops.cli.tenant_screen import (
    STATES,
    FeeOption,
    FeeYuanOption,
    FromOption,
    NumberOption,
    PartyArgument,
    QuotaOption,
    TenantArgument,
    ToOption,
    read_terms,
)
from eduops.core.errors import UsageError
from eduops.training.queries import tenant as queries
from eduops.training.service import tenant as service

verbs = Noun("机构的续签、停用和关闭。")


@verbs.verb("renew", example="eduops tenant renew 鹤山市人民医院 --to 2030-11-30 --quota 150")
def renew(
    ctx: typer.Context,
    name: PartyArgument,
    contract_number: NumberOption = "",
    fee: FeeOption = "",
    fee_yuan: FeeYuanOption = None,
    quota: QuotaOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记续签或补登记合同；没写的项目沿用上一份，上一份保留可查。"""
    given = read_terms(contract_number, fee, fee_yuan, quota, from_, to)
    if given.is_empty:
        raise UsageError("没有写要登记的内容", hint="至少写 --to、--quota、--fee-yuan 等中的一项")
    with door.work(ctx, dry_run=dry_run) as work:
        party = queries.get_party(work.session, name)
        before = queries.list_contracts(work.session).get(queries.owner_of(party), [])
        agreed = service.follow_on(given, before)
        service.renew(work.session, party, agreed, now=work.now, actor=work.actor)
        item = {"code": party.code, "name": party.name, **asdict(agreed)}
        work.changed(
            party.code, renewed_to=agreed.last_on and agreed.last_on.isoformat(), quota=agreed.headcount_quota
        )
    said = f"已登记 {item['name']} 的合同：{agreed.start_on or '（起始未写）'} 至 {agreed.last_on or '（到期未写）'}"
    said += f"，名额 {agreed.headcount_quota} 人" if agreed.headcount_quota is not None else ""
    out.done(said + out.preview(dry_run), item, as_json=as_json)


def _add_change(name: str, state: str, example: str, summary: str) -> None:
    """A verb that needs nothing but a reason, and can be taken back."""

    def change(
        ctx: typer.Context,
        name: TenantArgument,
        reason: ReasonOption,
        dry_run: out.DryRunOption = False,
        as_json: out.JsonOption = False,
    ) -> None:
        _change_state(ctx, name, state, reason, dry_run=dry_run, as_json=as_json)

    change.__doc__ = summary
    verbs.verb(name, example=example)(change)


_add_change(
    "suspend",
    "suspended",
    "eduops tenant suspend 虚构医院 --reason 欠费",
    "停用一家机构：学员不能参加新的考试，数据都保留。",
)
_add_change("resume", "active", "eduops tenant resume 虚构医院 --reason 已付费", "恢复一家停用或关闭的机构。")


@verbs.verb("close", example="eduops tenant close 虚构医院 --reason 合同期满不再续签")
def close(
    ctx: typer.Context,
    name: TenantArgument,
    reason: ReasonOption,
    dry_run: out.DryRunOption = False,
    yes: out.YesOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """关闭一家机构：不再出现在到期和超员检查里；成绩和学员都保留。"""
    if not dry_run:
        out.confirm(f"关闭机构「{name}」？", yes=yes)
    _change_state(ctx, name, "closed", reason, dry_run=dry_run, as_json=as_json)


def _change_state(
    ctx: typer.Context, name: str, state: str, reason: str, *, dry_run: bool, as_json: bool
) -> None:
    with door.work(ctx, dry_run=dry_run) as work:
        tenant = queries.get_tenant(work.session, name)
        service.change_state(work.session, tenant, state, reason=reason, now=work.now)
        item = {"code": tenant.code, "name": tenant.name, "state": state, "reason": reason}
        work.changed(tenant.code, state=state, reason=reason)
    said = "已恢复使用" if state == "active" else STATES[state]
    out.done(f"机构「{item['name']}」{said}" + out.preview(dry_run), item, as_json=as_json)
