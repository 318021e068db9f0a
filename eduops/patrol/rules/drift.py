"""What differs from the approved baseline, and what a difference is worth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from eduops.patrol.rules.baseline import PART_WORDS, Baseline, PartFacts
from eduops.patrol.rules.baseline_part import UNKNOWN_PROCESS
from eduops.patrol.rules.check import Check, State, build_check
from eduops.patrol.rules.threshold import Part, Thresholds

_MOST_CHECKS = 30
_STATES = {"critical": State.CRITICAL, "warning": State.WARNING}


@dataclass(frozen=True, slots=True)
class Difference:
    """An item that is new (`old` None), gone (`new` None) or another."""

    item: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class PartDrift:
    """A part against the baseline. With a `reason` it was not compared, or not wholly where there are differences too."""

    part: Part
    differences: tuple[Difference, ...] = ()
    reason: str = ""
    is_failed: bool = False
    """Whether it was tried and told nothing, rather than not looked at."""
    is_absent: bool = False
    """Whether neither the baseline nor the document holds it: there is nothing to compare."""


def compare(baseline: Baseline, parts: Mapping[Part, PartFacts]) -> tuple[PartDrift, ...]:
    """Every part against the baseline, in order."""
    return tuple(_compare_part(part, baseline.facts.get(part.value), parts.get(part)) for part in Part)


def _compare_part(part: Part, approved: Mapping[str, str] | None, found: PartFacts | None) -> PartDrift:
    if found is None or found.reason:
        reason, is_failed = (found.reason, found.is_failed) if found else ("文档中没有这一项", False)
        return PartDrift(part, (), reason, is_failed, is_absent=approved is None and not is_failed)
    if approved is None:
        return PartDrift(part, reason="批准基线时没有读到这一部分，重新批准后才能比对")
    if approved == found.items:
        return PartDrift(part)
    if part is Part.PORTS:
        found = replace(found, items=_fill_processes(found.items, approved))
    unseen = {item for item in approved.keys() - found.items.keys() if item.startswith(found.unread)}
    differences = tuple(
        Difference(item, approved.get(item), found.items.get(item))
        for item in sorted(approved.keys() | found.items.keys())
        if item not in unseen and approved.get(item) != found.items.get(item)
    )
    reason = f"有 {len(unseen)} 项这次没有读到，例如 {min(unseen)}" if unseen else ""
    return PartDrift(part, differences, reason)


def _fill_processes(items: Mapping[str, str], approved: Mapping[str, str]) -> dict[str, str]:
    """Who listens as it was approved where one of the two does not say: not knowing it is no change."""
    return {
        item: approved[item] if item in approved and UNKNOWN_PROCESS in (process, approved[item]) else process
        for item, process in items.items()
    }


def judge_drift(drifts: Sequence[PartDrift], baseline: Baseline, thresholds: Thresholds) -> Iterator[Check]:
    """A check for each difference and each part that was not compared; one for all parts that are as approved."""
    judged = [
        drift
        for drift in drifts
        if not drift.is_absent and thresholds.drift.get(drift.part, "warning") != "ignore"
    ]
    same = [PART_WORDS[drift.part] for drift in judged if not drift.differences and not drift.reason]
    if same:
        text = f"与基线 {baseline.number} 一致：{'、'.join(same)}"
        yield build_check("drift", "", State.NORMAL, text)
    elif not any(drift.differences for drift in judged):
        yield build_check("drift", "", State.NOT_CHECKED, f"没有能与基线 {baseline.number} 比对的内容")
    for drift in judged:
        yield from _judge_part(drift, baseline, _STATES[thresholds.drift.get(drift.part, "warning")])


def _judge_part(drift: PartDrift, baseline: Baseline, state: State) -> Iterator[Check]:
    title = PART_WORDS[drift.part]
    if drift.reason:
        unseen = State.CANNOT_TELL if drift.is_failed else State.NOT_CHECKED
        yield build_check(drift.part.value, "", unseen, f"{title}没有比对：{drift.reason}")
    for difference in drift.differences[:_MOST_CHECKS]:
        text = f"{title} {render_difference(difference)}（基线 {baseline.number}）"
        yield build_check(drift.part.value, difference.item, state, text)
    more = len(drift.differences) - _MOST_CHECKS
    if more > 0:
        yield build_check(drift.part.value, "…", state, f"{title}还有 {more} 项与基线不同")


def judge_no_baseline() -> Check:
    """That there is nothing to compare with."""
    return build_check("drift", "", State.NOT_CHECKED, "还没有批准过基线，配置没有比对")


def render_difference(difference: Difference) -> str:
    """ "tcp 0.0.0.0:8080 是新增的", "nginx 由 1.20 变为 1.24"."""
    if difference.old is None:
        return f"{difference.item} 是新增的（{_short(difference.new)}）"
    if difference.new is None:
        return f"{difference.item} 不见了（原为 {_short(difference.old)}）"
    return f"{difference.item} 由 {_short(difference.old)} 变为 {_short(difference.new)}"


def _short(value: str | None) -> str:
    """A checksum by its beginning, anything else as far as it fits."""
    said = value or "空"
    is_checksum = len(said) == 64 and not set(said) - set("0123456789abcdef")
    return said[:12] if is_checksum else said[:80]
