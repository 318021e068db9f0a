"""`eduops interface`: what connects our services with other systems."""

from enum import StrEnum
from typing import Annotated

import typer

from eduops.asset.rules.entry import NewInterface
from eduops.asset.rules.kind import INTERFACES
from eduops.asset.rules.word import DIRECTIONS
from eduops.cli import chinese, door, host_entry, out
from eduops.cli.host_entry import AllOption, NameOption, NoteOption, PortOption
from eduops.cli.noun import Noun

app = Noun("接口：我们的服务与其他系统之间的连接。")


class Direction(StrEnum):
    """Which way the data go, seen from our service."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    BOTH = "both"


chinese.name_choices({direction: DIRECTIONS[direction] for direction in Direction})
_HEADS = {
    "code": "代码", "name": "名称", "service": "服务", "system": "对方系统", "direction_text": "方向",
    "protocol": "协议", "port": "端口", "data": "数据", "contact": "联系人", "note": "备注", "added_at": "登记时间",
    "retired_at": "停用时间",
}  # fmt: skip
_COLUMNS = host_entry.build_columns(
    _HEADS, "code name service system", "direction_text protocol port data retired_at"
)
Code = Annotated[str, typer.Argument(help="接口代码。")]
DirectionOption = Annotated[Direction | None, typer.Option(help="改成的方向，从我们的服务看。")]
ProtocolOption = Annotated[str | None, typer.Option(help="协议，如 HTTPS、HL7 MLLP。")]
DataOption = Annotated[str | None, typer.Option(help="传什么数据。")]
ContactOption = Annotated[str | None, typer.Option(help="对方联系人。")]


@app.verb(
    "add",
    example="eduops interface add if-hr --name 人员同步 --service app-main --system 人事系统 --direction inbound",
)
def add(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="接口代码，英文，例如 if-hr。")],
    name: Annotated[str, typer.Option(help="名称。")],
    service: Annotated[str, typer.Option(help="我们的哪个服务：代码。")],
    system: Annotated[str, typer.Option(help="对方系统，照甲方的叫法。")],
    direction: Annotated[
        Direction, typer.Option(help="方向，从我们的服务看：inbound 接收，outbound 发送，both 双向。")
    ],
    protocol: ProtocolOption = None,
    port: PortOption = None,
    data: DataOption = None,
    contact: ContactOption = None,
    note: NoteOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一个接口。"""
    entry = NewInterface(
        code, name, service, system, direction.value, protocol or "", host_entry.read_whole(port, "--port"),
        data or "", contact or "", note or "",
    )  # fmt: skip
    host_entry.add(ctx, entry, dry_run=dry_run, as_json=as_json)


@app.verb("list", example="eduops interface list --system 人事系统")
def list_(
    ctx: typer.Context,
    system: Annotated[str | None, typer.Option(help="只看与这个系统的。")] = None,
    service: Annotated[str | None, typer.Option(help="只看这个服务的。")] = None,
    with_retired: AllOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出接口。"""
    with door.look(ctx) as look:
        rows = host_entry.list_items(look, INTERFACES, with_retired=with_retired)
    rows = [row for row in rows if system in (None, row["system"]) and service in (None, row["service"])]
    out.rows(rows, _COLUMNS, as_json=as_json, title="接口", empty="没有接口；用 eduops interface add 登记")


@app.verb("show", example="eduops interface show if-hr")
def show(ctx: typer.Context, code: Code, as_json: out.JsonOption = False) -> None:
    """查看一个接口。"""
    host_entry.show(ctx, INTERFACES, code, _HEADS, as_json=as_json)


@app.verb("change", example="eduops interface change if-hr --port 8443")
def change(
    ctx: typer.Context,
    code: Code,
    name: NameOption = None,
    service: Annotated[str | None, typer.Option(help="改属我们的哪个服务：代码。")] = None,
    system: Annotated[str | None, typer.Option(help="改成的对方系统。")] = None,
    direction: DirectionOption = None,
    protocol: ProtocolOption = None,
    port: PortOption = None,
    data: DataOption = None,
    contact: ContactOption = None,
    note: NoteOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """改一个接口，只改写了的项；写空的 '' 就是去掉。"""
    changes = host_entry.given(
        name=name, service=service, system=system, direction=direction and direction.value,
        protocol=protocol, data=data, contact=contact, note=note,
    )  # fmt: skip
    if port is not None:
        changes["port"] = host_entry.read_whole(port, "--port")
    host_entry.change(ctx, INTERFACES, code, changes, dry_run=dry_run, as_json=as_json)


@app.verb("retire", example="eduops interface retire if-hr --yes")
def retire(
    ctx: typer.Context,
    code: Code,
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """停用一个接口；记录保留。"""
    host_entry.retire(ctx, INTERFACES, code, yes=yes, dry_run=dry_run, as_json=as_json)
