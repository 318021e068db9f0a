"""`eduops licence`: what we may use, how many, and until when. Keys are never kept."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from eduops.asset.queries import inventory as queries
from eduops.asset.rules.entry import NewLicence
from eduops.asset.rules.kind import LICENCES
from eduops.asset.rules.licence import STATES, judge_licence, list_findings
from eduops.cli import door, host_entry, out
from eduops.cli.failure import FOUND
from eduops.cli.host_entry import AllOption, NoteOption
from eduops.cli.instant import parse_day
from eduops.cli.noun import Noun
from eduops.core.errors import UsageError

app = Noun("许可：软件授权的数量和期限；密钥从不保存在这里。")
_HEADS = {
    "code": "代码", "product": "产品", "kind": "类别", "quantity": "数量", "unit": "单位", "holder": "被许可人",
    "host": "所在主机", "valid_from": "起始日", "valid_until": "到期日（含）", "is_perpetual": "永久",
    "state_text": "状态", "note": "备注", "added_at": "登记时间", "retired_at": "停用时间",
}  # fmt: skip
_STYLES = {
    "expired": "red",
    "within_7": "red",
    "within_30": "yellow",
    "within_90": "yellow",
    "no_end": "yellow",
}
_COLUMNS = (
    out.Column("code", "代码"),
    out.Column("product", "产品"),
    out.Column("quantity", "数量", right=True, spare=True),
    out.Column("unit", "单位", spare=True),
    out.Column("host", "所在主机", spare=True),
    out.Column("valid_until", "到期日"),
    out.Column("state_text", "状态", style_key="style"),
    out.Column("retired_at", "停用时间", spare=True),
)
_FOUND_COLUMNS = (
    out.Column("code", "代码"),
    out.Column("state_text", "发现", style_key="style"),
    out.Column("text", "说明"),
)
Code = Annotated[str, typer.Argument(help="许可代码。")]
FromOption = Annotated[str | None, typer.Option("--from", help="从哪天起有效，如 2026-03-05。")]
UntilOption = Annotated[str | None, typer.Option(help="最后一天，如 2027-03-04。")]


@app.verb(
    "add", example="eduops licence add lic-db --product 数据库 --quantity 2 --unit 节点 --until 2027-03-04"
)
def add(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="许可代码，英文，例如 lic-db；不是密钥。")],
    product: Annotated[str, typer.Option(help="许可用什么产品。")],
    kind: Annotated[str | None, typer.Option(help="许可方式，如 按节点、按并发用户。")] = None,
    quantity: Annotated[str | None, typer.Option(help="数量。")] = None,
    unit: Annotated[str | None, typer.Option(help="数量的单位，如 节点、用户。")] = None,
    holder: Annotated[str | None, typer.Option(help="授权给谁。")] = None,
    host: Annotated[str | None, typer.Option(help="绑定的主机：代码。")] = None,
    from_: FromOption = None,
    until: UntilOption = None,
    perpetual: Annotated[bool, typer.Option("--perpetual", help="永久有效。")] = False,
    note: NoteOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一份许可；不要写密钥。"""
    entry = NewLicence(
        code, product, kind or "", host_entry.read_whole(quantity, "--quantity"), unit or "", holder or "", host,
        host_entry.read_day(from_, "--from"), host_entry.read_day(until, "--until"), perpetual, note or "",
    )  # fmt: skip
    host_entry.add(ctx, entry, dry_run=dry_run, as_json=as_json)


@app.verb("list", example="eduops licence list")
def list_(ctx: typer.Context, with_retired: AllOption = False, as_json: out.JsonOption = False) -> None:
    """列出许可和到期日。"""
    today = find_today(ctx)
    with door.look(ctx) as look:
        kept = queries.list_rows(look.session, LICENCES, with_retired=with_retired)
        entries = queries.list_entries_of(look.session, kept)
        rows = host_entry.list_items(look, LICENCES, with_retired=with_retired)
    for row, entry in zip(rows, entries, strict=True):
        row |= _judged(entry, today)
    out.rows(rows, _COLUMNS, as_json=as_json, title="许可", empty="没有许可；用 eduops licence add 登记")


