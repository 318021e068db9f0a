"""`eduops tenant`: the organisations whose people learn."""

from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from eduops.cli import door, out, tenant_import, tenant_life
from eduops.cli.failure import FOUND
from eduops.cli.instant import parse_day
from eduops.cli.noun import Noun
from eduops.cli.personal import RevealOption, looking, read_number
from eduops.cli.tenant_screen import (
    CODES,
    CONTRACT_COLUMNS,
    HEADS,
    STYLES,
    FeeOption,
    FeeYuanOption,
    FromOption,
    NumberOption,
    PartyArgument,
    QuotaOption,
    ToOption,
    read_phone,
    read_terms,
    tenant_item,
    terms_item,
)
from eduops.training.models.tenant import Tenant
from eduops.training.queries import tenant as queries
from eduops.training.rules import identity
from eduops.training.rules.hospital_sheet import KIND_NAMES, MOST_HEADCOUNT
from eduops.training.rules.onboarding import TenantTerms
from eduops.training.rules.tenant_watch import judge_parties
from eduops.training.service import tenant as service
from eduops.training.service.onboarding import CONTACT

app = Noun("机构：院区、科室、外院，合同和名额。")
app.add_typer(tenant_import.verbs)
app.add_typer(tenant_life.verbs)


class Kind(StrEnum):
    """A tenant's kind."""

    CAMPUS = "campus"
    DEPARTMENT = "department"
    OUTSIDE_HOSPITAL = "outside_hospital"


@app.verb("sync", example="eduops tenant sync")
def sync(ctx: typer.Context, dry_run: out.DryRunOption = False, as_json: out.JsonOption = False) -> None:
    """按合同文件登记院区和外院；再次运行不会重复登记。"""
    contract = door.contract(ctx)
    with door.work(ctx, dry_run=dry_run) as work:
        result = service.sync_tenants(work.session, contract, now=work.now, actor=work.actor)
        work.changed("tenant", added=result.added, changed=result.changed)
    out.synced("机构", result, as_json=as_json, dry_run=dry_run)


@app.verb(
    "add",
    example="eduops tenant add xu-hospital 虚构医院 --quota 120 --from 2026-12-01 --to 2027-11-30",
)
def add(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="代码，如 xu-hospital；以后不改。", metavar="代码")],
    name: Annotated[str, typer.Argument(help="名称。", metavar="名称")],
    kind: Annotated[
        Kind, typer.Option(help="类别：campus 院区，department 科室，outside_hospital 外院。")
    ] = Kind.OUTSIDE_HOSPITAL,
    parent_body: Annotated[str, typer.Option(help="上级单位的名称；没有就新建。")] = "",
    number: Annotated[
        int | None, typer.Option(help="在合同名单里的序号。", min=1, max=MOST_HEADCOUNT)
    ] = None,
    contract_number: NumberOption = "",
    fee: FeeOption = "",
    fee_yuan: FeeYuanOption = None,
    quota: QuotaOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    contact: Annotated[str, typer.Option(help="联系人。")] = "",
    contact_phone: Annotated[
        bool,
        typer.Option(
            "--contact-phone",
            help="登记联系人电话：从键盘或标准输入读，不写在命令行里（命令行会留在历史记录里）；加密保存。",
        ),
    ] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一家机构和与它约定的合同。"""
    agreed = read_terms(contract_number, fee, fee_yuan, quota, from_, to)
    phone = read_phone(read_number("联系人电话")) if contact_phone else ""
    terms = TenantTerms(code, name, kind.value, parent_body or None, number, agreed)
    with door.work(ctx, dry_run=dry_run) as work:
        sealed = door.cipher(work).seal(phone, CONTACT) if phone else None
        made = service.add_tenant(
            work.session, terms, now=work.now, actor=work.actor, contact=contact, phone=sealed
        )
        row = tenant_item(made, parent_body or None, 0, (), date.min)
        work.changed(made.code, name=name, kind=kind.value)
    said = f"已登记{KIND_NAMES[kind.value]}「{name}」（{code}）" + out.preview(dry_run)
    out.done(said, row, as_json=as_json)


@app.verb("list", example="eduops tenant list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出机构、在册学员数、名额和合同到期日。"""
    with door.look(ctx) as look:
        today = _today(ctx, look)
        with_invented = look.home.load_settings().invented
        bodies = {
            row.body.name: row for row in queries.list_bodies(look.session, with_invented=with_invented)
        }
        rows = [
            tenant_item(
                row.tenant,
                row.body,
                row.learners,
                row.contracts or (bodies[row.body].contracts if row.body else ()),
                today,
                is_bodys=not row.contracts and row.body is not None,
            )
            for row in queries.list_tenants(look.session)
        ]
    columns = (
        out.Column("number", "编号", right=True),
        out.Column("code", "代码", spare=True),
        out.Column("name", "名称"),
        out.Column("kind_text", "类别"),
        out.Column("learners", "学员", right=True),
        out.Column("headcount_quota", "名额", right=True),
        out.Column("contract_until", "到期"),
        out.Column("state_text", "状态", style_key="state_style"),
        out.Column("parent_body", "上级单位", spare=True),
    )
    out.rows(rows, columns, as_json=as_json, title="机构", empty="还没有机构。按合同登记：eduops tenant sync")


