"""An explained ticket in Chinese sentences, one line each; lines that belong to the one above begin with 「　」."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eduops.contract.clause_rule import render_clause
from eduops.contract.explanation import ClockStory, DayFacts, Segment, StoppageStory, TicketExplanation
from eduops.contract.finding import render_length, render_local, render_number
from eduops.contract.schema import WEEKDAYS, render_minute
from eduops.contract.ticket_rule import VERBS

_WEEKDAYS = dict(zip(WEEKDAYS, "一二三四五六日", strict=True))
_STANDINGS = {
    "not_yet": "截至这个时刻还没有报修，没有可说明的。",
    "outside": "报修时刻不在合同期内，不作认定。",
    "exempt": "这是甲方批准的计划内工作，不受响应、到场、解决时限约束。",
}
_STOPPAGES = {"system": "系统停机", "department": "部门级业务影响"}


def render_explanation(explanation: TicketExplanation, zone: ZoneInfo) -> list[str]:
    """The sentences, in the order: report and day, each clock with its pieces, stoppage, findings."""
    lines = [
        f"{explanation.ref} 报修于 {render_local(explanation.reported_at, zone)}，{_day(explanation.day)}"
    ]
    if explanation.standing != "judged":
        lines.append(_STANDINGS[explanation.standing])
    else:
        lines.append(_regime(explanation.day))
    for clock in explanation.clocks:
        lines += _clock(clock, explanation.as_of, zone)
    if explanation.stoppage is not None:
        lines += _stoppage(explanation.stoppage, zone)
    lines += [f"认定：{finding.text}" for finding in explanation.findings]
    if not explanation.findings:
        lines.append(f"截至 {render_local(explanation.as_of, zone)} 没有认定。")
    return lines


def _day(day: DayFacts) -> str:
    text = f"星期{_WEEKDAYS[day.weekday]}，{'工作日' if day.is_working_day else '非工作日'}"
    if day.changed_by is not None:
        text += f"（单日改动：{day.changed_by}）"
    elif day.is_moved:
        text += "（调休上班" if day.is_working_day else "（法定节假日或调休"
        text += f"，据{day.schedule}）" if day.schedule is not None else "）"
    if day.is_provisional:
        text += "；这一年的放假安排尚未公布，按周末和法定节日推定"
    return text + "。"


def _regime(day: DayFacts) -> str:
    hours = "、".join(f"{render_minute(start)}–{render_minute(end)}" for start, end in day.ranges)
    text = f"当天的现场服务时间：{hours}" if hours else "当天没有现场服务时间"
    if day.swapped_with is not None:
        moved = f"由 {day.swapped_with} 调来" if hours else f"已调到 {day.swapped_with}"
        text += f"（{moved}：{day.swapped_by}）"
    regime = "现场" if day.is_on_site else "非现场"
    return f"{text}；报修时刻按{regime}时限计{'，暂定' if day.is_regime_provisional else ''}。"


def _clock(clock: ClockStory, as_of: datetime, zone: ZoneInfo) -> Iterator[str]:
    limit = "以书面方案约定的期限为准" if clock.is_agreed_deadline else f"限 {_minutes(clock.limit_minutes)}"
    verb = VERBS[clock.rule]
    yield f"{verb}（合同{render_clause(clock.clause)}，{limit}）："
    for segment in clock.segments:
        yield "　" + _segment(segment, as_of, zone)
    moved = f"（顺延 {_length(clock.added_minutes)}）" if clock.added_minutes else ""
    yield f"　应于 {render_local(clock.due_at, zone)} 前{verb}{moved}；{_outcome(clock, as_of, zone)}。"


def _segment(segment: Segment, as_of: datetime, zone: ZoneInfo) -> str:
    until = render_local(segment.to_at, zone)
    if segment.kind == "running":
        return f"{render_local(segment.from_at, zone)} 至 {until} 计时 {_length(segment.minutes)}"
    until = "目前" if segment.to_at == as_of else until
    text = f"{render_local(segment.from_at, zone)} 至 {until} {'；'.join(segment.reasons)}"
    if segment.kind == "too_late":
        return f"{text}：开始时已过期限，不顺延"
    return f"{text}：停表，顺延 {_length(segment.added_minutes)}"


def _outcome(clock: ClockStory, as_of: datetime, zone: ZoneInfo) -> str:
    verb = VERBS[clock.rule]
    if clock.met_at is not None:
        used = f"实际 {render_local(clock.met_at, zone)}，用时 {_minutes(clock.elapsed_minutes)}"
        if not clock.is_missed:
            return f"{used}，按时"
        counted = f"，扣除顺延计 {_minutes(clock.counted_minutes)}" if clock.added_minutes else ""
        return f"{used}{counted}，迟 {render_length(clock.met_at - clock.due_at)}"
    if clock.is_missed:
        return f"截至 {render_local(as_of, zone)} 仍未{verb}，已超 {render_length(as_of - clock.due_at)}"
    if clock.due_at == as_of:
        return f"截至 {render_local(as_of, zone)} 尚未{verb}，正好到期"
    return f"截至 {render_local(as_of, zone)} 尚未{verb}，还剩 {render_length(clock.due_at - as_of)}"


def _stoppage(story: StoppageStory, zone: ZoneInfo) -> Iterator[str]:
    until = "目前尚未结束" if story.is_open else f"至 {render_local(story.to_at, zone)}"
    yield f"{_STOPPAGES[story.impact]}：自 {render_local(story.from_at, zone)} {until}，{_minutes(story.minutes)}。"
    if story.cut_minutes:
        left = _minutes(story.minutes - story.cut_minutes)
        yield f"　其中 {_minutes(story.cut_minutes)}在经批准的计划窗口内，扣除后余 {left}。"
    if not story.cause_counts:
        yield "　原因不是软件系统，不计停机。"
    elif story.event is None:
        yield "　没有剩余的停机时间，不计停机。"
    elif story.joined_with:
        assert story.event_minutes is not None  # noqa: S101 - an event has its minutes
        others = "、".join(story.joined_with)
        yield f"　与 {others} 重叠或相接，合为一次，记为 {story.event}，共 {_minutes(story.event_minutes)}。"


def _minutes(minutes: float) -> str:
    return f"{render_number(minutes)} 分钟"


def _length(minutes: float) -> str:
    return render_length(timedelta(minutes=minutes))
