"""`eduops patrol coverage`: which hosts were patrolled on which days, as a calendar."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.cli import door, out
from eduops.cli import patrol_coverage_screen as screen
from eduops.cli.instant import FromOption, ToOption, day_start, parse_day
from eduops.cli.noun import Noun
from eduops.cli.target import ForceOption, check_workbook
from eduops.contract.period import add_months, day_of, start_of
from eduops.core.errors import UsageError
from eduops.patrol.queries.coverage import list_cover_hosts, list_cover_runs
from eduops.patrol.rules.coverage import CoverHost, HostCoverage, build_coverage

verbs = Noun("巡检：覆盖。")

_DAY = timedelta(days=1)
_MOST_DAYS = 1100
_MONTH = re.compile(r"\d{4}-(\d{2})")


@verbs.verb("coverage", example="eduops patrol coverage --month 2026-03")
def coverage(
    ctx: typer.Context,
    month: Annotated[str | None, typer.Option(help="哪个月，如 2026-03；不写期间就是本月。")] = None,
    from_: FromOption = None,
    to: ToOption = None,
    host: Annotated[list[str] | None, typer.Option(help="只看这台主机，可写多次。")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="另存为这个 Excel 文件。")] = None,
    force: ForceOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """逐台主机逐日看巡检有没有做、缺哪些天、大巡检是否按期；生产主机有缺时退出码为 1。"""
    if xlsx is not None:
        check_workbook(xlsx, force=force)
    contract = door.contract(ctx)
    zone = contract.zone_info
    with door.look(ctx) as look:
        today = day_of(look.now, zone)
        from_on, to_on = _parse_range(month, from_, to, today)
        hosts = _choose(list_cover_hosts(look.session, zone), from_on, to_on)
        if host:
            chosen = {assets.get_host(look.session, code).code for code in host}
            hosts = [each for each in list_cover_hosts(look.session, zone) if each.code in chosen]
        runs = list_cover_runs(
            look.session,
            since=day_start(from_on, zone),
            until=day_start(to_on + _DAY, zone),
            big_since=start_of(contract.term.start, zone),
        )
    found = build_coverage(contract, hosts, runs, from_on=from_on, to_on=to_on, as_of=look.now)
    if xlsx is not None:
        screen.write(xlsx, found, from_on=from_on, to_on=to_on)
    if as_json:
        out.value({"from": from_on, "to": to_on, "as_of": look.now, "hosts": screen.build_rows(found)})
    else:
        screen.show(found, from_on=from_on, to_on=to_on)
        if xlsx is not None:
            out.say(f"已写入 {xlsx}")
    _leave(found)


def _parse_range(month: str | None, from_: str | None, to: str | None, today: date) -> tuple[date, date]:
    """The days asked for, both included; this month where nothing is said. Raises UsageError."""
    if month and (from_ or to):
        raise UsageError("--month 不能和 --from、--to 一起用", hint="只写一种")
    if month and not _is_month(month.strip()):
        raise UsageError(f"--month 的值「{month}」不是月份", hint="写成 2026-03 的样子")
    first = parse_day(f"{month.strip()}-01", option="--month") if month else today.replace(day=1)
    from_on = parse_day(from_, option="--from") if from_ else first
    to_on = parse_day(to, option="--to") if to else add_months(from_on.replace(day=1), 1) - _DAY
    if to_on < from_on:
        raise UsageError(f"--to {to_on} 早于 --from {from_on}", hint="检查两个日期")
    if (to_on - from_on).days >= _MOST_DAYS:
        raise UsageError(f"一次最多看 {_MOST_DAYS} 天", hint="缩短期间")
    return from_on, to_on


def _is_month(text: str) -> bool:
    found = _MONTH.fullmatch(text)
    return found is not None and 1 <= int(found[1]) <= 12


def _choose(hosts: Sequence[CoverHost], from_on: date, to_on: date) -> list[CoverHost]:
    """Those that were under care on any of the days."""
    return [
        each
        for each in hosts
        if each.added_on <= to_on and (each.retired_on is None or each.retired_on > from_on)
    ]


def _leave(found: Sequence[HostCoverage]) -> None:
    if any(each.has_gap for each in found):
        raise typer.Exit(1)