@app.verb("show", example="eduops tenant show heshan-peoples-hospital")
def show(
    ctx: typer.Context, name: PartyArgument, reveal: RevealOption = False, as_json: out.JsonOption = False
) -> None:
    """查看一家机构或上级单位：类别、联系人、学员数、历次合同。"""
    with looking(ctx, reveal=reveal, subject=name) as personal:
        look = personal.look
        party = queries.get_party(look.session, name)
        contracts = queries.list_contracts(look.session).get(queries.owner_of(party), [])
        today = _today(ctx, look)
        if isinstance(party, Tenant):
            found = next(row for row in queries.list_tenants(look.session) if row.tenant.id == party.id)
            item = tenant_item(found.tenant, found.body, found.learners, contracts, today)
            item["contact"] = found.tenant.contact
            item["contact_phone"] = personal.show(
                found.tenant.contact_phone_sealed, CONTACT, identity.mask_phone
            )
            item["state_reason"] = found.tenant.state_reason
        else:
            body = next(row for row in queries.list_bodies(look.session) if row.body.id == party.id)
            item = {"code": party.code, "name": party.name, "kind": "parent_body", "kind_text": "上级单位"}
            item |= {"tenants": body.tenants, "learners": body.learners, **terms_item(contracts, today)}
        history = [each.model_dump(exclude={"id", "tenant_id", "parent_body_id"}) for each in contracts]
    if as_json:
        item.pop("state_style", None)
        out.value({**item, "contracts": history})
        return
    out.fields(item, {key: head for key, head in HEADS.items() if key in item}, as_json=False)
    out.rows(history, CONTRACT_COLUMNS, as_json=False, title="历次合同", empty="没有登记合同。")


@app.verb("check", example="eduops tenant check --as-of 2027-09-01")
def check(
    ctx: typer.Context,
    as_of: Annotated[str | None, typer.Option("--as-of", help="按哪一天看；不写就是今天。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """检查合同到期（90、30、7 天内）和学员超出名额；有发现时退出码为 1。"""
    with door.look(ctx) as look:
        today = parse_day(as_of, option="--as-of") if as_of else _today(ctx, look)
        with_invented = look.home.load_settings().invented
        found = judge_parties(queries.list_parties(look.session, with_invented=with_invented), today)
    rows = [{**asdict(each), "style": STYLES[each.code], "code_text": CODES[each.code]} for each in found]
    columns = (out.Column("code_text", "发现", style_key="style"), out.Column("text", "说明"))
    out.rows(
        rows,
        columns,
        as_json=as_json,
        title=f"机构检查（{today}）",
        empty=f"截至 {today}，没有将到期、已到期或超员的机构。",
    )
    if any(each.code == "no_end" for each in found) and not as_json:
        out.warn("没有到期日的，照合同补上：eduops tenant renew 机构 --from 日期 --to 日期")
    if found:
        raise typer.Exit(FOUND)


def _today(ctx: typer.Context, look: door.Look) -> date:
    return look.now.astimezone(door.contract(ctx).zone_info).date()
