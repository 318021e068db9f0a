"""`eduops host`: the servers under care."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from eduops.asset.rules import LOCAL_ADDRESS, Environment, NewHost, Role
from eduops.asset.rules.kind import HOSTS
from eduops.asset.rules.word import ENVIRONMENTS, ROLES
from eduops.cli import chinese, door, host_entry, host_file, host_map, out
from eduops.cli.host_entry import AllOption, NameOption
from eduops.cli.noun import Noun

app = Noun("主机：要看护的服务器。")
app.add_typer(host_file.verbs)
app.add_typer(host_map.verbs)

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
_COLUMNS = host_entry.build_columns(
    _SHOWN, "code name address", "role_text environment_text campus owner warranty_until retired_at"
)
chinese.name_choices({role: ROLES[role] for role in Role})
chinese.name_choices({environment: ENVIRONMENTS[environment] for environment in Environment})
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
    as_json: out.JsonOption = False,
) -> None:
    """登记一台主机。"""
    until = warranty.date() if warranty else None
    new = NewHost(code, name, role, environment, address, campus, bastion, owner, until, invented)
    host_entry.add(ctx, new, dry_run=dry_run, as_json=as_json)


@app.verb("list", example="eduops host list")
def list_(
    ctx: typer.Context,
    with_retired: AllOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出主机。"""
    with door.look(ctx) as look:
        rows = [_row(item) for item in host_entry.list_items(look, HOSTS, with_retired=with_retired)]
    out.rows(rows, _COLUMNS, as_json=as_json, title="主机", empty="还没有登记主机；用 eduops host add 登记")


@app.verb("show", example="eduops host show app-1")
def show(ctx: typer.Context, code: Code, as_json: out.JsonOption = False) -> None:
    """查看一台主机。"""
    with door.look(ctx) as look:
        item = host_entry.get_item(look, HOSTS, code)
    words = {"role": "role_text", "environment": "environment_text"}
    heads = {words.get(key, key): head for key, head in _HEADS.items()}
    out.fields(_row(item), heads, as_json=as_json)


@app.verb("change", example="eduops host change app-1 --address 10.66.0.12 --owner 李工")
def change(
    ctx: typer.Context,
    code: Code,
    name: NameOption = None,
    role: Annotated[Role | None, typer.Option(help="改成的角色。")] = None,
    environment: Annotated[Environment | None, typer.Option(help="改成的环境。")] = None,
    address: Annotated[str | None, typer.Option(help="改成的 IP 地址或主机名。")] = None,
    campus: Annotated[str | None, typer.Option(help="改成的院区。")] = None,
    bastion: Annotated[str | None, typer.Option(help="改成的堡垒机。")] = None,
    owner: Annotated[str | None, typer.Option(help="改成的责任人。")] = None,
    warranty: Annotated[str | None, typer.Option(help="改成的保修截止日，如 2027-12-31。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """改一台主机，只改写了的项；院区、堡垒机、责任人、保修写空的 '' 就是去掉。"""
    changes = host_entry.given(
        name=name,
        role=role,
        environment=environment,
        address=address,
        campus=campus,
        bastion=bastion,
        owner=owner,
    )
    host_entry.read_texts(changes, ("campus", "bastion", "owner"))
    if warranty is not None:
        changes["warranty_until"] = host_entry.read_day(warranty, "--warranty")
    host_entry.change(ctx, HOSTS, code, changes, dry_run=dry_run, as_json=as_json)


@app.verb("retire", example="eduops host retire app-1 --yes")
def retire(
    ctx: typer.Context,
    code: Code,
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """停用一台主机；它的巡检历史保留。上面还有服务或许可时不能停用。"""
    host_entry.retire(ctx, HOSTS, code, yes=yes, dry_run=dry_run, as_json=as_json)


def _row(item: Mapping[str, object]) -> Mapping[str, object]:
    return {
        **{key: item[key] for key in _HEADS},
        "role_text": f"{item['role_text']} {item['role']}",
        "environment_text": f"{item['environment_text']} {item['environment']}",
    }
