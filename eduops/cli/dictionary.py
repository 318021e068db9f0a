"""`eduops dictionary`: the customer's dictionaries, version by version, and where each was brought."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.asset.models import DictionaryVersion
from eduops.asset.queries import dictionary as queries
from eduops.asset.rules.dictionary import Difference, Entry, find_difference, list_standings
from eduops.asset.rules.dictionary_sheet import DictionarySheet, read_dictionary
from eduops.asset.service import dictionary as service
from eduops.cli import door, out, target
from eduops.cli.instant import parse_happened
from eduops.cli.noun import Noun
from eduops.cli.row import plain_row
from eduops.cli.target import ForceOption
from eduops.cli.usage import typed_here
from eduops.core.errors import InputError, NotFound
from eduops.sheet.export import Column, Table, write_csv, write_table
from eduops.sheet.read import read_workbook

app = Noun("字典：甲方字典的各个版本、差异，和同步到业务系统的记录。")
_HEADS = {
    "code": "代码", "name": "名称", "owner": "主管部门", "newest": "最新版", "added_at": "登记时间",
}  # fmt: skip
_LIST_COLUMNS = (
    out.Column("code", "代码"),
    out.Column("name", "名称"),
    out.Column("owner", "主管部门", spare=True),
    out.Column("newest", "最新版", right=True),
    out.Column("entry_count", "条目", right=True),
    out.Column("imported_at", "导入时间", spare=True),
    out.Column("behind_text", "落后的系统", style_key="style"),
)
_VERSION_COLUMNS = (
    out.Column("number", "版", right=True),
    out.Column("label", "版本名"),
    out.Column("entry_count", "条目", right=True),
    out.Column("source", "来源", spare=True),
    out.Column("imported_at", "导入时间"),
    out.Column("actor", "导入人", spare=True),
)
_STANDING_COLUMNS = (
    out.Column("system", "业务系统"),
    out.Column("version", "所在版", right=True),
    out.Column("synced_at", "同步时间"),
    out.Column("state_text", "状态", style_key="style"),
    out.Column("note", "备注", spare=True),
)
_DIFF_COLUMNS = (
    out.Column("change_text", "变化"),
    out.Column("code", "编码"),
    out.Column("name", "名称"),
    out.Column("field_text", "项"),
    out.Column("before", "原为"),
    out.Column("after", "现为"),
)
_CHANGES = {"added": "新增", "removed": "删除", "renamed": "改名", "moved": "移动", "other": "其他改动"}
_FIELDS = {"name": "名称", "parent_code": "上级", "": ""}
_MOST_SHOWN = 10
Code = Annotated[str, typer.Argument(help="字典代码。")]
VersionOption = Annotated[int | None, typer.Option("--version", min=1, help="第几版；不写就是最新版。")]


@app.verb("add", example="eduops dictionary add staff-category --name 人员类别 --owner 人事科")
def add(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="字典代码，英文，例如 staff-category。")],
    name: Annotated[str, typer.Option(help="名称。")],
    owner: Annotated[str, typer.Option(help="甲方的主管部门。")] = "",
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一部字典。"""
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        made = service.add_dictionary(work.session, code, name, owner, now=work.now)
        work.changed(made.code, action="add", name=made.name, owner=made.owner)
    said = f"已登记字典 {made.code}（{made.name}）；下一步 eduops dictionary import {made.code} 文件"
    out.done(said + out.preview(dry_run), plain_row(made), as_json=as_json)


