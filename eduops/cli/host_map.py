"""`eduops host map` and `impact`: the panorama, and what stops when a host stops."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.asset.queries import inventory as queries
from eduops.asset.rules.host import NewHost
from eduops.asset.rules.impact import Impact, find_impact, list_hosts, list_interfaces, list_services
from eduops.asset.rules.inventory import Inventory
from eduops.asset.rules.kind import HOSTS
from eduops.asset.rules.map_drawio import render_drawio
from eduops.asset.rules.map_layout import build_scene
from eduops.asset.rules.map_svg import render_svg
from eduops.cli import door, host_entry, out, target
from eduops.cli.noun import Noun
from eduops.cli.target import ForceOption
from eduops.core.errors import NotAllowed, NotFound, UsageError
from eduops.core.files import write_whole

verbs = Noun("全景图，和一台主机停机的影响。")
_SERVICE_COLUMNS = (
    out.Column("code", "服务"),
    out.Column("name", "名称"),
    out.Column("host", "所在主机"),
    out.Column("text", "为什么停"),
)
_INTERFACE_COLUMNS = (
    out.Column("code", "接口"),
    out.Column("name", "名称"),
    out.Column("system", "对方系统"),
    out.Column("service", "随哪个服务停"),
)


@verbs.verb("map", example="eduops host map --svg 全景图.svg --drawio 全景图.drawio")
def map_(
    ctx: typer.Context,
    svg: Annotated[Path | None, typer.Option(help="写成 SVG 图，浏览器可以打开。")] = None,
    drawio: Annotated[Path | None, typer.Option(help="写成 draw.io 文件，可在 diagrams.net 里改。")] = None,
    stop: Annotated[str | None, typer.Option(help="标出这台主机停机时停止的：主机代码。")] = None,
    title: Annotated[str, typer.Option(help="图的标题。")] = "系统架构全景图",
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """画系统架构全景图：院区、主机、服务、其他系统、接口和依赖；--stop 标出一台主机停机时停止的。"""
    if not (svg or drawio or stop or as_json):
        raise UsageError(
            "没有写画到哪里", hint="写 --svg 文件、--drawio 文件，或用 --stop 主机代码 看停机影响"
        )
    _check_targets(svg, drawio, force=force)
    with door.look(ctx) as look:
        inventory = queries.load_inventory(look.session)
        impact = _find_impact(look, inventory, stop) if stop else None
    if not list_hosts(inventory):
        raise NotFound("还没有登记主机，没有可画的", hint="用 eduops host add 或 eduops host import 登记")
    said = title if impact is None else f"{title}：{impact.name}停机时"
    scene = build_scene(inventory, title=said, impact=impact)
    for file, render in ((svg, render_svg), (drawio, render_drawio)):
        if file:
            write_whole(file, render(scene))
    item = {
        **_list_all(inventory),
        "impact": impact and asdict(impact),
        "files": [each for each in (svg, drawio) if each],
    }
    if impact and not as_json:
        _tell(impact)
    files = "、".join(str(each) for each in (svg, drawio) if each)
    if files or as_json:
        out.done(f"全景图已写到 {files}：{scene.subtitle}", item, as_json=as_json)


@verbs.verb("impact", example="eduops host impact db-1")
def impact_(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="主机代码。")],
    as_json: out.JsonOption = False,
) -> None:
    """一台主机停机时什么会停：上面的服务、依赖它们的服务（连同缘由）、接口、涉及的主机和院区。"""
    with door.look(ctx) as look:
        found = _find_impact(look, queries.load_inventory(look.session), code)
    if as_json:
        out.value(found)
    else:
        _tell(found)


def _find_impact(look: door.Look, inventory: Inventory, code: str) -> Impact:
    entry = queries.get_entry(look.session, HOSTS, code)
    if not isinstance(entry, NewHost) or inventory.is_retired(HOSTS, code):
        raise NotAllowed(f"主机 {code} 已经停用，不会再停", hint="运行 eduops host list 看在用的主机")
    return find_impact(inventory, entry)


def _tell(impact: Impact) -> None:
    nothing = f"主机 {impact.host} 上没有登记服务；停机的影响看不出来，先用 eduops service add 登记"
    services = [asdict(each) for each in impact.services]
    title = f"主机 {impact.host}（{impact.name}）停机时停止的服务"
    out.rows(services, _SERVICE_COLUMNS, as_json=False, title=title, empty=nothing)
    if not services:
        return
    interfaces = [asdict(each) for each in impact.interfaces]
    out.rows(interfaces, _INTERFACE_COLUMNS, as_json=False, title="停止的接口", empty="没有接口随之停止")
    out.say(
        f"涉及的其他主机：{'、'.join(impact.hosts) or '无'}；院区：{'、'.join(impact.campuses) or '未写'}"
    )


def _check_targets(svg: Path | None, drawio: Path | None, *, force: bool) -> None:
    for file, endings in ((svg, (".svg",)), (drawio, (".drawio", ".xml"))):
        if file is None:
            continue
        if file.suffix.lower() not in endings:
            raise UsageError(f"{file} 的后缀不是 {endings[0]}", hint=f"文件名以 {endings[0]} 结尾")
        target.refuse_existing(file, force=force)


def _list_all(inventory: Inventory) -> dict[str, object]:
    return {
        "hosts": [host_entry.entry_item(each) for each in list_hosts(inventory).values()],
        "services": [host_entry.entry_item(each) for each in list_services(inventory).values()],
        "interfaces": [host_entry.entry_item(each) for each in list_interfaces(inventory)],
    }
