"""What the commands over tenants share: options, terms read from them, a tenant as a row."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from eduops.cli import out
from eduops.cli.instant import parse_day
from eduops.core.errors import UsageError
from eduops.training.models.tenant import Tenant, TenantContract
from eduops.training.queries import tenant as queries
from eduops.training.rules import identity
from eduops.training.rules.hospital_sheet import KIND_NAMES, MOST_HEADCOUNT
from eduops.training.rules.onboarding import AgreedTerms
from eduops.training.rules.tenant_watch import find_terms

STATES = {"active": "在用", "suspended": "已停用", "closed": "已关闭"}

TenantArgument = Annotated[str, typer.Argument(help="机构的代码或名称。", metavar="机构")]
PartyArgument = Annotated[str, typer.Argument(help="机构或上级单位的代码或名称。", metavar="机构")]
NumberOption = Annotated[str, typer.Option("--contract-number", help="合同编号，照纸上写。")]
FeeOption = Annotated[str, typer.Option(help="怎样收费，如「收费」。")]
FeeYuanOption = Annotated[str | None, typer.Option("--fee-yuan", help="合同金额（元），如 12000.50。")]
QuotaOption = Annotated[int | None, typer.Option(help="约定的学习人数上限。", min=0, max=MOST_HEADCOUNT)]
FromOption = Annotated[str | None, typer.Option("--from", help="合同从哪天起，如 2026-12-01。")]
ToOption = Annotated[str | None, typer.Option("--to", help="合同到哪天止（含），如 2027-11-30。")]


CODES = {
    "expired": "已到期",
    "expires": "将到期",
    "over_quota": "超员",
    "not_begun": "未开始",
    "no_end": "缺到期日",
}
STYLES = {
    "expired": "red",
    "expires": "yellow",
    "over_quota": "yellow",
    "not_begun": "cyan",
    "no_end": "cyan",
}
HEADS = {
    "code": "代码",
    "name": "名称",
    "kind_text": "类别",
    "parent_body": "上级单位",
    "number": "编号",
    "state_text": "状态",
    "state_reason": "状态说明",
    "contact": "联系人",
    "contact_phone": "联系电话",
    "tenants": "下属机构",
    "learners": "在册学员",
    "headcount_quota": "名额",
    "contract_until": "到期",
}
CONTRACT_COLUMNS = (
    out.Column("number", "合同编号"),
    out.Column("start_on", "从"),
    out.Column("last_on", "到（含）"),
    out.Column("headcount_quota", "名额", right=True),
    out.Column("fee", "收费"),
    out.Column("fee_yuan", "金额（元）", right=True),
    out.Column("recorded_at", "登记时间"),
    out.Column("actor", "登记人"),
)


def tenant_item(
    tenant: Tenant,
    body: str | None,
    learners: int,
    contracts: Sequence[TenantContract],
    today: date,
    *,
    is_bodys: bool = False,
) -> dict[str, object]:
    """A tenant for people and programs; `is_bodys`: the contracts are its parent body's."""
    terms = terms_item(contracts, today)
    if is_bodys:
        terms["headcount_quota"] = None
    return {
        "code": tenant.code,
        "name": tenant.name,
        "kind": tenant.kind,
        "kind_text": KIND_NAMES[tenant.kind],
        "parent_body": body,
        "number": tenant.number,
        "state": tenant.state,
        "state_text": STATES[tenant.state],
        "state_style": "" if tenant.state == "active" else "yellow",
        "learners": learners,
        **terms,
    }


def terms_item(contracts: Sequence[TenantContract], today: date) -> dict[str, object]:
    terms = find_terms(queries.to_terms(tuple(contracts)), today)
    chosen = next(
        (
            each
            for each in reversed(contracts)
            if terms and (each.start_on, each.last_on) == (terms.start_on, terms.last_on)
        ),
        None,
    )
    return {
        "fee": chosen.fee if chosen else None,
        "headcount_quota": terms.headcount_quota if terms else None,
        "contract_until": terms.last_on if terms else None,
    }


def read_terms(
    number: str, fee: str, fee_yuan: str | None, quota: int | None, from_: str | None, to: str | None
) -> AgreedTerms:
    start_on = parse_day(from_, option="--from") if from_ else None
    last_on = parse_day(to, option="--to") if to else None
    if start_on and last_on and last_on < start_on:
        raise UsageError(f"--to {to} 早于 --from {from_}", hint="检查两个日期")
    return AgreedTerms(number, fee, _read_fee(fee_yuan) if fee_yuan else None, quota, start_on, last_on)


def _read_fee(text: str) -> Decimal:
    try:
        fee = Decimal(text)
        if not (fee.is_finite() and 0 <= fee < 10**7 and fee == fee.quantize(Decimal("0.01"))):
            raise InvalidOperation
    except InvalidOperation:
        raise UsageError(f"--fee-yuan 的值「{text}」不是金额", hint="写成 12000 或 12000.50") from None
    return fee.quantize(Decimal("0.01"))


def read_phone(text: str) -> str:
    phone = identity.read_phone(text)
    wrong = identity.check_phone(phone) if phone else None
    if wrong:
        raise UsageError(f"联系人电话：{wrong[1]}", hint="改正后重试")
    return phone
