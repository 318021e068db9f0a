"""`eduops host`: the servers under care."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from eduops.asset import queries, service
from eduops.asset.models import Host
from eduops.asset.rules import LOCAL_ADDRESS, Environment, NewHost, Role
from eduops.cli import chinese, door, out
from eduops.cli.noun import Noun

app = Noun("主机：要看护的服务器。")

_HEADS = {
    "code": "代码",
    "name": "名称",
    "role": "角色",
    "environment": "环境",
    "address": "地址",
    "campus": "院区",
    "bastion": "堡垒机",
    "owner": "责任人",
    "warranty_until": "保修至",
    "is_invented": "虚构",
    "added_at": "登记时间",
    "retired_at": "停用时间",
}
_SHOWN = {**_HEADS, "role_text": "角色", "environment_text": "环境"}
_COLUMNS = tuple(
    out.Column(key, _SHOWN[key], spare=key not in ("code", "name", "address"))
    for key in (
        "code",
        "name",
        "address",
        "role_text",
        "environment_text",
        "campus",
        "owner",
        "warranty_until",
        "retired_at",
    )
)
_ROLES = {
    Role.APPLICATION: "应用服务器",
    Role.DATABASE: "数据库服务器",
    Role.WEB: "网页服务器",
    Role.ALL_IN_ONE: "合一服务器",
}
_ENVIRONMENTS = {Environment.PRODUCTION: "生产", Environment.TEST: "测试"}
chinese.name_choices(_ROLES)
chinese.name_choices(_ENVIRONMENTS)
Code = Annotated[str, typer.Argument(help="主机代码。")]


@app.verb("add", example="eduops host add app-1 --name 应用服务器 --role application")
def add(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="主机代码，英文，例如 app-1。")],
    name: Annotated[str, typer.Option(help="名称。")],
    role: Annotated[Role, typer.Option(help="角色，决定用哪组阈值。")] = Role.ALL_IN_ONE,
    environment: Annotated[Environment, typer.Option(help="生产或测试环境。")] = Environment.PRODUCTION,
    address: Annotated[str, typer.Option(help="IP 地址或主机名；本机写 local。")] = LOCAL_ADDRESS,
    campus: Annotated[str | None, typer.Option(help="院区。")] = None,
    bastion: Annotated[str | None, typer.Option(help="经过的堡垒机。")] = None,
    owner: Annotated[str | None, typer.Option(help="责任人。")] = None,
    warranty: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="保修截止日。")] = None,
    invented: Annotated[bool, typer.Option("--invented", help="虚构的主机，仅供演示。")] = False,
    dry_run: out.DryRunOption = False,
) -> None:
    """登记一台主机。"""
    until = warranty.date() if warranty else None
    new = NewHost(code, name, role, environment, address, campus, bastion, owner, until, invented)
    with door.work(ctx, dry_run=dry_run) as work:
        host = service.add_host(work.session, new, now=work.now)
        work.changed(host.code, action="add", name=name, role=role, environment=environment, address=address)
    out.done(f"{'预演：将' if dry_run else '已'}登记主机 {code}（{name}）")


@app.verb("list", example="eduops host list")
def list_(
    ctx: typer.Context,
    with_retired: Annotated[bool, typer.Option("--all", help="连同停用的主机。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出主机。"""
    with door.look(ctx) as look:
        hosts = queries.list_hosts(look.session, with_retired=with_retired)
    rows = [_row(host) for host in hosts]
    out.rows(rows, _COLUMNS, as_json=as_json, title="主机", empty="还没有登记主机；用 eduops host add 登记")


@app.verb("show", example="eduops host show app-1")
def show(ctx: typer.Context, code: Code, as_json: out.JsonOption = False) -> None:
    """查看一台主机。"""
    with door.look(ctx) as look:
        host = queries.get_host(look.session, code)
    words = {"role": "role_text", "environment": "environment_text"}
    heads = {words.get(key, key): head for key, head in _HEADS.items()}
    out.fields(_row(host), heads, as_json=as_json)


@app.verb("retire", example="eduops host retire app-1 --yes")
def retire(
    ctx: typer.Context, code: Code, yes: out.YesOption = False, dry_run: out.DryRunOption = False
) -> None:
    """停用一台主机；它的巡检历史保留。"""
    out.confirm(f"停用主机 {code}？此后它不再巡检", yes=yes or dry_run)
    with door.work(ctx, dry_run=dry_run) as work:
        service.retire_host(work.session, code, now=work.now)
        work.changed(code, action="retire")
    out.done(f"{'预演：将' if dry_run else '已'}停用主机 {code}")


def _row(host: Host) -> Mapping[str, object]:
    return {
        **{key: getattr(host, key) for key in _HEADS},
        "role_text": f"{_ROLES[Role(host.role)]} {host.role}",
        "environment_text": f"{_ENVIRONMENTS[Environment(host.environment)]} {host.environment}",
    }
