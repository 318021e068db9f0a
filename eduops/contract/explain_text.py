"""An explained ticket in Chinese sentences, one line each; lines that belong to the one above begin with 「　」."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eduops.contract.clause_rule import render_clause
from eduops.contract.explain_stoppage_text import render_stoppage
from eduops.contract.explanation import (
    Absence,
    ClockStory,
    DayFacts,
    PlanStory,
    ResolutionStory,
    Segment,
    TicketExplanation,
)
from eduops.contract.finding import render_length, render_local, render_minutes, render_number
from eduops.contract.schema import WEEKDAYS, render_minute
from eduops.contract.ticket_rule import VERBS

_WEEKDAYS = dict(zip(WEEKDAYS, "一二三四五六日", strict=True))
_STANDINGS = {
    "not_yet": "截至这个时刻还没有报修，没有可说明的。",
    "outside": "报修时刻不在合同期内，不作认定。",
    "exempt": "这是甲方批准的计划内工作{}，不受响应、到场、解决时限约束，不作认定。",
}


def render_explanation(explanation: TicketExplanation, zone: ZoneInfo) -> list[str]:
    """The sentences, in the order: report and day, reopenings, plan, each clock with its pieces, the limits that are no
    clock and why, stoppage, findings.
    """
    lines = [
        f"{explanation.ref} 报修于 {render_local(explanation.reported_at, zone)}，{_day(explanation.day)}"
    ]
    lines.append(_regime(explanation.day) if explanation.standing == "judged" else _standing(explanation))
    lines += _resolution(explanation.resolution, zone)
    if explanation.plan is not None:
        lines.append(_plan(explanation.plan, zone))
    for clock in explanation.clocks:
        lines += _clock(clock, explanation.as_of, zone)
    lines += _absences(explanation.absences, zone)
    if explanation.stoppage is not None:
        lines += render_stoppage(explanation.stoppage, zone)
    lines += [f"认定：{finding.text}" for finding in explanation.findings]
    if not explanation.findings:
        lines.append(f"截至 {render_local(explanation.as_of, zone)} 没有认定。")
    return lines


def _standing(explanation: TicketExplanation) -> str:
    by = explanation.planned_approved_by
    return _STANDINGS[explanation.standing].format(f"（{by}）" if by else "")


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
    limit = (
        "以书面方案约定的期限为准"
        if clock.is_agreed_deadline
        else f"限 {render_minutes(clock.limit_minutes)}"
    )
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
        used = f"实际 {render_local(clock.met_at, zone)}，用时 {_arithmetic(clock)}"
        return (
            f"{used}，迟 {render_length(clock.met_at - clock.due_at)}" if clock.is_missed else f"{used}，按时"
        )
    until, used = f"截至 {render_local(as_of, zone)}", f"已用 {_arithmetic(clock)}"
    if clock.is_missed:
        return f"{until} 仍未{verb}，已超 {render_length(as_of - clock.due_at)}，{used}"
    if clock.due_at == as_of:
        return f"{until} 尚未{verb}，正好到期，{used}"
    return f"{until} 尚未{verb}，还剩 {render_length(clock.due_at - as_of)}，{used}"


def _arithmetic(clock: ClockStory) -> str:
    """What elapsed, less what was excluded, against the limit: "230 − 60 = 170 分钟，限 180 分钟"."""
    limit = "" if clock.is_agreed_deadline else f"，限 {render_minutes(clock.limit_minutes)}"
    if not clock.excluded_minutes:
        return render_minutes(clock.elapsed_minutes) + limit
    raw, excluded = render_number(clock.elapsed_minutes), render_number(clock.excluded_minutes)
    return f"{raw} − {excluded} = {render_minutes(clock.counted_minutes)}{limit}"


def _resolution(story: ResolutionStory, zone: ZoneInfo) -> Iterator[str]:
    if not story.reopened:
        return
    said = [f"第一次解决 {_at(story.first_at, zone)}"]
    for number, turn in enumerate(story.reopened, 1):
        again = f"{_at(turn.resolved_at, zone)} 再次解决" if turn.resolved_at else "此后没有再解决"
        said.append(f"第 {number} 次重开 {_at(turn.reopened_at, zone)}，{again}")
    standing = f"以 {_at(story.stands_at, zone)} 的解决为准" if story.stands_at else "算没有解决"
    yield f"{'；'.join(said)}：{standing}。"


def _plan(plan: PlanStory, zone: ZoneInfo) -> str:
    begins = f"书面方案 {_at(plan.submitted_at, zone)} 提交"
    approvals = (("使用科室", plan.department_approved_at), ("管理部门", plan.management_approved_at))
    begins += "".join(f"，{name} {_at(at, zone)} 批准" for name, at in approvals if at)
    if plan.moves_limit:
        both = max(at for _, at in approvals if at)
        return f"{begins}：自 {_at(both, zone)} 起，解决只看方案约定的期限 {_at(plan.deadline, zone)}。"
    why = ["提交已晚"] if plan.is_late else []
    why += [f"没有{name}的批准" for name, at in approvals if not at]
    why += [] if plan.deadline else ["没有约定期限"]
    return f"{begins}，{'、'.join(why)}：解决时限不变。"


def _absences(absences: Sequence[Absence], zone: ZoneInfo) -> Iterator[str]:
    others = [each for each in absences if each.reason == "kind"]
    if others:
        names = "、".join(f"{VERBS[each.rule]}（合同{render_clause(each.clause)}）" for each in others)
        yield f"{names}：只对故障计时。"
    for each in absences:
        if each.reason != "kind":
            yield f"{VERBS[each.rule]}（合同{render_clause(each.clause)}）不计时：{_why(each, zone)}。"


def _why(absence: Absence, zone: ZoneInfo) -> str:
    match absence.reason:
        case "remote":
            return f"{absence.by}同意远程处理，不要求到场"
        case "resolved":
            return f"已于 {_at(absence.at, zone)} 解决，到期限 {_at(absence.due_at, zone)} 时不再要求"
        case "agreed_deadline":
            return f"解决只看方案约定的期限 {_at(absence.due_at, zone)}"
        case _:
            return "只用于现场服务时间以外的报修"


def _at(instant: datetime | None, zone: ZoneInfo) -> str:
    return render_local(instant, zone) if instant else "—"


def _length(minutes: float) -> str:
    return render_length(timedelta(minutes=minutes))
