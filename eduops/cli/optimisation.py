"""`eduops optimisation`: what was made faster or leaner (clause 5.2(5)), with its figure before and after."""

from typing import Annotated

import typer

from eduops.asset.models import Optimisation
from eduops.asset.queries import finding as queries
from eduops.asset.rules.optimisation import VERDICTS, find_figure, judge_effect, say_percent
from eduops.asset.service import optimisation as service
from eduops.cli import door, out
from eduops.cli.instant import parse_day
from eduops.cli.licence import find_today
from eduops.cli.noun import Noun
from eduops.cli.row import plain_row
from eduops.cli.ticket_screen import plain_ref
from eduops.cli.usage import typed_here
from eduops.core.errors import UsageError

app = Noun("优化：做了什么，量的是什么，前后各是多少。")
_HEADS = {
    "ref": "编号", "title": "优化", "action": "做了什么", "measure": "指标", "unit": "单位", "before": "优化前",
    "after": "优化后", "change_text": "变化", "verdict_text": "结果", "host": "主机", "service": "服务",
    "done_on": "完成日期", "actor": "实施人", "recorded_at": "登记时间",
}  # fmt: skip
_COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("title", "优化"),
    out.Column("measure", "指标"),
    out.Column("before", "优化前", right=True),
    out.Column("after", "优化后", right=True),
    out.Column("unit", "单位", spare=True),
    out.Column("change_text", "变化", right=True),
    out.Column("verdict_text", "结果", style_key="style"),
    out.Column("done_on", "完成日期", spare=True),
)
_STYLES = {"better": "green", "worse": "red", "same": "yellow"}
Ref = Annotated[str, typer.Argument(help="优化编号，如 OPT-2026-0001。", metavar="编号", callback=plain_ref)]


@app.verb(
    "add",
    example="eduops optimisation add 首页提速 --measure 首页打开时间 --before 3.2 --after 0.8 --unit 秒 --action 加缓存",
)
def add(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="优化的名称。", metavar="名称")],
    measure: Annotated[str, typer.Option(help="量的是什么。")],
    before: Annotated[str, typer.Option(help="优化前的数值。")],
    after: Annotated[str, typer.Option(help="优化后的数值。")],
    action: Annotated[str, typer.Option(help="做了什么。")],
    unit: Annotated[str, typer.Option(help="数值的单位。")] = "",
    higher_better: Annotated[
        bool, typer.Option("--higher-better", help="数值越大越好，如每秒请求数；不写就是越小越好。")
    ] = False,
    on: Annotated[str | None, typer.Option("--on", help="哪天完成；不写就是今天。")] = None,
    by: Annotated[str | None, typer.Option(help="谁做的；不写就是操作人。")] = None,
    host: Annotated[str | None, typer.Option(help="在哪台主机：代码。")] = None,
    service_code: Annotated[str | None, typer.Option("--service", help="在哪个服务：代码。")] = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一项优化和前后的数值。"""
    today = find_today(ctx)
    old, new = _read_figure(before, "--before"), _read_figure(after, "--after")
    day = parse_day(on, option="--on") if on else today
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        said = service.NewOptimisation(
            title,
            measure,
            old,
            new,
            unit,
            action,
            day,
            by or work.actor,
            not higher_better,
            host,
            service_code,
        )
        made = service.add_optimisation(work.session, said, now=work.now, today=today)
        work.changed(
            made.ref, action="add", title=made.title, measure=made.measure, figure_before=made.before,
            figure_after=made.after, unit=made.unit, done_on=made.done_on.isoformat(),
        )  # fmt: skip
        item = _item(made, host, service_code)
    told = f"已登记优化 {made.ref}：{made.measure} {item['change_text']}，{item['verdict_text']}"
    out.done(told + out.preview(dry_run), _bare(item), as_json=as_json)


@app.verb("list", example="eduops optimisation list")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出优化，近的在前。"""
    with door.look(ctx) as look:
        hosts, services = queries.name_hosts(look.session), queries.name_services(look.session)
        rows = [
            _item(each, hosts.get(each.host_id or 0), services.get(each.service_id or 0))
            for each in queries.list_optimisations(look.session)
        ]
    out.rows(
        rows, _COLUMNS, as_json=as_json, title="优化", empty="没有优化记录；用 eduops optimisation add 登记"
    )


@app.verb("show", example="eduops optimisation show OPT-2026-0001")
def show(ctx: typer.Context, ref: Ref, as_json: out.JsonOption = False) -> None:
    """查看一项优化。"""
    with door.look(ctx) as look:
        found = queries.get_optimisation(look.session, ref)
        hosts, services = queries.name_hosts(look.session), queries.name_services(look.session)
    item = _item(found, hosts.get(found.host_id or 0), services.get(found.service_id or 0))
    out.fields(_bare(item), _HEADS, as_json=as_json)


def _item(row: Optimisation, host: str | None, service_code: str | None) -> dict[str, object]:
    effect = judge_effect(row.before, row.after, is_lower_better=row.is_lower_better)
    percent = None if effect.change_percent is None else round(effect.change_percent, 2)
    return {
        **plain_row(row, but=("id", "host_id", "service_id")), "host": host, "service": service_code,
        "change_percent": percent, "change_text": say_percent(effect.change_percent), "verdict": effect.verdict,
        "verdict_text": VERDICTS[effect.verdict], "style": _STYLES[effect.verdict],
    }  # fmt: skip


def _bare(item: dict[str, object]) -> dict[str, object]:
    """Without the colour, which only a table has."""
    return {key: value for key, value in item.items() if key != "style"}


def _read_figure(text: str, option: str) -> float:
    figure = find_figure(text)
    if figure is None:
        raise UsageError(f"{option} 的值「{text}」不是数字", hint="写成 3.2 的样子，单位写在 --unit")
    return figure
