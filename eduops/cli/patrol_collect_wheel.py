"""`eduops patrol wheels`: psutil for the platforms of far hosts."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.patrol import push_wheel

verbs = Noun("随巡检程序带到远程主机的 psutil。")

_COLUMNS = (
    out.Column("machine", "平台"),
    out.Column("version", "版本"),
    out.Column("source", "来源"),
)


@verbs.verb("list", example="eduops patrol wheels list")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出有 psutil 的平台；其他平台的主机不用 psutil 测量，内容略少。"""
    home = door.state(ctx).home
    home.require()
    rows = [
        {"machine": found.machine, "version": found.version, "source": found.source}
        for found in push_wheel.find_all(home.path / push_wheel.FOLDER)
    ]
    out.rows(rows, _COLUMNS, as_json=as_json, title="psutil", empty="没有可带的 psutil")


@verbs.verb("add", example="eduops patrol wheels add psutil-7.2.2-cp36-abi3-manylinux2014_aarch64.whl")
def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="psutil 的安装包（.whl）。")],
    as_json: out.JsonOption = False,
) -> None:
    """核对一个 psutil 安装包并存入数据目录。"""
    with door.work(ctx) as work:
        added = push_wheel.add_wheel(work.home.path / push_wheel.FOLDER, file)
        work.changed("psutil", action="add", name=added.source)
    told = {"machine": added.machine, "version": added.version, "source": added.source}
    out.done(f"已存入 {added.source}，用于 {added.machine} 的主机", told, as_json=as_json)
