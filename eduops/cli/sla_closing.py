"""`eduops sla close` and `closings`: a month or quarter frozen, and what has changed since."""

from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.core.files import hash_file
from eduops.ledger import closing as service
from eduops.ledger.closing_rules import KINDS, Change, Figure
from eduops.ledger.head import CLOSING_FILE, load_head, save_head
from eduops.ledger.models import LedgerClosing

verbs = Noun("结账。")

_COLUMNS = (
    out.Column("id", "序号", right=True),
    out.Column("period", "期间"),
    out.Column("closed_at", "结账"),
    out.Column("counted", "违约", right=True),
    out.Column("ticket_count", "工单", right=True, spare=True),
    out.Column("standing", "现状", style_key="style"),
    out.Column("closed_by", "经办", spare=True),
)


@verbs.verb("close", example="eduops sla close 2026-07")
def close(
    ctx: typer.Context,
    period: Annotated[str, typer.Argument(help="月或季度，如 2026-07、2026Q3。", metavar="期间")],
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """结账：封存一个月或季度的事实、合同和评定结果；以后有更正，会另行列明，不会悄悄变掉。"""
    contract, contract_hash = door.contract(ctx), _hash_contract(ctx)
    service.get_over(contract, period, now=door.state(ctx).now)
    if not dry_run:
        out.confirm(f"结账记录不能修改或删除，确定给 {period} 结账吗？", yes=yes)
    with door.work(ctx, dry_run=dry_run) as work:
        made = service.close(
            work.session,
            contract,
            period,
            contract_hash=contract_hash,
            kept=load_head(work.home.path, CLOSING_FILE),
            now=work.now,
            actor=work.actor,
        )
        head = service.head(work.session)
        if made:
            work.changed(period, closing=made.id, facts=made.facts_hash, counted=made.counted)
    if not dry_run:
        save_head(door.state(ctx).home.path, head, CLOSING_FILE)
    if made is None:
        said = f"{period} 已经结账，此后没有变化，不再记入"
    else:
        again = f"，接替第 {made.replaces} 条" if made.replaces else ""
        said = f"{period} 已结账（第 {made.id} 条{again}）：工单 {len(made.facts['tickets'])} 张，计违约 {made.counted} 次"
    row = {"closing": _row(made, None) if made else None, "dry_run": dry_run}
    out.done(said + out.preview(dry_run), row, as_json=as_json)


@verbs.verb("closings", example="eduops sla closings --json")
def closings(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出结账记录，以及结账后哪些工单、哪些数值变了。"""
    contract, contract_hash = door.contract(ctx), _hash_contract(ctx)
    with door.look(ctx) as look:
        found = service.list_closings(look.session, contract, contract_hash=contract_hash)
    replaced_by = {each.replaces: each.id for each, _ in found if each.replaces}
    rows = [{**_row(each, change), **_stand(each, change, replaced_by)} for each, change in found]
    out.rows(rows, _COLUMNS, as_json=as_json, title="结账记录", empty="还没有结过账。")
    if not as_json:
        for each, change in found:
            for sentence in _sentences(change) if change else ():
                out.say(f"{each.period} 结账后：{sentence}")


def _hash_contract(ctx: typer.Context) -> str:
    home = door.state(ctx).home
    return hash_file(home.path / home.load_settings().contract)


def _row(closing: LedgerClosing, change: Change | None) -> dict[str, object]:
    return {
        **closing.model_dump(exclude={"facts", "findings"}),
        "ticket_count": len(closing.facts["tickets"]),
        "change": change if change else None,
    }


def _stand(closing: LedgerClosing, change: Change | None, replaced_by: dict[int, int]) -> dict[str, str]:
    if closing.id in replaced_by:
        return {"standing": f"由第 {replaced_by[closing.id]} 条接替", "style": "dim"}
    return {"standing": "有变化", "style": "yellow"} if change else {"standing": "没有变化", "style": "green"}


def _sentences(change: Change) -> list[str]:
    lists = (
        ("新增工单", change.added),
        ("不再有的工单", change.removed),
        ("改动的工单", change.altered),
        ("改动的其他事实", tuple(KINDS[kind] for kind in change.kinds)),
    )
    said = [f"{name} {'、'.join(items)}" for name, items in lists if items]
    if change.contract:
        said.append("合同文件改过")
    if change.calendar:
        said.append("工作日历换过")
    return said + [_figure(each) for each in change.figures]


def _figure(figure: Figure) -> str:
    name = figure.key.partition("/")[2].rstrip("/")
    if figure.before is None:
        return f"新增认定 {name}{_told(figure.after)}"
    if figure.after is None:
        return f"认定 {name} 不再成立（结账时{_told(figure.before)}）"
    return f"认定 {name} 由{_told(figure.before)}变为{_told(figure.after)}"


def _told(figure: object) -> str:
    counted, actual = figure if isinstance(figure, list | tuple) else (0, 0)
    return f"（计 {counted} 次，数值 {float(actual):g}）"
