"""`eduops sla status` and `forecast`: what runs out first, what the limits leave, what comes if nothing happens."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, floor
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from eduops.cli import door, out
from eduops.cli.instant import parse_instant
from eduops.cli.noun import Noun
from eduops.cli.sla_screen import FINDING_COLUMNS, explain_uncounted
from eduops.cli.visible import visible
from eduops.contract.finding import render_length, render_number
from eduops.contract.schema import CONSEQUENCES, Contract, render_minute
from eduops.contract.scope import Scope
from eduops.core.errors import UsageError
from eduops.ledger import status as service
from eduops.ledger.status import Status
from eduops.ledger.status_rules import Budget, Level, OpenStoppage, OpenTicket, RunningClock

if TYPE_CHECKING:
    from rich.text import Text

verbs = Noun("现状与预测。")

_RULES = {"response": "响应", "arrival": "到场", "resolution": "解决", "plan": "方案"}
_STYLES = {"missed": "bold red", "soon": "yellow", "fine": "green", "paused": "cyan"}
_LEVELS: dict[Level, str] = {"missed": "已超时", "soon": "快到时", "fine": "尚早", "paused": "停表"}
_MOST_TICKETS = 20
"""With the lines below the table a screenful; the most urgent ones must not scroll away."""
_WIDE = 100
_IMPACTS = {"system": "系统停机", "department": "部门级业务影响"}
_WEEKDAYS = "一二三四五六日"
_COLUMNS = (
    out.Column("ref", "工单"),
    out.Column("left_text", "还剩", style_key="style"),
    out.Column("due_text", "先到时限", style_key="style"),
    out.Column("title", "内容"),
    out.Column("next_text", "随后"),
)


@verbs.verb("status", example="eduops sla status --all")
def status(
    ctx: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="列出全部在办工单，不只最急的二十张。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """现在的情形：在办工单各还剩多少时间，停机次数和分钟还剩多少，哪些整改义务没有销项。"""
    contract = door.contract(ctx)
    with door.look(ctx) as look:
        found = service.load_status(look.session, contract, now=look.now)
    if as_json:
        out.value(_to_json(contract, found))
        return
    typer.echo(_headline(contract, found.now))
    _show_tickets(contract, found, most=None if all_ else _MOST_TICKETS)
    for stoppage in found.stoppages:
        _show_stoppage(stoppage, contract.zone_info)
    for impact in _IMPACTS:
        _show_budgets(impact, [each for each in found.budgets if each.impact == impact])
    for standing in found.obligations:
        _print(f"整改义务（台账第 {standing.number} 条）：{standing.said.finding['text']}", "yellow")


@verbs.verb("forecast", example="eduops sla forecast --until '2026-03-05 18:00'")
def forecast(
    ctx: typer.Context,
    until: Annotated[str, typer.Option(help="到哪个时刻为止，如 '2026-03-05 18:00'，或今天的 18:00。")],
    as_json: out.JsonOption = False,
) -> None:
    """预测：从现在起到某个时刻，如果什么都不做，会新增哪些认定。"""
    contract = door.contract(ctx)
    with door.look(ctx) as look:
        instant = parse_instant(until, now=look.now, zone=contract.zone_info, option="--until")
        if instant < look.now:
            raise UsageError(f"--until 的时刻「{until}」已经过去", hint="写一个以后的时刻")
        findings = service.load_forecast(look.session, contract, now=look.now, until=instant)
    rows = [{**each.to_json(), "consequence_text": CONSEQUENCES[each.consequence]} for each in findings]
    rows.sort(key=lambda row: str(row["due_at"]))
    out.rows(
        rows,
        FINDING_COLUMNS,
        as_json=as_json,
        title=f"到 {out.text(instant)} 将新增的认定",
        empty=f"到 {out.text(instant)} 为止，不会新增认定。",
    )
    if not as_json:
        explain_uncounted(rows)


def _headline(contract: Contract, now: datetime) -> str:
    local = now.astimezone(contract.zone_info)
    hours = Scope(contract, local.date(), local.date(), now).on_site_hours
    minute = local.hour * 60 + local.minute
    if hours.is_on_site(now):
        end = next(end for start, end in hours.list_ranges(local.date()) if start <= minute < end)
        regime = f"现场服务时间，到 {render_minute(end)}"
    else:
        ahead = [start for start, _ in hours.list_ranges(local.date()) if start > minute]
        regime = "非现场服务时间" + (f"，今天 {render_minute(min(ahead))} 起为现场" if ahead else "")
    return f"{local:%Y-%m-%d %H:%M} 星期{_WEEKDAYS[local.weekday()]}，{regime}"


def _show_tickets(contract: Contract, found: Status, *, most: int | None) -> None:
    running = [ticket for ticket in found.tickets if ticket.clocks]
    rows = [_row(ticket, found.now, contract.zone_info) for ticket in running[:most]]
    # What comes after the first limit is worth a column only where the screen has room for it.
    columns = _COLUMNS if out.console().width >= _WIDE else _COLUMNS[:-1]
    out.rows(rows, columns, as_json=False, title="在办工单，先到时限的在前", empty="没有在计时的工单。")
    if len(rows) < len(running):
        levels = Counter(ticket.clocks[0].level for ticket in running[len(rows) :])
        counts = "、".join(f"{_LEVELS[level]} {levels[level]} 张" for level in _LEVELS if levels[level])
        _print(f"其余 {len(running) - len(rows)} 张没有列出（{counts}），用 --all 看全部", "")
    _show_idle([ticket for ticket in found.tickets if not ticket.clocks])


def _row(ticket: OpenTicket, now: datetime, zone: ZoneInfo) -> dict[str, object]:
    first, *rest = ticket.clocks
    return {
        "ref": ticket.fact.ref,
        "title": "：".join(filter(None, (ticket.fact.department, ticket.fact.title))),
        "left_text": _left(first),
        "due_text": _due(first, ticket.clocks, now, zone),
        "next_text": "、".join(_due(clock, ticket.clocks, now, zone) for clock in rest) or "—",
        "style": _STYLES[first.level],
    }


def _left(clock: RunningClock) -> str:
    # Whole minutes, rounded down while there is time: never more than there is.
    minutes = abs(int(clock.left / timedelta(minutes=1)))
    length = render_length(timedelta(minutes=minutes)).replace(" ", "") if minutes else "不到1分钟"
    match clock.level:
        case "missed":
            return f"已超{length}"
        case "paused":
            return f"停表 {length}"
        case _:
            return length


def _due(clock: RunningClock, clocks: Sequence[RunningClock], now: datetime, zone: ZoneInfo) -> str:
    due, today = clock.due_at.astimezone(zone), now.astimezone(zone)
    at = f"{due:%H:%M}" if due.date() == today.date() else f"{due:%m-%d %H:%M}"
    # Two clauses may both limit the resolution: the clause tells the second from the first.
    first = next(each for each in clocks if each.rule == clock.rule)
    name = _RULES[clock.rule] if first is clock else f"{_RULES[clock.rule]}（{clock.clause}）"
    return f"{name} {at}"


def _show_idle(tickets: Sequence[OpenTicket]) -> None:
    if tickets:
        named = "、".join(ticket.fact.ref for ticket in tickets[:5])
        more = " 等" if len(tickets) > 5 else ""
        _print(f"另有 {len(tickets)} 张未解决、没有时限在走：{named}{more}", "")


def _show_stoppage(stoppage: OpenStoppage, zone: ZoneInfo) -> None:
    left = stoppage.limit_minutes - stoppage.lasted_minutes
    said = f"还剩 {_minutes(left)}" if left >= 0 else f"已超 {_minutes(-left)}"
    start = stoppage.start_at.astimezone(zone)
    _print(
        f"正在发生的{_IMPACTS[stoppage.impact]}：{stoppage.ref} 自 {start:%m-%d %H:%M} 起 "
        f"{_minutes(stoppage.lasted_minutes)}，每次限 {_minutes(stoppage.limit_minutes)}（{stoppage.clause}），{said}",
        "bold red" if left < 0 else "yellow",
    )


def _show_budgets(impact: str, budgets: Sequence[Budget]) -> None:
    from rich.text import Text

    if budgets:
        parts = [_budget(each, budgets[0].clause) for each in budgets]
        line = Text.assemble(f"{_IMPACTS[impact]}（{budgets[0].clause}）：", Text("；").join(parts))
        out.console().print(line)


def _budget(budget: Budget, clause: str) -> "Text":
    from rich.text import Text

    stretch = {"year_count": f"本年（{budget.period}）", "contract_count": "合同期内"}.get(
        budget.rule, "本月"
    )
    unit, verb = ("次", "已用 ") if budget.unit == "count" else ("分钟", "")
    # Used is rounded up and what is left down: never less than was used, never more than there is.
    used = f"{verb}{ceil(budget.used)} {unit}" + ("（含原因待查的）" if budget.is_provisional else "")
    limit = f"{'须少于' if budget.must_stay_below else '限'} {render_number(budget.limit)} {unit}"
    other = f"（{budget.clause}）" if budget.clause != clause else ""
    said = f"{stretch}{'' if verb else ' '}{used}，{limit}{other}，{_left_of(budget)} {unit}"
    if budget.is_passed:
        return Text(said, style="bold red")
    return Text(said, style="yellow" if budget.left == 0 else "")


def _left_of(budget: Budget) -> str:
    return f"已超 {ceil(-budget.left)}" if budget.is_passed else f"还剩 {floor(budget.left)}"


def _minutes(minutes: float) -> str:
    return render_length(timedelta(minutes=minutes))


def _print(sentence: str, style: str) -> None:
    from rich.text import Text

    out.console().print(Text(visible(sentence), style=style))


def _to_json(contract: Contract, found: Status) -> dict[str, object]:
    day = found.now.astimezone(contract.zone_info).date()
    return {
        "now": found.now,
        "on_site": Scope(contract, day, day, found.now).on_site_hours.is_on_site(found.now),
        "tickets": [
            {
                "ref": ticket.fact.ref,
                "kind": ticket.fact.kind,
                "title": ticket.fact.title,
                "department": ticket.fact.department,
                "reported_at": ticket.fact.reported_at,
                "waiting_since": ticket.waiting_since,
                "clocks": [
                    {
                        "clause": clock.clause,
                        "rule": clock.rule,
                        "due_at": clock.due_at,
                        "left_minutes": clock.left / timedelta(minutes=1),
                        "limit_minutes": clock.limit_minutes,
                        "level": clock.level,
                    }
                    for clock in ticket.clocks
                ],
            }
            for ticket in found.tickets
        ],
        "stoppages": found.stoppages,
        "budgets": [
            {
                "clause": each.clause,
                "rule": each.rule,
                "impact": each.impact,
                "period": each.period,
                "used": each.used,
                "limit": each.limit,
                "left": each.left,
                "passed": each.is_passed,
                "unit": each.unit,
                "provisional": each.is_provisional,
            }
            for each in found.budgets
        ],
        "obligations": [
            {
                "entry": each.number,
                "clause": each.said.clause,
                "rule": each.said.rule,
                "text": each.said.finding["text"],
            }
            for each in found.obligations
        ],
    }
