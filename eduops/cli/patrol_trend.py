"""`eduops patrol trend`: where a host's figures are going, and when its disks will be full."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.core.errors import NotFound, UsageError
from eduops.core.files import write_whole
from eduops.patrol.rules.check import render_figure
from eduops.patrol.rules.figure import FIGURE_WORDS
from eduops.patrol.rules.trend import FALL_WORDS, VERDICT_WORDS, Point, Trend, Verdict, render_days
from eduops.patrol.rules.trend_chart import render_chart
from eduops.patrol.service.trend import ItemTrend, list_metrics, list_trends

verbs = Noun("趋势。")

_COLUMNS = (
    out.Column("title", "检查项"),
    out.Column("item", "对象"),
    out.Column("spark", "走势", style_key="style"),
    out.Column("value_text", "现在", right=True),
    out.Column("change_text", "比上次", right=True),
    out.Column("slope_text", "每天", right=True),
    out.Column("said", "判断", style_key="style"),
)
_BARS = "▁▂▃▄▅▆▇█"
_SPARK_WIDTH = 20
_STYLES = {
    Verdict.GROWING: "yellow",
    Verdict.UNCLEAR: "",
    Verdict.NOT_GROWING: "green",
    Verdict.CANNOT_TELL: "magenta",
}
_SOON_DAYS = 30.0
_SIZES = ("B", "KB", "MB", "GB", "TB", "PB")


@verbs.verb("trend", example="eduops patrol trend app-1 --metric disk_percent --svg 趋势.svg")
def trend(
    ctx: typer.Context,
    host: Annotated[str, typer.Argument(help="主机代码。")],
    metric: Annotated[str | None, typer.Option(help="只看这一项，如 disk_percent；不写则看全部。")] = None,
    item: Annotated[str | None, typer.Option(help="只看这个对象，如 /data。")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="看最近多少天。")] = 90,
    svg: Annotated[Path | None, typer.Option(help="另画一张折线图到这个文件。", metavar="文件")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """各项数值的走势：比上次的变化、每天增长多少、磁盘按趋势还有多少天写满及其区间；测量太少则说无法判断。"""
    zone = door.contract(ctx).zone_info
    with door.look(ctx) as look:
        chosen = assets.get_host(look.session, host)
        found = list_trends(look.session, chosen, now=look.now, days=days, metric=metric)
        measured = list_metrics(look.session, chosen, now=look.now, days=days)
    if not found and metric is not None and metric not in FIGURE_WORDS:
        raise _unknown(f"--metric 的值「{metric}」", "检查项", measured or FIGURE_WORDS)
    chosen_ones = [each for each in found if item is None or each.item == item]
    if found and not chosen_ones:
        raise _unknown(f"--item 的值「{item}」", "对象", [each.item for each in found])
    found = chosen_ones
    if svg is not None:
        drawn = _choose_drawn(found, host)
        title = f"{host} {_title(drawn.metric)} {drawn.item}".strip()
        picture = render_chart(
            drawn.points, drawn.trend, title=title, full=drawn.full, zone=zone, render=_renderer(drawn)
        )
        write_whole(svg, picture.encode())
    rows = [_build_row(each) for each in found]
    empty = f"主机 {host} 最近 {days} 天没有{_title(metric) if metric else ''}测量值"
    out.rows(rows, _COLUMNS, as_json=as_json, title=f"{host} 最近 {days} 天的走势", empty=empty)
    if svg is not None and not as_json:
        out.say(f"折线图已写入 {svg}")


def _choose_drawn(found: Sequence[ItemTrend], host: str) -> ItemTrend:
    if not found:
        raise NotFound(
            f"主机 {host} 没有可画的测量值", hint="放宽 --days，或用 eduops patrol list 看有哪些巡检"
        )
    if len(found) > 1:
        named = "、".join(dict.fromkeys(f"--metric {each.metric} --item {each.item}" for each in found[:4]))
        raise UsageError(
            f"一张图只画一条线，现在有 {len(found)} 条", hint=f"加上 --metric 和 --item，例如 {named}"
        )
    return found[0]


def _unknown(what: str, sort: str, known: Iterable[str]) -> UsageError:
    named = "、".join(dict.fromkeys(each or "（空）" for each in known))
    return UsageError(f"{what}不是{sort}", hint=f"可用的有 {named}")


def _title(metric: str) -> str:
    return FIGURE_WORDS.get(metric, metric)


def _build_row(each: ItemTrend) -> dict[str, object]:
    found, line = each.trend, each.trend.line
    render = _renderer(each)
    return {
        "metric": each.metric,
        "title": _title(each.metric),
        "item": each.item,
        "unit": each.unit.strip(),
        "value": each.points[-1].value,
        "measured_at": each.points[-1].at,
        "count": len(each.points),
        "change": each.change,
        "verdict": found.verdict,
        "reason": found.reason or None,
        "used_points": len(found.points),
        "used_since": found.points[0].at if found.points else None,
        "cleaned_at": found.cleaned_at,
        "slope_per_day": line.slope if line else None,
        "slope_low": line.low if line else None,
        "slope_high": line.high if line else None,
        "days_to_full": found.days,
        "days_low": found.days_low,
        "days_high": found.days_high,
        "spark": render_spark(each.points),
        "value_text": render(each.points[-1].value),
        "change_text": _signed(each.change, render),
        "slope_text": _signed(line.slope if line else None, render),
        "said": _say(found, each.full),
        "style": _style(found),
    }


def _say(found: Trend, full: float | None) -> str:
    if found.verdict is Verdict.CANNOT_TELL:
        return f"{VERDICT_WORDS[found.verdict]}：{found.reason}"
    said = render_days(found) if found.days is not None else VERDICT_WORDS[found.verdict]
    if not found.cleaned_at:
        return said
    return f"{said}（{out.text(found.cleaned_at)[:10]} {FALL_WORDS[full is not None]}后）"


def _style(found: Trend) -> str:
    if found.verdict is Verdict.GROWING and found.days is not None and found.days <= _SOON_DAYS:
        return "bold red"
    return _STYLES[found.verdict]


def render_spark(points: Sequence[Point]) -> str:
    """The values as bars of eight heights between the lowest and the highest, the last twenty parts of the time."""
    parts = min(len(points), _SPARK_WIDTH)
    values = [points[(place + 1) * len(points) // parts - 1].value for place in range(parts)]
    low, high = min(values), max(values)
    if high == low:
        return _BARS[0] * parts
    return "".join(_BARS[round((value - low) / (high - low) * (len(_BARS) - 1))] for value in values)


def _renderer(each: ItemTrend) -> Callable[[float], str]:
    return _render_bytes if each.metric.endswith("_bytes") else partial(_render, unit=each.unit)


def _render(value: float, *, unit: str) -> str:
    return f"{render_figure(round(value, 2 if abs(value) < 1000 else 0))}{unit}"


def _render_bytes(value: float) -> str:
    size, place = abs(value), 0
    while size >= 1024 and place < len(_SIZES) - 1:
        size, place = size / 1024, place + 1
    return f"{'-' if value < 0 else ''}{size:.1f} {_SIZES[place]}" if place else f"{value:.0f} B"


def _signed(value: float | None, render: Callable[[float], str]) -> str | None:
    if value is None:
        return None
    said = render(abs(value))
    # What is rounded to nothing has no sign.
    sign = "" if said == render(0.0) else "+" if value > 0 else "-"
    return f"{sign}{said}"
