"""An explained stoppage in Chinese sentences: windows, parts, which one of its year, what a month adds up to."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from eduops.contract.clause_rule import render_clause
from eduops.contract.explanation import Addend, CountStory, StoppagePart, StoppageStory, Stretch, SumStory
from eduops.contract.finding import render_local, render_minutes, render_number

_STOPPAGES = {"system": "系统停机", "department": "部门级业务影响"}
_COUNTS = {"year_count": "本年度", "month_count": "本月", "contract_count": "合同期内"}


def render_stoppage(story: StoppageStory, zone: ZoneInfo) -> Iterator[str]:
    """The ticket's own outage first; what follows about the event begins with 「　」."""
    until = "目前尚未结束" if story.is_open else f"至 {render_local(story.to_at, zone)}"
    start = render_local(story.from_at, zone)
    yield f"{_STOPPAGES[story.impact]}：自 {start} {until}，{render_minutes(story.minutes)}。"
    if story.cut_minutes:
        cut, left = render_minutes(story.cut_minutes), render_minutes(story.minutes - story.cut_minutes)
        yield f"　其中 {cut}在经批准的计划窗口内（{_stretches(story.cut, zone)}），扣除后余 {left}。"
    if not story.cause_counts:
        yield "　原因不是软件系统，不计停机。"
    elif story.event is None:
        why = "报修不在合同期内" if story.minutes > story.cut_minutes else "没有剩余的停机时间"
        yield f"　{why}，不计停机。"
    else:
        yield from _event(story, zone)


def _event(story: StoppageStory, zone: ZoneInfo) -> Iterator[str]:
    if story.joined_with and story.event_minutes is not None:
        others, whole = "、".join(story.joined_with), render_minutes(story.event_minutes)
        yield f"　与 {others} 重叠或相接，合为一次，记为 {story.event}，共 {whole}（重叠只计一次）："
        yield from ("　　" + _part(each, zone) for each in story.parts)
    yield from ("　" + _count(each, zone) for each in story.counts)
    yield from ("　" + _sum(each, zone) for each in story.sums)


def _part(part: StoppagePart, zone: ZoneInfo) -> str:
    until = "目前" if part.is_open else render_local(part.to_at, zone)
    cut = f"，扣除计划窗口 {_stretches(part.cut, zone)}" if part.cut else ""
    return f"{part.ref}：{render_local(part.from_at, zone)} 至 {until}{cut}，余 {render_minutes(part.left_minutes)}"


def _count(count: CountStory, zone: ZoneInfo) -> str:
    period = f"（{count.period}）" if count.period else ""
    number, limit = len(count.events), render_number(count.limit)
    said = f"{_COUNTS[count.rule]}{period}第 {number} 次，限 {limit} 次（合同{render_clause(count.clause)}）"
    before = "；".join(
        f"{place}. {each.ref} {render_local(each.start_at, zone)} 起 {render_minutes(each.minutes)}"
        for place, each in enumerate(count.events[:-1], 1)
    )
    return f"{said}，此前：{before}。" if before else f"{said}。"


def _sum(month: SumStory, zone: ZoneInfo) -> str:
    limit = f"限 {render_minutes(month.limit_minutes)}（合同{render_clause(month.clause)}）"
    parts = " ＋ ".join(_addend(each, zone) for each in month.addends)
    return f"{month.month} 合计 {render_minutes(month.minutes)}，{limit}：{parts}。"


def _addend(addend: Addend, zone: ZoneInfo) -> str:
    part = "跨月，只计本月的部分：" if addend.is_part else ""
    return f"{addend.ref} {render_minutes(addend.minutes)}（{part}{_stretches(addend.stretches, zone)}）"


def _stretches(stretches: Iterable[Stretch], zone: ZoneInfo) -> str:
    return "、".join(
        f"{render_local(each.from_at, zone)} 至 {render_local(each.to_at, zone)}" for each in stretches
    )
