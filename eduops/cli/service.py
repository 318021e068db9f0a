"""`eduops service`: the programs that run on hosts."""

from enum import StrEnum
from typing import Annotated

import typer

from eduops.asset.rules.entry import NewService
from eduops.asset.rules.kind import SERVICES
from eduops.asset.rules.word import KINDS
from eduops.cli import chinese, door, host_entry, out
from eduops.cli.host_entry import AllOption, NameOption, NoteOption, PortOption
from eduops.cli.noun import Noun

app = Noun("服务：主机上的数据库、中间件、应用，以及它们之间的依赖。")


class Kind(StrEnum):
    """What a service is."""

    DATABASE = "database"
    MIDDLEWARE = "middleware"
    APPLICATION = "application"
    OTHER = "other"


chinese.name_choices({kind: KINDS[kind] for kind in Kind})
_HEADS = {
    "code": "代码", "name": "名称", "host": "所在主机", "kind_text": "类别", "product": "产品", "version": "版本",
    "port": "端口", "needs": "依赖服务", "note": "备注", "added_at": "登记时间", "retired_at": "停用时间",
}  # fmt: skip
_COLUMNS = host_entry.build_columns(
    _HEADS, "code name host", "kind_text product version port needs retired_at"
)
Code = Annotated[str, typer.Argument(help="服务代码。")]
HostOption = Annotated[str, typer.Option(help="所在主机的代码。")]
KindOption = Annotated[Kind | None, typer.Option(help="改成的类别。")]
ProductOption = Annotated[str | None, typer.Option(help="产品，如 MySQL。")]
VersionOption = Annotated[str | None, typer.Option("--version", help="版本，如 8.0.36。")]
NeedsOption = Annotated[
    list[str] | None, typer.Option(help="缺了就不能工作的另一个服务的代码；可写多个，用逗号隔开或重复写。")
]


@app.verb("add", example="eduops service add db-main --name 主数据库 --host db-1 --kind database --port 3306")
def add(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="服务代码，英文，例如 db-main。")],
    name: Annotated[str, typer.Option(help="名称。")],
    host: HostOption,
    kind: Annotated[Kind, typer.Option(help="类别。")],
    product: ProductOption = None,
    version: VersionOption = None,
    port: PortOption = None,
    needs: NeedsOption = None,
    note: NoteOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一个服务。"""
    entry = NewService(
        code, name, host, kind.value, product or "", version or "", host_entry.read_whole(port, "--port"),
        note or "", host_entry.read_codes(needs) or (),
    )  # fmt: skip
    host_entry.add(ctx, entry, dry_run=dry_run, as_json=as_json)


@app.verb("list", example="eduops service list --host db-1")
def list_(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="只看这台主机上的。")] = None,
    with_retired: AllOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出服务。"""
    with door.look(ctx) as look:
        rows = host_entry.list_items(look, SERVICES, with_retired=with_retired)
    rows = [row for row in rows if host is None or row["host"] == host]
    out.rows(rows, _COLUMNS, as_json=as_json, title="服务", empty="没有服务；用 eduops service add 登记")


@app.verb("show", example="eduops service show db-main")
def show(ctx: typer.Context, code: Code, as_json: out.JsonOption = False) -> None:
    """查看一个服务。"""
    host_entry.show(ctx, SERVICES, code, _HEADS, as_json=as_json)


@app.verb("change", example="eduops service change db-main --version 8.0.40")
def change(
    ctx: typer.Context,
    code: Code,
    name: NameOption = None,
    host: Annotated[str | None, typer.Option(help="移到哪台主机：代码。")] = None,
    kind: KindOption = None,
    product: ProductOption = None,
    version: VersionOption = None,
    port: PortOption = None,
    needs: NeedsOption = None,
    note: NoteOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """改一个服务，只改写了的项；写空的 '' 就是去掉。--needs 写出的就是全部依赖。"""
    changes = host_entry.given(
        name=name, host=host, kind=kind and kind.value, product=product, version=version,
        needs=host_entry.read_codes(needs), note=note,
    )  # fmt: skip
    if port is not None:
        changes["port"] = host_entry.read_whole(port, "--port")
    host_entry.change(ctx, SERVICES, code, changes, dry_run=dry_run, as_json=as_json)


@app.verb("retire", example="eduops service retire db-main --yes")
def retire(
    ctx: typer.Context,
    code: Code,
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """停用一个服务；还有别的服务或接口指向它时不能停用。"""
    host_entry.retire(ctx, SERVICES, code, yes=yes, dry_run=dry_run, as_json=as_json)
