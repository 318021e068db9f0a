"""`eduops init`: lay out the home."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Command
from eduops.workflow import layout

app = typer.Typer(add_completion=False)
_CUSTOMER, _VENDOR = "甲方（医院）", "乙方（运维单位）"


@app.command(cls=Command, epilog="例：eduops init --customer 某某医院 --vendor 某某公司")
def init(
    ctx: typer.Context,
    contract: Annotated[Path | None, typer.Option(help="用这份合同文件，代替随附的样例。")] = None,
    customer: Annotated[str, typer.Option(help="甲方名称，印在文档上。")] = _CUSTOMER,
    vendor: Annotated[str, typer.Option(help="乙方名称，印在文档上。")] = _VENDOR,
    invented: Annotated[bool, typer.Option("--invented", help="标明数据是虚构的（演示用）。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """布置数据目录：设置、合同、巡检阈值和数据库。已有的文件不会改动。"""
    home = door.state(ctx).home
    laid = layout.lay_out(home, contract=contract, customer=customer, vendor=vendor, invented=invented)
    said = f"数据目录 {home.path} 已就绪：新建 {len(laid.made)} 项（{'、'.join(laid.made) or '无'}）"
    said += f"，保留原有 {len(laid.kept)} 项" if laid.kept else ""
    if "eduops.yaml" in laid.kept and (customer, vendor) != (_CUSTOMER, _VENDOR):
        said += "\n注意：eduops.yaml 原来就有，没有改动，甲方、乙方仍是其中写的名称；要改就编辑这个文件"
    item = {"home": home.path, "made": laid.made, "kept": laid.kept, "revision": laid.revision}
    out.done(said + "\n下一步：eduops doctor 检查；eduops tenant sync 按合同登记机构", item, as_json=as_json)