@app.verb("show", example="eduops licence show lic-db")
def show(ctx: typer.Context, code: Code, as_json: out.JsonOption = False) -> None:
    """查看一份许可。"""
    today = find_today(ctx)
    with door.look(ctx) as look:
        item = host_entry.get_item(look, LICENCES, code)
        judged = _judged(queries.get_entry(look.session, LICENCES, code), today)
    out.fields({**item, **{key: judged[key] for key in judged if key != "style"}}, _HEADS, as_json=as_json)


@app.verb("renew", example="eduops licence renew lic-db --until 2028-03-04")
def renew(
    ctx: typer.Context,
    code: Code,
    until: Annotated[str | None, typer.Option(help="新的最后一天，晚于原来的。")] = None,
    from_: FromOption = None,
    perpetual: Annotated[bool, typer.Option("--perpetual", help="改为永久有效。")] = False,
    quantity: Annotated[str | None, typer.Option(help="新的数量。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """续期一份许可：写新的最后一天，或改为永久。"""
    if (until is None) == (not perpetual):
        raise UsageError("续到哪天没有写清", hint="写 --until 日期，或写 --perpetual，只写一个")
    changes = host_entry.given(
        valid_from=host_entry.read_day(from_, "--from"),
        quantity=host_entry.read_whole(quantity, "--quantity"),
    )
    last = parse_day(until, option="--until") if until else None
    _require_later(ctx, code, last)
    changes |= {"valid_until": last, "is_perpetual": perpetual}
    host_entry.change(ctx, LICENCES, code, changes, dry_run=dry_run, as_json=as_json)


@app.verb("retire", example="eduops licence retire lic-db --yes")
def retire(
    ctx: typer.Context,
    code: Code,
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """停用一份许可：不再用，也不再提醒；记录保留。"""
    host_entry.retire(ctx, LICENCES, code, yes=yes, dry_run=dry_run, as_json=as_json)


@app.verb("check", example="eduops licence check --json")
def check(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """检查许可：已过期的，90、30、7 天内到期的，没有到期日的；有发现时退出码为 1。"""
    today = find_today(ctx)
    with door.look(ctx) as look:
        inventory = queries.load_inventory(look.session)
    licences = [each for each in inventory.entries if isinstance(each, NewLicence)]
    found = list_findings(licences, today)
    rows = [_row(asdict(each)) for each in found]
    empty = f"截至 {today}，{len(licences)} 份许可都在有效期内，90 天内没有到期的。"
    if not licences:
        empty = "没有登记许可，无从检查；用 eduops licence add 登记"
    out.rows(rows, _FOUND_COLUMNS, as_json=as_json, title=f"许可检查（{today}）", empty=empty)
    if found:
        raise typer.Exit(FOUND)


def find_today(ctx: typer.Context) -> date:
    """The day in the contract's zone."""
    return door.state(ctx).now.astimezone(door.contract(ctx).zone_info).date()


def _require_later(ctx: typer.Context, code: str, last: date | None) -> None:
    """Raises UsageError where the new last day lies before the old one: a renewal never shortens."""
    with door.look(ctx) as look:
        entry = queries.get_entry(look.session, LICENCES, code)
    before = entry.valid_until if isinstance(entry, NewLicence) else None
    if last and before and last <= before:
        raise UsageError(
            f"--until {last} 不晚于原来的到期日 {before}", hint="检查日期；照授权书写新的最后一天"
        )


def _judged(entry: object, today: date) -> dict[str, object]:
    if not isinstance(entry, NewLicence):
        return {}
    found = judge_licence(entry, today)
    return _row({"state": found.state, "days_left": found.days_left})


def _row(item: dict[str, object]) -> dict[str, object]:
    state = str(item["state"])
    return {**item, "state_text": STATES[state], "style": _STYLES.get(state, "")}