@app.verb("list", example="eduops dictionary list")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出字典：最新版，和落后的业务系统。"""
    with door.look(ctx) as look:
        rows = []
        for each in queries.list_dictionaries(look.session):
            versions = queries.list_versions(look.session, each)
            standings = list_standings(queries.list_syncs(look.session, each), len(versions))
            behind = [standing.system for standing in standings if standing.behind]
            rows.append({**plain_row(each), **_newest(versions), "behind": behind, "behind_text": "、".join(behind) or "无",
                         "style": "yellow" if behind else ""})  # fmt: skip
    empty = "没有字典；用 eduops dictionary add 登记"
    out.rows(rows, _LIST_COLUMNS, as_json=as_json, title="字典", empty=empty)


@app.verb("show", example="eduops dictionary show staff-category")
def show(ctx: typer.Context, code: Code, as_json: out.JsonOption = False) -> None:
    """查看一部字典：各个版本，每个业务系统在哪一版、落后几版。"""
    with door.look(ctx) as look:
        found = queries.get_dictionary(look.session, code)
        versions = queries.list_versions(look.session, found)
        syncs = queries.list_syncs(look.session, found)
    standings = [
        {**asdict(each), **_say_standing(each.behind, each.version, is_failed=each.failed_at is not None)}
        for each in list_standings(syncs, len(versions))
    ]
    item = {**plain_row(found), "newest": len(versions) or None}
    listed = [plain_row(each, but=("id", "dictionary_id")) for each in versions]
    if as_json:
        told = [{key: part for key, part in each.items() if key != "style"} for each in standings]
        out.value({**item, "versions": listed, "systems": told, "syncs": [asdict(each) for each in syncs]})
        return
    out.fields(item, _HEADS, as_json=False)
    none = f"还没有版本；运行 eduops dictionary import {code} 文件"
    out.rows(listed[::-1], _VERSION_COLUMNS, as_json=False, title="版本", empty=none)
    none = "没有同步到业务系统的记录；同步后用 eduops dictionary sync 登记"
    out.rows(standings, _STANDING_COLUMNS, as_json=False, title="业务系统", empty=none)


@app.verb("import", example="eduops dictionary import staff-category 人员类别.xlsx --label 2026年3月版")
def import_(
    ctx: typer.Context,
    code: Code,
    file: Annotated[Path, typer.Argument(help="字典：xlsx、xls、csv 等，至少有编码和名称。", metavar="文件")],
    label: Annotated[str, typer.Option(help="甲方怎么称呼这一版。")] = "",
    source: Annotated[str, typer.Option(help="从哪里来；不写就是文件名。")] = "",
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导入一部字典的新版本；内容与最新版相同时不产生新版本。"""
    sheet = _load(file)
    with door.work(ctx, dry_run=dry_run) as work:
        found = queries.get_dictionary(work.session, code)
        version, difference = service.import_version(
            work.session,
            found,
            sheet,
            file=file.name,
            label=label,
            source=source,
            now=work.now,
            actor=work.actor,
        )
        if difference:
            work.changed(
                code, action="import", file=file.name, version=version.number, entries=version.entry_count
            )
    if sheet.orphans:
        named = "、".join(f"{each}（上级 {parent}）" for each, parent in sheet.orphans[:_MOST_SHOWN])
        more = " 等" if len(sheet.orphans) > _MOST_SHOWN else ""
        out.warn(f"{len(sheet.orphans)} 个条目的上级不在这个文件里：{named}{more}")
    item = {
        "code": code, "version": version.number, "entry_count": version.entry_count, "is_new": difference is not None,
        "counts": _count(difference) if difference else {}, "sheet": sheet.sheet, "columns": sheet.columns,
        "orphans": [{"code": each, "parent_code": parent} for each, parent in sheet.orphans],
    }  # fmt: skip
    said = f"{file.name} 与字典 {code} 的第 {version.number} 版内容相同，没有产生新版本"
    if difference:
        said = f"字典 {code} 第 {version.number} 版：{version.entry_count} 条；{_say_counts(difference)}"
    out.done(said + out.preview(dry_run), item, as_json=as_json)


