"""`eduops bank mapping`: which column is what, for workbooks whose headings nobody knows."""

import re
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import bank_screen, door, out
from eduops.cli.noun import Noun
from eduops.core.errors import NotAllowed, UsageError
from eduops.core.files import write_whole
from eduops.core.home import Home
from eduops.sheet.read import read_workbook
from eduops.training.rules.bank_suggestion import suggest_mapping

verbs = Noun("列的对应关系：提出、保存、查看。")

_NAME = re.compile(r"[\w\-]{1,60}")


@verbs.verb("suggest", example="eduops bank mapping suggest 外院题库.xlsx > 外院.yaml")
def suggest(
    file: Annotated[Path, typer.Argument(help="认不出表头的题库文件。", metavar="文件")],
    sheet: Annotated[str | None, typer.Option(help="看这张工作表；默认看行数最多的。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """提出一份对应关系（YAML），核对改正后交给 --mapping。"""
    found = suggest_mapping(read_workbook(file), sheet_name=sheet)
    item = {**found.mapping.model_dump(exclude_none=True), "left": [list(pair) for pair in found.left]}
    out.done(bank_screen.render_mapping(found), item, as_json=as_json)


@verbs.verb("save", example="eduops bank mapping save 外院 外院.yaml")
def save(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="用什么名字保存；以后写 --mapping 名字。", metavar="名字")],
    file: Annotated[Path, typer.Argument(help="对应关系文件（YAML）。", metavar="文件")],
    force: Annotated[bool, typer.Option("--force", help="同名的已存在时覆盖。")] = False,
) -> None:
    """核对一份对应关系并保存到数据目录。"""
    if not _NAME.fullmatch(name):
        raise UsageError(f"名字「{name}」不能用", hint="只用汉字、字母、数字、下划线和减号")
    home = door.state(ctx).home
    home.require()
    bank_screen.load_mapping(file, None, home)
    target = bank_screen.mapping_path(home, name)
    if target.exists() and not force:
        raise NotAllowed(f"已有名为「{name}」的对应关系", hint="换一个名字，或加 --force 覆盖")
    write_whole(target, file.read_bytes())
    out.done(f"已保存，用法：eduops bank import 文件 --bank 题库 --mapping {name}")


@verbs.verb("list", example="eduops bank mapping list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出保存的对应关系。"""
    home = door.state(ctx).home
    home.require()
    rows = [_item(home, path) for path in sorted(bank_screen.mapping_path(home, "x").parent.glob("*.yaml"))]
    columns = (
        out.Column("name", "名字"),
        out.Column("sheet", "工作表"),
        out.Column("header_row", "表头行", right=True),
        out.Column("columns", "列"),
    )
    empty = "没有保存的对应关系。提出一份：eduops bank mapping suggest 文件"
    out.rows(rows, columns, as_json=as_json, title="对应关系", empty=empty)


def _item(home: Home, path: Path) -> dict[str, object]:
    mapping = bank_screen.load_mapping(path, None, home)
    return {
        "name": path.stem,
        "sheet": mapping.sheet,
        "header_row": mapping.header_row,
        "columns": [f"{name}={column}" for name, column in mapping.columns.items()],
    }
