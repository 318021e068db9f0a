"""`eduops host import`, `export`, `template`: hosts, services, interfaces and licences in one file."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.asset.queries import inventory as queries
from eduops.asset.rules.inventory import Judged, Plan, list_differences
from eduops.asset.rules.inventory_sheet import build_template
from eduops.asset.rules.inventory_tree import render_tree
from eduops.asset.rules.kind import KINDS, kind_of
from eduops.asset.service import inventory as service
from eduops.cli import door, host_entry, out, target
from eduops.cli.noun import Noun
from eduops.cli.target import ForceOption
from eduops.core.errors import NotFound, UsageError
from eduops.core.files import write_whole
from eduops.sheet.export import write_table

verbs = Noun("整份台账的导入和导出。")
_WORDS = {"added": "新增", "changed": "更新", "unchanged": "未变"}
_MOST_SHOWN = 10
_YAML = (".yaml", ".yml")


@verbs.verb("import", example="eduops host import 资产台账.yaml --dry-run")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="台账：YAML，或含 主机、服务、接口、许可 工作表的 xlsx。", metavar="文件")
    ],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导入整份台账：有一处错误就全部不写入，并逐处列出；同一份再导入什么都不会变。不会删除或停用文件里没有的。"""
    with door.work(ctx, dry_run=dry_run) as work:
        judged, unused = service.import_file(
            work.session, file, now=work.now, port_of=host_entry.find_ports(work)
        )
        counts = {kind.key: dict(judged.count(kind)) for kind in KINDS if judged.count(kind)}
        is_new = any(plan.change != "unchanged" for plan in judged.plans)
        if is_new:
            work.changed(file.name, action="import", **_count_news(judged))
    if unused:
        out.warn(f"{file.name} 有没认出的，没有用：{'、'.join(unused)}")
    if judged.retired:
        named = "、".join(f"{kind.word} {code}" for kind, code in judged.retired[:_MOST_SHOWN])
        more = " 等" if len(judged.retired) > _MOST_SHOWN else ""
        out.warn(f"{len(judged.retired)} 项早已停用，没有改动：{named}{more}")
    told = [_tell(plan) for plan in judged.plans if plan.change != "unchanged"]
    retired = [{"kind": kind.noun, "code": code} for kind, code in judged.retired]
    item = {"file": str(file), **counts, "changes": told, "retired": retired, "unused": list(unused)}
    out.done(_sentence(file, judged, is_new=is_new) + out.preview(dry_run), item, as_json=as_json)


@verbs.verb("export", example="eduops host export 资产台账.yaml")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="写到哪个 .yaml 文件。", metavar="文件")],
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把在用的主机、服务、接口、许可写成 YAML；原样导入回来什么都不变。"""
    if file.suffix.lower() not in _YAML:
        raise UsageError(f"{file} 的后缀不是 .yaml", hint="文件名以 .yaml 结尾")
    target.refuse_existing(file, force=force)
    with door.look(ctx) as look:
        inventory = queries.load_inventory(look.session)
    if not inventory.entries:
        raise NotFound("还没有登记主机、服务、接口或许可，没有可导出的", hint="用 eduops host add 登记")
    write_whole(file, render_tree(inventory.entries))
    counts = {kind.key: len(inventory.in_use[kind.key]) for kind in KINDS}
    said = "，".join(f"{kind.word} {counts[kind.key]}" for kind in KINDS)
    out.done(f"已导出到 {file}：{said}", {"file": str(file), **counts}, as_json=as_json)


@verbs.verb("template", example="eduops host template 资产台账.xlsx")
def template(
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx 文件。", metavar="文件")],
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """写一份空白的 Excel 台账：主机、服务、接口、许可四张表，和填写说明。"""
    target.check_workbook(file, force=force)
    tables = build_template()
    write_table(file, tables)
    sheets = [table.name for table in tables]
    out.done(
        f"空白台账已写到 {file}：{'、'.join(sheets)}", {"file": str(file), "sheets": sheets}, as_json=as_json
    )


def _count_news(judged: Judged) -> dict[str, dict[str, int]]:
    """Kind's key → how many were added and changed, for the log."""
    counts = {kind.key: judged.count(kind) for kind in KINDS}
    return {
        key: {change: count[change] for change in ("added", "changed") if count[change]}
        for key, count in counts.items()
        if count["added"] or count["changed"]
    }


def _tell(plan: Plan) -> dict[str, object]:
    item: dict[str, object] = {
        "kind": kind_of(plan.entry).noun,
        "code": plan.entry.code,
        "change": plan.change,
    }
    if plan.before is None:
        return item
    return {**item, "fields": sorted(list_differences(plan.before, plan.entry))}


def _sentence(file: Path, judged: Judged, *, is_new: bool) -> str:
    pieces = []
    for kind in KINDS:
        count = judged.count(kind)
        if count:
            said = " ".join(f"{word} {count[change]}" for change, word in _WORDS.items() if count[change])
            pieces.append(f"{kind.word} {sum(count.values())}（{said}）")
    end = "" if is_new else "。与已登记的完全相同，什么都没有变"
    return f"{file.name}：{'，'.join(pieces) or '没有在用的项'}{end}"