@app.verb("diff", example="eduops dictionary diff staff-category --from 1 --to 2")
def diff(
    ctx: typer.Context,
    code: Code,
    from_: Annotated[int | None, typer.Option("--from", min=1, help="从第几版；不写就是前一版。")] = None,
    to: Annotated[int | None, typer.Option(min=1, help="到第几版；不写就是最新版。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """两个版本之间的差异：新增、删除、改名、移动（换了上级）、其他改动。"""
    with door.look(ctx) as look:
        found = queries.get_dictionary(look.session, code)
        after = queries.get_version(look.session, found, to)
        if from_ is None and after.number == 1:
            raise NotFound(f"字典 {code} 的第 1 版之前没有版本", hint="写 --from 和 --to 指定两个版本")
        before = queries.get_version(look.session, found, from_ or after.number - 1)
        difference = find_difference(
            queries.load_entries(look.session, before), queries.load_entries(look.session, after)
        )
    if as_json:
        out.value({"code": code, "from": before.number, "to": after.number, **asdict(difference)})
        return
    title = f"字典 {code} 第 {before.number} 版 → 第 {after.number} 版"
    out.rows(_list_rows(difference), _DIFF_COLUMNS, as_json=False, title=title, empty=f"{title}：没有差异")
    if not difference.is_empty:
        out.say(_say_counts(difference))


@app.verb("sync", example="eduops dictionary sync staff-category --system 教学平台 --version 2")
def sync(
    ctx: typer.Context,
    code: Code,
    system: Annotated[str, typer.Option(help="业务系统的名称。")],
    version: VersionOption = None,
    at: Annotated[
        str | None, typer.Option("--at", help="何时同步，如 '2026-03-05 11:50'；不写就是现在。")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="没有同步成功。")] = False,
    note: Annotated[str, typer.Option(help="备注，如失败的原因。")] = "",
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一次同步：某一版同步到了某个业务系统，或没有成功。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        found = queries.get_dictionary(work.session, code)
        brought = queries.get_version(work.session, found, version)
        made = service.record_sync(
            work.session, brought, system, at=parse_happened(at, now=work.now, zone=zone), is_done=not failed, note=note,
            now=work.now, actor=work.actor,
        )  # fmt: skip
        number = brought.number
        work.changed(
            code, action="sync", version=number, system=made.system, is_done=made.is_done, note=made.note,
            at=made.synced_at.isoformat(),
        )  # fmt: skip
    said = f"已登记：字典 {code} 第 {number} 版同步到「{made.system}」{'没有成功' if failed else '成功'}"
    item = {"code": code, "version": number, **plain_row(made, but=("id", "version_id"))}
    out.done(said + out.preview(dry_run), item, as_json=as_json)


@app.verb("export", example="eduops dictionary export staff-category 人员类别.xlsx")
def export(
    ctx: typer.Context,
    code: Code,
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx 或 .csv 文件。", metavar="文件")],
    version: VersionOption = None,
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把一个版本写成 Excel 或 CSV；公式样的文字不会变成公式，再导入内容不变。"""
    target.check_table(file, force=force)
    with door.look(ctx) as look:
        found = queries.get_dictionary(look.session, code)
        brought = queries.get_version(look.session, found, version)
        entries = queries.load_entries(look.session, brought)
    table = _build_table(found.name, entries)
    if file.suffix.lower() == ".csv":
        write_csv(file, table)
    else:
        write_table(file, [table])
    item = {"file": str(file), "code": code, "version": brought.number, "entry_count": len(entries)}
    out.done(f"字典 {code} 第 {brought.number} 版的 {len(entries)} 条已写到 {file}", item, as_json=as_json)


def _load(file: Path) -> DictionarySheet:
    sheet = read_dictionary(read_workbook(file))
    if sheet is None:
        hint = "检查表头行；列名可用：编码（代码、…编码）、名称（…名称）、上级编码"
        raise InputError(f"{file} 里找不到同时有编码和名称两列的表头", hint=hint)
    return sheet


def _build_table(name: str, entries: list[Entry]) -> Table:
    heads = sorted({head for entry in entries for head in entry.extra})
    columns = [Column(head) for head in ("编码", "名称", "上级编码", *heads)]
    rows = [
        (entry.code, entry.name, entry.parent_code, *(entry.extra.get(head, "") for head in heads))
        for entry in entries
    ]
    return Table(name, "", "", columns, rows)


def _newest(versions: list[DictionaryVersion]) -> dict[str, object]:
    if not versions:
        return {"newest": None, "entry_count": None, "imported_at": None}
    last = versions[-1]
    return {"newest": last.number, "entry_count": last.entry_count, "imported_at": last.imported_at}


def _say_standing(behind: int, version: int | None, *, is_failed: bool) -> dict[str, str]:
    said = "从未同步成功" if version is None else f"落后 {behind} 版" if behind else "最新"
    if is_failed:
        said += "；最近一次没有成功"
    return {"state_text": said, "style": "yellow" if behind or is_failed else ""}


def _count(difference: Difference) -> dict[str, int]:
    return {name: len(getattr(difference, name)) for name in _CHANGES}


def _say_counts(difference: Difference) -> str:
    return "，".join(f"{said} {_count(difference)[name]}" for name, said in _CHANGES.items())


def _list_rows(difference: Difference) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for change, said in _CHANGES.items():
        for each in getattr(difference, change):
            item = {"change_text": said, **asdict(each)}
            field = str(item.get("field", ""))
            rows.append({**item, "field_text": _FIELDS.get(field, field)})
    return rows
